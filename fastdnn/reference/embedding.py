"""Rows of a trained table by index."""

import numpy as np


def embedding(table: np.ndarray, index: np.ndarray) -> np.ndarray:
    """y[r] = the rows table[index[r][k]], one behind the other; index (n,) or (n, k)."""
    rows = np.asarray(table, np.float64)[np.asarray(index)]
    return rows.reshape(len(rows), int(np.prod(rows.shape[1:])))


def embedding_backward_rows(dy: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct indices, ascending, and for each the sum of dy over its places."""
    index = np.asarray(index)
    index = index if index.ndim == 2 else index[:, None]
    dy = np.asarray(dy, np.float64)
    dim = dy.shape[1] // max(index.shape[1], 1)
    places: dict[int, list[np.ndarray]] = {}
    for r, k in np.ndindex(index.shape):
        places.setdefault(int(index[r, k]), []).append(dy[r, k * dim : (k + 1) * dim])
    indices = sorted(places)
    rows = np.array([np.sum(places[i], axis=0) for i in indices]).reshape(len(indices), dim)
    return np.array(indices, np.int32), rows


def embedding_backward(dy: np.ndarray, index: np.ndarray, table_rows: int) -> np.ndarray:
    """dtable: the sums in the rows of their indices, 0 in the others."""
    indices, rows = embedding_backward_rows(dy, index)
    dtable = np.zeros((table_rows, rows.shape[1]))
    dtable[indices] = rows
    return dtable
