"""Batch normalisation: each column to mean 0 and variance 1 over the rows of the batch."""

import numpy as np


def _row(v: np.ndarray | None, otherwise: float) -> np.ndarray | float:
    return otherwise if v is None else np.asarray(v, np.float64).reshape(-1)


def _centred(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x - μ and μ, in two steps: the second one takes up what the rounding of the first μ left."""
    x = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore"):  # infinity - infinity
        mean = x.sum(axis=0) / len(x)
        rest = (x - mean).sum(axis=0) / len(x)
        return x - mean - rest, mean + rest


def batch_norm_moments(x: np.ndarray, epsilon: float = 1e-3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """μ = Σ_r x[r] / m; σ² = Σ_r (x[r] - μ)² / m; 1 / √(σ² + ε), (features,) each."""
    d, mean = _centred(x)
    variance = (d**2).sum(axis=0) / len(d)
    with np.errstate(divide="ignore"):  # a constant column at ε = 0
        return mean, variance, 1 / np.sqrt(variance + epsilon)


def batch_norm(
    x: np.ndarray,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    epsilon: float = 1e-3,
    relu: bool = False,
) -> np.ndarray:
    """y[r] = γ (x[r] - μ) / √(σ² + ε) + β, with `relu` max(0, that); μ, σ² of the batch."""
    rstd = batch_norm_moments(x, epsilon)[2]
    with np.errstate(invalid="ignore"):
        y = _row(gamma, 1.0) * (_centred(x)[0] * rstd) + _row(beta, 0.0)
    return np.where(y < 0, 0.0, y) if relu else y


def batch_norm_running(
    running_mean: np.ndarray,
    running_variance: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    momentum: float = 0.9,
) -> tuple[np.ndarray, np.ndarray]:
    """running ← momentum running + (1 - momentum) of the batch, for mean and variance."""
    m, v, mu, var = (np.asarray(a, np.float64) for a in (running_mean, running_variance, mean, variance))
    return momentum * m + (1 - momentum) * mu, momentum * v + (1 - momentum) * var


def batch_norm_fold(
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    running_mean: np.ndarray,
    running_variance: np.ndarray,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray]:
    """scale = γ / √(σ² + ε), shift = β - μ scale: of the running figures, for inference."""
    mean, variance = (np.asarray(a, np.float64) for a in (running_mean, running_variance))
    with np.errstate(divide="ignore"):
        scale = _row(gamma, 1.0) / np.sqrt(variance + epsilon)
    return scale, _row(beta, 0.0) - mean * scale


def batch_norm_inference(
    x: np.ndarray, scale: np.ndarray, shift: np.ndarray, relu: bool = False
) -> np.ndarray:
    """y[r] = x[r] scale + shift, with `relu` max(0, that)."""
    y = np.asarray(x, np.float64) * _row(scale, 1.0) + _row(shift, 0.0)
    return np.where(y < 0, 0.0, y) if relu else y


def batch_norm_inference_backward(y: np.ndarray | None, dy: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """dx[r] = g[r] scale; g is dy, or 0 where y <= 0 if relu was fused (y given)."""
    g = np.asarray(dy, np.float64)
    if y is not None:
        g = np.where(np.asarray(y) <= 0, 0.0, g)
    return g * _row(scale, 1.0)


def batch_norm_backward(
    y: np.ndarray | None,
    dy: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    rstd: np.ndarray,
    gamma: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dβ = Σ g; dγ = Σ g x̂; dx[r] = γ rstd (g[r] - dβ/m - x̂[r] dγ/m); returns dx, dγ, dβ.

    g is dy, or 0 where y <= 0 if relu was fused (y given); x̂ = (x - μ) rstd.
    """
    x, g = np.asarray(x, np.float64), np.asarray(dy, np.float64)
    if y is not None:
        g = np.where(np.asarray(y) <= 0, 0.0, g)
    normal = (x - _row(mean, 0.0)) * _row(rstd, 1.0)
    dbeta, dgamma = g.sum(axis=0), (g * normal).sum(axis=0)
    dx = _row(gamma, 1.0) * _row(rstd, 1.0) * (g - dbeta / len(x) - normal * dgamma / len(x))
    return dx, dgamma, dbeta
