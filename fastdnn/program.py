"""The mathematics of a model: unfused operations on typed values, with a symbolic number of rows.

Layers and losses emit operations here; `fastdnn.autodiff` adds the backward ones. Two executors run a
program: the native engine, which plans it, and `fastdnn.reference.executor`, in NumPy.
"""

import itertools
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fastdnn import _core
from fastdnn.figures import Figure

if TYPE_CHECKING:
    from fastdnn.custom.calls import Call

# What an operation needs beside its inputs: rate=0.5, outputs="mean".
Option = float | bool | str
NO_OPTIONS: Mapping[str, Option] = MappingProxyType({})
KindAndOptions = tuple[str, Mapping[str, Option]]  # of an operation


@dataclass(frozen=True)
class Value:
    """A tensor of a program: (rows, cols), where rows = 0 stands for one row for each example.

    role: `source` (fed from outside), `parameter` and `gradient` (a segment of θ), `state` (a segment of σ)
    or `computed`; `slot` is the number of the source or segment, -1 for computed values. Labels are
    `integer`, all else has the model's type. A `sparse` source is fed by its entries, and read by products.
    """

    index: int
    name: str
    role: str
    rows: int
    cols: int
    slot: int = -1
    integer: bool = False
    sparse: bool = False
    trainable: bool = True


@dataclass(frozen=True)
class Operation:
    """`outputs = kind(*inputs, **options)`, or `outputs += ...` where it accumulates. None: left out."""

    kind: str
    inputs: tuple[Value | None, ...]
    outputs: tuple[Value, ...]
    accumulate: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    call: "Call | None" = None  # of the kind "python"

    @property
    def output(self) -> Value:
        """The first output."""
        return self.outputs[0]

    @property
    def observes(self) -> bool:
        """Whether it only looks on: it is run once the step is kept."""
        return not self.outputs


@dataclass(frozen=True)
class Result:
    """What a step sums up over its rows: a value of one column, times `weights` if there are; or a number of
    the step itself, a penalty, times the rows.
    """

    name: str
    value: Value
    weights: Value | None
    loss: bool


@dataclass(frozen=True)
class Watch:
    """What a sampled step of training tells of what a layer gives: the figures of
    `fastdnn.reference.activity`, or of a gradient its norm alone. Elements outside of [low, high] are
    counted.
    """

    layer: str  # the name of the use
    value: Value
    norm_only: bool = False
    low: float = -math.inf
    high: float = math.inf


