"""From the text of a CSV file to columns: one pass, and a second one for columns whose texts begin late."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from fastdnn.data.column_readers import (
    MOST_TEXTS,
    NotNumberError,
    NumberReader,
    TextReader,
    as_boolean,
    boolean_if_so,
)
from fastdnn.data.csv_blocks import read_blocks
from fastdnn.data.csv_form import CsvForm
from fastdnn.data.mixed_numbers import mixture
from fastdnn.data.table_column import Column, Kind, merged, quoted
from fastdnn.io.files import FormatError

_MANY_TEXTS: Final = 100
_DATES: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})( .*)?"
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
)
_WHOLE: Final = re.compile(r"[-+]?\d+")
_COMMA_NUMBER: Final = re.compile(r"[-+]?\d*,\d+|[-+]?\d{1,3}([.,' ]\d{3})+([.,]\d+)?")
_REMEDY: Final = (
    "exclude=[{name!r}] (--exclude) leaves the column out, "
    "categories=[{name!r}] (--categories) takes it as texts"
)


@dataclass(frozen=True)
class Reading:
    """How cells are read: as numbers where nothing else is said.

    >>> from fastdnn.data.csv_columns import Reading
    >>> Reading(frozenset({""})).decimal
    '.'
    """

    missing: frozenset[str]
    decimal: str = "."
    categories: frozenset[str] = frozenset()
    kinds: Mapping[str, Kind] = field(default_factory=dict)  # those that columns must be of


@dataclass(frozen=True)
class Found:
    """What a file's columns turned out to be."""

    columns: dict[str, Column]
    left_out: dict[str, str]
    notes: list[str]
    rows: int


def read_columns(
    path: str | os.PathLike[str],
    where: str,
    form: CsvForm,
    wanted: Mapping[str, int],
    reading: Reading,
    target: str | None,
) -> Found:
    """The wanted columns, by name and place, and why some of them were not taken.

    Raises:
        FormatError: cells cannot be read as they must; see `fastdnn.data.load_csv`.
    """
    readers, rows = _read(path, where, form, wanted, reading)
    found = Found({}, {}, [], rows)
    for name, reader in readers.items():
        column = _column(reader, reading, name == target)
        reason = "" if isinstance(column, Column) else column
        if isinstance(column, Column) and name not in reading.kinds and name != target:
            reason = useless(column, name in reading.categories)
        if isinstance(reader, TextReader) and not _is_forced(name, reading):
            mixed = mixture(reader, column if isinstance(column, Column) else None, reading.decimal)
            if mixed and name == target and isinstance(column, Column) and useless(column, wanted=False):
                raise FormatError(f"column {name!r}: expected numbers or classes, got a mixture: {mixed}")
            if mixed and reason:
                reason = f"{reason}; {mixed}"
            elif mixed:
                found.notes.append(f"{name!r} is a category: {mixed}")
        if reason:
            found.left_out[name] = reason
        elif isinstance(column, Column):
            found.columns[name] = column
            if name != target:
                found.notes.extend(_row_number_note(column))
    return found


def _read(
    path: str | os.PathLike[str],
    where: str,
    form: CsvForm,
    wanted: Mapping[str, int],
    reading: Reading,
) -> tuple[dict[str, NumberReader | TextReader], int]:
    """Readers that have seen the whole file; those that met their first text late read it once more."""
    readers: dict[str, NumberReader | TextReader] = {}
    for name in wanted:
        as_text = name in reading.categories or reading.kinds.get(name, "number") != "number"
        readers[name] = (
            TextReader(name, reading.missing)
            if as_text
            else NumberReader(name, reading.missing, reading.decimal)
        )
    rows = 0
    pending = set(wanted)
    while pending:
        rows = 0
        late: set[str] = set()
        for block in read_blocks(path, where, form):
            for name in pending - late:
                cells = block.columns[wanted[name]]
                try:
                    readers[name].add(cells, block.lines)
                except NotNumberError as error:
                    if name in reading.kinds:
                        raise _no_number(name, error) from None
                    readers[name] = TextReader(name, reading.missing)
                    if rows:
                        late.add(name)
                    else:
                        readers[name].add(cells, block.lines)
            rows += len(block.lines)
        pending = late
    return readers, rows


