"""Tables from columns in memory: a dict of sequences, or a data frame of pandas, polars or pyarrow."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.column_readers import TextReader, as_boolean, boolean_if_so
from fastdnn.data.csv_columns import useless
from fastdnn.data.table import Table
from fastdnn.data.table_column import Column, Kind, merged, narrowed
from fastdnn.errors import expected, unknown_name
from fastdnn.io.files import FormatError

if TYPE_CHECKING:
    from fastdnn.data.table_encoder import TableEncoder

_WHERE: Final = "table_of"
_MISSING: Final = frozenset({""})
_MISSING_TYPES: Final = ("NoneType", "NAType", "NaTType")  # of pandas, without pandas


def table_of(
    columns: Any,
    target: str | None = None,
    *,
    categories: Collection[str] = (),
    like: "TableEncoder | None" = None,
) -> Table:
    """A table of columns by name, as `load_csv` makes one of a file.

    Numbers stay numbers, booleans are booleans, texts categories (or booleans, as in `load_csv`). None, NaN,
    pandas' NA and empty texts are missing values. What says nothing about other rows is left out.

    Args:
        columns: a dict of sequences of one length, or a pandas or polars DataFrame, or a pyarrow Table.
        target: the column that is to be predicted; rows without it are left out.
        categories: columns that are taken as texts, though they hold numbers.
        like: the encoder of a model, whose columns are taken; see `load_csv`.

    Raises:
        ValueError: a column is missing, holds something else (dates among it), or has another length.

    >>> import fastdnn as fd
    >>> table = fd.data.table_of({"area": [30, None, 50], "city": ["Rome", "Ulm", "Rome"]})
    >>> table["area"], table.column("city").kind
    (array([30., nan, 50.]), 'category')
    """
    try:
        return _table(columns, target, categories, like)
    except FormatError as error:
        raise ValueError(f"[{_WHERE}] {error}") from error


def _table(
    columns: Any, target: str | None, categories: Collection[str], like: "TableEncoder | None"
) -> Table:
    if not isinstance(target, str | None):
        raise ValueError(expected(_WHERE, "target as the name of one column", repr(target)))
    if not isinstance(categories, Collection):
        raise ValueError(expected(_WHERE, "categories as texts", repr(categories)))
    texts = [categories] if isinstance(categories, str) else list(categories)
    given = dict(_items(columns))
    kinds: Mapping[str, Kind] = {} if like is None else like.kinds
    wanted = list(given) if like is None else list(like.features)
    for name in [*wanted, *texts, *([] if target is None else [target])]:
        if name not in given:
            raise unknown_name(_WHERE, "a column", name, given)
    if target is not None and target not in wanted:
        wanted.append(target)
    made: dict[str, Column] = {}
    left_out: dict[str, str] = {}
    for name in wanted:
        column = _column(name, given[name], kinds.get(name), name in texts)
        if isinstance(column, Column) and (name == target or name in kinds):
            made[name] = column
            continue
        reason = useless(column, name in texts) if isinstance(column, Column) else column
        if isinstance(column, Column) and not reason:
            made[name] = column
        else:
            left_out[name] = reason
    lengths = {name: len(column) for name, column in made.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(expected(_WHERE, "columns of one length", f"{lengths}"))
    rows = next(iter(lengths.values()), 0)
    return Table(made, target, "table", np.arange(rows), left_out).with_target()


def _items(columns: Any) -> Iterator[tuple[str, Any]]:
    """Names and columns."""
    if isinstance(columns, Mapping):
        names = list(columns)
    else:
        names = list(getattr(columns, "column_names", getattr(columns, "columns", [])))
        if not names or isinstance(columns, np.ndarray):
            hint = 'such as {"age": [31, 25], "city": ["Rome", "Ulm"]}'
            raise ValueError(
                expected(_WHERE, "a dict of columns or a data frame", type(columns).__name__, hint)
            )
    for name in names:
        if not isinstance(name, str):
            raise ValueError(expected(_WHERE, "columns with names of text", repr(name)))
        yield name, columns[name]


def _column(name: str, values: Any, kind: Kind | None, as_text: bool) -> Column | str:
    """A column, or why there is none."""
    raw = values.to_numpy() if hasattr(values, "to_numpy") else values
    # NumPy would make texts of a list of numbers and texts.
    array = np.array(raw, object) if isinstance(raw, list | tuple) else np.asarray(raw)
    if array.ndim != 1:
        raise ValueError(expected(_WHERE, f"one value a row in {name!r}", f"shape {array.shape}"))
    as_text = as_text or kind == "category"
    if array.dtype.kind in "iuf" and not as_text:
        return _numbers(name, array.astype(np.float64))
    if array.dtype.kind == "b" and not as_text:
        return Column(name, "boolean", array.astype(np.int32), ("false", "true"))
    items = [None if _is_missing(item) else item for item in map(_plain, array.tolist())]
    present = [item for item in items if item is not None]
    if present and not as_text:
        if all(isinstance(item, bool) for item in present):
            codes = [-1 if item is None else int(item) for item in items]
            return Column(name, "boolean", np.array(codes, np.int32), ("false", "true"))
        if all(isinstance(item, Real | Decimal) for item in present):
            return _numbers(name, np.array([_float(name, *pair) for pair in enumerate(items)], np.float64))
    return _texts(name, items, kind, as_text)


def _plain(item: Any) -> Any:
    """A scalar of NumPy as Python's."""
    return item.item() if isinstance(item, np.generic) else item


def _float(name: str, row: int, item: Any) -> float:
    try:
        return math.nan if item is None else float(item)
    except (OverflowError, ValueError):  # ValueError: Decimal("sNaN")
        got = f"one that float64 does not hold in row {row}"
        raise ValueError(expected(_WHERE, f"finite numbers in {name!r}", got)) from None


def _text(item: Any) -> str:
    """Codes are whole numbers, though a data frame with missing ones holds them as floats."""
    if item is None:
        return ""
    return str(int(item)) if isinstance(item, float) and item.is_integer() else str(item)


def _is_missing(item: Any) -> bool:
    return type(item).__name__ in _MISSING_TYPES or (isinstance(item, float) and item != item)


def _numbers(name: str, numbers: NDArray[np.float64]) -> Column:
    if np.isinf(numbers).any():
        row = int(np.isinf(numbers).argmax())
        raise ValueError(expected(_WHERE, f"finite numbers in {name!r}", f"{numbers[row]} in row {row}"))
    return Column(name, "number", narrowed(numbers))


def _texts(name: str, items: list[Any], kind: Kind | None, as_text: bool) -> Column | str:
    for row, item in enumerate(items):
        if not isinstance(item, str | None) and not (as_text and isinstance(item, int | float)):
            hint = "make numbers of dates: year, month, weekday, days since"
            wanted = f"numbers, booleans or texts in {name!r}"
            raise ValueError(expected(_WHERE, wanted, f"{item!r} in row {row}", hint))
    reader = TextReader(name, _MISSING)
    reader.add([_text(item) for item in items], range(len(items)))
    if reader.overflow:
        return "too many different texts"
    column = replace(reader.column(), lines=())  # there is no file
    if kind == "boolean":
        return as_boolean(column)
    if kind is not None:  # a training without `categories` may have told 1 from 1.0
        return column
    return merged(column) if as_text else boolean_if_so(column)
