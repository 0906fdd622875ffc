"""Softmax cross-entropy from logits, and its gradient."""

import numpy as np

from fastdnn.reference.softmax import log_sum_exp, softmax


def row_scale(rows: int, weights: np.ndarray | None, scale: float | None) -> np.ndarray:
    """The factor of each row's loss in the batch's, (n, 1): scale w_r, where scale is 1 / n unless given."""
    factor = 1.0 / rows if scale is None else scale
    w = np.ones((rows, 1)) if weights is None else np.asarray(weights, np.float64).reshape(rows, 1)
    return factor * w


def _one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes)[np.asarray(labels).reshape(-1)]


def sparse_cross_entropy(z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """row_loss[r] = log Σ_j exp z[r][j] - z[r][labels[r]], (n, 1)."""
    z = np.asarray(z, np.float64)
    index = np.asarray(labels).reshape(-1, 1)
    return log_sum_exp(z) - np.take_along_axis(z, index, axis=1)


def sparse_cross_entropy_backward(
    z: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, scale: float | None = None
) -> np.ndarray:
    """dz[r] = scale w_r (softmax(z)[r] - onehot(labels[r]))."""
    p = softmax(z)
    return row_scale(len(p), weights, scale) * (p - _one_hot(labels, p.shape[1]))


def categorical_cross_entropy(z: np.ndarray, target: np.ndarray) -> np.ndarray:
    """row_loss[r] = Σ_j t[r][j] (log Σ_k exp z[r][k] - z[r][j]), (n, 1)."""
    z, target = np.asarray(z, np.float64), np.asarray(target, np.float64)
    return (target * (log_sum_exp(z) - z)).sum(axis=1, keepdims=True)


def categorical_cross_entropy_backward(
    z: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None, scale: float | None = None
) -> np.ndarray:
    """dz[r] = scale w_r (softmax(z)[r] Σ_j t[r][j] - t[r])."""
    p, target = softmax(z), np.asarray(target, np.float64)
    return row_scale(len(p), weights, scale) * (p * target.sum(axis=1, keepdims=True) - target)
