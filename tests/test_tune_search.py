"""Searching: the same trials for any number of workers, after a crash, and what a search refuses."""

import math
import os
import pathlib
import queue
import re
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
import searches
from networks import weight_hash
from searches import DEV, SPACE, TRAIN, X, Y, build, rows, search

import fastdnn as fd
from fastdnn.tune import worker_identity
from fastdnn.tune.optuna_parts import storage_of


@pytest.fixture(scope="module")
def alone():
    return search(jobs=1)


@pytest.mark.parametrize("jobs", [2, 3, 4])
def test_the_trials_are_the_same_for_any_number_of_workers(alone, jobs, tmp_path):
    found = search(jobs=jobs, storage=tmp_path / "journal")
    assert rows(found) == rows(alone)
    assert found.table() == alone.table()
    assert str(found) == str(alone)


def test_each_trial_is_what_its_model_gives_when_it_is_trained_alone(alone):
    for trial in alone.trials[:3]:
        model = alone.train(trial.number)
        assert model.evaluate(*DEV, return_dict=True)["loss"] == trial.value
        assert model.seed == trial.seed
    by_hand = fd.tune.trial_model(build, trial)
    by_hand.fit(*TRAIN, epochs=3, verbose=0)
    assert weight_hash(by_hand) == weight_hash(model)


def test_trials_are_random_draws_of_the_space_and_do_not_depend_on_how_many_there_are(alone):
    space = fd.tune.Space.of("test", SPACE)
    for trial in alone.trials:
        drawn = space.draw(1, trial.number)
        assert trial.params["beta_1"] == pytest.approx(drawn["beta_1"], rel=1e-15)
        assert {**trial.params, "beta_1": 0} == {**drawn, "beta_1": 0}
    assert rows(search(n_trials=5)) == rows(alone)[:5]
    assert len({trial.seed for trial in alone.trials}) == 12


def test_a_grid_is_all_combinations(tmp_path):
    space = {"lr": fd.tune.log_uniform(1e-3, 1e-1), "units": fd.tune.powers_of_two(4, 16)}

    def of_two(p):
        return build({"beta_1": 0.9, "dropout": 0.0, "activation": "relu", **p})

    study = search(
        build=of_two, space=space, method="grid", n_trials={"lr": 2, "units": 3}, storage=tmp_path / "j"
    )
    assert [(t.params["lr"], t.params["units"]) for t in study.trials] == [
        (lr, units) for lr in (1e-3, 1e-1) for units in (4, 8, 16)
    ]
    counts = {"units": 3, "lr": 2}
    assert rows(search(build=of_two, space=space, method="grid", n_trials=counts, jobs=1)) == rows(study)
    assert len(search(build=of_two, space=space, method="grid", n_trials=7).trials) <= 7


def test_the_best_model_is_the_best_trials(alone):
    best = min(alone.trials, key=lambda trial: trial.value)
    assert alone.best_trial is best
    assert alone.best_params == best.params
    assert alone.best_value == best.value
    assert alone.best_model.evaluate(*DEV, return_dict=True)["loss"] == best.value
    assert alone.best_model is alone.best_model


def test_more_is_better_of_an_accuracy():
    study = search(monitor="val_accuracy")
    assert study.mode == "max"
    assert study.best_value == max(trial.value for trial in study.trials)


def test_what_a_build_raises_is_the_trials_reason():
    def often_wrong(p):
        if p["units"] == 8:
            raise RuntimeError("no eights\nplease")
        return build({**p, "lr": 1e30} if p["units"] == 4 else p)

    study = search(build=often_wrong, jobs=2)
    states = {trial.params["units"]: (trial.state, trial.reason) for trial in study.trials}
    assert states[8] == ("failed", "RuntimeError: no eights please")
    assert states[4][0] == "failed"
    assert "NonFiniteLossError" in states[4][1]
    assert states[16] == ("complete", "")
    assert study.best_trial.params["units"] == 16
    assert "no eights please" in study.table()


