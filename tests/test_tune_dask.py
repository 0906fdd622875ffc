"""Searches on a Dask cluster: the same table, each trial once, whatever dies."""

import contextlib
import functools
import logging
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import optuna_or_skip  # noqa: F401
import pytest
import searches
from interpreters import environment
from searches import build, marking_build, rows, search
from study_checks import states_by_slot

import fastdnn as fd
from fastdnn.tune import dask_cluster

distributed = pytest.importorskip("distributed", reason="needs Dask, of the extra `dask`")


@contextlib.contextmanager
def cluster(allowed_failures, lost_after="15s"):
    """A client of two worker processes; the scheduler gives a task up when more of them died of it."""
    import dask

    paths = os.pathsep.join([str(pathlib.Path(searches.__file__).parent), os.environ.get("PYTHONPATH", "")])
    settings = {
        "distributed.scheduler.allowed-failures": allowed_failures,
        "distributed.nanny.pre-spawn-environ.PYTHONPATH": paths,
        "distributed.deploy.lost-worker-timeout": lost_after,
    }
    given = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(processes=True, **given) as made,
        distributed.Client(made) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def client():
    with cluster(allowed_failures=3) as client:
        yield client


def begun(folder):
    """How many builds the workers have begun."""
    return sum(len(path.read_text().split()) for path in folder.iterdir() if path.name != str(os.getpid()))


def wait_until(true, seconds=30):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def kill(client, count, marks):
    """Kill so many workers when each is in its second build, where it waits for that."""
    pids = sorted(client.run(os.getpid).values())[:count]

    def wait_and_kill():
        wait_until(lambda: begun(marks) >= 4)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        (marks / "go").touch()

    thread = threading.Thread(target=wait_and_kill)
    thread.start()
    return thread


def assert_idle(client):
    """All workers do what they are told, soon."""
    client.wait_for_workers(2, timeout=30)
    for address in client.nthreads():
        assert client.submit(os.getpid, workers=[address], pure=False).result(timeout=20) > 0


def test_the_trials_are_those_of_threads(client, alone):
    found = search(executor=client)
    assert rows(found) == rows(alone)
    assert found.table() == alone.table()


@pytest.mark.parametrize(
    "given",
    [
        {"method": "bayesian", "generation_size": 4, "epochs": 9, "pruner": "successive_halving"},
        {"method": "coarse_to_fine", "cv": 3, "stages": 2},
        {"method": "evolutionary", "generation_size": 4, "batch_size": fd.tune.powers_of_two(8, 64)},
    ],
)
def test_methods_that_learn_rungs_and_folds_are_those_of_threads(client, given):
    assert rows(search(executor=client, **given)) == rows(search(jobs=2, **given))


def test_a_build_of_the_script_or_a_lambda_can_be_sent(client, alone):
    assert rows(search(executor=client, build=lambda p: build(p))) == rows(alone)


@pytest.mark.filterwarnings("ignore:.*a build that reads the parameter")
@pytest.mark.parametrize(("given", "threads"), [({}, 1), ({"threads_per_trial": 2, "jobs": 1}, 2)])
def test_the_threads_of_a_trial_are_those_that_were_said(client, tmp_path, given, threads):
    class Telling(fd.Sequential):
        def fit(self, *arguments, **named):
            (tmp_path / f"{os.getpid()}-{time.monotonic_ns()}").write_text(str(named["threads"]))
            return super().fit(*arguments, **named)

    def told(p):
        model = Telling([fd.Input((8,)), fd.layers.Dense(3)])
        loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(fd.optimizers.Adam(p["lr"]), loss)
        return model

    search(executor=client, build=told, n_trials=4, **given)
    said = [path for path in tmp_path.iterdir() if not path.name.startswith(f"{os.getpid()}-")]
    assert [path.read_text() for path in said] == [str(threads)] * 4


