"""All combinations of a few values of each parameter."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from fastdnn.tune.methods.method import Method
from fastdnn.tune.space_grid import grid_points
from fastdnn.tune.trial import Trial


class Grid(Method):
    """The points of `Space.grid`, all in one generation.

    Source: deck 002, "Try random values: Don't use a grid": 25 trials of two parameters try 5 different
    values of each.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.methods import Grid
    >>> space = fd.tune.Space.of("example", {"a": fd.tune.uniform(0, 1), "b": fd.tune.uniform(0, 1)})
    >>> len({point["a"] for point in Grid(space, 25, seed=0).propose(0, [])})
    5
    """

    @property
    def generations(self) -> int:
        """One."""
        return 1

    @property
    def planned(self) -> int:
        """The points."""
        return len(self._points)

    def propose(self, generation: int, done: Sequence[Trial]) -> list[dict[str, Any]]:
        """All points."""
        return [*self._points]

    @cached_property
    def _points(self) -> list[dict[str, Any]]:
        return grid_points(self.space, self.n_trials, "search", "n_trials")
