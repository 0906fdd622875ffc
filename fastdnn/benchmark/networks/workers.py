"""The processes of all frameworks, on one number of threads."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastdnn.benchmark.frameworks import FASTDNN, Framework
from fastdnn.benchmark.networks.process import Process
from fastdnn.benchmark.row import Figure
from fastdnn.benchmark.runner import Effort


class Workers:
    """Started when they are first asked, ended together.

    Args:
        peers: beside fastdnn.
        threads: of each.
        note: is told what went wrong with a peer.

    >>> from fastdnn.benchmark.networks.workers import Workers
    >>> with Workers([], 1, print) as workers:
    ...     workers.names
    ['fastdnn']
    """

    def __init__(self, peers: Sequence[Framework], threads: int, note: Callable[[str], None]) -> None:
        self.threads = threads
        self.note = note
        self._frameworks = {framework.name: framework for framework in (FASTDNN, *peers)}
        self._allowed = list(self._frameworks)
        self._processes: dict[str, Process] = {}

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes.values():
            process.close()
        self._processes.clear()

    @property
    def names(self) -> list[str]:
        """Of the frameworks that take part now."""
        return list(self._allowed)

    def take_part(self, *, trains: bool) -> None:
        """Those that train, or all."""
        self._allowed = [n for n, framework in self._frameworks.items() if framework.trains or not trains]

    def tolerance(self, name: str) -> float:
        """By how much its losses may differ from fastdnn's, relatively."""
        return self._frameworks[name].tolerance

    def process(self, name: str) -> Process:
        """The one of this framework; one that failed is started anew."""
        if name in self._processes and self._processes[name].ended:
            self._processes.pop(name).close()
        if name not in self._processes:
            self._processes[name] = Process(self._frameworks[name], self.threads)
        return self._processes[name]

    def ask_fresh(self, name: str, do: str, question: Mapping[str, Any]) -> Any:
        """The answer of a process that is started for it."""
        process = Process(self._frameworks[name], self.threads)
        try:
            return process.ask(do, **question)
        finally:
            process.close()

    def peak(self, effort: Effort) -> float:
        """FLOP/s at best, on the CPUs of the workers."""
        return float(self._machine(effort)["peak"])

    def figures(self, effort: Effort) -> list[Figure]:
        """The machine's own."""
        told = self._machine(effort)
        found = [Figure("peak float32", self.threads, "FLOP/s", told["peak"])]
        if self.threads > 1:
            found.append(Figure("barrier", self.threads, "s", told["barrier"]))
        return found

    def _machine(self, effort: Effort) -> dict[str, float]:
        time.sleep(effort.pause_seconds)  # until the threads of those before sleep
        told: dict[str, float] = self.process(FASTDNN.name).ask("machine", seconds=effort.probe_seconds)
        return told
