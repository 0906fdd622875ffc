"""The optimisers' update rules, as their papers have them."""

import numpy as np


def sgd_update(
    theta: np.ndarray,
    velocity: np.ndarray | None,
    gradient: np.ndarray,
    learning_rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> tuple[np.ndarray, np.ndarray | None]:
    """v ← ρ v + g; θ ← θ - α v, Nesterov: θ - α (g + ρ v); no velocity: θ - α g. Returns θ, v."""
    theta, g = np.asarray(theta, np.float64), np.asarray(gradient, np.float64)
    if velocity is None:
        return theta - learning_rate * g, None
    v = momentum * np.asarray(velocity, np.float64) + g
    return theta - learning_rate * (g + momentum * v if nesterov else v), v


def adam_update(
    theta: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    gradient: np.ndarray,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    t: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """m ← β₁ m + (1-β₁) g; v ← β₂ v + (1-β₂) g²; θ ← θ - α m̂ / (√v̂ + ε), m̂, v̂ = m, v / (1 - βᵗ)."""
    theta, m, v, g = (np.asarray(a, np.float64) for a in (theta, m, v, gradient))
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    return theta - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v
