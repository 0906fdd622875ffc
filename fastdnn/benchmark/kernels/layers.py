"""What layers do besides products, forward and backward."""

from functools import partial

import numpy as np

from fastdnn.benchmark.kernels.shapes import CLASSES, LAYERS
from fastdnn.benchmark.workloads import Arrays, Kernel, Operands
from fastdnn.reference import activation, column_sum, normalize, softmax


def matrices(inputs: int, arrays: Arrays, n: int, m: int) -> Operands:
    """The operands of what makes one (n, m) from so many."""
    return Operands([arrays.blank(n, m)], [arrays.reals(n, m) for _ in range(inputs)])


def _softmax_numpy(y: np.ndarray, x: np.ndarray) -> None:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    np.divide(e, e.sum(axis=1, keepdims=True), out=y)


def _softmax_backward_numpy(dx: np.ndarray, y: np.ndarray, dy: np.ndarray) -> None:
    np.multiply(y, dy - (y * dy).sum(axis=1, keepdims=True), out=dx)


KERNELS = [
    Kernel(
        "column_sum",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(m)], [arrays.integers(n, m)]),
        reference=lambda x: [column_sum.column_sum(x)],
        numpy=lambda sums, x: np.sum(x, axis=0, out=sums),
        yardstick="read",
    ),
    Kernel(
        "add_bias",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.integers(n, m), arrays.integers(m)]),
        reference=lambda x, bias: [activation.add_bias(x, bias)],
        numpy=lambda y, x, bias: np.add(x, bias, out=y),
    ),
    Kernel(
        "relu",
        LAYERS,
        partial(matrices, 1),
        reference=lambda x: [activation.relu(x)],
        numpy=lambda y, x: np.maximum(x, 0, out=y),
    ),
    Kernel(
        "relu_backward",
        LAYERS,
        partial(matrices, 2),
        reference=lambda y, dy: [activation.relu_backward(y, dy)],
        numpy=lambda dx, y, dy: np.multiply(dy, y > 0, out=dx),
    ),
    Kernel(
        "normalize",
        ((128, 64), (128, 784)),
        lambda arrays, n, m: Operands(
            [arrays.blank(n, m)], [arrays.reals(n, m), arrays.reals(m), arrays.positive(m)]
        ),
        reference=lambda x, mean, std: [normalize.normalize(x, mean, std)],
        numpy=lambda y, x, mean, std: np.divide(x - mean, std, out=y),
        ulps=4,
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
]
