"""What the files of this folder share: `time_workload`, for fastdnn and for NumPy, on one and two threads.

    pytest bench --benchmark-only         times everything; `fastdnn bench kernels` prints a better table
    pytest bench --benchmark-disable      checks every workload once

The workloads are those of fastdnn.benchmark.
"""

import pytest

from fastdnn import _core
from fastdnn.benchmark import numpy_threads, runner

THREADS = (1, 2)


class Clock:
    """The timer of pytest-benchmark: it moves by what a call took, as the contest has measured it."""

    __name__ = "seconds of a call, natively"

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


CLOCK = Clock()


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.benchmark(timer=CLOCK))


def pytest_generate_tests(metafunc):
    if "contender" in metafunc.fixturenames:
        timed = [(side, threads) for threads in THREADS for side in ("fastdnn", "numpy")]
        contenders = [("check", 1)] if metafunc.config.option.benchmark_disable else timed
        metafunc.parametrize("contender", contenders, ids=[f"{side}-{n}" for side, n in contenders])


@pytest.fixture
def time_workload(benchmark, contender):
    """time_workload(workload): checks it, then times one side, calling it as often as makes a round long."""
    side, threads = contender

    def check_only(workload):
        benchmark(workload.check)

    def run(workload):
        workload.check(threads)
        contest = runner.Contest(workload, threads)
        limiter = numpy_threads.limiter(THREADS)
        assert limiter is not None, "threadpoolctl is needed; it comes with the test extra"
        side_of = {"fastdnn": contest.ours, "numpy": contest.theirs}[side]

        def tick():
            CLOCK.now += side_of(count)

        with limiter.limit(threads):
            count = contest.repeats(side_of, runner.THOROUGH.seconds)
            benchmark.group = str(workload)
            benchmark.pedantic(tick, rounds=runner.THOROUGH.rounds, iterations=1)
        rate = workload.work(contest.operands[0]) / benchmark.stats.stats.median
        benchmark.extra_info |= {"threads": threads, "sets": len(contest.operands), "FLOP/s or B/s": rate}
        benchmark.extra_info |= {name: _core.build_info()[name] for name in ("isa", "cpu")}

    return check_only if side == "check" else run
