"""What was measured, as a table for a terminal, as Markdown and as JSON."""

import importlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from textwrap import wrap
from typing import Any

from fastdnn.benchmark.amounts import amount
from fastdnn.benchmark.row import Figure, change
from fastdnn.benchmark.table import DRIFTED, Layout
from fastdnn.errors import expected
from fastdnn.report import table

_FORMAT = "fastdnn-bench"
_VERSION = 2
_WIDTH = 110
_LABELS = {
    "cpu": "CPU",
    "cpus": "CPUs",
    "numpy": "NumPy",
    "python": "Python",
    "numpy_threads": "NumPy's threads",
}
_LAYOUTS = {kind: f"fastdnn.benchmark.{kind}.layout" for kind in ("kernels", "networks", "tuning")}


@dataclass
class Report:
    """All that a run found.

    Attributes:
        machine: what `machine.description` says, and how threads were limited.
        figures: the machine's own.
        rows: one for each workload and number of threads.
        complete: False when it was interrupted.
        kind: "kernels", "networks" or "tuning", whose `layout` shows the rows.
        notes: what else is to be said.
    """

    machine: dict[str, str]
    figures: list[Figure] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    complete: bool = True
    kind: str = "kernels"
    notes: list[str] = field(default_factory=list)

    @property
    def layout(self) -> Layout:
        """Of the rows."""
        found: Layout = importlib.import_module(_LAYOUTS[self.kind]).LAYOUT
        return found

    def end(self, figures: Sequence[Figure]) -> None:
        """Take in the machine's figures at the end."""
        later = {(figure.name, figure.threads): figure.before for figure in figures}
        self.figures = [replace(f, after=later.get((f.name, f.threads), f.after)) for f in self.figures]


def merged(parts: Sequence[Report]) -> Report:
    """One report on kernels from those of several processes: rows of the same workload stand together.

    >>> from fastdnn.benchmark.report import Report, merged
    >>> merged([Report({"cpu": "x"}), Report({"cpu": "x"}, complete=False)]).complete
    False
    """
    order: dict[tuple[str, str, str], int] = {}
    rows = [row for part in parts for row in part.rows]
    for row in rows:
        order.setdefault((row.kernel, row.shape, row.dtype), len(order))
    rows.sort(key=lambda row: (order[row.kernel, row.shape, row.dtype], row.threads))
    figures = [figure for part in parts for figure in part.figures]
    return Report(parts[0].machine, figures, rows, all(part.complete for part in parts))


# ---------------------------------------------------------------------------------------------------- as text


def text(report: Report) -> str:
    """For a terminal of 110 columns."""
    width = max(map(len, _machine(report)), default=0)
    lines = [f"{name:{width}}  {value}" for name, value in _machine(report).items()]
    if report.figures:
        lines += ["", table(_FIGURE_HEADER, _figure_cells(report), numeric=(1, 2, 3, 4))]
    lines += ["", *_wrapped(report.layout.legend(report.rows))]
    for one in report.layout.tables(report.rows):
        lines += ["", table(one.header, one.rows, one.numeric)]
    return "\n".join([*lines, "", *_wrapped(_notes(report))]).rstrip()


def _wrapped(parts: Sequence[str]) -> list[str]:
    return [line for part in parts for line in wrap(part, _WIDTH, subsequent_indent="  ")]


def markdown(report: Report) -> str:
    """The same, for a page."""
    lines = [f"- {name}: {value}" for name, value in _machine(report).items()]
    if report.figures:
        lines += ["", *_markdown_table(_FIGURE_HEADER, _figure_cells(report), (1, 2, 3, 4))]
    lines += ["", *(f"- {part}" for part in report.layout.legend(report.rows))]
    for one in report.layout.tables(report.rows):
        lines += ["", *_markdown_table(one.header, one.rows, one.numeric)]
    return "\n".join([*lines, "", *(f"- {note}" for note in _notes(report)), ""])


def _markdown_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int]
) -> list[str]:
    rule = ["---:" if column in numeric else "---" for column in range(len(header))]
    return [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]


def _machine(report: Report) -> dict[str, str]:
    return {_LABELS.get(name, name): value for name, value in report.machine.items()}


_FIGURE_HEADER = ("this machine at best", "thr", "before", "after", "drift")


def _figure_cells(report: Report) -> list[list[str]]:
    rows = []
    for figure in report.figures:
        after = "" if figure.after is None else amount(figure.after, figure.unit)
        drift = "" if figure.after is None else f"{change(figure.before, figure.after):.0%}"
        rows.append([figure.name, str(figure.threads), amount(figure.before, figure.unit), after, drift])
    return rows


def _notes(report: Report) -> list[str]:
    notes = [*report.layout.notes(report.rows), *report.notes]
    if any(row.drift > DRIFTED for row in report.rows):
        notes.append(f"~ the machine's own speed changed by more than {DRIFTED:.0%} meanwhile")
    if not report.complete:
        notes.append("interrupted: what was done until then")
    return notes


# ---------------------------------------------------------------------------------------------------- as JSON


def to_json(report: Report) -> str:
    """All figures, in seconds, bytes and floating-point operations, also those that follow from others."""
    derived = report.layout.derived
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "kind": report.kind,
        "complete": report.complete,
        "machine": report.machine,
        "figures": [asdict(figure) for figure in report.figures],
        "rows": [asdict(row) | {name: getattr(row, name) for name in derived} for row in report.rows],
        "notes": report.notes,
    }
    return json.dumps(content, indent=1)


def from_json(content: str) -> Report:
    """What `to_json` wrote.

    Raises:
        ValueError: it is something else.

    >>> from fastdnn.benchmark.report import Report, from_json, to_json
    >>> from_json(to_json(Report({"cpu": "x"}))).machine
    {'cpu': 'x'}
    """
    read: Any = json.loads(content)
    if not isinstance(read, dict) or (read.get("format"), read.get("version")) != (_FORMAT, _VERSION):
        raise ValueError(expected("bench", f"a report of format {_FORMAT} {_VERSION}", "something else"))
    report = Report(
        machine=read["machine"],
        figures=[Figure(**figure) for figure in read["figures"]],
        complete=read["complete"],
        kind=read["kind"],
        notes=read["notes"],
    )
    report.rows = [report.layout.read(row) for row in read["rows"]]
    return report
