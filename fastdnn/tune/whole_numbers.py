"""Hyper-parameters that are whole numbers: numbers of units or layers."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any, Self

from fastdnn.checks import whole
from fastdnn.errors import expected
from fastdnn.tune.distribution import Distribution, window

LARGEST = 2**40  # far beyond it, logarithms in float64 would not tell neighbours apart


@dataclass(frozen=True)
class Integers(Distribution):
    """low, low + step, ..., high, each as probable; with `log` as many from 1 to 10 as from 10 to 100.

    With `log`, the number k is what log-uniform floats from low - ½ to high + ½ are rounded to.
    """

    low: int
    high: int
    step: int = 1
    log: bool = False
    where = "integers"

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            given = index_of(getattr(self, name))
            if given is None or abs(given) > LARGEST:
                wanted, got = f"{name} as a whole number up to 2^40", repr(getattr(self, name))
                hint = "floats are drawn by uniform or log_uniform"
                raise ValueError(expected(self.where, wanted, got, hint))
            object.__setattr__(self, name, given)
        if not isinstance(self.log, bool):
            raise ValueError(expected(self.where, "log as True or False", repr(self.log)))
        whole(self.where, "step", self.step, 1)
        self._check_ends()

    def _check_ends(self) -> None:
        given = f"low={self.low}, high={self.high}"
        if self.high < self.low:
            hint = f"did you mean integers({self.high}, {self.low})?"
            raise ValueError(expected(self.where, "low <= high", given, hint))
        if self.log and self.low < 1:
            hint = "0 has no logarithm: begin at 1, or leave log out"
            raise ValueError(expected(self.where, "1 <= low with log=True", given, hint))
        if self.log and self.step != 1:
            hint = "with log=True numbers lie the farther apart the larger they are"
            raise ValueError(expected(self.where, "step 1 with log=True", self.step, hint))
        if over := (self.high - self.low) % self.step:
            hint = (
                f"end at {self.high - over} or {self.high - over + self.step}: both ends are among the values"
            )
            wanted = "low + a multiple of step as high"
            raise ValueError(expected(self.where, wanted, f"{given}, step={self.step}", hint))

    @property
    def size(self) -> int:
        """How many there are."""
        return (self.high - self.low) // self.step + 1

    def contains(self, value: object) -> bool:
        """Whether it is an int among them."""
        given = index_of(value)
        return given is not None and self.low <= given <= self.high and (given - self.low) % self.step == 0

    def reaches(self, low: float, high: float) -> bool:
        """Whether one of them lies between these."""
        if low > self.high or high < self.low:
            return False
        first = (
            self.low if low <= self.low else self.low - (math.floor(self.low - low) // self.step) * self.step
        )
        return first <= min(high, self.high)

    def as_json(self) -> dict[str, Any]:
        """Kind, ends, step, log."""
        return {"kind": self.where, "low": self.low, "high": self.high, "step": self.step, "log": self.log}

    def describe(self) -> str:
        """In words."""
        how = "log-uniform, " if self.log else ""
        steps = f" in steps of {self.step}" if self.step > 1 else ""
        return f"whole numbers, {how}{self.low} to {self.high}{steps}"

    def _held(self, value: Any) -> int:
        return operator.index(super()._held(value))

    def _at(self, u: float) -> int:
        if not self.log:
            return self.low + min(int(u * self.size), self.size - 1) * self.step
        first, last = math.log10(self.low - 0.5), math.log10(self.high + 0.5)
        near = math.floor(float(10.0 ** (first + u * (last - first))) + 0.5)
        return min(max(near, self.low), self.high)

    def _position(self, value: int) -> float:
        if not self.log:
            return ((value - self.low) // self.step + 0.5) / self.size
        first, last = math.log10(self.low - 0.5), math.log10(self.high + 0.5)
        middle = (math.log10(value - 0.5) + math.log10(value + 0.5)) / 2
        return (middle - first) / (last - first)

    def _grid(self, n: int) -> tuple[int, ...]:
        n = min(n, self.size)
        if n == 1:
            return (self._at(0.5),)
        if not self.log:
            return tuple(self.low + place * self.step for place in spread(n, self.size))
        first, last = math.log10(self.low), math.log10(self.high)
        found: list[int] = []
        for index in range(n):  # small ones may round to one number: the next is taken, so that there are n
            near = int(0.5 + 10.0 ** (first + index / (n - 1) * (last - first)))
            least = found[-1] + 1 if found else self.low
            found.append(min(max(near, least), self.high - (n - 1 - index)))
        return tuple(found)

    def _zoomed(self, values: list[int], share: float) -> Self:
        least, most = min(values), max(values)
        if not self.log:
            low, high = block(
                (least - self.low) // self.step, (most - self.low) // self.step, share, self.size
            )
            return type(self)(self.low + low * self.step, self.low + high * self.step, self.step)
        below, above = window(self._position(least), self._position(most), share)
        low = min(self._at(below), least)
        return type(self)(low, max(self._at(math.nextafter(above, 0)), most), log=True)

    def _for_optuna(self, distributions: Any) -> Any:
        return distributions.IntDistribution(self.low, self.high, log=self.log, step=self.step)


def spread(n: int, size: int) -> list[int]:
    """At most n places of 0 to size - 1, evenly, both ends included; one is the middle.

    >>> from fastdnn.tune.whole_numbers import spread
    >>> spread(3, 9), spread(1, 9), spread(5, 3)
    ([0, 4, 8], [4], [0, 1, 2])
    """
    if n == 1:
        return [size // 2]
    n = min(n, size)
    return [(2 * index * (size - 1) + n - 1) // (2 * (n - 1)) for index in range(n)] if n > 1 else [0]


def block(first: int, last: int, share: float, size: int) -> tuple[int, int]:
    """Places first to last of `size` made at least `share` of them, about their middle where there is room.

    >>> from fastdnn.tune.whole_numbers import block
    >>> block(5, 5, 0.3, 10), block(0, 1, 0.5, 10), block(2, 7, 0.5, 10)
    ((4, 6), (0, 4), (2, 7))
    """
    missing = max(0, math.ceil(share * size - 1e-9) - (last - first + 1))
    low = max(0, min(first - missing // 2, size - (last - first + 1 + missing)))
    return low, low + last - first + missing


def index_of(value: object) -> int | None:
    """An int of Python or NumPy as Python's; None for anything else, truth values among it.

    >>> from fastdnn.tune.whole_numbers import index_of
    >>> index_of(3), index_of(True), index_of(3.0)
    (3, None, None)
    """
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None
