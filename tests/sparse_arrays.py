"""Sparse arrays with the attributes of SciPy's, which the tests do not need."""

import numpy as np


class Csr:
    """Entries by rows, as scipy.sparse.csr_array has them."""

    format = "csr"

    def __init__(self, indptr, indices, data, shape):
        self.indptr, self.indices, self.data, self.shape = indptr, indices, data, shape

    @classmethod
    def of(cls, x, index=np.int32):
        """The entries of an array that are not 0."""
        rows, columns = np.nonzero(x)
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(x)))])
        return cls(starts.astype(index), columns.astype(index), x[rows, columns], x.shape)

    def tocsr(self):
        """Itself."""
        return self

    def toarray(self):
        """All numbers."""
        x = np.zeros(self.shape, self.data.dtype)
        rows = np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))
        np.add.at(x, (rows, self.indices), self.data)
        return x

    def replaced(self, **arrays):
        """A copy with other arrays."""
        return Csr(**{**vars(self), **arrays})


class Coo:
    """What must be converted."""

    format = "coo"

    def __init__(self, csr):
        self._csr, self.shape, self.conversions = csr, csr.shape, 0

    def tocsr(self):
        """Counted."""
        self.conversions += 1
        return self._csr

    def toarray(self):
        """All numbers."""
        return self._csr.toarray()