def test_where_all_trials_failed_the_study_says_why():
    calls = []

    def fails_later(p):
        calls.append(p)
        if len(calls) > 2:  # the dry run's
            raise OSError("the disk is gone")
        return build(p)

    study = search(build=fails_later, n_trials=3, jobs=1)
    with pytest.raises(ValueError, match="3 failed \\(3 of them: OSError: the disk is gone\\)"):
        _ = study.best_trial


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


# ---- After a crash


def run_apart(journal, options="{}", **environment):
    folder = pathlib.Path(searches.__file__).parent
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, str(folder / "searches.py"), str(journal), options],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run_together(journal, seen):
    given = {"PAUSE": "0.1", "TOGETHER": " ".join(map(str, seen))}
    return [run_apart(journal, "{'jobs': 1}", MARKS=str(path), **given) for path in seen]


def marks(path):
    return path.read_text().splitlines() if path.exists() else []


def wait_for_marks(path, count, process):
    for _ in range(1200):
        if len(marks(path)) >= count:
            return
        assert process.poll() is None, process.stderr.read().decode()
        time.sleep(0.02)
    raise AssertionError("the search does not begin")


def test_after_kill_9_the_rest_is_done_and_nothing_twice(alone, tmp_path):
    journal, seen = tmp_path / "journal", tmp_path / "marks"
    process = run_apart(journal, "{'jobs': 2}", MARKS=str(seen), PAUSE="0.01", HOLD="8")
    wait_for_marks(seen, 9, process)  # two of them the dry run's
    process.kill()
    process.wait()
    process.stderr.close()
    before = fd.tune.load(journal)
    assert 2 <= len(before.trials) < 12
    done = {trial.params["lr"] for trial in before.trials}
    built = []

    def counting(p):
        built.append(p["lr"])
        return build(p)

    whole = search(build=counting, storage=journal, resume=True, jobs=2)
    assert rows(whole) == rows(alone)
    assert not done & set(built[2:])
    assert len(built[2:]) == 12 - len(before.trials)


@pytest.mark.parametrize("storage", ["{}/journal", "sqlite:///{}/trials.db"])
def test_several_processes_share_a_storage_and_each_trial_is_done_once(alone, tmp_path, storage):
    journal = storage.format(tmp_path)
    seen = [tmp_path / "a", tmp_path / "b"]
    processes = run_together(journal, seen)
    for process in processes:
        assert process.wait(60) == 0, process.stderr.read().decode()
        process.stderr.close()
    assert rows(search(storage=journal, resume=True)) == rows(alone)
    mine, others = (set(marks(path)[2:]) for path in seen)
    assert not mine & others
    assert mine | others == {str(trial.params["lr"]) for trial in alone.trials}
    assert mine
    assert others


def test_who_lives_on_takes_over_what_another_was_running(alone, tmp_path):
    journal, seen = tmp_path / "journal", [tmp_path / "a", tmp_path / "b"]
    processes = run_together(journal, seen)
    for path, process in zip(seen, processes, strict=True):
        wait_for_marks(path, 3, process)
    processes[0].kill()
    processes[0].wait()
    processes[0].stderr.close()
    assert processes[1].wait(60) == 0, processes[1].stderr.read().decode()
    processes[1].stderr.close()
    assert rows(fd.tune.load(journal)) == rows(alone)


def test_a_process_of_another_machine_is_dead_when_it_is_silent(alone, tmp_path, monkeypatch):
    from fastdnn.tune import ledger, signs

    journal = tmp_path / "journal"
    off = iter([KeyboardInterrupt])

    def switched_off(*_, **__):  # and nothing more is written
        for interrupt in off:
            raise interrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker_identity, "_host", lambda: "another machine")
        patch.setattr(ledger.Ledger, "finish", switched_off)
        patch.setattr(ledger.Ledger, "release", switched_off)
        with pytest.raises(KeyboardInterrupt):
            search(storage=journal, jobs=2)
    assert not fd.tune.load(journal).trials
    monkeypatch.setattr(signs, "SILENCE", 1.0)
    begun = time.monotonic()
    assert rows(search(storage=journal, resume=True)) == rows(alone)
    assert time.monotonic() - begun > 1


