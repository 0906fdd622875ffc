"""Losses with their gradients, and what is counted beside them."""

from collections.abc import Callable
from types import ModuleType

import numpy as np

from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.kernels.shapes import CLASSES
from fastdnn.benchmark.workloads import Kernel
from fastdnn.reference import accuracy, cross_entropy, elementwise_loss, probability_cross_entropy

_Numpy = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], object]


def _sparse_cross_entropy(loss: np.ndarray, dz: np.ndarray, z: np.ndarray, labels: np.ndarray) -> None:
    rows = np.arange(len(z))
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1)
    np.subtract(np.log(total), shifted[rows, labels], out=loss)
    np.divide(e, total[:, None], out=dz)
    dz[rows, labels] -= 1


def _categorical_cross_entropy(loss: np.ndarray, dz: np.ndarray, z: np.ndarray, target: np.ndarray) -> None:
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    total = e.sum(axis=1, keepdims=True)
    np.sum(target * (np.log(total) - shifted), axis=1, out=loss)
    np.subtract(e / total * target.sum(axis=1, keepdims=True), target, out=dz)


def _sparse_probability(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, labels: np.ndarray) -> None:
    rows = np.arange(len(y))
    total, own = y.sum(axis=1), y[rows, labels]
    np.log(total / own, out=loss)
    np.divide(1, total[:, None], out=dy)
    dy[rows, labels] -= 1 / own


def _categorical_probability(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    total = y.sum(axis=1, keepdims=True)
    np.sum(target * np.log(total / y), axis=1, out=loss)
    np.subtract(target.sum(axis=1, keepdims=True) / total, target / y, out=dy)


def _squared_error(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    d = y - target
    np.mean(d * d, axis=1, out=loss)
    np.multiply(d, 2 / d.shape[1], out=dy)


def _absolute_error(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    d = y - target
    np.mean(np.abs(d), axis=1, out=loss)
    np.divide(np.sign(d), d.shape[1], out=dy)


def _huber(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    d = y - target
    near = np.clip(d, -1, 1)
    np.mean(near * (d - near / 2), axis=1, out=loss)
    np.divide(near, d.shape[1], out=dy)


def _log_cosh(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    d = y - target
    np.mean(np.log(np.cosh(d)), axis=1, out=loss)
    np.divide(np.tanh(d), d.shape[1], out=dy)


def _kl_divergence(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    np.sum(target * np.log(target / y), axis=1, out=loss)
    np.divide(target, -y, out=dy)


def _hinge(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    margin = 1 - target * y
    np.mean(np.maximum(margin, 0), axis=1, out=loss)
    np.multiply(target / -y.shape[1], margin > 0, out=dy)


def _squared_hinge(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    margin = np.maximum(1 - target * y, 0)
    np.mean(margin * margin, axis=1, out=loss)
    np.multiply(target * (-2 / y.shape[1]), margin, out=dy)


def _binary_cross_entropy(loss: np.ndarray, dz: np.ndarray, z: np.ndarray, target: np.ndarray) -> None:
    np.mean(np.logaddexp(0, z) - z * target, axis=1, out=loss)
    np.divide(1 / (1 + np.exp(-z)) - target, z.shape[1], out=dz)


def _binary_probability(loss: np.ndarray, dy: np.ndarray, y: np.ndarray, target: np.ndarray) -> None:
    np.mean(-target * np.log(y) - (1 - target) * np.log1p(-y), axis=1, out=loss)
    np.divide(y - target, y * (1 - y) * y.shape[1], out=dy)


def _reals(arrays: Arrays, n: int, m: int) -> np.ndarray:
    return arrays.reals(n, m)


def _shares(arrays: Arrays, n: int, m: int) -> np.ndarray:
    """Probabilities of classes, not too small."""
    y = arrays.positive(n, m)
    y /= y.sum(axis=1, keepdims=True)
    return y


def _chances(arrays: Arrays, n: int, m: int) -> np.ndarray:
    """A probability in each column."""
    return arrays.positive(n, m) / 2


def _labels(arrays: Arrays, n: int, m: int) -> np.ndarray:
    return arrays.below(m, n)


def _one_hot(arrays: Arrays, n: int, m: int) -> np.ndarray:
    return arrays.one_hot(n, m)


def _signs(arrays: Arrays, n: int, m: int) -> np.ndarray:
    return 2 * arrays.one_hot(n, m) - 1


_Make = Callable[[Arrays, int, int], np.ndarray]


def _loss(module: ModuleType, name: str, prediction: _Make, target: _Make, numpy: _Numpy) -> Kernel:
    """A loss with its gradient."""
    loss, gradient = getattr(module, name), getattr(module, f"{name}_backward")
    return Kernel(
        name,
        CLASSES,
        lambda arrays, n, m: Operands(
            [arrays.blank(n), arrays.blank(n, m)], [prediction(arrays, n, m), target(arrays, n, m)]
        ),
        reference=lambda y, t: [loss(y, t), gradient(y, t, scale=1)],
        numpy=numpy,
        ulps=64,
    )


def _accuracy(name: str, target: _Make, numpy: Callable[..., object]) -> Kernel:
    return Kernel(
        name,
        CLASSES,
        lambda arrays, n, m: Operands([arrays.blank(n)], [arrays.reals(n, m), target(arrays, n, m)]),
        reference=lambda z, t: [getattr(accuracy, name)(z, t)],
        numpy=numpy,
        yardstick="read",
    )


_ENTROPY, _PROBABILITY, _ELEMENTS = cross_entropy, probability_cross_entropy, elementwise_loss
KERNELS = [
    _loss(_ENTROPY, "sparse_cross_entropy", _reals, _labels, _sparse_cross_entropy),
    _loss(_ENTROPY, "categorical_cross_entropy", _reals, _one_hot, _categorical_cross_entropy),
    _loss(_PROBABILITY, "sparse_probability_cross_entropy", _shares, _labels, _sparse_probability),
    _loss(_PROBABILITY, "categorical_probability_cross_entropy", _shares, _one_hot, _categorical_probability),
    _loss(_ELEMENTS, "binary_cross_entropy", _reals, _one_hot, _binary_cross_entropy),
    _loss(_ELEMENTS, "binary_probability_cross_entropy", _chances, _one_hot, _binary_probability),
    _loss(_ELEMENTS, "squared_error", _reals, _reals, _squared_error),
    _loss(_ELEMENTS, "absolute_error", _reals, _reals, _absolute_error),
    _loss(_ELEMENTS, "huber", _reals, _reals, _huber),
    _loss(_ELEMENTS, "log_cosh", _reals, _reals, _log_cosh),
    _loss(_ELEMENTS, "kl_divergence", _shares, _shares, _kl_divergence),
    _loss(_ELEMENTS, "hinge", _reals, _signs, _hinge),
    _loss(_ELEMENTS, "squared_hinge", _reals, _signs, _squared_hinge),
    _accuracy(
        "sparse_accuracy",
        _labels,
        lambda correct, z, labels: np.equal(z.argmax(axis=1), labels, out=correct, casting="unsafe"),
    ),
    _accuracy(
        "categorical_accuracy",
        _one_hot,
        lambda correct, z, target: np.equal(
            z.argmax(axis=1), target.argmax(axis=1), out=correct, casting="unsafe"
        ),
    ),
]
