"""Hyper-parameters that are one of several things: activations, optimisers, whole architectures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fastdnn.checks import as_float, is_real
from fastdnn.errors import expected
from fastdnn.tune.distribution import Distribution

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_LONGEST = 60  # characters of the options in a table


@dataclass(frozen=True)
class Choice(Distribution):
    """One of the options, each as probable."""

    options: tuple[Any, ...]
    where = "choice"

    def __post_init__(self) -> None:
        if not isinstance(self.options, tuple | list) or not len(self.options):
            hint = 'such as choice("relu", "tanh")'
            raise ValueError(expected(self.where, "at least one option", repr(self.options), hint))
        options = tuple(each.item() if _is_numpy_scalar(each) else each for each in self.options)
        object.__setattr__(self, "options", options)
        for number, option in enumerate(options):
            if isinstance(option, Distribution):
                hint = "what goes with one of several is a parameter of its own: fd.tune.when"
                raise ValueError(expected(self.where, "options that are values", "a distribution", hint))
            if isinstance(option, float) and option != option:
                raise ValueError(expected(self.where, "options that are values", "nan"))
            if self._place(option) != number:
                hint = "an option is drawn as often as any other; leave the second out"
                raise ValueError(expected(self.where, "different options", f"{option!r} twice", hint))

    @property
    def size(self) -> int:
        """How many options there are."""
        return len(self.options)

    def contains(self, value: object) -> bool:
        """Whether it is one of the options, or equal to one; True is not 1."""
        return self._place(value) is not None

    def reaches(self, low: float, high: float) -> bool:
        """Whether an option is a number between these."""
        return any(is_real(each) and low <= as_float(each) <= high for each in self.options)

    def as_json(self) -> dict[str, Any]:
        """Kind and options; functions and classes by name, other objects by what they print."""
        return {"kind": self.where, "options": [plain(option) for option in self.options]}

    def describe(self) -> str:
        """In words."""
        said = [str(plain(each)) if callable(each) else repr(each) for each in self.options]
        text = "one of " + ", ".join(_ADDRESS.sub("", each) for each in said)
        return text if len(text) <= _LONGEST else f"one of {self.size} options"

    def encode(self, value: Any) -> Any:
        """The option itself where JSON has such values, else its number."""
        option = self._held(value)
        return option if self._is_plain else self._place(option)

    def decode(self, value: Any) -> Any:
        """The option of what `encode` gave."""
        if self._is_plain:
            return self._held(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < self.size:
            raise ValueError(expected(self.where, f"an option's number below {self.size}", repr(value)))
        return self.options[value]

    @property
    def _is_plain(self) -> bool:
        plain = all(each is None or isinstance(each, str | int | float) for each in self.options)
        return (
            plain and len(set(self.options)) == self.size
        )  # not both True and 1, which Optuna takes for equal

    def _place(self, value: object) -> int | None:
        for place, option in enumerate(self.options):
            if option is value or equal(option, value):
                return place
        return None

    def _held(self, value: Any) -> Any:
        place = self._place(value)
        return super()._held(value) if place is None else self.options[place]

    def _at(self, u: float) -> Any:
        return self.options[min(int(u * self.size), self.size - 1)]

    def _position(self, value: Any) -> float:
        return ((self._place(value) or 0) + 0.5) / self.size

    def _grid(self, n: int) -> tuple[Any, ...]:
        return self.options  # whatever n: no option lies between two others

    def _zoomed(self, values: list[Any], share: float) -> Self:
        places = {self._place(value) for value in values}
        return type(self)(tuple(each for place, each in enumerate(self.options) if place in places))

    def _for_optuna(self, distributions: Any) -> Any:
        return distributions.CategoricalDistribution(self.options if self._is_plain else range(self.size))


def _is_numpy_scalar(value: object) -> bool:
    return hasattr(value, "dtype") and getattr(value, "ndim", 1) == 0 and hasattr(value, "item")


def equal(one: object, other: object) -> bool:
    """Whether two options are one; True is not 1, and arrays are only themselves."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    try:
        return bool(one == other)
    except Exception:  # arrays have no one truth value
        return False


def plain(option: Any) -> Any:
    """An option as JSON can hold it, the same in every process: no addresses."""
    if option is None or isinstance(option, str | int | float):
        return option
    if isinstance(option, tuple | list):
        return [plain(each) for each in option]
    if isinstance(option, Mapping):
        return {str(key): plain(each) for key, each in option.items()}
    if hasattr(option, "__qualname__"):
        return f"{option.__module__}.{option.__qualname__}"
    return _ADDRESS.sub("", repr(option))
