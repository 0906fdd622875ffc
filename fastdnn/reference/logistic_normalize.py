"""The logistic function of each output, normalised to the sum 1 over each row."""

import numpy as np


def _logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1.0 + e)


def logistic_normalize(x: np.ndarray) -> np.ndarray:
    """y[r][j] = s(x[r][j]) / Σ_k s(x[r][k]), where s(x) = 1 / (1 + exp(-x)).

    Below -40 s is exp to the last digit, and a row that lies there is shifted up, lest it underflow.
    """
    x = np.asarray(x, np.float64)
    top = x.max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # -infinity + infinity: a row of NaN, as it should be
        s = _logistic(x + np.where(top < -40, -40 - top, 0.0))
    return s / s.sum(axis=1, keepdims=True)


def logistic_normalize_backward(y: np.ndarray, x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx[r] = y[r] s(-x[r]) (dy[r] - Σ_k y[r][k] dy[r][k]); y is the output of `logistic_normalize`.

    Not ŷ - t for the cross-entropy, as it would be of softmax: s(-x) = 1 - s(x) stays.
    """
    y, x, dy = np.asarray(y, np.float64), np.asarray(x, np.float64), np.asarray(dy, np.float64)
    return y * _logistic(-x) * (dy - (y * dy).sum(axis=1, keepdims=True))
