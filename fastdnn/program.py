"""The mathematics of a model: unfused operations on typed values, with a symbolic number of rows.

Layers and losses emit operations here; `fastdnn.autodiff` adds the backward ones. Two executors run a
program: the native engine, which plans it, and `fastdnn.reference.executor`, in NumPy.
"""

from dataclasses import dataclass

from fastdnn import _core


@dataclass(frozen=True)
class Value:
    """A tensor of a program: (rows, cols), where rows = 0 stands for one row for each example.

    role: `source` (fed from outside), `parameter` and `gradient` (a segment of θ), `state` (a segment of σ)
    or `computed`; `slot` is the number of the source or segment, -1 for computed values. Labels are
    `integer`, all else has the model's type.
    """

    index: int
    name: str
    role: str
    rows: int
    cols: int
    slot: int = -1
    integer: bool = False


@dataclass(frozen=True)
class Operation:
    """`output = kind(*inputs)`, or `output += kind(*inputs)` where it accumulates."""

    kind: str
    inputs: tuple[Value, ...]
    output: Value
    accumulate: bool = False


@dataclass(frozen=True)
class Result:
    """A figure of a step: the sum over rows of a value of one column, times `weights` if there are."""

    name: str
    value: Value
    weights: Value | None
    loss: bool


# Operations whose output has one column, whatever the input's width.
_ROW_FIGURES = frozenset(
    {
        "sparse_cross_entropy",
        "categorical_cross_entropy",
        "squared_error",
        "sparse_accuracy",
        "categorical_accuracy",
    }
)


class Program:
    """Values and operations in the order in which they were made; each value is written before it is read."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.operations: list[Operation] = []
        self.results: list[Result] = []
        self.output: Value | None = None
        self._bound: dict[tuple[str, str], Value] = {}

    def _add(
        self, name: str, role: str, rows: int, cols: int, slot: int = -1, integer: bool = False
    ) -> Value:
        value = Value(len(self.values), name, role, rows, cols, slot, integer)
        self.values.append(value)
        return value

    def source(self, name: str, cols: int, *, integer: bool = False) -> Value:
        """An array that is fed row by row; sources are numbered in the order of these calls."""
        return self._add(name, "source", 0, cols, self.source_count, integer)

    @property
    def source_count(self) -> int:
        """How many arrays a run needs."""
        return sum(value.role == "source" for value in self.values)

    def bound(self, role: str, name: str, rows: int, cols: int, slot: int) -> Value:
        """A segment as a `parameter`, `gradient` or `state`: the same value however often it is asked for."""
        key = (role, name)
        if key not in self._bound:
            self._bound[key] = self._add(name, role, rows, cols, slot)
        return self._bound[key]

    def emit(self, kind: str, *inputs: Value, name: str) -> Value:
        """Append a forward operation and return its output."""
        cols = 1 if kind in _ROW_FIGURES else inputs[1].cols if kind == "matmul" else inputs[0].cols
        return self.write(kind, inputs, self.computed(name, cols))

    def computed(self, name: str, cols: int) -> Value:
        """A new value with a row for each example."""
        return self._add(name, "computed", 0, cols)

    def write(
        self, kind: str, inputs: tuple[Value, ...], output: Value, *, accumulate: bool = False
    ) -> Value:
        """Append an operation that writes, or adds to, a given value."""
        self.operations.append(Operation(kind, inputs, output, accumulate))
        return output

    def add_result(self, name: str, value: Value, weights: Value | None, *, loss: bool) -> None:
        """Report the sum over rows of `value`."""
        self.results.append(Result(name, value, weights, loss))

    def producer(self, value: Value) -> Operation | None:
        """The operation that first writes a value."""
        return next((op for op in self.operations if op.output is value), None)

    def to_native(self) -> "_core.Program":
        """The same program for the native engine, which checks it again."""
        native = _core.Program()
        for v in self.values:
            native.value(v.name, v.role, v.integer, v.rows, v.cols, v.slot)
        for op in self.operations:
            native.op(op.kind, [v.index for v in op.inputs], op.output.index, op.accumulate)
        for r in self.results:
            native.result(r.name, r.value.index, -1 if r.weights is None else r.weights.index, r.loss)
        if self.output is not None:
            native.set_output(self.output.index)
        return native
