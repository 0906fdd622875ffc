"""Teams of threads: shares, barriers, exceptions, limits and forks."""

import pytest
from interpreters import output

from fastdnn import _core
from fastdnn._core import testing

THREADING = _core.build_info()["threading"]
needs_threads = pytest.mark.skipif(
    THREADING == "serial", reason="this build has no threads: teams are of one"
)
needs_openmp = pytest.mark.skipif(
    THREADING != "openmp", reason=f"this build's threads are {THREADING}, not OpenMP"
)


def shares_of(threads, n, grain=1, rounds=1):
    """[first, last) of each rank."""
    report = testing.team_report(threads, n, grain, rounds)
    assert [row[0] for row in report] == list(range(len(report))), f"ranks {report}"
    assert {row[1] for row in report} == {len(report)}, f"sizes {report}"
    return [(first, last) for _, _, first, last in report]


@needs_threads
@pytest.mark.parametrize("threads", range(1, 9))
def test_as_many_threads_as_asked_for(threads):
    """Tests of same bits for several threads rest on this one."""
    assert len(shares_of(threads, 100)) == threads


@pytest.mark.parametrize("threads", range(1, 9))
@pytest.mark.parametrize("grain", [1, 3, 16, 64])
def test_shares_cover_everything_once_in_whole_grains(threads, grain):
    for n in (0, 1, 2, 3, 7, 8, 15, 16, 17, 63, 64, 65, 100, 257, 4099):
        shares = shares_of(threads, n, grain)
        ends = [0, *(last for _, last in shares)]
        assert [first for first, _ in shares] == ends[:-1], f"n {n}: gaps or overlaps in {shares}"
        assert ends[-1] == n, f"n {n}: {shares}"
        assert all(end % grain == 0 for end in ends if end != n), f"n {n}: cut grains in {shares}"
        grains = [-(-(last - first) // grain) for first, last in shares]
        assert max(grains) - min(grains) <= 1, f"n {n}: unbalanced {shares}"


@pytest.mark.parametrize("threads", range(1, 9))
def test_barriers_keep_order(threads):
    shares_of(threads, 10, rounds=200)  # raises where a thread has not arrived


def test_many_more_threads_than_cores_finish():
    shares = shares_of(64, 1000, rounds=50)
    assert len(shares) == (1 if THREADING == "serial" else 64)


@pytest.mark.parametrize("threads", range(1, 9))
def test_an_exception_of_any_rank_is_raised_and_the_next_call_works(threads):
    size = len(shares_of(threads, 1))
    for rank in range(size):
        for _ in range(10):
            with pytest.raises(ValueError, match=f"thrown by rank {rank}"):
                testing.team_throw(threads, rank)
        assert len(shares_of(threads, 10, rounds=3)) == size
    testing.team_throw(threads, size)  # there is no such rank: nothing is thrown


@pytest.mark.parametrize("threads", [0, -1, -(2**31)])
def test_refuses_no_threads(threads):
    with pytest.raises(ValueError, match=rf"\[run_team\] expected at least one thread, got {threads}"):
        testing.team_report(threads, 10, 1, 1)


@needs_openmp
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_fewer_threads_than_asked_for(limit):
    """The size is read in the region: with the number asked for, the barrier would wait for ever."""
    code = """
        from fastdnn._core import testing
        print([row[1:] for row in testing.team_report(4, 9, 1, 5)])
    """
    sizes = {1: [[1, 0, 9]], 2: [[2, 0, 4], [2, 4, 9]], 3: [[3, 0, 3], [3, 3, 6], [3, 6, 9]]}
    assert output(code, OMP_THREAD_LIMIT=str(limit)) == str(sizes[limit])


@needs_openmp
def test_other_settings_of_openmp_do_not_hang():
    code = """
        from fastdnn._core import testing
        for threads in range(1, 9):
            report = testing.team_report(threads, 100, 1, 5)
            assert report[-1][3] == 100, report
            assert len(report) <= threads, report
        print("good")
    """
    for name, value in [
        ("OMP_DYNAMIC", "true"),
        ("OMP_NUM_THREADS", "1"),
        ("OMP_MAX_ACTIVE_LEVELS", "0"),
        ("OMP_WAIT_POLICY", "passive"),
        ("OMP_PROC_BIND", "true"),
    ]:
        assert output(code, **{name: value}) == "good", f"{name}={value}"


FORK = """
    import os, signal, sys, warnings
    warnings.simplefilter("ignore")
    from fastdnn._core import testing

    def region(threads=4):
        return len(testing.team_report(threads, 100, 1, 3))

    want = region()
    for _ in range(5):
        child = os.fork()
        if child == 0:
            signal.alarm(30)  # a child that hangs ends, and with another status
            good = region() == want and region(2) == min(want, 2)
            grandchild = os.fork()
            if grandchild == 0:
                os._exit(0 if region() == want else 1)
            _, status = os.waitpid(grandchild, 0)
            os._exit(0 if good and status == 0 else 1)
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        assert region() == want
    print("good")
"""


def test_a_forked_child_runs_regions():
    assert output(FORK) == "good"


def test_regions_of_many_python_threads_at_once():
    code = """
        from concurrent.futures import ThreadPoolExecutor
        from fastdnn._core import testing
        def region(threads):
            return len(testing.team_report(threads, 100, 1, 20)) <= threads
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(region, [1, 2, 3, 4] * 10))
        print("good")
    """
    assert output(code) == "good"
