"""What comes out: a row for each workload and number of threads, and the machine's own figures."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def change(before: float, after: float) -> float:
    """By how much two figures differ, as a share of the larger one.

    >>> from fastdnn.benchmark.row import change
    >>> change(100.0, 90.0)
    0.1
    """
    return abs(after - before) / max(before, after)


def spread(rounds: Sequence[float]) -> float:
    """The range in which the middle half of the rounds lies, as a share of their median.

    >>> from fastdnn.benchmark.row import spread
    >>> spread([1.0, 2.0, 2.0, 3.0, 9.0])
    0.5
    """
    if len(rounds) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(rounds, n=4, method="inclusive")
    return (high - low) / middle


class Timed:
    """What a row with rounds knows of them."""

    rounds: Sequence[float]  # seconds of each

    @property
    def seconds(self) -> float:
        """Their median."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> float:
        """The range of the middle half of the rounds, as a share of the median."""
        return spread(self.rounds)


@dataclass(frozen=True)
class Row(Timed):
    """What came out for a workload on a number of threads.

    Attributes:
        family: of the kernel.
        kernel: its label.
        shape: sizes, as the workload names them.
        dtype: of the numbers.
        threads: of fastdnn, and of NumPy's products; NumPy does all else on one.
        rounds: seconds of a call in each round.
        numpy_seconds: of NumPy's call.
        work: floating-point operations, or bytes moved, of one call.
        yardstick: 'fma', or the pattern of memory.
        bests: work in a second that the yardstick allowed after each round.
        target: the share to be reached, or None.
        sets: of operands that took turns.
        elements: of the result of a call, where the speed is told in them, or None.
    """

    family: str
    kernel: str
    shape: str
    dtype: str
    threads: int
    rounds: list[float]
    numpy_seconds: float
    work: int
    yardstick: str
    bests: list[float]
    target: float | None
    sets: int
    elements: int | None

    @property
    def rate(self) -> float:
        """FLOP/s or B/s."""
        return self.work / self.seconds

    @property
    def speed(self) -> tuple[float, str]:
        """What is told, with its unit."""
        if self.elements is not None:
            return self.elements / self.seconds, "elem/s"
        return self.rate, "FLOP/s" if self.yardstick == "fma" else "B/s"

    @property
    def share(self) -> float:
        """Of what the yardstick allowed.

        A processor's arithmetic has one peak: the best that was seen counts. The memory is shared with
        whoever else the machine serves: each round is compared with the pass that followed it, and the median
        of these shares counts.
        """
        if self.yardstick == "fma":
            return self.rate / max(self.bests)
        pairs = zip(self.rounds, self.bests, strict=True)
        return statistics.median(self.work / seconds / best for seconds, best in pairs)

    @property
    def drift(self) -> float:
        """By how much the yardstick changed: its spread."""
        return spread(self.bests)

    @property
    def reached(self) -> bool | None:
        """Whether the target is, where there is one."""
        return None if self.target is None else self.share >= self.target

    @property
    def times_numpy(self) -> float:
        """How many times faster than NumPy."""
        return self.numpy_seconds / self.seconds


@dataclass(frozen=True)
class Figure:
    """One of the machine's own, before and after all rows.

    Attributes:
        name: such as "peak float32".
        threads: how many took part.
        unit: "FLOP/s", "B/s" or "s".
        before: at the start.
        after: at the end, or None when it did not come to that.
    """

    name: str
    threads: int
    unit: str
    before: float
    after: float | None = None
