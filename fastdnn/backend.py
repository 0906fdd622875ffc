"""The two executors of programs behind one interface: the native engine and the NumPy reference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from fastdnn import _core
from fastdnn.custom.calls import Caller
from fastdnn.custom.metrics import MetricStates
from fastdnn.errors import unknown_name
from fastdnn.features import NonFiniteSourceError
from fastdnn.figures import Figure, totals_of
from fastdnn.optimizers import Optimizer
from fastdnn.program import Program
from fastdnn.thread_settings import in_main_thread

PREDICTION_BATCH = 256  # rows that predict and evaluate compute at a time, unless told otherwise


@dataclass(frozen=True)
class Run:
    """Why `Trainer.run` ended (`epoch_done`, `paused`, `interrupted`, `non_finite_loss`), and where."""

    end: str
    batch: int
    threads: int


class Trainer(Protocol):
    """A training program over its arrays. A step is done wholly or not at all.

    Runs raise `NonFiniteSourceError` before the step that would use such a number, and what code of the
    user's raises.
    """

    batches: int

    @property
    def steps_left(self) -> int:
        """Steps until the feed is over."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """To the first batch of an epoch, in the order of (seed, epoch)."""
        ...

    def next_feed(self, arrays: list[np.ndarray]) -> None:
        """The epoch goes on with other rows, as one batch in their order; for a run that does not shuffle."""
        ...

    @property
    def runs_epochs(self) -> bool:
        """Whether `run_epochs` may be called: no code of the user's runs in a step."""
        ...

    def run_epochs(self, scalars: np.ndarray, seconds: float, threads: int, epoch: int, count: int) -> Run:
        """Whole epochs from `epoch` on, each begun and run as by itself, and no further one after so many
        seconds. `scalars` is one row. The run is that of the last, which alone may not be whole.
        """
        ...

    @property
    def whole_epochs(self) -> int:
        """How many the last `run_epochs` has run, also while it does."""
        ...

    def epochs(self, first: int) -> list[list[float]]:
        """Of the last `run_epochs`, however it ended: the figures of each whole epoch from this number on."""
        ...

    def forget_epochs(self) -> None:
        """There are none then, as before the first `run_epochs`."""
        ...

    def run(
        self,
        scalars: np.ndarray,
        seconds: float,
        threads: int,
        steps: int = 0,
        samples: Sequence[int] = (),
    ) -> Run:
        """Steps until the epoch is over, or the time, or the number of steps (0: no limit). `scalars` are the
        optimiser's (`Optimizer.table`): a row for each of the steps that are left, or one for all. Of these
        steps, from 1 and ascending, `samples` are sampled: they compute the same, and tell of it.
        """
        ...

    def take_samples(self) -> np.ndarray:
        """Of the last run, however it ended: a row for each sampled step that was kept; see
        `fastdnn.sampling`. None where no run began since they were taken.
        """
        ...

    def next_rows(self) -> list[int]:
        """Of the next step, in the arrays."""
        ...

    def figures(self) -> list[float]:
        """The figures of the program over the rows of this epoch so far."""
        ...

    def close(self) -> None:
        """Give metrics in Python back, until the next epoch begins."""
        ...


class Figures(NamedTuple):
    """What a run of a program gives: its outputs, the sums over the rows of its results, and the gradients
    of the trained weights by name.
    """

    outputs: list[np.ndarray]
    sums: list[float]
    gradients: dict[str, np.ndarray]


@dataclass(frozen=True)
class Draw:
    """Which random numbers a run draws: those of a step of a training with this seed."""

    seed: int = 0
    step: int = 0


NO_DRAW = Draw()


class Inference(Protocol):
    """A program that changes no weights."""

    @property
    def figures(self) -> Sequence[Figure]:
        """What the program reports, of the sums that a run gives."""
        ...

    def run(
        self,
        arrays: list[np.ndarray],
        threads: int,
        draw: Draw = NO_DRAW,
        metrics: MetricStates | None = None,
    ) -> Figures:
        """All rows; of a program with gradients at most one batch. `metrics` take in what they see.

        Raises:
            NonFiniteSourceError: a number in the arrays is NaN or infinite.
        """
        ...


@dataclass(frozen=True)
class TrainingRun:
    """What a trainer is made for; `dataset_size` where the arrays are the training set."""

    program: Program
    arrays: list[np.ndarray]
    batch_size: int
    shuffle: bool
    seed: int
    dataset_size: int | None = None


class Backend(Protocol):
    """Makes trainers and inferences over one model's parameters."""

    def trainer(self, optimizer: Optimizer, state: "_core.Optimizer", run: TrainingRun) -> Trainer:
        """A trainer at the first batch of epoch 0."""
        ...

    def inference(self, program: Program, batch_size: int) -> Inference:
        """A runner of a program that changes no weights, so many rows at a time."""
        ...


_MakePlan = Callable[..., "_core.Plan"]


