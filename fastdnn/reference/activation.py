"""Pointwise operations of a layer, and their gradients.

Each backward takes what the kernel of the same name takes: y where that tells the derivative, else x.
Infinite x gives the limit, NaN stays NaN.
"""

import math
from collections.abc import Callable

import numpy as np

# Klambauer et al. (2017), Self-normalizing neural networks.
SELU_LAMBDA = 1.0507009873554804934
SELU_ALPHA = 1.6732632423543772848


def _elementwise(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    return np.vectorize(function, otypes=[np.float64])


erf = _elementwise(math.erf)
_erfc = _elementwise(math.erfc)


def normal_cdf(x: np.ndarray) -> np.ndarray:
    """Φ(x) = ½ erfc(-x / √2), relatively exact for negative x, too."""
    return 0.5 * _erfc(-np.asarray(x, np.float64) / math.sqrt(2))


def add_bias(x: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """y[r] = x[r] + bias."""
    return np.asarray(x, np.float64) + np.asarray(bias, np.float64).reshape(-1)


def pass_gradient(dy: np.ndarray) -> np.ndarray:
    """dx = dy."""
    return np.array(dy, np.float64)


def relu(x: np.ndarray) -> np.ndarray:
    """y = 0 where x < 0, else x: NaN stays NaN."""
    x = np.asarray(x, np.float64)
    return np.where(x < 0, 0.0, x)


def relu_backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx = 0 where y <= 0, else dy; y is the output of `relu`."""
    return np.where(np.asarray(y) <= 0, 0.0, np.asarray(dy, np.float64))


def leaky_relu(x: np.ndarray, alpha: float = 0.1) -> np.ndarray:
    """y = α x where x < 0, else x; α >= 0."""
    x = np.asarray(x, np.float64)
    return np.where(x < 0, alpha * x, x)


def leaky_relu_backward(y: np.ndarray, dy: np.ndarray, alpha: float = 0.1) -> np.ndarray:
    """dx = α dy where y <= 0, else dy; y is the output of `leaky_relu`."""
    dy = np.asarray(dy, np.float64)
    return np.where(np.asarray(y) <= 0, alpha * dy, dy)


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """y = α (exp(x) - 1) where x < 0, else x; α >= 0."""
    x = np.asarray(x, np.float64)
    return np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x)


def elu_backward(y: np.ndarray, dy: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    """dx = dy (y + α) where y <= 0, else dy; y is the output of `elu`."""
    y, dy = np.asarray(y, np.float64), np.asarray(dy, np.float64)
    return np.where(y <= 0, dy * (y + alpha), dy)


def selu(x: np.ndarray) -> np.ndarray:
    """y = λ elu(x, α), λ = 1.0507..., α = 1.6732...."""
    return SELU_LAMBDA * elu(x, SELU_ALPHA)


def selu_backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx = dy (y + λ α) where y <= 0, else λ dy; y is the output of `selu`."""
    y, dy = np.asarray(y, np.float64), np.asarray(dy, np.float64)
    return dy * np.where(y <= 0, y + SELU_LAMBDA * SELU_ALPHA, SELU_LAMBDA)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """y = 1 / (1 + exp(-x)), without overflow."""
    x = np.asarray(x, np.float64)
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1.0) / (1 + e)


def sigmoid_backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx = dy y (1 - y); y is the output of `sigmoid`."""
    y = np.asarray(y, np.float64)
    return np.asarray(dy, np.float64) * y * (1 - y)


def tanh(x: np.ndarray) -> np.ndarray:
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    return np.tanh(np.asarray(x, np.float64))


def tanh_backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx = dy (1 - y²); y is the output of `tanh`."""
    y = np.asarray(y, np.float64)
    return np.asarray(dy, np.float64) * (1 - y) * (1 + y)


def softplus(x: np.ndarray) -> np.ndarray:
    """y = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))."""
    x = np.asarray(x, np.float64)
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_backward(y: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx = dy sigmoid(x) = dy (1 - exp(-y)); y is the output of `softplus`."""
    return np.asarray(dy, np.float64) * -np.expm1(-np.asarray(y, np.float64))


def _times(x: np.ndarray, p: np.ndarray) -> np.ndarray:
    """The product of x and p, 0 of the sign of x where p vanishes for x = -infinity."""
    return np.where(np.isneginf(x), -0.0, np.where(np.isneginf(x), 0.0, x) * p)


def silu(x: np.ndarray) -> np.ndarray:
    """y = x sigmoid(x)."""
    x = np.asarray(x, np.float64)
    return _times(x, sigmoid(x))


def silu_backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx = dy s (1 + x (1 - s)), s = sigmoid(x)."""
    x = np.clip(np.asarray(x, np.float64), -800, 800)  # 0 times infinity is 0 here
    s = sigmoid(x)
    return np.asarray(dy, np.float64) * s * (1 + x * sigmoid(-x))


def gelu(x: np.ndarray) -> np.ndarray:
    """y = x Φ(x)."""
    x = np.asarray(x, np.float64)
    return _times(x, normal_cdf(x))


def gelu_backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx = dy (Φ(x) + x φ(x)), φ(x) = exp(-x²/2) / √(2π)."""
    x = np.clip(np.asarray(x, np.float64), -40, 40)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return np.asarray(dy, np.float64) * (normal_cdf(x) + x * density)


def _gelu_tanh_argument(x: np.ndarray) -> np.ndarray:
    return 2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


def gelu_tanh(x: np.ndarray) -> np.ndarray:
    """y = ½ x (1 + tanh z) = x sigmoid(2 z), z = √(2/π) (x + 0.044715 x³)."""
    x = np.asarray(x, np.float64)
    return _times(x, sigmoid(_gelu_tanh_argument(np.clip(x, -40, 40))))


def gelu_tanh_backward(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """dx = dy (s + x s (1 - s) 2 dz/dx), s = sigmoid(2 z)."""
    x = np.clip(np.asarray(x, np.float64), -40, 40)
    z = _gelu_tanh_argument(x)
    slope = 2 * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return np.asarray(dy, np.float64) * (sigmoid(z) + x * sigmoid(z) * sigmoid(-z) * slope)
