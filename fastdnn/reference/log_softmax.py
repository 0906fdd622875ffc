"""The logarithm of softmax over the features of each row."""

import numpy as np


def log_softmax(x: np.ndarray) -> np.ndarray:
    """y[r][j] = (x[r][j] - max x[r]) - log Σ_k exp(x[r][k] - max x[r])."""
    x = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore"):  # infinity - infinity: a row of NaN, as it should be
        below = x - x.max(axis=1, keepdims=True)
        return below - np.log(np.exp(below).sum(axis=1, keepdims=True))


def log_softmax_backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx[r] = dy[r] - exp(y[r]) Σ_k dy[r][k]; y is the output of `log_softmax`."""
    y, dy = np.asarray(y, np.float64), np.asarray(dy, np.float64)
    return dy - np.exp(y) * dy.sum(axis=1, keepdims=True)
