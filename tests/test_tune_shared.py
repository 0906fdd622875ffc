"""Several processes that search at once on one storage: each trial is done once, also where one is killed."""

import errno
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import optuna_or_skip  # noqa: F401
import pytest
import searches
from interpreters import environment
from searches import build, rows, search
from study_checks import states_by_slot

import fastdnn as fd
from fastdnn.tune.storages import storage_of

METHODS = {
    "random": {"n_trials": 18},
    "bayesian": {"method": "bayesian", "n_trials": 16, "generation_size": 4},
    "halving": {"method": "evolutionary", "pruner": "successive_halving", "epochs": 9, "generation_size": 6},
    "folds": {"method": "coarse_to_fine", "stages": 2, "cv": 2},
}
_ALONE = {}


def alone(method):
    """What one process gives."""
    if method not in _ALONE:
        _ALONE[method] = search(jobs=1, **METHODS[method])
    return _ALONE[method]


def join(storage, marks, options, **variables):
    """A process that searches, with others."""
    given = environment(**{"MARKS": str(marks), "PAUSE": "0.03"} | variables)
    command = [sys.executable, "-P", searches.__file__, str(storage), repr(options)]
    return subprocess.Popen(command, env=given, stderr=subprocess.PIPE)


def marks(path):
    return path.read_text().split() if path.exists() else []


def wait_until(true, processes=()):
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until
        for process in processes:
            assert process.poll() in (None, 0), process.stderr.read().decode()
        time.sleep(0.01)


def wait_for(processes):
    for process in processes:
        assert process.wait(timeout=60) == 0, process.stderr.read().decode()


def shared(storage, method, folder, count=3, killed=True):
    """So many processes at once; the first is killed in its second trial, while the others work or wait for
    it, or, if none is killed, each runs a trial before any runs its second. What each has begun.
    """
    options = {"jobs": 1, **METHODS[method]}
    dry, first = 2, options.get("cv", 1)  # calls of build
    seen = [folder / f"marks-{number}" for number in range(count)]
    processes = []
    try:
        if killed:
            last = str(dry + first + 1)
            processes.append(join(storage, seen[0], options, HANGS_AT=last))
            processes += [join(storage, path, options, AFTER=f"{seen[0]} {last}") for path in seen[1:]]
            wait_until(lambda: any(len(marks(path)) > dry for path in seen[1:]), processes)
            processes[0].send_signal(signal.SIGKILL)
        else:
            together = " ".join(map(str, seen))
            processes += [join(storage, path, options, TOGETHER=together) for path in seen]
        wait_for(processes[killed:])
    finally:
        for process in processes:
            process.kill()
            process.wait()
            process.stderr.close()
    return [marks(path)[dry:] for path in seen]


def assert_whole(storage, method, begun):
    """Each trial once, and all as one process has them."""
    expected = alone(method)
    states = {"complete": "COMPLETE", "pruned": "PRUNED"}
    assert states_by_slot(storage) == {t.number: [states[t.state]] for t in expected.trials}
    found = fd.tune.load(storage)
    assert rows(found) == rows(expected)
    assert found.table() == expected.table()
    assert sum(bool(each) for each in begun[1:]) >= 1


@pytest.mark.parametrize("method", ["random", "halving"])  # tests/deep/shared_search.py has all
def test_three_processes_on_a_journal_one_of_them_killed(method, tmp_path):
    begun = shared(tmp_path / "journal", method, tmp_path)
    assert_whole(tmp_path / "journal", method, begun)
    if method == "random":  # what was done twice is what the killed one ran
        again = set(begun[0]) & {*begun[1], *begun[2]}
        assert again == {begun[0][-1]}
        assert not set(begun[1]) & set(begun[2])
        assert len(begun[0] + begun[1] + begun[2]) == 18 + 1


def test_two_processes_on_sqlite_one_of_them_killed(tmp_path):
    storage = f"sqlite:///{tmp_path}/study.db"
    begun = shared(storage, "halving", tmp_path, count=2)
    assert_whole(storage, "halving", begun)


def test_no_trial_is_done_twice_on_sqlite(tmp_path):
    storage = f"sqlite:///{tmp_path}/study.db"
    begun = shared(storage, "random", tmp_path, killed=False)
    assert_whole(storage, "random", begun)
    assert sum(len(each) for each in begun) == 18
    assert all(begun)


_CLAIMS = """
import sys
from optuna.trial import TrialState
from fastdnn.tune.storages import storage_of
storage = storage_of("test", sys.argv[1])
study = storage.get_study_id_from_name("claims")
trials = storage.get_all_trials(study)
print("ready", flush=True)
sys.stdin.readline()
print(sum(storage.set_trial_state_values(each._trial_id, state=TrialState.RUNNING) for each in trials))
"""


def test_a_trial_in_sqlite_has_one_owner_of_three_who_want_it_at_once(tmp_path):
    from optuna.study import StudyDirection
    from optuna.trial import TrialState, create_trial

    url = f"sqlite:///{tmp_path}/claims.db"
    storage = storage_of("test", url)
    study = storage.create_new_study([StudyDirection.MINIMIZE], "claims")
    for _ in range(60):
        storage.create_new_trial(study, create_trial(state=TrialState.WAITING))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [
        subprocess.Popen([sys.executable, "-P", "-c", _CLAIMS, url], env=environment(), **pipes)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in said] == [""] * 3
    assert sum(int(won) for won, _ in said) == 60


_SERVER = """
import sys, warnings
import optuna
from fastdnn.tune.storages import storage_of
warnings.simplefilter("ignore")
storage = storage_of("server", sys.argv[1])
optuna.storages.run_grpc_proxy_server(storage, host="localhost", port=int(sys.argv[2]))
"""


@pytest.fixture
def grpc_server(tmp_path):
    pytest.importorskip("grpc", reason="needs grpcio and protobuf for Optuna's GrpcStorageProxy")
    pytest.importorskip("google.protobuf", reason="needs grpcio and protobuf for Optuna's GrpcStorageProxy")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-P", "-c", _SERVER, f"sqlite:///{tmp_path}/study.db", str(port)]
    process = subprocess.Popen(command, env=environment())
    yield f"grpc://localhost:{port}"
    process.kill()
    process.wait()


@pytest.mark.filterwarnings("ignore:GrpcStorageProxy is experimental")
@pytest.mark.parametrize("method", ["random", "halving"])
def test_three_processes_on_a_grpc_server_one_of_them_killed(grpc_server, method, tmp_path):
    begun = shared(grpc_server, method, tmp_path)
    assert_whole(grpc_server, method, begun)


def test_a_journal_that_is_deleted_meanwhile_is_told_of(tmp_path):
    path = tmp_path / "journal"

    def deleting(p):
        path.unlink(missing_ok=True)
        return build(p)

    with pytest.warns(UserWarning, match="expected the journal .* to stay, got it was deleted"):
        study = search(build=deleting, storage=path, n_trials=3)
    assert rows(study) == rows(search(n_trials=3))


def test_a_journal_that_may_only_be_read_is_loaded_and_not_searched_in(tmp_path, monkeypatch):
    path = tmp_path / "journal"
    study = search(storage=path, n_trials=3)

    def open_to_read(name, flags, *mode):
        if pathlib.Path(name) == path and flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(name, flags, *mode)

    opened = os.open
    monkeypatch.setattr(os, "open", open_to_read)
    assert rows(fd.tune.load(path)) == rows(study)
    with pytest.raises(PermissionError, match="expected storage as a file that may be read and written"):
        search(storage=path, n_trials=4, resume=True)
