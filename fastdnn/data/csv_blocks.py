"""The records of a CSV file in blocks of rows, column by column, so that few of them are text at a time."""

import csv
import os
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.csv_form import CsvForm
from fastdnn.data.csv_lines import text_lines
from fastdnn.io.files import FormatError

_BLOCK_CELLS: Final = 1 << 16  # some megabytes of text
_LEAST_ROWS: Final = 16  # so that a column's few calls of NumPy are for more than a cell or two


class Writable(Protocol):
    """What text can be written to."""

    def write(self, text: str, /) -> object:
        """Write it."""


class Block(NamedTuple):
    """Some rows: the line in which each begins, and the fields of each column."""

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]


def read_blocks(path: str | os.PathLike[str], where: str, form: CsvForm) -> Iterator[Block]:
    """The rows under the header; empty lines are none.

    Raises:
        FormatError: a record has another number of fields than the first line, a quotation mark is not closed
            or not doubled, or a field has more characters than the csv module takes (131,072 if nobody
            changed it); the line is named.
    """
    width = len(form.names)
    most = max(_LEAST_ROWS, _BLOCK_CELLS // width)
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, record in _records(path, where, form):
        if len(record) != width:
            raise FormatError(_ragged(form, line, record))
        rows.append(record)
        lines.append(line)
        if len(rows) == most:
            yield Block(lines, list(zip(*rows, strict=True)))
            rows, lines = [], []
    if rows:
        yield Block(lines, list(zip(*rows, strict=True)))


def _records(path: str | os.PathLike[str], where: str, form: CsvForm) -> Iterator[tuple[int, list[str]]]:
    """Records that are not empty, with the line in which each begins, without the header."""
    with text_lines(path, where) as text:
        reader = csv.reader(text, delimiter=form.delimiter, strict=True, skipinitialspace=True)
        skip = form.header
        line = 1
        try:
            for record in reader:
                if record and not skip:
                    yield line, record
                skip = skip and not record
                line = reader.line_num + 1
        except csv.Error as error:
            hint = "a quotation mark that is not closed, or not doubled inside a quoted field?"
            raise FormatError(
                f"expected fields as the csv module reads them, got {error} in the record that begins in "
                f"line {line}; {hint}"
            ) from error


def copy_records(
    path: str | os.PathLike[str], where: str, form: CsvForm, records: NDArray[np.int64], file: Writable
) -> None:
    """Write these records, numbered from 0 under the header, and the header, in the order of the file."""
    chosen = set(records.tolist())
    plain = csv.writer(file, delimiter=form.delimiter, lineterminator="\n")
    # The csv module quotes what its line end has, \n; it writes a lone \r bare, where a reader ends the line.
    quoting = csv.writer(file, delimiter=form.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(record: Sequence[str]) -> None:
        (quoting if any("\r" in text for text in record) else plain).writerow(record)

    if form.header:
        write(form.names)
    for number, (_, record) in enumerate(_records(path, where, form)):
        if number in chosen:
            write(record)


def _ragged(form: CsvForm, line: int, record: Sequence[str]) -> str:
    reference = "the first line" if form.header else "the first record"
    hint = f"it is cut at each {form.delimiter_name}; fields that hold one need quotation marks"
    return f"expected {len(form.names)} fields as in {reference}, got {len(record)} in line {line}; {hint}"