class _NativeTrainer:
    def __init__(
        self, run: TrainingRun, native: "_core.Trainer", plan: "_core.Plan", make_plan: "_MakePlan"
    ) -> None:
        self._program = run.program
        self._calls = run.program.calls
        self._figures = run.program.figures
        self._metrics = MetricStates.of(run.program)
        self._native = native
        self._plan = plan
        self._make_plan = make_plan
        self._sampled_rows = 0  # for which there is a plan of sampled steps
        self.batches = native.batches

    def begin_epoch(self, epoch: int) -> None:
        self._native.begin_epoch(epoch)
        self._metrics.reset()

    def next_feed(self, arrays: list[np.ndarray]) -> None:
        if len(arrays[0]) > self._plan.max_batch:
            self._plan = self._make_plan(self._program, len(arrays[0]))
        self._native.next_feed(self._plan, arrays)

    @property
    def steps_left(self) -> int:
        return self._native.steps_left

    def run(
        self,
        scalars: np.ndarray,
        seconds: float,
        threads: int,
        steps: int = 0,
        samples: Sequence[int] = (),
    ) -> Run:
        if samples and self._sampled_rows < self._plan.max_batch:
            plan = self._make_plan(self._program, self._plan.max_batch, watched=True)
            self._native.sample_by(plan)
            self._sampled_rows = self._plan.max_batch
        with Caller(self._calls, self._metrics) as calls:
            return self._checked(
                self._native.run(scalars, seconds, threads, in_main_thread(), steps, calls, samples)
            )

    def _checked(self, report: tuple[str, int, int]) -> Run:
        run = Run(*report)
        if run.end == "non_finite_source":
            raise NonFiniteSourceError(*self._native.non_finite)
        return run

    @property
    def runs_epochs(self) -> bool:
        return not self._calls

    def run_epochs(self, scalars: np.ndarray, seconds: float, threads: int, epoch: int, count: int) -> Run:
        return self._checked(
            self._native.run_epochs(scalars, seconds, threads, in_main_thread(), epoch, count)
        )

    @property
    def whole_epochs(self) -> int:
        return self._native.whole_epochs

    def epochs(self, first: int) -> list[list[float]]:
        return [self._figures_of(sums, rows) for sums, rows in self._native.epochs(first)]

    def forget_epochs(self) -> None:
        self._native.forget_epochs()

    def take_samples(self) -> np.ndarray:
        return self._native.take_samples()

    def next_rows(self) -> list[int]:
        return self._native.next_rows

    def figures(self) -> list[float]:
        return self._figures_of(self._native.sums, self._native.rows_done)

    def _figures_of(self, sums: list[float], rows: int) -> list[float]:
        return self._metrics.figures(self._figures, totals_of(self._figures, sums, rows))

    def close(self) -> None:
        self._metrics.release()


class _NativeInference:
    def __init__(self, program: Program, native: "_core.Inference") -> None:
        self.figures = program.figures
        self._calls = program.calls
        self._native = native

    def run(
        self,
        arrays: list[np.ndarray],
        threads: int,
        draw: Draw = NO_DRAW,
        metrics: MetricStates | None = None,
    ) -> Figures:
        if not self._calls:
            return self._run(arrays, threads, draw, None)
        with Caller(self._calls, metrics) as calls:
            return self._run(arrays, threads, draw, calls)

    def _run(self, arrays: list[np.ndarray], threads: int, draw: Draw, calls: Caller | None) -> Figures:
        outputs, sums, gradients, place = self._native.run(
            arrays, threads, in_main_thread(), draw.seed, draw.step, calls
        )
        if place is not None:
            raise NonFiniteSourceError(*place)
        return Figures(outputs, sums, gradients)


class NativeBackend:
    """The engine of csrc/engine."""

    def __init__(self, parameters: "_core.Parameters") -> None:
        self._parameters = parameters

    def plan(self, program: Program, batch_size: int, *, watched: bool = False) -> "_core.Plan":
        """How the engine runs a program; `watched`: in steps that are sampled."""
        return _core.Plan(program.to_native(watched=watched), self._parameters, batch_size)

    def trainer(self, optimizer: Optimizer, state: "_core.Optimizer", run: TrainingRun) -> Trainer:
        """A native trainer; the optimiser's update is in its state."""
        plan = self.plan(run.program, run.batch_size)
        native = _core.Trainer(
            plan, self._parameters, state, run.arrays, run.batch_size, run.shuffle, run.seed
        )
        return _NativeTrainer(run, native, plan, self.plan)

    def inference(self, program: Program, batch_size: int) -> Inference:
        """A native runner; many Python threads may use it at once."""
        plan = self.plan(program, batch_size)
        return _NativeInference(program, _core.Inference(plan, self._parameters))


def _reference_backend(parameters: "_core.Parameters") -> Backend:
    from fastdnn.reference.executor import ReferenceBackend

    return ReferenceBackend(parameters)


_BACKENDS: dict[str, Callable[["_core.Parameters"], Backend]] = {
    "native": NativeBackend,
    "reference": _reference_backend,
}


def check(name: str) -> str:
    """The name itself, if it is a backend's.

    Raises:
        ValueError: it is not.
    """
    if name not in _BACKENDS:
        raise unknown_name("compile", "a backend", name, _BACKENDS)
    return name


def make(name: str, parameters: "_core.Parameters") -> Backend:
    """The backend of a name over these parameters."""
    return _BACKENDS[name](parameters)
