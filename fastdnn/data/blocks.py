"""A table of features gone through block by block in float64, so that no copy of all of it is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.frames import frame_names, is_frame
from fastdnn.data.sparse import is_sparse
from fastdnn.errors import expected

Floats = NDArray[np.float64]

_BLOCK = 1 << 18  # elements at a time: 2 MB of float64, as much as a core's cache holds
_LEAST_ROWS = 64  # so that products over the rows of a block are worth their writing


@dataclass(frozen=True)
class Features:
    """A table that the user passed: an array (rows, width) of any real type and layout, and its names.

    The blocks depend on the shape alone: memory map, Fortran order or uint8 give the bits of C order and
    float64.
    """

    where: str
    array: NDArray[Any]
    names: tuple[str, ...] | None = None

    @property
    def rows(self) -> int:
        """Examples."""
        return len(self.array)

    @property
    def width(self) -> int:
        """Features of an example."""
        return int(self.array.shape[1])

    def blocks(self, *, finite: bool = True) -> Iterator[tuple[int, Floats]]:
        """(number of the first row, rows in C order and float64): copies, free to be written.

        Raises:
            NonFiniteValueError: with `finite`, a number is NaN or infinite; row and column are named.
        """
        rows = max(_LEAST_ROWS, _BLOCK // self.width)
        for begin in range(0, self.rows, rows):
            block = np.array(self.array[begin : begin + rows], np.float64, order="C")
            if finite and self.array.dtype.kind == "f" and not np.isfinite(block).all():
                self._refuse(begin, block)
            yield begin, block

    def _refuse(self, begin: int, block: Floats) -> NoReturn:
        from fastdnn.features import NonFiniteValueError  # which imports this package

        row, column = np.argwhere(~np.isfinite(block))[0]
        got = f"{block[row, column]} in row {begin + row}, column {self.label(int(column))}"
        hint = "drop or fill such rows; fastdnn.data.describe counts them"
        raise NonFiniteValueError(expected(self.where, "finite x", got, hint))

    def label(self, column: int) -> str:
        """A column for messages: its number, and its name where it has one."""
        return str(column) if self.names is None else f"{column} ({self.names[column]!r})"


def read_features(where: str, x: Any, width: int | None = None) -> Features:
    """`x` (rows, features) as it lies: an array, a memory map, nested lists or a data frame.

    Raises:
        ValueError: it is sparse, holds something else than real numbers, is not two-dimensional, has no rows,
            or not `width` columns.

    >>> from fastdnn.data.blocks import read_features
    >>> read_features("example", [[1, 2], [3, 4]]).width
    2
    """
    from fastdnn.features import as_table  # which imports this package

    if is_sparse(x):
        hint = "centring would fill every zero; use .toarray() on few enough rows, or leave sparse x as it is"
        raise ValueError(expected(where, "a dense x", "a sparse one", hint))
    names = frame_names(x) if is_frame(x) else None
    shape = getattr(x, "shape", None)
    if isinstance(shape, tuple) and len(shape) == 1:
        hint = "one feature is x[:, None], one example x[None, :]"
        raise ValueError(expected(where, "x of shape (examples, features)", f"shape {shape}", hint))
    return Features(where, as_table(where, x, width, "float64"), names)
