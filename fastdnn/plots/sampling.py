"""What linear and logarithmic sampling make of the same range."""

import itertools
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.checks import whole
from fastdnn.plots.figure import axes_for, dress, look
from fastdnn.tune.distributions import log_uniform, uniform
from fastdnn.tune.space import Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastdnn.tune.distribution import Distribution

_WHERE = "sampling"
_HEIGHT = 0.16  # of the stem of a draw; its decade's share stands above it
_MOST_SHARES = 8  # decades: more texts would meet


def sampling(
    ax: "Axes | None" = None, *, low: float = 1e-4, high: float = 1.0, draws: int = 40, seed: int = 0
) -> "Axes":
    """Draw values of a learning rate that are uniform, and log-uniform, on one logarithmic axis.

    Above each decade stands the share of the draws that falls into it: of uniform ones from 0.0001 to 1, 90 %
    into the last; of log-uniform ones, 25 % into each.

    Args:
        ax: where to draw; None makes a figure.
        low: 0 < low < high; so is high.
        high: of the range.
        draws: how many of each, at least 1.
        seed: of the draws.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: deck 002, "Appropriate scale for hyperparameters"; deck 001, "Hyperparameter Search in Linear
    Scale", "... in Logarithmic Scale"; deck 000, "linear scale and log scale".

    >>> import fastdnn as fd
    >>> ax = fd.plots.sampling()
    >>> [text.get_text() for text in ax.texts]
    ['0.09 %', '0.9 %', '9 %', '90 %', '25 %', '25 %', '25 %', '25 %']
    """
    kinds = {"uniform": uniform(low, high), "log-uniform": log_uniform(low, high)}
    space, count = Space.of(_WHERE, kinds), whole(_WHERE, "draws", draws, 1)
    drawn = [space.draw(seed, trial) for trial in range(count)]
    axes = axes_for(_WHERE, ax, (8, 3.4))
    axes.set_xscale("log")
    for row, (name, distribution) in enumerate(kinds.items()):
        values = np.array([values[name] for values in drawn])
        own = look(row) | {"linestyle": "none"}
        axes.vlines(
            values, 1 - row - _HEIGHT, 1 - row + _HEIGHT, color=own["color"], linewidth=0.9, alpha=0.6
        )
        axes.plot(values, np.full(count, 1.0 - row), label=name, **own)
        _tell_shares(axes, distribution, low, high, 1 - row + 1.7 * _HEIGHT)
    axes.set_yticks([1, 0], [f"{name}\n{count} draws" for name in kinds])
    axes.set_ylim(-0.45, 1.55)
    dress(axes, "learning rate α", "", "share of the draws in each decade")
    return axes


def _tell_shares(axes: "Axes", distribution: "Distribution", low: float, high: float, y: float) -> None:
    """The share of each decade, exactly, and lines between them."""
    inner = [10.0**r for r in range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)]
    edges = [low, *(edge for edge in inner if low < edge < high), high]
    if len(edges) > _MOST_SHARES + 1:
        return
    for left, right in itertools.pairwise(edges):
        share = distribution.position(right) - distribution.position(left)
        text = f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
        axes.text(np.sqrt(left * right), y, text, ha="center", va="bottom")
