"""The optimisers' update rules, as their papers have them. Each returns θ and the states."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class UpdateOptions:
    """What an update does beside the optimiser's rule; all of it off by default.

    g ← scale g;  g ← min(max(g, -clip), clip);  g ← g + l2 θ + l1 sign(θ)
    θ ← θ - α weight_decay θ
    the rule
    θ ← sign(θ) max(|θ| - α proximal_l1, 0)
    """

    gradient_scale: float = 1.0
    clip_value: float = np.inf
    l2: float = 0.0
    l1: float = 0.0
    weight_decay: float = 0.0
    proximal_l1: float = 0.0


_OFF = UpdateOptions()


def _before(
    theta: np.ndarray, gradient: np.ndarray, learning_rate: float, options: UpdateOptions
) -> tuple[np.ndarray, np.ndarray]:
    """θ and g, as the rule gets them."""
    theta, g = np.asarray(theta, np.float64), np.asarray(gradient, np.float64)
    g = np.clip(options.gradient_scale * g, -options.clip_value, options.clip_value)
    if options.l2 != 0:  # an infinite θ is nobody's concern where this is off
        g = g + options.l2 * theta
    if options.l1 != 0:
        g = g + options.l1 * np.sign(theta)
    if options.weight_decay != 0:
        theta = theta - learning_rate * options.weight_decay * theta
    return theta, g


def _after(theta: np.ndarray, learning_rate: float, options: UpdateOptions) -> np.ndarray:
    """The new θ after the rule's."""
    if options.proximal_l1 == 0:
        return theta
    return np.sign(theta) * np.maximum(np.abs(theta) - learning_rate * options.proximal_l1, 0)


def sgd_update(
    theta: np.ndarray,
    velocity: np.ndarray | None,
    gradient: np.ndarray,
    learning_rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    form: str = "sum",
    bias_correction: bool = False,
    t: int = 1,
    *,
    options: UpdateOptions = _OFF,
    power: float | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """θ ← θ - α g without velocity; with it, by form, and Nesterov's look-ahead in its place.

    sum   v ← ρ v + g;          θ ← θ - α v;               θ - α (ρ v + g)
    ewma  v ← ρ v + (1 - ρ) g;  θ ← θ - α v;               θ - α (ρ v + (1 - ρ) g)
          bias_correction:      θ ← θ - α v / (1 - ρᵗ);    θ - α (ρ v / (1 - ρᵗ⁺¹) + (1 - ρ) g / (1 - ρᵗ))
    keras v ← ρ v - α g;        θ ← θ + v;                 θ + ρ v - α g

    `power` takes the place of ρᵗ: the product of the steps' ρ, where it has changed.
    """
    alpha, rho = learning_rate, momentum
    theta, g = _before(theta, gradient, alpha, options)
    if velocity is None:
        return _after(theta - alpha * g, alpha, options), None
    old = np.asarray(velocity, np.float64)
    if form == "sum":
        v = rho * old + g
        step = alpha * (rho * v + g if nesterov else v)
    elif form == "ewma":
        v = rho * old + (1 - rho) * g
        power = rho**t if power is None else power
        now, following = (1 - power, 1 - power * rho) if bias_correction else (1.0, 1.0)
        step = alpha * (rho * v / following + (1 - rho) * g / now if nesterov else v / now)
    else:
        v = rho * old - alpha * g
        step = -(rho * v - alpha * g if nesterov else v)
    return _after(theta - step, alpha, options), v


def _root(s: np.ndarray, epsilon: float, epsilon_mode: str) -> np.ndarray:
    """√s + ε, or √(s + ε)."""
    return np.sqrt(s + epsilon) if epsilon_mode == "inside" else np.sqrt(s) + epsilon


def adagrad_update(
    theta: np.ndarray,
    s: np.ndarray,
    gradient: np.ndarray,
    learning_rate: float,
    epsilon: float = 1e-8,
    epsilon_mode: str = "outside",
    *,
    options: UpdateOptions = _OFF,
) -> tuple[np.ndarray, np.ndarray]:
    """s ← s + g²; θ ← θ - α g / (√s + ε), or / √(s + ε)."""
    theta, g = _before(theta, gradient, learning_rate, options)
    s = np.asarray(s, np.float64) + g**2
    theta = theta - learning_rate * g / _root(s, epsilon, epsilon_mode)
    return _after(theta, learning_rate, options), s


def adadelta_update(
    theta: np.ndarray,
    s: np.ndarray,
    d: np.ndarray,
    gradient: np.ndarray,
    learning_rate: float = 1.0,
    rho: float = 0.9,
    epsilon: float = 1e-6,
    *,
    options: UpdateOptions = _OFF,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """s ← ρ s + (1-ρ) g²; Δ = √(d + ε) / √(s + ε) g; d ← ρ d + (1-ρ) Δ²; θ ← θ - α Δ."""
    theta, g = _before(theta, gradient, learning_rate, options)
    s, d = np.asarray(s, np.float64), np.asarray(d, np.float64)
    s = rho * s + (1 - rho) * g**2
    delta = np.sqrt(d + epsilon) / np.sqrt(s + epsilon) * g
    d = rho * d + (1 - rho) * delta**2
    return _after(theta - learning_rate * delta, learning_rate, options), s, d


def rmsprop_update(
    theta: np.ndarray,
    s: np.ndarray,
    average: np.ndarray | None,
    velocity: np.ndarray | None,
    gradient: np.ndarray,
    learning_rate: float,
    rho: float = 0.9,
    epsilon: float = 1e-8,
    epsilon_mode: str = "outside",
    momentum: float = 0.0,
    form: str = "sum",
    *,
    options: UpdateOptions = _OFF,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]:
    """s ← ρ s + (1-ρ) g²; θ ← θ - α g / (√s + ε), or / √(s + ε).

    With `average` (centered) a ← ρ a + (1-ρ) g, and s - a², not below 0, in place of s under the root. With
    `velocity` v ← momentum v + g / root, θ ← θ - α v; or, in the form `keras`, α goes into the sum.
    """
    theta, g = _before(theta, gradient, learning_rate, options)
    s = rho * np.asarray(s, np.float64) + (1 - rho) * g**2
    variance, a, v = s, None, None
    if average is not None:
        a = rho * np.asarray(average, np.float64) + (1 - rho) * g
        variance = np.maximum(s - a**2, 0)
    step = g / _root(variance, epsilon, epsilon_mode)
    if velocity is None:
        theta = theta - learning_rate * step
    elif form == "sum":
        v = momentum * np.asarray(velocity, np.float64) + step
        theta = theta - learning_rate * v
    else:
        v = momentum * np.asarray(velocity, np.float64) + learning_rate * step
        theta = theta - v
    return _after(theta, learning_rate, options), s, a, v


def _adam_step(
    numerator: np.ndarray, v: np.ndarray, power: float, epsilon: float, mode: str, corrected: bool
) -> np.ndarray:
    """The bias-corrected numerator over the root of v̂ = v / (1 - β₂ᵗ); `power` is β₂ᵗ."""
    correction = 1 - power if corrected else 1.0
    if mode == "hat":
        return np.sqrt(correction) * numerator / (np.sqrt(v) + epsilon)
    return numerator / _root(v / correction, epsilon, mode)


def _averages(
    m: np.ndarray, v: np.ndarray, g: np.ndarray, beta_1: float, beta_2: float
) -> tuple[np.ndarray, np.ndarray]:
    m, v = np.asarray(m, np.float64), np.asarray(v, np.float64)
    return beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g**2


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
    epsilon_mode: str = "outside",
    bias_correction: bool = True,
    *,
    options: UpdateOptions = _OFF,
    powers: tuple[float, float] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """m ← β₁ m + (1-β₁) g; v ← β₂ v + (1-β₂) g²; θ ← θ - α m̂ / (√v̂ + ε), m̂, v̂ = m, v / (1 - βᵗ).

    epsilon_mode "inside": √(v̂ + ε); "hat": α √(1 - β₂ᵗ) m̂ / (√v + ε). Without bias correction m̂, v̂ = m, v.
    With options.weight_decay this is AdamW. `powers` take the place of β₁ᵗ and β₂ᵗ: the products of the
    steps' betas, where they have changed.
    """
    theta, g = _before(theta, gradient, learning_rate, options)
    m, v = _averages(m, v, g, beta_1, beta_2)
    power_1, power_2 = powers or (beta_1**t, beta_2**t)
    m_hat = m / (1 - power_1) if bias_correction else m
    step = _adam_step(m_hat, v, power_2, epsilon, epsilon_mode, bias_correction)
    return _after(theta - learning_rate * step, learning_rate, options), m, v


def nadam_momentum(beta_1: float, momentum_decay: float, t: int) -> float:
    """μₜ = β₁ (1 - ½ 0.96^(t decay))."""
    return beta_1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))


