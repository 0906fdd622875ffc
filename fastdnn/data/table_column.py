"""A column of a table: numbers, or codes of its distinct texts."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["number", "boolean", "category"]
KINDS: Final[tuple[Kind, ...]] = ("number", "boolean", "category")
_NARROW: Final = ("i1", "i2", "i4", "f4")
_QUOTED_CHARACTERS: Final = 60
_WHOLE_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)\.0")


@dataclass(frozen=True, eq=False)
class Column:
    """The values of one column, as narrow as they can be without another value.

    name, kind
        "number", "boolean" or "category".
    values
        Of numbers: the numbers (rows,), NaN where one is missing. Of the others: codes (rows,) int32, the
        positions in `texts`, -1 where one is missing; a boolean's are 0 and 1.
    texts
        The distinct texts in the order of their first rows; of booleans the words for no and yes.
    lines
        Of each text the line in which it comes first; empty where there is no file.

    >>> import numpy as np
    >>> from fastdnn.data.table_column import Column
    >>> Column("city", "category", np.array([0, 1, -1, 0], np.int32), ("Rome", "Ulm")).labels()
    array(['Rome', 'Ulm', '', 'Rome'], dtype='<U4')
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    texts: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def missing(self) -> NDArray[np.bool_]:
        """Which rows have no value."""
        if self.kind != "number":
            return self.values < 0
        return np.isnan(self.values) if self.values.dtype.kind == "f" else np.zeros(len(self), np.bool_)

    def numbers(self) -> NDArray[np.float64]:
        """The numbers of a column of numbers, or a boolean's 0 and 1; NaN where one is missing."""
        numbers = self.values.astype(np.float64)
        if self.kind != "number":
            numbers[self.values < 0] = np.nan
        return numbers

    def labels(self) -> NDArray[np.str_]:
        """The texts of a column of texts; "" where one is missing."""
        texts = np.array([*self.texts, ""], dtype=np.str_)
        return np.take(texts, self.values)

    def array(self) -> NDArray[Any]:
        """`numbers()` or `labels()`."""
        return self.numbers() if self.kind == "number" else self.labels()

    def take(self, rows: NDArray[Any]) -> "Column":
        """The same column of these rows."""
        return replace(self, values=self.values[rows])

    def counts(self) -> NDArray[np.int64]:
        """How often each of the texts occurs."""
        return np.bincount(self.values[self.values >= 0], minlength=len(self.texts)).astype(np.int64)


def narrowed(numbers: NDArray[np.float64]) -> NDArray[Any]:
    """The same numbers in the smallest type that has them all: int8, int16, int32, float32, else float64.

    >>> import numpy as np
    >>> from fastdnn.data.table_column import narrowed
    >>> [narrowed(np.array(x)).dtype.name for x in ([1.0, 200.0], [0.5, np.nan], [0.1])]
    ['int16', 'float32', 'float64']
    """
    with np.errstate(invalid="ignore", over="ignore"):
        for name in _NARROW:
            other = numbers.astype(name)
            if np.array_equal(other, numbers, equal_nan=True):
                return other
    return numbers


def quoted(text: str) -> str:
    """A cell as errors show it: the first 60 characters of a long one.

    >>> from fastdnn.data.table_column import quoted
    >>> quoted("Rome"), quoted("9" * 20_000).endswith("9'... (20,000 characters)")
    ("'Rome'", True)
    """
    if len(text) <= _QUOTED_CHARACTERS:
        return repr(text)
    return f"{text[:_QUOTED_CHARACTERS]!r}... ({len(text):,} characters)"


class Positions:
    """The positions of texts in a list, of which whole numbers are found in either spelling, 1 and 1.0.

    Codes that were written as whole numbers come back as decimal ones from a program that held missing values
    among them as NaN.

    >>> from fastdnn.data.table_column import Positions
    >>> [Positions(["1", "2.0", "x"])[text] for text in ("1", "1.0", "2", "01", "x")]
    [0, 0, 1, -1, 2]
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._place = {text: place for place, text in enumerate(texts)}
        self._whole = {_shortest(text): place for text, place in reversed(self._place.items())}

    def __getitem__(self, text: str) -> int:
        place = self._place.get(text)
        return self._whole.get(_shortest(text), -1) if place is None else place


def merged(column: Column) -> Column:
    """A column of codes, in which 1 and 1.0 are one text, as short as it can be, where it has both.

    >>> import numpy as np
    >>> from fastdnn.data.table_column import Column, merged
    >>> merged(Column("code", "category", np.array([0, 1, 2, -1]), ("3.0", "7.0", "3"))).labels()
    array(['3', '7.0', '3', ''], dtype='<U3')
    """
    first: dict[str, int] = {}
    for place, text in enumerate(column.texts):
        first.setdefault(_shortest(text), place)
    if len(first) == len(column.texts):
        return column
    short = [_shortest(text) for text in column.texts]
    kept = sorted(first.values())
    new = {short[place]: code for code, place in enumerate(kept)}
    code_of = np.array([*(new[text] for text in short), -1], np.int32)  # the last one is the place of -1
    spellings = Counter(short)
    texts = tuple(short[place] if spellings[short[place]] > 1 else column.texts[place] for place in kept)
    lines = tuple(column.lines[place] for place in kept) if column.lines else ()
    return replace(column, values=code_of[column.values], texts=texts, lines=lines)


def _shortest(text: str) -> str:
    return text[:-2] if _WHOLE_DECIMAL.fullmatch(text) else text
