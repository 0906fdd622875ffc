"""How every kernel is called, for the tests that treat them all alike: one line for each, or for each family.

A call is written `name:shape` for each array, outputs with a `!`. The letters are sizes: m, n and k of a
product, r rows and c columns of all else, d = 2 c, p the rows of batch_norm's partial results, e = r + 1 and
f = 2 r the starts and entries of sparse rows; a digit is itself. Arrays hold normal deviates, but `+` stands
for positive numbers, `#` for int32 labels below c, `@` for int32 numbers of rows below r, `/` for int32 0, 2,
4, ..., `=int16` for whole numbers of that type. An option that is None is an array left out.
"""

from typing import NamedTuple

import numpy as np

from fastdnn._core import kernels

PLAIN = ({},)
ADDED = ({}, {"accumulate": True})
FORWARD = ("y:rc! x:rc", PLAIN)
FROM_OUTPUT = ("dx:rc! y:rc dy:rc", ADDED)
FROM_INPUT = ("dx:rc! x:rc dy:rc", ADDED)
WEIGHTED = ({"scale": 0.3}, {"weights": None}, {"dy": None})
LOSS = ("row_loss:r! dy:rc! y:rc target:rc weights:r", WEIGHTED)
OF_PROBABILITIES = ("row_loss:r! dy:rc! y:rc+ target:rc+ weights:r", WEIGHTED)
OF_LOGITS = ({"scale": 0.3}, {"weights": None}, {"dz": None, "label_smoothing": 0.1})
NORM = ("x:c", PLAIN)
MASK = {"rate": 0.3, "seed": 1, "stream": 2, "step": 3}
NOISE = {"stddev": 0.3, "seed": 1, "stream": 2, "step": 3}
RATE = {"learning_rate": 0.1}
MOMENTUM = tuple(RATE | {"momentum": 0.9, "nesterov": nesterov} for nesterov in (False, True))
SQUARES = RATE | {"rho": 0.9, "epsilon": 1e-7}
ADAM = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "t": 3}
NADAM = ADAM | {"momentum_decay": 4e-3, "product": 0.2}
ALL_OPTIONS = {
    "options": kernels.UpdateOptions(
        gradient_scale=0.5, clip_value=1.0, l2=0.1, l1=0.1, weight_decay=0.1, proximal_l1=0.1
    )
}
INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
SOURCES = ("bool", *INTEGERS, "float16", "float32", "float64")


def family(names, call):
    """Kernels that are called alike."""
    return dict.fromkeys(names.split(), call)


