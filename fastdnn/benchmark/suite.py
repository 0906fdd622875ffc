"""A whole run: the machine's figures, the rows, the machine's figures again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastdnn.benchmark import machine, runner
from fastdnn.benchmark.numpy_threads import Limiter
from fastdnn.benchmark.report import Report
from fastdnn.benchmark.row import Row
from fastdnn.benchmark.runner import Effort
from fastdnn.benchmark.workloads import Workload


@dataclass(frozen=True)
class Suite:
    """What shall be measured.

    Attributes:
        workloads: in the order of the table.
        threads: the numbers of threads of each.
        dtypes: whose peaks are told.
        effort: how long it takes.
    """

    workloads: Sequence[Workload]
    threads: Sequence[int]
    dtypes: Sequence[str]
    effort: Effort

    def __len__(self) -> int:
        return len(self.workloads) * len(self.threads)

    def run(self, limiter: Limiter, on_row: Callable[[Row], None]) -> Report:
        """Measure everything; a Ctrl-C ends it early, with what is done until then.

        Raises:
            ValueError: a kernel's result is wrong.
        """
        report = Report(machine.description() | {"numpy_threads": f"limited by {limiter.method}"})
        try:
            report.figures = runner.figures(self.dtypes, self.threads, self.effort)
            for row in runner.run(self.workloads, self.threads, self.effort, limiter):
                report.rows.append(row)
                on_row(row)
            report.end(runner.figures(self.dtypes, self.threads, self.effort))
        except KeyboardInterrupt:
            report.complete = False
        return report
