"""Rates that fall along half a cosine, once or again and again. t = step + first."""

import math
from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.errors import expected
from fastdnn.schedules.schedule import LearningRateSchedule, each, registered


def half_cosine(share: np.ndarray) -> np.ndarray:
    """(1 + cos(π share)) / 2: from 1 at share 0 to 0 at share 1."""
    return 0.5 * (1 + each(math.cos, math.pi * share))


@registered
class CosineDecay(LearningRateSchedule):
    """α = α₀ ((1 - a) (1 + cos(π t/T)) / 2 + a) until t = T, then a α₀.

    With a warm-up of W steps: α = α₀ + (α_w - α₀) t/W while t < W, then as above with α_w for α₀ and t - W
    for t.

    Args:
        initial_learning_rate: α₀ >= 0.
        decay_steps: T > 0, without the warm-up's.
        alpha: a, 0 <= a <= 1, default 0: what is left at the end, as a share of α₀ (PyTorch: of 1).
        warmup_target: α_w >= 0; None: no warm-up.
        warmup_steps: W >= 0, default 0.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    Source: Loshchilov & Hutter, "SGDR", ICLR 2017; Keras 3.

    >>> import fastdnn as fd
    >>> fd.schedules.CosineDecay(0.1, 4).values(0, 6).round(4)
    array([0.1   , 0.0854, 0.05  , 0.0146, 0.    , 0.    ])
    >>> fd.schedules.CosineDecay(0.0, 4, warmup_target=0.1, warmup_steps=2).values(0, 7).round(4)
    array([0.    , 0.05  , 0.1   , 0.0854, 0.05  , 0.0146, 0.    ])
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        warmup_target: float | None = None,
        warmup_steps: float = 0,
        *,
        per: str = "step",
        first: int = 0,
    ) -> None:
        super().__init__(per=per, first=first)
        where = "CosineDecay"
        self.initial_learning_rate = number(where, "initial_learning_rate", initial_learning_rate, 0)
        self.decay_steps = number(where, "decay_steps", decay_steps, 0, ends="()")
        self.alpha = number(where, "alpha", alpha, 0, 1, ends="[]")
        self.warmup_target = (
            None if warmup_target is None else number(where, "warmup_target", warmup_target, 0)
        )
        self.warmup_steps = number(where, "warmup_steps", warmup_steps, 0)
        if self.warmup_target is None and self.warmup_steps > 0:
            hint = "the rate at the end of the warm-up"
            raise ValueError(expected(where, "warmup_target beside warmup_steps", "none", hint))

    def rate(self, t: np.ndarray) -> np.ndarray:
        """The warm-up's line, then half a cosine."""
        top = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        share = np.clip((t - self.warmup_steps) / self.decay_steps, 0, 1)
        rates = top * ((1 - self.alpha) * half_cosine(share) + self.alpha)
        if self.warmup_steps == 0:
            return rates
        rise = top - self.initial_learning_rate
        line = self.initial_learning_rate + rise * (t / self.warmup_steps)
        return np.where(t < self.warmup_steps, line, rates)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
            **super().get_config(),
        }


@registered
class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine after the other: the i-th (from 0) of T uⁱ steps, from α₀ mⁱ down.

    α = α₀ ((1 - a) mⁱ (1 + cos(π s)) / 2 + a), s from 0 to 1 within it.

    Args:
        initial_learning_rate: α₀ >= 0.
        first_decay_steps: T > 0.
        t_mul: u >= 1, default 2.
        m_mul: m > 0, default 1.
        alpha: a, 0 <= a <= 1, default 0: the lowest rate, as a share of α₀.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    Source: Loshchilov & Hutter, "SGDR", ICLR 2017; Keras 3.

    >>> import fastdnn as fd
    >>> fd.schedules.CosineDecayRestarts(0.1, 2).values(0, 8).round(4)
    array([0.1   , 0.05  , 0.1   , 0.0854, 0.05  , 0.0146, 0.1   , 0.0962])
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        *,
        per: str = "step",
        first: int = 0,
    ) -> None:
        super().__init__(per=per, first=first)
        where = "CosineDecayRestarts"
        self.initial_learning_rate = number(where, "initial_learning_rate", initial_learning_rate, 0)
        self.first_decay_steps = number(where, "first_decay_steps", first_decay_steps, 0, ends="()")
        self.t_mul = number(where, "t_mul", t_mul, 1)
        self.m_mul = number(where, "m_mul", m_mul, 0, ends="()")
        self.alpha = number(where, "alpha", alpha, 0, 1, ends="[]")

    def _begin(self, i: np.ndarray) -> np.ndarray:
        """Where the i-th cosine begins, in units of T: Σ uʲ, j < i."""
        u = self.t_mul
        return i if u == 1 else each(lambda k: (u**k - 1) / (u - 1), i)

    def _which(self, done: np.ndarray) -> np.ndarray:
        """i of each t/T. The logarithm may miss the whole number at a restart by a rounding; so look."""
        u = self.t_mul
        if u == 1:
            return np.asarray(np.floor(done))
        i: np.ndarray = np.floor(each(lambda x: math.log1p(x * (u - 1)) / math.log(u), done))
        i = np.maximum(0, i - (self._begin(i) > done))
        i += self._begin(i + 1) <= done
        return i

    def rate(self, t: np.ndarray) -> np.ndarray:
        """α₀ ((1 - a) mⁱ (1 + cos(π s)) / 2 + a)."""
        done = t / self.first_decay_steps
        i = self._which(done)
        share = (done - self._begin(i)) / each(lambda k: self.t_mul**k, i)
        height = each(lambda k: self.m_mul**k, i)
        rates: np.ndarray = (1 - self.alpha) * height * half_cosine(share) + self.alpha
        return self.initial_learning_rate * rates

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            **super().get_config(),
        }
