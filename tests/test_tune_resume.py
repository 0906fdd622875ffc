"""Going on after a crash, and several processes with one storage: each trial once, and the same."""

import resource
import signal
import subprocess
import time

import optuna_or_skip  # noqa: F401
import pytest
from searches import build, rows, search
from searches_apart import marks, run_apart, run_together, run_until_it_dies, wait_for_marks

import fastdnn as fd
from fastdnn.tune import worker_identity
from fastdnn.tune.storages import storage_of


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
    rest = built[2:]
    assert not done & set(rest)
    assert len(rest) == len(set(rest))
    assert 0 <= 12 - len(done) - len(rest) <= 2  # of the two under way results may have been written


@pytest.mark.parametrize("method", ["coarse_to_fine", "bayesian"])
def test_after_kill_9_in_a_later_generation_the_rest_is_the_same(method, tmp_path):
    given = {
        "method": method,
        "n_trials": 12,
        "generation_size": 4,
        "pruner": "successive_halving",
        "epochs": 6,
    }
    journal, seen = tmp_path / "journal", tmp_path / "marks"
    process = run_apart(journal, repr({**given, "jobs": 2}), MARKS=str(seen), PAUSE="0.01", HOLD="8")
    wait_for_marks(seen, 9, process)
    process.kill()
    process.wait()
    process.stderr.close()
    before = len(fd.tune.load(journal).trials)
    assert before < 12
    assert rows(search(storage=journal, resume=True, **given)) == rows(search(**given))
    assert len(marks(seen)) < 15


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


def test_a_line_that_was_cut_off_is_no_harm(alone, tmp_path):
    journal = tmp_path / "journal"
    search(storage=journal, n_trials=4)
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"wor')
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


# ---- Trials that kill their process


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
        run_until_it_dies(
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
    run_until_it_dies(code, journal)
