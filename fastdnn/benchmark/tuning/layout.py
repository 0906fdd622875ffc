"""The table of searches: wall time, how many times ours that is, the best dev error."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from fastdnn.benchmark.amounts import duration, three_digits
from fastdnn.benchmark.table import Layout, Table
from fastdnn.benchmark.tuning.row import TuningRow
from fastdnn.benchmark.tuning.searchers import TITLES

_LEGEND = (
    "the same sets of values in every search, drawn at random: rate, beta_1, units, layers, batch size; each "
    "searcher has two CPUs, pinned",
    "±: the middle half of the rounds; × ours: its time into that of fastdnn's two jobs, from rounds in turn",
    "dev error: the lowest of a network; each draws first weights and orders of rows in its own way",
)


def _legend(rows: Sequence[TuningRow]) -> list[str]:
    return list(_LEGEND)


def _tables(rows: Sequence[TuningRow]) -> list[Table]:
    header = ["Search", "arrangement", "wall", "±", "× ours", "target", "dev error"]
    return [Table(header, [_cells(row) for row in rows], 2)]


def _cells(row: TuningRow) -> list[str]:
    return [
        TITLES[row.name],
        row.way,
        duration(row.seconds),
        f"{row.spread:.0%}" if row.spread else "",
        f"{three_digits(row.ratio)}×",
        "" if row.target is None else f"{row.target:g}×{'' if row.reached else ' not reached'}",
        f"{row.error:.2%}",
    ]


def _notes(rows: Sequence[TuningRow]) -> list[str]:
    aimed = [row for row in rows if row.reached is not None]
    reached = sum(bool(row.reached) for row in aimed)
    return [f"{reached} of {len(aimed)} targets reached"] if aimed else []


def _read(stored: Mapping[str, Any]) -> TuningRow:
    return TuningRow(**{field.name: stored[field.name] for field in fields(TuningRow)})


LAYOUT = Layout(
    legend=_legend,
    tables=_tables,
    notes=_notes,
    read=_read,
    derived=("seconds", "spread", "ratio", "reached"),
)