class Program:
    """Values and operations in the order in which they were made; each value is written before it is read.

    Args:
        training: whether layers behave as in training (dropout drops, batch normalisation takes the batch's
            figures) or as in use.
        sparse_inputs: the numbers of the model's inputs that are fed by their entries.
    """

    def __init__(self, *, training: bool = False, sparse_inputs: Collection[int] = ()) -> None:
        self.training = training
        self.sparse_inputs = frozenset(sparse_inputs)
        self.values: list[Value] = []
        self.operations: list[Operation] = []
        self.results: list[Result] = []
        self.figures: list[Figure] = []  # what is reported, in order
        self.outputs: list[Value] = []
        self.watches: list[Watch] = []
        self._bound: dict[tuple[str, str], Value] = {}
        self._streams = 0

    def _add(self, name: str, role: str, rows: int, cols: int, **more: Any) -> Value:
        value = Value(len(self.values), name, role, rows, cols, **more)
        self.values.append(value)
        return value

    def source(self, name: str, cols: int, *, integer: bool = False, sparse: bool = False) -> Value:
        """An array that is fed row by row; sources are numbered in the order of these calls."""
        return self._add(name, "source", 0, cols, slot=self.source_count, integer=integer, sparse=sparse)

    @property
    def source_count(self) -> int:
        """How many arrays a run needs."""
        return sum(value.role == "source" for value in self.values)

    def bound(
        self, role: str, name: str, rows: int, cols: int, slot: int, *, trainable: bool = True
    ) -> Value:
        """A segment as a `parameter`, `gradient` or `state`: the same value however often it is asked for."""
        key = (role, name)
        if key not in self._bound:
            self._bound[key] = self._add(name, role, rows, cols, slot=slot, trainable=trainable)
        return self._bound[key]

    def parameter(self, name: str) -> Value:
        """A segment of θ that is bound already."""
        return self._bound["parameter", name]

    def computed(self, name: str, cols: int, *, rows: int = 0) -> Value:
        """A new value, with a row for each example unless `rows` are given."""
        return self._add(name, "computed", rows, cols)

    def emit(
        self,
        kind: str,
        *inputs: Value | None,
        name: str,
        cols: int | None = None,
        options: Mapping[str, Option] = NO_OPTIONS,
    ) -> Value:
        """Append a forward operation and return its new output, as wide as the first input unless `cols` is
        given.
        """
        first = inputs[0]
        assert first is not None
        output = self.computed(name, first.cols if cols is None else cols)
        return self.write(kind, inputs, output, options=options)

    def write(
        self,
        kind: str,
        inputs: tuple[Value | None, ...],
        *outputs: Value,
        accumulate: bool = False,
        options: Mapping[str, Option] = NO_OPTIONS,
    ) -> Value:
        """Append an operation that writes, or adds to, given values; returns the first."""
        self.operations.append(Operation(kind, inputs, outputs, accumulate, options))
        return outputs[0]

    def call(self, call: "Call", inputs: tuple[Value, ...], *outputs: Value) -> None:
        """Append a call of the user's code; see `fastdnn.custom`."""
        self.operations.append(Operation("python", inputs, outputs, call=call))

    @property
    def calls(self) -> list["Call"]:
        """In their order, by which they are numbered."""
        return [op.call for op in self.operations if op.call is not None]

    def next_stream(self, base: int) -> int:
        """The number of a stream of random numbers: each layer's own, in the order of these calls."""
        self._streams += 1
        return base + ((self._streams - 1) << 8)

    def add_result(self, name: str, value: Value, weights: Value | None, *, loss: bool) -> int:
        """Sum `value` up over the rows; returns the number of the result, of which figures are made."""
        self.results.append(Result(name, value, weights, loss))
        return len(self.results) - 1

    def add_figure(self, figure: Figure) -> None:
        """Report what is made of results, or what a metric in Python says."""
        self.figures.append(figure)

    def add_output(self, value: Value, name: str = "output") -> None:
        """Give a value with a row for each example to whoever runs the program.

        What is not computed, and what is an output already, is copied: each output has a place of its own.
        """
        if value.role != "computed" or value in self.outputs:
            value = self.emit("pass_gradient", value, name=name)
        self.outputs.append(value)

    def producer(self, value: Value) -> Operation | None:
        """The operation that first writes a value."""
        return next((op for op in self.operations if value in op.outputs), None)

    def to_native(self, *, watched: bool = False) -> "_core.Program":
        """The same program for the native engine, which checks it again; `watched`: for steps that are
        sampled, which are fused less.
        """
        native = _core.Program()
        for v in self.values:
            native.value(v.name, v.role, v.integer, v.rows, v.cols, v.slot, v.sparse)
        calls = itertools.count()
        for op in self.operations:
            inputs = [-1 if v is None else v.index for v in op.inputs]
            outputs = [v.index for v in op.outputs]
            call = -1 if op.call is None else next(calls)
            native.op(op.kind, inputs, outputs, op.accumulate, dict(op.options), call)
        for r in self.results:
            native.result(r.name, r.value.index, -1 if r.weights is None else r.weights.index, r.loss)
        for output in self.outputs:
            native.output(output.index)
        for watch in self.watches if watched else ():
            native.watch(watch.value.index, watch.norm_only, watch.low, watch.high)
        return native
