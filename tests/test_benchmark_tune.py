"""The benchmark of searches: all try the same sets, and what is printed. No test looks at a time."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import command_lines
import numpy as np
import pytest

import fastdnn as fd
from fastdnn.benchmark import report
from fastdnn.benchmark.frameworks import Framework
from fastdnn.benchmark.networks.process import Process
from fastdnn.benchmark.report import Report
from fastdnn.benchmark.tuning import searchers, suite, trials, with_fastdnn, with_optuna
from fastdnn.benchmark.tuning.row import TuningRow
from fastdnn.benchmark.tuning.suite import TuningEffort, TuningSuite

EFFORT = TuningEffort(rounds=3, trials=4, epochs=1, tried=1)
ABSENT = Framework("absent", "Absent", "no_module", ("no-such-package",), "pip install no-such-package")
FAKE = Framework("torch", "a fake", "fake_searcher", ("numpy",), "")


def row(name, way, rounds, error=0.02, target=None):
    return TuningRow(name, way, rounds, error, 2.0, 0.02, target)


def test_the_sets_are_those_that_a_search_draws():
    (x, y), dev = trials.data()
    study = fd.tune.search(
        with_fastdnn.build,
        trials.space(),
        x,
        y,
        validation_data=dev,
        n_trials=5,
        epochs=1,
        monitor="val_accuracy",
        seed=trials.SEED,
        verbose=0,
    )
    assert [dict(trial.params) for trial in study.trials] == trials.values(5)
    for way in with_fastdnn.ways():
        np.testing.assert_array_equal(
            with_fastdnn.search(way, 5, 1), [1 - trial.value for trial in study.trials]
        )


@pytest.mark.parametrize("peer", searchers.PEERS, ids=lambda peer: peer.name)
def test_an_installed_peer_tries_as_many_sets(peer):
    if peer.missing:
        pytest.skip(f"{peer.title}: {peer.state}")
    process = Process(peer, 2)
    try:
        for way in process.ask("search_ways"):
            told = process.ask("search", way=way, trials=4, epochs=2)
            assert len(told["errors"]) == 4
            assert all(0 <= error < 0.95 for error in told["errors"])
            assert told["seconds"] > 0
    finally:
        process.close()


def test_optuna_suggests_what_is_in_the_queue():
    optuna = pytest.importorskip("optuna", reason="optuna is not installed")
    study = optuna.create_study()
    for one in trials.values(6):
        study.enqueue_trial(with_optuna.queued(one))
    for one in trials.values(6):
        suggested = with_optuna.suggested(study.ask())
        assert suggested.pop("beta_1") == pytest.approx(one.pop("beta_1"), rel=1e-12)
        assert suggested == one


def test_a_run_has_all_ways_of_ours_and_the_best_of_a_peer():
    notes, told = [], []
    made = TuningSuite([FAKE, ABSENT], EFFORT).run(told.append, notes.append)
    assert [(each.name, each.way) for each in made.rows] == [
        ("fastdnn", "2 jobs"),
        ("fastdnn", "1 job, 2 threads"),
        ("fastdnn", "1 job, 1 thread"),
        ("torch", "fast"),
    ]
    assert [len(each.rounds) for each in made.rows] == [3] * 4
    assert len(told) == 3
    assert notes == []
    assert made.rows[-1].error == 0.25
    assert made.rows[0].ratio == 1.0
    assert len({each.error for each in made.rows[:3]}) == 1
    text = report.text(made)
    assert "no-such-package not installed: pip install no-such-package" in text
    assert "4 trials of 1 epochs on the digits, median of 3" in text
    again = report.from_json(report.to_json(made))
    assert again.rows == made.rows
    assert report.text(again) == text


@pytest.mark.parametrize("mood", ["broken", "breaks later"])
def test_a_peer_that_fails_is_left_out_and_noted(monkeypatch, mood):
    monkeypatch.setenv("FAKE_SEARCHER", mood)
    notes = []
    made = TuningSuite([FAKE], replace(EFFORT, trials=5)).run(lambda text: None, notes.append)
    assert notes == ["a fake: ValueError: no search today: left out"]
    assert made.notes == notes
    assert [each.name for each in made.rows] == ["fastdnn"] * 3


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no groups of processes")
def test_what_a_searcher_has_started_ends_with_it(monkeypatch, tmp_path):
    monkeypatch.setenv("FAKE_SEARCHER_PIDS", str(tmp_path / "pid"))
    process = Process(FAKE, 2)
    process.ask("search", way="fast", trials=1, epochs=1)
    process.close()
    pid, until = int((tmp_path / "pid").read_text()), time.monotonic() + 10
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(pid)


def is_running(pid):
    """A zombie, which nobody may reap in a container, is not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_interrupted_run_has_the_rounds_that_are_done(monkeypatch):
    done = []

    def on_round(text):
        done.append(text)
        if len(done) == 2:
            raise KeyboardInterrupt

    made = TuningSuite([], EFFORT).run(on_round, pytest.fail)
    assert not made.complete
    assert [len(each.rounds) for each in made.rows] == [2] * 3


def test_targets():
    slow, fast = row("torch", "2 jobs", [12.0, 9.0, 30.0], target=5.0), row("sklearn", "n_jobs=2", [4.0] * 3)
    assert slow.seconds == 12.0
    assert slow.ratio == 6.0
    assert slow.reached
    assert fast.reached is None
    assert not row("torch", "", [12.0], error=0.019, target=5.0).reached  # ours is worse
    assert not row("torch", "", [9.0], target=5.0).reached
    assert searchers.target_of("fastdnn", "1 job, 1 thread") == 1.8
    text = report.text(Report({"cpu": "x"}, rows=[slow, fast], kind="tuning"))
    assert "1 of 1 targets reached" in text
    assert "6.00×" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dtype", "float32"], "--dtype with kernels only"),
        (["--plot", "a.png"], "--plot with steps and predict only"),
        (["--threads", "2"], "--threads with kernels, steps and predict only"),
        (["--filter", "a"], "--filter with kernels, steps and predict only"),
        (["--peers", "jax"], "jax"),
    ],
)
def test_the_command_refuses(capsys, words, said):
    assert said in command_lines.refused(command_lines.run(capsys, "bench", "tune", *words))


def test_the_command_prints_and_writes(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(suite, "QUICK", EFFORT)
    path = tmp_path / "tune.json"
    words = ["bench", "tune", "--quick", "--peers", "none", "--json", path]
    assert "1 job, 2 threads" in command_lines.printed(command_lines.run(capsys, *words))
    assert [each["way"] for each in json.loads(path.read_text())["rows"]] == with_fastdnn.ways()


def test_without_optuna_there_is_no_run(capsys, monkeypatch):
    monkeypatch.setattr(suite.OURS.__class__, "missing", ["optuna"])
    said = command_lines.run(capsys, "bench", "tune").err
    assert 'pip install "fastdnn[tune]"' in said
