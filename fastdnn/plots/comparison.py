"""Settings side by side: their learning curves, or their ways over a surface."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn.averages import ewma
from fastdnn.checks import choice, number, whole
from fastdnn.compare.comparison import Comparison
from fastdnn.compare.surfaces import Surface
from fastdnn.errors import expected, unknown_name
from fastdnn.plots.figure import MARKED, axes_for, legend_beside, look, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

By = Literal["epoch", "step", "path"]

_WHERE = "Comparison.plot"


def comparison(
    found: Comparison,
    ax: "Axes | None" = None,
    *,
    by: By | None = None,
    figure: str | None = None,
    names: Sequence[str] | None = None,
    steps: int | None = None,
    smooth: float = 0.0,
    legend: bool = True,
) -> "Axes":
    """See `fastdnn.compare.Comparison.plot`."""
    if not isinstance(found, Comparison):
        raise ValueError(expected("comparison", "what a function of fastdnn.compare found", repr(found)))
    on_surface = bool(found.trajectories)
    kinds = ("path", "step") if on_surface else ("epoch", "step")
    kind = kinds[0] if by is None else choice(_WHERE, "by", by, kinds)
    beta = number(_WHERE, "smooth", smooth, 0, 1)
    count = None if steps is None else whole(_WHERE, "steps", steps, 1)
    chosen = _chosen(found, names)
    if on_surface and figure is not None:
        raise ValueError(expected(_WHERE, "no figure of a surface", repr(figure), "its height is drawn"))
    if not on_surface and steps is not None:
        raise ValueError(expected(_WHERE, "steps of a surface only", repr(steps), "set_xlim on the axes"))
    if kind == "path":
        if found.surface is None or beta:
            raise ValueError(expected(_WHERE, "a surface, and no smooth, for paths", repr(smooth)))
        axes = axes_for(_WHERE, ax, (9, 5))
        _draw_paths(axes, found, found.surface, chosen, count)
    else:
        of_task = "val_loss" if figure is None else figure
        curves = _heights(found, chosen, count) if on_surface else _figures(found, chosen, kind, of_task)
        axes = axes_for(_WHERE, ax, (9, 5))
        _draw_curves(axes, found, curves, beta)
        axes.set_xlabel(kind if kind == "epoch" else "step of the optimiser")
        axes.set_ylabel("height f" if on_surface else _label(of_task))
    axes.set_title(f"{found.what} on {found.on}")
    if legend:  # beside the axes: within them it would cover a curve sooner or later
        legend_beside(axes)
    return axes


def _chosen(found: Comparison, names: Sequence[str] | None) -> list[str]:
    """Names of rows, in the order in which they are drawn."""
    known = [row.name for row in found.rows]
    if names is None:
        return known
    if isinstance(names, str) or not names:
        raise ValueError(expected(_WHERE, "names as a list of settings", repr(names)))
    for name in names:
        if name not in known:
            raise unknown_name(_WHERE, "the name of a setting", name, known)
    return list(names)


def _look(found: Comparison, name: str) -> dict[str, Any]:
    """Its own in all pictures of the comparison, whatever else is drawn."""
    index = [row.name for row in found.rows].index(name)
    diverged = " (diverged)" if found.rows[index].diverged else ""
    return {"label": name + diverged, **look(index)}


# ---- Curves


def _figures(found: Comparison, names: list[str], by: str, figure: str) -> dict[str, Any]:
    """(x, y) by name, of the epochs; nothing where the first one diverged."""
    known = dict.fromkeys(key for history in found.histories.values() for key in history)
    if figure not in known:
        raise unknown_name(_WHERE, "a figure of the histories", figure, known)
    rows = {row.name: row for row in found.rows}
    curves = {}
    for name in names:
        values = np.array(found.histories[name].get(figure, []), np.float64)
        length = 1 if by == "epoch" else rows[name].steps_per_epoch or 1
        curves[name] = (length * np.arange(1, len(values) + 1), values)
    return curves


def _heights(found: Comparison, names: list[str], steps: int | None) -> dict[str, Any]:
    """(step, f) by name, from the start on."""
    losses = {name: found.trajectories[name].losses[: None if steps is None else steps + 1] for name in names}
    return {name: (np.arange(len(values)), values) for name, values in losses.items()}


def _draw_curves(axes: "Axes", found: Comparison, curves: dict[str, Any], beta: float) -> None:
    from matplotlib.ticker import MaxNLocator

    shown = [y[np.isfinite(y)] for _, y in curves.values()]
    seen = np.concatenate([np.zeros(0), *shown])
    for index, (name, (x, y)) in enumerate(curves.items()):
        finite = np.isfinite(y)
        x, y, own = x[finite], y[finite], _look(found, name)
        if beta and len(y):  # the noise stays in sight, behind its average
            axes.plot(x, y, color=own["color"], linewidth=0.8, alpha=0.35, label="_noise")
            y = ewma(y, beta)
        every = max(1, len(y) // MARKED)
        axes.plot(x, y, linewidth=1.8, markevery=(index % every, every), **own)
    if seen.size and seen.min() > 0 and seen.max() > 10 * seen.min():
        axes.set_yscale("log")
    starts = [x[0] for x, _ in curves.values() if len(x)]
    if starts and max(starts) > 10 * min(starts) > 0:  # epochs of one step beside epochs of thousands
        axes.set_xscale("log")
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    axes.grid(alpha=0.3)


def _label(figure: str) -> str:
    """dev loss (mean per example)."""
    part, name = ("dev", figure[4:]) if figure.startswith("val_") else ("train", figure)
    return f"{part} loss (mean per example)" if name == "loss" else f"{part} {with_unit(name)}"


# ---- Paths


def _draw_paths(
    axes: "Axes", found: Comparison, surface: Surface, names: list[str], steps: int | None
) -> None:
    """The paths over contours, which are denser below the start, where the paths are, than above."""
    across, up = (np.linspace(*bounds, 240) for bounds in surface.bounds)
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    heights = surface.f(grid)
    low = float(np.min([heights.min(), *(surface.f(np.array(point)) for point in surface.minima)]))
    start = found.trajectories[names[0]].points[0]
    top, begin = float(np.quantile(heights, 0.9)) - low, float(surface.f(start)) - low
    if top > 0:
        first = 0.005 * (begin if 0 < begin < top else top)
        levels = low + np.geomspace(first, 1.5 * top, 16)
        pale: dict[str, Any] = {"colors": "0.8", "linewidths": 0.8, "linestyles": "solid"}
        axes.contour(grid[..., 0], grid[..., 1], heights, levels=levels, **pale)
    for name in names:
        points = _near(found.trajectories[name].points[: None if steps is None else steps + 1], surface)
        every = 1 if len(points) <= 5 * MARKED + 1 else 0.04  # each step; of many such as lie apart
        own = _look(found, name) | {"markersize": 4}
        axes.plot(points[:, 0], points[:, 1], linewidth=1.2, markevery=every, **own)
    axes.plot(*start, "o", color="black", markerfacecolor="none", markersize=11, label="start", zorder=4)
    for index, minimum in enumerate(surface.minima):
        axes.plot(*minimum, "*", color="black", markersize=13, label="_" * index + "minimum", zorder=4)
    axes.set(xlim=surface.bounds[0], ylim=surface.bounds[1], xlabel="x (no unit)", ylabel="y (no unit)")


def _near(points: np.ndarray, surface: Surface) -> np.ndarray:
    """The points as far as the first that is far outside of the picture: beyond it nothing can be drawn."""
    centre = np.mean(surface.bounds, axis=1)
    size = np.ptp(surface.bounds, axis=1)
    with np.errstate(all="ignore"):
        far = np.flatnonzero(~(np.abs(points - centre) < 100 * size).all(axis=1))
    return points if not far.size else points[: far[0]]
