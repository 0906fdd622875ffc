"""Runs programs in NumPy, one operation after the other, as they stand: `compile(backend="reference")`.

The weights stay in the model's native vectors and type; everything between is float64.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from fastdnn import _core
from fastdnn.backend import NO_DRAW, Draw, Figures, Inference, Run, Trainer, TrainingRun
from fastdnn.custom.calls import Caller
from fastdnn.custom.metrics import MetricStates
from fastdnn.data.sparse import CsrRows
from fastdnn.features import NonFiniteSourceError
from fastdnn.figures import totals_of
from fastdnn.interrupts import interrupts_held
from fastdnn.optimizers import Optimizer
from fastdnn.program import Operation, Program, Value
from fastdnn.reference import gather, philox
from fastdnn.reference.operations import OPERATIONS, RANDOM, TAKES_BATCH, TAKES_HEIGHT, TAKES_WIDTH
from fastdnn.reference.optimizer import ReferenceOptimizer
from fastdnn.reference.sampler import Sample


def run_program(
    program: Program,
    sources: list[np.ndarray],
    parameters: "_core.Parameters",
    draw: Draw = NO_DRAW,
    calls: Caller | None = None,
) -> dict[int, np.ndarray]:
    """All values of a program, by index, for one batch of its sources. States have their new values.

    `calls` makes those of a program that has some, but for the observers': see `observe`.
    """
    values: dict[int, np.ndarray] = {}
    for value in program.values:
        if value.role == "source":
            values[value.index] = sources[value.slot]
        elif value.role in ("parameter", "state"):
            vector = "theta" if value.role == "parameter" else "sigma"
            values[value.index] = parameters.get(vector, value.name).reshape(value.rows, value.cols)
    numbers = _call_numbers(program)
    for op in program.operations:
        if op.observes:
            continue
        number = numbers.get(id(op))
        if number is None:
            results = _run(op, values, draw, len(sources[0]))
        else:
            results = _call(op, number, values, calls)
        for output, result in zip(op.outputs, results, strict=True):
            values[output.index] = values[output.index] + result if op.accumulate else result
    return values


def observe(program: Program, values: dict[int, np.ndarray], calls: Caller | None) -> None:
    """Show the values of a step that is kept to those who only look on."""
    numbers = _call_numbers(program)
    for op in program.operations:
        if op.observes:
            _call(op, numbers[id(op)], values, calls)


def _call_numbers(program: Program) -> dict[int, int]:
    return {
        id(op): number for number, op in enumerate(op for op in program.operations if op.call is not None)
    }


def _call(
    op: Operation, number: int, values: dict[int, np.ndarray], calls: Caller | None
) -> tuple[np.ndarray, ...]:
    """Copies go in: whoever gets them may keep and change them."""
    assert calls is not None
    inputs = [values[v.index] for v in op.inputs if v is not None]
    copies = [np.array(v, None if v.dtype.kind == "i" else np.float64, order="C") for v in inputs]
    return tuple(np.array(output) for output in calls(number, copies))


def _run(op: Operation, values: dict[int, np.ndarray], draw: Draw, batch: int) -> tuple[np.ndarray, ...]:
    inputs = [None if v is None else values[v.index] for v in op.inputs]
    options: dict[str, Any] = dict(op.options)
    if op.kind in RANDOM:
        options |= {"seed": draw.seed, "step": draw.step}
    if op.kind in TAKES_WIDTH:
        options["cols"] = op.output.cols
    if op.kind in TAKES_BATCH:
        options["batch"] = batch
    if op.kind in TAKES_HEIGHT:
        options["rows"] = op.output.rows
    if op.outputs[0].role == "state":
        options["old"] = [values[v.index] for v in op.outputs]
    results = OPERATIONS[op.kind](*inputs, **options)
    return results if isinstance(results, tuple) else (results,)


def gather_sources(
    program: Program, arrays: list[np.ndarray], order: np.ndarray, dtype: str
) -> list[np.ndarray]:
    """Rows of the arrays of a run, rounded to the model's type; labels and indices are integers.

    Raises:
        NonFiniteSourceError: a number is NaN or infinite; the lowest such row is named.
    """
    integers = {value.slot for value in program.values if value.role == "source" and value.integer}
    sources = []
    for number, array in enumerate(arrays):
        if isinstance(array, CsrRows):
            sources.append(_gather_sparse(number, array, order, dtype))
            continue
        rows = gather.gather(array, order)
        with np.errstate(over="ignore"):
            rows = rows.astype(np.int32 if number in integers else dtype)
        bad = np.argwhere(~np.isfinite(rows))
        if bad.size:
            place = min((int(order[row]), int(column), row) for row, column in bad)
            raise NonFiniteSourceError(number, place[0], place[1], float(rows[place[2], place[1]]))
        sources.append(rows)
    return sources


def _gather_sparse(number: int, array: CsrRows, order: np.ndarray, dtype: str) -> CsrRows:
    """Rows of a sparse source, likewise."""
    rows = array.taken(order, dtype)
    bad = np.flatnonzero(~np.isfinite(rows.values))
    places = [
        (int(order[np.searchsorted(rows.starts, entry, side="right") - 1]), int(entry)) for entry in bad
    ]
    if places:
        row, entry = min(places)
        raise NonFiniteSourceError(number, row, int(rows.columns[entry]), float(rows.values[entry]))
    return rows


def result_sums(program: Program, values: dict[int, np.ndarray], rows: int) -> np.ndarray:
    """The weighted sum over rows of each result; a number of the step counts for each row."""
    sums = []
    for r in program.results:
        weights = rows if r.value.rows else 1.0 if r.weights is None else values[r.weights.index]
        sums.append((values[r.value.index] * weights).sum(dtype=np.float64))
    return np.array(sums)


class ReferenceTrainer:
    """Whole epochs, a batch at a time."""

    def __init__(
        self, parameters: "_core.Parameters", optimizer: Optimizer, state: "_core.Optimizer", run: TrainingRun
    ) -> None:
        self._parameters = parameters
        self._optimizer = ReferenceOptimizer(optimizer, state, parameters)
        self._state = state
        self._run = run
        self._batch_size = run.batch_size
        self._feed(run.arrays)
        self.batches = -(-self._rows // self._batch_size)
        self._gradients = [value for value in run.program.values if value.role == "gradient"]
        self._states = [
            value for op in run.program.operations for value in op.outputs if value.role == "state"
        ]
        self._metrics = MetricStates.of(run.program)
        self._sampled: set[int] = set()
        self._samples: list[np.ndarray] = []
        self._epochs: list[list[float]] = []
        self.begin_epoch(0)

    def begin_epoch(self, epoch: int) -> None:
        """To the first batch of an epoch, in the order of (seed, epoch)."""
        self._metrics.reset()
        shuffle = self._run.shuffle
        self._order = (
            philox.random_permutation(self._rows, self._run.seed, epoch) if shuffle else np.arange(self._rows)
        )
        self._batch = 0
        self._rows_done = 0
        self._sums = np.zeros(len(self._run.program.results))

    def _feed(self, arrays: list[np.ndarray]) -> None:
        self._arrays = arrays
        self._rows = arrays[0].shape[0]

    def next_feed(self, arrays: list[np.ndarray]) -> None:
        """The epoch goes on with other rows, as one batch in their order."""
        self._feed(arrays)
        self._order = np.arange(self._rows)
        self._batch_size = self._rows
        self._batch = 0
        self.batches = 1

    @property
    def steps_left(self) -> int:
        """Steps until the feed is over."""
        return self.batches - self._batch

    def run(
        self,
        scalars: np.ndarray,
        seconds: float,
        threads: int,
        steps: int = 0,
        samples: Sequence[int] = (),
    ) -> Run:
        """Steps until the epoch or their number is over; one thread, and no limit of time."""
        self._sampled = {self._batch + number - 1 for number in samples}
        self._samples = []
        with Caller(self._run.program.calls, self._metrics) as calls:
            return self._steps(scalars, steps, calls)

    @property
    def runs_epochs(self) -> bool:
        """Whether no code of the user's runs in a step."""
        return not self._run.program.calls

    def run_epochs(self, scalars: np.ndarray, seconds: float, threads: int, epoch: int, count: int) -> Run:
        """Whole epochs from `epoch` on; without a limit of time."""
        self._epochs = []
        for number in range(epoch, epoch + count):
            self.begin_epoch(number)
            run = self.run(scalars, 0.0, threads)
            if run.end != "epoch_done":
                break
            self._epochs.append(self.figures())
        return run

    @property
    def whole_epochs(self) -> int:
        """How many the last `run_epochs` has run."""
        return len(self._epochs)

    def epochs(self, first: int) -> list[list[float]]:
        """Of the last `run_epochs`: the figures of each whole epoch from this number on."""
        return self._epochs[first:]

    def forget_epochs(self) -> None:
        """There are none then."""
        self._epochs = []

    def take_samples(self) -> np.ndarray:
        """Of the last run: a row for each sampled step that was kept; once."""
        taken, self._samples = self._samples, []
        return np.array(taken)

    def next_rows(self) -> list[int]:
        """Of the next step, in the arrays."""
        begin = self._batch * self._batch_size
        rows: list[int] = self._order[begin : begin + self._batch_size].tolist()
        return rows

    def _steps(self, scalars: np.ndarray, steps: int, calls: Caller | None) -> Run:
        end = min(self.batches, self._batch + steps) if steps else self.batches
        run = self._run
        rows = iter(np.broadcast_to(scalars, (end - self._batch, scalars.shape[1])))
        while self._batch < end:
            begin = self._batch * self._batch_size
            order = self._order[begin : begin + self._batch_size]
            sources = gather_sources(self._run.program, self._arrays, order, self._parameters.dtype)
            draw = Draw(self._run.seed, self._state.iterations)
            sampled = self._batch in self._sampled
            values = run_program(run.program, sources, self._parameters, draw, calls)
            sums = result_sums(run.program, values, len(order))
            losses = [total for total, r in zip(sums, self._run.program.results, strict=True) if r.loss]
            if not np.isfinite(losses).all():
                return Run("non_finite_loss", self._batch, 1)
            of_step = dict(zip(self._state.scalar_names, next(rows).tolist(), strict=True))
            with interrupts_held():
                sample = Sample(run.program, self._parameters, values, sums, len(order)) if sampled else None
                self._optimizer.step({g.name: values[g.index] for g in self._gradients}, of_step)
                if sample is not None:
                    self._samples.append(sample.finish())
                for state in self._states:
                    self._parameters.set("sigma", state.name, self._stored(state, values[state.index]))
                self._sums += sums
                self._rows_done += len(order)
                self._batch += 1
            observe(self._run.program, values, calls)
        return Run("epoch_done" if end == self.batches else "paused", self._batch, 1)

    def _stored(self, state: Value, new: np.ndarray) -> np.ndarray:
        old = self._parameters.get("sigma", state.name)
        return np.ascontiguousarray(new.reshape(old.shape), old.dtype)

    def figures(self) -> list[float]:
        """The figures of the program over the rows of this epoch so far."""
        figures = self._run.program.figures
        return self._metrics.figures(figures, totals_of(figures, self._sums.tolist(), self._rows_done))

    def close(self) -> None:
        """Give metrics in Python back, until the next epoch begins."""
        self._metrics.release()