# (the arrays, the options to try); what follows a blank tells lines of one kernel apart
CALLS = {
    **family("relu leaky_relu elu selu sigmoid tanh softplus silu gelu gelu_tanh", FORWARD),
    **family("relu_backward leaky_relu_backward elu_backward selu_backward sigmoid_backward", FROM_OUTPUT),
    **family("tanh_backward softplus_backward", FROM_OUTPUT),
    **family("silu_backward gelu_backward gelu_tanh_backward", FROM_INPUT),
    **family("exp expm1 erf softmax log_softmax logistic_normalize hardmax", FORWARD),
    **family("log log1p", ("y:rc! x:rc+", PLAIN)),
    **family("softmax_backward log_softmax_backward", FROM_OUTPUT),
    "logistic_normalize_backward": ("dx:rc! y:rc x:rc dy:rc", ADDED),
    "prelu": ("y:rc! x:rc alpha:c", PLAIN),
    "prelu_backward": ("dx:rc! x:rc dy:rc alpha:c", ADDED),
    "prelu_dalpha": ("dalpha:c! x:rc dy:rc", ADDED),
    "maxout": ("y:rc! x:rd", PLAIN),
    "maxout_backward": ("dx:rd! x:rd dy:rc", ADDED),
    "add_bias": ("y:rc! x:rc bias:c", PLAIN),
    "column_sum": ("sums:c! x:rc", ADDED),
    "pass_gradient": ("dx:rc! dy:rc", ADDED),
    "dropout": ("y:rc! x:rc", (MASK,)),
    "dropout_backward": ("dx:rc! dy:rc", (MASK, MASK | {"accumulate": True, "first_row": 5})),
    "gaussian_noise": ("y:rc! x:rc", (NOISE, NOISE | {"first_row": 5})),
    # normalisations
    "normalize": ("y:rc! x:rc mean:c std:c+", PLAIN),
    "normalize_backward": ("dx:rc! dy:rc std:c+", ADDED),
    "batch_norm": (
        "y:rc! mean:c! variance:c! rstd:c! partial:pc! x:rc gamma:c beta:c",
        ({}, {"relu": True}, {"gamma": None, "beta": None}),
    ),
    "batch_norm_running": ("running_mean:c! running_variance:c!+ mean:c variance:c+", PLAIN),
    "batch_norm_backward": (
        "dx:rc! dgamma:c! dbeta:c! partial:pc! y:rc dy:rc x:rc mean:c rstd:c+ gamma:c",
        (*ADDED, {"y": None}, {"gamma": None}),
    ),
    "batch_norm_fold": (
        "scale:c! shift:c! gamma:c beta:c running_mean:c running_variance:c+",
        ({}, {"gamma": None, "beta": None}),
    ),
    "batch_norm_inference": ("y:rc! x:rc scale:c shift:c", ({}, {"relu": True})),
    "batch_norm_inference_backward": ("dx:rc! y:rc dy:rc scale:c", (*ADDED, {"y": None})),
    "batch_norm_partial_rows": ("", ({"rows": 129},)),
    "layer_norm": (
        "y:rc! mean:r! rstd:r! x:rc gamma:c beta:c",
        ({}, {"gamma": None, "beta": None}, {"mean": None, "rstd": None}),
    ),
    "layer_norm_backward": ("dx:rc! dy:rc x:rc mean:r rstd:r+ gamma:c", (*ADDED, {"gamma": None})),
    "layer_norm_backward_sums": (
        "dgamma:c! dbeta:c! dy:rc x:rc mean:r rstd:r+",
        (*ADDED, {"dgamma": None}, {"dbeta": None}),
    ),
    # losses
    "sparse_cross_entropy": ("row_loss:r! dz:rc! z:rc labels:r# weights:r", OF_LOGITS),
    "categorical_cross_entropy": ("row_loss:r! dz:rc! z:rc target:rc weights:r", OF_LOGITS),
    "sparse_probability_cross_entropy": ("row_loss:r! dy:rc! y:rc+ labels:r# weights:r", WEIGHTED),
    **family("squared_error absolute_error huber log_cosh binary_cross_entropy hinge squared_hinge", LOSS),
    **family("categorical_probability_cross_entropy binary_probability_cross_entropy", OF_PROBABILITIES),
    "kl_divergence": OF_PROBABILITIES,
    "categorical_accuracy": ("row_correct:r! z:rc target:rc", PLAIN),
    "sparse_accuracy": ("row_correct:r! z:rc labels:r#", PLAIN),
    "categorical_top_k_accuracy": ("row_correct:r! z:rc target:rc", ({"k": 2},)),
    "sparse_top_k_accuracy": ("row_correct:r! z:rc labels:r#", ({"k": 2},)),
    "binary_accuracy": ("row_correct:r! z:rc target:rc", ({}, {"threshold": 0.0, "target_threshold": 0.0})),
    # data, and what is measured on the flat vectors
    "gather": ("y:rc! x:rc order:r@", PLAIN),
    "gather int32": ("y:rc!=int32 x:rc=int32 order:r@", PLAIN),
    **{
        f"gather_features {source}": (
            f"y:rc! x:rc={source} order:r@ mean:c std:c+",
            ({"scale": 0.5}, {"mean": None}, {"mean": None, "std": None}),
        )
        for source in SOURCES
    },
    "embedding": ("y:rc! table:rc index:r@", PLAIN),
    "embedding pairs": ("y:rd! table:rc index:r2@", PLAIN),
    "embedding_backward": ("dtable:rc! dy:rd index:r2@", ADDED),
    "embedding_backward_rows": ("rows:rc! dy:rd index:r2@", ({"table_rows": 100},)),
    "csr_matmul": (
        "y:rc! starts:e/ columns:f# values:f order:r@ w:cc bias:c",
        ({}, {"bias": None}),
    ),
    "csr_matmul_dw": ("dw:cc! starts:e/ columns:f# values:f order:r@ dy:rc", ADDED),
    **family("l1_norm l2_norm max_abs", NORM),
    "clip_scale": ("", ({"norm": 2.0, "limit": 0.3},)),
    "penalty": (
        "gradient:c! w:c",
        ({"l1": 0.1, "l2": 0.2}, {"lq": 0.3, "q": 1.5}, {"lq": 0.3, "q": 1.5, "gradient": None}),
    ),
    "max_norm": ("w:rc!", ({"limit": 1.0, "axis": 0}, {"limit": 1.0, "axis": 1})),
    # updates
    "sgd_update": ("theta:c! velocity:c! gradient:c", (*MOMENTUM, RATE | {"velocity": None})),
    "adagrad_update": ("theta:c! s:c!+ gradient:c", (RATE | {"epsilon": 1e-7},)),
    "adadelta_update": ("theta:c! s:c!+ d:c!+ gradient:c", (SQUARES,)),
    "rmsprop_update": (
        "theta:c! s:c!+ average:c! velocity:c! gradient:c",
        (
            SQUARES | {"momentum": 0.9},
            SQUARES | {"velocity": None},
            SQUARES | {"average": None, "velocity": None},
        ),
    ),
    "adam_update": ("theta:c! m:c! v:c!+ gradient:c", (ADAM, ADAM | ALL_OPTIONS)),
    "nadam_update": ("theta:c! m:c! v:c!+ gradient:c", (NADAM,)),
    "nadam_momentum": ("", ({"beta_1": 0.9, "momentum_decay": 4e-3, "t": 3},)),
    "amsgrad_update": ("theta:c! m:c! v:c!+ v_max:c!+ gradient:c", (ADAM,)),
    "lion_update": ("theta:c! m:c! gradient:c", (RATE | {"beta_1": 0.9, "beta_2": 0.99},)),
}
NO_KERNELS = {"measure", "UpdateOptions"}


