"""Hyper-parameters: numbers that may be set, or scheduled, and options that stay."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.checks import is_real
from fastdnn.errors import expected

if TYPE_CHECKING:
    from fastdnn.optimizers.optimizer import Optimizer

# A number, or what gives one for each step or epoch: see `fastdnn.schedules`. Any callable of a step will do.
Schedule = Callable[[int], Any]
Number = float | Schedule


@dataclass(frozen=True)
class Range:
    """Which numbers a hyper-parameter may be; NaN never is one."""

    text: str  # with the name in the place of {}
    low: float
    high: float
    open_low: bool = False
    open_high: bool = True

    def holds(self, values: Any) -> Any:
        """For each of the numbers, or the one, whether it is in the range."""
        above = values > self.low if self.open_low else values >= self.low
        below = values < self.high if self.open_high else values <= self.high
        return above & below


NOT_NEGATIVE = Range("0 <= {}", 0.0, math.inf)
BELOW_ONE = Range("0 <= {} < 1", 0.0, 1.0)
EPSILON = Range("0 < {} <= 1", 0.0, 1.0, open_low=True, open_high=False)
LIMIT = Range("0 < {}", 0.0, math.inf, open_low=True)


def number(where: str, name: str, value: object, allowed: Range) -> float:
    """`value` as a float in a range.

    Raises:
        ValueError: it is none.
    """
    try:
        result = float(value) if is_real(value) else math.nan  # type: ignore[arg-type]
    except OverflowError:
        raise ValueError(expected(where, allowed.text.format(name), "a number beyond float64")) from None
    if not allowed.holds(result):
        raise ValueError(expected(where, allowed.text.format(name), repr(value)))
    return result


def per_of(schedule: Schedule) -> str:
    """Whether a schedule goes by "step" or by "epoch"; a plain function by step."""
    return getattr(schedule, "per", "step")


def values_of(where: str, name: str, schedule: Schedule, first: int, n: int, allowed: Range) -> np.ndarray:
    """What a schedule gives for the steps (or epochs) first, first + 1, ...: float64 (n,).

    Raises:
        ValueError: a number is out of its range, or is none.
    """
    vectorised = getattr(schedule, "values", None)
    given = schedule_values(schedule, first, n) if vectorised is None else vectorised(first, n)
    try:
        array = np.asarray(given)
        values = np.full(0, np.nan) if array.dtype.kind in "bcmMSU" else array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.full(0, np.nan)
    if values.shape != (n,):
        try:
            got = repr(given)[:200]
        except ValueError:  # Python writes no number of more than some thousands of digits
            got = "numbers beyond float64"
        raise ValueError(expected(where, f"{name} as a schedule of {n} numbers", got))
    good = allowed.holds(values)
    if not good.all():
        at = int(np.argmin(good))
        got = f"{values[at]!r} at {per_of(schedule)} {first + at}"
        raise ValueError(expected(where, allowed.text.format(name), got, f"its schedule is {schedule!r}"))
    return values


def schedule_values(schedule: Schedule, first: int, n: int) -> list[Any]:
    """A call for each step."""
    return [schedule(step) for step in range(first, first + n)]


class Scalar:
    """A hyper-parameter of an optimiser: reads as the number of the next step; takes a number or a schedule.

    A number may be set at any time and counts from the next step on. It does not take a schedule's place.
    """

    default: float | None = None  # in place of None

    def __init__(self, allowed: Range, default: float | None = None) -> None:
        self.allowed = allowed
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: "Optimizer", owner: type) -> float:
        return optimizer.current(self.name)

    def __set__(self, optimizer: "Optimizer", value: Number | None) -> None:
        optimizer.change(self.name, self.checked(type(optimizer).__name__, value))

    def checked(self, where: str, value: Number | None) -> Number | None:
        """The number or schedule; of a schedule the first number.

        Raises:
            ValueError: it is neither, or out of its range.
        """
        if value is None and self.default is not None:
            return self.default
        if not callable(value):
            return number(where, self.name, value, self.allowed)
        if per_of(value) not in ("step", "epoch"):
            raise ValueError(
                expected(where, f"{self.name}.per 'step' or 'epoch'", repr(getattr(value, "per", None)))
            )
        values_of(where, self.name, value, 0, 1, self.allowed)
        return value


class Limit(Scalar):
    """A limit of a gradient, or None for none."""

    def __init__(self) -> None:
        super().__init__(LIMIT)

    def __get__(self, optimizer: "Optimizer", owner: type) -> float | None:  # type: ignore[override]
        value = optimizer.current(self.name)
        return None if math.isinf(value) else value

    def checked(self, where: str, value: Number | None) -> Number | None:
        """As any scalar's, and None stays."""
        return None if value is None else super().checked(where, value)


class Option:
    """What an optimiser is made with and stays: its state depends on it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: "Optimizer", owner: type) -> Any:
        return optimizer.options[self.name]

    def __set__(self, optimizer: "Optimizer", value: object) -> None:
        hint = "compile with a new optimizer"
        got = f"{self.name} set to {value!r}"
        raise ValueError(expected(type(optimizer).__name__, f"{self.name} to stay as it was made", got, hint))
