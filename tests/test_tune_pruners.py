"""Pruners: who goes on at a rung, of which trials that are compared, and what a trial in stretches is."""

import math

import optuna_or_skip  # noqa: F401
import pytest
import searches
from networks import weight_hash
from searches import rows, search

import fastdnn as fd
from fastdnn.tune.pruning import Median, SuccessiveHalving, shares


def test_rungs_are_shares_of_the_epochs():
    assert shares(SuccessiveHalving(3, 1), 27) == (1 / 27, 1 / 9, 1 / 3, 1.0)
    assert shares(SuccessiveHalving(3, 4), 27) == (1 / 3, 1.0)
    assert shares(SuccessiveHalving(2, 1), 1) == (1.0,)
    assert shares(Median(3), 12) == (0.25, 0.5, 1.0)


def test_halving_keeps_the_best_third_at_each_rung():
    study = search(n_trials=9, epochs=9, pruner="successive_halving")
    by_epochs = {epochs: [t for t in study.trials if t.epochs == epochs] for epochs in (1, 3, 9)}
    assert [len(by_epochs[epochs]) for epochs in (1, 3, 9)] == [6, 2, 1]
    assert {t.state for t in by_epochs[1] + by_epochs[3]} == {"pruned"}
    (last,) = by_epochs[9]
    assert last.state == "complete"
    assert [epochs for epochs, _ in last.rungs] == [1, 3]
    went_on = [t.rungs[0][1] for t in by_epochs[3] + by_epochs[9]]
    assert max(went_on) <= min(t.value for t in by_epochs[1])
    assert study.best_trial is last


def test_a_trial_in_stretches_is_the_trial_in_one_go():
    whole = search(n_trials=9, epochs=9)
    halved = search(n_trials=9, epochs=9, pruner="successive_halving")
    (last,) = [t for t in halved.trials if t.state == "complete"]
    assert last.value == whole.trials[last.number].value
    assert dict(last.metrics) == dict(whole.trials[last.number].metrics)
    assert weight_hash(halved.train(last.number)) == weight_hash(whole.train(last.number))
    short = search(n_trials=9, epochs=3)
    for t in halved.trials:
        for epochs, value in t.rungs:
            if epochs == 3:
                assert value == short.trials[t.number].value


def test_stretches_with_callbacks_are_those_of_one_go():
    stop = fd.callbacks.EarlyStopping("val_loss", patience=1)
    given = {"n_trials": 6, "epochs": 9, "callbacks": [stop], "jobs": 2}
    whole, halved = search(**given), search(pruner=SuccessiveHalving(2, 2), **given)
    complete = [t for t in halved.trials if t.state == "complete"]
    assert complete
    for t in complete:
        assert (t.value, t.epochs) == (whole.trials[t.number].value, whole.trials[t.number].epochs)
    assert min(t.epochs for t in whole.trials) < 9
    assert stop.stopped_epoch is None  # trials have copies of it


def test_the_median_rule_keeps_the_better_half():
    study = search(n_trials=9, epochs=4, pruner="median")
    first = [t for t in study.trials if t.epochs == 1]
    assert len(first) == 4
    assert max(t.rungs[0][1] for t in study.trials if t.epochs > 1) <= min(t.value for t in first)


@pytest.mark.parametrize("method", ["random", "bayesian"])
def test_the_median_rule_does_not_halve_at_each_rung(method):
    """Who was stopped counts with its last value: else two of 24 would be left after four rungs."""
    study = search(n_trials=24, epochs=16, pruner="median", method=method)
    states = [trial.state for trial in study.trials]
    assert 8 <= states.count("complete") <= 16
    assert states.count("complete") + states.count("pruned") == 24


def test_who_was_stopped_counts_with_its_last_value():
    class Watched(Median):
        def survivors(self, values, others, sign):
            seen.append((dict(values), dict(others)))
            return super().survivors(values, others, sign)

    seen = []
    study = search(n_trials=8, epochs=8, pruner=Watched(), jobs=2)
    assert [len(values) + len(others) for values, others in seen] == [8, 8, 8]
    for rung, (values, others) in enumerate(seen):
        for number, value in (values | others).items():
            came = [figure for _, figure in study.trials[number].rungs[: rung + 1]]
            assert value == came[-1]
            assert (number in values) == (len(came) == rung + 1)


