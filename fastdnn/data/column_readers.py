"""Columns while their cells are read, block by block: numbers as long as all of them are, else texts."""

from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.table_column import Column, narrowed, quoted
from fastdnn.io.files import FormatError

MOST_TEXTS: Final = 100_000  # different ones of a column, beyond which none of it is kept
_MOST_TEXT_CHARACTERS: Final = 1 << 24  # of all of them together
_WIDE_ROWS: Final = 4096
_SAMPLE: Final = 100
_BOOLEANS: Final = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"))
BOOLEAN_WORDS: Final = {word: code for pair in _BOOLEANS for code, word in enumerate(pair)}


class NotNumberError(ValueError):
    """A cell is no number: the text and its line."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.text, self.line = text, line


class NumberReader:
    """A column of numbers: decimals with or without an exponent, "" and the other words for a missing one.

    >>> from fastdnn.data.column_readers import NumberReader
    >>> reader = NumberReader("age", frozenset({"", "?"}), ".")
    >>> reader.add(["31", " 2.5e1 ", "?"], [2, 3, 4])
    >>> reader.column().values
    array([31., 25., nan], dtype=float32)
    """

    def __init__(self, name: str, missing: Collection[str], decimal: str) -> None:
        self.name = name
        self._missing, self._decimal = missing, decimal
        self._blocks: list[NDArray[Any]] = []
        self._wide: list[NDArray[np.float64]] = []  # what is not narrowed yet, since that has its price
        self._wide_rows = 0

    def add(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take in the cells of a block.

        Raises:
            NotNumberError: one of them is none.
            FormatError: one is infinite, or too large for a float.
        """
        numbers = self._numbers(cells)
        if numbers is None:
            raise self._offender(cells, lines)
        infinite = np.isinf(numbers)
        if infinite.any():
            row = int(infinite.argmax())
            raise FormatError(
                f"column {self.name!r}: expected finite numbers, got {quoted(cells[row])} in line "
                f"{lines[row]}; leave the cell empty if the value is not known"
            )
        self._wide.append(numbers)
        self._wide_rows += len(numbers)
        if self._wide_rows >= _WIDE_ROWS:
            self._narrow()

    def _narrow(self) -> None:
        if self._wide:
            self._blocks.append(narrowed(np.concatenate(self._wide)))
            self._wide, self._wide_rows = [], 0

    def _numbers(self, cells: Sequence[str]) -> NDArray[np.float64] | None:
        together = "".join(cells)
        if not together.isascii() or "_" in together:  # which Python's float takes for digits
            return None
        if self._decimal != ".":
            if "." in together:
                return None
            cells = [cell.replace(self._decimal, ".") for cell in cells]
        try:
            return np.array(list(map(float, cells)), np.float64)
        except ValueError:
            pass
        missing = self._missing
        known = ["nan" if cell.strip() in missing else cell for cell in cells]
        try:
            return np.array(list(map(float, known)), np.float64)
        except ValueError:
            return None

    def _offender(self, cells: Sequence[str], lines: Sequence[int]) -> NotNumberError:
        for cell, line in zip(cells, lines, strict=True):
            if self._numbers([cell]) is None:
                return NotNumberError(cell.strip(), line)
        raise AssertionError("a block of numbers is one")

    def column(self) -> Column:
        """What was read."""
        self._narrow()
        values = np.concatenate(self._blocks) if self._blocks else np.empty(0)
        self._blocks = []
        return Column(self.name, "number", values)


class TextReader:
    """A column of texts as codes of the distinct ones, stripped of the spaces around them.

    With more than 100,000 distinct ones, or 16 Mi characters in them, nothing is kept and `overflow` is true.

    >>> from fastdnn.data.column_readers import TextReader
    >>> reader = TextReader("city", frozenset({"", "?"}))
    >>> reader.add(["Rome", "Ulm ", "?", "Rome"], [2, 3, 4, 5])
    >>> reader.column().values, reader.texts
    (array([ 0,  1, -1,  0], dtype=int32), ['Rome', 'Ulm'])
    """

    def __init__(self, name: str, missing: Collection[str]) -> None:
        self.name = name
        self.texts: list[str] = []
        self.overflow = False
        self._missing = missing
        self.lines: list[int] = []
        self._codes: dict[str, int] = {}  # by the text as it stands in the file
        self._characters = 0
        self._blocks: list[NDArray[np.int32]] = []

    def add(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take in the cells of a block."""
        if self.overflow:
            return
        codes = list(map(self._codes.get, cells))
        if None in codes:
            for row, cell in enumerate(cells):
                codes[row] = self._code(cell, lines[row])
                if self.overflow:
                    return
        self._blocks.append(np.array(codes, np.int32))

    def _code(self, cell: str, line: int) -> int:
        code = self._codes.get(cell)
        if code is not None:
            return code
        text = cell.strip()
        if text in self._missing:
            code = -1
        else:
            code = self._codes.get(text, len(self.texts)) if text != cell else len(self.texts)
            if code == len(self.texts):
                self.texts.append(text)
                self.lines.append(line)
                self._codes[text] = code
        self._codes[cell] = code
        self._characters += len(cell)
        if len(self._codes) > MOST_TEXTS or self._characters > _MOST_TEXT_CHARACTERS:
            self.overflow = True
            self._blocks, self._codes = [], {}
        return code

    def sample(self) -> list[str]:
        """Some of the texts, the first ones."""
        return self.texts[:_SAMPLE]

    def column(self) -> Column:
        """What was read. Requires that it did not overflow."""
        codes = np.concatenate(self._blocks) if self._blocks else np.empty(0, np.int32)
        self._blocks = []
        return Column(self.name, "category", codes, tuple(self.texts), tuple(self.lines))


def boolean_if_so(column: Column) -> Column:
    """A column of texts, as a boolean where they are no and yes, or false and true, both and in any case.

    One of the two alone may be one of more words that other rows have: it stays a text.

    >>> import numpy as np
    >>> from fastdnn.data.column_readers import boolean_if_so
    >>> from fastdnn.data.table_column import Column
    >>> boolean_if_so(Column("sold", "category", np.array([0, 1, 0]), ("Yes", "no"))).values
    array([1, 0, 1], dtype=int32)
    """
    words = {text.lower() for text in column.texts}
    for pair in _BOOLEANS:
        if words == set(pair):
            return as_boolean(column, pair)
    return column


def as_boolean(column: Column, pair: tuple[str, str] = ("false", "true")) -> Column:
    """A column of texts whose words are booleans, as 0 and 1.

    Raises:
        FormatError: one is none.
    """
    code_of = np.full(len(column.texts) + 1, -1, np.int32)  # the last one is the place of -1
    for code, text in enumerate(column.texts):
        if text.lower() not in BOOLEAN_WORDS:
            place = f" in line {column.lines[code]}" if column.lines else ""
            raise FormatError(
                f"column {column.name!r}: expected yes or no, or true or false, got {quoted(text)}{place}"
            )
        code_of[code] = BOOLEAN_WORDS[text.lower()]
    return Column(column.name, "boolean", code_of[column.values], pair)
