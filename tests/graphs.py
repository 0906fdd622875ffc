"""Programs that are no chains, run by both executors: Sequential makes none, the engine takes them."""

import numpy as np

from fastdnn import _core
from fastdnn.autodiff import differentiate
from fastdnn.program import Program
from fastdnn.reference.executor import run_program


class Built:
    """A program with its parameters and one batch of sources."""

    def __init__(self, program, parameters, sources):
        self.program = program
        self.parameters = parameters
        self.sources = sources

    def reference_gradients(self):
        """The gradient of each parameter, by name."""
        values = run_program(self.program, self.sources, self.parameters)
        return {v.name: values[v.index] for v in self.program.values if v.role == "gradient"}

    def loss_and_mask(self):
        """The batch's loss, Σ w l / n, and which units of the relus are on."""
        values = run_program(self.program, self.sources, self.parameters)
        mask = b"".join(
            (values[op.output.index] > 0).tobytes() for op in self.program.operations if op.kind == "relu"
        )
        result = self.program.results[0]
        weights = 1.0 if result.weights is None else values[result.weights.index]
        return float((values[result.value.index] * weights).sum() / len(self.sources[0])), mask

    def native_gradients(self, threads=1):
        """The same by one native step of gradient descent with rate 1: theta before minus theta after."""
        rows = len(self.sources[0])
        before = self.parameters_by_name()
        plan = _core.Plan(self.program.to_native(), self.parameters, rows, True)
        optimizer = _core.Optimizer.sgd(self.parameters, 0.0, False)
        trainer = _core.Trainer(plan, self.parameters, optimizer, self.sources, rows, False, 0)
        ran = 1 if _core.build_info()["threading"] == "serial" else threads
        assert trainer.run(1.0, 0.0, threads, False) == ("epoch_done", 1, ran)
        after = self.parameters_by_name()
        for name, array in before.items():
            self.parameters.set("theta", name, array)
        return {name: before[name] - after[name] for name in before}

    def parameters_by_name(self):
        return {name: self.parameters.get("theta", name) for name, *_ in self.parameters.segments("theta")}


def random_graph(seed, dtype="float64", rows=13):
    """A network of dense layers with branches.

    Values that several operations read, kernels used twice, masks that cannot be fused, sample weights.
    """
    rng = np.random.default_rng(seed)
    width = int(rng.integers(2, 20))
    program = Program()
    shapes = {}

    def parameter(name, rows_, cols):
        shapes.setdefault(name, [rows_, cols] if rows_ > 1 else [cols])
        slot = list(shapes).index(name)
        return program.bound("parameter", name, rows_, cols, slot)

    values = [program.source("x", width)]
    kernels = [parameter(f"w{i}", width, width) for i in range(2)]
    biases = [parameter(f"b{i}", 1, width) for i in range(2)]
    for i in range(int(rng.integers(2, 7))):
        x = values[int(rng.integers(len(values)))]
        kind = rng.choice(["dense", "matmul", "relu", "softmax"])
        if kind in ("dense", "matmul"):
            y = program.emit("matmul", x, kernels[int(rng.integers(2))], name=f"m{i}")
            if kind == "dense":
                values.append(y)  # another operation may read the product too
                y = program.emit("add_bias", y, biases[int(rng.integers(2))], name=f"a{i}")
        else:
            y = program.emit(str(kind), x, name=f"{kind}{i}")
        values.append(y)
    last = program.emit("matmul", values[-1], kernels[0], name="last")
    last = program.emit("add_bias", last, biases[0], name="logits")
    if rng.integers(2):
        last = program.emit("relu", last, name="head")
    kind = str(rng.choice(["sparse_cross_entropy", "categorical_cross_entropy", "squared_error"]))
    target = program.source(
        "y", 1 if kind == "sparse_cross_entropy" else width, integer=kind == "sparse_cross_entropy"
    )
    weights = program.source("w", 1) if rng.integers(2) else None
    row_loss = program.emit(kind, last, target, name="loss")
    program.add_result("loss", row_loss, weights, loss=True)
    differentiate(program, row_loss, weights)

    parameters = _core.Parameters(dtype, list(shapes.items()), [])
    for name, shape in shapes.items():
        parameters.set("theta", name, (rng.normal(size=shape) / np.sqrt(width)).astype(dtype))
    sources = [rng.normal(size=(rows, width)).astype(dtype)]
    if kind == "sparse_cross_entropy":
        sources.append(rng.integers(width, size=(rows, 1)).astype(np.int32))
    else:
        sources.append(rng.random(size=(rows, width)).astype(dtype))
    if weights is not None:
        sources.append(rng.random(size=(rows, 1)).astype(dtype))
    return Built(program, parameters, sources)
