"""What a report of one kind adds to the common page: its tables, and how its rows are stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DRIFTED = 0.1  # a yardstick that changed by more is marked


@dataclass(frozen=True)
class Table:
    """A heading with lines of cells, of which the first columns are words and the others figures."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int

    @property
    def numeric(self) -> range:
        """Columns of figures."""
        return range(self.words, len(self.header))


@dataclass(frozen=True)
class Layout:
    """Of the rows of one kind of report.

    Attributes:
        legend: what the columns mean, from the rows.
        tables: from the rows.
        notes: what is to be said below, from the rows.
        read: a row from what `derived` and the row's own fields became in JSON.
        derived: properties that are stored, too.
    """

    legend: Callable[[Sequence[Any]], Sequence[str]]
    tables: Callable[[Sequence[Any]], Sequence[Table]]
    notes: Callable[[Sequence[Any]], Sequence[str]]
    read: Callable[[Mapping[str, Any]], Any]
    derived: Sequence[str]
