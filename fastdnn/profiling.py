"""Where the time of a step goes: every operation of the native plan, timed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from fastdnn import _core, lowering
from fastdnn.backend import NativeBackend
from fastdnn.copying import deep_copy
from fastdnn.custom.calls import Caller
from fastdnn.custom.metrics import MetricStates
from fastdnn.features import NonFiniteSourceError
from fastdnn.program import Program
from fastdnn.report import byte_text, moved_bytes, operation_names, step_text, table, written_text
from fastdnn.sources import Feed
from fastdnn.thread_settings import get_num_threads
from fastdnn.training import non_finite_loss

if TYPE_CHECKING:
    from fastdnn.model import Model

_ROUNDS = 5  # at least


@dataclass(frozen=True)
class Row:
    """One native step: what it is, of which operations, and its median time.

    `flops` are those of products, 2 for a multiplication and an addition; other steps are told by `bytes`,
    each operand counted once.
    """

    step: str
    operations: tuple[str, ...]
    writes: str
    seconds: float
    flops: int
    bytes: int


@dataclass(frozen=True)
class Profile:
    """Of one batch: `kind` ("training step", "prediction"), `batch_size`, `threads`; the `rows` in the order
    in which they run, and `seconds`, what the whole takes when its parts are not timed, with the call from
    Python.
    """

    kind: str
    batch_size: int
    threads: int
    rows: tuple[Row, ...]
    seconds: float

    def __str__(self) -> str:
        parts = sum(row.seconds for row in self.rows)
        flops = sum(row.flops for row in self.rows)
        head = (
            f"{self.kind} of {self.batch_size} rows on {self.threads} "
            f"thread{'s' if self.threads > 1 else ''}: {_time_text(self.seconds)}, "
            f"{flops / self.seconds / 1e9:.1f} GFLOP/s; the parts together, timed one by one, "
            f"{_time_text(parts)}"
        )
        header = ["", "step", "operations", "writes", "time", "share", "GFLOP/s", "bytes", "GB/s"]
        rows = [_cells(number, row, parts) for number, row in enumerate(self.rows)]
        return f"{head}\n{table(header, rows, numeric=[0, 4, 5, 6, 7, 8])}"


def _cells(number: int, row: Row, whole: float) -> list[str]:
    return [
        str(number),
        row.step,
        " + ".join(row.operations),
        row.writes,
        _time_text(row.seconds),
        f"{100 * row.seconds / whole:.1f} %",
        f"{row.flops / row.seconds / 1e9:.1f}" if row.flops and row.seconds else "",
        byte_text(row.bytes) if row.bytes else "",
        f"{row.bytes / row.seconds / 1e9:.1f}" if row.bytes and row.seconds else "",
    ]


def _time_text(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def profile_prediction(model: "Model", feed: Feed, seconds: float, threads: int) -> Profile:
    """Time a prediction of these rows."""
    rows, arrays = feed.rows, feed.arrays
    program = lowering.prediction_program(model.graph, feed.sparse)
    plan = NativeBackend(model.weights.native).plan(program, rows)
    used = _threads(plan, rows, threads)
    runner = _core.Inference(plan, model.weights.native)
    with Caller(program.calls) as calls:

        def run() -> Any:
            return runner.run(arrays, used, False, calls=calls)

        _, _, _, place = run()
        if place is not None:
            raise NonFiniteSourceError(*place).error("profile", feed.origins)
        times, whole = _rounds(seconds, lambda: runner.time_run(arrays, used, calls), run)
    steps = [_row(program, step, rows, t) for step, t in zip(plan.describe(), times, strict=True)]
    return Profile("prediction", rows, used, tuple(steps), whole)


def profile_training(model: "Model", feed: Feed, seconds: float, threads: int) -> Profile:
    """Time a training step on these rows, of a copy of the model: steps are taken."""
    wanted = "a model that copy.deepcopy can copy, since steps are taken"
    hint = "give the layer, loss or metric that holds it a __deepcopy__"
    model = deep_copy("profile", model, wanted, hint)
    rows, native, compiled = feed.rows, model.weights.native, model.compiled
    program = model.training_program(feed.weighting, feed.sparse, rows)
    plan = NativeBackend(native).plan(program, rows)
    used = _threads(plan, rows, threads)
    state = model.optimizer_state(rows)
    trainer = _core.Trainer(plan, native, state, feed.arrays, rows, False, model.seed)
    scalars = compiled.optimizer.table(state.iterations, 1, compiled.epochs_done).copy()
    scalars[:, state.scalar_names.index("learning_rate")] = (
        0  # however many steps: the numbers stay as they are
    )
    with MetricStates.of(program) as metrics, Caller(program.calls, metrics) as calls:

        def step() -> None:
            trainer.begin_epoch(0)
            end, _, _ = trainer.run(scalars, 0.0, used, False, calls=calls)
            if end == "non_finite_source":
                raise NonFiniteSourceError(*trainer.non_finite).error("profile", feed.origins)
            if end == "non_finite_loss":
                raise non_finite_loss("profile", "this batch", compiled.optimizer.learning_rate)

        step()
        times, whole = _rounds(seconds, lambda: trainer.time_step(scalars, used, calls), step)
    described = plan.describe()
    steps = [_row(program, each, rows, t) for each, t in zip(described, times, strict=False)]
    steps.append(_update_row(model, plan, state, times[len(described)]))
    updates = zip(plan.describe_updates(), times[len(described) + 1 :], strict=True)
    steps += [_row(program, each, rows, t) for each, t in updates]
    return Profile("training step", rows, used, tuple(steps), whole)


def _threads(plan: "_core.Plan", rows: int, asked: int) -> int:
    """As many as a fit uses."""
    return asked or max(1, min(get_num_threads(), plan.useful_threads(rows)))


def _rounds(
    seconds: float, timed: Callable[[], Sequence[float]], whole: Callable[[], object]
) -> tuple[list[float], float]:
    """Medians over rounds of timed parts and of the untimed whole, in turn, for so many seconds."""
    timed(), whole()  # memory is touched, threads are woken
    parts: list[Sequence[float]] = []
    wholes: list[float] = []
    end = time.perf_counter() + seconds
    while len(parts) < _ROUNDS or time.perf_counter() < end:
        parts.append(timed())
        begin = time.perf_counter()
        whole()
        wholes.append(time.perf_counter() - begin)
    return [median(times) for times in zip(*parts, strict=True)], median(wholes)


def _row(program: Program, step: dict[str, Any], rows: int, seconds: float) -> Row:
    return Row(
        step_text(step),
        operation_names(program, step),
        written_text(step),
        seconds,
        step["flops_per_row"] * rows,
        moved_bytes(step, rows),
    )


def _update_row(model: "Model", plan: "_core.Plan", state: "_core.Optimizer", seconds: float) -> Row:
    """The update reads the gradient, and reads and writes the weights and the optimiser's state."""
    operands = [operand for step in plan.describe() for operand in step["operands"]]
    trained = {o["offset"]: o for o in operands if o["space"] == "gradient"}.values()
    count = sum(operand["rows"] * operand["cols"] for operand in trained)
    item = 8 if model.dtype == "float64" else 4
    moved = count * item * (3 + 2 * len(state.slot_names))
    kind = type(model.compiled.optimizer).__name__.lower()
    return Row("update", (kind,), f"theta, {count:,} weights", seconds, 0, moved)
