"""The asynchronous mode: Optuna's samplers and pruners over what is finished at that moment."""

import optuna_or_skip  # noqa: F401
import pytest
from searches import build, search

import fastdnn as fd
from fastdnn.tune.pruning import SuccessiveHalving


@pytest.mark.parametrize("pruner", [None, "successive_halving", "median"])
@pytest.mark.parametrize("method", ["random", "evolutionary", "bayesian"])
def test_all_trials_are_done_and_each_is_what_its_model_gives(method, pruner, tmp_path):
    given = {"method": method, "pruner": pruner, "n_trials": 24, "epochs": 9, "generation_size": 4}
    study = search(reproducible=False, jobs=2, storage=tmp_path / "journal", **given)
    assert [trial.number for trial in study.trials] == list(range(24))
    states = {trial.state for trial in study.trials}
    assert states == ({"complete"} if pruner is None else {"complete", "pruned"})
    whole = search(epochs=9, n_trials=24) if method == "random" else None
    for trial in study.trials:
        if trial.state == "complete" and whole is not None:
            assert trial.value == whole.trials[trial.number].value
    best = study.best_trial
    assert study.best_model.evaluate(*study.work.dev[:2], return_dict=True)["loss"] == best.value


def test_a_trial_is_stopped_by_those_that_came_to_its_rung_before():
    pruner = SuccessiveHalving(3, 1)
    study = search(reproducible=False, jobs=1, n_trials=30, epochs=9, pruner=pruner)
    pruned = [trial for trial in study.trials if trial.state == "pruned"]
    assert {trial.epochs for trial in pruned} <= {1, 3}
    assert len(pruned) >= 10
    first = sorted(trial.rungs[0][1] for trial in study.trials)
    assert all(trial.rungs[0][1] > first[0] for trial in pruned if trial.epochs == 1)


def test_what_is_finished_decides_what_comes_next():
    """A sampler that has seen good trials proposes near them, at the latest after ten."""

    def on_a_line(p):
        return build({"beta_1": 0.9, "units": 8, "dropout": 0.0, "activation": "relu", **p})

    space = {"lr": fd.tune.log_uniform(1e-6, 1e-1)}
    given = {"build": on_a_line, "space": space, "method": "bayesian", "n_trials": 30, "epochs": 2}
    study = search(reproducible=False, jobs=2, **given)
    rates = sorted(trial.params["lr"] for trial in study.trials[15:])
    assert rates[len(rates) // 2] > 1e-3


def test_a_failed_trial_is_told(tmp_path):
    def brittle(p):
        if p["units"] == 4:
            raise ValueError("no fours")
        return build(p)

    study = search(build=brittle, method="bayesian", reproducible=False, n_trials=16, jobs=2)
    assert {trial.state for trial in study.trials} == {"complete", "failed"}
    assert len(study.trials) == 16


def test_it_goes_on_where_it_was(tmp_path):
    given = {"method": "bayesian", "reproducible": False, "storage": tmp_path / "journal", "n_trials": 16}
    begun = search(seconds=0.05, jobs=1, **given)
    assert len(begun.trials) < 16
    whole = search(resume=True, jobs=2, **given)
    assert len(whole.trials) == 16
    assert [trial.params for trial in whole.trials][: len(begun.trials)] == [
        trial.params for trial in begun.trials
    ]
    with pytest.raises(ValueError, match="expected the study in the storage: reproducible = False"):
        search(resume=True, **{**given, "reproducible": True})


@pytest.mark.parametrize("method", ["grid", "coarse_to_fine"])
def test_methods_without_such_a_form_are_refused(method):
    with pytest.raises(ValueError, match="expected one of random, evolutionary, bayesian with rep"):
        search(method=method, reproducible=False)
