"""The rows of the tables of networks: what is done for each."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fastdnn.benchmark.frameworks import FASTDNN
from fastdnn.benchmark.frameworks.contender import UnsupportedError
from fastdnn.benchmark.networks import catalog, contest
from fastdnn.benchmark.networks.contest import Side
from fastdnn.benchmark.networks.digits import TEST_ERROR
from fastdnn.benchmark.networks.network import Network
from fastdnn.benchmark.networks.process import Process
from fastdnn.benchmark.networks.row import NetworkRow, Result
from fastdnn.benchmark.networks.workers import Workers
from fastdnn.benchmark.row import spread
from fastdnn.benchmark.runner import Effort
from fastdnn.errors import expected

STEP, PREDICTION, MEMORY, RACE = "Training step", "Prediction", "Peak memory", "Time to error"
_SEEDS = 10
_QUICK_SEEDS = 3


class Case(Protocol):
    """Something that all frameworks do."""

    @property
    def label(self) -> str:
        """What `--filter` looks at."""
        ...

    @property
    def trains(self) -> bool:
        """Whether it is for frameworks that train."""
        ...

    def measure(self, workers: Workers, effort: Effort) -> NetworkRow:
        """The row."""
        ...


@dataclass(frozen=True)
class Step:
    """Training steps of a network."""

    network: Network
    trains: bool = True

    @property
    def label(self) -> str:
        """step and name."""
        return f"step {self.network.name}"

    def measure(self, workers: Workers, effort: Effort) -> NetworkRow:
        """Losses must agree; then epochs, in turn."""
        ready = _ready(workers, "train", network=self.network.fields)
        losses = {name: told["losses"] for name, (_, told) in ready.items()}
        contest.agree(self.label, losses, lambda name, ours: workers.tolerance(name) * np.abs(ours))
        sides = _sides(ready, "run", "epochs")
        before = workers.peak(effort)
        results = contest.rounds(sides, effort, self.network.batches)
        name, threads = self.network.name, workers.threads
        targets = catalog.STEP_TARGETS.get(name, {}).get(threads, {})
        floor = (self.network.flops(), before, workers.peak(effort))
        return NetworkRow(STEP, name, self.network.text, threads, "s", results, *floor, targets)


@dataclass(frozen=True)
class Prediction:
    """Predictions of some rows from Python."""

    network: Network
    rows: int
    trains: bool = False

    @property
    def label(self) -> str:
        """predict, name and rows."""
        return f"predict {self.network.name} {self._rows_text}"

    @property
    def _rows_text(self) -> str:
        return f"{self.rows} row{'s' if self.rows > 1 else ''}"

    def measure(self, workers: Workers, effort: Effort) -> NetworkRow:
        """Probabilities must agree; then calls, in turn."""
        ready = _ready(workers, "predict", network=self.network.fields, rows=self.rows)
        outputs = {name: told["outputs"] for name, (_, told) in ready.items()}
        contest.agree(self.label, outputs, lambda name, ours: np.full_like(ours, contest.OUTPUT_TOLERANCE))
        sides = _sides(ready, "repeat", "count")
        before = workers.peak(effort)
        results = contest.rounds(sides, effort, 1)
        threads = workers.threads
        targets = catalog.PREDICTION_TARGETS.get(self.rows, {}).get(threads, {})
        floor = (self.network.flops(self.rows, backward=False), before, workers.peak(effort))
        detail = f"{self.network.name} {'-'.join(map(str, self.network.sizes))} with softmax"
        return NetworkRow(PREDICTION, self._rows_text, detail, threads, "s", results, *floor, targets)


@dataclass(frozen=True)
class Memory:
    """The peak of a process over what it had with data and framework, `making` or `training` the network."""

    network: Network
    phase: str
    trains: bool = True

    @property
    def label(self) -> str:
        """memory, name and phase."""
        return f"memory {self.network.name} {self.phase}"

    def measure(self, workers: Workers, effort: Effort) -> NetworkRow:
        """In processes that have done nothing before."""
        told = _fresh(workers, "memory", network=self.network.fields)
        results = {name: Result(one[self.phase], way=one["way"]) for name, one in told.items()}
        targets = catalog.MEMORY_TARGETS.get(workers.threads, {}) if self.phase == "training" else {}
        case, detail = f"{self.network.name}, {self.phase}", "over that with framework and data loaded"
        return NetworkRow(MEMORY, case, detail, workers.threads, "B", results, targets=targets)


@dataclass(frozen=True)
class Race:
    """Time to a test error on digits; `first`: of a process's first model, with what is compiled for it."""

    first: bool
    trains: bool = True

    @property
    def label(self) -> str:
        """race digits."""
        return f"race digits{' first' if self.first else ''}"

    def measure(self, workers: Workers, effort: Effort) -> NetworkRow:
        """The mean over seeds, or the first one alone."""
        seeds = 0 if self.first else _SEEDS if effort.rounds > _QUICK_SEEDS else _QUICK_SEEDS
        told = _fresh(workers, "race", seeds=seeds, error=TEST_ERROR)
        results = {name: self._result(one) for name, one in told.items()}
        case = "first model" if self.first else "digits"
        runs = (
            "with all that is compiled for it" if self.first else f"mean of {seeds} splits and first weights"
        )
        detail = f"64-512-10, batch 64, to {TEST_ERROR:.0%} test error; {runs}"
        return NetworkRow(RACE, case, detail, workers.threads, "s", results)

    def _result(self, told: Mapping[str, Any]) -> Result:
        if self.first:
            return Result(told["first"])
        extra = {"epochs": statistics.mean(told["epochs"])}
        return Result(statistics.mean(told["seconds"]), spread(told["seconds"]), extra=extra)


