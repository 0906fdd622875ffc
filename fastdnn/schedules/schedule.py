"""What every schedule is: a formula of the number of the step or epoch, and how it is saved."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from fastdnn.checks import choice, number, whole
from fastdnn.errors import expected, unknown_name

_Class = TypeVar("_Class", bound="type[LearningRateSchedule]")
_classes: dict[str, "type[LearningRateSchedule]"] = {}
_DEEPEST = 8  # schedules within one another: what anybody writes, and no file can exhaust time or the stack


class LearningRateSchedule:
    """Base of all schedules: a learning rate (or a momentum) for each step, or for each epoch.

    An optimiser takes one in place of a number. `schedule(0)` is the rate of the first step; the formula sees
    t = step + first, so that `first=1` counts as the lecture decks do. The rate is a function of t alone.

    A schedule of your own writes `rate(t)`, the formula over an array, and, to be saved with a model,
    `get_config`.

    Args:
        per: "step": t counts the optimiser's iterations; "epoch": the model's epochs, each of which has one
            rate.
        first: t of the first step or epoch, default 0 as in Keras.

    Raises:
        ValueError: a bad argument; when rates are asked for, one that is negative or not finite.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> class Sawtooth(fd.schedules.LearningRateSchedule):
    ...     def rate(self, t):
    ...         return 0.1 * (1 - t % 4 / 4)
    >>> Sawtooth().values(0, 5)
    array([0.1  , 0.075, 0.05 , 0.025, 0.1  ])
    """

    per: str = "step"
    first: int = 0

    def __init__(self, *, per: str = "step", first: int = 0) -> None:
        self.per = choice(type(self).__name__, "per", per, ("step", "epoch"))
        self.first = whole(type(self).__name__, "first", first)

    def rate(self, t: np.ndarray) -> np.ndarray:
        """The formula: rates (n,) for the numbers t (n,) f64, each by itself."""
        raise NotImplementedError(
            expected(type(self).__name__, "a schedule with a rate(self, t)", "one without")
        )

    def __call__(self, step: int) -> float:
        """The rate of a step, or epoch, counted from 0.

        Raises:
            ValueError: `step` is no whole number >= 0.
        """
        return float(self.values(step, 1)[0])

    def values(self, first: int, n: int) -> np.ndarray:
        """The rates of n steps, or epochs, in a row, the first of them being `first`, counted from 0.

        Returns:
            (n,) f64; the same bits however the steps are divided among calls.

        Raises:
            ValueError: `first` or `n` is no whole number >= 0, or a rate is negative or not finite.
        """
        where = type(self).__name__
        begin = whole(where, "first", first) + self.first
        count = whole(where, "n", n)
        rates = np.asarray(self.rate(np.arange(begin, begin + count, dtype=np.float64)), np.float64)
        if rates.shape != (count,):
            raise ValueError(expected(where, f"{count} rates, one for each t", f"shape {rates.shape}"))
        wrong = np.flatnonzero(~((rates >= 0) & np.isfinite(rates)))
        if wrong.size:
            got = f"{rates[wrong[0]]} at t = {begin + int(wrong[0])}"
            raise ValueError(expected(where, "finite rates >= 0", got))
        return rates

    @staticmethod
    def from_function(function: Callable[[int], float], *, per: str = "step", first: int = 0) -> "Manual":
        """A schedule of a function of t; see `Manual`."""
        return Manual(function, per=per, first=first)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {"per": self.per, "first": self.first}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def each(function: Callable[[float], float], x: np.ndarray) -> np.ndarray:
    """A function of `math` over an array; infinity where it overflows.

    NumPy's own exp, cos and power may give other bits for a number with other neighbours (whole vectors
    against their tails), and a rate must not depend on how many are asked for at once.
    """

    def safe(value: float) -> float:
        try:
            return function(value)
        except OverflowError:
            return np.inf

    return np.array([safe(value) for value in x.tolist()], np.float64)


def check_nesting(where: str, schedule: Any) -> None:
    """See that a schedule, or the arguments of one in a file, holds no more than 8 within one another.

    Raises:
        ValueError: it does.
    """
    within, depth = [schedule], 0
    while within := [held for holder in within for held in _held(holder)]:
        depth += any(isinstance(held, LearningRateSchedule) or "class_name" in held for held in within)
        if depth > _DEEPEST:
            raise ValueError(expected(where, f"schedules nested {_DEEPEST} deep at most", "more"))


def _held(holder: Any) -> list[Any]:
    """The schedules that a schedule holds, or what may describe some in a configuration."""
    if isinstance(holder, Mapping):
        return [held for held in holder.values() if isinstance(held, LearningRateSchedule | Mapping)]
    return [held for held in vars(holder).values() if isinstance(held, LearningRateSchedule)]


def registered(cls: _Class) -> _Class:
    """Let `from_config` find a class of the package by its name."""
    _classes[cls.__name__] = cls
    return cls


def get(schedule: Any, where: str = "schedules") -> LearningRateSchedule:
    """A schedule as it is, or of a number, of a function of the step, or of what `serialize` gave.

    Raises:
        ValueError: it is none of these.

    >>> import fastdnn as fd
    >>> fd.schedules.get(0.1).values(0, 3)
    array([0.1, 0.1, 0.1])
    """
    if isinstance(schedule, LearningRateSchedule):
        return schedule
    if isinstance(schedule, Mapping) and schedule.keys() == {"class_name", "config"}:
        return from_config(schedule["class_name"], schedule["config"])
    if hasattr(schedule, "__float__"):
        return Constant(number(where, "learning_rate", schedule, 0))
    if callable(schedule) and not isinstance(schedule, type):
        return Manual(schedule)
    wanted = "a schedule of fastdnn.schedules, a number or a function of the step"
    raise ValueError(expected(where, wanted, repr(schedule)))


def serialize(schedule: LearningRateSchedule) -> dict[str, Any]:
    """Class name and arguments, of JSON's types; `get` makes the schedule again.

    Raises:
        ValueError: it is made of a function.
    """
    return {"class_name": type(schedule).__name__, "config": schedule.get_config()}


def from_config(
    class_name: str, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> LearningRateSchedule:
    """A schedule from its class name and `get_config()`.

    Args:
        class_name: of `fastdnn.schedules`, or among `custom_objects`.
        config: what `get_config()` gave.
        custom_objects: {name: class} of schedules of your own.

    Raises:
        ValueError: no schedule has this name, the arguments are not its own, or more than 8 are nested.

    >>> import fastdnn as fd
    >>> fd.schedules.from_config("Constant", fd.schedules.Constant(0.1).get_config())
    Constant(learning_rate=0.1, per='step', first=0)
    """
    classes = {**_classes, **(custom_objects or {})}
    if class_name not in classes:
        raise unknown_name("schedules", "a schedule", class_name, classes)
    if not isinstance(config, Mapping):
        raise ValueError(expected(class_name, "its arguments as a dict", repr(config)))
    check_nesting(class_name, config)
    try:
        schedule: LearningRateSchedule = classes[class_name](**config)
    except TypeError as error:
        raise ValueError(expected(class_name, "arguments of its own", str(error))) from error
    return schedule


@registered
class Constant(LearningRateSchedule):
    """α = learning_rate, whatever t: what other schedules are compared with.

    Args:
        learning_rate: α >= 0.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    >>> import fastdnn as fd
    >>> fd.schedules.Constant(0.1)(1000)
    0.1
    """

    def __init__(self, learning_rate: float, *, per: str = "step", first: int = 0) -> None:
        super().__init__(per=per, first=first)
        self.learning_rate = number("Constant", "learning_rate", learning_rate, 0)

    def rate(self, t: np.ndarray) -> np.ndarray:
        """α."""
        return np.full(len(t), self.learning_rate)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {"learning_rate": self.learning_rate, **super().get_config()}


class Manual(LearningRateSchedule):
    """α = function(t): any rates by hand. (Constant pieces: `PiecewiseConstantDecay`.)

    Its function is not written to model files; a subclass of `LearningRateSchedule` is.

    Args:
        function: of t, an int; gives a finite number >= 0.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    Source: decks 000 and 002, "manual decay".

    >>> import fastdnn as fd
    >>> fd.schedules.Manual(lambda epoch: 0.1 if epoch < 2 else 0.01, per="epoch").values(0, 4)
    array([0.1 , 0.1 , 0.01, 0.01])
    """

    def __init__(self, function: Callable[[int], float], *, per: str = "step", first: int = 0) -> None:
        super().__init__(per=per, first=first)
        if not callable(function):
            raise ValueError(expected("Manual", "a function of t", repr(function)))
        self.function = function

    def rate(self, t: np.ndarray) -> np.ndarray:
        """What the function gives."""
        return np.array([self._one(int(value)) for value in t], np.float64)

    def _one(self, t: int) -> float:
        return number("Manual", f"function({t})", self.function(t), 0)

    def get_config(self) -> dict[str, Any]:
        """A function cannot be saved.

        Raises:
            ValueError: always.
        """
        hint = "write a subclass of schedules.LearningRateSchedule with rate and get_config"
        raise ValueError(expected("Manual", "a schedule that can be saved", "one of a function", hint))

    def __repr__(self) -> str:
        return f"Manual({self.function!r}, per={self.per!r}, first={self.first})"
