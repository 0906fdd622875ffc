"""The rectifier with a learned slope for each column."""

import numpy as np


def prelu(x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """y[r][j] = α[j] x[r][j] where x[r][j] < 0, else x[r][j]."""
    x = np.asarray(x, np.float64)
    return np.where(x < 0, np.asarray(alpha, np.float64) * x, x)


def prelu_backward(x: np.ndarray, dy: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """dx[r][j] = α[j] dy[r][j] where x[r][j] <= 0, else dy[r][j]."""
    dy = np.asarray(dy, np.float64)
    return np.where(np.asarray(x) <= 0, np.asarray(alpha, np.float64) * dy, dy)


def prelu_dalpha(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dα[j] = Σ_r x[r][j] dy[r][j] over the rows with x[r][j] <= 0."""
    x, dy = np.asarray(x, np.float64), np.asarray(dy, np.float64)
    return np.where(x > 0, 0.0, x * dy).sum(axis=0)
