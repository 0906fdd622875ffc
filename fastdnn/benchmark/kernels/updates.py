"""The updates of the optimisers, one pass over the parameters, and the bandwidth's share to be reached."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastdnn import _core
from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.kernels.shapes import VECTORS
from fastdnn.benchmark.workloads import Kernel
from fastdnn.reference import update

_RATE = 1e-2
_EPSILON = 1e-8
_DECAY = 1e-2
_CLIP = 1.0
_MOMENTUM = {"learning_rate": _RATE, "momentum": 0.9, "nesterov": False}
_RMSPROP = {"learning_rate": _RATE, "rho": 0.9, "epsilon": _EPSILON}
_CENTERED = {**_RMSPROP, "momentum": 0.9}
_ADADELTA = {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6}
_ADAM = {"learning_rate": _RATE, "beta_1": 0.9, "beta_2": 0.999, "epsilon": _EPSILON, "t": 1}
_NADAM = {**_ADAM, "momentum_decay": 4e-3, "product": update.nadam_momentum(0.9, 4e-3, 1)}
_LION = {"learning_rate": _RATE, "beta_1": 0.9, "beta_2": 0.99}


def _sgd(theta: np.ndarray, gradient: np.ndarray) -> None:
    theta -= _RATE * gradient


def _sgd_momentum(theta: np.ndarray, velocity: np.ndarray, gradient: np.ndarray) -> None:
    velocity *= 0.9
    velocity += gradient
    theta -= _RATE * velocity


def _adagrad(theta: np.ndarray, s: np.ndarray, gradient: np.ndarray) -> None:
    s += gradient * gradient
    theta -= _RATE * gradient / (np.sqrt(s) + _EPSILON)


def _adadelta(theta: np.ndarray, s: np.ndarray, d: np.ndarray, gradient: np.ndarray) -> None:
    s += 0.1 * (gradient * gradient - s)
    delta = np.sqrt((d + 1e-6) / (s + 1e-6)) * gradient
    d += 0.1 * (delta * delta - d)
    theta -= delta


def _rmsprop(theta: np.ndarray, s: np.ndarray, gradient: np.ndarray) -> None:
    s += 0.1 * (gradient * gradient - s)
    theta -= _RATE * gradient / (np.sqrt(s) + _EPSILON)


def _rmsprop_centered(
    theta: np.ndarray, s: np.ndarray, average: np.ndarray, velocity: np.ndarray, gradient: np.ndarray
) -> None:
    s += 0.1 * (gradient * gradient - s)
    average += 0.1 * (gradient - average)
    velocity *= 0.9
    velocity += gradient / (np.sqrt(np.maximum(s - average * average, 0)) + _EPSILON)
    theta -= _RATE * velocity


def _averages(m: np.ndarray, v: np.ndarray, gradient: np.ndarray) -> None:
    m += (1 - _ADAM["beta_1"]) * (gradient - m)
    v += (1 - _ADAM["beta_2"]) * (gradient * gradient - v)


def _step(theta: np.ndarray, m: np.ndarray, v: np.ndarray) -> None:
    """Adam's first one."""
    correction = (1 - _ADAM["beta_2"]) ** 0.5
    rate = _RATE * correction / (1 - _ADAM["beta_1"])
    theta -= rate * m / (np.sqrt(v) + _EPSILON * correction)


def _adam(theta: np.ndarray, m: np.ndarray, v: np.ndarray, gradient: np.ndarray) -> None:
    _averages(m, v, gradient)
    _step(theta, m, v)


def _adamw_clipped(theta: np.ndarray, m: np.ndarray, v: np.ndarray, gradient: np.ndarray) -> None:
    theta *= 1 - _RATE * _DECAY
    _adam(theta, m, v, np.clip(gradient, -_CLIP, _CLIP))


def _nadam(theta: np.ndarray, m: np.ndarray, v: np.ndarray, gradient: np.ndarray) -> None:
    now, following = (update.nadam_momentum(0.9, 4e-3, t) for t in (1, 2))
    _averages(m, v, gradient)
    ahead = following / (1 - now * following) * m + gradient  # (1 - μₜ) / (1 - Πμ) is 1 in the first step
    _step(theta, (1 - _ADAM["beta_1"]) * ahead, v)


def _amsgrad(
    theta: np.ndarray, m: np.ndarray, v: np.ndarray, v_max: np.ndarray, gradient: np.ndarray
) -> None:
    _averages(m, v, gradient)
    np.maximum(v_max, v, out=v_max)
    _step(theta, m, v_max)


def _lion(theta: np.ndarray, m: np.ndarray, gradient: np.ndarray) -> None:
    theta -= _RATE * np.sign(0.9 * m + 0.1 * gradient)
    m += 0.01 * (gradient - m)


def _target(unit: str, dtype: str, shape: tuple[int, ...], threads: int) -> float | None:
    return 0.90 if shape == VECTORS[-1] else None


def _update(
    name: str,
    states: int,
    numpy: Callable[..., object],
    scalars: Mapping[str, Any],
    variant: str = "",
    absent: tuple[str, ...] = (),
    extra: Mapping[str, float] | None = None,
) -> Kernel:
    """An update of theta and so many states by a gradient; without those that are `absent`."""
    rule = getattr(update, f"{name}_update")
    none = dict.fromkeys(absent)

    def operands(arrays: Arrays, n: int) -> Operands:
        states_of = [arrays.zeros(n) for _ in range(states)]
        theta, gradient, *states_of = arrays.apart(arrays.reals(n), arrays.reals(n), *states_of)
        return Operands([], [], [theta, *states_of], named={"gradient": gradient})

    def reference(*arrays: np.ndarray, gradient: np.ndarray) -> list[np.ndarray]:
        options = update.UpdateOptions(**extra or {})
        made = rule(*arrays, gradient=gradient, **none, **scalars, options=options)
        return [array for array in made if array is not None]

    return Kernel(
        f"{name}_update",
        VECTORS,
        operands,
        reference,
        numpy,
        variant=variant,
        options={**none, **scalars, "options": _core.kernels.UpdateOptions(**extra or {})},
        yardstick="update",
        by_rows=True,
        ulps=16,
        target=_target,
    )


_CLIPPED = {"weight_decay": _DECAY, "clip_value": _CLIP}
KERNELS = [
    _update("sgd", 0, _sgd, {"learning_rate": _RATE}, absent=("velocity",)),
    _update("sgd", 1, _sgd_momentum, _MOMENTUM, variant="momentum"),
    _update("adagrad", 1, _adagrad, {"learning_rate": _RATE, "epsilon": _EPSILON}),
    _update("adadelta", 2, _adadelta, _ADADELTA),
    _update("rmsprop", 1, _rmsprop, _RMSPROP, absent=("average", "velocity")),
    _update("rmsprop", 3, _rmsprop_centered, _CENTERED, variant="centered momentum"),
    _update("adam", 2, _adam, _ADAM),
    _update("adam", 2, _adamw_clipped, _ADAM, variant="decay clip", extra=_CLIPPED),
    _update("nadam", 2, _nadam, _NADAM),
    _update("amsgrad", 3, _amsgrad, _ADAM),
    _update("lion", 1, _lion, _LION),
]
