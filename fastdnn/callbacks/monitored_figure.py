"""A figure that callbacks watch, and which of its values is the better one."""

import math
from collections.abc import Collection
from typing import Literal

from fastdnn.checks import choice, number
from fastdnn.errors import UnknownFigureError, expected, nearest, unknown_name

Mode = Literal["auto", "min", "max"]
# Figures of which more is better, by the ends of their names.
_HIGHER = ("accuracy", "acc", "auc", "precision", "recall", "f1_score", "r2_score", "r2")


def higher_is_better(figure: str) -> bool:
    """Whether more of a figure is better, by its name: of accuracies and their like; of losses it is not.

    >>> from fastdnn.callbacks.monitored_figure import higher_is_better
    >>> higher_is_better("val_r2_score"), higher_is_better("val_loss")
    (True, False)
    """
    return figure.endswith(_HIGHER)


class MonitoredFigure:
    """A figure of the logs, compared strictly: equal values and NaN are no improvement.

    figure: its name, such as "val_loss".
    mode: "min", "max", or "auto": max for accuracies and their like, else min.
    min_delta: >= 0; a better value is better by more than this.

    Raises:
        ValueError: a bad argument.
    """

    def __init__(self, where: str, figure: str, mode: Mode, min_delta: float) -> None:
        choice(where, "a mode", mode, ("auto", "min", "max"))
        self._where = where
        self.figure = figure
        self.min_delta = number(where, "min_delta", min_delta, 0)
        automatic = "max" if higher_is_better(figure) else "min"
        self.mode = automatic if mode == "auto" else mode

    @property
    def worst(self) -> float:
        """What everything finite is better than."""
        return math.inf if self.mode == "min" else -math.inf

    def improves(self, value: float, best: float) -> bool:
        """Whether `value` is better than `best`. (∞ - ∞ is NaN, and that is larger than nothing.)"""
        return (best - value if self.mode == "min" else value - best) > self.min_delta

    def check(self, figures: Collection[str]) -> None:
        """See that the figure will be there.

        Raises:
            UnknownFigureError: a ValueError; it will not.
        """
        if self.figure not in figures:
            raise unknown_figure(self._where, self.figure, figures)


def unknown_figure(where: str, figure: str, figures: Collection[str]) -> UnknownFigureError:
    """The error for a figure that is not among those of a training, with what would make it one.

    >>> from fastdnn.callbacks.monitored_figure import unknown_figure
    >>> print(unknown_figure("EarlyStopping", "val_accuracy", ["loss", "val_loss"]))
    [EarlyStopping] expected a figure to monitor, one of loss, val_loss, got 'val_accuracy'; \
compile(..., metrics=['accuracy']) computes it
    >>> print(unknown_figure("EarlyStopping", "val_acc", ["loss", "val_accuracy", "val_loss"]))
    [EarlyStopping] expected a figure to monitor, one of loss, val_accuracy, val_loss, got 'val_acc'; \
did you mean 'val_accuracy'?
    >>> print(unknown_figure("EarlyStopping", "val_los", ["loss"]))
    [EarlyStopping] expected a figure to monitor, one of loss, got 'val_los'; \
give fit validation_data=(x, y), or monitor 'loss'
    """
    from fastdnn import metrics

    base = figure.removeprefix("val_")
    held_out = any(name.startswith("val_") for name in figures)
    wanted = f"a figure to monitor, one of {', '.join(sorted(figures))}"
    same = _same_metric(base, figure.removesuffix(base), figures)
    if same:
        return UnknownFigureError(expected(where, wanted, repr(figure), f"did you mean {same[0]!r}?"))
    if base not in figures and base in metrics.REGISTRY.strings:
        return UnknownFigureError(
            expected(where, wanted, repr(figure), f"compile(..., metrics=[{base!r}]) computes it")
        )
    if figure.startswith("val_") and not held_out:
        hint = f"give fit validation_data=(x, y), or monitor {nearest(base, figures) or 'loss'!r}"
        return UnknownFigureError(expected(where, wanted, repr(figure), hint))
    return UnknownFigureError(str(unknown_name(where, "a figure to monitor", figure, figures)))


def _same_metric(name: str, prefix: str, figures: Collection[str]) -> list[str]:
    """The figures of this prefix whose metric has this name, too, as "acc" is "accuracy"."""
    from fastdnn import metrics

    kind = metrics.REGISTRY.find(name)
    of_prefix = [figure for figure in figures if kind is not None and figure.startswith(prefix)]
    return [figure for figure in of_prefix if metrics.REGISTRY.find(figure.removeprefix(prefix)) is kind]
