"""Hyper-parameters that are floats between two ends: uniform, or uniform in a logarithm."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Self

from fastdnn.checks import as_float, whole
from fastdnn.errors import expected
from fastdnn.tune.distribution import Distribution, window
from fastdnn.tune.whole_numbers import index_of


@dataclass(frozen=True)
class _Range(Distribution):
    """Floats from `low` to `high`, uniform in a `_scale` of them."""

    low: float
    high: float

    def __post_init__(self) -> None:
        rule, hint = self._rule()
        low, high = as_float(self.low), as_float(self.high)
        if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
            rule, hint = f"finite numbers {rule}", "a range that is too wide or has no end cannot be searched"
        elif self._fits(low, high):
            object.__setattr__(self, "low", low)
            object.__setattr__(self, "high", high)
            return
        elif high < low:
            hint = f"did you mean {self.where}({high:g}, {low:g})?"
        elif low == high:
            hint = f"a value that is not to be searched belongs into build, or choice({low:g})"
        raise ValueError(expected(self.where, rule, f"low={self.low!r}, high={self.high!r}", hint))

    def contains(self, value: object) -> bool:
        """Whether it is a number within the range; NaN and truth values are not."""
        return self.low <= as_float(value) <= self.high

    def reaches(self, low: float, high: float) -> bool:
        """Whether one of the values lies between these, themselves included."""
        return max(self.low, low) <= min(self.high, high)

    def as_json(self) -> dict[str, Any]:
        """Kind and ends."""
        return {"kind": self.where, "low": self.low, "high": self.high}

    def _rule(self) -> tuple[str, str]:
        return "low < high", ""

    def _fits(self, low: float, high: float) -> bool:
        """Whether the scale has a place for both ends, and room between them."""
        return low < high

    def _held(self, value: Any) -> float:
        return float(super()._held(value))

    def _scale(self, value: float) -> float:
        return value

    def _value(self, scaled: float) -> float:
        return scaled

    def _at(self, u: float) -> float:
        if u in (0, 1):
            return self.high if u else self.low
        first, last = self._scale(self.low), self._scale(self.high)
        return min(max(self._value(first + u * (last - first)), self.low), self.high)

    def _position(self, value: float) -> float:
        first, last = self._scale(self.low), self._scale(self.high)
        return min(max((self._scale(value) - first) / (last - first), 0.0), 1.0)

    def _grid(self, n: int) -> tuple[float, ...]:
        if n == 1:
            return (self._at(0.5),)
        return tuple(dict.fromkeys(self._at(index / (n - 1)) for index in range(n)))

    def _zoomed(self, values: list[float], share: float) -> Self:
        least, most = min(values), max(values)
        first, last = self._position(least), self._position(most)
        below, above = window(first, last, share)
        low = least if below == first else min(self._at(below), least)
        high = most if above == last else max(self._at(above), most)
        return replace(self, low=low, high=high) if self._fits(low, high) else self

    def _ends(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class _Rounded(_Range):
    """With as many significant digits as `digits` says, so that a value is what is read of it; both ends are
    as they were given.
    """

    digits: int | None = None

    def __post_init__(self) -> None:
        if self.digits is not None:
            object.__setattr__(self, "digits", whole(self.where, "digits", self.digits, 1))
        super().__post_init__()

    def as_json(self) -> dict[str, Any]:
        """Kind, ends, and digits where they are limited."""
        return super().as_json() | ({} if self.digits is None else {"digits": self.digits})

    def decode(self, value: Any) -> float:
        """Optuna's value, rounded."""
        return self._rounded(self._held(value))

    def _at(self, u: float) -> float:
        return self._rounded(super()._at(u))

    def _rounded(self, value: float) -> float:
        if self.digits is None or value in (self.low, self.high):
            return value
        return min(max(float(f"{value:.{self.digits}g}"), self.low), self.high)

    def _ends(self) -> str:
        return super()._ends() + ("" if self.digits is None else f", {self.digits} digits")


@dataclass(frozen=True)
class Uniform(_Rounded):
    """Floats from low to high, each as probable as any other: x = low + u (high - low)."""

    where = "uniform"

    def describe(self) -> str:
        """In words."""
        return f"uniform, {self._ends()}"

    def _for_optuna(self, distributions: Any) -> Any:
        return distributions.FloatDistribution(self.low, self.high)


@dataclass(frozen=True)
class LogUniform(_Rounded):
    """Floats from low to high, as many in each decade: x = 10^r, r uniform from log₁₀ low to log₁₀ high."""

    where = "log_uniform"

    def describe(self) -> str:
        """In words."""
        return f"log-uniform, {self._ends()}"

    def _rule(self) -> tuple[str, str]:
        if _are_exponents(self.low, self.high):
            hint = f"ends are the values themselves: did you mean log_uniform(1e{self.low}, 1e{self.high})?"
        else:
            hint = "0 has no logarithm: begin at the least value that matters, such as 1e-6"
        return "0 < low < high", hint

    def _fits(self, low: float, high: float) -> bool:
        return low > 0 and math.log10(low) < math.log10(high)

    def _scale(self, value: float) -> float:
        return math.log10(value)

    def _value(self, scaled: float) -> float:
        return float(10.0**scaled)

    def _for_optuna(self, distributions: Any) -> Any:
        return distributions.FloatDistribution(self.low, self.high, log=True)


@dataclass(frozen=True)
class OneMinusLogUniform(_Range):
    """β from low to high, 1 - β = 10^r with r uniform: as many from 0.9 to 0.99 as from 0.99 to 0.999."""

    where = "one_minus_log_uniform"

    def describe(self) -> str:
        """In words."""
        return f"1 - x log-uniform, x from {self.low:.10g} to {self.high:.10g}"

    def encoded_name(self, name: str) -> str:
        """Of 1 - β, which is log-uniform."""
        return f"1 - {name}"

    def encode(self, value: Any) -> float:
        """1 - β."""
        return 1 - self._held(value)

    def decode(self, value: Any) -> float:
        """β of 1 - β."""
        number = as_float(value)
        if not 1 - self.high <= number <= 1 - self.low:
            wanted = f"1 - x of: {self.describe()}"
            raise ValueError(expected(self.where, wanted, repr(value)))
        return min(max(1 - number, self.low), self.high)

    def _rule(self) -> tuple[str, str]:
        hint = "1 - x = 0 has no logarithm: end below 1, such as at 0.999, an average over 1,000 steps"
        return "0 <= low < high < 1", hint

    def _fits(self, low: float, high: float) -> bool:
        return 0 <= low < high < 1 and self._scale(low) < self._scale(high)

    def _scale(self, value: float) -> float:
        return -math.log10(1 - value)  # grows with β

    def _value(self, scaled: float) -> float:
        return float(1 - 10.0**-scaled)

    def _for_optuna(self, distributions: Any) -> Any:
        return distributions.FloatDistribution(1 - self.high, 1 - self.low, log=True)


def _are_exponents(low: Any, high: Any) -> bool:
    """Whether ends may be meant as those of r, of values 10^r."""
    both = [index_of(low), index_of(high)]
    return None not in both and low < high and -20 <= low < 0 <= 10 >= high
