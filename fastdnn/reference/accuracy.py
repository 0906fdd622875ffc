"""Whether each row's largest output is the right one."""

import numpy as np


def _argmax(x: np.ndarray) -> np.ndarray:
    """The first of the largest of each row; NaN never is, and a row of NaN has none: -1."""
    x = np.asarray(x)
    real = ~np.isnan(x)
    best = np.where(real, x, -np.inf).argmax(axis=1)
    first = real.argmax(axis=1)  # where all that is real is -infinity, NaN must not come first
    lowest = np.isneginf(np.where(real, x, -np.inf)).all(axis=1)
    return np.where(real.any(axis=1), np.where(lowest, first, best), -1)


def sparse_accuracy(z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """row_correct[r] = 1 where argmax z[r] = labels[r], else 0, (n, 1)."""
    return (_argmax(z) == np.asarray(labels).reshape(-1))[:, None].astype(np.float64)


def categorical_accuracy(z: np.ndarray, target: np.ndarray) -> np.ndarray:
    """row_correct[r] = 1 where argmax z[r] = argmax t[r], else 0, (n, 1)."""
    best = _argmax(z)
    return ((best >= 0) & (best == _argmax(target)))[:, None].astype(np.float64)
