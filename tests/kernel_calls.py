"""How every kernel is called, for the tests that treat them all alike: one line for each.

A call is written `name:shape` for each array, outputs with a `!`. The letters are sizes: m, n and k of a
product, r rows and c columns of all else. Arrays hold normal deviates, but `+` stands for positive numbers,
`#` for int32 labels below c, `@` for int32 numbers of rows below r.
"""

from typing import NamedTuple

import numpy as np

from fastdnn._core import kernels

PLAIN = ({},)
ADDED = ({}, {"accumulate": True})
SCALED = ({"scale": 0.3},)

# (the arrays, the options to try)
CALLS = {
    "adam_update": (
        "theta:c! m:c! v:c!+ gradient:c",
        ({"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "t": 3},),
    ),
    "add_bias": ("y:rc! x:rc bias:c", PLAIN),
    "categorical_accuracy": ("row_correct:r! z:rc target:rc", PLAIN),
    "categorical_cross_entropy": ("row_loss:r! dy:rc! y:rc target:rc weights:r", SCALED),
    "column_sum": ("sums:c! x:rc", ADDED),
    "gather": ("y:rc! x:rc order:r@", PLAIN),
    "normalize": ("y:rc! x:rc mean:c std:c+", PLAIN),
    "normalize_backward": ("dx:rc! dy:rc std:c+", ADDED),
    "pass_gradient": ("dx:rc! dy:rc", ADDED),
    "relu": ("y:rc! x:rc", PLAIN),
    "relu_backward": ("dx:rc! y:rc dy:rc", ADDED),
    "sgd_update": (
        "theta:c! velocity:c! gradient:c",
        tuple({"learning_rate": 0.1, "momentum": 0.9, "nesterov": n} for n in (False, True)),
    ),
    "softmax": ("y:rc! x:rc", PLAIN),
    "softmax_backward": ("dx:rc! y:rc dy:rc", ADDED),
    "sparse_accuracy": ("row_correct:r! z:rc labels:r#", PLAIN),
    "sparse_cross_entropy": ("row_loss:r! dz:rc! z:rc labels:r# weights:r", SCALED),
    "squared_error": ("row_loss:r! dy:rc! y:rc target:rc weights:r", SCALED),
}


class Operand(NamedTuple):
    """One array of a call."""

    name: str
    shape: str  # letters of sizes
    kind: str  # "", "+", "#" or "@"
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
        """Call with an array for each operand."""
        named = dict(zip((operand.name for operand in self.operands), arrays, strict=True))
        getattr(kernels, self.kernel)(**named, **self.options, **options)


def operand(text):
    """`name:shape` with its marks."""
    name, shape = text.split(":")
    letters = shape.rstrip("!+#@")
    marks = shape[len(letters) :]
    return Operand(name, letters, marks.replace("!", ""), "!" in marks)


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
    table = CALLS | {"gemm": None}
    missing = {name for name in dir(kernels) if not name.startswith("_")} - set(table)
    assert not missing, f"tests/kernel_calls.py lacks {sorted(missing)}"
    calls = [("gemm", text, options) for text, options in products()]
    calls += [(name, text, options) for name, (text, several) in CALLS.items() for options in several]
    return [Call(name, tuple(map(operand, text.split())), options) for name, text, options in calls]


def values(rng, kind, shape, dtype, sizes):
    """Numbers for an operand."""
    if kind in ("#", "@"):
        return rng.integers(sizes["c" if kind == "#" else "r"], size=shape, dtype=np.int32)
    numbers = rng.standard_normal(shape, np.float32).astype(dtype)
    return np.abs(numbers) + np.asarray(0.5, dtype) if kind == "+" else numbers


def arrays_for(rng, call, dtype, **sizes):
    """An array for each operand."""
    return [
        values(rng, operand.kind, [sizes[letter] for letter in operand.shape], dtype, sizes)
        for operand in call.operands
    ]
