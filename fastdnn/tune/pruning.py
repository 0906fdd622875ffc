"""Which trials of a bracket go on: decided at rungs, once all that came so far have reached them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Protocol

from fastdnn.checks import whole
from fastdnn.errors import expected, unknown_name


class Pruner(Protocol):
    """Rungs, and who is left after them."""

    @property
    def factor(self) -> int:
        """How many times as long a trial is trained up to the next rung."""
        ...

    @property
    def least_epochs(self) -> int:
        """Up to the first rung, at least."""
        ...

    def survivors(self, values: Mapping[int, float], others: Mapping[int, float], sign: float) -> set[int]:
        """The numbers that go on, of the values of those that reached a rung; `others` are the values there
        of trials of completed generations, and the last ones of trials that ended before, of theirs and of
        this bracket. The best have the lowest sign · value; ties go to the lower number.
        """
        ...


def shares(pruner: Pruner | None, epochs: int) -> tuple[float, ...]:
    """The rungs as shares of a trial's epochs, of which the longest trial has so many; the last is 1.

    >>> from fastdnn.tune.pruning import SuccessiveHalving, shares
    >>> [round(20 * share, 1) for share in shares(SuccessiveHalving(), 20)]
    [2.2, 6.7, 20.0]
    >>> shares(SuccessiveHalving(least_epochs=10), 20), shares(None, 20)
    ((1.0,), (1.0,))
    """
    if pruner is None:
        return (1.0,)
    rungs = 0
    while epochs >= pruner.least_epochs * pruner.factor ** (rungs + 1):
        rungs += 1
    return tuple(float(pruner.factor) ** -rung for rung in range(rungs, -1, -1))


@dataclass(frozen=True)
class SuccessiveHalving:
    """At each rung the best 1/factor of the trials go on, and are trained `factor` times as long.

    factor: >= 2, default 3.
    least_epochs: before the first rung, default 1.

    Source: Jamieson & Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
    AISTATS 2016.

    >>> import fastdnn as fd
    >>> sorted(fd.tune.SuccessiveHalving().survivors({0: 0.3, 1: 0.1, 2: 0.2, 3: 0.5}, {}, 1.0))
    [1, 2]
    """

    factor: int = 3
    least_epochs: int = 1

    def __post_init__(self) -> None:
        whole("SuccessiveHalving", "factor", self.factor, 2)
        whole("SuccessiveHalving", "least_epochs", self.least_epochs, 1)

    def survivors(self, values: Mapping[int, float], others: Mapping[int, float], sign: float) -> set[int]:
        """The best ones, ⌈n / factor⌉ of n."""
        ranked = sorted(values, key=lambda number: (sign * values[number], number))
        return set(ranked[: math.ceil(len(ranked) / self.factor)])


@dataclass(frozen=True)
class Median:
    """At each rung go on those that are no worse than the median of all trials of their bracket and of
    earlier generations. Who was stopped before counts with its last value, so that the bar is not set by the
    good ones alone: about half of the trials end at the first rung, and later ones end those that got worse.

    least_epochs: before the first rung, default 1; each further one is twice as far.

    Source: Golovin et al., "Google Vizier: a service for black-box optimization", KDD 2017 (median stopping).

    >>> import fastdnn as fd
    >>> sorted(fd.tune.Median().survivors({0: 0.3, 1: 0.1, 2: 0.2, 3: 0.5}, {}, 1.0))
    [1, 2]
    """

    least_epochs: int = 1
    factor: int = 2

    def __post_init__(self) -> None:
        whole("Median", "least_epochs", self.least_epochs, 1)
        whole("Median", "factor", self.factor, 2)

    def survivors(self, values: Mapping[int, float], others: Mapping[int, float], sign: float) -> set[int]:
        """Those at the median or better."""
        if not values:  # all failed before
            return set()
        middle = median(sign * value for value in [*values.values(), *others.values()])
        return {number for number, value in values.items() if sign * value <= middle}


_NAMES: dict[str, Callable[[], Pruner]] = {"successive_halving": SuccessiveHalving, "median": Median}


def pruner_of(where: str, given: Any) -> Pruner | None:
    """A pruner by its name, or as it is given.

    Raises:
        ValueError: the name is unknown, or it is no pruner.
    """
    if given is None or isinstance(given, SuccessiveHalving | Median):
        return given
    if not isinstance(given, str):
        wanted = 'pruner as "successive_halving", "median", an object of them, or None'
        hint = f"make one: fd.tune.{given.__name__}()" if given in (SuccessiveHalving, Median) else ""
        raise ValueError(expected(where, wanted, repr(given), hint))
    if given not in _NAMES:
        raise unknown_name(where, "a pruner", given, _NAMES)
    return _NAMES[given]()
