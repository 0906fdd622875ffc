"""Hyper-parameters that are there only for some values of another: units per layer, given the depth."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastdnn.checks import as_float, is_text, number
from fastdnn.errors import did_you_mean, expected, unknown_name
from fastdnn.tune.choices import equal, plain
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.space_hints import hint_for

_WHERE = "when"
_CONDITIONS = ("at_least", "at_most", "equals", "one_of")


@dataclass(frozen=True)
class Condition:
    """What must be of `parent`: from `at_least` to `at_most`, or one of `one_of` where that is given."""

    parent: str
    at_least: float = -math.inf
    at_most: float = math.inf
    one_of: tuple[Any, ...] | None = None

    def holds(self, value: Any) -> bool:
        """Whether it holds of a value of the parent."""
        if self.one_of is not None:
            return any(_same(each, value) for each in self.one_of)
        return self.at_least <= as_float(value) <= self.at_most

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        if self.one_of is not None:
            return {"parent": self.parent, "one_of": plain(self.one_of)}
        ends = {"at_least": self.at_least, "at_most": self.at_most}
        return {"parent": self.parent, **{name: end for name, end in ends.items() if math.isfinite(end)}}

    def describe(self) -> str:
        """In words, such as layers >= 2."""
        if self.one_of is not None:
            said = [repr(plain(each)) for each in self.one_of]
            return f"{self.parent} = {said[0]}" if len(said) == 1 else f"{self.parent} in {', '.join(said)}"
        low = f"{self.at_least:g} <= " if self.at_most < math.inf and self.at_least > -math.inf else ""
        return (
            f"{low}{self.parent} <= {self.at_most:g}"
            if self.at_most < math.inf
            else f"{self.parent} >= {self.at_least:g}"
        )


@dataclass(frozen=True)
class Conditional:
    """A distribution, and all that must hold for the parameter to be there."""

    distribution: Distribution
    conditions: tuple[Condition, ...]


def when(
    parent: str,
    /,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    equals: Any = None,
    one_of: Iterable[Any] | None = None,
    **distributions: Any,
) -> dict[str, Conditional]:
    """Parameters that are there only for some values of another one, to be spread into a space.

    Where the condition does not hold, `build` gets a dictionary without them. A condition on a parameter that
    is not there itself does not hold. `when` may be spread into `when`: then both conditions must hold.

    Args:
        parent: the other parameter; it comes earlier in the space.
        at_least: the condition: parent >= at_least; with `at_most`, between the two.
        at_most: parent <= at_most.
        equals: parent is this value, and not None.
        one_of: parent is one of these values.
        distributions: the parameters by name.

    Raises:
        ValueError: there is no condition or no parameter, conditions of two kinds, or what is no
            distribution.

    >>> import fastdnn as fd
    >>> space = {"layers": fd.tune.integers(1, 3),
    ...          **fd.tune.when("layers", at_least=2, units_2=fd.tune.powers_of_two(16, 64))}
    >>> fd.tune.Space.of("example", space).at({"layers": 0.0, "units_2": 0.5})
    {'layers': 1}
    >>> fd.tune.Space.of("example", space).at({"layers": 0.5, "units_2": 0.5})
    {'layers': 2, 'units_2': 32}
    """
    if not is_text(parent) or not parent:
        raise ValueError(expected(_WHERE, "the name of the parameter that decides", repr(parent)))
    for name, each in distributions.items():
        if not isinstance(each, Distribution | Conditional) and (hint := did_you_mean(name, _CONDITIONS)):
            raise ValueError(expected(_WHERE, f"a distribution for {name!r}", repr(each), hint))
    condition = _condition(parent, at_least, at_most, equals, one_of)
    if not distributions:
        hint = f'such as when("{parent}", {_example(condition)}, units_2=powers_of_two(32, 256))'
        raise ValueError(expected(_WHERE, "at least one parameter and its distribution", "none", hint))
    return {name: _conditional(name, each, condition) for name, each in distributions.items()}


def _condition(parent: str, at_least: Any, at_most: Any, equals: Any, one_of: Any) -> Condition:
    given = [at_least is not None or at_most is not None, equals is not None, one_of is not None]
    if sum(given) != 1:
        got = "none" if not any(given) else "several"
        raise ValueError(expected(_WHERE, "at_least and/or at_most, or equals, or one_of", got))
    if equals is not None:
        return Condition(parent, one_of=(equals,))
    if one_of is not None:
        if isinstance(one_of, str) or not isinstance(one_of, Iterable) or not (values := tuple(one_of)):
            raise ValueError(expected(_WHERE, "one_of as a list of values", repr(one_of)))
        return Condition(parent, one_of=values)
    low = -math.inf if at_least is None else number(_WHERE, "at_least", at_least)
    high = math.inf if at_most is None else number(_WHERE, "at_most", at_most)
    if high < low:
        raise ValueError(expected(_WHERE, "at_least <= at_most", f"{low:g} and {high:g}"))
    return Condition(parent, low, high)


def _conditional(name: str, given: Any, condition: Condition) -> Conditional:
    if isinstance(given, Conditional):
        return Conditional(given.distribution, (condition, *given.conditions))
    if not isinstance(given, Distribution):
        raise ValueError(expected(_WHERE, f"a distribution for {name!r}", repr(given), hint_for(given)))
    return Conditional(given, (condition,))


def check_conditions(
    where: str, distributions: dict[str, Distribution], conditions: dict[str, tuple[Condition, ...]]
) -> None:
    """Refuse conditions on parameters that are unknown or come later, and those that can never hold.

    Raises:
        ValueError: it says which, and why.
    """
    order = list(distributions)
    for name, own in conditions.items():
        for condition in own:
            parent = condition.parent
            if parent not in distributions:
                raise unknown_name(where, f"a condition of {name!r} on a parameter", parent, order)
            if order.index(parent) >= order.index(name):
                hint = f"put {parent!r} first"
                wanted = f"{parent!r} before {name!r}, which depends on it"
                raise ValueError(expected(where, wanted, "itself" if parent == name else "it behind", hint))
            _check_values(where, name, condition, distributions[parent])
    for name in conditions:
        for parent, all_of in _inherited(name, conditions).items():
            if not _can_hold(all_of, distributions[parent]):
                said = " and ".join(dict.fromkeys(each.describe() for each in all_of))
                raise _never(where, name, said, parent, distributions[parent])


def _check_values(where: str, name: str, condition: Condition, parent: Distribution) -> None:
    """Each value that is named must be one that can be drawn."""
    for value in condition.one_of or ():
        if parent.size is None:
            hint = "one float is never drawn: use at_least and at_most"
            raise ValueError(
                expected(where, f"a range of {condition.parent!r} for {name!r}", repr(value), hint)
            )
        if not parent.contains(value):
            raise _never(where, name, f"{condition.parent} = {value!r}", condition.parent, parent)


def _inherited(name: str, conditions: dict[str, tuple[Condition, ...]]) -> dict[str, list[Condition]]:
    """All that must hold, by parent: of the parameter, and of those that it depends on."""
    found: dict[str, list[Condition]] = {}
    for condition in conditions.get(name, ()):
        found.setdefault(condition.parent, []).append(condition)
        for parent, others in _inherited(condition.parent, conditions).items():
            found.setdefault(parent, []).extend(others)
    return found


def _can_hold(all_of: list[Condition], parent: Distribution) -> bool:
    named = next((each.one_of for each in all_of if each.one_of is not None), None)
    if named is not None:
        return any(all(each.holds(value) for each in all_of) for value in named)
    low, high = max(each.at_least for each in all_of), min(each.at_most for each in all_of)
    return parent.reaches(low, high)


def _never(where: str, name: str, condition: str, parent: str, values: Distribution) -> ValueError:
    wanted = f"a condition of {name!r} that can hold"
    hint = f"{parent!r} is {values.describe()}"
    return ValueError(expected(where, wanted, condition, hint))


def _example(condition: Condition) -> str:
    return "equals=..." if condition.one_of is not None else "at_least=2"


def _same(one: object, other: object) -> bool:
    return one is other or equal(one, other)
