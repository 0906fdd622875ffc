"""Grids of a space: all combinations of a few values of each parameter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from fastdnn.checks import whole
from fastdnn.errors import expected, unknown_name

if TYPE_CHECKING:
    from fastdnn.tune.space import Space

_WHERE = "Space.grid"  # of the errors, unless who asks for a grid has another name
_MOST = 1_000_000  # points: more are nobody's plan, and would not fit into memory


def grid_points(
    space: Space, n: int | Mapping[str, int], where: str = _WHERE, name: str = "n"
) -> list[dict[str, Any]]:
    """The points, by the numbers of values that are given, or as many of each range as fit into n points.

    where, name: of the errors, and of `n` there.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.space_grid import grid_points
    >>> space = fd.tune.Space.of("example", {"a": fd.tune.uniform(0, 1), "b": fd.tune.choice("x", "y")})
    >>> grid_points(space, 7)[:3]
    [{'a': 0.0, 'b': 'x'}, {'a': 0.0, 'b': 'y'}, {'a': 0.5, 'b': 'x'}]
    """
    if isinstance(n, Mapping):
        counts = _given(space, n, where, name)
    else:
        counts = _fitting(space, _number(where, name, n), where, name)
    values = {name: space[name].grid(count) for name, count in counts.items()}
    if count_points(space, values, _MOST) > _MOST:
        raise _too_many(where)
    return list(_points(space, values, list(space), {}))


def _given(space: Space, counts: Mapping[str, int], where: str, called: str) -> dict[str, int]:
    for name in counts:
        if name not in space:
            raise unknown_name(where, f"{called} by parameter", name, space)
    found = {}
    for name, each in space.items():
        if name not in counts and not _is_whole(each):
            hint = f"such as {called}={dict(counts) | {name: 5}}"
            raise ValueError(expected(where, f"a number of values for {name!r}", "none", hint))
        found[name] = _number(where, f"the number of values of {name!r}", counts.get(name, 1))
    return found


def _fitting(space: Space, most: int, where: str, called: str) -> dict[str, int]:
    """The largest number that all ranges can have, then one more for each in turn, while it fits."""
    limits = {name: 1 if _is_whole(each) else each.size or most for name, each in space.items()}

    tied = _tied(space)

    @cache
    def values(name: str, count: int) -> Sequence[Any]:
        """Of a continuous range that no condition is about their number is all that counts."""
        return range(count) if space[name].size is None and name not in tied else space[name].grid(count)

    def counted(counts: dict[str, int]) -> int:
        return count_points(space, {name: values(name, count) for name, count in counts.items()}, most)

    def level(count: int) -> dict[str, int]:
        return {name: min(count, limit) for name, limit in limits.items()}

    if counted(level(1)) > most:
        fewest = count_points(space, {name: space[name].grid(1) for name in space}, _MOST)
        if fewest > _MOST:
            raise _too_many(where)
        hint = f"all options of a choice are in a grid; give {called}={fewest} or draw at random"
        wanted = f"{called} of at least {fewest:,} for a grid of this space"
        raise ValueError(expected(where, wanted, most, hint))
    low, high = 1, most + 1  # the largest level that fits, between these
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if counted(level(middle)) <= most else (low, middle)
    counts = level(low)
    for name, limit in limits.items():
        more = counts | {name: min(counts[name] + 1, limit)}
        counts = more if counted(more) <= most else counts
    return counts


def _too_many(where: str) -> ValueError:
    return ValueError(expected(where, f"at most {_MOST:,} points in a grid", "more", "draw at random"))


def _number(where: str, name: str, given: Any) -> int:
    if whole(where, name, given, 1) > _MOST:
        raise ValueError(expected(where, f"{name} up to {_MOST:,}", repr(given), "draw at random"))
    return int(given)


def _is_whole(distribution: Any) -> bool:
    """Whether a grid has all of its values, however many are asked for: those of a choice."""
    return distribution.size is not None and len(distribution.grid(1)) == distribution.size


def count_points(space: Space, values: Mapping[str, Sequence[Any]], most: int) -> int:
    """How many points these values have; where they are more than `most`, some number above it. Those of
    parameters that no condition is about are multiplied, so only the others' are gone through.
    """
    tied = _tied(space)
    each = math.prod(len(values[name]) for name in space if name not in tied)
    count = 0
    for _ in _points(space, values, tied, {}):
        count += each
        if count > most:
            break
    return count


def _tied(space: Space) -> list[str]:
    """The parameters that conditions are about: those that have some, and those that they look at."""
    conditions = space.conditions
    parents = {condition.parent for own in conditions.values() for condition in own}
    return [name for name in space if name in conditions or name in parents]


def _points(
    space: Space, values: Mapping[str, Sequence[Any]], names: list[str], chosen: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    if not names:
        yield dict(chosen)
        return
    name, rest = names[0], names[1:]
    if not space.is_active(name, chosen):
        yield from _points(space, values, rest, chosen)
        return
    for value in values[name]:
        yield from _points(space, values, rest, {**chosen, name: value})
