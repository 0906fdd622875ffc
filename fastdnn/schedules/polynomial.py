"""Rates that fall along a line or a power of it, to an end. t = step + first."""

from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.schedules.decay import Decay
from fastdnn.schedules.schedule import each, registered


@registered
class PolynomialDecay(Decay):
    """α = (α₀ - α₁) (1 - t/T)^power + α₁ until t = T, then α₁.

    Args:
        initial_learning_rate: α₀ >= 0.
        decay_steps: T > 0.
        end_learning_rate: α₁ >= 0, default 0.0001.
        power: > 0, default 1: a straight line.
        cycle: instead of staying at α₁, begin anew with T ⌈t/T⌉ in place of T.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    Source: Keras 3.

    >>> import fastdnn as fd
    >>> fd.schedules.PolynomialDecay(0.1, 4, 0.02).values(0, 6).round(3)
    array([0.1 , 0.08, 0.06, 0.04, 0.02, 0.02])
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        *,
        per: str = "step",
        first: int = 0,
    ) -> None:
        super().__init__(initial_learning_rate, per=per, first=first)
        self.decay_steps = number("PolynomialDecay", "decay_steps", decay_steps, 0, ends="()")
        self.end_learning_rate = number("PolynomialDecay", "end_learning_rate", end_learning_rate, 0)
        self.power = number("PolynomialDecay", "power", power, 0, ends="()")
        self.cycle = bool(cycle)

    def rate(self, t: np.ndarray) -> np.ndarray:
        """(α₀ - α₁) (1 - t/T)^power + α₁."""
        steps = self.decay_steps * (np.maximum(1, np.ceil(t / self.decay_steps)) if self.cycle else 1)
        left = np.maximum(0, 1 - np.minimum(t, steps) / steps)
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * each(lambda share: share**self.power, left) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        own = {
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
        }
        return {**own, **super().get_config()}
