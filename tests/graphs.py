"""Programs that are no chains, run by both executors: Sequential makes none, the engine takes them."""

import numpy as np

from fastdnn import _core
from fastdnn.autodiff import LossTerm, differentiate
from fastdnn.program import Program
from fastdnn.reference.executor import run_program

# Where the derivative, or the one after it, jumps.
SIDES = {
    **dict.fromkeys(("relu", "leaky_relu", "elu", "selu"), lambda x: x > 0),
    "prelu": lambda x, alpha: x > 0,
    "maxout": lambda x: x[:, : x.shape[1] // 2] > x[:, x.shape[1] // 2 :],
    "huber": lambda y, t: np.sign(np.trunc((y - t) / 0.7)),
    "penalty": lambda w: w > 0,
    "absolute_error": lambda y, t: y > t,
    **dict.fromkeys(("hinge", "squared_hinge"), lambda y, t: y * np.where(t == 0, -1, t) < 1),
}


class Built:
    """A program with its parameters and one batch of sources; `terms` are its losses and `penalties` what the
    weights add to them, as its results.
    """

    def __init__(self, program, parameters, sources, terms, penalties):
        self.program = program
        self.terms = terms
        self.penalties = penalties
        self.parameters = parameters
        self.sources = sources

    def reference_gradients(self):
        """The gradient of each parameter, by name."""
        values = run_program(self.program, self.sources, self.parameters)
        return {v.name: values[v.index] for v in self.program.values if v.role == "gradient"}

    def loss_and_mask(self):
        """The batch's loss, the weighted sum of all Σ w l / n and the penalties, and on which side of its
        kinks each operation is.
        """
        values = run_program(self.program, self.sources, self.parameters)
        mask = b"".join(
            SIDES[op.kind](*(values[v.index] for v in op.inputs if v is not None)).tobytes()
            for op in self.program.operations
            if op.kind in SIDES
        )
        loss = float(sum(values[penalty.index].item() for penalty in self.penalties))
        for term in self.terms:
            weights = 1.0 if term.weights is None else values[term.weights.index]
            total = float((values[term.row_loss.index] * weights).sum())
            loss += term.weight * (total if term.reduction == "sum" else total / len(self.sources[0]))
        return loss, mask

    def native_gradients(self, threads=1):
        """The same by one native step of gradient descent with rate 1: theta before minus theta after."""
        rows = len(self.sources[0])
        before = self.parameters_by_name()
        plan = _core.Plan(self.program.to_native(), self.parameters, rows)
        optimizer = _core.Optimizer(self.parameters, "sgd")
        scalars = np.array([[1.0, 0.0, np.inf, np.inf, np.inf, 0.0]])  # the rate, and no more
        trainer = _core.Trainer(plan, self.parameters, optimizer, self.sources, rows, False, 0)
        ran = 1 if _core.build_info()["threading"] == "serial" else threads
        assert trainer.run(scalars, 0.0, threads, False) == ("epoch_done", 1, ran)
        after = self.parameters_by_name()
        for name, array in before.items():
            self.parameters.set("theta", name, array)
        return {name: before[name] - after[name] for name in before}

    def parameters_by_name(self):
        return {name: self.parameters.get("theta", name) for name, *_ in self.parameters.segments("theta")}


SMOOTHING = {"label_smoothing": 0.1, "label_smoothing_mode": "k-1"}
# Each loss with its options.
LOSSES = {
    "sparse_cross_entropy": SMOOTHING,
    "categorical_cross_entropy": SMOOTHING,
    "squared_error": {"outputs": "sum", "half": True},
    "huber": {"outputs": "mean", "delta": 0.7},
    "log_cosh": {"outputs": "mean"},
    "binary_cross_entropy": {"outputs": "sum", "label_smoothing": 0.2},
    "absolute_error": {"outputs": "mean"},
    "hinge": {"outputs": "mean"},
    "squared_hinge": {"outputs": "sum"},
}
# Likewise, of probabilities.
PROBABILITY_LOSSES = {
    "sparse_probability_cross_entropy": {},
    "categorical_probability_cross_entropy": SMOOTHING,
    "binary_probability_cross_entropy": {"outputs": "mean", "label_smoothing": 0.1},
    "kl_divergence": {"outputs": "sum"},
}
# Operations of one input and no parameters.
PLAIN = {
    "relu": {},
    "leaky_relu": {"alpha": 0.2},
    "elu": {"alpha": 0.9},
    "selu": {},
    "sigmoid": {},
    "tanh": {},
    "softplus": {},
    "silu": {},
    "gelu": {},
    "gelu_tanh": {},
    "softmax": {},
    "log_softmax": {},
    "logistic_normalize": {},
    "dropout": {"rate": 0.3, "stream": 3},
}
NOISE = {"stddev": 0.3, "stream": 4}  # takes turns with dropout
KINDS = ("dense", "matmul", "batch_norm", "layer_norm", "prelu", "add", "concatenate", "maxout", *PLAIN)


class _Graph:
    """A program under construction, with so many inputs."""

    def __init__(self, rng, width, inputs):
        self.rng, self.width = rng, width
        self.program = Program(training=True)
        self.shapes = {}
        self.values = [self.program.source(f"x{i}", width) for i in range(inputs)]
        self.sources = [lambda rows, dtype: rng.normal(size=(rows, width)).astype(dtype)] * inputs
        self.kernels = [self.parameter(f"w{i}", width, width) for i in range(2)]
        self.rows = [self.parameter(f"b{i}", 1, width) for i in range(3)]

    def parameter(self, name, rows, cols):
        self.shapes[name] = [rows, cols] if rows > 1 else [cols]
        return self.program.bound("parameter", name, rows, cols, len(self.shapes) - 1)

    def any(self, values):
        return values[int(self.rng.integers(len(values)))]

    def emit(self, kind, *inputs, **options):
        return self.program.emit(kind, *inputs, name=f"{kind}{len(self.values)}", **options)

    def grow(self, kind):
        x = self.any(self.values)
        if kind in ("dense", "matmul"):
            y = self.emit("matmul", x, self.any(self.kernels))
            if kind == "dense":
                self.values.append(y)  # another operation may read the product too
                y = self.emit("add_bias", y, self.any(self.rows))
        elif kind == "batch_norm":
            y = self.batch_norm(x)
        elif kind == "layer_norm":
            scale = (None, *self.rows)
            outputs = [
                self.program.computed(name, cols) for name, cols in (("y", self.width), ("m", 1), ("s", 1))
            ]
            y = self.program.write(
                "layer_norm", (x, self.any(scale), self.any(scale)), *outputs, options={"epsilon": 1e-3}
            )
        elif kind == "prelu":
            y = self.emit("prelu", x, self.any(self.rows))
        elif kind == "add":
            y = self.emit("add", *[self.any(self.values) for _ in range(int(self.rng.integers(2, 5)))])
        elif kind in ("concatenate", "maxout"):
            wide = self.emit("concatenate", x, self.any(self.values), cols=2 * self.width)
            y = self.emit("maxout", wide, cols=self.width)
        else:
            noise = kind == "dropout" and len(self.values) % 2
            y = (
                self.emit("gaussian_noise", x, options=NOISE)
                if noise
                else self.emit(kind, x, options=PLAIN[kind])
            )
        self.values.append(y)

    def batch_norm(self, x):
        scale = (None, *self.rows)
        moments = [self.program.computed(name, self.width, rows=1) for name in ("mean", "variance", "rstd")]
        self.program.write("batch_norm_moments", (x,), *moments, options={"epsilon": 1e-3})
        y = self.emit("batch_norm_forward", x, moments[0], moments[2], self.any(scale), self.any(scale))
        return self.emit("relu", y) if self.rng.integers(2) else y

    def add_losses(self, predictions):
        """A loss of each of these values, which may be one value twice; weights of samples, own or shared."""
        program, rng, width = self.program, self.rng, self.width
        terms, normalised = [], {}
        for number, prediction in enumerate(predictions):
            kind = str(rng.choice([*LOSSES, *PROBABILITY_LOSSES]))
            if kind in PROBABILITY_LOSSES:
                if prediction not in normalised:
                    normalised[prediction] = self.emit("logistic_normalize", prediction)
                prediction = normalised[prediction]
            labels = kind.startswith("sparse")
            target = program.source(f"y{number}", 1 if labels else width, integer=labels)
            self.sources.append(self._labels if labels else self._numbers(width))
            weights = [None, None, *[term.weights for term in terms]][int(rng.integers(2 + len(terms)))]
            if rng.integers(2):
                weights = program.source(f"w{number}", 1)
                self.sources.append(self._numbers(1))
            options = (LOSSES | PROBABILITY_LOSSES)[kind]
            row_loss = program.emit(kind, prediction, target, name="loss", cols=1, options=options)
            program.add_result(f"loss{number}", row_loss, weights, loss=True)
            weight = 1.0 if number == 0 else float(rng.normal())
            terms.append(LossTerm(row_loss, weights, weight, "sum" if rng.integers(4) == 0 else "mean"))
        return terms

    def add_penalties(self):
        """Of some of the weights, one of them twice."""
        weights = [w for w in [*self.kernels, *self.rows] if self.rng.integers(2)]
        values = []
        for w in [*weights, *weights[:1]]:
            terms = dict(
                zip(("l1", "l2", "lq"), self.rng.random(3) * self.rng.integers(2, size=3), strict=True)
            )
            options = {
                **terms,
                "q": float(self.rng.choice([1, 2, 3])),
                "over_rows": bool(self.rng.integers(2)),
            }
            value = self.program.computed(f"{w.name}/penalty", 1, rows=1)
            values.append(self.program.write("penalty", (w,), value, options=options))
            self.program.add_result(f"{w.name}/penalty", value, None, loss=True)
        return values

    def _labels(self, rows, dtype):
        return self.rng.integers(self.width, size=(rows, 1)).astype(np.int32)

    def _numbers(self, width):
        return lambda rows, dtype: self.rng.random(size=(rows, width)).astype(dtype)


def random_graph(seed, dtype="float64", rows=13):
    """A network with branches, of any operations, of one input and one loss or of several.

    Values that several operations read, kernels used twice, masks that cannot be fused, sample weights,
    penalties.
    """
    rng = np.random.default_rng(seed)
    width = int(rng.integers(2, 20))
    several = seed % 2
    graph = _Graph(rng, width, int(rng.integers(1, 4)) if several else 1)
    program, shapes = graph.program, graph.shapes
    for _ in range(int(rng.integers(2, 9))):
        graph.grow(str(rng.choice(KINDS)))
    last = graph.emit("matmul", graph.values[-1], graph.kernels[0])
    last = graph.emit("add_bias", last, graph.rows[0])
    if rng.integers(2):
        last = graph.emit("relu", last)
    inner = [graph.any([*graph.values, last, last]) for _ in range(int(rng.integers(3)))] if several else []
    terms = graph.add_losses([last, *inner])
    penalties = graph.add_penalties() if seed % 3 else []
    differentiate(program, terms, penalties=penalties)

    parameters = _core.Parameters(dtype, list(shapes.items()), [])
    for name, shape in shapes.items():
        parameters.set("theta", name, (rng.normal(size=shape) / np.sqrt(width)).astype(dtype))
    sources = [make(rows, dtype) for make in graph.sources]
    return Built(program, parameters, sources, terms, penalties)