def _no_number(name: str, error: NotNumberError) -> FormatError:
    return FormatError(
        f"column {name!r}: expected a number, as the model was trained on, got {quoted(error.text)} in line "
        f"{error.line}"
    )


def _column(reader: NumberReader | TextReader, reading: Reading, is_target: bool) -> Column | str:
    """A column, or why there is none."""
    if isinstance(reader, NumberReader):
        return reader.column()
    forced = _is_forced(reader.name, reading)
    if not forced and reader.texts:
        _refuse_dates(reader)
        _refuse_commas(reader)
    if reader.overflow:
        if forced or is_target:
            mixed = "" if forced else mixture(reader, None, reading.decimal)
            raise FormatError(
                f"column {reader.name!r}: expected at most {MOST_TEXTS:,} different texts, got more"
                + (f"; {mixed}" if mixed else "")
            )
        return "too many different texts"
    column = reader.column()
    if reading.kinds.get(reader.name) == "boolean":
        return as_boolean(column)
    if reader.name in reading.kinds:  # a training without `categories` may have told 1 from 1.0
        return column
    return merged(column) if forced else boolean_if_so(column)


def _is_forced(name: str, reading: Reading) -> bool:
    """Whether it was said what the column is."""
    return name in reading.categories or name in reading.kinds


def _refuse_dates(reader: TextReader) -> None:
    if all(_DATES.fullmatch(text) for text in reader.sample()):
        advice = "make numbers of them that mean something: year, month, weekday, days since"
        raise FormatError(
            f"column {reader.name!r}: expected numbers or categories, got dates or times such as "
            f"{quoted(reader.texts[0])} in line {reader.lines[0]}; {advice}; "
            f"{_REMEDY.format(name=reader.name)}"
        )


def _refuse_commas(reader: TextReader) -> None:
    sample = reader.sample()
    numbers = [_COMMA_NUMBER.fullmatch(text) is not None for text in sample]
    if any(numbers) and all(n or _WHOLE.fullmatch(text) for n, text in zip(numbers, sample, strict=True)):
        text = sample[numbers.index(True)]
        line = reader.lines[sample.index(text)]
        advice = "decimal=',' (--decimal ,) reads decimal commas; marks between thousands have to go"
        raise FormatError(
            f"column {reader.name!r}: expected numbers with a decimal point, got {quoted(text)} in line "
            f"{line}; {advice}; {_REMEDY.format(name=reader.name)}"
        )


def useless(column: Column, wanted: bool) -> str:
    """Why a column of features is not taken, or "".

    >>> import numpy as np
    >>> from fastdnn.data.csv_columns import useless
    >>> useless(Column("name", "category", np.arange(3), ("Ada", "Bob", "Eve")), wanted=False)
    '3 different texts in 3 rows: names, or numbers of records'
    """
    present = len(column) - int(column.missing().sum())
    if present == 0:
        return "no values"
    different = len(column.texts)
    if column.kind != "category" or wanted:
        return ""
    texts = f"{different:,} different texts in {present:,} rows"
    if 10 * different >= 9 * present and present > 1:
        return f"{texts}: names, or numbers of records"
    return texts if different > _MANY_TEXTS and 2 * different > present else ""


def _row_number_note(column: Column) -> list[str]:
    """Numbers that count the rows are seldom meant as a feature."""
    numbers = column.values
    if column.kind != "number" or len(numbers) < 10 or column.missing().any():
        return []
    if not (np.diff(numbers.astype(np.float64)) == 1).all():
        return []
    return [f"{column.name!r} counts the rows: exclude it (--exclude) if it is no feature"]
