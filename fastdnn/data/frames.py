"""Data frames of pandas, polars and pyarrow, their numbers and names; fastdnn needs none of the libraries."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdnn.errors import expected, unknown_name
from fastdnn.io.files import FormatError, open_regular

_MOST_NAMED = 5  # columns that an error lists
_NUMBERS_HINT = "leave it out, or make numbers of it first, for example a column of 0 and 1 for each category"


class FrameArrays(NamedTuple):
    """The numbers of a data frame: `x` (rows, features), `y` or None, and the features' names."""

    x: NDArray[Any]
    y: NDArray[Any] | None
    names: tuple[str, ...]


def is_frame(x: Any) -> bool:
    """Whether `x` has rows and named columns, as a pandas or polars DataFrame or a pyarrow Table.

    >>> import numpy as np
    >>> from fastdnn.data.frames import is_frame
    >>> is_frame(np.eye(2))
    False
    """
    return not isinstance(x, np.ndarray) and hasattr(x, "shape") and _column_names(x) is not None


def _column_names(frame: Any) -> Sequence[Any] | None:
    names = getattr(frame, "column_names", None)  # pyarrow's `columns` are the columns themselves
    return getattr(frame, "columns", None) if names is None else names


def frame_names(frame: Any) -> tuple[str, ...]:
    """The names of a frame's columns, in their order."""
    names = _column_names(frame)
    return () if names is None else tuple(str(name) for name in names)  # pandas' are no truth value


def frame_values(where: str, what: str, frame: Any, only: Sequence[int] | None = None) -> NDArray[Any]:
    """The columns of a frame as one array (rows, columns), in place where pandas holds them as one.

    Args:
        where: of the error.
        what: "x" or "y", for the error.
        frame: for which `is_frame` is True; what is missing becomes NaN.
        only: the numbers of the columns that are taken; None for all.

    Raises:
        ValueError: a column holds something else than numbers or booleans; it is named, with its type.
    """
    wanted = range(len(frame_names(frame))) if only is None else only
    dtypes = set(getattr(frame, "dtypes", [])) if hasattr(frame, "iloc") else set()
    if only is None and len(dtypes) == 1 and getattr(next(iter(dtypes)), "kind", "O") in "buif":
        whole = np.asarray(frame)
        if whole.dtype.kind in "buif":
            return whole
    columns = [_numbers(_column(frame, index)) for index in wanted]
    bad = [index for index, column in zip(wanted, columns, strict=True) if column is None]
    if bad:
        raise ValueError(_not_numbers(where, what, frame, bad))
    kept = [column for column in columns if column is not None]
    dtype = np.result_type(*kept) if kept else np.dtype(np.float64)
    values = np.empty((int(frame.shape[0]), len(kept)), dtype, order="F")
    for index, column in enumerate(kept):
        values[:, index] = column
    return values


def _not_numbers(where: str, what: str, frame: Any, bad: Sequence[int]) -> str:
    names = frame_names(frame)
    described = [f"{names[index]!r} of {_type_text(_column(frame, index))}" for index in bad[:_MOST_NAMED]]
    more = f" and {len(bad) - _MOST_NAMED} more" if len(bad) > _MOST_NAMED else ""
    got = f"column {', '.join(described)}{more}"
    return expected(where, f"{what} with numbers in every column", got, _NUMBERS_HINT)


def _type_text(column: Any) -> str:
    return str(getattr(column, "dtype", None) or getattr(column, "type", type(column).__name__))


def _column(frame: Any, index: int) -> Any:
    if hasattr(frame, "iloc"):  # pandas, where two columns may have one name
        return frame.iloc[:, index]
    return frame.column(index) if hasattr(frame, "column_names") else frame.to_series(index)


def _as_numpy(column: Any) -> NDArray[Any]:
    return np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType"  # pandas.NA, without pandas


def _numbers(column: Any) -> NDArray[Any] | None:
    """The numbers of a column, NaN where one is missing; None if it holds something else."""
    array = _as_numpy(column)
    if array.dtype.kind in "buif":
        return array
    if array.dtype.kind != "O":
        return None
    values = array.tolist()
    if not all(_is_missing(value) or isinstance(value, Real | Decimal | np.bool_) for value in values):
        return None
    return np.array([np.nan if _is_missing(value) else float(value) for value in values], np.float64)


