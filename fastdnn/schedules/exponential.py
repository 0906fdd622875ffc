"""Rates that fall by a power: smoothly, or in steps. t = step + first."""

import math
from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.schedules.decay import Decay, periods
from fastdnn.schedules.schedule import each, registered


@registered
class ExponentialDecay(Decay):
    """α = α₀ d^(t/T); with `staircase` α₀ d^⌊t/T⌋.

    Args:
        initial_learning_rate: α₀ >= 0.
        decay_steps: T > 0: in so many steps (epochs) the rate is multiplied with d.
        decay_rate: d > 0.
        staircase: whether it stays between.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    Source: Keras 3. Decks 000 and 002 have T = 1, d = 0.95: `ExponentialDecay(0.1, 1, 0.95, per="epoch")`.

    >>> import fastdnn as fd
    >>> fd.schedules.ExponentialDecay(0.2, 1, 0.95, per="epoch", first=1).values(0, 3).round(6)
    array([0.19    , 0.1805  , 0.171475])
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
        where = type(self).__name__
        self.decay_steps = number(where, "decay_steps", decay_steps, 0, ends="()")
        self.decay_rate = number(where, "decay_rate", decay_rate, 0, ends="()")
        self.staircase = bool(staircase)

    def rate(self, t: np.ndarray) -> np.ndarray:
        """α₀ d^(t/T)."""
        done = periods(t, self.decay_steps, self.staircase)
        return self.initial_learning_rate * each(lambda p: self.decay_rate**p, done)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        own = {
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
        }
        return {**own, **super().get_config()}


@registered
class StepDecay(ExponentialDecay):
    """α = α₀ drop^⌊t/every⌋; without `staircase` α₀ drop^(t/every), as deck 003 prints it.

    The defaults halve the rate every ten steps: the "discrete staircase" of decks 001 and 002.

    Args:
        initial_learning_rate: α₀ >= 0.
        drop: > 0, default 0.5.
        every: > 0, default 10.
        staircase: default True.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    >>> import fastdnn as fd
    >>> fd.schedules.StepDecay(0.8, drop=0.5, every=2, per="epoch").values(0, 6)
    array([0.8, 0.8, 0.4, 0.4, 0.2, 0.2])
    """

    def __init__(
        self,
        initial_learning_rate: float,
        drop: float = 0.5,
        every: float = 10,
        staircase: bool = True,
        *,
        per: str = "step",
        first: int = 0,
    ) -> None:
        drop = number("StepDecay", "drop", drop, 0, ends="()")
        every = number("StepDecay", "every", every, 0, ends="()")
        super().__init__(initial_learning_rate, every, drop, staircase, per=per, first=first)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        config = super().get_config()
        every, drop = config.pop("decay_steps"), config.pop("decay_rate")
        return {"drop": drop, "every": every, **config}


@registered
class NaturalExponentialDecay(Decay):
    """α = α₀ exp(-k t).

    Args:
        initial_learning_rate: α₀ >= 0.
        decay_rate: k >= 0.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    Source: decks 001 and 003.

    >>> import fastdnn as fd
    >>> fd.schedules.NaturalExponentialDecay(1.0, 0.1).values(0, 3).round(4)
    array([1.    , 0.9048, 0.8187])
    """

    def __init__(
        self, initial_learning_rate: float, decay_rate: float, *, per: str = "step", first: int = 0
    ) -> None:
        super().__init__(initial_learning_rate, per=per, first=first)
        self.decay_rate = number("NaturalExponentialDecay", "decay_rate", decay_rate, 0)

    def rate(self, t: np.ndarray) -> np.ndarray:
        """α₀ exp(-k t)."""
        return self.initial_learning_rate * each(math.exp, -self.decay_rate * t)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {"decay_rate": self.decay_rate, **super().get_config()}
