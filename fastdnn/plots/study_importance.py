"""Which hyper-parameters tell the best trials of a search from the others."""

import math
from typing import TYPE_CHECKING

from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, HATCHES, axes_for, dress
from fastdnn.plots.study_axes import shortened, trials_of
from fastdnn.tune.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROOM = 0.12  # of the longest bar, for a number behind it
_LETTERS, _LETTERS_BESIDE = 32, 14  # of a name, in a figure of its own and among other pictures


def study_importance(study: Study, ax: "Axes | None" = None) -> "Axes":
    """Draw how much each parameter tells the best trials of `fd.tune.search` from the others:
    `Study.importances`, the most important at the top. The tick in each bar is what this parameter would tell
    by chance in 19 of 20 studies; hatched and pale where the bar does not exceed it. Of few trials that may
    be more than there is to tell: there is no tick then.

    Args:
        study: what `fd.tune.search` returned.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no study, has no trials, or too few to tell.

    >>> import fastdnn as fd
    >>> given = {"a": fd.tune.uniform(0, 1), "b": fd.tune.uniform(0, 1), "c": fd.tune.uniform(0, 1)}
    >>> space = fd.tune.Space.of("example", given)
    >>> values = [space.draw(seed=0, trial=number) for number in range(50)]
    >>> trials = [fd.tune.Trial(n, p, seed=n, value=p["b"] ** 2) for n, p in enumerate(values)]
    >>> study = fd.tune.Study(tuple(trials), 50, "val_loss", "min", "random", space)
    >>> fd.plots.study_importance(study).get_yticklabels()[-1].get_text()  # the top
    'b'
    """
    trials_of("study_importance", study)
    found = study.importances()
    shares = sorted(found.items(), key=lambda item: item[1])
    if not shares:
        raise ValueError(expected("study_importance", "parameters that were searched", "none"))
    axes = axes_for("study_importance", ax, (8, 1.9 + 0.4 * len(shares)))
    known = [name in found.beyond_chance for name, _ in shares]
    places = range(len(shares))
    bars = axes.barh(places, [100 * share for _, share in shares], edgecolor="black", height=0.6)
    for bar, is_known in zip(bars, known, strict=True):
        bar.set_facecolor(COLOURS[0] if is_known else "white")
        bar.set_hatch(HATCHES[0] if is_known else HATCHES[1])
    levels = [100 * found.by_chance[name] for name, _ in shares]
    _draw_levels(axes, levels)
    label = found.about.replace(", by", ",\nby", 1)
    ticks = "tick: what this parameter gives by chance (19 of 20 studies);\nhatched: no more than that"
    ticks += "; no tick: over 100 %" if any(100 < level < math.inf for level in levels) else ""
    dress(axes, f"{label} (%)\n{ticks}", "")
    axes.set_yticks(
        places, [shortened(name, _LETTERS if ax is None else _LETTERS_BESIDE) for name, _ in shares]
    )
    axes.grid(visible=False, axis="y")
    widest = max(*(100 * share for _, share in shares), *(level for level in levels if level <= 100), 0.0)
    for place, (_, share), level in zip(places, shares, levels, strict=True):
        is_near = level <= 100 and 0 < level - 100 * share < _ROOM * widest  # the tick would cross the number
        axes.annotate(
            f"{100 * share:.0f} %",
            (level if is_near else 100 * share, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_xlim(0, widest * (1 + _ROOM) or 1)
    return axes


def _draw_levels(axes: "Axes", levels: list[float]) -> None:
    """A tick for each bar, beyond the end of one that is hatched; none where it would be beyond 100 %: few
    trials show nothing then, whatever they are.
    """
    ticks = [(level, place) for place, level in enumerate(levels) if level <= 100]
    if ticks:
        axes.plot(
            *zip(*ticks, strict=True),
            marker="|",
            markersize=20,
            markeredgewidth=2.5,
            color=COLOURS[1],
            linestyle="none",
            zorder=3,
        )
