"""What layers do besides products, activations and normalisations, forward and backward."""

from functools import partial
from typing import Any

import numpy as np

from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.kernels.activations import matrices
from fastdnn.benchmark.kernels.shapes import CLASSES, LAYERS, NETS
from fastdnn.benchmark.workloads import Kernel
from fastdnn.reference import (
    activation,
    column_sum,
    dropout,
    gaussian_noise,
    log_softmax,
    logistic_normalize,
    softmax,
)

_DROPOUT: dict[str, Any] = {"rate": 0.5, "seed": 1, "stream": 2, "step": 3}
_NOISE: dict[str, Any] = {"stddev": 0.5, "seed": 1, "stream": 2, "step": 3}


def _softmax_numpy(y: np.ndarray, x: np.ndarray) -> None:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    np.divide(e, e.sum(axis=1, keepdims=True), out=y)


def _softmax_backward_numpy(dx: np.ndarray, y: np.ndarray, dy: np.ndarray) -> None:
    np.multiply(y, dy - (y * dy).sum(axis=1, keepdims=True), out=dx)


def _log_softmax_numpy(y: np.ndarray, x: np.ndarray) -> None:
    below = x - x.max(axis=1, keepdims=True)
    np.subtract(below, np.log(np.exp(below).sum(axis=1, keepdims=True)), out=y)


def _logistic_normalize_numpy(y: np.ndarray, x: np.ndarray) -> None:
    s = 1 / (1 + np.exp(-x))
    np.divide(s, s.sum(axis=1, keepdims=True), out=y)


def _logistic_normalize_backward_numpy(dx: np.ndarray, y: np.ndarray, x: np.ndarray, dy: np.ndarray) -> None:
    rest = dy - (y * dy).sum(axis=1, keepdims=True)
    np.divide(y * rest, 1 + np.exp(x), out=dx)


def _dropout_numpy(y: np.ndarray, x: np.ndarray) -> None:
    """Not the same bits, but as many of them."""
    bits = np.frombuffer(np.random.default_rng().bytes(2 * x.size), np.uint16).reshape(x.shape)
    np.multiply(x, bits >= 1 << 15, out=y)
    y *= 2


def _noise_numpy(y: np.ndarray, x: np.ndarray) -> None:
    """Not the same deviates, but as many of them."""
    dtype = np.float64 if x.dtype == np.float64 else np.float32
    noise = np.random.default_rng().standard_normal(x.shape, dtype=dtype)
    np.multiply(noise, 0.5, out=y)
    y += x


def _log_softmax_saved(arrays: Arrays, n: int, m: int) -> Operands:
    y = log_softmax.log_softmax(arrays.reals(n, m)).astype(arrays.dtype)
    return Operands([arrays.blank(n, m)], [y, arrays.reals(n, m)])


def _logistic_normalize_saved(arrays: Arrays, n: int, m: int) -> Operands:
    x = arrays.reals(n, m)
    y = logistic_normalize.logistic_normalize(x).astype(arrays.dtype)
    return Operands([arrays.blank(n, m)], [y, x, arrays.reals(n, m)])


KERNELS = [
    Kernel(
        "add_bias",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.integers(n, m), arrays.integers(m)]),
        reference=lambda x, bias: [activation.add_bias(x, bias)],
        numpy=lambda y, x, bias: np.add(x, bias, out=y),
        by_rows=True,
    ),
    Kernel(
        "column_sum",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(m)], [arrays.integers(n, m)]),
        reference=lambda x: [column_sum.column_sum(x)],
        numpy=lambda sums, x: np.sum(x, axis=0, out=sums),
        yardstick="read",
    ),
    Kernel(
        "pass_gradient",
        LAYERS,
        partial(matrices, 1),
        reference=lambda dy: [activation.pass_gradient(dy)],
        numpy=lambda dx, dy: np.copyto(dx, dy),
        by_rows=True,
    ),
    Kernel(
        "pass_gradient",
        LAYERS,
        lambda arrays, n, m: Operands([], [arrays.integers(n, m)], [arrays.integers(n, m)]),
        reference=lambda dx, dy: [dx + activation.pass_gradient(dy)],
        numpy=lambda dx, dy: np.add(dx, dy, out=dx),
        variant="accumulate",
        options={"accumulate": True},
        yardstick="update",
        by_rows=True,
    ),
    Kernel(
        "dropout",
        NETS,
        partial(matrices, 1),
        reference=lambda x: [dropout.dropout(x, **_DROPOUT)],
        numpy=_dropout_numpy,
        options=_DROPOUT,
        per_element=True,
        ulps=2,
    ),
    Kernel(
        "dropout_backward",
        NETS,
        partial(matrices, 1),
        reference=lambda dy: [dropout.dropout_backward(dy, **_DROPOUT)],
        numpy=_dropout_numpy,
        options=_DROPOUT,
        per_element=True,
        ulps=2,
    ),
    Kernel(
        "gaussian_noise",
        NETS,
        partial(matrices, 1),
        reference=lambda x: [gaussian_noise.gaussian_noise(x, **_NOISE)],
        numpy=_noise_numpy,
        options=_NOISE,
        per_element=True,
        ulps=16,
    ),
    Kernel(
        "softmax",
        CLASSES,
        partial(matrices, 1),
        reference=lambda x: [softmax.softmax(x)],
        numpy=_softmax_numpy,
        ulps=64,
    ),
    Kernel(
        "softmax_backward",
        CLASSES,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.positive(n, m), arrays.reals(n, m)]),
        reference=lambda y, dy: [softmax.softmax_backward(y, dy)],
        numpy=_softmax_backward_numpy,
        ulps=64,
    ),
    Kernel(
        "log_softmax",
        CLASSES,
        partial(matrices, 1),
        reference=lambda x: [log_softmax.log_softmax(x)],
        numpy=_log_softmax_numpy,
        ulps=64,
    ),
    Kernel(
        "log_softmax_backward",
        CLASSES,
        _log_softmax_saved,
        reference=lambda y, dy: [log_softmax.log_softmax_backward(y, dy)],
        numpy=lambda dx, y, dy: np.subtract(dy, np.exp(y) * dy.sum(axis=1, keepdims=True), out=dx),
        ulps=64,
    ),
    Kernel(
        "logistic_normalize",
        CLASSES,
        partial(matrices, 1),
        reference=lambda x: [logistic_normalize.logistic_normalize(x)],
        numpy=_logistic_normalize_numpy,
        ulps=64,
    ),
    Kernel(
        "logistic_normalize_backward",
        CLASSES,
        _logistic_normalize_saved,
        reference=lambda y, x, dy: [logistic_normalize.logistic_normalize_backward(y, x, dy)],
        numpy=_logistic_normalize_backward_numpy,
        ulps=64,
    ),
]
