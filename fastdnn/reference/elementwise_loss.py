"""Losses that are a sum over the outputs of each row, each output by itself, and their gradients.

row_loss[r] = c Σ_j f(y[r][j], t[r][j]), (n, 1), and dy[r][j] = scale w_r c f'(y[r][j], t[r][j]), f' the
derivative in y; c is 1 / k for `outputs="mean"` over the k outputs and 1 for "sum". d = y - t throughout.
"""

import numpy as np

from fastdnn.reference.cross_entropy import row_scale

EPSILON = 1e-7  # the least probability


def _pair(y: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(y, np.float64), np.asarray(target, np.float64)


def _difference(y: np.ndarray, target: np.ndarray) -> np.ndarray:
    y, target = _pair(y, target)
    with np.errstate(invalid="ignore"):  # infinity - infinity
        return y - target


def _row_loss(losses: np.ndarray, outputs: str) -> np.ndarray:
    total = losses.sum(axis=1, keepdims=True)
    return total / losses.shape[1] if outputs == "mean" else total


def _gradient(
    slopes: np.ndarray, weights: np.ndarray | None, scale: float | None, outputs: str
) -> np.ndarray:
    count = slopes.shape[1] if outputs == "mean" else 1
    return row_scale(len(slopes), weights, scale) * slopes / count


def squared_error(y: np.ndarray, target: np.ndarray, half: bool = False, outputs: str = "mean") -> np.ndarray:
    """f = d², or half of it."""
    return _row_loss(_difference(y, target) ** 2 * (0.5 if half else 1.0), outputs)


def squared_error_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    half: bool = False,
    outputs: str = "mean",
) -> np.ndarray:
    """f' = 2 d, or half of it."""
    return _gradient(_difference(y, target) * (1.0 if half else 2.0), weights, scale, outputs)


def absolute_error(y: np.ndarray, target: np.ndarray, outputs: str = "mean") -> np.ndarray:
    """f = |d|."""
    return _row_loss(np.abs(_difference(y, target)), outputs)


def absolute_error_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    outputs: str = "mean",
) -> np.ndarray:
    """f' = sign d, which is 0 at 0."""
    return _gradient(np.sign(_difference(y, target)), weights, scale, outputs)


def huber(y: np.ndarray, target: np.ndarray, outputs: str = "mean", delta: float = 1.0) -> np.ndarray:
    """f = d²/2 where |d| <= δ, else δ (|d| - δ/2)."""
    size = np.abs(_difference(y, target))
    return _row_loss(np.where(size > delta, delta * (size - delta / 2), size**2 / 2), outputs)


def huber_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    outputs: str = "mean",
    delta: float = 1.0,
) -> np.ndarray:
    """f' = d where |d| <= δ, else δ sign d."""
    return _gradient(np.clip(_difference(y, target), -delta, delta), weights, scale, outputs)


def log_cosh(y: np.ndarray, target: np.ndarray, outputs: str = "mean") -> np.ndarray:
    """f = log cosh d: log(1 + sinh² d) / 2 for small d, |d| + log(1 + exp(-2 |d|)) - log 2 for large."""
    size = np.abs(_difference(y, target))
    small = np.log1p(np.sinh(np.minimum(size, 1.0)) ** 2) / 2
    large = size + np.log1p(np.exp(-2 * size)) - np.log(2.0)
    return _row_loss(np.where(size < 1, small, large), outputs)


def log_cosh_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    outputs: str = "mean",
) -> np.ndarray:
    """f' = tanh d."""
    return _gradient(np.tanh(_difference(y, target)), weights, scale, outputs)


def _unlikely(likely: np.ndarray, target: np.ndarray, label_smoothing: float) -> np.ndarray:
    """The target of the one of two classes that the prediction votes against, smoothed towards 1/2."""
    smoothed = target * (1 - label_smoothing) + label_smoothing / 2
    return np.where(likely, 1 - smoothed, smoothed)


def binary_cross_entropy(
    z: np.ndarray, target: np.ndarray, outputs: str = "mean", label_smoothing: float = 0.0
) -> np.ndarray:
    """f = max(z, 0) - z t + log(1 + exp(-|z|)), of logits z; t smoothed towards 1/2."""
    z, target = _pair(z, target)
    s = _unlikely(z > 0, target, label_smoothing)
    with np.errstate(invalid="ignore"):  # 0 of infinity is 0
        distance = np.where(s == 0, 0.0, np.abs(z) * s)
    return _row_loss(distance + np.log1p(np.exp(-np.abs(z))), outputs)


