"""What comes out: a row for each network and number of threads, with fastdnn and its peers in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastdnn.benchmark.amounts import duration, three_digits
from fastdnn.benchmark.row import change


@dataclass(frozen=True)
class Result:
    """Of one framework.

    Attributes:
        value: seconds or bytes.
        spread: the range of the middle half of the rounds, as a share of the median.
        way: how it was run, where there are several ways.
        extra: what else is worth knowing, such as epochs.
    """

    value: float
    spread: float = 0.0
    way: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NetworkRow:
    """fastdnn and its peers at one thing to do.

    Attributes:
        family: the heading of its table.
        case: what is done: a network, a number of rows.
        detail: shapes and the like.
        threads: CPUs that each framework had, and was told to use.
        unit: "s" or "B", of all results.
        results: by framework, fastdnn among them.
        flops: of the products, or None where there is no floor.
        best_before: FLOP/s of fused multiply-adds on as many threads before.
        best_after: and after.
        targets: "floor": at most so many floors; a peer: at least so many times faster.
    """

    family: str
    case: str
    detail: str
    threads: int
    unit: str
    results: Mapping[str, Result]
    flops: int | None = None
    best_before: float | None = None
    best_after: float | None = None
    targets: Mapping[str, float] = field(default_factory=dict)

    def value_text(self, result: Result) -> str:
        """Seconds, or megabytes."""
        return duration(result.value) if self.unit == "s" else f"{three_digits(result.value / 1e6)} MB"

    @property
    def ours(self) -> Result:
        """fastdnn's."""
        return self.results["fastdnn"]

    @property
    def floor(self) -> float | None:
        """Seconds that the products take at the better one of two peaks."""
        if self.flops is None or self.best_before is None or self.best_after is None:
            return None
        return self.flops / max(self.best_before, self.best_after)

    @property
    def times_floor(self) -> float | None:
        """Our time in floors."""
        return None if self.floor is None else self.ours.value / self.floor

    @property
    def drift(self) -> float:
        """By how much the peak changed."""
        if self.best_before is None or self.best_after is None:
            return 0.0
        return change(self.best_before, self.best_after)

    @property
    def ratios(self) -> dict[str, float]:
        """Each peer's value by ours: above 1 we are better."""
        return {
            name: result.value / self.ours.value for name, result in self.results.items() if name != "fastdnn"
        }

    @property
    def missed(self) -> dict[str, float]:
        """What is reached instead of the targets that are not; a peer that is not there is no miss."""
        reached = dict(self.ratios)
        if self.times_floor is not None:
            reached["floor"] = self.times_floor
        return {
            name: reached[name]
            for name, target in self.targets.items()
            if name in reached
            and not (reached[name] <= target if name == "floor" else reached[name] >= target)
        }
