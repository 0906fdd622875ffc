"""The loss of a linear model over its two weights, before and after normalising the inputs."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.checks import number, whole
from fastdnn.compare.descent import Trajectory, descend
from fastdnn.compare.surfaces import Point, Surface
from fastdnn.data import StandardScaler
from fastdnn.errors import expected
from fastdnn.features import as_features, as_targets
from fastdnn.optimizers import SGD
from fastdnn.plots.figure import COLOURS, dress, grid_for, legend_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "loss_contours"
_FAR = 4  # times the distance of the start from the minimum are in the picture at most
_REACHED = 0.01  # of the loss that can be saved: there the descent has arrived


class LinearLoss(Surface):
    """f(w) = Σ(x·w + b - y)² / m, b held at its best value.

    Args:
        x: (m, 2).
        y: (m,).

    >>> import numpy as np
    >>> from fastdnn.plots.loss_contours import LinearLoss
    >>> surface = LinearLoss(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 2.0, 3.0]))
    >>> np.round(surface.minima, 9).tolist(), round(float(surface.f(np.zeros(2))), 4)
    ([[1.0, 2.0]], 1.6667)
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        ones = np.c_[x, np.ones(len(x))]
        best, *_ = np.linalg.lstsq(ones, y, rcond=None)
        target = y - best[2]
        self.hessian = 2 * x.T @ x / len(x)
        self._slope = -2 * x.T @ target / len(x)
        self._rest = float((target**2).mean())
        self.minima = ((float(best[0]), float(best[1])),)

    @property
    def curvatures(self) -> np.ndarray:
        """The eigenvalues of the Hessian, the smallest first."""
        return np.linalg.eigvalsh(self.hessian)

    def f(self, points: np.ndarray) -> np.ndarray:
        """½ wᵀHw + gᵀw + f(0)."""
        quadratic = 0.5 * np.einsum("...i,ij,...j->...", points, self.hessian, points)
        return np.asarray(quadratic + points @ self._slope + self._rest)[()]

    def gradient(self, points: np.ndarray) -> np.ndarray:
        """Hw + g."""
        return np.asarray(points @ self.hessian + self._slope)


def loss_contours(
    x: Any = None,
    y: Any = None,
    ax: Any = None,
    *,
    learning_rate: float | None = None,
    steps: int = 100,
    start: Point = (0.0, 0.0),
) -> np.ndarray:
    """Draw the loss over two weights before and after normalising the inputs, and gradient descent on it.

    A linear model of two features, mean squared error, the bias held at its best value. Raw features of
    unlike scale make a long valley, in which descent leaps from wall to wall; normalised ones make circles,
    and it goes straight. The path is that of `optimizers.SGD`; it ends where the loss has come down by 99 %
    of what it can, or after `steps`.

    Args:
        x: (examples, 2), default 200 rows of which the second feature has three times the scale.
        y: (examples,), with `x`.
        ax: two Axes, or None for a figure.
        learning_rate: of both; None takes the best constant rate of each, 2/(λ₁ + λ₂) of the Hessian's
            eigenvalues.
        steps: at most, default 100.
        start: (w₁, w₂), default (0, 0).

    Returns:
        (2,) array of Axes: before and after.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: decks 000 "NORMALIZING INPUTS", 002 "Why normalization?", 001.

    >>> import fastdnn as fd
    >>> before, after = fd.plots.loss_contours()
    >>> before.get_title().splitlines()[0], after.get_title().splitlines()[0]
    ('raw inputs', 'normalised inputs')
    """
    features, target = _data(x, y)
    count = whole(_WHERE, "steps", steps, 1)
    rate = None if learning_rate is None else number(_WHERE, "learning_rate", learning_rate, 0)
    surfaces = {
        "raw inputs": LinearLoss(features, target),
        "normalised inputs": LinearLoss(StandardScaler().fit_transform(features), target),
    }
    panels = grid_for(_WHERE, ax, 1, 2, (9, 5.4)).ravel()
    for panel, (title, surface) in zip(panels, surfaces.items(), strict=True):
        low, high = surface.curvatures
        used = 2 / (low + high) if rate is None else rate
        _draw(panel, surface, descend(surface, SGD(used), count, start=start), title, used)
    legend_above(panels, ax)
    return panels


def _data(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    if (x is None) != (y is None):
        raise ValueError(expected(_WHERE, "x and y, or neither", "one of them"))
    if x is None:
        random = np.random.default_rng(0)
        features = random.normal(size=(200, 2)) * [1.0, 3.0] + [0.5, 1.0]
        return features, features @ [2.0, 0.5] + random.normal(0.0, 0.5, 200)
    features = as_features(_WHERE, x, 2, "float64")
    target = as_targets(_WHERE, y, 1, len(features), "float64").ravel()
    if np.linalg.matrix_rank(features - features.mean(axis=0)) < 2:
        hint = "its minimum would be a line"
        raise ValueError(expected(_WHERE, "two features that vary, each by itself", "others", hint))
    return features, target


def _draw(panel: "Axes", surface: LinearLoss, way: Trajectory, title: str, rate: float) -> None:
    centre = np.array(surface.minima[0])
    points, arrived = _shown(surface, way)
    start = np.abs(points[0] - centre).max() or 1.0
    reach = 1.35 * min(max(np.abs(points - centre).max(), start), _FAR * start)
    sides = [np.linspace(middle - reach, middle + reach, 160) for middle in centre]
    heights = surface.f(np.stack(np.meshgrid(*sides), axis=-1)) - surface.f(centre)
    levels = np.geomspace(0.01, 1, 9) * heights.max()
    panel.contour(*sides, heights, levels=levels, colors="0.7", linewidths=0.8)
    alone: dict[str, Any] = {"color": "black", "linestyle": "none"}
    panel.plot(
        *points.T, label="gradient descent", color=COLOURS[1], linewidth=1.6, marker="o", markersize=3.5
    )
    panel.plot(*points[0], marker="s", markerfacecolor="none", markersize=9, label="start", **alone)
    panel.plot(*centre, marker="*", markersize=12, label="minimum", **alone)
    low, high = surface.curvatures
    taken = len(points) - 1
    said = f"{taken} step{'s' * (taken != 1)}" if arrived else f"> {way.steps} steps"
    said = "diverges" if way.losses[-1] > 2 * way.losses[0] or way.diverged else said
    dress(panel, "w₁", "w₂", f"{title}\ncondition {high / low:.3g}, α = {rate:.2g}, {said}")
    panel.set(aspect="equal", xlim=sides[0][[0, -1]], ylim=sides[1][[0, -1]])
    panel.grid(visible=False)


def _shown(surface: LinearLoss, way: Trajectory) -> tuple[np.ndarray, bool]:
    """The points as far as the minimum, or as the first that is far outside; whether it arrived."""
    least = float(surface.f(np.array(surface.minima[0])))
    there = np.flatnonzero(way.losses - least <= _REACHED * (way.losses[0] - least))
    if there.size:
        return way.points[: there[0] + 1], True
    away = np.abs(way.points - surface.minima[0]).max(axis=1)
    outside = np.flatnonzero(~(away < 100 * _FAR * away[0]))
    return (way.points[: outside[0]] if outside.size else way.points), False
