"""What the files of this folder share.

`time_workload` is for kernels, of fastdnn and NumPy; `time_calls` for whole networks, of fastdnn alone; both
on one and two threads.

    pytest bench --benchmark-only         times everything; `fastdnn bench` prints better tables
    pytest bench --benchmark-disable      checks every workload once

The workloads are those of fastdnn.benchmark.
"""

import time

import pytest

import fastdnn as fd
from fastdnn import _core
from fastdnn.benchmark import numpy_threads, runner
from fastdnn.benchmark.networks import suite

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
        if "time_calls" in metafunc.fixturenames:
            timed = [("fastdnn", threads) for threads in THREADS]
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


@pytest.fixture
def time_calls(benchmark, contender):
    """time_calls(check, repeat, calls): checks, then times repeat(count), which does count times `calls`."""
    side, threads = contender

    def run(check, repeat, calls=1):
        if side == "check":
            benchmark(check)
            return
        check()

        def timed(count):
            begin = time.perf_counter()
            repeat(count)
            return (time.perf_counter() - begin) / (count * calls)

        def tick():
            CLOCK.now += timed(count)

        with fd.threads(threads):
            timed(1)
            count = runner.repeats(timed(1) * calls, suite.THOROUGH.seconds)
            benchmark.pedantic(tick, rounds=suite.THOROUGH.rounds, iterations=1)
        benchmark.extra_info |= {"threads": threads}
        benchmark.extra_info |= {name: _core.build_info()[name] for name in ("isa", "cpu")}

    return run