def test_a_worker_killed_in_mid_search_costs_no_trial_and_none_is_done_twice(client, alone, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    killer = kill(client, 1, marks)
    storage = tmp_path / "journal"
    held = functools.partial(marking_build, folder=marks, holds_at=2)
    found = search(executor=client, build=held, storage=storage)
    killer.join()
    assert begun(marks) > 12  # what the killed one ran was begun again
    assert rows(found) == rows(alone)
    assert found.table() == alone.table()
    assert states_by_slot(storage) == {number: ["COMPLETE"] for number in range(12)}


def test_data_that_were_lost_with_all_workers_are_sent_again(client, alone, tmp_path):
    client.wait_for_workers(2, timeout=30)
    marks = tmp_path / "marks"
    marks.mkdir()
    killer = kill(client, 2, marks)
    storage = tmp_path / "journal"
    held = functools.partial(marking_build, folder=marks, holds_at=2)
    found = search(executor=client, build=held, storage=storage)
    killer.join()
    assert rows(found) == rows(alone)
    assert states_by_slot(storage) == {number: ["COMPLETE"] for number in range(12)}


# Less than a worker takes to begin: a cluster that looks then, and closes what is not there, comes too early.
AT_ONCE = "100ms"


def deadly(*trials):
    """A build that takes its worker with it in these trials."""
    here, rates = os.getpid(), [trial.params["lr"] for trial in trials]

    def kills(p):
        if p["lr"] in rates and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return build(p)

    return kills


def test_trials_that_kill_their_workers_have_failed_and_no_others(alone, tmp_path):
    import dask

    timeout = dask.config.get("distributed.deploy.lost-worker-timeout")
    kills = deadly(alone.trials[0], alone.trials[2])
    with cluster(allowed_failures=0, lost_after=AT_ONCE) as client:
        found = search(executor=client, build=kills, n_trials=8, storage=tmp_path / "journal")
    for trial in (found.trials[0], found.trials[2]):
        assert trial.state == "failed"
        assert re.fullmatch("the Dask workers that ran it died, [13] times?", trial.reason)
    others = [row for row in rows(alone)[:8] if row[0] not in (0, 2)]
    assert [row for row in rows(found) if row[0] not in (0, 2)] == others
    assert dask.config.get("distributed.deploy.lost-worker-timeout") == timeout


def test_trials_whose_workers_died_for_good_are_told(alone, monkeypatch):
    """Workers that are not begun again: of a LocalCluster that belongs to someone else, and gives them up."""
    monkeypatch.setattr(dask_cluster, "PATIENCE", 3)
    kills = deadly(alone.trials[0], alone.trials[2])
    with (
        cluster(allowed_failures=0, lost_after=AT_ONCE) as client,
        distributed.Client(client.scheduler.address) as other,
    ):
        said = r"got one without workers for 3 s, the last of which died while they ran trials? [02]"
        with pytest.raises(RuntimeError, match=said):
            search(executor=other, build=kills, n_trials=8)


def test_ctrl_c_cancels_what_runs(client, tmp_path):
    client.wait_for_workers(2, timeout=30)
    marks, journal = tmp_path / "marks", tmp_path / "journal"
    marks.mkdir()

    def interrupt():
        wait_until(lambda: begun(marks) >= 2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    long = functools.partial(marking_build, folder=marks, pause=0)
    with pytest.raises(KeyboardInterrupt):
        search(executor=client, build=long, epochs=100_000_000, storage=journal)
    thread.join()
    assert_idle(client)
    assert fd.tune.load(journal).trials == ()
    assert begun(marks) == 2


def test_what_a_killed_search_began_is_ended(client, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    code = """
import functools, pathlib, sys
import distributed, searches
client = distributed.Client(sys.argv[1])
build = functools.partial(searches.marking_build, folder=pathlib.Path(sys.argv[2]), pause=0)
searches.search(executor=client, build=build, epochs=100_000_000)
"""
    command = [sys.executable, "-P", "-c", code, client.scheduler.address, str(marks)]
    process = subprocess.Popen(command, env=environment())
    wait_until(lambda: begun(marks) >= 3)  # one of them the search's own
    process.kill()
    process.wait()
    assert_idle(client)


def test_a_closed_client_is_refused(client):
    closed = distributed.Client(client.scheduler.address)
    closed.close()
    with pytest.raises(ValueError, match="expected executor as a connected Dask client, got one that is clo"):
        search(executor=closed)


def test_a_client_that_is_closed_in_mid_search_is_told_and_the_rest_can_be_done(client, alone, tmp_path):
    marks, journal = tmp_path / "marks", tmp_path / "journal"
    marks.mkdir()
    other = distributed.Client(client.scheduler.address)

    def close():
        wait_until(lambda: begun(marks) >= 5)
        other.close()
        (marks / "go").touch()

    thread = threading.Thread(target=close)
    thread.start()
    paused = functools.partial(marking_build, folder=marks, holds_at=3)
    with pytest.raises(RuntimeError, match="expected executor as a connected Dask client, got one that was"):
        search(executor=other, build=paused, storage=journal)
    thread.join()
    assert 1 <= len(fd.tune.load(journal).trials) < 12
    assert rows(search(executor=client, storage=journal, resume=True)) == rows(alone)


def test_a_build_that_workers_cannot_load_is_refused(client, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text(
        "from searches import build\n\ndef mine(p):\n    return build(p)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    with pytest.raises(
        ValueError, match=r"a build that the workers of the cluster can load, got .*only_here"
    ):
        search(executor=client, build=only_here.mine)


LOCK = threading.Lock()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"build": lambda p: [build(p), LOCK][0]}, "a build"),
        ({"callbacks": lambda p: [LOCK][1:]}, "callbacks"),
    ],
)
def test_what_cannot_be_pickled_is_refused_in_a_line(client, given, what):
    """Not in tracebacks of Dask's."""
    said = []
    handler = logging.Handler()
    handler.emit = said.append
    logging.getLogger("distributed").addHandler(handler)
    try:
        with pytest.raises(ValueError, match=rf"\] expected {what} that can be sent .* cannot pickle .*lock"):
            search(executor=client, **given)
    finally:
        logging.getLogger("distributed").removeHandler(handler)
    assert not said


def test_a_cluster_instead_of_a_client_is_refused(client):
    with pytest.raises(
        ValueError, match=r"or a Dask client, got LocalCluster.*; give distributed.Client\(cluster"
    ):
        search(executor=client.cluster)


def test_workers_of_another_version_are_refused(client, monkeypatch):
    there = fd.__version__
    monkeypatch.setattr(fd, "__version__", "99.0")
    with pytest.raises(ValueError, match=f"expected fastdnn 99.0 in all workers.*, got {there} at tcp://"):
        search(executor=client)


def test_a_cluster_without_workers_is_refused(monkeypatch):
    monkeypatch.setattr(dask_cluster, "PATIENCE", 0.1)
    with contextlib.ExitStack() as stack:
        cluster = distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0")
        empty = stack.enter_context(distributed.Client(stack.enter_context(cluster)))
        with pytest.raises(ValueError, match="expected executor as a Dask cluster with workers, got none"):
            search(executor=empty)


def test_a_cluster_that_adapts_has_workers_once_there_is_work(alone):
    given = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with distributed.LocalCluster(n_workers=0, **given) as made, distributed.Client(made) as client:
        made.adapt(minimum=0, maximum=2, interval="100ms")
        assert not client.nthreads()
        assert rows(search(executor=client)) == rows(alone)
        assert rows(search(executor=client, jobs=3)) == rows(alone)