def binary_cross_entropy_backward(
    z: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    outputs: str = "mean",
    label_smoothing: float = 0.0,
) -> np.ndarray:
    """f' = sigmoid(z) - t."""
    z, target = _pair(z, target)
    s = _unlikely(z > 0, target, label_smoothing)
    e = np.exp(-np.abs(z))
    slope = e / (1 + e) - s
    return _gradient(np.where(z > 0, -slope, slope), weights, scale, outputs)


def binary_probability_cross_entropy(
    y: np.ndarray, target: np.ndarray, outputs: str = "mean", label_smoothing: float = 0.0
) -> np.ndarray:
    """f = -t log q - (1 - t) log(1 - q), q = y clipped to ε .. 1 - ε; t smoothed towards 1/2."""
    y, target = _pair(y, target)
    s = _unlikely(y > 0.5, target, label_smoothing)
    p = np.maximum(np.where(y > 0.5, 1 - y, y), EPSILON)  # exact, where 1 - ε would not be
    return _row_loss(-(s * np.log(p) + (1 - s) * np.log1p(-p)), outputs)


def binary_probability_cross_entropy_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    outputs: str = "mean",
    label_smoothing: float = 0.0,
) -> np.ndarray:
    """f' = (q - t) / (q (1 - q)), and 0 where y was clipped."""
    y, target = _pair(y, target)
    s = _unlikely(y > 0.5, target, label_smoothing)
    own = np.where(y > 0.5, 1 - y, y)
    p = np.maximum(own, EPSILON)
    slope = np.where(own < EPSILON, 0.0, (p - s) / (p * (1 - p)))
    return _gradient(np.where(y > 0.5, -slope, slope), weights, scale, outputs)


def kl_divergence(y: np.ndarray, target: np.ndarray, outputs: str = "sum") -> np.ndarray:
    """f = t log(t / y), both clipped to ε .. 1."""
    y, target = (np.clip(array, EPSILON, 1.0) for array in _pair(y, target))
    return _row_loss(target * np.log(target / y), outputs)


def kl_divergence_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    outputs: str = "sum",
) -> np.ndarray:
    """f' = -t / y, and 0 where y was clipped; t clipped to ε .. 1."""
    y, target = _pair(y, target)
    slope = -np.clip(target, EPSILON, 1.0) / np.clip(y, EPSILON, 1.0)
    return _gradient(np.where((y < EPSILON) | (y > 1), 0.0, slope), weights, scale, outputs)


def _margin(y: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """1 - t y and t; a target of 0 counts as -1."""
    y, target = _pair(y, target)
    sign = np.where(target == 0, -1.0, target)
    with np.errstate(invalid="ignore"):
        return 1 - sign * y, sign


def _where_positive(margin: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """The slope where the margin is above 0, else 0; NaN where the margin is."""
    return np.where(margin > 0, slope, np.where(np.isnan(margin), np.nan, 0.0))


def hinge(y: np.ndarray, target: np.ndarray, outputs: str = "mean") -> np.ndarray:
    """f = max(1 - t y, 0); a target of 0 counts as -1."""
    return _row_loss(np.maximum(_margin(y, target)[0], 0.0), outputs)


def hinge_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    outputs: str = "mean",
) -> np.ndarray:
    """f' = -t where 1 - t y > 0, else 0."""
    margin, sign = _margin(y, target)
    return _gradient(_where_positive(margin, -sign), weights, scale, outputs)


def squared_hinge(y: np.ndarray, target: np.ndarray, outputs: str = "mean") -> np.ndarray:
    """f = max(1 - t y, 0)²; a target of 0 counts as -1."""
    return _row_loss(np.maximum(_margin(y, target)[0], 0.0) ** 2, outputs)


def squared_hinge_backward(
    y: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray | None = None,
    scale: float | None = None,
    outputs: str = "mean",
) -> np.ndarray:
    """f' = -2 t max(1 - t y, 0)."""
    margin, sign = _margin(y, target)
    return _gradient(_where_positive(margin, -2 * sign * margin), weights, scale, outputs)
