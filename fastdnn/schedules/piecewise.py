"""Rates by a table. t = step + first."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.errors import expected
from fastdnn.schedules.schedule import LearningRateSchedule, registered


@registered
class PiecewiseConstantDecay(LearningRateSchedule):
    """α = values[i] for boundaries[i-1] < t <= boundaries[i]: manual decay by a table.

    Args:
        boundaries: increasing; the last t of each piece but the last.
        values: rates >= 0, one more than boundaries.
        per: of `LearningRateSchedule`; so is first.
        first: of `LearningRateSchedule`.

    Raises:
        ValueError: boundaries out of order, or another number of values.

    Source: Keras 3; decks 000 and 002, "manual decay".

    >>> import fastdnn as fd
    >>> fd.schedules.PiecewiseConstantDecay([2, 4], [0.1, 0.01, 0.001], per="epoch", first=1).values(0, 6)
    array([0.1  , 0.1  , 0.01 , 0.01 , 0.001, 0.001])
    """

    def __init__(
        self, boundaries: Iterable[float], values: Iterable[float], *, per: str = "step", first: int = 0
    ) -> None:
        super().__init__(per=per, first=first)
        where = "PiecewiseConstantDecay"
        self.boundaries = _increasing(where, "boundaries", boundaries)
        self.rates = tuple(number(where, "values", value, 0) for value in values)
        if len(self.rates) != len(self.boundaries) + 1:
            wanted = f"{len(self.boundaries) + 1} values, one more than boundaries"
            raise ValueError(expected(where, wanted, len(self.rates)))

    def rate(self, t: np.ndarray) -> np.ndarray:
        """values[i]."""
        return np.array(self.rates)[np.searchsorted(np.array(self.boundaries), t, side="left")]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {"boundaries": list(self.boundaries), "values": list(self.rates), **super().get_config()}


def _increasing(where: str, name: str, values: Iterable[float]) -> tuple[float, ...]:
    """`values` as floats, each larger than the one before.

    Raises:
        ValueError: they are not.
    """
    given = tuple(number(where, name, value) for value in values)
    if any(left >= right for left, right in itertools.pairwise(given)):
        raise ValueError(expected(where, f"{name} in increasing order", list(given)))
    return given
