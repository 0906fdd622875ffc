"""Softmax cross-entropy from logits, and its gradient."""

import numpy as np

from fastdnn.reference.softmax import softmax


def row_scale(rows: int, weights: np.ndarray | None, scale: float | None) -> np.ndarray:
    """The factor of each row's loss in the batch's, (n, 1): scale w_r, where scale is 1 / n unless given."""
    factor = 1.0 / rows if scale is None else scale
    w = np.ones((rows, 1)) if weights is None else np.asarray(weights, np.float64).reshape(rows, 1)
    return factor * w


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """t[r][j] = 1 where j = labels[r], else 0."""
    return np.eye(classes)[np.asarray(labels).reshape(-1)]


def smooth_labels(
    target: np.ndarray, label_smoothing: float = 0.0, label_smoothing_mode: str = "k"
) -> np.ndarray:
    """The target after label smoothing over its k classes.

    "k": 1 becomes 1 - ε + ε/k, 0 becomes ε/k. "k-1": 1 becomes 1 - ε, 0 becomes ε/(k-1).
    """
    target = np.asarray(target, np.float64)
    k, epsilon = target.shape[1], label_smoothing
    if epsilon == 0:
        return target
    if label_smoothing_mode == "k":
        return target * (1 - epsilon) + epsilon / k
    return target * (1 - epsilon) + (1 - target) * epsilon / (k - 1)


def sparse_cross_entropy(
    z: np.ndarray, labels: np.ndarray, label_smoothing: float = 0.0, label_smoothing_mode: str = "k"
) -> np.ndarray:
    """`categorical_cross_entropy` of one-hot targets, (n, 1): log Σ_j exp z[r][j] - z[r][labels[r]]."""
    target = one_hot(labels, np.shape(z)[1])
    return categorical_cross_entropy(z, target, label_smoothing, label_smoothing_mode)


def sparse_cross_entropy_backward(
    z: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    label_smoothing: float = 0.0,
    label_smoothing_mode: str = "k",
) -> np.ndarray:
    """dz[r] = scale w_r (softmax(z)[r] - t'[r]), t' the smoothed one-hot target."""
    target = one_hot(labels, np.shape(z)[1])
    return categorical_cross_entropy_backward(
        z, target, weights, scale, label_smoothing, label_smoothing_mode
    )


def categorical_cross_entropy(
    z: np.ndarray, target: np.ndarray, label_smoothing: float = 0.0, label_smoothing_mode: str = "k"
) -> np.ndarray:
    """row_loss[r] = Σ_j t'[r][j] (log Σ_k exp z[r][k] - z[r][j]), (n, 1); 0 of an infinite loss is 0."""
    z, target = np.asarray(z, np.float64), smooth_labels(target, label_smoothing, label_smoothing_mode)
    with np.errstate(invalid="ignore"):  # infinity - infinity: a row of NaN, as it should be
        below = z.max(axis=1, keepdims=True) - z
        of_sum = np.log(np.exp(-below).sum(axis=1, keepdims=True)) * target.sum(axis=1, keepdims=True)
        return of_sum + np.where(target == 0, 0.0, target * below).sum(axis=1, keepdims=True)


def categorical_cross_entropy_backward(
    z: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    label_smoothing: float = 0.0,
    label_smoothing_mode: str = "k",
) -> np.ndarray:
    """dz[r] = scale w_r (softmax(z)[r] Σ_j t'[r][j] - t'[r])."""
    p, target = softmax(z), smooth_labels(target, label_smoothing, label_smoothing_mode)
    return row_scale(len(p), weights, scale) * (p * target.sum(axis=1, keepdims=True) - target)
