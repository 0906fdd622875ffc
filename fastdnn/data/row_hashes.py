"""A number for each row of a table, by which equal rows are found without comparing all with all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.blocks import Features, read_features
from fastdnn.data.sparse import CsrRows, as_csr, is_sparse
from fastdnn.errors import expected

Hashes = NDArray[np.uint64]

_BYTES = 8  # of 10 million rows two unlike ones are taken for equal with a probability of 3e-6: n² / 2^65
_SPARSE_ROWS = 4096  # at a time


def row_hashes(where: str, tables: Mapping[str, Any], *, same_names: bool = True) -> dict[str, Hashes]:
    """The BLAKE2b hashes of the rows of each table, equal for equal rows: of dense and sparse tables, of any
    type and order of bytes; of unlike float types in the narrowest of them. 0 and -0 are equal, and so are
    all NaN.

    Args:
        where: of errors.
        tables: by the names that errors say.
        same_names: whether columns must have the same names where tables name them.

    Raises:
        ValueError: a table is none of numbers, has no rows, or has other columns than the first.

    >>> import numpy as np
    >>> from fastdnn.data.row_hashes import row_hashes
    >>> tables = {"a": [[1, 2], [3, 0]], "b": np.array([[3.0, -0.0]], "f4")}
    >>> one, other = row_hashes("example", tables).values()
    >>> (one == other[0]).tolist()
    [False, True]
    """
    read: dict[str, Features | CsrRows] = {}
    for name, table in tables.items():
        width = next(iter(read.values())).width if read else None
        named = f"{where}, {name}"
        sparse = is_sparse(table)
        read[name] = as_csr(named, table, width, "float64") if sparse else read_features(named, table, width)
    if same_names:
        _check_names(where, {name: one.names for name, one in read.items() if isinstance(one, Features)})
    kinds = [_dtype(one) for one in read.values()]
    narrow = min((kind for kind in kinds if kind.kind == "f"), key=lambda kind: kind.itemsize, default=None)
    dtype = np.dtype("f8") if narrow is None or narrow.itemsize > 8 else narrow.newbyteorder("=")
    by_entries = any(isinstance(one, CsrRows) for one in read.values())
    return {name: _hashes(one, dtype, by_entries) for name, one in read.items()}


def _dtype(one: Features | CsrRows) -> np.dtype[Any]:
    return one.dtype if isinstance(one, CsrRows) else one.array.dtype


def _check_names(where: str, names: Mapping[str, tuple[str, ...] | None]) -> None:
    """The same columns in the same order, where tables name them."""
    named = [(name, columns) for name, columns in names.items() if columns is not None]
    for name, columns in named[1:]:
        if columns != named[0][1]:
            at = next(i for i in range(len(columns)) if columns[i] != named[0][1][i])
            got = f"{columns[at]!r} in {name} and {named[0][1][at]!r} in {named[0][0]} at column {at}"
            raise ValueError(expected(where, "the same columns in each set", got))


def _hashes(one: Features | CsrRows, dtype: np.dtype[Any], by_entries: bool) -> Hashes:
    rows: Iterable[bytes | memoryview]
    if isinstance(one, CsrRows):
        rows = _rows_of_sparse(one, dtype)
    elif by_entries:
        rows = _rows_by_entries(one, dtype)
    else:
        rows = _rows_of_dense(one, dtype)
    digests = b"".join(blake2b(row, digest_size=_BYTES).digest() for row in rows)
    return np.frombuffer(digests, np.uint64)


def _canonical(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        values = values.astype(dtype)
    values += 0.0  # -0 becomes 0
    values[np.isnan(values)] = np.nan
    return values


def _rows_of_dense(one: Features, dtype: np.dtype[Any]) -> Iterator[memoryview]:
    size = one.width * dtype.itemsize
    for _, block in one.blocks(finite=False):
        held = memoryview(_canonical(block, dtype).tobytes())
        yield from (held[begin : begin + size] for begin in range(0, len(held), size))


def _rows_by_entries(one: Features, dtype: np.dtype[Any]) -> Iterator[bytes]:
    for _, block in one.blocks(finite=False):
        rows, columns = np.nonzero(block)
        yield from _of_entries(len(block), rows, columns, block[rows, columns], dtype)


def _rows_of_sparse(one: CsrRows, dtype: np.dtype[Any]) -> Iterator[bytes]:
    """Columns in order, each once, as SciPy means what stands there twice: the sum."""
    for begin in range(0, len(one), _SPARSE_ROWS):
        part = one[begin : begin + _SPARSE_ROWS]
        entries = slice(int(part.starts[0]), int(part.starts[-1]))
        rows = np.repeat(np.arange(len(part)), np.diff(part.starts))
        places, of_entries = np.unique(rows * one.width + part.columns[entries], return_inverse=True)
        sums = np.bincount(of_entries.reshape(-1), part.values[entries], len(places))
        yield from _of_entries(len(part), places // one.width, places % one.width, sums, dtype)


def _of_entries(
    count: int, rows: NDArray[Any], columns: NDArray[Any], values: NDArray[Any], dtype: np.dtype[Any]
) -> Iterator[bytes]:
    """The entries of each row that are not 0, as bytes; they come in the order of rows and columns."""
    values = _canonical(values, dtype)
    kept = values != 0
    rows, columns, values = rows[kept], columns[kept].astype(np.int64), values[kept]
    ends = np.searchsorted(rows, np.arange(count + 1))
    for begin, end in pairwise(ends):
        yield columns[begin:end].tobytes() + values[begin:end].tobytes()
