"""Normalisation over a layer's outputs, and its gradients."""

import numpy as np

from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.kernels.normalizations import EPSILON, ULPS, figures
from fastdnn.benchmark.kernels.shapes import LAYERS
from fastdnn.benchmark.workloads import Kernel
from fastdnn.reference import layer_norm


def _layer_norm_operands(arrays: Arrays, n: int, m: int) -> Operands:
    outputs = [arrays.blank(n, m), arrays.blank(n), arrays.blank(n)]
    return Operands(outputs, [arrays.reals(n, m), *figures(arrays, m)])


def _layer_norm_numpy(*arrays: np.ndarray) -> None:
    y, mean, rstd, x, gamma, beta = arrays
    np.mean(x, axis=1, out=mean)
    np.subtract(x, mean[:, None], out=y)
    np.divide(1, np.sqrt(np.einsum("ij,ij->i", y, y) / x.shape[1] + EPSILON), out=rstd)
    y *= rstd[:, None]
    y *= gamma
    y += beta


def _layer_norm_backward_numpy(dx: np.ndarray, dy: np.ndarray, x: np.ndarray, *figures: np.ndarray) -> None:
    mean, rstd, gamma = figures
    h = gamma * dy
    normal = (x - mean[:, None]) * rstd[:, None]
    slope = np.einsum("ij,ij->i", h, normal) / x.shape[1]
    np.multiply(rstd[:, None], h - h.mean(axis=1, keepdims=True) - normal * slope[:, None], out=dx)


def _layer_norm_sums_numpy(dgamma: np.ndarray, dbeta: np.ndarray, *inputs: np.ndarray) -> None:
    dy, x, mean, rstd = inputs
    np.sum(dy, axis=0, out=dbeta)
    np.einsum("ij,ij->j", dy, (x - mean[:, None]) * rstd[:, None], out=dgamma)


KERNELS = [
    Kernel(
        "layer_norm",
        LAYERS,
        _layer_norm_operands,
        reference=lambda x, gamma, beta: [
            layer_norm.layer_norm(x, gamma, beta),
            *layer_norm.layer_norm_moments(x),
        ],
        numpy=_layer_norm_numpy,
        by_rows=True,
        ulps=ULPS,
    ),
    Kernel(
        "layer_norm_backward",
        LAYERS,
        lambda arrays, n, m: Operands(
            [arrays.blank(n, m)],
            [arrays.reals(n, m), arrays.reals(n, m), *figures(arrays, n), arrays.reals(m)],
        ),
        reference=lambda *inputs: [layer_norm.layer_norm_backward(*inputs)],
        numpy=_layer_norm_backward_numpy,
        by_rows=True,
        ulps=ULPS,
    ),
    Kernel(
        "layer_norm_backward_sums",
        LAYERS,
        lambda arrays, n, m: Operands(
            [arrays.blank(m), arrays.blank(m)], [arrays.reals(n, m), arrays.reals(n, m), *figures(arrays, n)]
        ),
        reference=layer_norm.layer_norm_backward_sums,
        numpy=_layer_norm_sums_numpy,
        yardstick="read",
        ulps=ULPS,
    ),
]
