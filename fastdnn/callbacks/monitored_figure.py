"""A figure that callbacks watch, and which of its values is the better one."""

import math
from collections.abc import Collection
from typing import Literal

from fastdnn.checks import choice, number
from fastdnn.errors import unknown_name

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
            ValueError: it will not.
        """
        if self.figure not in figures:
            error = unknown_name(self._where, "a figure to monitor", self.figure, figures)
            hint = "; give fit validation_data=(x, y), or monitor the loss"
            raise ValueError(f"{error}{hint if self.figure.startswith('val_') else ''}")
