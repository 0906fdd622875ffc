"""Sparse rows from text in the format of SVMlight and LIBSVM."""

from __future__ import annotations

import math
import os
import re
from array import array
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.csr import CsrMatrix
from fastdnn.errors import expected
from fastdnn.io.files import FormatError, open_regular
from fastdnn.layers.layer import flag, positive_int

_MOST_LINE_BYTES: Final = 1 << 24
_MOST_COLUMNS: Final = 2**31 - 1  # what int32 counts
_MOST_NUMBER_BYTES: Final = 100  # more digits say nothing, and take their square in time
_NUMBER_TEXT: Final = (
    rb"[+-]?+(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?+[0-9]{1,5}+)?+"  # never goes back
)
_NUMBER: Final = re.compile(_NUMBER_TEXT)
_INDEX: Final = re.compile(rb"[0-9]{1,10}+")
_LINE: Final = re.compile(rb"\s*+%b(?:\s++[0-9]{1,10}+:%b)*+\s*+" % (_NUMBER_TEXT, _NUMBER_TEXT))


def load_svmlight(
    path: str | os.PathLike[str],
    n_features: int | None = None,
    *,
    zero_based: bool = False,
    dtype: str = "float64",
) -> tuple[CsrMatrix, NDArray[Any]]:
    """Read rows `target column:value column:value ...` of numbers; what is not named is 0.

    Lines may end with a comment after `#`; empty ones count for nothing. Columns ascend within a row.

    Args:
        path: of the file.
        n_features: columns of `x`; None: as many as the largest column says. Give it where another file, of
            dev or test rows, may have larger ones, or where the file is not trusted: `x` is sparse, but its
            `toarray()` takes as much memory as the largest column says.
        zero_based: whether columns count from 0; the format's own is from 1. A column 0 in a file that is
            read from 1 is an error that says so.
        dtype: of the values, "float32" or "float64".

    Returns:
        `x` (rows, columns), a `CsrMatrix`, which `fit` reads in place, and `y` (rows,), int64 where all
        targets are whole numbers, else float64.

    Raises:
        ValueError: an argument is out of its range.
        FileNotFoundError: there is no such file.
        FormatError: a line is something else, or has a number that is not finite; it is named. Several
            targets in a row, and `qid:` of rankings, are not read.

    Source: Joachims, SVMlight; Chang & Lin, "LIBSVM: a library for support vector machines", 2011.

    >>> import pathlib, tempfile
    >>> from fastdnn.data import load_svmlight
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "train.svm"
    ...     _ = file.write_text("+1 1:0.5 3:2  # a comment\\n-1 2:1\\n")
    ...     x, y = load_svmlight(file)
    >>> x.toarray(), y
    (array([[0.5, 0. , 2. ],
           [0. , 1. , 0. ]]), array([ 1, -1]))
    """
    where = "load_svmlight"
    flag(where, "zero_based", zero_based)
    if dtype not in ("float32", "float64"):
        raise ValueError(expected(where, "dtype 'float32' or 'float64'", repr(dtype)))
    most = _MOST_COLUMNS if n_features is None else positive_int(where, "n_features", n_features)
    if most > _MOST_COLUMNS:
        raise ValueError(expected(where, f"n_features of at most {_MOST_COLUMNS}", most))
    rows = _Rows(first=0 if zero_based else 1, columns=most)
    number = 0
    try:
        with open_regular(path, where) as file:
            while line := file.readline(_MOST_LINE_BYTES):
                number += 1
                if len(line) == _MOST_LINE_BYTES and not line.endswith(b"\n"):
                    raise FormatError(
                        f"expected lines of fewer than {_MOST_LINE_BYTES} bytes, got a longer one"
                    )
                rows.read(line)
            if not rows.targets:
                raise FormatError("expected at least one row, got none")
            return rows.arrays(n_features, dtype)
    except FormatError as error:
        line_text = f", line {number}" if number else ""
        raise FormatError(f"[{where}] {str(Path(path))!r}{line_text}: {error}") from None


class _Rows:
    """The rows so far, in flat arrays."""

    def __init__(self, first: int, columns: int) -> None:
        self._first = first
        self._columns = columns
        self.targets = array("d")
        self._values = array("d")
        self._indices = array("i")
        self._starts = array("q", [0])

    def read(self, line: bytes) -> None:
        """One line."""
        text = line.partition(b"#")[0]
        if not text.strip():
            return
        parts = text.replace(b":", b" ").split()
        if not _LINE.fullmatch(text) or max(map(len, parts)) > _MOST_NUMBER_BYTES:
            raise FormatError(_problem(text.split()))
        columns = [int(part) - self._first for part in parts[1::2]]
        values = [float(part) for part in parts[::2]]
        if max(values) == math.inf or min(values) == -math.inf:
            raise FormatError(f"expected numbers within float64's range, got {_shown(text)}")
        self._check(columns)
        self.targets.append(values[0])
        self._indices.extend(columns)
        self._values.extend(values[1:])
        self._starts.append(len(self._indices))

    def _check(self, columns: list[int]) -> None:
        if columns and columns[0] < 0:
            raise FormatError("expected columns from 1 on, got 0; give zero_based=True")
        for one, other in pairwise(columns):
            if one >= other:
                raise FormatError(
                    f"expected ascending columns, got {other + self._first} after {one + self._first}"
                )
        if columns and columns[-1] >= self._columns:
            got = columns[-1] + self._first
            raise FormatError(f"expected at most {self._columns} columns, got column {got}")

    def arrays(self, n_features: int | None, dtype: str) -> tuple[CsrMatrix, NDArray[Any]]:
        """Features and targets."""
        indices = np.array(self._indices, np.int32)
        width = n_features or (int(indices.max()) + 1 if indices.size else 1)
        with np.errstate(over="ignore"):
            values = np.array(self._values, dtype)
        if not np.isfinite(values).all():
            raise FormatError(f"expected values within the range of {dtype}, got larger ones")
        starts = np.array(self._starts, np.int32 if indices.size < 2**31 else np.int64)
        y = np.array(self.targets, np.float64)
        whole = np.abs(y).max() < 2**53 and bool((y == np.floor(y)).all())
        x = CsrMatrix(starts, indices, values, (len(y), width))
        return x, y.astype(np.int64) if whole else y


def _problem(parts: list[bytes]) -> str:
    """What is wrong with a line."""
    if not _is_number(parts[0]):
        return f"expected a target as a number, got {_shown(parts[0])}"
    for part in parts[1:]:
        name, colon, value = part.partition(b":")
        if not colon or not _INDEX.fullmatch(name):
            return f"expected column:value, got {_shown(part)}"
        if not _is_number(value):
            return f"expected a value as a number, got {_shown(value)}"
    return "expected a target and column:value pairs, got something else"


def _is_number(text: bytes) -> bool:
    return len(text) <= _MOST_NUMBER_BYTES and _NUMBER.fullmatch(text) is not None


def _shown(text: bytes) -> str:
    return repr(text[:40].decode("latin-1"))
