"""A sparse matrix in rows, without SciPy: what the readers of sparse files give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdnn.errors import expected


@dataclass(frozen=True, eq=False)
class CsrMatrix:
    """A matrix of which the entries that are not 0 are stored, row by row, as in `scipy.sparse.csr_array`.

    `fit`, `evaluate` and `predict` read it in place where only `Dense` reads the input; `x[rows]` takes rows,
    by a slice, numbers or booleans; `train_dev_test_split` splits it. SciPy's
    `csr_array((x.data, x.indices, x.indptr), shape=x.shape)` is the same matrix, on the same arrays.

    Attributes:
        indptr: (rows + 1,); the entries of row r are number indptr[r] to indptr[r + 1] - 1.
        indices: the column of each entry, ascending in a row.
        data: the value of each entry.
        shape: (rows, columns).

    >>> import numpy as np
    >>> from fastdnn.data import CsrMatrix
    >>> x = CsrMatrix(np.array([0, 1, 3]), np.array([2, 0, 1]), np.array([5.0, 6.0, 7.0]), (2, 3))
    >>> x.toarray()
    array([[0., 0., 5.],
           [6., 7., 0.]])
    >>> x[[1]].toarray()
    array([[6., 7., 0.]])
    """

    format: ClassVar[str] = "csr"
    ndim: ClassVar[int] = 2

    indptr: NDArray[Any]
    indices: NDArray[Any]
    data: NDArray[Any]
    shape: tuple[int, int]

    @property
    def nnz(self) -> int:
        """Stored entries."""
        return len(self.data)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.data.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> CsrMatrix:
        try:
            chosen = np.atleast_1d(np.arange(self.shape[0])[rows])
        except (IndexError, TypeError) as error:
            wanted = f"rows of {self.shape[0]}, as a slice, numbers or booleans"
            raise IndexError(expected("CsrMatrix", wanted, f"{rows!r:.60}")) from error
        if chosen.ndim != 1:
            raise IndexError(expected("CsrMatrix", "rows as a vector", f"shape {chosen.shape}"))
        counts = np.diff(self.indptr)[chosen]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(self.indptr.dtype)
        # The place of each entry in its row, from where that row begins here.
        entries = np.arange(starts[-1]) - np.repeat(starts[:-1] - self.indptr[chosen], counts)
        return CsrMatrix(starts, self.indices[entries], self.data[entries], (len(chosen), self.shape[1]))

    def toarray(self) -> NDArray[Any]:
        """All numbers, (rows, columns)."""
        dense = np.zeros(self.shape, self.data.dtype)
        dense[np.repeat(np.arange(self.shape[0]), np.diff(self.indptr)), self.indices] = self.data
        return dense

    def tocsr(self) -> CsrMatrix:
        """Itself."""
        return self

    def __repr__(self) -> str:
        return f"<CsrMatrix of shape {self.shape}, {self.nnz} entries of {self.dtype}>"
