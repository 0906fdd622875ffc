"""Rates that fall by a quotient: of t, or of its root. t = step + first."""

from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.errors import expected
from fastdnn.schedules.decay import Decay, periods
from fastdnn.schedules.schedule import registered


@registered
class InverseTimeDecay(Decay):
    """α = α₀ / (1 + d t/T); with `staircase` α₀ / (1 + d ⌊t/T⌋). "Time-based decay".

    Args:
        initial_learning_rate: α₀ >= 0.
        decay_steps: T > 0.
        decay_rate: d >= 0.
        staircase: whether it stays between.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    Source: Keras 3; decks 000 to 003 with T = 1, by epoch. The table of deck 002, α₀ = 0.2, d = 1 (its second
    column lost a zero in print):

    >>> import fastdnn as fd
    >>> fd.schedules.InverseTimeDecay(0.2, 1, 1.0, per="epoch", first=1).values(0, 4).round(4)
    array([0.1   , 0.0667, 0.05  , 0.04  ])
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        *,
        per: str = "step",
        first: int = 0,
    ) -> None:
        super().__init__(initial_learning_rate, per=per, first=first)
        self.decay_steps = number("InverseTimeDecay", "decay_steps", decay_steps, 0, ends="()")
        self.decay_rate = number("InverseTimeDecay", "decay_rate", decay_rate, 0)
        self.staircase = bool(staircase)

    def rate(self, t: np.ndarray) -> np.ndarray:
        """α₀ / (1 + d t/T)."""
        done = periods(t, self.decay_steps, self.staircase)
        return self.initial_learning_rate / (1 + self.decay_rate * done)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        own = {
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
        }
        return {**own, **super().get_config()}


@registered
class InverseRootDecay(Decay):
    """α = (k / √t) α₀, t from 1.

    Args:
        initial_learning_rate: α₀ >= 0.
        k: > 0, default 1.
        per: of `LearningRateSchedule`: "epoch" for the number of the epoch, "step" for that of the
            mini-batch.
        first: >= 1, default 1, since the formula has no value at 0.

    Source: decks 000, 001, 002.

    >>> import fastdnn as fd
    >>> fd.schedules.InverseRootDecay(0.1, per="epoch").values(0, 4).round(4)
    array([0.1   , 0.0707, 0.0577, 0.05  ])
    """

    def __init__(
        self, initial_learning_rate: float, k: float = 1.0, *, per: str = "step", first: int = 1
    ) -> None:
        super().__init__(initial_learning_rate, per=per, first=first)
        if self.first < 1:
            raise ValueError(expected("InverseRootDecay", "first >= 1", first, "k/√0 is infinite"))
        self.k = number("InverseRootDecay", "k", k, 0, ends="()")

    def rate(self, t: np.ndarray) -> np.ndarray:
        """(k / √t) α₀."""
        return np.asarray(self.k / np.sqrt(t) * self.initial_learning_rate)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {"k": self.k, **super().get_config()}
