"""Why random trials beat a grid: of an important parameter, they try more values."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.checks import whole
from fastdnn.plots.figure import COLOURS, dress, grid_for
from fastdnn.tune.distributions import log_uniform
from fastdnn.tune.space import Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "grid_against_random"
_BEST, _WIDTH = -1.45, 0.22  # log₁₀ of the best learning rate, and how soon it is missed, in decades


def grid_against_random(ax: Any = None, *, trials: int = 25, seed: int = 0) -> np.ndarray:
    """Draw trials of a grid and at random on two parameters of which one is important.

    Above, the error as made up here, which depends on the learning rate and hardly on ε, and where the trials
    met it; below, the trials. A grid of 25 tries 5 learning rates, each five times over; random ones try 25.

    Args:
        ax: four Axes, above those of the errors, or None for a figure.
        trials: how many of each, at least 4; a grid has as many values of each parameter as fit.
        seed: of the random ones.

    Returns:
        (2, 2) array of Axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: deck 002, "Try random values: Don't use a grid"; deck 004, "Grid Search vs. Random Search"; J.
    Bergstra and Y. Bengio, "Random search for hyper-parameter optimization", 2012, figure 1.

    >>> import fastdnn as fd
    >>> panels = fd.plots.grid_against_random()
    >>> [panel.get_title() for panel in panels[0]]
    ['grid: 25 trials, 5 learning rates', 'random: 25 trials, 25 learning rates']
    """
    space = Space.of(_WHERE, {"α": log_uniform(1e-4, 1), "ε": log_uniform(1e-10, 1e-6)})
    count = whole(_WHERE, "trials", trials, 4)
    drawn = [space.draw(seed, trial) for trial in range(count)]
    heights = {"height_ratios": [1, 2]}
    panels = grid_for(_WHERE, ax, 2, 2, (9, 5.4), sharex="col", sharey="row", gridspec_kw=heights)
    for column, (name, points) in enumerate({"grid": space.grid(count), "random": drawn}.items()):
        _draw(panels[0, column], panels[1, column], name, points, column)
    for panel in panels[:, 1]:
        panel.set_ylabel("")
    return panels


def _draw(above: "Axes", below: "Axes", name: str, points: list[dict[str, float]], index: int) -> None:
    alpha, epsilon = (np.array([point[key] for point in points]) for key in "αε")
    error = _error(alpha, epsilon)
    best, values = int(np.argmin(error)), np.unique(alpha)
    r = np.linspace(-4, 0, 400)
    above.plot(10**r, _error(10**r, np.full(400, 1e-8)), color="0.55", linewidth=1.5)
    marks: dict[str, Any] = {
        "marker": "os"[index],
        "color": COLOURS[index],
        "markersize": 6,
        "linestyle": "none",
    }
    above.plot(alpha, error, **marks)
    star: dict[str, Any] = {"marker": "*", "color": "black", "markersize": 15, "linestyle": "none"}
    above.plot(alpha[best], error[best], **star)
    above.text(0.04, 0.12, f"★ best of {len(points)}: {error[best]:.2f}", transform=above.transAxes)
    below.vlines(values, 1e-10, 1e-6, color="0.8", linewidth=1)
    below.plot(alpha, epsilon, **marks)
    below.plot(alpha[best], epsilon[best], **star)
    for panel in (above, below):
        panel.set_xscale("log")
    below.set_yscale("log")
    dress(above, "", "error (made up)", f"{name}: {len(points)} trials, {len(values)} learning rates")
    dress(below, "learning rate α: important", "ε: hardly counts")
    above.set_ylim(0, 1.15)


def _error(alpha: np.ndarray, epsilon: np.ndarray) -> np.ndarray:
    """1 far from the best learning rate, 0.1 at it; ε moves it by a hundredth."""
    miss = (np.log10(alpha) - _BEST) / _WIDTH
    return np.asarray(1 - 0.88 / (1 + miss**2 / 2) + 0.005 * (np.log10(epsilon) + 8))
