"""The functions of a layer's outputs, and their gradients: speeds in elements a second."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.kernels.shapes import LAYERS, NETS
from fastdnn.benchmark.workloads import Kernel
from fastdnn.reference import activation, maxout, prelu
from fastdnn.reference.activation import SELU_ALPHA, SELU_LAMBDA

_Numpy = Callable[..., object]
_ULPS = 16  # the kernels' own errors are a few
_ROOT = (2 / np.pi) ** 0.5
_PIECES = 2  # of maxout


def _sigmoid(x: np.ndarray) -> np.ndarray:
    y: np.ndarray = 1 / (1 + np.exp(-x))
    return y


def _gelu_tanh_backward(dx: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    t = np.tanh(_ROOT * x * (1 + 0.044715 * x * x))
    slope = 1 + t + x * (1 - t * t) * _ROOT * (1 + 3 * 0.044715 * x * x)
    np.multiply(dy, 0.5 * slope, out=dx)


def _silu_backward(dx: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    s = _sigmoid(x)
    np.multiply(dy, s * (1 + x * (1 - s)), out=dx)


def _gelu(y: np.ndarray, x: np.ndarray) -> None:
    """NumPy has no erf: this one is Python's, element by element."""
    np.multiply(x, activation.normal_cdf(x), out=y)


def _gelu_backward(dx: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    density = np.exp(-0.5 * x * x) / (2 * np.pi) ** 0.5
    np.multiply(dy, activation.normal_cdf(x) + x * density, out=dx)


# NumPy's y from x, and dx from (y, dy); from (x, dy) of those that save x. They need not bear large x.
_OF_OUTPUT: dict[str, tuple[_Numpy, _Numpy]] = {
    "leaky_relu": (
        lambda y, x: np.maximum(x, 0.1 * x, out=y),
        lambda dx, y, dy: np.multiply(dy, np.where(y > 0, y.dtype.type(1), y.dtype.type(0.1)), out=dx),
    ),
    "elu": (
        lambda y, x: np.copyto(y, np.where(x < 0, np.expm1(np.minimum(x, 0)), x)),
        lambda dx, y, dy: np.multiply(dy, 1 + np.minimum(y, 0), out=dx),
    ),
    "selu": (
        lambda y, x: np.multiply(
            np.where(x < 0, SELU_ALPHA * np.expm1(np.minimum(x, 0)), x), SELU_LAMBDA, out=y
        ),
        lambda dx, y, dy: np.multiply(
            dy, np.where(y <= 0, y + SELU_LAMBDA * SELU_ALPHA, SELU_LAMBDA), out=dx
        ),
    ),
    "sigmoid": (
        lambda y, x: np.copyto(y, _sigmoid(x)),
        lambda dx, y, dy: np.multiply(dy, y * (1 - y), out=dx),
    ),
    "tanh": (
        lambda y, x: np.tanh(x, out=y),
        lambda dx, y, dy: np.multiply(dy, 1 - y * y, out=dx),
    ),
    "softplus": (
        lambda y, x: np.log1p(np.exp(x), out=y),
        lambda dx, y, dy: np.multiply(dy, -np.expm1(-y), out=dx),
    ),
}
_OF_INPUT: dict[str, tuple[_Numpy, _Numpy]] = {
    "silu": (lambda y, x: np.multiply(x, _sigmoid(x), out=y), _silu_backward),
    "gelu": (_gelu, _gelu_backward),
    "gelu_tanh": (
        lambda y, x: np.multiply(0.5 * x, 1 + np.tanh(_ROOT * x * (1 + 0.044715 * x * x)), out=y),
        _gelu_tanh_backward,
    ),
}
_FUNCTIONS: dict[str, Any] = {"exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p}


def matrices(inputs: int, arrays: Arrays, n: int, m: int) -> Operands:
    """The operands of what makes one (n, m) from so many."""
    return Operands([arrays.blank(n, m)], [arrays.reals(n, m) for _ in range(inputs)])


def _function(name: str, function: Any) -> Kernel:
    return Kernel(
        name,
        NETS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.positive(n, m)]),
        reference=lambda x: [function(np.asarray(x, np.float64))],
        numpy=lambda y, x: function(x, out=y),
        per_element=True,
        ulps=_ULPS,
    )


