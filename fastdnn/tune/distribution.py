"""What the values of one hyper-parameter are, and how often each is drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Self

from fastdnn.checks import number, whole
from fastdnn.errors import expected
from fastdnn.tune.optuna_parts import optuna


class Distribution(ABC):
    """The values of one hyper-parameter, laid along [0, 1] so that equal lengths are equally probable.

    `at` is the inverse of the distribution function, `position` the function itself, so any source of
    numbers in [0, 1) (random draws, a grid, another tuner) becomes values of any kind. Immutable; equal where
    their fields are.

    >>> import fastdnn as fd
    >>> rate = fd.tune.log_uniform(1e-4, 1e-1)
    >>> rate.at(1 / 3), rate.position(0.01).__round__(6), rate.grid(4)
    (0.001, 0.666667, (0.0001, 0.001, 0.01, 0.1))
    """

    where: str  # of errors: the function that makes it

    @property
    def size(self) -> int | None:
        """How many different values there are; None: as many as floats."""
        return None

    def at(self, u: float) -> Any:
        """The value at u in [0, 1]: a float, an int or an option."""
        return self._at(number(self.where, "u", u, 0, 1, ends="[]"))

    def position(self, value: Any) -> float:
        """Where in [0, 1] a value lies; of values that can be counted, the middle of what gives it."""
        return self._position(self._held(value))

    def grid(self, n: int) -> tuple[Any, ...]:
        """At most n values, spread evenly along [0, 1], both ends included; one is the middle."""
        return self._grid(whole(self.where, "n", n, 1))

    def zoomed(self, values: Iterable[Any], share: float = 0.25) -> Self:
        """The smallest such distribution within this one that holds the values.

        Args:
            values: good ones, at least one.
            share: of the present range, which the new one is not narrower than, 0 < share <= 1.
        """
        least = number(self.where, "share", share, 0, 1, ends="(]")
        good = [self._held(value) for value in values]
        if not good:
            raise ValueError(expected(self.where, "at least one value to zoom into", "none"))
        return self._zoomed(good, least)

    def encoded_name(self, name: str) -> str:
        """What Optuna knows the parameter as: the name of what it sees uniform, or log-uniform."""
        return name

    def encoded(self, name: str) -> tuple[str, Any]:
        """Name and distribution for Optuna.

        Raises:
            ImportError: Optuna is not installed.
        """
        return self.encoded_name(name), self._for_optuna(optuna(self.where).distributions)

    def encode(self, value: Any) -> Any:
        """A value as Optuna's."""
        return self._held(value)

    def decode(self, value: Any) -> Any:
        """Optuna's value as ours."""
        return self._held(value)

    @abstractmethod
    def contains(self, value: object) -> bool:
        """Whether it is one of the values."""

    @abstractmethod
    def reaches(self, low: float, high: float) -> bool:
        """Whether one of the values lies between these, themselves included."""

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """All that it is, in what JSON can hold; the same in every process."""

    @abstractmethod
    def describe(self) -> str:
        """In words."""

    @abstractmethod
    def _at(self, u: float) -> Any: ...

    @abstractmethod
    def _position(self, value: Any) -> float: ...

    @abstractmethod
    def _grid(self, n: int) -> tuple[Any, ...]: ...

    @abstractmethod
    def _zoomed(self, values: list[Any], share: float) -> Self: ...

    @abstractmethod
    def _for_optuna(self, distributions: Any) -> Any: ...

    def _held(self, value: Any) -> Any:
        """A value of this distribution, by the type that `at` gives."""
        if not self.contains(value):
            raise ValueError(expected(self.where, f"a value of: {self.describe()}", repr(value)))
        return value


def window(low: float, high: float, share: float) -> tuple[float, float]:
    """[low, high] of [0, 1] made at least `share` wide, about its middle as far as there is room.

    >>> from fastdnn.tune.distribution import window
    >>> window(0.5, 0.5, 0.5), window(0.25, 0.25, 1), window(0.125, 0.875, 0.25)
    ((0.25, 0.75), (0.0, 1.0), (0.125, 0.875))
    """
    missing = share - (high - low)
    if missing <= 0:
        return low, high
    start = min(max(0.0, low - missing / 2), 1 - share)
    return min(start, low), max(min(1.0, start + share), high)
