"""The kernels that are timed, their shapes and their targets.

Shapes are those of training: `LAYERS` (batch, features) of small, middle and wide networks, `CLASSES` their
last layers, products as (M, N, K). A new kernel is one entry.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from fastdnn.benchmark.workloads import FLOAT_TYPES, Arrays, Kernel, Operands, Workload
from fastdnn.errors import unknown_name
from fastdnn.reference import (
    accuracy,
    activation,
    column_sum,
    cross_entropy,
    gather,
    gemm,
    normalize,
    softmax,
    squared_error,
    update,
)

LAYERS = ((32, 64), (128, 256), (512, 4096))
CLASSES = ((32, 10), (128, 10), (512, 1000))
VECTORS = ((16_384,), (262_144,), (1 << 24,))  # parameters; the last ones are beyond the caches
_ADAM: dict[str, Any] = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "t": 1}
_SGD: dict[str, Any] = {"learning_rate": 1e-2, "momentum": 0.9, "nesterov": False}

# --------------------------------------------------------------------------------------------------- products

# Shares of the peak to be reached in float32 on avx512, by (M, N, K) and kind, on one thread and on more.
_GEMM_TARGETS: dict[str, dict[tuple[int, int, int], tuple[float | None, float | None]]] = {
    "NN": {
        (512, 512, 512): (0.90, 0.88),
        (1024, 1024, 1024): (0.90, 0.88),
        (512, 4096, 1024): (0.90, 0.88),  # a wide hidden layer
        (128, 256, 784): (0.90, 0.90),  # a hidden layer of 28 x 28 pixels
        (128, 512, 512): (0.90, 0.90),
        (32, 64, 64): (0.88, None),  # a tiny one: a microsecond, of which a barrier would be a good part
        (32, 10, 64): (None, None),  # an output layer
        (1, 256, 784): (None, None),  # a prediction of one row
    },
    "NT": {
        (512, 512, 512): (0.90, 0.88),
        (1024, 1024, 1024): (0.90, 0.88),
        (512, 1024, 4096): (0.90, 0.88),
        (128, 784, 256): (0.84, 0.84),
        (128, 512, 512): (0.84, 0.84),
        (32, 64, 64): (0.75, None),
        (32, 64, 10): (None, None),
    },
    "TN": {
        (512, 512, 512): (0.90, 0.88),
        (1024, 1024, 1024): (0.90, 0.88),
        (1024, 4096, 512): (0.90, 0.88),
        (784, 256, 128): (0.90, 0.90),
        (512, 512, 128): (0.90, 0.90),
        (64, 64, 32): (None, None),
        (64, 10, 32): (None, None),
    },
}
# Other types and units have a target for large products only.
_LARGE = 512
_FLOAT64_TARGET = 0.82
_UNIT_TARGETS = {"avx512": 1.0, "avx2": 0.88, "portable": 0.65}


def _gemm_target(kind: str, unit: str, dtype: str, shape: Sequence[int], threads: int) -> float | None:
    m, n, k = shape
    own = _GEMM_TARGETS[kind][m, n, k][min(threads, 2) - 1]
    if own is None or unit not in _UNIT_TARGETS:
        return None
    if unit == "avx512" and dtype == "float32":
        return own
    if min(shape) < _LARGE:
        return None
    return min(own, _UNIT_TARGETS[unit], _FLOAT64_TARGET if dtype == "float64" else 1.0)


def _gemm_operands(kind: str, arrays: Arrays, m: int, n: int, k: int) -> Operands:
    a = arrays.integers(*((k, m) if kind[0] == "T" else (m, k)))
    b = arrays.integers(*((n, k) if kind[1] == "T" else (k, n)))
    return Operands([arrays.blank(m, n)], [a, b])


def _gemm(kind: str) -> Kernel:
    """C = A B, where T marks an operand that is stored transposed."""
    transposed = kind[0] == "T", kind[1] == "T"
    return Kernel(
        "gemm",
        list(_GEMM_TARGETS[kind]),
        partial(_gemm_operands, kind),
        reference=lambda a, b: [gemm.gemm(a, b, *transposed)],
        numpy=lambda c, a, b: np.matmul(a.T if transposed[0] else a, b.T if transposed[1] else b, out=c),
        variant=kind,
        options={"transpose_a": transposed[0], "transpose_b": transposed[1]},
        yardstick="fma",
        flops=lambda m, n, k: 2 * m * n * k,
        target=partial(_gemm_target, kind),
    )


# ------------------------------------------------------------------------------------------ layers and losses


def _softmax_numpy(y: np.ndarray, x: np.ndarray) -> None:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    np.divide(e, e.sum(axis=1, keepdims=True), out=y)


def _softmax_backward_numpy(dx: np.ndarray, y: np.ndarray, dy: np.ndarray) -> None:
    np.multiply(y, dy - (y * dy).sum(axis=1, keepdims=True), out=dx)


def _sparse_cross_entropy_numpy(loss: np.ndarray, dz: np.ndarray, z: np.ndarray, labels: np.ndarray) -> None:
    rows = np.arange(len(z))
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1)
    np.subtract(np.log(total), shifted[rows, labels], out=loss)
    np.divide(e, total[:, None], out=dz)
    dz[rows, labels] -= 1


def _categorical_cross_entropy_numpy(
    loss: np.ndarray, dz: np.ndarray, z: np.ndarray, target: np.ndarray
) -> None:
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    np.sum(target * (np.log(total) - shifted), axis=1, out=loss)
    np.subtract(e / total * target.sum(axis=1, keepdims=True), target, out=dz)


def _squared_error_numpy(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    d = y - target
    np.mean(d * d, axis=1, out=loss)
    np.multiply(d, 2 / d.shape[1], out=dy)


_LAYER_KERNELS = [
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
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m)]),
        reference=lambda x: [activation.relu(x)],
        numpy=lambda y, x: np.maximum(x, 0, out=y),
    ),
    Kernel(
        "relu_backward",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m), arrays.reals(n, m)]),
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
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m)]),
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

_LOSS_KERNELS = [
    Kernel(
        "sparse_cross_entropy",
        CLASSES,
        lambda arrays, n, m: Operands(
            [arrays.blank(n), arrays.blank(n, m)], [arrays.reals(n, m), arrays.below(m, n)]
        ),
        reference=lambda z, labels: [
            cross_entropy.sparse_cross_entropy(z, labels),
            cross_entropy.sparse_cross_entropy_backward(z, labels, scale=1),
        ],
        numpy=_sparse_cross_entropy_numpy,
        ulps=64,
    ),
    Kernel(
        "categorical_cross_entropy",
        CLASSES,
        lambda arrays, n, m: Operands(
            [arrays.blank(n), arrays.blank(n, m)], [arrays.reals(n, m), arrays.one_hot(n, m)]
        ),
        reference=lambda z, target: [
            cross_entropy.categorical_cross_entropy(z, target),
            cross_entropy.categorical_cross_entropy_backward(z, target, scale=1),
        ],
        numpy=_categorical_cross_entropy_numpy,
        ulps=64,
    ),
    Kernel(
        "squared_error",
        CLASSES,
        lambda arrays, n, m: Operands(
            [arrays.blank(n), arrays.blank(n, m)], [arrays.reals(n, m), arrays.reals(n, m)]
        ),
        reference=lambda y, target: [
            squared_error.squared_error(y, target),
            squared_error.squared_error_backward(y, target, scale=1),
        ],
        numpy=_squared_error_numpy,
        ulps=64,
    ),
    Kernel(
        "sparse_accuracy",
        CLASSES,
        lambda arrays, n, m: Operands([arrays.blank(n)], [arrays.reals(n, m), arrays.below(m, n)]),
        reference=lambda z, labels: [accuracy.sparse_accuracy(z, labels)],
        numpy=lambda correct, z, labels: np.equal(z.argmax(axis=1), labels, out=correct, casting="unsafe"),
        yardstick="read",
    ),
]

# ---------------------------------------------------------------------------------------- data and optimisers


def _sgd_numpy(theta: np.ndarray, velocity: np.ndarray, gradient: np.ndarray) -> None:
    velocity *= _SGD["momentum"]
    velocity += gradient
    np.subtract(theta, _SGD["learning_rate"] * velocity, out=theta)


def _adam_numpy(theta: np.ndarray, m: np.ndarray, v: np.ndarray, gradient: np.ndarray) -> None:
    m += (1 - _ADAM["beta_1"]) * (gradient - m)
    v += (1 - _ADAM["beta_2"]) * (gradient * gradient - v)
    correction = (1 - _ADAM["beta_2"]) ** 0.5
    rate = _ADAM["learning_rate"] * correction / (1 - _ADAM["beta_1"])
    theta -= rate * m / (np.sqrt(v) + _ADAM["epsilon"] * correction)


def _update_target(unit: str, dtype: str, shape: tuple[int, ...], threads: int) -> float | None:
    return 0.90 if shape == VECTORS[-1] else None


_DATA_KERNELS = [
    Kernel(
        "gather",
        ((32, 64), (128, 784)),
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m), arrays.order(n)]),
        reference=lambda x, order: [gather.gather(x, order)],
        numpy=lambda y, x, order: np.take(x, order, axis=0, out=y, mode="clip"),
    ),
    Kernel(
        "sgd_update",
        VECTORS,
        lambda arrays, n: Operands([], [arrays.reals(n)], [arrays.reals(n), arrays.zeros(n)]),
        reference=lambda theta, velocity, g: update.sgd_update(theta, velocity, g, **_SGD),
        numpy=_sgd_numpy,
        options=_SGD,
        yardstick="update",
        ulps=4,
        target=_update_target,
    ),
    Kernel(
        "adam_update",
        VECTORS,
        lambda arrays, n: Operands(
            [], [arrays.reals(n)], [arrays.reals(n), arrays.zeros(n), arrays.zeros(n)]
        ),
        reference=lambda theta, m, v, g: update.adam_update(theta, m, v, g, **_ADAM),
        numpy=_adam_numpy,
        options=_ADAM,
        yardstick="update",
        ulps=8,
        target=_update_target,
    ),
]

KERNELS: list[Kernel] = (
    [_gemm(kind) for kind in _GEMM_TARGETS] + _LAYER_KERNELS + _LOSS_KERNELS + _DATA_KERNELS
)


def of(*names: str) -> list[Workload]:
    """Those of some kernels, by their whole names.

    Raises:
        ValueError: there is no such kernel.

    >>> from fastdnn.benchmark.kernels import of
    >>> {workload.kernel.name for workload in of("relu", "relu_backward")} == {"relu", "relu_backward"}
    True
    """
    known = {kernel.name for kernel in KERNELS}
    for name in names:
        if name not in known:
            raise unknown_name("bench", "a kernel", name, known)
    return [workload for kernel in KERNELS if kernel.name in names for workload in kernel.workloads()]


def workloads(part: str = "", dtypes: Sequence[str] = FLOAT_TYPES) -> list[Workload]:
    """Those whose name contains `part`, such as "gemm", "gemm NT" or "512x512x512".

    Raises:
        ValueError: there are none.

    >>> from fastdnn.benchmark.kernels import workloads
    >>> print(workloads("gemm NN", ["float32"])[0])
    gemm NN 512x512x512 float32
    """
    found = [
        workload
        for kernel in KERNELS
        for workload in kernel.workloads(dtypes)
        if part.lower() in str(workload).lower()
    ]
    if not found:
        labels = {kernel.label for kernel in KERNELS}
        raise unknown_name("bench", "a part of a workload's name", part, labels)
    return found
