"""The largest of k pieces, and of a row."""

import numpy as np


def _pieces(x: np.ndarray, n: int) -> np.ndarray:
    """x (rows, k n) as (rows, k, n)."""
    rows, cols = np.shape(x)
    return np.asarray(x, np.float64).reshape(rows, cols // n if n else 1, n)


def maxout(x: np.ndarray, n: int) -> np.ndarray:
    """y[r][j] = max_p x[r][p n + j], p < k; x (rows, k n), y (rows, n)."""
    return _pieces(x, n).max(axis=1)


def maxout_backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx[r][p n + j] = dy[r][j] for the first p with the largest x[r][p n + j], else 0."""
    dy = np.asarray(dy, np.float64)
    pieces = _pieces(x, dy.shape[1])
    first = pieces.argmax(axis=1)[:, None, :]
    won = np.arange(pieces.shape[1])[None, :, None] == first
    return np.where(won, dy[:, None, :], 0.0).reshape(np.shape(x))


def hardmax(x: np.ndarray) -> np.ndarray:
    """y[r][j] = 1 for the first j with the largest x[r][j], else 0; a row with NaN becomes NaN."""
    x = np.asarray(x, np.float64)
    one_hot = np.eye(x.shape[1])[x.argmax(axis=1)]
    return np.where(np.isnan(x).any(axis=1, keepdims=True), np.nan, one_hot)
