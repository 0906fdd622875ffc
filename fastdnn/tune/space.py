"""The space of a search: hyper-parameters by name, in order, some of them only under conditions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastdnn.checks import is_text, whole
from fastdnn.data.draws import bits
from fastdnn.errors import expected
from fastdnn.report import table
from fastdnn.tune.conditions import Condition, Conditional, check_conditions
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.space_grid import grid_points
from fastdnn.tune.space_hints import hint_for

_LONGEST = 120  # characters of what was given, in an error
_UNIT = 2.0**-53  # of the uniform numbers: all multiples of it in [0, 1) are floats


class Space(Mapping[str, Distribution]):
    """A checked mapping from names to distributions, in their order; immutable. `Space.of` makes it.

    >>> import fastdnn as fd
    >>> space = fd.tune.Space.of("example", {"lr": fd.tune.log_uniform(1e-4, 1e-1),
    ...                                      "layers": fd.tune.integers(1, 4)})
    >>> print(space)
    parameter  values
    ─────────  ──────────────────────────
    lr         log-uniform, 0.0001 to 0.1
    layers     whole numbers, 1 to 4
    >>> space.draw(seed=0, trial=3) == space.draw(seed=0, trial=3)
    True
    """

    def __init__(
        self, distributions: dict[str, Distribution], conditions: dict[str, tuple[Condition, ...]]
    ) -> None:
        self._distributions = dict(distributions)
        self._conditions = {name: own for name, own in conditions.items() if own}

    @classmethod
    def of(cls, where: str, given: Any) -> Space:
        """A space of a user's dictionary, or the space that it is.

        Args:
            where: of the errors.
            given: {name: distribution}, some of them spread from `when`.

        Raises:
            ValueError: it is no dictionary of distributions, is empty, a name is no text, two names mean the
                same, or a condition is on an unknown or later parameter, or can never hold.
        """
        if isinstance(given, Space):
            return given
        if not isinstance(given, Mapping) or not given:
            hint = 'such as {"lr": fd.tune.log_uniform(1e-4, 1e-1)}'
            got = "an empty one" if isinstance(given, Mapping) else repr(given)
            raise ValueError(expected(where, "a space as a dictionary {name: distribution}", got, hint))
        distributions, conditions = {}, {}
        for name, each in given.items():
            distributions[_name(where, name)] = _distribution(where, name, each)
            conditions[name] = each.conditions if isinstance(each, Conditional) else ()
        _check_names(where, distributions)
        check_conditions(where, distributions, conditions)
        return cls(distributions, conditions)

    def __getitem__(self, name: str) -> Distribution:
        return self._distributions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._distributions)

    def __len__(self) -> int:
        return len(self._distributions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.signature() == other.signature()

    def __hash__(self) -> int:
        return hash(self.signature())

    def __repr__(self) -> str:
        return f"Space({', '.join(self)})"

    def __str__(self) -> str:
        rows = [[name, each.describe(), self.condition_text(name)] for name, each in self.items()]
        if not self._conditions:
            return table(["parameter", "values"], [row[:2] for row in rows])
        return table(["parameter", "values", "only if"], rows)

    @property
    def conditions(self) -> dict[str, tuple[Condition, ...]]:
        """What must hold for a parameter to be there, of those that are not always."""
        return dict(self._conditions)

    def condition_text(self, name: str) -> str:
        """Its conditions in words; "" where it is always there."""
        return " and ".join(each.describe() for each in self._conditions.get(name, ()))

    def is_active(self, name: str, values: Mapping[str, Any]) -> bool:
        """Whether a parameter is there beside these values of those before it."""
        return all(
            each.parent in values and each.holds(values[each.parent])
            for each in self._conditions.get(name, ())
        )

    def active(self, values: Mapping[str, Any]) -> list[str]:
        """The names that belong to these values: without conditions, or with such as hold."""
        names: list[str] = []
        for name in self:
            if self.is_active(name, {each: values[each] for each in names if each in values}):
                names.append(name)
        return names

    def at(self, u: Mapping[str, float]) -> dict[str, Any]:
        """The values at a number of [0, 1] for each name, less parameters whose conditions do not hold.

        Raises:
            ValueError: a number is missing, or is outside.
        """
        values: dict[str, Any] = {}
        for name, each in self.items():
            if not self.is_active(name, values):
                continue
            if name not in u:
                raise ValueError(expected("Space.at", f"a number in [0, 1] for {name!r}", "none"))
            values[name] = each.at(u[name])
        return values

    def draw(self, seed: int, trial: int) -> dict[str, Any]:
        """Random values of one trial, a function of (seed, trial, name) alone.

        Each parameter has a stream of its own, so one more parameter changes no other's values, and no trial
        waits for those before it.

        Raises:
            ValueError: seed or trial is no whole number >= 0.
        """
        seed, trial = whole("Space.draw", "seed", seed), whole("Space.draw", "trial", trial)
        return self.at({name: _uniform(seed, trial, name) for name in self})

    def grid(self, n: int | Mapping[str, int]) -> list[dict[str, Any]]:
        """The points of a grid, the last parameter's values turning fastest; none twice.

        Args:
            n: the most points, up to a million; ranges then get as many values each as fit, earlier ones one
                more where that fits. Or {name: number of values}; choices have all their options always, and
                may be left out.

        Raises:
            ValueError: n is no such number, too small for all options of the choices, or of an unknown name.
        """
        return grid_points(self, n)

    def zoomed(self, good: Iterable[Mapping[str, Any]], share: float = 0.25) -> Space:
        """The smallest space within this one that holds these points; what none of them has stays as it is.

        Args:
            good: values by name, of good trials.
            share: of each range, which the new one is not narrower than, 0 < share <= 1.

        Raises:
            ValueError: there is no point, or one is outside.
        """
        points = list(good)
        if not points:
            raise ValueError(expected("Space.zoomed", "at least one good point", "none"))
        found = dict(self._distributions)
        for name, each in self.items():
            values = [point[name] for point in points if name in point]
            found[name] = each.zoomed(values, share) if values else each
        return Space(found, self._conditions)

    def signature(self) -> str:
        """All of it as JSON, the same text for the same space in every process."""
        parameters = [{"name": name, **each.as_json()} for name, each in self.items()]
        for each in parameters:
            if own := self._conditions.get(each["name"]):
                each["only_if"] = [condition.as_json() for condition in own]
        return json.dumps(parameters, ensure_ascii=True, separators=(",", ":"))


def _uniform(seed: int, trial: int, name: str) -> float:
    raw = bits(seed, f"tune {trial} {name}").random_raw()
    return float((int(raw) >> 11) * _UNIT)


def _name(where: str, name: Any) -> str:
    if not is_text(name) or not name:
        raise ValueError(expected(where, "names of parameters as texts", repr(name)))
    return name


def _distribution(where: str, name: str, given: Any) -> Distribution:
    if isinstance(given, Conditional):
        return given.distribution
    if isinstance(given, Distribution):
        return given
    raise ValueError(expected(where, f"a distribution for {name!r}", _said(given), hint_for(given)))


def _said(given: Any) -> str:
    """In a line."""
    text = " ".join(repr(given).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _check_names(where: str, distributions: dict[str, Distribution]) -> None:
    """No parameter may have the name under which another's logarithm is known to the samplers."""
    taken: dict[str, str] = {}
    for name, each in distributions.items():
        encoded = each.encoded_name(name)
        if encoded in taken:
            wanted = f"another name for {name!r}"
            hint = f"samplers see {taken[encoded]!r} and it as {encoded!r}"
            raise ValueError(expected(where, wanted, "two of one name", hint))
        taken[encoded] = name
