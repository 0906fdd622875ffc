"""How a CSV file is written: which character is between the fields, and whether the first line names them."""

import csv
import itertools
import math
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from fastdnn.data.csv_lines import text_lines
from fastdnn.errors import expected
from fastdnn.io.files import FormatError

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SAMPLE_LINES: Final = 50
_SAMPLE_CHARACTERS: Final = 1 << 20
MOST_COLUMNS: Final = 100_000


@dataclass(frozen=True)
class CsvForm:
    """What has to be known before records can be read."""

    delimiter: str
    header: bool
    names: tuple[str, ...]

    @property
    def delimiter_name(self) -> str:
        """The delimiter in words.

        >>> from fastdnn.data.csv_form import CsvForm
        >>> CsvForm("\\t", True, ("a", "b")).delimiter_name
        'tab'
        """
        return DELIMITERS.get(self.delimiter, repr(self.delimiter))


def detect(
    path: str | os.PathLike[str],
    where: str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    known: Collection[str] = (),
) -> CsvForm:
    """Look at the first lines of a file.

    delimiter
        None takes that of comma, semicolon, tab and vertical bar which cuts all of the first 50 lines into
        one and the same number of fields, the largest such number; where none does, that with the most fields
        in the first line.
    header
        Whether the first line has the columns' names. None says yes where a field of it is one of the `known`
        names, or where none is a number. Without names the columns are column_1, column_2, ...

    Raises:
        ValueError: the delimiter is no single character.
        FormatError: the file is empty or no text, has a name twice, or more than 100,000 columns.
    """
    check_delimiter(where, delimiter)
    lines = _sample(path, where)
    if not any(line.strip() for line in lines):
        raise FormatError("expected a line of names and rows under it, got an empty file")
    found = delimiter if delimiter is not None else _delimiter(lines)
    first = next(record for record in _records(lines, found) if record)
    if len(first) > MOST_COLUMNS:
        raise FormatError(
            f"expected at most {MOST_COLUMNS:,} columns, got {len(first):,} fields in the first line; "
            "is this a table, and its delimiter right?"
        )
    cells = [cell.strip() for cell in first]
    if header is None:
        header = not set(cells).isdisjoint(known) or not any(_is_number(cell) for cell in cells)
    names = [cell if header and cell else f"column_{i}" for i, cell in enumerate(cells, 1)]
    _check_names(names)
    return CsvForm(found, header, tuple(names))


def check_delimiter(where: str, delimiter: str | None) -> None:
    """Raises ValueError where a delimiter is given and is none."""
    if delimiter is None:
        return
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n\0 ':
        hint = 'such as ",", ";" or a tab, "\\t"'
        raise ValueError(expected(where, "delimiter as one character", repr(delimiter), hint))


def _sample(path: str | os.PathLike[str], where: str) -> list[str]:
    """The first lines, without a last one that may be the beginning of a longer record."""
    with text_lines(path, where) as lines:
        sample = list(itertools.islice(lines, _SAMPLE_LINES))
    total = list(itertools.accumulate(map(len, sample)))
    fit = sum(size <= _SAMPLE_CHARACTERS for size in total)
    return sample[: max(1, fit)]


def _records(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Fields by line; what is malformed is met when the file is read."""
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    records: list[list[str]] = []
    try:
        records.extend(reader)
    except csv.Error:
        records.append(["a field too large"])
    return records


def _delimiter(lines: Sequence[str]) -> str:
    best, best_score = ",", (False, 1)
    for delimiter in DELIMITERS:
        records = [record for record in _records(lines, delimiter) if record]
        if len(lines) == _SAMPLE_LINES and len(records) > 1:
            del records[-1]  # it may go on under the sample
        widths = [len(record) for record in records]
        score = (len(set(widths)) == 1 and widths[0] > 1, widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text.replace(",", ".")))
    except ValueError:
        return False


def _check_names(names: Sequence[str]) -> None:
    places: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if name in places:
            raise FormatError(
                f"expected each column's name once, got {name!r} as columns {places[name]} and {place} in "
                "line 1; rename one"
            )
        places[name] = place
