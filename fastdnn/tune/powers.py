"""Hyper-parameters that are powers of two: sizes of batches, units of a layer."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any, Self

from fastdnn.errors import expected
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.whole_numbers import LARGEST, block, index_of, spread


@dataclass(frozen=True)
class PowersOfTwo(Distribution):
    """2^k from low to high, each as probable: sizes of batches and of layers."""

    low: int
    high: int
    where = "powers_of_two"

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = getattr(self, name)
            given = index_of(value)
            if given is None or not 1 <= given <= LARGEST or given & (given - 1):
                hint = _nearest_powers(given)
                raise ValueError(
                    expected(self.where, f"{name} as a power of two up to 2^40", repr(value), hint)
                )
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
        given = index_of(value)
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
        given = index_of(value)
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


def _nearest_powers(given: int | None) -> str:
    if given is None or not 1 <= given < LARGEST:
        return "such as 32: 1, 2, 4, 8, 16, ..."
    below = 1 << (given.bit_length() - 1)
    return f"the nearest are {below} and {2 * below}"
