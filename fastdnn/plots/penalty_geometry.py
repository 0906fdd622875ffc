"""Where penalties leave the weights: norm balls, contours of a loss, and the best point of the ball."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.checks import is_real, number
from fastdnn.errors import expected
from fastdnn.plots.figure import (
    COLOURS,
    axes_for,
    dress,
    grid_for,
    grid_shape,
    label_edges,
    legend_above,
    legend_beside,
    look,
)
from fastdnn.regularizers import L1, L2, ElasticNet, Regularizer
from fastdnn.regularizers.regularizer import Terms

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "penalty_geometry"
_ANGLES = 1440  # of a whole turn; quarters of it are among them: the corners
_LARGEST_Q = 100  # beyond it, all is a square
_HALVINGS = 60  # of a radius: to the last bit of float64
_DECK = {"L2": L2(1.0), "L1": L1(1.0), "elastic net": ElasticNet(1.0, 0.5), "|w|^0.5": 0.5}
_HESSIAN = np.array([[1.0, 0.35], [0.35, 1.0]])


def penalty_geometry(
    penalties: "Mapping[str, Regularizer | float] | None" = None,
    ax: Any = None,
    *,
    minimum: Sequence[float] = (0.6, 1.8),
    size: float = 1.0,
) -> np.ndarray:
    """Draw the ball of each penalty, the contours of a loss, and the point of the ball where that is least.

    To minimise loss + λ penalty(w) is to minimise the loss within a ball {w: penalty(w) <= t}. L2's has no
    corners: both weights shrink. L1's has them on the axes: one weight is exactly zero. The elastic net is in
    between; |w|^q with q < 1 is all corners, and not convex.

    Args:
        penalties: {title: regulariser, or q > 0 for Σ|w|^q}; default L2, L1, elastic net and q = 0.5.
        ax: as many Axes as penalties, or None for a figure.
        minimum: (w₁, w₂) where the loss without penalty is least.
        size: of the balls, how far they reach along the axes, > 0.

    Returns:
        (rows, columns) array of Axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: deck 004, "Geometric Interpretation" (of L2, L1 and elastic net), "Family of Parameter Norm
    Models".

    >>> import fastdnn as fd
    >>> panels = fd.plots.penalty_geometry({"L1": fd.regularizers.L1(0.1)})
    >>> panels[0, 0].get_title()
    'L1\\nleast at (0.00, 1.00)'
    """
    terms = _terms(_DECK if penalties is None else penalties)
    best, reach = _point(minimum), number(_WHERE, "size", size, 0, ends="()")
    rows, columns = grid_shape(len(terms), 4)
    inches = (2.4 * max(columns, 2) + 0.3, 3.3 * rows + 0.4)
    panels = grid_for(_WHERE, ax, rows, columns, inches, sharex=True, sharey=True)
    for panel, (title, each) in zip(panels.ravel(), terms.items(), strict=False):
        _draw(panel, title, ball(each, reach), best)
    label_edges(panels, len(terms))
    legend_above(panels, ax)
    return panels


def norm_balls(
    ax: "Axes | None" = None, *, q: Sequence[float] = (0.5, 1.0, 1.5, 2.0, 4.0), size: float = 1.0
) -> "Axes":
    """Draw the lines Σ|w|^q = const through (size, 0): the family of penalties, from crosses to squares.

    Args:
        ax: where to draw; None makes a figure.
        q: numbers > 0; 1 is L1, 2 is L2.
        size: > 0.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: deck 004, "Family of Parameter Norm Models".

    >>> import fastdnn as fd
    >>> ax = fd.plots.norm_balls(q=[1, 2])
    >>> [line.get_label() for line in ax.get_lines()]
    ['q = 1', 'q = 2']
    """
    if isinstance(q, str) or not isinstance(q, Sequence | np.ndarray) or not len(q):
        raise ValueError(expected("norm_balls", "q as a list of numbers > 0", repr(q)))
    powers = [number("norm_balls", "q", each, 0, _LARGEST_Q, ends="(]") for each in q]
    reach = number("norm_balls", "size", size, 0, ends="()")
    axes = axes_for("norm_balls", ax, (6.5, 5))
    for index, power in enumerate(powers):
        edge = ball(Terms(lq=1.0, q=power), reach)
        axes.plot(*edge.T, label=f"q = {power:g}", linewidth=1.8, **look(index, len(edge)))
    dress(axes, "w₁", "w₂")
    axes.set_aspect("equal")
    legend_beside(axes)
    return axes


def ball(terms: Terms, size: float) -> np.ndarray:
    """The edge (points, 2), closed, of {w: penalty(w) <= penalty(size, 0)}.

    >>> from fastdnn.plots.penalty_geometry import ball
    >>> from fastdnn.regularizers.regularizer import Terms
    >>> float(abs(ball(Terms(l1=1.0), 2.0)).sum(axis=1).max().round(9))
    2.0
    """
    angles = np.linspace(0, 2 * np.pi, _ANGLES + 1)
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1).round(15)  # zeros that are zeros, on the axes
    level = _penalty(terms, np.array([size, 0.0]))
    low, high = np.zeros(len(ways)), np.full(len(ways), 2 * size)  # √2 size at most, of q without end
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        inside = _penalty(terms, middle[:, None] * ways) <= level
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return np.asarray(low[:, None] * ways)


def _penalty(terms: Terms, w: np.ndarray) -> np.ndarray:
    size = np.abs(w)
    return np.asarray((terms.l1 * size + terms.l2 * size**2 + terms.lq * size**terms.q).sum(axis=-1))


def _terms(given: Any) -> dict[str, Terms]:
    if not isinstance(given, Mapping) or not given:
        raise ValueError(expected(_WHERE, "penalties as {title: regulariser}", repr(given)))
    found = {}
    for title, each in given.items():
        if is_real(each):
            found[str(title)] = Terms(
                lq=1.0, q=number(_WHERE, f"q of {title!r}", each, 0, _LARGEST_Q, ends="(]")
            )
        elif isinstance(each, Regularizer):
            found[str(title)] = each.terms(_WHERE, 1)
        else:
            raise ValueError(expected(_WHERE, f"a regulariser, or q > 0, for {title!r}", repr(each)))
        if found[str(title)].is_zero:
            raise ValueError(expected(_WHERE, f"a strength above 0 of {title!r}", repr(each)))
    return found


def _point(given: Any) -> np.ndarray:
    if isinstance(given, str) or not hasattr(given, "__len__") or len(given) != 2:
        raise ValueError(expected(_WHERE, "minimum as two numbers", repr(given)))
    return np.array([number(_WHERE, "minimum", each) for each in given])


def _loss(w: np.ndarray, best: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * np.einsum("...i,ij,...j->...", w - best, _HESSIAN, w - best))


def _draw(panel: "Axes", title: str, edge: np.ndarray, best: np.ndarray) -> None:
    losses = _loss(edge, best)
    within = np.abs(edge).max() >= np.abs(best).max() and _inside(edge, best)
    found = best if within else edge[np.argmin(losses)]
    reach = 1.25 * max(np.abs(edge).max(), np.abs(best).max())
    side = np.linspace(-reach, reach, 200)
    heights = _loss(np.stack(np.meshgrid(side, side), axis=-1), best)
    touching = float(_loss(found, best))
    levels = np.unique([*(np.array([0.2, 0.5, 2.0, 4.0, 7.0]) * (touching or 0.1))])
    panel.contour(side, side, heights, levels=levels, colors="0.7", linewidths=0.8)
    if touching:
        panel.contour(side, side, heights, levels=[touching], colors="black", linewidths=1.2)
    panel.fill(*edge.T, facecolor=COLOURS[5], edgecolor=COLOURS[0], alpha=0.5, label="penalty at most t")
    panel.plot(*best, "x", color="black", markersize=8, markeredgewidth=2, label="least loss")
    panel.plot(
        *found, "o", color=COLOURS[1], markeredgecolor="black", markersize=8, label="least in the ball"
    )
    panel.axhline(0, color="0.4", linewidth=0.8)
    panel.axvline(0, color="0.4", linewidth=0.8)
    said = ", ".join(f"{value:.2f}" for value in found + 0.0)
    dress(panel, "w₁", "w₂", f"{title}\nleast at ({said})")
    panel.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
    panel.title.set_fontsize(10)
    panel.grid(visible=False)


def _inside(edge: np.ndarray, point: np.ndarray) -> bool:
    from matplotlib.path import Path

    return bool(Path(edge).contains_point(tuple(point)))