def nadam_update(
    theta: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    gradient: np.ndarray,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    t: int,
    momentum_decay: float,
    product: float,
    epsilon_mode: str = "outside",
    *,
    options: UpdateOptions = _OFF,
    power_2: float | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adam with m̂ = μₜ₊₁ m / (1 - Πμ μₜ₊₁) + (1 - μₜ) g / (1 - Πμ); `product` is Πμ = μ₁ ... μₜ,
    and `power_2` β₂ᵗ, where β₂ has changed the product.
    """
    theta, g = _before(theta, gradient, learning_rate, options)
    m, v = _averages(m, v, g, beta_1, beta_2)
    now, following = (nadam_momentum(beta_1, momentum_decay, step) for step in (t, t + 1))
    m_hat = following * m / (1 - product * following) + (1 - now) * g / (1 - product)
    power_2 = beta_2**t if power_2 is None else power_2
    step = _adam_step(m_hat, v, power_2, epsilon, epsilon_mode, True)
    return _after(theta - learning_rate * step, learning_rate, options), m, v


def amsgrad_update(
    theta: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    v_max: np.ndarray,
    gradient: np.ndarray,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    t: int = 1,
    epsilon_mode: str = "outside",
    bias_correction: bool = True,
    *,
    options: UpdateOptions = _OFF,
    powers: tuple[float, float] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Adam with v_max ← max(v_max, v) in place of v under the root; `powers` as there."""
    theta, g = _before(theta, gradient, learning_rate, options)
    m, v = _averages(m, v, g, beta_1, beta_2)
    v_max = np.maximum(np.asarray(v_max, np.float64), v)
    power_1, power_2 = powers or (beta_1**t, beta_2**t)
    m_hat = m / (1 - power_1) if bias_correction else m
    step = _adam_step(m_hat, v_max, power_2, epsilon, epsilon_mode, bias_correction)
    return _after(theta - learning_rate * step, learning_rate, options), m, v, v_max


def lion_update(
    theta: np.ndarray,
    m: np.ndarray,
    gradient: np.ndarray,
    learning_rate: float = 1e-4,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    *,
    options: UpdateOptions = _OFF,
) -> tuple[np.ndarray, np.ndarray]:
    """θ ← θ - α sign(β₁ m + (1-β₁) g); m ← β₂ m + (1-β₂) g."""
    theta, g = _before(theta, gradient, learning_rate, options)
    m = np.asarray(m, np.float64)
    direction = np.sign(beta_1 * m + (1 - beta_1) * g)
    m = beta_2 * m + (1 - beta_2) * g
    return _after(theta - learning_rate * direction, learning_rate, options), m