def test_after_a_full_disk_the_same_process_can_go_on(alone, tmp_path, monkeypatch):
    """Nothing can be given back on a full disk, and this process lives on."""
    from fastdnn.tune import ledger

    monkeypatch.setattr(ledger, "_UNOWNED", 0.2)
    journal = tmp_path / "journal"
    search(storage=tmp_path / "whole")
    most = int(0.8 * (tmp_path / "whole").stat().st_size)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1][1]))
        with pytest.raises(OSError, match="File too large"):
            search(storage=journal, jobs=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[1])
        signal.signal(signal.SIGXFSZ, before[0])
    there = storage_of("test", journal).get_all_trials(0)
    assert "RUNNING" in {trial.state.name for trial in there}
    assert rows(search(storage=journal, resume=True)) == rows(alone)
    assert rows(fd.tune.load(journal)) == rows(alone)


def test_a_search_whose_process_lives_on_is_dead_when_it_is_silent(tmp_path, monkeypatch):
    from fastdnn.tune import signs
    from fastdnn.tune.worker_identity import Process

    now, listener = [1000.0], signs.Signs(storage := _Attributes(), 0)
    monkeypatch.setattr(signs.time, "monotonic", lambda: now[0])
    with subprocess.Popen(["sleep", "5"]) as other:
        process = Process(listener._process.host, other.pid, worker_identity._start_of(other.pid))
        sign = {**process.as_json(), "beats": 1}
        storage.signs["worker other"] = sign
        for second in range(57):
            assert listener.dead_among({"other"}) == set(), second
            now[0] += 1
            if second == 30:
                now[0] += 3600  # all were stopped; that counts as one beat
        assert listener.dead_among({"other"}) == {"other"}
        storage.signs["worker other"] = sign | {"beats": 2}
        assert listener.dead_among({"other"}) == set()
        other.kill()
        other.wait()
        assert listener.dead_among({"other"}) == {"other"}
    listener.end()


class _Attributes:
    """Of a study, as a storage has them."""

    def __init__(self):
        self.signs = {}

    def get_study_system_attrs(self, study_id):
        return self.signs


def test_a_process_is_known_by_its_number_and_when_it_began():
    from fastdnn.tune.worker_identity import Process

    mine = Process.this()
    assert mine.is_dead is False
    assert Process(mine.host, mine.pid, "1").is_dead is True  # its number was used again
    assert Process("another", mine.pid, "1").is_dead is None


