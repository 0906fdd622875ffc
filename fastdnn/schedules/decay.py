"""What schedules that fall from an initial rate have in common."""

from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.schedules.schedule import LearningRateSchedule


class Decay(LearningRateSchedule):
    """What falls from an initial rate α₀."""

    def __init__(self, initial_learning_rate: float, *, per: str, first: int) -> None:
        super().__init__(per=per, first=first)
        where = type(self).__name__
        self.initial_learning_rate = number(where, "initial_learning_rate", initial_learning_rate, 0)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {"initial_learning_rate": self.initial_learning_rate, **super().get_config()}


def periods(t: np.ndarray, length: float, staircase: bool) -> np.ndarray:
    """t / length, or its floor."""
    return np.floor(t / length) if staircase else t / length
