"""Activation functions: by name, what they emit into a program; as functions, of arrays.

| name | formula |
|---|---|
| linear | x |
| relu | max(x, 0) |
| leaky_relu | x where x > 0, else 0.1 x |
| elu | x where x > 0, else exp(x) - 1 |
| selu | 1.0507... x where x > 0, else 1.0507... · 1.6733... (exp(x) - 1) |
| sigmoid | 1 / (1 + exp(-x)) |
| tanh | tanh(x) |
| softplus | log(1 + exp(x)) |
| silu, swish | x sigmoid(x) |
| gelu | x Φ(x), Φ the normal distribution function |
| gelu_tanh | x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, an approximation of gelu |
| softmax | exp(x_j) / Σ_k exp(x_k), over the features of each row |
| log_softmax | x_j - log Σ_k exp(x_k), likewise |
| logistic_normalize | sigmoid(x_j) / Σ_k sigmoid(x_k), likewise |

The slopes of leaky_relu and elu are arguments of the layers `LeakyReLU` and `ELU`; `PReLU` learns its own.
Functions of arrays are computed in float64 by the NumPy reference, the last three, and `hardmax`, over the
last axis. A layer takes them instead of their names: `Dense(8, activation=fd.activations.relu)`.

>>> import fastdnn as fd
>>> fd.activations.softmax([5.0, 2.0, -1.0, 3.0]).round(3).tolist()
[0.842, 0.042, 0.002, 0.114]
>>> fd.activations.hardmax([5.0, 2.0, -1.0, 3.0]).tolist()
[1.0, 0.0, 0.0, 0.0]

Sources: Nair & Hinton, ICML 2010 (relu); Maas et al., 2013 (leaky_relu); Clevert et al., ICLR 2016 (elu);
Klambauer et al., NeurIPS 2017 (selu); Hendrycks & Gimpel, 2016 (gelu, silu).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.errors import expected, unknown_name
from fastdnn.program import Option, Program, Value

LEAKY_RELU_SLOPE = 0.1
ELU_ALPHA = 1.0

_OPTIONS: dict[str, dict[str, Option]] = {
    "linear": {},
    "relu": {},
    "leaky_relu": {"alpha": LEAKY_RELU_SLOPE},
    "elu": {"alpha": ELU_ALPHA},
    "selu": {},
    "sigmoid": {},
    "tanh": {},
    "softplus": {},
    "silu": {},
    "gelu": {},
    "gelu_tanh": {},
    "softmax": {},
    "log_softmax": {},
    "logistic_normalize": {},
}
_ALIASES = {"swish": "silu"}

NAMES = tuple(_OPTIONS)


def check(where: str, activation: str | Callable[..., Any] | None) -> str:
    """The activation's name, of one of the functions below its own; None is "linear", as in Keras.

    Raises:
        ValueError: no activation has this name.

    >>> from fastdnn import activations
    >>> activations.check("Dense", None)
    'linear'
    """
    name: Any = "linear" if activation is None else activation
    if callable(name) and getattr(name, "__module__", None) == __name__ and name is not hardmax:
        name = name.__name__
    name = _ALIASES.get(name, name) if isinstance(name, str) else name
    if not isinstance(name, str) or name not in _OPTIONS:
        raise unknown_name(where, "an activation", name, NAMES)
    return name


def lower(program: Program, activation: str, x: Value, name: str) -> Value:
    """Emit the activation of `x` and return its value."""
    if activation == "linear":
        return x
    return program.emit(activation, x, name=f"{name}/{activation}", options=_OPTIONS[activation])


# ------------------------------------------------------------------------------------- As functions of arrays


def _of_arrays(name: str, x: Any, **options: Option) -> np.ndarray:
    """An operation of the reference on an array of any shape, rows along the last axis."""
    from fastdnn.reference.operations import OPERATIONS

    try:
        array = np.asarray(x, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(expected(name, "an array of real numbers", type(x).__name__)) from error
    if array.size == 0:
        return array.copy()
    rows = array.reshape(1, 1) if array.ndim == 0 else array.reshape(-1, array.shape[-1])
    result = OPERATIONS[name](rows, **options)
    return np.reshape(np.asarray(result), array.shape)


def linear(x: Any) -> np.ndarray:
    """x itself."""
    return np.array(x, np.float64)


def relu(x: Any) -> np.ndarray:
    """max(x, 0)."""
    return _of_arrays("relu", x)


def leaky_relu(x: Any, negative_slope: float = LEAKY_RELU_SLOPE) -> np.ndarray:
    """x where x > 0, else `negative_slope` x, by default 0.1 x (deck 004; Keras 0.2)."""
    return _of_arrays("leaky_relu", x, alpha=number("leaky_relu", "negative_slope", negative_slope, 0.0))


def elu(x: Any, alpha: float = ELU_ALPHA) -> np.ndarray:
    """x where x > 0, else α (exp(x) - 1)."""
    return _of_arrays("elu", x, alpha=number("elu", "alpha", alpha, 0.0))


def selu(x: Any) -> np.ndarray:
    """1.0507... x where x > 0, else 1.0507... · 1.6733... (exp(x) - 1)."""
    return _of_arrays("selu", x)


def sigmoid(x: Any) -> np.ndarray:
    """1 / (1 + exp(-x)).

    >>> from fastdnn import activations
    >>> activations.sigmoid([0.0, 1000.0]).tolist()
    [0.5, 1.0]
    """
    return _of_arrays("sigmoid", x)


def tanh(x: Any) -> np.ndarray:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)) = 2 sigmoid(2 x) - 1."""
    return _of_arrays("tanh", x)


def softplus(x: Any) -> np.ndarray:
    """log(1 + exp(x))."""
    return _of_arrays("softplus", x)


def silu(x: Any) -> np.ndarray:
    """x sigmoid(x)."""
    return _of_arrays("silu", x)


def gelu(x: Any) -> np.ndarray:
    """x Φ(x), Φ the normal distribution function."""
    return _of_arrays("gelu", x)


def gelu_tanh(x: Any) -> np.ndarray:
    """x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2."""
    return _of_arrays("gelu_tanh", x)


def softmax(x: Any) -> np.ndarray:
    """exp(x_j) / Σ_k exp(x_k) along the last axis, for any finite x (deck 001).

    >>> from fastdnn import activations
    >>> activations.softmax([1000.0, 1000.0]).tolist()
    [0.5, 0.5]
    """
    return _of_arrays("softmax", x)


def log_softmax(x: Any) -> np.ndarray:
    """x_j - log Σ_k exp(x_k) along the last axis."""
    return _of_arrays("log_softmax", x)


def logistic_normalize(x: Any) -> np.ndarray:
    """sigmoid(x_j) / Σ_k sigmoid(x_k) along the last axis (deck 001)."""
    return _of_arrays("logistic_normalize", x)


def hardmax(x: Any) -> np.ndarray:
    """1 where x is the largest along the last axis, the first of equal ones, else 0 (decks 001 and 002).

    No layer's activation, since its gradient is 0.
    """
    return _of_arrays("hardmax", x)
