"""A rise before another schedule."""

from typing import Any

import numpy as np

from fastdnn.checks import number, whole
from fastdnn.errors import expected
from fastdnn.schedules.schedule import (
    Constant,
    LearningRateSchedule,
    check_nesting,
    get,
    registered,
    serialize,
)


@registered
class Warmup(LearningRateSchedule):
    """A straight line up to the first rate of a schedule, and then the schedule from its beginning.

    α = b + (s(0) - b) t/W while t < W, then s(t - W).

    Args:
        schedule: s, what comes after: a schedule, with its own `first`, or a number.
        steps: W >= 0: steps, or epochs, of the rise.
        initial_learning_rate: b >= 0, default 0: the rate at t = 0, with which a first step does nothing;
            `first=1` begins with b + (s(0) - b)/W.
        per: as the schedule's, which is the default; a number has either.
        first: of `LearningRateSchedule`.

    Raises:
        ValueError: a bad argument, `per` is not the schedule's, or more than 8 schedules within one another.

    Source: Goyal et al., "Accurate, large minibatch SGD", 2017.

    >>> import fastdnn as fd
    >>> fd.schedules.Warmup(fd.schedules.StepDecay(0.8, every=2), steps=2).values(0, 7)
    array([0. , 0.4, 0.8, 0.8, 0.4, 0.4, 0.2])
    >>> fd.schedules.Warmup(0.1, steps=4, first=1).values(0, 6)
    array([0.025, 0.05 , 0.075, 0.1  , 0.1  , 0.1  ])
    """

    def __init__(
        self,
        schedule: Any,
        steps: int,
        initial_learning_rate: float = 0.0,
        *,
        per: str | None = None,
        first: int = 0,
    ) -> None:
        self.schedule = get(schedule, "Warmup")
        super().__init__(per=self.schedule.per if per is None else per, first=first)
        if self.schedule.per != self.per and not isinstance(self.schedule, Constant):
            wanted = f"per={self.schedule.per!r}, as its schedule"
            raise ValueError(expected("Warmup", wanted, repr(self.per)))
        self.steps = whole("Warmup", "steps", steps)
        self.initial_learning_rate = number("Warmup", "initial_learning_rate", initial_learning_rate, 0)
        check_nesting("Warmup", self)
        self._top = self.schedule(0)  # once: asked for in `rate`, each of n nested ones would ask twice

    def rate(self, t: np.ndarray) -> np.ndarray:
        """The line, then the schedule."""
        rise = self._top - self.initial_learning_rate
        line = self.initial_learning_rate + rise * (t / max(1, self.steps))
        after = t >= self.steps
        line[after] = self.schedule.rate(t[after] - self.steps + self.schedule.first)
        return line

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {
            "schedule": serialize(self.schedule),
            "steps": self.steps,
            "initial_learning_rate": self.initial_learning_rate,
            **super().get_config(),
        }
