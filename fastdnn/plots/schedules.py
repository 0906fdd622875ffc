"""The rates of schedules over the steps or epochs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import schedules as package
from fastdnn.checks import whole
from fastdnn.errors import expected
from fastdnn.plots.figure import axes_for, dress, legend_beside, look
from fastdnn.schedules import LearningRateSchedule

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "schedules"


def schedules(
    chosen: "Mapping[str, Any] | LearningRateSchedule | None" = None,
    steps: int = 100,
    ax: "Axes | None" = None,
    *,
    steps_per_epoch: int | None = None,
    log: bool = False,
) -> "Axes":
    """Draw the rates of schedules, of the package or of your own, over the steps.

    Args:
        chosen: {name: schedule, number, or function of the step}, or one schedule; default one of each kind,
            for this number of steps, from 0.1.
        steps: how many, default 100; epochs, where all schedules go by epochs and `steps_per_epoch` is None.
        ax: where to draw; None makes a figure.
        steps_per_epoch: needed where some go by steps and others by epochs.
        log: whether rates are on a logarithmic axis.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: decks 000, 001, 002, 003, "Learning rate decay".

    >>> import fastdnn as fd
    >>> ax = fd.plots.schedules({"halved": fd.schedules.StepDecay(0.2, 0.5, every=10)}, steps=30)
    >>> ax.get_lines()[0].get_ydata()[[0, 10, 29]]
    array([0.2 , 0.1 , 0.05])
    """
    count = whole(_WHERE, "steps", steps, 1)
    wanted = _schedules(chosen, count)
    kinds = {each.per for each in wanted.values()}
    length = None if steps_per_epoch is None else whole(_WHERE, "steps_per_epoch", steps_per_epoch, 1)
    if len(kinds) == 2 and length is None:
        raise ValueError(expected(_WHERE, "steps_per_epoch, since some go by steps, some by epochs", "None"))
    by_epoch = kinds == {"epoch"} and length is None
    axes = axes_for(_WHERE, ax, (9, 4.8))
    for index, (name, schedule) in enumerate(wanted.items()):
        rates = _rates(schedule, count, 1 if by_epoch else length)
        axes.plot(np.arange(count), rates, label=name, linewidth=1.8, **look(index, count))
    unit = "epoch" if by_epoch else "step"
    dress(axes, f"{unit} (from 0)", "learning rate (no unit)")
    if log:
        axes.set_yscale("log")
    legend_beside(axes)
    return axes


def _rates(schedule: LearningRateSchedule, count: int, length: int | None) -> np.ndarray:
    """Of each step; those of an epoch have the epoch's."""
    if schedule.per == "step":
        return schedule.values(0, count)
    size = length or 1
    return np.repeat(schedule.values(0, -(-count // size)), size)[:count]


def _schedules(given: Any, count: int) -> dict[str, LearningRateSchedule]:
    if given is None:
        return _one_of_each(count)
    if isinstance(given, Mapping) and given.keys() != {"class_name", "config"}:
        if not given:
            raise ValueError(expected(_WHERE, "at least one schedule", "none"))
        return {str(name): package.get(each, _WHERE) for name, each in given.items()}
    one = package.get(given, _WHERE)
    return {type(one).__name__: one}


def _one_of_each(count: int) -> dict[str, LearningRateSchedule]:
    rate, quarter = 0.1, max(1, count // 4)
    cosine = package.CosineDecay(rate, decay_steps=count)
    return {
        "constant": package.Constant(rate),
        "time-based": package.InverseTimeDecay(rate, quarter, 1.0),
        "exponential": package.ExponentialDecay(rate, quarter, 0.5),
        "steps": package.StepDecay(rate, 0.5, every=quarter),
        "inverse root": package.InverseRootDecay(rate, first=1),
        "polynomial": package.PolynomialDecay(rate, count, end_learning_rate=0.01),
        "cosine": cosine,
        "warm-up, cosine": package.Warmup(cosine, max(1, count // 10)),
        "one cycle": package.OneCycle(rate, total_steps=count),
    }
