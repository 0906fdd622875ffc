"""A whole run: for each number of threads the machine's figures, the cases, the figures again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastdnn.benchmark import machine
from fastdnn.benchmark.frameworks import Framework
from fastdnn.benchmark.networks.cases import Case
from fastdnn.benchmark.networks.cpus import chosen
from fastdnn.benchmark.networks.row import NetworkRow
from fastdnn.benchmark.networks.workers import Workers
from fastdnn.benchmark.report import Report
from fastdnn.benchmark.runner import Effort

# A round of training holds what `fit` does once, checking the data and planning: so it is long.
# Idle threads of OpenBLAS spin for about 25 ms before they sleep, those of the others for less.
THOROUGH = Effort(
    rounds=9, seconds=0.4, probe_seconds=5e-3, pause_seconds=0.05, settle_seconds=0.08, memory_bytes=0
)
QUICK = Effort(
    rounds=3, seconds=0.1, probe_seconds=2e-3, pause_seconds=0.05, settle_seconds=0.08, memory_bytes=0
)


@dataclass(frozen=True)
class NetworkSuite:
    """What shall be compared.

    Attributes:
        cases: in the order of the tables.
        threads: the numbers of threads of each.
        peers: beside fastdnn; those that are not installed are named in the report.
        effort: how long it takes.
    """

    cases: Sequence[Case]
    threads: Sequence[int]
    peers: Sequence[Framework]
    effort: Effort

    def __len__(self) -> int:
        return len(self.cases) * len(self.threads)

    def run(self, on_row: Callable[[NetworkRow], None], on_note: Callable[[str], None]) -> Report:
        """Measure everything; a Ctrl-C ends it early, with what is done until then.

        Args:
            on_row: is told each row.
            on_note: is told what could not be done.

        Raises:
            ValueError: frameworks do not agree, or fastdnn fails.
        """
        report = Report(self._description(), kind="networks")

        def note(text: str) -> None:
            report.notes.append(text)
            on_note(text)

        try:
            for count in self.threads:
                self._run(count, report, on_row, note)
        except KeyboardInterrupt:
            report.complete = False
        order = [(row.family, row.case) for row in report.rows]
        report.rows.sort(key=lambda row: order.index((row.family, row.case)))
        return report

    def _run(
        self,
        threads: int,
        report: Report,
        on_row: Callable[[NetworkRow], None],
        note: Callable[[str], None],
    ) -> None:
        """On so many threads."""
        present = [peer for peer in self.peers if not peer.missing]
        with Workers(present, threads, note) as workers:
            report.figures += workers.figures(self.effort)
            for case in self.cases:
                workers.take_part(trains=case.trains)
                row = case.measure(workers, self.effort)
                report.rows.append(row)
                on_row(row)
            report.end(workers.figures(self.effort))

    def _description(self) -> dict[str, str]:
        pinned = [f"{count} on {', '.join(map(str, chosen(count)))}" for count in self.threads]
        state = {peer.title: peer.state for peer in self.peers}
        where = f"threads on CPUs: {'; '.join(pinned)}" if chosen(1) else "not possible on this system"
        return machine.description() | {"pinned": where} | state
