"""One rise and one long fall, with a momentum that does the opposite."""

from typing import Any

import numpy as np

from fastdnn.checks import choice, number, whole
from fastdnn.errors import expected
from fastdnn.schedules.cosine import half_cosine
from fastdnn.schedules.schedule import LearningRateSchedule, registered


class _Cycle(LearningRateSchedule):
    """From `begin` to `peak` and on to `end`, over `total_steps` values; then `end`."""

    begin: float
    peak: float
    end: float

    def __init__(self, total_steps: int, pct_start: float, anneal_strategy: str, *, first: int) -> None:
        super().__init__(per="step", first=first)
        where = type(self).__name__
        self.total_steps = whole(where, "total_steps", total_steps, 1)
        self.pct_start = number(where, "pct_start", pct_start, 0, 1, ends="()")
        self.anneal_strategy = choice(where, "an anneal_strategy", anneal_strategy, ("cos", "linear"))

    def rate(self, t: np.ndarray) -> np.ndarray:
        """Up to the peak, and down."""
        top, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        down = self._between(self.peak, self.end, (t - top) / (last - top))
        if top <= 0:  # the peak lies before the first step
            return down
        return np.where(t <= top, self._between(self.begin, self.peak, t / top), down)

    def _between(self, start: float, end: float, share: np.ndarray) -> np.ndarray:
        share = np.clip(share, 0, 1)
        left = half_cosine(share) if self.anneal_strategy == "cos" else 1 - share
        return end + (start - end) * left

    def _shape_config(self) -> dict[str, Any]:
        return {
            "total_steps": self.total_steps,
            "pct_start": self.pct_start,
            "anneal_strategy": self.anneal_strategy,
        }


@registered
class OneCycle(_Cycle):
    """The "1cycle" policy: the rate rises from α_max/div to α_max, and falls to α_max/(div final_div).

    The peak is at t = p T - 1, the end at t = T - 1; between them half a cosine, or a straight line.
    `.momentum` is its counterpart, high where the rate is low, for an optimiser's momentum or β₁:
    `SGD(cycle, momentum=cycle.momentum)`.

    Args:
        max_learning_rate: α_max >= 0.
        total_steps: T >= 1, usually epochs times steps per epoch.
        pct_start: p, 0 < p < 1, default 0.3: the share of the steps in which the rate rises.
        anneal_strategy: "cos" (default) or "linear".
        div_factor: div >= 1, default 25.
        final_div_factor: final_div >= 1, default 10,000.
        base_momentum: at the peak of the rate, 0 <= base < 1, default 0.85.
        max_momentum: at both ends, base <= max < 1, default 0.95.
        first: of `LearningRateSchedule`; by step only.

    Source: Smith & Topin, "Super-convergence", 2017; names and defaults of PyTorch's `OneCycleLR`.

    >>> import fastdnn as fd
    >>> cycle = fd.schedules.OneCycle(1.0, total_steps=10, anneal_strategy="linear", div_factor=10)
    >>> cycle.values(0, 5).round(3)
    array([0.1  , 0.55 , 1.   , 0.857, 0.714])
    >>> cycle.momentum.values(0, 5).round(3)
    array([0.95 , 0.9  , 0.85 , 0.864, 0.879])
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        *,
        first: int = 0,
    ) -> None:
        super().__init__(total_steps, pct_start, anneal_strategy, first=first)
        self.max_learning_rate = number("OneCycle", "max_learning_rate", max_learning_rate, 0)
        self.div_factor = number("OneCycle", "div_factor", div_factor, 1)
        self.final_div_factor = number("OneCycle", "final_div_factor", final_div_factor, 1)
        self.peak = self.max_learning_rate
        self.begin = self.peak / self.div_factor
        self.end = self.begin / self.final_div_factor
        self.momentum = OneCycleMomentum(
            total_steps, pct_start, anneal_strategy, base_momentum, max_momentum, first=first
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {
            "max_learning_rate": self.max_learning_rate,
            **self._shape_config(),
            "div_factor": self.div_factor,
            "final_div_factor": self.final_div_factor,
            "base_momentum": self.momentum.base_momentum,
            "max_momentum": self.momentum.max_momentum,
            "first": self.first,
        }


@registered
class OneCycleMomentum(_Cycle):
    """The momentum beside a `OneCycle` rate: from `max_momentum` to `base_momentum` at the peak, and back.

    Args:
        total_steps: as in `OneCycle`; so are the others.
        pct_start: as in `OneCycle`.
        anneal_strategy: as in `OneCycle`.
        base_momentum: as in `OneCycle`.
        max_momentum: as in `OneCycle`.
        first: as in `OneCycle`.

    >>> import fastdnn as fd
    >>> fd.schedules.OneCycleMomentum(10)(9)
    0.95
    """

    def __init__(
        self,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        *,
        first: int = 0,
    ) -> None:
        super().__init__(total_steps, pct_start, anneal_strategy, first=first)
        where = "OneCycleMomentum"
        self.base_momentum = number(where, "base_momentum", base_momentum, 0, 1)
        self.max_momentum = number(where, "max_momentum", max_momentum, 0, 1)
        if self.base_momentum > self.max_momentum:
            got = f"{self.base_momentum:g} and {self.max_momentum:g}"
            raise ValueError(expected(where, "base_momentum <= max_momentum", got))
        self.begin = self.end = self.max_momentum
        self.peak = self.base_momentum

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {
            **self._shape_config(),
            "base_momentum": self.base_momentum,
            "max_momentum": self.max_momentum,
            "first": self.first,
        }
