"""Values drawn at random, each trial's independent of all others, but for points that were there before."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from fastdnn.tune.methods.distinct import random_points
from fastdnn.tune.methods.method import Method
from fastdnn.tune.trial import Trial


class Random(Method):
    """`Space.draw` for each number, all in one generation. Of a space of choices and whole numbers alone no
    point is drawn twice, so there are no more trials than points.

    Source: Bergstra & Bengio, "Random search for hyper-parameter optimization", JMLR 13, 2012; deck 002,
    "Try random values: Don't use a grid": 25 trials try 25 different values of each parameter.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.methods import Random
    >>> space = fd.tune.Space.of("example", {"a": fd.tune.uniform(0, 1), "b": fd.tune.uniform(0, 1)})
    >>> len({point["a"] for point in Random(space, 25, seed=0).propose(0, [])})
    25
    """

    extends = True

    @property
    def generations(self) -> int:
        """One."""
        return 1

    @property
    def planned(self) -> int:
        """The trials, or all different points of the space, where these are fewer."""
        return len(self._points)

    @cached_property
    def _points(self) -> list[dict[str, Any]]:
        return random_points(self.space, self.seed, self._most)

    def propose(self, generation: int, done: Sequence[Trial]) -> list[dict[str, Any]]:
        """All of them."""
        return [*self._points]