def test_a_line_that_was_cut_off_is_no_harm(alone, tmp_path):
    journal = tmp_path / "journal"
    search(storage=journal, n_trials=4)
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"wor')
    assert rows(search(storage=journal, resume=True)) == rows(alone)
    assert rows(fd.tune.load(journal)) == rows(alone)


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_ctrl_c_keeps_what_is_done(alone, tmp_path, executor):
    journal, seen = tmp_path / "journal", tmp_path / "marks"
    options = {"jobs": 2, "executor": executor}
    process = run_apart(journal, repr(options), MARKS=str(seen), PAUSE="0.01", HOLD="8")
    wait_for_marks(seen, 9, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the workers, too
    said = process.communicate(timeout=30)[1].decode()
    assert process.returncode not in (0, None)
    assert said.rstrip().endswith("KeyboardInterrupt")
    left = fd.tune.load(journal)
    assert 1 <= len(left.trials) < 12
    whole = search(storage=journal, resume=True)
    assert rows(whole) == rows(alone)
    assert all(trial.state == "complete" for trial in whole.trials)


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


def test_a_trial_that_kills_its_process_is_tried_three_times(tmp_path, monkeypatch):
    from fastdnn.tune.records import MOST_DEATHS

    study = search(storage=tmp_path / "journal", n_trials=3)
    assert len(study.trials) == 3
    journal = tmp_path / "journal"
    for _ in range(MOST_DEATHS):
        _claim_and_die(journal)
    whole = search(storage=journal, resume=True, n_trials=4)
    assert whole.trials[3].state == "failed"
    assert whole.trials[3].reason == "the process that ran it died, 3 times"


def test_who_waits_at_a_rung_is_not_to_blame_for_a_process_that_is_killed(tmp_path):
    """Trials 0 and 1 wait for the others of their bracket at each of three deaths. Each of the others is run
    at two at most: the one before a death may be done, and not written down.
    """
    given = {"pruner": "successive_halving", "n_trials": 8, "epochs": 3}
    for number in (2, 4, 6):
        _die(
            """
import os, sys, searches
builds = 0
def dies(p):
    global builds
    builds += 1
    if builds == 3 + int(sys.argv[2]):  # two of the dry run
        os._exit(9)
    return searches.build(p)
given = {"pruner": "successive_halving", "n_trials": 8, "epochs": 3}
searches.search(build=dies, storage=sys.argv[1], resume=True, jobs=1, **given)
""",
            tmp_path / "journal",
            number,
        )
    study = search(storage=tmp_path / "journal", resume=True, **given)
    assert {trial.state for trial in study.trials} == {"complete", "pruned"}
    assert rows(study) == rows(search(**given))


def _claim_and_die(journal):
    code = """
import os, sys, searches
def dies(p):
    if 'begun' in globals() and p['lr'] not in done:
        os._exit(9)
    globals()['begun'] = True
    return searches.build(p)
import fastdnn as fd
done = {t.params['lr'] for t in fd.tune.load(sys.argv[1]).trials}
searches.search(build=dies, storage=sys.argv[1], resume=True, n_trials=4, jobs=1)
"""
    _die(code, journal)


def _die(code, *arguments):
    """Run code that ends its process at once."""
    folder = pathlib.Path(searches.__file__).parent
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    command = [sys.executable, "-P", "-c", code, *map(str, arguments)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert ended.returncode == 9


# ---- What is refused, before the first trial


class NeedsGroups:
    """As GroupKFold is, without groups."""

    def split(self, x, y, groups):
        raise ValueError("groups must be given")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"space": {}}, "expected a space as a dictionary"),
        ({"method": "genetic"}, "expected a method, one of bayesian, coarse_to_fine"),
        ({"n_trials": 0}, "expected n_trials as a whole number >= 1, got 0"),
        ({"n_trials": {"lr": 3}}, "expected n_trials as a number for 'random'"),
        ({"epochs": 0}, "expected epochs as a whole number >= 1, got 0"),
        ({"batch_size": 2.5}, "expected batch_size as a whole number >= 1, got 2.5"),
        ({"jobs": "most"}, "expected jobs as a whole number >= 1, or \"all\", got 'most'"),
        ({"jobs": 0}, "expected jobs as a whole number >= 1, got 0"),
        ({"threads_per_trial": 0}, "expected threads_per_trial as a whole number >= 1, got 0"),
        ({"monitor": "val_acuracy"}, "expected a figure to monitor, one of .*did you mean 'val_accuracy'"),
        ({"mode": "best"}, "expected a mode, one of"),
        ({"pruner": "hyperband"}, "expected a pruner, one of median, successive_halving"),
        ({"pruner": 3}, "expected pruner as"),
        ({"executor": "dusk"}, "expected executor as"),
        ({"executor": "process"}, "expected executor as .*got 'process'; did you mean 'processes'"),
        ({"jobs": "al"}, "did you mean 'all'"),
        ({"method": "bayesain"}, "did you mean 'bayesian'"),
        ({"method": "coarse_to_fine", "sampling": "gird"}, "did you mean 'grid'"),
        ({"pruner": "halving"}, "did you mean 'successive_halving'"),
        ({"mode": "maximum"}, "did you mean 'max'"),
        ({"method": "grid", "n_trials": {"lr": 2, "unit": 2}}, "did you mean 'units'"),
        ({"build": lambda p: p["unit"]}, r"NoSuchParameter for lr=.*'unit'; did you mean 'units'"),
        ({"storage": 3}, "expected storage as a path"),
        ({"seconds": -1}, "expected a finite 0 <= seconds, got -1"),
        ({"cv": 3, "validation_data": DEV}, "got both"),
        ({"validation_data": None}, "got neither"),
        ({"validation_data": X}, "expected validation_data as \\(x, y\\)"),
        ({"build": 3}, "expected build as a function"),
        ({"verbose": "loud"}, "expected verbose as"),
        ({"seed": -1}, "expected seed as a whole number >= 0"),
        ({"epochs": 3, "space": {**SPACE, "epochs": fd.tune.integers(1, 3)}}, "expected epochs once"),
        (
            {"epochs": fd.tune.uniform(1, 2)},
            "epochs as a distribution of whole numbers >= 1, got 1.0 of uniform",
        ),
        ({"epochs": fd.tune.integers(0, 2)}, "epochs as a distribution of whole numbers >= 1, got 0 of"),
        (
            {"batch_size": fd.tune.choice(8, True)},
            "batch_size as a distribution of whole numbers >= 1, got True",
        ),
        ({"space": {**SPACE, "epochs": fd.tune.uniform(1, 9)}}, "epochs as a distribution of whole numbers"),
        ({"callbacks": fd.callbacks.EarlyStopping()}, "expected callbacks as a list.*got EarlyStopping"),
        ({"callbacks": 3}, "expected callbacks as a list.*got int"),
        ({"callbacks": [3]}, "expected callbacks of fd.callbacks.Callback, got int"),
        ({"callbacks": [fd.tune.Babysitter()]}, "got a Babysitter; each trial trains by a copy"),
        ({"callbacks": lambda p: None}, "expected a function that gives a list of callbacks, got TypeError"),
        ({"class_weight": {"a": 1}}, "expected arguments with which a model can be trained"),
        ({"validation_data": (X,)}, "got tuple of 1"),
        ({"groups": Y[:180]}, "expected groups with cv=, got groups without folds"),
        ({"stratify": True}, "expected stratify with cv="),
        ({"seconds_per_trial": 0}, "expected a finite 0 < seconds_per_trial, got 0"),
        ({"shuffle": 2}, "expected shuffle as True or False, got 2"),
        ({"reproducible": "no"}, "expected reproducible as True or False, got 'no'"),
        ({"resume": "yes"}, "expected resume as True or False, got 'yes'"),
        ({"study_name": 3}, "expected study_name as text, got 3"),
        ({"storage": ""}, "storage as the path of a file in a folder that is there, got ''"),
        ({"storage": "/"}, "storage as the path of a file in a folder that is there, got '/'"),
        ({"storage": "no such folder/journal"}, "folder that is there, got 'no such folder/journal'"),
        ({"cv": NeedsGroups()}, "cv that splits these x, y and groups, got NeedsGroups.split: groups"),
        ({"cv": []}, "expected cv with at least one fold, got none"),
        ({"cv": [([0, 1], [500])]}, "fold 0: numbers of dev rows from 0 to 179, got 500 to 500"),
    ],
)
def test_bad_arguments_are_refused_before_the_first_trial(given, message):
    built = []

    def counting(p):
        built.append(p)
        return build(p)

    with pytest.raises(ValueError, match=message):
        search(**({"build": counting} | given))
    assert len(built) <= 6  # the dry run's