def _pair(name: str, numpy: _Numpy, numpy_backward: _Numpy, saves_output: bool) -> list[Kernel]:
    """An activation and its gradient."""
    forward, backward = getattr(activation, name), getattr(activation, f"{name}_backward")

    def saved(arrays: Arrays, n: int, m: int) -> Operands:
        x, dy = arrays.reals(n, m), arrays.reals(n, m)
        return Operands([arrays.blank(n, m)], [forward(x).astype(x.dtype) if saves_output else x, dy])

    math: dict[str, Any] = {"per_element": True, "ulps": _ULPS}
    return [
        Kernel(name, NETS, partial(matrices, 1), lambda x: [forward(x)], numpy, **math),
        Kernel(f"{name}_backward", NETS, saved, lambda v, dy: [backward(v, dy)], numpy_backward, **math),
    ]


def _maxout_numpy(y: np.ndarray, x: np.ndarray) -> None:
    np.max(x.reshape(len(x), _PIECES, -1), axis=1, out=y)


def _maxout_backward_numpy(dx: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    first, second = np.split(x, _PIECES, axis=1)
    won = first >= second
    m = dy.shape[1]
    np.multiply(dy, won, out=dx[:, :m])
    np.multiply(dy, ~won, out=dx[:, m:])


def _hardmax_numpy(y: np.ndarray, x: np.ndarray) -> None:
    y.fill(0)
    y[np.arange(len(x)), x.argmax(axis=1)] = 1


_PRELU = [
    Kernel(
        "prelu",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.integers(n, m), arrays.integers(m)]),
        reference=lambda x, alpha: [prelu.prelu(x, alpha)],
        numpy=lambda y, x, alpha: np.multiply(x, np.where(x < 0, alpha, x.dtype.type(1)), out=y),
        by_rows=True,
    ),
    Kernel(
        "prelu_backward",
        LAYERS,
        lambda arrays, n, m: Operands(
            [arrays.blank(n, m)], [arrays.integers(n, m), arrays.integers(n, m), arrays.integers(m)]
        ),
        reference=lambda x, dy, alpha: [prelu.prelu_backward(x, dy, alpha)],
        numpy=lambda dx, x, dy, alpha: np.multiply(dy, np.where(x <= 0, alpha, x.dtype.type(1)), out=dx),
        by_rows=True,
    ),
    Kernel(
        "prelu_dalpha",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(m)], [arrays.integers(n, m), arrays.integers(n, m)]),
        reference=lambda x, dy: [prelu.prelu_dalpha(x, dy)],
        numpy=lambda dalpha, x, dy: np.sum(np.minimum(x, 0) * dy, axis=0, out=dalpha),
        yardstick="read",
    ),
]
_MAXOUT = [
    Kernel(
        "maxout",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m // _PIECES)], [arrays.reals(n, m)]),
        reference=lambda x: [maxout.maxout(x, x.shape[1] // _PIECES)],
        numpy=_maxout_numpy,
        by_rows=True,
    ),
    Kernel(
        "maxout_backward",
        LAYERS,
        lambda arrays, n, m: Operands(
            [arrays.blank(n, m)], [arrays.reals(n, m), arrays.reals(n, m // _PIECES)]
        ),
        reference=lambda x, dy: [maxout.maxout_backward(x, dy)],
        numpy=_maxout_backward_numpy,
        by_rows=True,
    ),
    Kernel(
        "hardmax",
        NETS,
        partial(matrices, 1),
        reference=lambda x: [maxout.hardmax(x)],
        numpy=_hardmax_numpy,
    ),
]
_RELU = [
    Kernel(
        "relu",
        LAYERS,
        partial(matrices, 1),
        reference=lambda x: [activation.relu(x)],
        numpy=lambda y, x: np.maximum(x, 0, out=y),
        by_rows=True,
    ),
    Kernel(
        "relu_backward",
        LAYERS,
        partial(matrices, 2),
        reference=lambda y, dy: [activation.relu_backward(y, dy)],
        numpy=lambda dx, y, dy: np.multiply(dy, y > 0, out=dx),
        by_rows=True,
    ),
]
KERNELS = [
    *_RELU,
    *(kernel for name, numpy in _OF_OUTPUT.items() for kernel in _pair(name, *numpy, saves_output=True)),
    *(kernel for name, numpy in _OF_INPUT.items() for kernel in _pair(name, *numpy, saves_output=False)),
    *_PRELU,
    *_MAXOUT,
    *(_function(name, function) for name, function in _FUNCTIONS.items()),
]