class ReferenceInference:
    """A program that changes no weights, so many rows at a time."""

    def __init__(self, program: Program, parameters: "_core.Parameters", batch_size: int) -> None:
        self.figures = program.figures
        self._program = program
        self._parameters = parameters
        self._batch_size = batch_size
        written = [value for value in program.values if value.role == "gradient"]
        self._gradients = sorted(written, key=lambda value: value.slot)

    def _chunks(
        self, arrays: list[np.ndarray], draw: Draw, calls: Caller | None
    ) -> Iterator[tuple[int, dict[int, np.ndarray]]]:
        """The number of rows and all values of the program, chunk by chunk."""
        rows = len(arrays[0])
        for begin in range(0, rows, self._batch_size):
            order = np.arange(begin, min(begin + self._batch_size, rows))
            sources = gather_sources(self._program, arrays, order, self._parameters.dtype)
            values = run_program(self._program, sources, self._parameters, draw, calls)
            observe(self._program, values, calls)
            yield len(order), values

    def run(
        self,
        arrays: list[np.ndarray],
        threads: int,
        draw: Draw = NO_DRAW,
        metrics: MetricStates | None = None,
    ) -> Figures:
        """All rows, on one thread; outputs and gradients are rounded to the model's type."""
        with Caller(self._program.calls, metrics) as calls:
            return self._figures(arrays, draw, calls)

    def _figures(self, arrays: list[np.ndarray], draw: Draw, calls: Caller | None) -> Figures:
        dtype = self._parameters.dtype
        outputs: list[list[np.ndarray]] = [[] for _ in self._program.outputs]
        sums = np.zeros(len(self._program.results))
        gradients = {}
        for rows, values in self._chunks(arrays, draw, calls):
            for parts, output in zip(outputs, self._program.outputs, strict=True):
                parts.append(values[output.index].astype(dtype))
            sums += result_sums(self._program, values, rows)
            gradients = {
                value.name: values[value.index]
                .reshape(self._parameters.get("theta", value.name).shape)
                .astype(dtype)
                for value in self._gradients
            }
        return Figures([np.concatenate(parts) for parts in outputs], sums.tolist(), gradients)


class ReferenceBackend:
    """The NumPy executor over one model's parameters."""

    def __init__(self, parameters: "_core.Parameters") -> None:
        self._parameters = parameters

    def trainer(self, optimizer: Optimizer, state: "_core.Optimizer", run: TrainingRun) -> Trainer:
        """A trainer at the first batch of epoch 0."""
        return ReferenceTrainer(self._parameters, optimizer, state, run)

    def inference(self, program: Program, batch_size: int) -> Inference:
        """A runner of a program that changes no weights, so many rows at a time."""
        return ReferenceInference(program, self._parameters, batch_size)
