"""Hyper-parameters that are whole numbers: numbers of units or layers, sizes of batches."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any, Self

from fastdnn.checks import whole
from fastdnn.errors import expected
from fastdnn.tune.distribution import Distribution, window


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
            given = _index(getattr(self, name))
            if given is None:
                wanted, got = f"{name} as a whole number", repr(getattr(self, name))
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
        given = _index(value)
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


@dataclass(frozen=True)
class PowersOfTwo(Distribution):
    """2^k from low to high, each as probable: sizes of batches and of layers."""

    low: int
    high: int
    where = "powers_of_two"

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = getattr(self, name)
            given = _index(value)
            if given is None or given < 1 or given & (given - 1):
                hint = _nearest_powers(given)
                raise ValueError(expected(self.where, f"{name} as a power of two", repr(value), hint))
            object.__setattr__(self, name, given)
        if self.high < self.low:
            given_text = f"low={self.low}, high={self.high}"
            hint = f"did you mean powers_of_two({self.high}, {self.low})?"
            raise ValueError(expected(self.where, "low <= high", given_text, hint))

    @property
    def size(self) -> int:
        """How many there are."""
        return self.high.bit_length() - self.low.bit_length() + 1

    def contains(self, value: object) -> bool:
        """Whether it is an int among them."""
        given = _index(value)
        return given is not None and self.low <= given <= self.high and not given & (given - 1)

    def reaches(self, low: float, high: float) -> bool:
        """Whether one of them lies between these."""
        return any(low <= self.low << place <= high for place in range(self.size))

    def as_json(self) -> dict[str, Any]:
        """Kind and ends."""
        return {"kind": self.where, "low": self.low, "high": self.high}

    def describe(self) -> str:
        """In words."""
        return f"powers of two, {self.low} to {self.high}"

    def encoded_name(self, name: str) -> str:
        """Of the exponent."""
        return f"log2 {name}"

    def encode(self, value: Any) -> int:
        """The exponent."""
        return operator.index(self._held(value)).bit_length() - 1

    def decode(self, value: Any) -> int:
        """The number of an exponent."""
        least, most = self.low.bit_length() - 1, self.high.bit_length() - 1
        given = _index(value)
        if given is None or not least <= given <= most:
            raise ValueError(expected(self.where, f"an exponent from {least} to {most}", repr(value)))
        return 1 << given

    def _held(self, value: Any) -> int:
        return operator.index(super()._held(value))

    def _at(self, u: float) -> int:
        return self.low << min(int(u * self.size), self.size - 1)

    def _position(self, value: int) -> float:
        return (value.bit_length() - self.low.bit_length() + 0.5) / self.size

    def _grid(self, n: int) -> tuple[int, ...]:
        return tuple(self.low << place for place in spread(n, self.size))

    def _zoomed(self, values: list[int], share: float) -> Self:
        first = self.low.bit_length()
        low, high = block(
            min(values).bit_length() - first, max(values).bit_length() - first, share, self.size
        )
        return type(self)(self.low << low, self.low << high)

    def _for_optuna(self, distributions: Any) -> Any:
        return distributions.IntDistribution(self.low.bit_length() - 1, self.high.bit_length() - 1)


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


def _index(value: object) -> int | None:
    """An int of Python or NumPy, and no truth value."""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def _nearest_powers(given: int | None) -> str:
    if given is None or given < 1:
        return "such as 32: 1, 2, 4, 8, 16, ..."
    below = 1 << (given.bit_length() - 1)
    return f"the nearest are {below} and {2 * below}"
