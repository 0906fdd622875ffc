"""What comes out: a row for each way of a searcher."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastdnn.benchmark.row import Timed


@dataclass(frozen=True)
class TuningRow(Timed):
    """A searcher in one arrangement.

    Attributes:
        name: the searcher.
        way: its arrangement.
        rounds: seconds of a whole search in each round.
        error: the best dev error.
        our_seconds: of fastdnn's two jobs, the median of the same rounds.
        our_error: likewise.
        target: at least so many times our seconds, or None.
    """

    name: str
    way: str
    rounds: Sequence[float]
    error: float
    our_seconds: float
    our_error: float
    target: float | None

    @property
    def ratio(self) -> float:
        """Its seconds by ours."""
        return self.seconds / self.our_seconds

    @property
    def reached(self) -> bool | None:
        """Whether the target is, with a dev error of ours that is no worse."""
        return None if self.target is None else self.ratio >= self.target and self.our_error <= self.error

    @property
    def drift(self) -> float:
        """There is no yardstick."""
        return 0.0