def steps() -> list[Case]:
    """What trains."""
    networks: list[Case] = [Step(network) for network in catalog.networks()]
    memories = [Memory(catalog.WIDE, phase) for phase in ("making", "training")]
    return [*networks, *memories, Race(first=False), Race(first=True)]


def predictions() -> list[Case]:
    """What predicts."""
    return [Prediction(catalog.MNIST, rows) for rows in catalog.PREDICTION_ROWS]


SUITES = {"steps": steps, "predict": predictions}


def cases(suites: Sequence[str], part: str = "") -> list[Case]:
    """Those of some suites whose labels contain `part`.

    Raises:
        ValueError: there are none.

    >>> from fastdnn.benchmark.networks.cases import cases
    >>> [case.label for case in cases(["steps", "predict"], "mnist")][:2]
    ['step mnist', 'predict mnist 1 row']
    """
    every = [case for suite in suites for case in SUITES[suite]()]
    found = [case for case in every if part.lower() in case.label]
    if not found:
        labels = ", ".join(case.label for case in every)
        raise ValueError(expected("bench", f"a part of one of the names {labels}", repr(part)))
    return found


def _ready(workers: Workers, do: str, **question: Any) -> dict[str, tuple[Process, dict[str, Any]]]:
    """Those that can, with what they told."""
    return {name: (workers.process(name), told) for name, told in _asked(workers, False, do, question)}


def _fresh(workers: Workers, do: str, **question: Any) -> dict[str, dict[str, Any]]:
    """What processes told that have done nothing before."""
    return dict(_asked(workers, True, do, question))


def _asked(workers: Workers, fresh: bool, do: str, question: dict[str, Any]) -> list[tuple[str, Any]]:
    """Answers of all that have one; a peer that fails is left out and noted, fastdnn is not forgiven."""
    found = []
    for name in workers.names:
        try:
            told = (
                workers.ask_fresh(name, do, question) if fresh else workers.process(name).ask(do, **question)
            )
        except UnsupportedError:
            continue
        except RuntimeError as error:
            if name == FASTDNN.name:
                raise ValueError(f"[bench] {error}") from error
            workers.note(str(error))
            continue
        for note in told.get("notes", ()):
            workers.note(f"{name} {note}")
        found.append((name, told))
    return found


def _sides(ready: Mapping[str, tuple[Process, dict[str, Any]]], do: str, argument: str) -> list[Side]:
    return [
        Side(
            name,
            contest.asker(process, do, argument),
            told["way"],
            {"threads": told["threads"]} if "threads" in told else {},
        )
        for name, (process, told) in ready.items()
    ]
