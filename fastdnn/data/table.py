"""Tables: columns of numbers, booleans and categories, of which one may be what is to be predicted."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdnn.data.csv_form import check_delimiter
from fastdnn.data.split import split_indices
from fastdnn.data.table_column import Column
from fastdnn.errors import expected, unknown_name
from fastdnn.io.files import FormatError

_MOST_CLASS_NUMBERS: Final = 20
_SHOWN_COLUMNS: Final = 40
_SHOWN_TEXTS: Final = 3
_SHOWN_CHARACTERS: Final = 24


MISSING: Final = ("", "NA", "N/A", "NaN", "nan", "NULL", "Null", "null", "?")


@dataclass(frozen=True)
class CsvOptions:
    """How a file was written, as far as it is needed to read another one like it.

    >>> from fastdnn.data.table import CsvOptions
    >>> CsvOptions(decimal=",").get_config()["decimal"]
    ','
    """

    missing: tuple[str, ...] = MISSING
    decimal: str = "."
    header: bool | None = None  # to be found out
    delimiter: str | None = None  # likewise

    def get_config(self) -> dict[str, Any]:
        """The arguments that make these options again."""
        return {**asdict(self), "missing": list(self.missing)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "CsvOptions":
        """The options of `get_config`.

        Raises:
            ValueError, TypeError, KeyError: they are none.
        """
        missing, decimal = config["missing"], config["decimal"]
        header, delimiter = config["header"], config["delimiter"]
        texts = isinstance(missing, list) and all(isinstance(word, str) for word in missing)
        if not texts or decimal not in (".", ",") or not (header is None or isinstance(header, bool)):
            raise ValueError(expected("CsvOptions", "how a file was written", repr(dict(config))))
        check_delimiter("CsvOptions", delimiter)
        return cls(tuple(missing), decimal, header, delimiter)


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Columns of one length, by name; `fastdnn.data.load_csv` makes them.

    columns
        `Column`s in their order, the target's among them.
    target
        The name of the column that is to be predicted, or None. It has no missing values: rows without it are
        not in the table.
    source
        What the table is called in messages.
    records
        Of each row its number in the file, from 0 under the header.
    left_out
        The columns that were not taken, and why.
    notes
        What else was found that its owner should know.
    options
        How its file was written.

    `table["age"]` is an array: of numbers with NaN where one is missing, of texts with "". `print(table)`
    describes all columns.

    >>> import pathlib, tempfile
    >>> import fastdnn as fd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "flats.csv"
    ...     length = path.write_text("area,city,rent\\n30,Rome,500\\n,Ulm,700\\n50,Rome,900\\n")
    ...     table = fd.data.load_csv(path, target="rent")
    >>> table["area"], table["city"]
    (array([30., nan, 50.]), array(['Rome', 'Ulm', 'Rome'], dtype='<U4'))
    >>> len(table), table.features
    (3, ('area', 'city'))
    """

    columns: Mapping[str, Column]
    target: str | None
    source: str
    records: NDArray[np.int64]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    options: CsvOptions = CsvOptions()

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.column(name).array()

    def __repr__(self) -> str:
        target = f", target {self.target!r}" if self.target is not None else ""
        return f"<Table {self.source}: {len(self):,} rows, {len(self.columns)} columns{target}>"

    def __str__(self) -> str:
        return self.describe()

    def column(self, name: str) -> Column:
        """A column by its name.

        Raises:
            ValueError: there is none, or it was left out.
        """
        if name in self.left_out:
            raise ValueError(
                expected(self.source, "a column that was taken", repr(name), self.left_out[name])
            )
        if name not in self.columns:
            raise unknown_name(self.source, "a column", name, self.columns)
        return self.columns[name]

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that are not the target, in their order."""
        return tuple(name for name in self.columns if name != self.target)

    def take(self, rows: ArrayLike) -> "Table":
        """The table of these rows, by number or as a mask.

        >>> import numpy as np
        >>> from fastdnn.data.table import Table
        >>> from fastdnn.data.table_column import Column
        >>> table = Table({"a": Column("a", "number", np.arange(4.0))}, None, "four", np.arange(4))
        >>> table.take([3, 1])["a"]
        array([3., 1.])
        """
        index = np.asarray(rows)
        index = index.astype(np.intp) if index.shape == (0,) and index.dtype.kind == "f" else index
        columns = {name: column.take(index) for name, column in self.columns.items()}
        return replace(self, columns=columns, records=self.records[index])

    def with_target(self) -> "Table":
        """The table without the rows whose target is missing; a note says how many they were.

        Raises:
            FormatError: it is missing in all of them.
        """
        if self.target is None:
            return self
        missing = self.columns[self.target].missing()
        count = int(missing.sum())
        if count == 0:
            return self
        if count == len(self):
            raise FormatError(f"expected values of the target {self.target!r}, got none in {count:,} rows")
        note = f"{count:,} {'row' if count == 1 else 'rows'} without {self.target!r} left out"
        return replace(self.take(np.flatnonzero(~missing)), notes=(*self.notes, note))

    def split(
        self, dev: float = 0.15, test: float = 0.15, *, seed: int = 0, stratify: bool | None = None
    ) -> "tuple[Table, Table, Table]":
        """Train, dev and test tables.

        Args:
            dev: a fraction in [0, 1), or a whole number of rows.
            test: the same.
            seed: of the order of the rows, as in `split_indices`.
            stratify: whether each part has each class of the target in proportion; None: where the target is
                classes, as `task_of` sees it.

        Raises:
            ValueError: as `split_indices`, or there are no classes to stratify by.

        >>> import numpy as np
        >>> from fastdnn.data.table import Table
        >>> from fastdnn.data.table_column import Column
        >>> y = Column("y", "category", np.arange(10, dtype=np.int32) % 2, ("no", "yes"))
        >>> train, dev, test = Table({"y": y}, "y", "ten", np.arange(10)).split(dev=2, test=2)
        >>> sorted(test["y"].tolist()), len(train)
        (['no', 'yes'], 6)
        """
        labels = self._classes(stratify)
        parts = split_indices(len(self), dev=dev, test=test, stratify=labels, seed=seed)
        train, dev_part, test_part = (self.take(rows) for rows in parts)
        return train, dev_part, test_part

    def _classes(self, stratify: bool | None) -> NDArray[np.intp] | None:
        """The class of each row, as a number, or None where no part has to have them in proportion."""
        if self.target is None or stratify is False:
            if stratify:
                raise ValueError(expected("split", "a table with a target, for stratify=True", repr(self)))
            return None
        column = self.columns[self.target]
        if stratify is None and task_of(column)[0] != "classification":
            return None
        different, classes = np.unique(column.values, return_inverse=True)
        if 2 * len(different) > len(self):
            got = f"{len(different):,} different values in {len(self):,} rows"
            raise ValueError(expected("split", f"classes in {self.target!r}, to stratify by", got))
        return classes

    def describe(self) -> str:
        """Columns, kinds, missing values and what is in them, as a text for people."""
        from fastdnn.report import table as text_table

        rows = []
        for name, column in list(self.columns.items())[:_SHOWN_COLUMNS]:
            missing = int(column.missing().sum())
            kind = f"{column.kind} (target)" if name == self.target else column.kind
            rows.append([shortened(name), kind, f"{missing:,}" if missing else "", _content(column)])
        more = len(self.columns) - len(rows)
        reasons = [f"left out: {name!r}: {reason}" for name, reason in self.left_out.items()]
        lines = [
            f"{self.source}: {len(self):,} rows, {len(self.columns):,} columns",
            text_table(["column", "kind", "missing", "values"], rows, numeric=[2]),
            *([f"and {more:,} more columns"] if more else []),
            *_first(reasons, "columns left out"),
            *_first([f"note: {note}" for note in self.notes], "notes"),
        ]
        return "\n".join(lines)


def _first(lines: list[str], what: str) -> list[str]:
    more = len(lines) - _SHOWN_COLUMNS
    return [*lines[:_SHOWN_COLUMNS], f"and {more:,} more {what}"] if more > 0 else lines


def task_of(target: Column) -> tuple[str, str]:
    """Whether a target is classes or a number, and why.

    "classification" for texts and booleans, and for numbers that are all whole, at most 20 different ones,
    each of them in two rows on average; "regression" for others.

    >>> import numpy as np
    >>> from fastdnn.data.table import task_of
    >>> from fastdnn.data.table_column import Column
    >>> task_of(Column("digit", "number", np.arange(100) % 10))
    ('classification', '10 different whole numbers')
    >>> task_of(Column("price", "number", np.array([0.5, 1.5])))
    ('regression', 'numbers')
    """
    if target.kind != "number":
        return "classification", "booleans" if target.kind == "boolean" else "texts"
    numbers = target.numbers()
    different = np.unique(numbers[~np.isnan(numbers)])
    whole = bool((different == np.floor(different)).all())
    if whole and len(different) <= _MOST_CLASS_NUMBERS and 2 * len(different) <= len(numbers):
        return "classification", f"{len(different)} different whole numbers"
    return "regression", "numbers"


def _content(column: Column) -> str:
    """What is in a column, in a few words."""
    if column.kind == "number":
        numbers = column.numbers()
        numbers = numbers[~np.isnan(numbers)]
        if not numbers.size:
            return "none"
        low, middle, high = numbers.min(), np.median(numbers), numbers.max()
        return f"{low:.6g} to {high:.6g}, median {middle:.6g}"
    counts = column.counts()
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    shown = [f"{shortened(column.texts[code])} {counts[code]:,}" for code in order[:_SHOWN_TEXTS]]
    more = ", ..." if len(order) > _SHOWN_TEXTS else ""
    return f"{len(order):,}: {', '.join(shown)}{more}"


def shortened(text: str) -> str:
    """A text for one cell of a report: printable, and at most 24 characters of it.

    >>> from fastdnn.data.table import shortened
    >>> shortened("two\\nlines")
    'two lines'
    """
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain if len(plain) <= _SHOWN_CHARACTERS else plain[: _SHOWN_CHARACTERS - 3] + "..."
