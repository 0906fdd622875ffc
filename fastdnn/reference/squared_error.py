"""The mean squared error over the outputs of each row, and its gradient."""

import numpy as np

from fastdnn.reference.cross_entropy import row_scale


def squared_error(y: np.ndarray, target: np.ndarray) -> np.ndarray:
    """row_loss[r] = (1/k) Σ_j (y[r][j] - t[r][j])², (n, 1)."""
    d = np.asarray(y, np.float64) - np.asarray(target, np.float64)
    return (d**2).mean(axis=1, keepdims=True)


def squared_error_backward(
    y: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None, scale: float | None = None
) -> np.ndarray:
    """dy[r] = scale w_r 2 (y[r] - t[r]) / k."""
    d = np.asarray(y, np.float64) - np.asarray(target, np.float64)
    return row_scale(len(d), weights, scale) * 2.0 * d / d.shape[1]
