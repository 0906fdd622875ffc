"""An optimiser of the package on a surface: a model of one weight, the point, whose loss is the height."""

import copy
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn import optimizers
from fastdnn.checks import number, whole
from fastdnn.compare.surfaces import Surface
from fastdnn.errors import NonFiniteLossError, expected
from fastdnn.layers import Input, Layer
from fastdnn.sequential import Sequential


@dataclass(frozen=True)
class Trajectory:
    """Where an optimiser went.

    points: (steps + 1, 2), from the start on.
    losses: (steps + 1,), f there, without noise.
    seconds: what it took, most of it Python.
    diverged: whether f or its gradient became infinite or NaN, which ended it; it has fewer steps then.
    """

    points: np.ndarray
    losses: np.ndarray
    seconds: float
    diverged: bool

    @property
    def steps(self) -> int:
        """How many were taken."""
        return len(self.points) - 1


class _Point(Layer):
    """y = the point, for each row."""

    def build(self, input_shape: Any) -> None:
        self.add_weight("point", (2,), "zeros")

    def compute_output_shape(self, input_shape: Any) -> tuple[None, int]:
        return None, 2

    def forward(self, x: Any, training: bool) -> tuple[np.ndarray, Any]:
        return np.tile(self.weight("point"), (len(x), 1)), np.zeros_like(x)

    def backward(self, dy: np.ndarray, saved: Any) -> tuple[Any, dict[str, np.ndarray]]:
        return saved, {"point": dy.sum(axis=0)}


class _Height:
    """The loss: f, and its gradient with noise. It notes the points that it sees."""

    name = "height"
    target_width = 1

    def __init__(self, surface: Surface, noise: np.ndarray) -> None:
        self.points: list[np.ndarray] = []
        self._surface = surface
        self._noise = noise

    def value_and_gradient(self, y: np.ndarray, y_hat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(all="ignore"):
            f = np.asarray(self._surface.f(y_hat), np.float64)
            gradient = self._surface.gradient(y_hat) + self._noise[len(self.points)]
        self.points.append(y_hat[0].copy())
        ends = np.isfinite(f).all() and np.isfinite(gradient).all()
        return (f, gradient) if ends else (np.full(len(f), np.inf), gradient)


def descend(
    surface: Surface,
    optimizer: "str | optimizers.Optimizer",
    steps: int,
    *,
    start: Any = None,
    noise: float = 0.0,
    seed: int = 0,
) -> Trajectory:
    """Follow an optimiser on a surface; the update is the native one that trains models, in float64.

    Each step is an epoch of its own: schedules by step and by epoch both count steps.

    Args:
        surface: where.
        optimizer: of `fastdnn.optimizers`, or its name.
        steps: how many, >= 1.
        start: (x, y), default the surface's.
        noise: standard deviation, >= 0, of what is added to both parts of the gradient: the gradient of a
            mini-batch is that of all examples and such noise. The same for all optimisers.
        seed: of the noise.

    Returns:
        The points and the heights.

    Raises:
        ValueError: an argument does not fit.

    >>> import fastdnn as fd
    >>> way = fd.compare.descend(fd.compare.Valley(4), fd.optimizers.SGD(0.5), steps=2)
    >>> way.points
    array([[-2.     ,  1.     ],
           [-1.75   ,  0.5    ],
           [-1.53125,  0.25   ]])
    """
    if not isinstance(surface, Surface):
        raise ValueError(expected("descend", "a surface of fastdnn.compare", repr(surface)))
    count = whole("descend", "steps", steps, 1)
    scale = number("descend", "noise", noise, 0)
    begin = _start(surface.start if start is None else start)
    drawn = np.random.default_rng(whole("descend", "seed", seed)).standard_normal((count, 2))
    height = _Height(surface, scale * drawn)
    model = Sequential([Input((1,)), _Point(name="point")], seed=0, dtype="float64")
    model.layers[1].set_weights([begin])
    model.compile(copy.deepcopy(optimizers.get(optimizer, "descend")), height)
    clock, diverged = time.perf_counter(), False
    try:
        model.fit(np.zeros((1, 1)), np.zeros((1, 1)), batch_size=1, epochs=count, verbose=0)
    except NonFiniteLossError:
        diverged = True
    seconds = time.perf_counter() - clock
    last = [] if diverged else [model.layers[1].get_weights()[0]]
    points = np.array([*height.points, *last])
    with np.errstate(all="ignore"):
        losses = np.array([float(surface.f(point)) for point in points])
    return Trajectory(points, losses, seconds, diverged)


def _start(given: Any) -> np.ndarray:
    point = np.asarray(given)
    if point.shape != (2,) or point.dtype.kind not in "buif" or not np.isfinite(point).all():
        raise ValueError(expected("descend", "start as two finite numbers", repr(given)))
    return point.astype(np.float64)
