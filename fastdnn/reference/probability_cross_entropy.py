"""Cross-entropy from probabilities, and its gradient, as Keras has it for from_logits=False."""

import numpy as np

from fastdnn.reference.cross_entropy import one_hot, row_scale, smooth_labels

EPSILON = 1e-7  # the least probability


def sparse_probability_cross_entropy(y: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`categorical_probability_cross_entropy` of one-hot targets, (n, 1)."""
    return categorical_probability_cross_entropy(y, one_hot(labels, np.shape(y)[1]))


def sparse_probability_cross_entropy_backward(
    y: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None, scale: float | None = None
) -> np.ndarray:
    """`categorical_probability_cross_entropy_backward` of one-hot targets."""
    return categorical_probability_cross_entropy_backward(y, one_hot(labels, np.shape(y)[1]), weights, scale)


def categorical_probability_cross_entropy(
    y: np.ndarray, target: np.ndarray, label_smoothing: float = 0.0, label_smoothing_mode: str = "k"
) -> np.ndarray:
    """row_loss[r] = -Σ_j t'[r][j] log q[r][j], (n, 1), for q = y / Σ_k y[r][k], clipped."""
    y, target = np.asarray(y, np.float64), smooth_labels(target, label_smoothing, label_smoothing_mode)
    with np.errstate(invalid="ignore", divide="ignore"):
        q = np.clip(y / y.sum(axis=1, keepdims=True), EPSILON, 1 - EPSILON)
    return -(target * np.log(q)).sum(axis=1, keepdims=True)


def categorical_probability_cross_entropy_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    label_smoothing: float = 0.0,
    label_smoothing_mode: str = "k",
) -> np.ndarray:
    """dy[r] = scale w_r (Σ_j a[r][j] t'[r][j] / Σ_k y[r][k] - a[r] t'[r] / y[r]); a = 0 where q was clipped,
    else 1.
    """
    y, target = np.asarray(y, np.float64), smooth_labels(target, label_smoothing, label_smoothing_mode)
    total = y.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        q = y / total
        active = np.where((q >= EPSILON) & (q <= 1 - EPSILON), target, 0.0)
        common = active.sum(axis=1, keepdims=True) / np.where(np.isfinite(total), total, np.nan)
        own = np.where(active == 0, 0.0, active / y)
    return row_scale(len(y), weights, scale) * (common - own)
