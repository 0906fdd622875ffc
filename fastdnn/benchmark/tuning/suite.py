"""A whole run: every searcher made ready, the best way of each peer found, then rounds of A B C A B C."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastdnn.benchmark import machine
from fastdnn.benchmark.frameworks import Framework
from fastdnn.benchmark.networks.cpus import chosen
from fastdnn.benchmark.networks.process import Process
from fastdnn.benchmark.report import Report
from fastdnn.benchmark.tuning.row import TuningRow
from fastdnn.benchmark.tuning.searchers import OURS, target_of
from fastdnn.errors import expected

_CPUS = 2
_OUR_WAY = "2 jobs"
_ERROR_DIGITS = 6  # a row is 0.003; equal shares, of float32 or float64, become equal numbers
_PAUSE_SECONDS = 0.1  # until the threads of those before sleep
_WARM = (4, 1)  # trials and epochs of a first search, in which all is imported and started


@dataclass(frozen=True)
class TuningEffort:
    """rounds of searches with so many trials and epochs; ways are compared by a share of the trials."""

    rounds: int
    trials: int
    epochs: int
    tried: int


THOROUGH = TuningEffort(rounds=3, trials=40, epochs=20, tried=10)
QUICK = TuningEffort(rounds=1, trials=12, epochs=5, tried=4)


@dataclass
class _Side:
    """One searcher in one arrangement."""

    process: Process
    way: str
    rounds: list[float] = field(default_factory=list)
    error: float = 1.0

    @property
    def name(self) -> str:
        return self.process.framework.name

    def search(self, trials: int, epochs: int) -> float:
        """Seconds; keeps the best dev error."""
        told: dict[str, Any] = self.process.ask("search", way=self.way, trials=trials, epochs=epochs)
        self.error = round(min(told["errors"]), _ERROR_DIGITS)
        return float(told["seconds"])


@dataclass(frozen=True)
class TuningSuite:
    """What shall be compared.

    Attributes:
        peers: beside fastdnn; those that are not installed are named in the report.
        effort: how long it takes.
    """

    peers: Sequence[Framework]
    effort: TuningEffort

    def __len__(self) -> int:
        return self.effort.rounds

    def run(self, on_round: Callable[[str], None], on_note: Callable[[str], None]) -> Report:
        """Measure everything; a Ctrl-C ends it early, with the rounds that are done.

        Raises:
            ValueError: fastdnn fails.
        """
        report = Report(self._description(), kind="tuning")

        def note(text: str) -> None:
            report.notes.append(text)
            on_note(text)

        sides: list[_Side] = []
        processes: list[Process] = []
        try:
            for searcher in (OURS, *(peer for peer in self.peers if not peer.missing)):
                processes.append(Process(searcher, _CPUS))
                sides += self._ready(processes[-1], note)
            for _ in range(self.effort.rounds):
                sides = self._round(sides, note)
                on_round(", ".join(f"{side.name} {side.way} {side.rounds[-1]:.2f} s" for side in sides))
        except KeyboardInterrupt:
            report.complete = False
        finally:
            for process in processes:
                process.close()
        report.rows = _rows(sides)
        return report

    def _round(self, sides: Sequence[_Side], note: Callable[[str], None]) -> list[_Side]:
        """Each has its turn; those that did not fail in theirs."""
        taken: list[tuple[_Side, float]] = []
        for side in sides:
            time.sleep(_PAUSE_SECONDS)
            try:
                taken.append((side, side.search(self.effort.trials, self.effort.epochs)))
            except RuntimeError as error:
                _forgive(side.process, error, note)
        for side, seconds in taken:
            side.rounds.append(seconds)
        return [side for side, _ in taken]

    def _ready(self, process: Process, note: Callable[[str], None]) -> list[_Side]:
        """All ways of fastdnn, the fastest of a peer; a peer that fails is left out and noted."""
        try:
            sides = [_Side(process, way) for way in process.ask("search_ways")]
            for side in sides:
                side.search(*_WARM)
            if process.framework is OURS or len(sides) == 1:
                return sides
            return [min(sides, key=lambda side: side.search(self.effort.tried, self.effort.epochs))]
        except RuntimeError as error:
            _forgive(process, error, note)
            return []

    def _description(self) -> dict[str, str]:
        if OURS.missing:
            raise ValueError(expected("bench tune", "optuna", "none installed", OURS.install))
        state = {peer.title: peer.state for peer in (OURS, *self.peers)}
        state["Optuna, in fastdnn"] = state.pop(OURS.title)
        cpus = chosen(_CPUS)
        pinned = f"to CPUs {', '.join(map(str, cpus))}" if cpus else "not possible on this system"
        effort = self.effort
        what = f"{effort.trials} trials of {effort.epochs} epochs on the digits, median of {effort.rounds}"
        return machine.description() | {"search": what, "pinned": pinned} | state


def _forgive(process: Process, error: RuntimeError, note: Callable[[str], None]) -> None:
    """A peer that fails is left out and noted; fastdnn is not."""
    if process.framework is OURS:
        raise ValueError(f"[bench] {error}") from error
    note(f"{error}: left out")


def _rows(sides: Sequence[_Side]) -> list[TuningRow]:
    """Of the rounds that all have done."""
    done = [side for side in sides if side.rounds]
    ours = next((side for side in done if side.way == _OUR_WAY and side.name == OURS.name), None)
    if ours is None:
        return []
    seconds = statistics.median(ours.rounds)
    return [
        TuningRow(
            side.name, side.way, side.rounds, side.error, seconds, ours.error, target_of(side.name, side.way)
        )
        for side in done
    ]
