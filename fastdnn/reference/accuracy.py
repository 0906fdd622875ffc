"""Whether each row's outputs are right."""

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


def _is_among_largest(z: np.ndarray, right: np.ndarray, k: int) -> np.ndarray:
    """Whether fewer than k of each row are larger than z[r][right[r]]; not where that is NaN or no class."""
    z, right = np.asarray(z, np.float64), np.asarray(right).reshape(-1)
    is_class = (right >= 0) & (right < z.shape[1])
    own = z[np.arange(len(z)), np.where(is_class, right, 0)]
    larger = (z > own[:, None]).sum(axis=1)
    return (is_class & ~np.isnan(own) & (larger < k))[:, None].astype(np.float64)


def sparse_top_k_accuracy(z: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """row_correct[r] = 1 where fewer than k of z[r] are larger than z[r][labels[r]], else 0, (n, 1)."""
    return _is_among_largest(z, labels, k)


def categorical_top_k_accuracy(z: np.ndarray, target: np.ndarray, k: int) -> np.ndarray:
    """row_correct[r] = 1 where fewer than k of z[r] are larger than z[r][argmax t[r]], else 0, (n, 1)."""
    return _is_among_largest(z, _argmax(target), k)


def binary_accuracy(
    z: np.ndarray, target: np.ndarray, threshold: float = 0.5, target_threshold: float = 0.5
) -> np.ndarray:
    """row_correct[r] = share of j where z[r][j] > threshold as t[r][j] > target_threshold, (n, 1)."""
    z = np.asarray(z)
    right = (z > threshold) == (np.asarray(target) > target_threshold)
    return (right & ~np.isnan(z)).mean(axis=1, keepdims=True)
