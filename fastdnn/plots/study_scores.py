"""How good the trials of a search were, one after the other."""

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from fastdnn.plots.figure import COLOURS, axes_for, dress, legend_for
from fastdnn.plots.study_axes import is_far_spread, trials_of, value_label
from fastdnn.tune.study import Study
from fastdnn.tune.trial import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_STAGES = 12  # that are marked


def study_scores(study: Study, ax: "Axes | None" = None) -> "Axes":
    """Draw the value of each trial of `fd.tune.search` by its number, and the best so far.

    Trials that were pruned are drawn by the value at which they were stopped, of fewer epochs, which the best
    so far leaves out; those that failed are crosses at the lower edge.
    Dotted lines are between generations, or stages. The axis is logarithmic where values lie far apart: the
    largest more than 20 times the smallest.

    Args:
        study: what `fd.tune.search` returned.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no study, or has no trials, or none that is complete.

    >>> import fastdnn as fd
    >>> trials = [fd.tune.Trial(n, {}, seed=n, value=value) for n, value in enumerate([0.6, 0.9, 0.8])]
    >>> study = fd.tune.Study(tuple(trials), 3, "val_accuracy", "max", "random")
    >>> ax = fd.plots.study_scores(study)
    >>> ax.get_ylabel(), ax.get_legend().get_texts()[-1].get_text()
    ('dev accuracy (share of examples), higher is better', 'best: 0.9, trial 1')
    """
    trials, best = trials_of("study_scores", study), study.best_trial
    axes = axes_for("study_scores", ax, (9, 4.5))
    from matplotlib.ticker import MaxNLocator

    complete = [trial for trial in trials if trial.state == "complete" and trial.is_comparable]
    pruned = [trial for trial in trials if trial.state == "pruned" and trial.is_comparable]
    failed = [trial for trial in trials if trial not in complete and trial not in pruned]
    _points(axes, complete, "complete", marker="o", color=COLOURS[0])
    _points(
        axes, pruned, "pruned: value at its last rung", marker="v", color=COLOURS[1], markerfacecolor="white"
    )
    _draw_best(axes, study, complete, best, trials[-1].number)
    _draw_failed(axes, failed)
    _mark_generations(axes, trials)
    dress(axes, "trial", value_label(study))
    if is_far_spread([float(each.value or 0) for each in [*complete, *pruned]]):
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    legend_for(axes, ax)
    return axes


def _points(axes: "Axes", trials: list[Trial], name: str, **look: object) -> None:
    if trials:
        axes.plot(
            [trial.number for trial in trials],
            [float(trial.value or 0) for trial in trials],
            linestyle="none",
            markersize=5,
            label=f"{name} ({len(trials)})",
            **look,  # type: ignore[arg-type]
        )


def _draw_best(axes: "Axes", study: Study, complete: list[Trial], best: Trial, last: int) -> None:
    """Steps to the best of all, which is ringed."""
    better = min if study.mode == "min" else max
    values = [float(trial.value or 0) for trial in complete]
    numbers = [trial.number for trial in complete]
    so_far = list(accumulate(values, better))
    axes.step(
        [*numbers, last],
        [*so_far, so_far[-1]],
        where="post",
        color="black",
        linewidth=1.5,
        label="best so far",
    )
    axes.plot(
        [best.number],
        [float(best.value or 0)],
        linestyle="none",
        marker="o",
        markersize=10,
        markerfacecolor="none",
        markeredgecolor="black",
        markeredgewidth=1.5,
        label=f"best: {best.value:.4g}, trial {best.number}",
    )


def _draw_failed(axes: "Axes", failed: list[Trial]) -> None:
    """They have no value: crosses at the lower edge."""
    if failed:
        axes.plot(
            [trial.number for trial in failed],
            [0.02] * len(failed),
            transform=axes.get_xaxis_transform(),
            linestyle="none",
            marker="x",
            color="0.3",
            markersize=6,
            label=f"failed ({len(failed)})",
        )


def _mark_generations(axes: "Axes", trials: list[Trial]) -> None:
    """Lines between them, if they are few."""
    begins = [
        (one.number + two.number) / 2 for one, two in pairwise(trials) if two.generation != one.generation
    ]
    if len(begins) < _MOST_STAGES:
        for begin in begins:
            axes.axvline(begin, color="0.5", linewidth=1, linestyle=":", zorder=0)
