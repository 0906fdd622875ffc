"""The trials of a search as lines through the values of their parameters."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.plots.figure import COLOURS, SEQUENTIAL, axes_for, legend_for
from fastdnn.plots.study_axes import (
    is_far_spread,
    is_logarithmic,
    shortened,
    ticks_of,
    trials_of,
    value_label,
)
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.space import Space
from fastdnn.tune.study import Study, space_of
from fastdnn.tune.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SPREAD = 0.4  # of the room of a value that is one of few, over which its lines are fanned out
_FEW = 24  # different values
_BELOW, _SPREAD_BELOW = -0.14, 0.05  # where lines go that have no such parameter
_FENCE = 1.5  # distances of the quartiles, beyond which a value is an outlier (Tukey)
_LETTERS, _LETTERS_BESIDE = 32, 11  # of a name, in a figure of its own and among other pictures
_GOLDEN = (math.sqrt(5) - 1) / 2


def study_parallel_coordinates(study: Study, ax: "Axes | None" = None) -> "Axes":
    """Draw each trial of `fd.tune.search` as a line: where it crosses the axis of a parameter is the value
    that it had. Its colour is what came of it, darker is better; the best one is thick. Outliers, trials that
    are worse than the worst quarter begins by 1.5 times the distance of the quartiles, all have the palest
    colour, so that one that diverged does not make the others look alike.

    Axes go as the search draws: those of logarithmic parameters are logarithmic ("log"). Where a conditional
    parameter was not there, a line goes below its axis. Where few values are possible, lines are fanned out
    about each. Trials that were pruned are dotted; those that failed are not drawn.

    Args:
        study: what `fd.tune.search` returned.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no study, was loaded without its space, or has no complete trial.

    >>> import fastdnn as fd
    >>> units = fd.tune.powers_of_two(8, 64)
    >>> given = {"layers": fd.tune.integers(1, 2), **fd.tune.when("layers", equals=2, units_2=units)}
    >>> space = fd.tune.Space.of("example", given)
    >>> values = [{"layers": 1}, {"layers": 2, "units_2": 8}, {"layers": 2, "units_2": 64}]
    >>> trials = [fd.tune.Trial(n, p, seed=n, value=1.0 / (n + 1)) for n, p in enumerate(values)]
    >>> study = fd.tune.Study(tuple(trials), 3, "val_loss", "min", "random", space)
    >>> ax = fd.plots.study_parallel_coordinates(study)
    >>> [text.get_text() for text in ax.texts]
    ['1', '2', '8', '16', '32', '64', 'not there']
    """
    where = "study_parallel_coordinates"
    trials = [trial for trial in trials_of(where, study) if trial.is_comparable]
    space, best = space_of(where, study), study.best_trial
    axes = axes_for(where, ax, (9.5, 5))
    shade = _shade(axes, study, trials)
    sign = 1 if study.mode == "min" else -1
    for trial in sorted(trials, key=lambda each: -sign * float(each.value or 0)):  # the best on top
        if trial is not best:
            _line(axes, _places(space, trial), color=shade(trial), pruned=trial.state == "pruned")
    _draw_best(axes, _places(space, best, fanned=False), f"best: {best.value:.4g}, trial {best.number}")
    _draw_axes(axes, space, _LETTERS if ax is None else _LETTERS_BESIDE)
    _draw_missing(axes, [any(name not in trial.params for trial in trials) for name in space])
    if any(trial.state == "pruned" for trial in trials):
        axes.plot([], [], color="0.4", linewidth=1, linestyle=":", label="pruned")
    if ax is None:
        axes.legend(loc="upper left", bbox_to_anchor=(0, 0), ncols=2, frameon=False, borderaxespad=0.0)
    else:
        legend_for(axes, ax)
    return axes


def _places(space: Space, trial: Trial, *, fanned: bool = True) -> np.ndarray:
    """Where in [0, 1] of each axis it is; below where it has no such parameter."""
    return np.array([_place(space[name], trial, name, fanned) for name in space])


def _place(distribution: Distribution, trial: Trial, name: str, fanned: bool) -> float:
    fan = trial.number * _GOLDEN % 1 - 0.5 if fanned else 0.0
    if name not in trial.params:
        return _BELOW + _SPREAD_BELOW * fan
    place = distribution.position(trial.params[name])
    if distribution.size is not None and distribution.size <= _FEW:
        place += _SPREAD / distribution.size * fan
    return place


def _shade(axes: "Axes", study: Study, trials: list[Trial]) -> Callable[[Trial], tuple[float, ...]]:
    """A colour for each trial, and the bar that says which: dark lines, the good ones, stand out."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize

    every = [float(trial.value or 0) for trial in trials]
    values = _inliers(every, study.mode)
    low, high = min(values), max(values)
    high = high if high > low else low + (abs(low) or 1.0)
    norm = LogNorm(low, high, clip=True) if is_far_spread(values) else Normalize(low, high, clip=True)
    colours = colormaps[SEQUENTIAL + ("" if study.mode == "min" else "_r")]
    worse = {"min": "max", "max": "min"}[study.mode] if len(values) < len(every) else "neither"
    bar = axes.figure.colorbar(
        ScalarMappable(norm, colours), ax=axes, label=value_label(study), pad=0.02, extend=worse
    )
    if len(values) < len(every):
        outliers = len(every) - len(values)
        bar.set_label(f"{value_label(study)} ({outliers} beyond)")
    return lambda trial: tuple(colours(norm(float(trial.value or 0))))


