"""What ends a search or a trial early: Ctrl-C, and limits of time."""

import os
import queue
import signal
import threading
import time
import types

import optuna_or_skip  # noqa: F401
import pytest
from searches import DEV, TRAIN, build, rows, search
from searches_apart import run_apart, wait_for_marks

import fastdnn as fd

# ---- Ctrl-C


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_ctrl_c_keeps_what_is_done(alone, tmp_path, executor):
    journal, seen = tmp_path / "journal", tmp_path / "marks"
    options = {"jobs": 2, "executor": executor}
    process = run_apart(journal, repr(options), MARKS=str(seen), PAUSE="0.01", HOLD="8")
    wait_for_marks(seen, 9, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the workers, too
    said = process.communicate(timeout=30)[1].decode()
    assert process.returncode not in (0, None)
    left = fd.tune.load(journal)
    assert 1 <= len(left.trials) < 12
    *_, interrupt, note = said.rstrip().split("\n")
    assert interrupt == "KeyboardInterrupt"
    kept = f"[search] {len(left.trials)} of 12 trials are done, and kept in {journal}"
    assert note == f"{kept}; the same call with resume=True goes on"
    whole = search(storage=journal, resume=True)
    assert rows(whole) == rows(alone)
    assert all(trial.state == "complete" for trial in whole.trials)


def test_ctrl_c_hands_over_what_is_done_where_there_is_no_storage(alone):
    built = []

    def interrupted(p):
        built.append(p)
        if len(built) == 2 + 5:  # two are the dry run's
            os.kill(os.getpid(), signal.SIGINT)
        return build(p)

    with pytest.raises(KeyboardInterrupt) as caught:
        search(build=interrupted, jobs=1)
    study = caught.value.study
    assert 3 <= len(study.trials) < 12
    assert rows(study) == rows(alone)[: len(study.trials)]
    assert study.best_model.get_weights()
    assert f"{len(study.trials)} of 12 trials are done" in "".join(caught.value.__notes__)


def test_ctrl_c_breaks_off_a_long_trial():
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    begun = time.perf_counter()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        search(n_trials=2, epochs=10_000_000)
    assert time.perf_counter() - begun < 8


def test_ctrl_c_waits_for_a_long_build_no_longer_than_said(monkeypatch, capsys):
    from fastdnn.tune import coordinator

    monkeypatch.setattr(coordinator, "_PATIENCE", 0.2)
    go, built = threading.Event(), []

    def waiting(p):
        built.append(p)
        if len(built) == 4:  # two are the dry run's
            os.kill(os.getpid(), signal.SIGINT)
        if len(built) > 2:
            go.wait(60)
        return build(p)

    begun = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            search(build=waiting, jobs=2)
        assert time.monotonic() - begun < 30
    finally:
        go.set()
    said = capsys.readouterr().out
    assert "[search] 2 trials still run in a thread, which ends with its build or evaluation" in said


def test_an_end_that_an_interrupt_takes_from_the_queue_is_not_lost(alone, tmp_path, monkeypatch):
    """Ctrl-C comes as the queue gives an end, before anybody has it."""
    from fastdnn.tune.coordinator import Coordinator

    class Interrupted(queue.SimpleQueue):
        taken = 0

        def get(self, **given):
            ended = super().get(**given)
            Interrupted.taken += 1
            if Interrupted.taken == 5:
                raise KeyboardInterrupt
            return ended

    made = Coordinator.__init__

    def make(self, *arguments, **named):
        made(self, *arguments, **named)
        self._ended = Interrupted()

    journal = tmp_path / "journal"
    with monkeypatch.context() as patch:
        patch.setattr(Coordinator, "__init__", make)
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            search(storage=journal, jobs=2)
        assert time.monotonic() - begun < 5
    left = fd.tune.load(journal).trials
    assert len(left) >= 5
    assert [row for row in rows(alone) if row[0] in {trial.number for trial in left}] == rows(
        fd.tune.load(journal)
    )
    assert rows(search(storage=journal, resume=True)) == rows(alone)


def test_a_task_that_waited_is_not_begun_after_a_stop():
    from fastdnn.tune.runner import Task, Work

    built = []
    work = Work(built.append, (*TRAIN, None), (*DEV, None))
    outcome = work.run(Task(3, {}, 0, 1, seconds=1.5), lambda: True)
    assert outcome.interrupted
    assert (outcome.number, outcome.seconds, built) == (3, 1.5, [])


# ---- Time


def test_a_trial_that_takes_too_long_has_failed():
    def slow(p):
        time.sleep(0.05 if p["units"] == 4 else 0)
        return build(p)

    study = search(build=slow, seconds_per_trial=0.04, epochs=1)
    for trial in study.trials:
        if trial.params["units"] == 4:
            assert trial.state == "failed"
            assert "seconds_per_trial=0.04" in trial.reason
    assert any(trial.params["units"] == 4 for trial in study.trials)


def test_a_search_ends_when_its_time_is_up_and_goes_on_later(alone, tmp_path):
    begun = search(seconds=0.0, storage=tmp_path / "journal", jobs=1)
    assert len(begun.trials) < 12
    whole = search(storage=tmp_path / "journal", resume=True, jobs=2)
    assert rows(whole) == rows(alone)


@pytest.mark.parametrize("pruner", [None, "successive_halving"])
def test_planning_takes_half_of_the_time_at_most(pruner, tmp_path):
    """A database takes longer to write all trials down than there is time."""
    given = {"n_trials": 5000, "pruner": pruner, "storage": f"sqlite:///{tmp_path}/study.db"}
    study = search(seconds=3, **given)
    assert any(trial.state == "complete" for trial in study.trials)
    assert len(study.trials) < study.planned == 5000


@pytest.mark.parametrize("pruner", ["successive_halving", "median"])
@pytest.mark.parametrize("reproducible", [True, False])
def test_where_time_is_up_the_best_of_those_that_wait_are_finished(
    pruner, reproducible, tmp_path, monkeypatch
):
    from fastdnn.tune import coordinator

    built = []

    def counting(p):
        built.append(p)
        return build(p)

    def clock():  # time is up with the eighth trial
        return time.monotonic() + 1000 * (len(built) > 9)

    monkeypatch.setattr(coordinator, "time", types.SimpleNamespace(monotonic=clock))
    given = {"epochs": 9, "pruner": pruner, "jobs": 2, "build": counting, "reproducible": reproducible}
    study = search(n_trials=24, seconds=500, storage=tmp_path / "journal", **given)
    assert 8 <= len(study.trials) < 24
    assert {each.state for each in study.trials} <= {"complete", "pruned"}
    assert sum(each.state == "complete" for each in study.trials) >= 1
    assert study.best_trial.epochs == 9
    if reproducible:  # all had come to the first rung, and two went on
        assert sum(each.state == "complete" for each in study.trials) == 2
        best = sorted(each.rungs[0][1] for each in study.trials)[:2]
        assert {each.rungs[0][1] for each in study.trials if each.state == "complete"} == set(best)
    assert len(built) == len(study.trials) + 2  # the dry run's
    whole = search(n_trials=24, storage=tmp_path / "journal", resume=True, **given)
    assert len(whole.trials) == 24
    assert rows(study)[0] == rows(whole)[study.trials[0].number]
    assert {each.state for each in whole.trials} == {"complete", "pruned"}


class Waits(fd.callbacks.Callback):
    """Each epoch takes 20 ms."""

    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.02)


def test_the_seconds_of_a_trial_that_begins_anew_at_rungs_are_those_of_all_stretches():
    given = {"n_trials": 4, "epochs": 9, "pruner": "successive_halving", "callbacks": [Waits()], "jobs": 1}
    best = search(**given).best_trial  # of 1, 3 and 9 epochs
    assert best.seconds >= 13 * 0.02
    (failed,) = [t for t in search(seconds_per_trial=0.2, **given).trials if t.state == "failed"]
    assert failed.number == best.number
    assert "took longer than seconds_per_trial=0.2" in failed.reason
