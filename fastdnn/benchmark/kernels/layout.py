"""The tables of kernels."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from fastdnn.benchmark.amounts import amount, duration
from fastdnn.benchmark.row import Row
from fastdnn.benchmark.table import DRIFTED, Layout, Table

# The first one is headed by its family.
_HEADER = ("shape", "type", "thr", "time", "±", "speed", "of best", "target", "× NumPy")
_TARGET = 8
_LEFT = 3  # columns of words
_LEGEND = (
    "speed: FLOP/s of products; elem/s where arithmetic is the limit; else B/s, each array once",
    "of best: FLOP/s as a share of the peak of fused multiply-adds, else B/s as a share of a plain "
    "pass (read, copy or update) over as much memory, both on as many threads after each round; of the "
    "peak the best counts, of the passes, whose memory others share, the median of the rounds' shares. "
    "What reads more for each write than the pass may be above 100%",
    "±: the middle half of the rounds; × NumPy: NumPy's time by ours",
)


def _tables(rows: Sequence[Row]) -> list[Table]:
    """One for each family, without a column of targets where there are none."""
    found = []
    for family in dict.fromkeys(row.family for row in rows):
        own = [row for row in rows if row.family == family]
        aimed = any(row.target is not None for row in own)
        lines = [[family, *_HEADER], *map(_cells, own)]
        header, *cells = [line if aimed else line[:_TARGET] + line[_TARGET + 1 :] for line in lines]
        found.append(Table(header, cells, _LEFT))
    return found


def _cells(row: Row) -> list[str]:
    target = "" if row.target is None else f"{row.target:.0%} {'ok' if row.reached else '<<'}"
    share = f"{'~' if row.drift > DRIFTED else ''}{row.share:.0%}"
    return [
        row.kernel,
        row.shape,
        {"float32": "f32", "float64": "f64"}.get(row.dtype, row.dtype),
        str(row.threads),
        duration(row.seconds),
        f"{row.spread:.0%}",
        amount(*row.speed),
        share,
        target,
        f"{row.times_numpy:.1f}",
    ]


def _notes(rows: Sequence[Row]) -> list[str]:
    aimed = [row for row in rows if row.target is not None]
    if not aimed:
        return []
    missed = sum(not row.reached for row in aimed)
    return [f"{len(aimed) - missed} of {len(aimed)} targets reached; << marks a row below its target"]


def _read(stored: Mapping[str, Any]) -> Row:
    return Row(**{field.name: stored[field.name] for field in fields(Row)})


LAYOUT = Layout(
    legend=lambda rows: _LEGEND,
    tables=_tables,
    notes=_notes,
    read=_read,
    derived=("seconds", "spread", "rate", "share", "drift", "reached", "times_numpy"),
)
