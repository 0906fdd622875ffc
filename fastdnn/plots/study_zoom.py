"""The regions that the stages of a search went through, from coarse to fine."""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

from fastdnn.errors import expected, unknown_name
from fastdnn.plots.figure import COLOURS, MARKERS, STYLES, axes_for, dress, legend_for
from fastdnn.plots.study_axes import (
    count_of,
    is_logarithmic,
    ticks_of,
    trials_of,
)
from fastdnn.tune.choices import Choice
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.space import Space
from fastdnn.tune.study import Study, space_of
from fastdnn.tune.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "study_zoom"


def study_zoom(study: Study, ax: "Axes | None" = None, *, parameters: Sequence[str] | None = None) -> "Axes":
    """Draw the trials of `fd.tune.search(..., method="coarse_to_fine")` over two parameters, and the region
    of each stage: the search zooms into where the best trials were. Of other methods there is one region.
    Trials that failed are not drawn.

    Args:
        study: what `fd.tune.search` returned.
        ax: where to draw; None makes a figure of its own, without a window.
        parameters: the names of two; default those whose range became narrowest, choices and
            conditional ones last.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no study, was loaded without its space, has no complete trial or only one parameter,
            or the names are not two of its parameters.

    Source: deck 002, "Coarse to fine"; deck 004, "Coarse-to-fine Strategy".

    >>> import fastdnn as fd
    >>> given = {"lr": fd.tune.log_uniform(1e-4, 1e-1), "rate": fd.tune.uniform(0, 0.6)}
    >>> coarse = fd.tune.Space.of("example", given)
    >>> fine = coarse.zoomed([{"lr": 0.01, "rate": 0.1}, {"lr": 0.03, "rate": 0.2}])
    >>> values = [(stage, space.draw(0, n)) for stage, space in enumerate([coarse, fine]) for n in range(4)]
    >>> trials = [fd.tune.Trial(n, p, n, stage, value=p["rate"]) for n, (stage, p) in enumerate(values)]
    >>> regions = coarse, fine
    >>> study = fd.tune.Study(tuple(trials), 8, "val_loss", "min", "coarse_to_fine", coarse, regions)
    >>> ax = fd.plots.study_zoom(study)
    >>> ax.get_xlabel(), [text.get_text() for text in ax.get_legend().get_texts()][:2]
    ('lr (logarithmic)', ['stage 1 (4 trials)', 'stage 2 (4 trials)'])
    """
    came = [each for each in trials_of(_WHERE, study) if each.is_comparable]
    space, best = space_of(_WHERE, study), study.best_trial
    regions = list(study.regions) or [space]
    across, up = _two_of(space, regions, parameters)
    axes = axes_for(_WHERE, ax, (8.5, 5))
    trials = [each for each in came if across in each.params and up in each.params]
    for stage, region in enumerate(regions):  # without stages one region is that of all generations
        own = [each for each in trials if len(regions) == 1 or each.generation == stage]
        label = f"stage {stage + 1} ({count_of(len(own))})" if len(regions) > 1 else count_of(len(own))
        _draw_stage(axes, stage, space, region, own, (across, up), label)
    if best in trials:
        x, y = (space[name].position(best.params[name]) for name in (across, up))
        axes.plot(
            [x],
            [y],
            linestyle="none",
            marker="*",
            markersize=17,
            color="black",
            markeredgecolor="white",
            zorder=5,
            label=f"best: {best.value:.4g}, trial {best.number}",
        )
    dress(axes, _label(across, space[across]), _label(up, space[up]))
    axes.set_xticks(*_ticks(space[across]))
    axes.set_yticks(*_ticks(space[up]))
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    legend_for(axes, ax)
    return axes


def _two_of(space: Space, regions: Sequence[Space], given: Sequence[str] | None) -> tuple[str, str]:
    """Those that were asked for, or all trials have and whose last region is narrowest; of equal ones the
    first.
    """
    if given is not None:
        names = [given] if isinstance(given, str) else list(given)
        if len(set(names)) != 2 or len(names) != 2:
            raise ValueError(expected(_WHERE, "the names of two parameters", repr(given)))
        for name in names:
            if name not in space:
                raise unknown_name(_WHERE, "a parameter of the space", name, space)
        return names[0], names[1]
    if len(space) < 2:
        raise ValueError(expected(_WHERE, "a space of at least two parameters", str(len(space))))
    last = regions[-1]

    def width(name: str) -> tuple[bool, float]:
        is_last = isinstance(space[name], Choice) or name in space.conditions
        return is_last, sum(high - low for low, high in _spans(space[name], last[name]))

    first, second = sorted(space, key=width)[:2]
    order = list(space)
    return (first, second) if order.index(first) < order.index(second) else (second, first)


def _spans(whole: Distribution, part: Distribution) -> list[tuple[float, float]]:
    """Of a region on the axis of the whole space: one, or several where options between others are left out.
    A value that is one of few takes its room.
    """
    half = 0.0 if whole.size is None else 0.5 / whole.size
    if not isinstance(part, Choice):
        places = [whole.position(part.at(u)) for u in (0.0, 1.0)]
        return [(max(places[0] - half, 0.0), min(places[1] + half, 1.0))]
    spans: list[tuple[float, float]] = []
    for place in sorted(whole.position(option) for option in part.options):
        begin = spans.pop()[0] if spans and place - half - spans[-1][1] < half else place - half
        spans.append((begin, place + half))
    return spans


def _draw_stage(
    axes: "Axes",
    stage: int,
    space: Space,
    region: Space,
    trials: Sequence[Trial],
    names: tuple[str, str],
    label: str,
) -> None:
    """The frames of its region, and its trials in the same colour."""
    from matplotlib.patches import Rectangle

    colour, marker = COLOURS[stage % len(COLOURS)], MARKERS[stage % len(MARKERS)]
    spans = [_spans(space[name], region[name]) for name in names]
    for (left, right), (low, high) in product(*spans):
        frame = Rectangle(
            (left, low),
            right - left,
            high - low,
            fill=False,
            edgecolor=colour,
            linestyle=STYLES[stage % len(STYLES)],
            linewidth=2,
            zorder=2,
        )
        axes.add_patch(frame)
    axes.plot(
        [space[names[0]].position(trial.params[names[0]]) for trial in trials],
        [space[names[1]].position(trial.params[names[1]]) for trial in trials],
        linestyle="none",
        marker=marker,
        markersize=6,
        color=colour,
        markerfacecolor="white" if stage % 2 else colour,
        zorder=3,
        label=label,
    )


def _label(name: str, distribution: Distribution) -> str:
    return f"{name} (logarithmic)" if is_logarithmic(distribution) else name


def _ticks(distribution: Distribution) -> tuple[list[float], list[str]]:
    places, texts = zip(*ticks_of(distribution, 7), strict=True)
    return list(places), list(texts)
