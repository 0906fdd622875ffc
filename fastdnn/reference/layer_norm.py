"""Layer normalisation: each row to mean 0 and variance 1 over its features."""

import numpy as np


def _row(v: np.ndarray | None, otherwise: float) -> np.ndarray | float:
    return otherwise if v is None else np.asarray(v, np.float64).reshape(-1)


def _centred(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x - μ and μ, in two steps: the second one takes up what the rounding of the first μ left."""
    x = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore"):  # infinity - infinity
        mean = x.sum(axis=1, keepdims=True) / x.shape[1]
        rest = (x - mean).sum(axis=1, keepdims=True) / x.shape[1]
        return x - mean - rest, mean + rest


def layer_norm_moments(x: np.ndarray, epsilon: float = 1e-3) -> tuple[np.ndarray, np.ndarray]:
    """μ[r] = Σ_j x[r][j] / k; 1 / √(σ²[r] + ε) with σ²[r] = Σ_j (x[r][j] - μ[r])² / k, (n,) each."""
    d, mean = _centred(x)
    variance = (d**2).sum(axis=1) / d.shape[1]
    with np.errstate(divide="ignore"):  # a constant row at ε = 0
        return mean[:, 0], 1 / np.sqrt(variance + epsilon)


def layer_norm(
    x: np.ndarray, gamma: np.ndarray | None = None, beta: np.ndarray | None = None, epsilon: float = 1e-3
) -> np.ndarray:
    """y[r] = γ (x[r] - μ[r]) / √(σ²[r] + ε) + β."""
    rstd = layer_norm_moments(x, epsilon)[1]
    with np.errstate(invalid="ignore"):
        return _row(gamma, 1.0) * (_centred(x)[0] * rstd[:, None]) + _row(beta, 0.0)


def layer_norm_backward(
    dy: np.ndarray, x: np.ndarray, mean: np.ndarray, rstd: np.ndarray, gamma: np.ndarray | None = None
) -> np.ndarray:
    """dx[r] = rstd[r] (h - Σ_j h / k - x̂ Σ_j h x̂ / k), with h = γ dy[r] and x̂ = (x[r] - μ[r]) rstd[r]."""
    mean, rstd = (np.asarray(v, np.float64).reshape(-1, 1) for v in (mean, rstd))
    h = _row(gamma, 1.0) * np.asarray(dy, np.float64)
    normal = (np.asarray(x, np.float64) - mean) * rstd
    return rstd * (h - h.mean(axis=1, keepdims=True) - normal * (h * normal).mean(axis=1, keepdims=True))


def layer_norm_backward_sums(
    dy: np.ndarray, x: np.ndarray, mean: np.ndarray, rstd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """dγ = Σ_r dy[r] x̂[r], dβ = Σ_r dy[r]."""
    mean, rstd = (np.asarray(v, np.float64).reshape(-1, 1) for v in (mean, rstd))
    dy = np.asarray(dy, np.float64)
    return (dy * ((np.asarray(x, np.float64) - mean) * rstd)).sum(axis=0), dy.sum(axis=0)
