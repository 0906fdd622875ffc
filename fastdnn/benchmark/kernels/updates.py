"""The updates of the optimisers, one pass over the parameters, and the bandwidth's share to be reached."""

from typing import Any

import numpy as np

from fastdnn.benchmark.kernels.shapes import VECTORS
from fastdnn.benchmark.workloads import Kernel, Operands
from fastdnn.reference import update

_ADAM: dict[str, Any] = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "t": 1}
_SGD: dict[str, Any] = {"learning_rate": 1e-2, "momentum": 0.9, "nesterov": False}


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


KERNELS = [
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