def test_the_median_is_also_of_earlier_generations():
    pruner = Median()
    assert pruner.survivors({8: 0.5, 9: 0.6}, {0: 0.1, 1: 0.2, 2: 0.3}, 1.0) == set()
    assert pruner.survivors({8: 0.5, 9: 0.6}, {0: 0.1, 1: 0.2, 2: 0.3}, -1.0) == {8, 9}


@pytest.mark.parametrize("pruner", ["successive_halving", "median"])
def test_nobody_comes_to_a_rung(pruner):
    builds = []

    def build_of_the_dry_run_alone(p):
        builds.append(p)
        if len(builds) > 2:
            raise RuntimeError("no memory")
        return searches.build(p)

    study = search(build=build_of_the_dry_run_alone, n_trials=5, epochs=9, pruner=pruner)
    assert [trial.state for trial in study.trials] == 5 * ["failed"]


@pytest.mark.parametrize("reproducible", [True, False])
@pytest.mark.parametrize("pruner", ["successive_halving", "median"])
@pytest.mark.parametrize("epochs", [fd.tune.choice(1, 27), fd.tune.integers(1, 9)])
def test_rungs_at_the_same_epoch_of_a_short_trial_are_one(epochs, pruner, reproducible):
    given = {"n_trials": 9, "epochs": epochs}
    whole = search(**given)
    study = search(pruner=pruner, reproducible=reproducible, **given)
    assert not [each.reason for each in study.trials if each.state == "failed"]
    for each in study.trials:
        rungs = [until for until, _ in each.rungs]
        assert rungs == sorted(set(rungs))
        if each.epochs == each.params["epochs"]:
            assert each.value == whole.trials[each.number].value
    assert any(each.state == "complete" for each in study.trials)


@pytest.mark.parametrize("pruner", ["successive_halving", "median"])
@pytest.mark.parametrize("method", ["random", "grid"])
def test_a_pruner_keeps_the_models_of_few_trials(method, pruner, monkeypatch):
    from fastdnn.tune.brackets import SIZE
    from fastdnn.tune.coordinator import Coordinator

    kept, arrive = [], Coordinator._arrive

    def watched(self, held, outcome):
        arrive(self, held, outcome)
        kept.append(sum(each.outcome is not None for each in self._held.values()))

    monkeypatch.setattr(Coordinator, "_arrive", watched)
    given = {"method": method, "pruner": pruner, "epochs": 3, "n_trials": 100}
    if method == "grid":
        given["n_trials"] = {"lr": 3, "beta_1": 4, "units": 3, "dropout": 1}  # and the activations
    study = search(jobs=1, **given)
    assert len(study.trials) > 2 * SIZE
    assert max(kept) <= SIZE
    kept.clear()
    assert rows(search(jobs=3, **given)) == rows(study)
    assert max(kept) <= 2 * SIZE
    if pruner == "successive_halving":
        brackets = math.ceil(len(study.trials) / SIZE)
        first = study.trials[: len(study.trials) // brackets]
        assert sum(each.state == "complete" for each in first) == math.ceil(len(first) / 3)


def test_halving_goes_with_cross_validation():
    given = {"cv": 2, "n_trials": 6, "epochs": 4, "pruner": SuccessiveHalving(2, 1)}
    alone = search(jobs=1, **given)
    assert rows(search(jobs=3, **given)) == rows(alone)
    whole = search(cv=2, n_trials=6, epochs=4)
    best = alone.best_trial
    assert best.value == whole.trials[best.number].value


@pytest.mark.parametrize("bad", [{"factor": 1}, {"least_epochs": 0}, {"factor": 2.5}])
def test_a_pruner_refuses(bad):
    with pytest.raises(ValueError, match=f"expected {next(iter(bad))} as a whole number"):
        fd.tune.SuccessiveHalving(**bad)
