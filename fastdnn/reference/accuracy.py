"""Whether each row's largest output is the right one."""

import numpy as np


def _argmax(x: np.ndarray) -> np.ndarray:
    """The first of the largest of each row; NaN never is."""
    x = np.asarray(x)
    return np.where(np.isnan(x), -np.inf, x).argmax(axis=1)


def sparse_accuracy(z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """row_correct[r] = 1 where argmax z[r] = labels[r], else 0, (n, 1)."""
    return (_argmax(z) == np.asarray(labels).reshape(-1))[:, None].astype(np.float64)


def categorical_accuracy(z: np.ndarray, target: np.ndarray) -> np.ndarray:
    """row_correct[r] = 1 where argmax z[r] = argmax t[r], else 0, (n, 1)."""
    return (_argmax(z) == _argmax(target))[:, None].astype(np.float64)
