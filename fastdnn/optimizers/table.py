"""The numbers of an optimiser's steps, set and scheduled, as a table for a run."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastdnn.optimizers.scalars import Number, Range, Schedule, per_of, values_of

_BLOCK = 16384  # steps of one table of scheduled numbers, so that it takes two megabytes at most


class Numbers:
    """Hyper-parameters by name, each a number, a schedule, or None for no limit.

    where: whose they are, for messages.
    ranges: of each.
    """

    def __init__(self, where: str, ranges: Mapping[str, Range]) -> None:
        self._where = where
        self._ranges = dict(ranges)
        self.given: dict[str, Number | None] = {}
        self._by_step = False  # whether one is scheduled by step
        self._by_epoch = False
        self._changes = 0
        self._table: tuple[tuple[int, int], int, np.ndarray] | None = None  # made for; first step; itself

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "given": dict(self.given), "_table": None}

    def set(self, name: str, value: Number | None) -> None:
        """Give a hyper-parameter another number or schedule, from the next table on."""
        self.given[name] = value
        by = {per_of(schedule) for schedule in self.schedules.values()}
        self._by_step, self._by_epoch = "step" in by, "epoch" in by
        self._changes += 1

    @property
    def schedules(self) -> dict[str, Schedule]:
        """Those that are scheduled."""
        return {name: value for name, value in self.given.items() if callable(value)}

    def of_steps(self, name: str, first: int, n: int, epoch: int) -> np.ndarray:
        """A hyper-parameter's numbers at steps first, first + 1, ... of an epoch: float64 (n,).

        Raises:
            ValueError: a schedule gives a number that is out of its range, or none.
        """
        value = self.given[name]
        if value is None:
            return np.full(n, math.inf)
        if not callable(value):
            return np.full(n, value)
        if per_of(value) == "epoch":
            return values_of(self._where, name, value, epoch, 1, self._ranges[name]).repeat(n)
        return values_of(self._where, name, value, first, n, self._ranges[name])

    def steps_of_table(self, first: int, steps: int) -> int:
        """How many of so many steps a table should have: all, or where numbers are scheduled by step those up
        to the next multiple of some thousands.
        """
        return min(steps, _BLOCK - first % _BLOCK) if self._by_step else steps

    def table(
        self,
        columns: Sequence[str],
        first: int,
        steps: int,
        epoch: int,
        check: Callable[[np.ndarray], None],
    ) -> np.ndarray:
        """The numbers of steps: (steps, columns), or one row for all where nothing is scheduled by step. It
        is kept for the run that goes on with some of the same steps; but for a single step what is scheduled
        is asked anew, since a schedule's own settings may have changed. A new one is checked.
        """
        made_for = (self._changes, epoch if self._by_epoch else 0)
        may_keep = steps > 1 or not self._by_epoch
        if may_keep and self._table is not None and self._table[0] == made_for:
            _, begin, kept = self._table
            if not self._by_step:
                return kept
            if begin <= first and first + steps <= begin + len(kept):
                return kept[first - begin : first - begin + steps]
        rows = steps if self._by_step else 1
        table = np.column_stack([self.of_steps(name, first, rows, epoch) for name in columns])
        check(table)
        self._table = (made_for, first, table)
        return table
