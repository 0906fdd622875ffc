"""Times workloads: rounds of fastdnn, of what the machine can do at best, and of NumPy in turn."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fastdnn import _core
from fastdnn.benchmark import machine
from fastdnn.benchmark.numpy_threads import Limiter
from fastdnn.benchmark.row import Figure, Row
from fastdnn.benchmark.workloads import Workload


@dataclass(frozen=True)
class Effort:
    """How long the measuring takes.

    Attributes:
        rounds: of each row.
        seconds: of a round, at least.
        probe_seconds: of a round of the machine's own figures.
        pause_seconds: before each round on several threads: until the other side's idle threads sleep.
        settle_seconds: of untimed work after the pause: until the system has threads on cores of their own.
        memory_bytes: of the arrays for the machine's bandwidth.
    """

    rounds: int
    seconds: float
    probe_seconds: float
    pause_seconds: float
    settle_seconds: float
    memory_bytes: int


# Threads that have nothing to do spin before they sleep, and take the cores from the other side's: OpenBLAS's
# for 2^26 cycles, about 25 ms, or as OPENBLAS_THREAD_TIMEOUT says, libgomp's for a few. Our threads wake
# meanwhile on one core, where the system was seen to leave them for 50 ms and more.
THOROUGH = Effort(
    rounds=9, seconds=1e-2, probe_seconds=2e-3, pause_seconds=0.03, settle_seconds=0.06, memory_bytes=1 << 28
)
QUICK = Effort(
    rounds=3, seconds=1e-3, probe_seconds=5e-4, pause_seconds=0.03, settle_seconds=0.06, memory_bytes=1 << 25
)


def repeats(once: float, wanted: float) -> int:
    """How often something of `once` seconds is done to take `wanted`.

    >>> from fastdnn.benchmark.runner import repeats
    >>> repeats(3e-6, 1e-3), repeats(2.0, 1e-3)
    (334, 1)
    """
    return max(1, math.ceil(wanted / max(once, 1e-9)))


def in_turn(rounds: int, *sides: Callable[[], float]) -> list[list[float]]:
    """A B A B ...: what each side returns."""
    return [
        list(results) for results in zip(*[[side() for side in sides] for _ in range(rounds)], strict=True)
    ]


class Contest:
    """fastdnn and NumPy on the same operands, of which several sets take turns.

    Args:
        workload: what both do.
        threads: of fastdnn; NumPy's are not set here.
    """

    def __init__(self, workload: Workload, threads: int) -> None:
        first = workload.operands()
        others = [workload.operands(seed) for seed in range(1, workload.sets(first, threads))]
        self.operands = [first, *others]
        self._ours = [workload.native(operands, threads) for operands in self.operands]
        self._theirs = [workload.baseline(operands) for operands in self.operands]

    @property
    def footprint(self) -> int:
        """Bytes of all sets."""
        return sum(operands.footprint for operands in self.operands)

    def ours(self, repeat: int, warm_up: bool = True) -> float:
        """Seconds of a call, when each set has `repeat` turns."""
        return _core.kernels.measure(self._ours, repeat, warm_up) / (repeat * len(self.operands))

    def theirs(self, repeat: int) -> float:
        """The same for NumPy."""
        begin = time.perf_counter()
        for _ in range(repeat):
            for call in self._theirs:
                call()
        return (time.perf_counter() - begin) / (repeat * len(self.operands))

    def repeats(self, side: Callable[[int], float], seconds: float) -> int:
        """How many turns each set needs for `side` to take this long, once it is warm."""
        side(1)
        return repeats(side(1) * len(self.operands), seconds)


def measure(workload: Workload, threads: int, effort: Effort, limiter: Limiter) -> Row:
    """Check a workload, then time it.

    Raises:
        ValueError: its results are wrong.
    """
    workload.check(threads)
    contest = Contest(workload, threads)

    def settled(side: Callable[[int], float], count: int) -> float:
        if threads > 1:
            time.sleep(effort.pause_seconds)
            side(max(1, round(count * effort.settle_seconds / effort.seconds)))
        return side(count)

    def yardstick() -> machine.Yardstick:
        if workload.kernel.yardstick == "fma":
            return machine.peak(workload.dtype, threads, effort.probe_seconds)
        pattern, footprint = workload.kernel.yardstick, contest.footprint
        return machine.bandwidth(pattern, threads, footprint, effort.probe_seconds)

    with limiter.limit(threads):
        our_count = contest.repeats(contest.ours, effort.seconds)
        their_count = contest.repeats(contest.theirs, effort.seconds)
        best = yardstick()
        rounds, bests, numpy_rounds = in_turn(
            effort.rounds,
            lambda: settled(contest.ours, our_count),
            lambda: best.rate(rounds=2),  # our idle threads are its own
            lambda: settled(contest.theirs, their_count),
        )
    return Row(
        family=workload.kernel.family,
        kernel=workload.kernel.label,
        shape=workload.shape_text,
        dtype=workload.dtype,
        threads=threads,
        rounds=rounds,
        numpy_seconds=statistics.median(numpy_rounds),
        work=workload.work(contest.operands[0]),
        yardstick=workload.kernel.yardstick,
        bests=bests,
        target=workload.kernel.target(_core.build_info()["isa"], workload.dtype, workload.shape, threads),
        sets=len(contest.operands),
        elements=workload.elements(contest.operands[0]),
    )


def run(
    workloads: Sequence[Workload], threads: Sequence[int], effort: Effort, limiter: Limiter
) -> Iterator[Row]:
    """A row for each workload and number of threads, as they are done."""
    for workload in workloads:
        for count in threads:
            yield measure(workload, count, effort, limiter)


def figures(dtypes: Sequence[str], threads: Sequence[int], effort: Effort) -> list[Figure]:
    """What the machine can do at best now."""
    found = []
    for count in threads:
        for dtype in dtypes:
            rate = machine.peak(dtype, count, effort.probe_seconds).rate()
            found.append(Figure(f"peak {dtype}", count, "FLOP/s", rate))
        for pattern in ("read", "copy", "update"):
            rate = machine.bandwidth(pattern, count, effort.memory_bytes, effort.probe_seconds).rate()
            found.append(Figure(f"{pattern} {effort.memory_bytes >> 20} MiB", count, "B/s", rate))
        if count > 1:
            barriers = machine.barriers(count, effort.probe_seconds).rate()
            found.append(Figure("barrier", count, "s", 1 / barriers))
    return found
