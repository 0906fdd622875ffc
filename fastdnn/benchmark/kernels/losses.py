"""Losses with their gradients, and what is counted beside them."""

import numpy as np

from fastdnn.benchmark.kernels.shapes import CLASSES
from fastdnn.benchmark.workloads import Kernel, Operands
from fastdnn.reference import accuracy, cross_entropy, squared_error


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


KERNELS = [
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