def from_dataframe(
    frame: Any, target: str | Sequence[str] | None = None, columns: Sequence[str] | None = None
) -> FrameArrays:
    """The numbers of a data frame as arrays, with the names of its columns.

    Args:
        frame: a pandas or polars DataFrame or a pyarrow Table.
        target: the name of the column that becomes `y` (rows,), which may hold text too, for classes; a list
            of names gives `y` (rows, targets), of numbers.
        columns: the names of the features, in the order wanted; None for all columns but the target.

    Returns:
        `x` (rows, features), of the type that holds all columns; `y`, or None without a target; the names.
        What is missing in `x` is NaN, which `describe` counts and `fit` refuses.

    Raises:
        ValueError: `frame` is no data frame, a name is unknown or occurs twice, a column does not hold
            numbers, or a target is missing in a row. The message names the column.

    >>> from fastdnn.data import from_dataframe
    >>> class Frame:  # stands for a pandas.DataFrame
    ...     columns, shape = ["age", "income", "kind"], (2, 3)
    ...     def to_series(self, index):
    ...         return [[31, 40], [2.5, 3.5], ["a", "b"]][index]
    >>> x, y, names = from_dataframe(Frame(), target="kind")
    >>> x.tolist(), y.tolist(), names
    ([[31.0, 2.5], [40.0, 3.5]], ['a', 'b'], ('age', 'income'))
    """
    where = "from_dataframe"
    if hasattr(frame, "collect_schema") and not hasattr(frame, "shape"):
        raise ValueError(expected(where, "a data frame", f"a {type(frame).__name__}", "collect it first"))
    if not is_frame(frame):
        hint = "arrays need no conversion"
        raise ValueError(expected(where, "a data frame", f"a {type(frame).__name__}", hint))
    names = frame_names(frame)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(expected(where, "columns of distinct names", f"{twice[0]!r} twice"))
    targets = [] if target is None else [target] if isinstance(target, str) else list(target)
    features = [name for name in names if name not in targets] if columns is None else list(columns)
    if set(features) & set(targets):
        got = f"{sorted(set(features) & set(targets))[0]!r} in both"
        raise ValueError(expected(where, "features and targets apart", got))
    if not features:
        raise ValueError(expected(where, "at least one column of features", "none"))
    wanted = [_position(where, names, name) for name in targets]
    chosen = [_position(where, names, name) for name in features]
    y = None
    if isinstance(target, str):
        y = _target(where, target, _column(frame, wanted[0]))
    elif wanted:
        y = frame_values(where, "y", frame, wanted)
    return FrameArrays(frame_values(where, "x", frame, chosen), y, tuple(features))


def _position(where: str, names: tuple[str, ...], name: str) -> int:
    if name not in names:
        raise unknown_name(where, "a column", name, names)
    return names.index(name)


def _target(where: str, name: str, column: Any) -> NDArray[Any]:
    """One target of numbers or text, without gaps."""
    numbers = _numbers(column)
    if numbers is not None:
        if numbers.dtype.kind == "f" and np.isnan(numbers).any():
            row = int(np.argmax(np.isnan(numbers)))
            raise ValueError(expected(where, f"a target {name!r} in each row", f"none in row {row}"))
        return numbers
    array = _as_numpy(column)
    values = array.tolist()
    texts = [isinstance(value, str) for value in values]
    if not all(texts):
        row = texts.index(False)
        got = f"{values[row]!r} in row {row}"
        raise ValueError(expected(where, f"numbers or text in the target {name!r}", got))
    return np.array(values, dtype=np.str_)


def load_parquet(
    path: str | os.PathLike[str],
    target: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> FrameArrays:
    """The numbers of a Parquet file, read by pyarrow or, without it, polars; arguments and what it gives are
    those of `from_dataframe`. Columns that are not asked for are not read.

    Raises:
        ImportError: neither library is installed.
        FileNotFoundError: there is no such file.
        FormatError: the file is no Parquet file that the library reads.
        ValueError: as `from_dataframe`.

    >>> from fastdnn.data import load_parquet
    >>> load_parquet("gone.parquet")
    Traceback (most recent call last):
    FileNotFoundError: [load_parquet] expected a file 'gone.parquet', got none; check the path
    """
    try:
        with open_regular(path, "load_parquet") as file:
            magic = file.read(4)
    except FormatError as error:
        raise FormatError(f"[load_parquet] {str(Path(path))!r}: {error}") from None
    if magic != b"PAR1":
        got = f"{str(Path(path))!r}, which begins with {magic!r}"
        raise FormatError(expected("load_parquet", "a Parquet file", got))
    targets = [] if target is None else [target] if isinstance(target, str) else list(target)
    wanted = None if columns is None else [*columns, *targets]
    return from_dataframe(_read_parquet(path, wanted), target, columns)


def _read_parquet(path: str | os.PathLike[str], columns: list[str] | None) -> Any:
    library, read = _parquet_reader()
    try:
        return read(path, columns=columns)
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # the libraries have classes of their own for what is wrong with a file
        got = f"{str(Path(path))!r}: {type(error).__name__}: {error}"
        raise FormatError(expected("load_parquet", f"a Parquet file that {library} reads", got)) from error


def _parquet_reader() -> tuple[str, Any]:
    for library, module, function in (
        ("pyarrow", "pyarrow.parquet", "read_table"),
        ("polars", "polars", "read_parquet"),
    ):
        try:
            return library, getattr(importlib.import_module(module), function)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != library:
                raise
    hint = 'install it with `pip install "fastdnn[parquet]"`'
    raise ImportError(expected("load_parquet", "pyarrow or polars", "neither", hint))
