"""What was measured, as a table for a terminal, as Markdown and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from textwrap import wrap
from typing import Any

from fastdnn.benchmark.row import Figure, Row, change
from fastdnn.errors import expected
from fastdnn.report import table

_FORMAT = "fastdnn-bench"
_VERSION = 1
# The first one is headed by its family.
_HEADER = ("shape", "type", "thr", "time", "±", "speed", "of best", "target", "× NumPy")
_TARGET = 8
_WIDTH = 110
_LEFT = 3  # columns of words
_LEGEND = (
    "speed: FLOP/s of products; elem/s where arithmetic is the limit; else B/s, each array once",
    "of best: FLOP/s as a share of the peak of fused multiply-adds, else B/s as a share of a plain "
    "pass (read, copy or update) over as much memory; both measured before and after the row, on as many "
    "threads; the better one counts. What reads more for each write than the pass may be above 100%",
    "±: the middle half of the rounds; × NumPy: NumPy's time by ours",
)
_DRIFTED = 0.1  # a yardstick that changed by more is marked
_LABELS = {
    "cpu": "CPU",
    "cpus": "CPUs",
    "numpy": "NumPy",
    "python": "Python",
    "numpy_threads": "NumPy's threads",
}


@dataclass
class Report:
    """All that a run found.

    Attributes:
        machine: what `machine.description` says, and how NumPy's threads were limited.
        figures: the machine's own.
        rows: one for each workload and number of threads.
        complete: False when it was interrupted.
    """

    machine: dict[str, str]
    figures: list[Figure] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    complete: bool = True

    def end(self, figures: Sequence[Figure]) -> None:
        """Take in the machine's figures at the end."""
        later = {(figure.name, figure.threads): figure.before for figure in figures}
        self.figures = [replace(f, after=later.get((f.name, f.threads))) for f in self.figures]


def merged(parts: Sequence[Report]) -> Report:
    """One report from those of several processes: rows of the same workload stand together.

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
    lines += ["", *(line for part in _LEGEND for line in wrap(part, _WIDTH, subsequent_indent="  "))]
    for header, rows in _families(report):
        lines += ["", table(header, rows, _numeric(header))]
    return "\n".join([*lines, "", *_notes(report)]).rstrip()


def markdown(report: Report) -> str:
    """The same, for a page."""
    lines = [f"- {name}: {value}" for name, value in _machine(report).items()]
    if report.figures:
        lines += ["", *_markdown_table(_FIGURE_HEADER, _figure_cells(report), (1, 2, 3, 4))]
    lines += ["", *(f"- {part}" for part in _LEGEND)]
    for header, rows in _families(report):
        lines += ["", *_markdown_table(header, rows, _numeric(header))]
    return "\n".join([*lines, "", *_notes(report), ""])


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
        after = "" if figure.after is None else _amount(figure.after, figure.unit)
        drift = "" if figure.after is None else f"{change(figure.before, figure.after):.0%}"
        rows.append([figure.name, str(figure.threads), _amount(figure.before, figure.unit), after, drift])
    return rows


def _families(report: Report) -> list[tuple[list[str], list[list[str]]]]:
    """A table for each, with its header: without a column of targets where there are none."""
    found = []
    for family in dict.fromkeys(row.family for row in report.rows):
        rows = [row for row in report.rows if row.family == family]
        aimed = any(row.target is not None for row in rows)
        lines = [[family, *_HEADER], *map(_cells, rows)]
        header, *cells = [line if aimed else line[:_TARGET] + line[_TARGET + 1 :] for line in lines]
        found.append((header, cells))
    return found


def _numeric(header: Sequence[str]) -> range:
    return range(_LEFT, len(header))


def _cells(row: Row) -> list[str]:
    target = "" if row.target is None else f"{row.target:.0%} {'ok' if row.reached else '<<'}"
    share = f"{'~' if row.drift > _DRIFTED else ''}{row.share:.0%}"
    return [
        row.kernel,
        row.shape,
        {"float32": "f32", "float64": "f64"}.get(row.dtype, row.dtype),
        str(row.threads),
        duration(row.seconds),
        f"{row.spread:.0%}",
        _amount(*row.speed),
        share,
        target,
        f"{row.times_numpy:.1f}",
    ]


def _notes(report: Report) -> list[str]:
    notes = []
    aimed = [row for row in report.rows if row.target is not None]
    if aimed:
        missed = sum(not row.reached for row in aimed)
        notes.append(
            f"{len(aimed) - missed} of {len(aimed)} targets reached; << marks a row below its target"
        )
    if any(row.drift > _DRIFTED for row in report.rows):
        notes.append(f"~ the machine's own speed changed by more than {_DRIFTED:.0%} around this row")
    if not report.complete:
        notes.append("interrupted: what was done until then")
    return notes


def duration(seconds: float) -> str:
    """Three digits with their unit.

    >>> from fastdnn.benchmark.report import duration
    >>> duration(9.87e-7), duration(1.5e-3), duration(12.0)
    ('987 ns', '1.50 ms', '12.0 s')
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-9)} ns"


def _three_digits(value: float) -> str:
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def _amount(value: float, unit: str) -> str:
    return duration(value) if unit == "s" else f"{_three_digits(value / 1e9)} G{unit}"


# ---------------------------------------------------------------------------------------------------- as JSON


def to_json(report: Report) -> str:
    """All figures, in seconds, bytes and floating-point operations, also those that follow from others."""
    rows = [asdict(row) | {name: getattr(row, name) for name in _DERIVED} for row in report.rows]
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "complete": report.complete,
        "machine": report.machine,
        "figures": [asdict(figure) for figure in report.figures],
        "rows": rows,
    }
    return json.dumps(content, indent=1)


_DERIVED = ("rate", "share", "drift", "reached", "times_numpy")


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
    return Report(
        machine=read["machine"],
        figures=[Figure(**figure) for figure in read["figures"]],
        rows=[Row(**{name: row[name] for name in _ROW_FIELDS}) for row in read["rows"]],
        complete=read["complete"],
    )


_ROW_FIELDS = [f.name for f in fields(Row)]
