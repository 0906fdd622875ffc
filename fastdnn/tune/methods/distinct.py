"""Random points of a space in which there are few different ones: none of them twice."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from fastdnn.data.draws import bits
from fastdnn.tune.space import Space
from fastdnn.tune.space_grid import count_points

_LISTED = 10_000  # points of a space that are counted, and listed where most of them have been drawn
_PATIENCE = 20  # draws without a new point: about nine in ten have been drawn


def point_count(space: Space) -> int | None:
    """How many different points there are, up to 10,000; None where there are more, or a range is continuous.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.methods.distinct import point_count
    >>> given = {"units": fd.tune.powers_of_two(8, 64), "activation": fd.tune.choice("relu", "tanh")}
    >>> point_count(fd.tune.Space.of("example", given))
    8
    >>> point_count(fd.tune.Space.of("example", given | {"lr": fd.tune.uniform(0, 1)})) is None
    True
    """
    sizes = [each.size for each in space.values()]
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes) or max(known) > _LISTED:
        return None
    values = {name: each.grid(each.size or 1) for name, each in space.items()}
    count = count_points(space, values, _LISTED)
    return count if count <= _LISTED else None


def random_points(space: Space, seed: int, n: int) -> list[dict[str, Any]]:
    """The first n of an endless row of draws, which depends on space and seed alone; where all combinations
    are finitely many, of different ones, and no more than there are.

    A point that was drawn before is left out. Where hardly a new one comes, of spaces up to 10,000 points,
    those that are left follow in an order of the seed's; of larger ones the next may be one that was there.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.methods.distinct import random_points
    >>> space = fd.tune.Space.of("example", {"units": fd.tune.powers_of_two(8, 64)})
    >>> sorted(point["units"] for point in random_points(space, 0, 20))
    [8, 16, 32, 64]
    >>> random_points(space, 0, 20)[:2] == random_points(space, 0, 2)
    True
    """
    if any(each.size is None for each in space.values()):
        return [space.draw(seed, number) for number in range(n)]
    return list(islice(_different(space, seed), n))


def _different(space: Space, seed: int) -> Iterator[dict[str, Any]]:
    seen: set[tuple[Any, ...]] = set()
    count, misses, number = point_count(space), 0, 0
    while count is None or (len(seen) < count and misses < _PATIENCE):
        point = space.draw(seed, number)
        number, key = number + 1, _key(space, point)
        if key in seen and misses < _PATIENCE:
            misses += 1
        else:
            misses = 0
            seen.add(key)
            yield point
    left = [point for point in _all(space) if _key(space, point) not in seen]
    order = bits(seed, "tune points").random_raw(len(left)).argsort() if left else ()
    yield from (left[place] for place in order)


def _all(space: Space) -> list[dict[str, Any]]:
    return space.grid({name: each.size or 1 for name, each in space.items()})


def _key(space: Space, point: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells a point from others: options of a choice may have no hash."""
    return tuple((name, space[name].encode(value)) for name, value in point.items())
