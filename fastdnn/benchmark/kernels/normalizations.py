"""Normalisation by stored figures and over the batch, and their gradients."""

from typing import Any

import numpy as np

from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.kernels.shapes import FEATURES, LAYERS
from fastdnn.benchmark.workloads import Kernel
from fastdnn.reference import batch_norm, normalize

EPSILON = 1e-3  # the kernels' default
ULPS = 256  # sums of a batch


def figures(arrays: Arrays, m: int) -> list[np.ndarray]:
    """Two vectors for the features: something, and something positive."""
    return [arrays.reals(m), arrays.positive(m)]


def _partial(arrays: Arrays, n: int, m: int) -> np.ndarray:
    """The scratch of batch normalisation: two rows for each 128."""
    return arrays.zeros(2 * -(-n // 128), m)


def _batch_norm_operands(arrays: Arrays, n: int, m: int) -> Operands:
    outputs = [arrays.blank(n, m), *(arrays.blank(m) for _ in range(3))]
    return Operands(outputs, [arrays.reals(n, m), *figures(arrays, m)], scratch=[_partial(arrays, n, m)])


def _batch_norm_numpy(*arrays: np.ndarray) -> None:
    y, mean, variance, rstd, x, gamma, beta = arrays
    np.mean(x, axis=0, out=mean)
    np.var(x, axis=0, out=variance)
    np.divide(1, np.sqrt(variance + EPSILON), out=rstd)
    np.multiply(x - mean, rstd * gamma, out=y)
    y += beta


def _batch_norm_relu_numpy(*arrays: np.ndarray) -> None:
    _batch_norm_numpy(*arrays)
    np.maximum(arrays[0], 0, out=arrays[0])


def _batch_norm(numpy: Any, variant: str, relu: bool) -> Kernel:
    """All three phases of the forward pass: moments of chunks, those of the batch, outputs."""
    return Kernel(
        "batch_norm",
        LAYERS,
        _batch_norm_operands,
        reference=lambda x, gamma, beta: [
            batch_norm.batch_norm(x, gamma, beta, relu=relu),
            *batch_norm.batch_norm_moments(x),
        ],
        numpy=numpy,
        variant=variant,
        options={"relu": relu},
        ulps=ULPS,
    )


def _batch_norm_backward_operands(relu: bool, arrays: Arrays, n: int, m: int) -> Operands:
    outputs = [arrays.blank(n, m), arrays.blank(m), arrays.blank(m)]
    mean, rstd = figures(arrays, m)
    named = {"y": arrays.reals(n, m) if relu else None, "dy": arrays.reals(n, m), "x": arrays.reals(n, m)}
    named |= {"mean": mean, "rstd": rstd, "gamma": arrays.reals(m)}
    return Operands(outputs, [], scratch=[_partial(arrays, n, m)], named=named)


def _batch_norm_backward_numpy(
    dx: np.ndarray,
    dgamma: np.ndarray,
    dbeta: np.ndarray,
    y: np.ndarray | None,
    dy: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    rstd: np.ndarray,
    gamma: np.ndarray,
) -> None:
    g = dy if y is None else dy * (y > 0)
    normal = (x - mean) * rstd
    np.sum(g, axis=0, out=dbeta)
    np.einsum("ij,ij->j", g, normal, out=dgamma)
    np.multiply(gamma * rstd, g - dbeta / len(x) - normal * (dgamma / len(x)), out=dx)


def _batch_norm_backward(variant: str, relu: bool) -> Kernel:
    """All three phases: sums of chunks, those of the batch, dx."""
    return Kernel(
        "batch_norm_backward",
        LAYERS,
        lambda arrays, n, m: _batch_norm_backward_operands(relu, arrays, n, m),
        reference=batch_norm.batch_norm_backward,
        numpy=_batch_norm_backward_numpy,
        variant=variant,
        ulps=ULPS,
    )


def _batch_norm_running_numpy(kept: np.ndarray, variance: np.ndarray, *batch: np.ndarray) -> None:
    kept += 0.1 * (batch[0] - kept)
    variance += 0.1 * (batch[1] - variance)


def _batch_norm_fold_numpy(scale: np.ndarray, shift: np.ndarray, *figures: np.ndarray) -> None:
    gamma, beta, mean, variance = figures
    np.divide(gamma, np.sqrt(variance + EPSILON), out=scale)
    np.subtract(beta, mean * scale, out=shift)


def _batch_norm_inference_numpy(y: np.ndarray, x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> None:
    np.multiply(x, scale, out=y)
    y += shift


_BATCH_NORM = [
    _batch_norm(_batch_norm_numpy, "", relu=False),
    _batch_norm(_batch_norm_relu_numpy, "relu", relu=True),
    _batch_norm_backward("", relu=False),
    _batch_norm_backward("relu", relu=True),
    Kernel(
        "batch_norm_running",
        FEATURES,
        lambda arrays, m: Operands([], figures(arrays, m), figures(arrays, m)),
        reference=batch_norm.batch_norm_running,
        numpy=_batch_norm_running_numpy,
        ulps=8,
    ),
    Kernel(
        "batch_norm_fold",
        FEATURES,
        lambda arrays, m: Operands(
            [arrays.blank(m), arrays.blank(m)], [*figures(arrays, m), *figures(arrays, m)]
        ),
        reference=batch_norm.batch_norm_fold,
        numpy=_batch_norm_fold_numpy,
        ulps=8,
    ),
    Kernel(
        "batch_norm_inference",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m), *figures(arrays, m)]),
        reference=lambda x, scale, shift: [batch_norm.batch_norm_inference(x, scale, shift)],
        numpy=_batch_norm_inference_numpy,
        by_rows=True,
        ulps=4,
    ),
    Kernel(
        "batch_norm_inference_backward",
        LAYERS,
        lambda arrays, n, m: Operands(
            [arrays.blank(n, m)], [arrays.reals(n, m), arrays.reals(n, m), arrays.reals(m)]
        ),
        reference=lambda y, dy, scale: [batch_norm.batch_norm_inference_backward(y, dy, scale)],
        numpy=lambda dx, y, dy, scale: np.multiply(dy * scale, y > 0, out=dx),
        variant="relu",
        by_rows=True,
        ulps=4,
    ),
]

_STORED = [
    Kernel(
        "normalize",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m), *figures(arrays, m)]),
        reference=lambda x, mean, std: [normalize.normalize(x, mean, std)],
        numpy=lambda y, x, mean, std: np.divide(x - mean, std, out=y),
        by_rows=True,
        ulps=4,
    ),
    Kernel(
        "normalize_backward",
        LAYERS,
        lambda arrays, n, m: Operands([arrays.blank(n, m)], [arrays.reals(n, m), arrays.positive(m)]),
        reference=lambda dy, std: [normalize.normalize_backward(dy, std)],
        numpy=lambda dx, dy, std: np.divide(dy, std, out=dx),
        by_rows=True,
        ulps=4,
    ),
]
KERNELS = [*_STORED, *_BATCH_NORM]