def _inliers(values: list[float], mode: str) -> list[float]:
    """Without those that are far worse than most; by their logarithms where these lie far apart."""
    scaled = np.log(values) if is_far_spread(values) else np.array(values)
    scaled = scaled if mode == "min" else -scaled
    first, third = np.percentile(scaled, (25, 75))
    kept = scaled <= third + _FENCE * (third - first)
    return [value for value, is_kept in zip(values, kept, strict=True) if is_kept]


def _line(axes: "Axes", places: np.ndarray, *, color: object, pruned: bool) -> None:
    style = {"linestyle": ":", "linewidth": 1.0} if pruned else {"linestyle": "-", "linewidth": 1.3}
    axes.plot(np.arange(len(places)), places, color=color, **style)  # type: ignore[arg-type]


def _draw_best(axes: "Axes", places: np.ndarray, label: str) -> None:
    columns = np.arange(len(places))
    axes.plot(columns, places, color="white", linewidth=5, zorder=3)
    look = {"color": COLOURS[1], "markeredgecolor": "black", "marker": "o", "markersize": 8}
    axes.plot(columns, places, linewidth=3, zorder=4, label=label, **look)  # type: ignore[arg-type]


def _draw_axes(axes: "Axes", space: Space, letters: int) -> None:
    """A vertical line for each parameter, its name above, its values beside it."""
    logarithmic = [is_logarithmic(distribution) for distribution in space.values()]
    half = 0.004 * max(len(space) - 1, 1)  # of a tick
    for column, distribution in enumerate(space.values()):
        axes.plot([column, column], [-0.03, 1.03], color="0.3", linewidth=1, zorder=2)
        for place, text in ticks_of(distribution, 6):
            axes.plot([column - half, column + half], [place, place], color="0.3", linewidth=1, zorder=2)
            _say(axes, text, column, place)
    known = [shortened(name, letters) for name in space]
    names = [f"{name}\n(log)" if log else name for name, log in zip(known, logarithmic, strict=True)]
    axes.set_xticks(range(len(names)), names)
    axes.xaxis.set_ticks_position("top")
    axes.tick_params(axis="x", length=0)
    if _is_crowded(names):
        lines = [name.replace("\n", " ") for name in names]
        axes.set_xticks(range(len(names)), lines, rotation=30, ha="left")
    axes.set_xlim(-0.02 * len(names), len(names) - 1 + 0.08 * len(names))
    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([])
    axes.set_ylabel("values, from low to high")
    for side in ("left", "right", "top", "bottom"):
        axes.spines[side].set_visible(False)


def _say(axes: "Axes", text: str, column: int, place: float) -> None:
    """Beside an axis, readable over lines."""
    axes.annotate(
        text,
        (column, place),
        (5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        zorder=6,
        bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "alpha": 0.8, "linewidth": 0},
    )


def _draw_missing(axes: "Axes", missing: list[bool]) -> None:
    """What lines below an axis mean."""
    for column, is_missing in enumerate(missing):
        if is_missing:
            half = _SPREAD_BELOW / 2
            axes.plot([column, column], [_BELOW - half, _BELOW + half], color="0.3", linewidth=1, zorder=2)
            _say(axes, "not there", column, _BELOW)
    if any(missing):
        axes.set_ylim(_BELOW - _SPREAD_BELOW, 1.04)


def _is_crowded(names: list[str]) -> bool:
    """Whether neighbours' names would touch on 75 letters."""
    room = 75 / max(len(names), 1)
    lengths = [max(map(len, name.split("\n"))) for name in names]
    return any((one + two) / 2 + 1 > room for one, two in pairwise(lengths))