class Operand(NamedTuple):
    """One array of a call."""

    name: str
    shape: str  # letters of sizes
    kind: str  # "", "+", "#", "@", "/" or a type
    is_output: bool


class Call(NamedTuple):
    """One way to call one kernel."""

    kernel: str
    operands: tuple[Operand, ...]
    options: dict

    @property
    def takes_threads(self):
        return "threads:" in getattr(kernels, self.kernel).__doc__

    def run(self, arrays, **options):
        """Call with an array for each operand; returns what the kernel returns, as an array."""
        named = dict(zip((operand.name for operand in self.operands), arrays, strict=True))
        result = getattr(kernels, self.kernel)(**named, **self.options, **options)
        return np.array(() if result is None else result)


def operand(text):
    """`name:shape` with its marks."""
    name, rest = text.split(":")
    rest, _, dtype = rest.partition("=")
    shape = rest.rstrip("!+#@/")
    marks = rest[len(shape) :]
    return Operand(name, shape, dtype or marks.replace("!", ""), "!" in marks)


def products():
    """Every transpose with every epilogue."""
    epilogues = {
        "none": "",
        "bias": " bias:n",
        "bias_relu": " bias:n",
        "relu_mask": " mask:mn",
        "accumulate": "",
    }
    for epilogue, extra in epilogues.items():
        for transpose_a, a in ((False, "mk"), (True, "km")):
            for transpose_b, b in ((False, "kn"), (True, "nk")):
                options = {"transpose_a": transpose_a, "transpose_b": transpose_b, "epilogue": epilogue}
                yield f"c:mn! a:{a} b:{b}{extra}", options


def all_calls():
    """Every way to call every kernel."""
    calls = [("gemm", text, options) for text, options in products()]
    calls += [
        (name.split()[0], text, options) for name, (text, several) in CALLS.items() for options in several
    ]
    wanted = {name for name in dir(kernels) if not name.startswith("_")} - NO_KERNELS
    missing = wanted - {name for name, _, _ in calls}
    assert not missing, f"tests/kernel_calls.py lacks {sorted(missing)}"
    return [
        Call(name, tuple(o for o in map(operand, text.split()) if o.name not in options), options)
        for name, text, options in calls
    ]


def values(rng, kind, shape, dtype, sizes):
    """Numbers for an operand."""
    if kind in ("#", "@"):
        return rng.integers(sizes["c" if kind == "#" else "r"], size=shape, dtype=np.int32)
    if kind == "/":
        return np.arange(0, 2 * shape[0], 2, dtype=np.int32)
    if kind not in ("", "+"):
        return rng.integers(2 if kind == "bool" else 100, size=shape).astype(kind)
    numbers = rng.standard_normal(shape, np.float32).astype(dtype)
    return np.abs(numbers) + np.asarray(0.5, dtype) if kind == "+" else numbers


def arrays_for(rng, call, dtype, **sizes):
    """An array for each operand."""
    sizes |= {
        "e": sizes["r"] + 1,
        "f": 2 * sizes["r"],
        "d": 2 * sizes["c"],
        "p": kernels.batch_norm_partial_rows(sizes["r"]),
        "2": 2,
    }
    return [
        values(rng, operand.kind, [sizes[letter] for letter in operand.shape], dtype, sizes)
        for operand in call.operands
    ]
