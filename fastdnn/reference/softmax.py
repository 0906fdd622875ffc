"""Softmax over the features of each row."""

import numpy as np


def softmax(x: np.ndarray) -> np.ndarray:
    """y[r][j] = exp(x[r][j] - max x[r]) / Σ_k exp(x[r][k] - max x[r])."""
    x = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore"):  # infinity - infinity: a row of NaN, as it should be
        e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx[r] = y[r] (dy[r] - Σ_k y[r][k] dy[r][k]); y is the output of `softmax`."""
    y, dy = np.asarray(y, np.float64), np.asarray(dy, np.float64)
    return y * (dy - (y * dy).sum(axis=1, keepdims=True))


def log_sum_exp(z: np.ndarray) -> np.ndarray:
    """log Σ_j exp(z[r][j]) of each row, (n, 1)."""
    z = np.asarray(z, np.float64)
    top = z.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return top + np.log(np.exp(z - top).sum(axis=1, keepdims=True))
