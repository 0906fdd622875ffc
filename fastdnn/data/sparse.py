"""Rows of a sparse matrix (CSR), read where they lie. What has the attributes of SciPy's will do."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.errors import expected

_ATTRIBUTES = ("indptr", "indices", "data", "shape")
_MOST_COLUMNS = 2**31 - 1
_BLOCK = 1 << 20  # entries checked at a time


def is_sparse(x: Any) -> bool:
    """Whether `x` is a sparse matrix or array, of SciPy or with the same attributes.

    >>> from fastdnn.data.sparse import is_sparse
    >>> is_sparse([[0.0]])
    False
    """
    return hasattr(x, "tocsr") or _has_entries(x)


def _has_entries(x: Any) -> bool:
    return all(hasattr(x, name) for name in _ATTRIBUTES)


@dataclass(frozen=True)
class CsrRows:
    """Entries by rows: those of row r are number starts[r] to starts[r + 1] - 1 of columns and values.

    It has what is asked of arrays of features: a shape, a length, and slices of rows, which copy nothing.
    """

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.starts) - 1, self.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.values.dtype

    @property
    def nbytes(self) -> int:
        """Of the values of these rows."""
        return self._own_values().nbytes

    def _own_values(self) -> np.ndarray:
        return self.values[int(self.starts[0]) : int(self.starts[-1])]

    def first_non_finite(self, dtype: str) -> tuple[int, int, float] | None:
        """The row, column and value of the first entry that is NaN or infinite in `dtype`, or None."""
        own, first = self._own_values(), int(self.starts[0])
        for begin in range(0, len(own), _BLOCK):
            with np.errstate(over="ignore"):
                block = own[begin : begin + _BLOCK].astype(dtype, copy=False)
            bad = np.flatnonzero(~np.isfinite(block))
            if bad.size:
                entry = first + begin + int(bad[0])
                row = int(np.searchsorted(self.starts, entry, side="right")) - 1
                return row, int(self.columns[entry]), float(block[bad[0]])
        return None

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: slice) -> "CsrRows":
        first, last, step = rows.indices(len(self))
        if step != 1:
            raise ValueError(expected("CsrRows", "rows in their order", f"a step of {step}"))
        return CsrRows(self.starts[first : max(first, last) + 1], self.columns, self.values, self.width)

    def row(self, r: int) -> tuple[np.ndarray, np.ndarray]:
        """The columns and values of a row."""
        entries = slice(int(self.starts[r]), int(self.starts[r + 1]))
        return self.columns[entries], self.values[entries]

    def taken(self, order: np.ndarray, dtype: str) -> "CsrRows":
        """A copy of these rows, in this order and type."""
        rows = [self.row(int(r)) for r in order]
        starts = np.cumsum([0, *(len(columns) for columns, _ in rows)], dtype=self.starts.dtype)
        with np.errstate(over="ignore"):
            values = [values.astype(dtype) for _, values in rows]
        columns = [columns for columns, _ in rows]
        return CsrRows(starts, np.concatenate(columns), np.concatenate(values), self.width)


def sparse_shape(where: str, x: Any, width: int | None) -> tuple[int, int]:
    """(examples, features) of a sparse x.

    Raises:
        ValueError: it has another shape, or too many columns.
    """
    shape = tuple(getattr(x, "shape", ()))
    wanted = "(examples, features)" if width is None else f"(examples, {width})"
    if len(shape) != 2 or (width is not None and shape[1] != width) or 0 in shape:
        raise ValueError(expected(where, f"a sparse x of shape {wanted}", f"shape {shape}", "use .toarray()"))
    if shape[1] > _MOST_COLUMNS:
        raise ValueError(expected(where, f"x of at most {_MOST_COLUMNS} features", shape[1]))
    return int(shape[0]), int(shape[1])


def as_csr(where: str, x: Any, width: int | None, dtype: str) -> CsrRows:
    """A sparse `x` (examples, features) as rows, read in place where it is CSR with values and indices of a
    type that the core reads; else converted once, by its `tocsr`.

    Raises:
        ValueError: not two-dimensional, no rows, not `width` columns, values that are no real numbers, or
            indices that do not fit together; the first wrong one is named with its row.
    """
    shape = sparse_shape(where, x, width)
    if getattr(x, "format", "csr") != "csr" or not _has_entries(x):
        x = x.tocsr()
    if not _has_entries(x):
        got = f"a {type(x).__name__} without all of {', '.join(_ATTRIBUTES)}"
        raise ValueError(expected(where, "a sparse x in rows, as SciPy's", got, "use .toarray()"))
    starts, columns = _indices(where, x)
    values = _values(where, np.asarray(x.data), dtype)
    count = _check_starts(where, starts, shape[0], min(len(columns), len(values)))
    rows = CsrRows(starts, columns[:count], values[:count], shape[1])
    _check_columns(where, rows)
    return rows


def _indices(where: str, x: Any) -> tuple[np.ndarray, np.ndarray]:
    """indptr and indices, both in int32 or both in int64."""
    arrays = []
    for name in ("indptr", "indices"):
        array = np.asarray(getattr(x, name))
        if array.ndim != 1 or array.dtype.kind not in "iu":
            got = f"{array.dtype} of shape {array.shape}"
            raise ValueError(expected(where, f"x.{name} as a vector of integers", got))
        arrays.append(array)
    narrow = all(array.dtype.kind == "i" and array.dtype.itemsize <= 4 for array in arrays)
    dtype = np.int32 if narrow else np.int64
    starts, columns = (np.require(array, dtype, ["C", "A"]) for array in arrays)
    return starts, columns


def _values(where: str, values: np.ndarray, dtype: str) -> np.ndarray:
    if values.ndim != 1 or values.dtype.kind not in "buif":
        got = f"{values.dtype} of shape {values.shape}"
        raise ValueError(expected(where, "x.data as a vector of real numbers", got, "convert it first"))
    with np.errstate(over="ignore"):  # what overflows is found when it is gathered
        native = dtype if values.dtype.char == "g" else values.dtype.newbyteorder("=")
        return np.require(values, native, ["C", "A"])


def _check_starts(where: str, starts: np.ndarray, rows: int, entries: int) -> int:
    """The number of entries."""
    if len(starts) != rows + 1:
        raise ValueError(expected(where, f"{rows + 1} numbers in x.indptr, for {rows} rows", len(starts)))
    if starts[0] != 0 or starts[-1] > entries:
        got = f"{starts[0]} to {starts[-1]}"
        raise ValueError(expected(where, f"x.indptr from 0 to at most {entries}, the entries", got))
    falls = starts[1:] < starts[:-1]
    if falls.any():
        row = int(np.argmax(falls))
        got = f"{starts[row]}, then {starts[row + 1]} in row {row}"
        raise ValueError(expected(where, "x.indptr that never falls", got))
    return int(starts[-1])


def _check_columns(where: str, x: CsrRows) -> None:
    for begin in range(0, len(x.columns), _BLOCK):
        block = x.columns[begin : begin + _BLOCK]
        if block.min() < 0 or block.max() >= x.width:
            at = begin + int(np.argmax((block < 0) | (block >= x.width)))
            row = int(np.searchsorted(x.starts, at, side="right")) - 1
            got = f"{x.columns[at]} in row {row}"
            raise ValueError(expected(where, f"column numbers from 0 to {x.width - 1} in x.indices", got))