def test_a_build_that_does_not_fit_the_data_is_refused_before_the_first_trial(tmp_path):
    def too_narrow(p):
        model = fd.Sequential([fd.Input((7,)), fd.layers.Dense(3)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(
        ValueError, match="expected a build whose model fits the data, got ValueError for lr="
    ):
        search(build=too_narrow, storage=tmp_path / "journal")
    assert not (tmp_path / "journal").exists()


def test_x_and_y_of_different_lengths_are_told_as_such():
    with pytest.raises(ValueError, match="expected y with one row for each of x, 240, got 100"):
        fd.tune.search(build, SPACE, X, Y[:100], cv=3)


def test_a_label_out_of_range_in_the_last_row_is_refused_before_the_first_trial():
    y = Y[:180].copy()
    y[-1] = 3
    with pytest.raises(ValueError, match="row 179"):
        fd.tune.search(build, SPACE, X[:180], y, validation_data=DEV)


@pytest.mark.parametrize(
    ("gives", "message"),
    [
        (lambda p: None, "got NoneType; end with `return model`"),
        (lambda p: fd.Sequential([fd.Input((8,)), fd.layers.Dense(3)]), "got one that is not compiled"),
    ],
)
def test_a_build_that_gives_no_compiled_model_is_refused(gives, message):
    with pytest.raises(TypeError, match=message):
        search(build=gives)


def test_what_is_made_outside_of_build_is_refused_before_the_first_trial():
    values = {"lr": 0.01, "beta_1": 0.9, "units": 4, "dropout": 0.0, "activation": "relu"}
    model, layer, optimizer = build(values), fd.layers.Dense(3), fd.optimizers.Adam(0.1)

    def with_layer(p):
        made = fd.Sequential([fd.Input((8,)), layer])
        made.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        return made

    def with_optimizer(p):
        optimizer.learning_rate = p["lr"]
        made = fd.Sequential([fd.Input((8,)), fd.layers.Dense(3)])
        made.compile(optimizer, fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        return made

    for made, got in [
        (lambda p: model, "the same model at two calls"),
        (with_layer, "ValueError at the second call with the same values"),
        (with_optimizer, "the same optimizer at two calls"),
    ]:
        with pytest.raises(ValueError, match=f"{got}.*inside of build"):
            search(build=made, n_trials=2)


@pytest.mark.parametrize("place", ["x", "dev", "folds"])
def test_a_number_that_is_not_finite_is_refused_before_the_first_trial(place):
    x, dev = TRAIN[0].copy(), DEV[0].copy()
    (dev if place == "dev" else x)[50, 2] = math.nan
    more = {"cv": 3} if place == "folds" else {"validation_data": (dev, DEV[1])}
    where = "search, validation_data" if place == "dev" else "search"
    with pytest.raises(
        ValueError, match=re.escape(f"[{where}] expected finite x, got nan in row 50, column 2")
    ):
        fd.tune.search(build, SPACE, x, TRAIN[1], n_trials=2, epochs=1, **more)


def test_a_first_trial_that_diverges_hides_no_wrong_argument():
    def diverging(p):
        far = fd.initializers.Constant(1e30)
        model = fd.Sequential([fd.Input((8,)), fd.layers.Dense(3, kernel_initializer=far)])
        model.compile("sgd", "mse")
        return model

    y = np.eye(3)[Y]
    arguments = {"epochs": 1, "n_trials": 2, "batch_size": 4, "verbose": 0}
    with pytest.raises(ValueError, match="expected a figure to monitor"):
        fd.tune.search(diverging, SPACE, X, y, validation_data=(X, y), monitor="val_auc", **arguments)


@pytest.mark.filterwarnings("ignore:.*'unread'")
def test_a_build_that_changes_an_option_changes_no_other_trial():
    def popping(p):
        layers = [fd.layers.Dense(p["sizes"].pop(0)) for _ in range(len(p["sizes"]))]
        model = fd.Sequential([fd.Input((8,)), *layers, fd.layers.Dense(3)])
        model.compile(fd.optimizers.Adam(), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def callbacks(p):
        p["sizes"].clear()
        return []

    space = {"sizes": fd.tune.choice([8], [8, 4]), "unread": fd.tune.uniform(0, 1)}
    study = search(build=popping, space=space, callbacks=callbacks, n_trials=6)
    assert {tuple(trial.params["sizes"]) for trial in study.trials} == {(8,), (8, 4)}
    best = study.best_params["sizes"]
    assert [layer.units for layer in study.best_model.layers if hasattr(layer, "units")] == [*best, 3]
    best.clear()
    assert study.best_params["sizes"]


def test_after_folds_the_best_model_is_trained_by_the_callbacks_of_the_trials():
    frozen = fd.callbacks.LearningRateScheduler(lambda epoch, lr: 1e-12)
    stopping = fd.callbacks.EarlyStopping(patience=2)
    study = search(cv=2, n_trials=2, callbacks=[frozen, stopping], epochs=4)
    trial = study.best_trial
    begun = fd.tune.trial_model(build, trial)
    for one, other in zip(begun.get_weights(), study.best_model.get_weights(), strict=True):
        assert np.allclose(one, other, atol=1e-8)


def test_after_folds_with_early_stopping_it_is_trained_for_the_best_epochs():
    seen = []

    class Worse(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)
            if epoch >= 2:
                self.model.optimizer.learning_rate = 10.0

    stopping = fd.callbacks.EarlyStopping(patience=3)
    space = {**SPACE, "lr": fd.tune.log_uniform(1e-3, 2e-3)}
    study = search(cv=2, n_trials=1, epochs=20, jobs=1, space=space, callbacks=[stopping, Worse()])
    (trial,) = study.trials
    assert trial.epochs == 6
    assert [fold["epochs"] for fold in trial.folds] == [3, 3]
    seen.clear()
    assert study.best_model.compiled.epochs_done == 3
    assert seen == [0, 1, 2]


def test_a_journal_of_another_search_is_refused(tmp_path):
    journal = tmp_path / "journal"
    search(storage=journal, n_trials=2)
    with pytest.raises(
        ValueError, match="expected a new study, got 'search', which is in the storage already"
    ):
        search(storage=journal, n_trials=2)
    wider = {**SPACE, "lr": fd.tune.log_uniform(1e-5, 1e-1)}
    for other, name in [
        ({"space": wider}, "space"),
        ({"seed": 2}, "seed"),
        ({"epochs": 4}, "epochs"),
        ({"monitor": "val_accuracy"}, "monitor"),
        ({"method": "grid", "n_trials": {"lr": 2, "beta_1": 1, "units": 1, "dropout": 1}}, "method"),
        ({"validation_data": (DEV[0] + 1, DEV[1])}, "data"),
        ({"shuffle": False}, "shuffle"),
        ({"class_weight": {0: 2.0}}, "class_weight"),
        ({"callbacks": [fd.callbacks.EarlyStopping(patience=3)]}, "callbacks"),
        ({"seconds_per_trial": 50}, "seconds_per_trial"),
    ]:
        with pytest.raises(
            ValueError, match=re.escape(f"[search] expected the study in the storage: {name} =")
        ):
            search(storage=journal, resume=True, **({"n_trials": 2} | other))
    assert len(search(storage=journal, study_name="another", n_trials=3).trials) == 3


def test_a_study_of_another_tool_is_left_alone():
    import optuna

    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(study_name="search", storage=storage)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    with pytest.raises(ValueError, match="expected a study of fastdnn's, got 'search' of another tool"):
        search(storage=storage, resume=True)
    with pytest.raises(ValueError, match="expected a study that fastdnn made"):
        fd.tune.load(storage)
    assert len(study.trials) == 2


def test_two_that_plan_at_once_do_each_trial_once(alone, tmp_path, monkeypatch):
    """Both write all slots before they see those of the other."""
    import optuna

    from fastdnn.tune.ledger import Ledger

    journal, plan = tmp_path / "journal", Ledger.plan

    def twice(self, slots, until):
        for slot in [*slots, *slots]:
            self._write(slot, 0, 0)
        return plan(self, slots, until)

    monkeypatch.setattr(Ledger, "plan", twice)
    assert rows(search(storage=journal, jobs=2)) == rows(alone)
    there = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
    states = [trial.state.name for trial in optuna.load_study(study_name="search", storage=there).trials]
    assert states == ["COMPLETE"] * 12 + ["FAIL"] * 12


def test_a_file_that_is_no_journal_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("milk, bread")
    with pytest.raises(ValueError, match=r"expected storage as the journal of a search, got .*txt, which"):
        search(storage=path)
    assert path.read_text() == "milk, bread"


def test_a_loaded_study_has_the_trials_and_no_data(alone, tmp_path):
    search(storage=tmp_path / "journal")
    loaded = fd.tune.load(tmp_path / "journal")
    assert rows(loaded) == rows(alone)
    assert loaded.best_params == alone.best_params
    assert loaded.table() == alone.table()
    assert fd.tune.load(tmp_path / "journal", space=SPACE).importances() == alone.importances()
    with pytest.raises(ValueError, match="expected the space of the study"):
        fd.tune.load(tmp_path / "journal", space={"lr": SPACE["lr"]})
    with pytest.raises(ValueError, match="which is not there"):
        fd.tune.load(tmp_path / "nothing")
    with pytest.raises(ValueError, match="expected the data of the search"):
        _ = loaded.best_model
    with pytest.raises(ValueError, match="a study of the storage, one of search, got 'other'"):
        fd.tune.load(tmp_path / "journal", "other")
    with pytest.raises(ValueError, match="got 'serach'; did you mean 'search'"):
        fd.tune.load(tmp_path / "journal", "serach")


def test_a_database_and_a_storage_of_optunas_keep_trials_too(alone, tmp_path):
    import optuna

    assert rows(search(storage=f"sqlite:///{tmp_path}/trials.db", jobs=2)) == rows(alone)
    assert rows(fd.tune.load(f"sqlite:///{tmp_path}/trials.db")) == rows(alone)
    there = optuna.storages.InMemoryStorage()
    assert rows(search(storage=there)) == rows(alone)
    assert optuna.load_study(study_name="search", storage=there).best_value == alone.best_value


def test_a_database_that_others_make_at_the_same_moment_is_opened_once_it_is_there(tmp_path, monkeypatch):
    """Optuna looks for the tables and makes them in two steps, between which others may have made them."""
    import optuna
    from sqlalchemy.exc import IntegrityError, OperationalError

    errors = [
        IntegrityError("INSERT INTO alembic_version", {}, Exception("UNIQUE constraint failed")),
        OperationalError("CREATE TABLE", {}, Exception("table trial_system_attributes already exists")),
    ]
    real = optuna.storages.get_storage

    def get_storage(url):
        if errors:
            raise errors.pop()
        return real(url)

    monkeypatch.setattr(optuna.storages, "get_storage", get_storage)
    assert storage_of("test", f"sqlite:///{tmp_path}/trials.db").get_all_studies() == []
    assert not errors


def test_threads_that_search_leave_optunas_log_level_as_it_was():
    import logging

    from fastdnn.tune.optuna_parts import quiet

    logger = logging.getLogger("optuna")
    before = logger.level
    first, second = quiet(), quiet()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)  # the first to come is the first to go
    assert logger.level == logging.WARNING
    second.__exit__(None, None, None)
    assert logger.level == before != logging.WARNING


def test_the_callers_random_numbers_and_threads_stay_as_they_were():
    state, threads = np.random.get_state()[1].tolist(), fd.get_num_threads()  # noqa: NPY002
    search(n_trials=2)
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002
    assert fd.get_num_threads() == threads


def test_the_line_says_how_far_it_is(capsys):
    search(verbose=2, n_trials=3)
    said = capsys.readouterr().out
    assert re.match(r"3/3 trials; best val_loss [\d.]+ \(trial \d\)", said)


@pytest.mark.filterwarnings("ignore:.*a build that reads the parameter")
def test_the_line_and_the_study_name_the_same_of_equal_ones(capsys):
    for monitor in ("val_loss", "val_accuracy"):
        frozen = {"lr": fd.tune.uniform(0, 1e-30)}
        study = search(
            build=lambda p: constant(), space=frozen, n_trials=3, monitor=monitor, jobs=1, verbose=2
        )
        assert len({trial.value for trial in study.trials}) == 1
        assert study.best_trial.number == 0
        assert capsys.readouterr().out.rstrip().endswith("(trial 0)")


def constant():
    model = fd.Sequential([fd.Input((8,)), fd.layers.Dense(3)], seed=0)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.SGD(1e-30), loss, metrics=["accuracy"])
    return model


def test_a_study_of_another_model_or_with_weights_of_another_length_is_refused(tmp_path):
    def other(p):
        model = build({**p, "activation": "sigmoid"})
        assert model.layers[1].activation == "sigmoid"
        return model

    search(n_trials=2, storage=tmp_path / "journal")
    with pytest.raises(ValueError, match=r"in the storage: model = .*Dense.* \(\w{8}\), got model = .*Dense"):
        search(n_trials=3, storage=tmp_path / "journal", resume=True, build=other)
    assert len(search(n_trials=3, storage=tmp_path / "journal", resume=True).trials) == 3
    with pytest.raises(ValueError, match="as many rows in sample_weight as in x, 180, got 4"):
        search(cv=3, sample_weight=np.ones(4))
