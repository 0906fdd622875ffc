"""Where trials run: processes, executors of the user's; those that cannot run any, and builds that hang."""

import contextlib
import os
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import optuna_or_skip  # noqa: F401
import pytest
from interpreters import environment
from searches import build, deadly_build, rows, search
from searches_apart import wait_for_marks

from fastdnn.tune.pruning import SuccessiveHalving


def test_processes_give_the_same_trials(tmp_path):
    given = {"n_trials": 6, "epochs": 4, "pruner": SuccessiveHalving(2, 1)}
    alone = search(jobs=1, **given)
    apart = search(jobs=2, executor="processes", storage=tmp_path / "journal", **given)
    assert rows(apart) == rows(alone)


# Its data are 250 times what the pipe of a process that begins holds.
UNGUARDED = """
import numpy as np
import fastdnn as fd
from searches import SPACE, build
x, y = np.random.default_rng(0).normal(size=(250_000, 8)), np.arange(250_000) % 3
given = {"validation_data": (x, y), "n_trials": 1, "epochs": 1, "executor": "processes", "jobs": 1}
print(fd.tune.search(build, SPACE, x, y, verbose=0, **given))
"""


def refused_script(*command, **given):
    """The lines of its errors."""
    command = [sys.executable, "-P", *command]
    ended = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, **given)
    assert ended.returncode == 1
    lines = ended.stderr.splitlines()
    assert "RuntimeError: [search] expected processes that can begin, got one that ended at once" in lines[-1]
    assert 'call search under `if __name__ == "__main__":`, and have script and build in files' in lines[-1]
    return lines


def test_a_script_that_begins_itself_again_is_told_what_it_lacks(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    process, *traceback, _ = refused_script(script, check=False)
    assert process.startswith('[search] expected search under `if __name__ == "__main__":`, got one that')
    assert sum("Traceback" in line for line in traceback) == 1


def test_a_script_that_is_in_no_file_is_told_so(tmp_path):
    refused_script("-", input=UNGUARDED, cwd=tmp_path, check=False)


def test_a_trial_that_kills_its_process_is_the_only_one_that_fails():
    """Of several that ran when a process died, each is tried once more by itself."""
    study = search(build=deadly_build, executor="processes", jobs=2, n_trials=8)
    deadly = [t for t in study.trials if t.params["units"] == 4 and t.params["activation"] == "tanh"]
    assert len(deadly) == 1
    whole = search(n_trials=8)
    for t in study.trials:
        if t in deadly:
            assert (t.state, t.reason) == ("failed", "the process that ran it died, 3 times")
        else:
            assert t.value == whole.trials[t.number].value


def test_an_executor_of_the_users_gives_the_same_trials():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as executor:
        assert rows(search(executor=executor, jobs=2)) == rows(search(jobs=1))
        executor.submit(int).result()  # it is still the user's


# ---- What runs nothing


@pytest.mark.parametrize("made", [lambda: "processes", lambda: ProcessPoolExecutor(1)])
@pytest.mark.parametrize(
    ("given", "what"),
    [({"build": lambda p: build(p)}, "a build"), ({"callbacks": lambda p: []}, "callbacks")],
)
def test_what_cannot_be_sent_to_processes_is_refused_by_its_name(made, given, what):
    executor = made()
    with pytest.raises(ValueError, match=rf"\] expected {what} that can be sent to processes, got .*lambda"):
        search(executor=executor, **given)
    if executor != "processes":
        executor.shutdown()


def test_the_scheduler_of_a_dask_cluster_is_told_to_need_a_client():
    with pytest.raises(
        ValueError, match=r"of a Dask scheduler give distributed.Client\('tcp://there:8786'\)"
    ):
        search(executor="tcp://there:8786")


def test_an_executor_that_runs_nothing_is_refused_before_the_first_trial():
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(ValueError, match="expected executor as one that runs tasks, got RuntimeError"):
        search(executor=closed)

    builds = []

    def closing(p):
        builds.append(p)
        if len(builds) > 2:  # of the dry run
            pool.shutdown(wait=False)
        return build(p)

    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(RuntimeError, match="runs tasks until the search is done"),
    ):
        search(executor=pool, build=closing)

    class Silent(Executor):
        def submit(self, *task, **named):
            future = Future()
            future.set_result(None)
            return future

    with pytest.raises(ValueError, match=r"got one whose int\(\) is None"):
        search(executor=Silent())


# ---- What hangs


def test_a_process_whose_build_hangs_is_ended(tmp_path):
    """Ctrl-C: after ten seconds its worker is no longer waited for."""
    marks, script = tmp_path / "marks", tmp_path / "script.py"
    marks.touch()
    script.write_text("""
import searches
if __name__ == "__main__":
    searches.search(build=searches.slow_build, executor="processes", jobs=1, n_trials=3)
""")
    given = environment(MARKS=str(marks), HANGS_AT="3")  # after two builds of the dry run
    process = subprocess.Popen([sys.executable, script], env=given, stderr=subprocess.PIPE)
    try:
        wait_for_marks(marks, 3, process)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert b"\nKeyboardInterrupt" in error


def test_the_processes_of_a_killed_search_end(tmp_path):
    """They hold its stderr open as long as they live: those that wait for a trial, and those that run one."""
    marks, script = tmp_path / "marks", tmp_path / "script.py"
    marks.touch()
    script.write_text("""
import searches
if __name__ == "__main__":
    searches.search(build=searches.slow_build, executor="processes", jobs=2, epochs=100_000_000)
""")
    given = environment(MARKS=str(marks))
    process = subprocess.Popen(
        [sys.executable, script], env=given, stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        wait_for_marks(marks, 4, process)  # two of them the dry run's
        process.kill()
        process.communicate(timeout=20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
