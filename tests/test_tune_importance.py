"""Importances of parameters, how far they can be trusted, and which of them may be chance."""

import math
import pickle

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from searches import SPACE, search

import fastdnn as fd
from fastdnn.tune.methods import METHODS

FIVE = fd.tune.Space.of("test", {name: fd.tune.uniform(0, 1) for name in "abcde"})


def study_of(values, n=40, space=FIVE, mode="min", seed=0):
    params = [space.draw(seed, number) for number in range(n)]
    trials = [fd.tune.Trial(number, p, number, value=values(p, number)) for number, p in enumerate(params)]
    return fd.tune.Study(tuple(trials), n, "val_loss", mode, "random", space, (space,))


def bowl(p, number):
    return (p["a"] - 0.3) ** 2 + 0.02 * np.random.default_rng(number).normal()


def kinds(found):
    return {advice.kind: advice for advice in found.advice}


def test_a_parameter_that_decides_comes_first_in_nearly_all_studies_of_20_trials():
    found = [study_of(bowl, 20, seed=seed).importances() for seed in range(6)]
    assert sum(next(iter(each)) == "a" for each in found) >= 5
    assert sum("a" in each.beyond_chance for each in found) >= 3
    assert all(each.best == 10 for each in found)


def test_where_nothing_matters_the_order_is_said_to_be_chance():
    noise = [np.random.default_rng(number).normal() for number in range(40)]
    found = [study_of(lambda p, number: noise[number], seed=seed).importances() for seed in range(6)]
    assert sum(bool(each.beyond_chance) for each in found) <= 2  # one in twenty
    chance = kinds(found[0])["no_more_than_chance"]
    assert chance.severity == "warning"
    assert "No parameter is shown to matter" in str(found[0])


def test_what_is_shown_and_what_is_not_are_told_apart():
    found = study_of(bowl, 60).importances()
    assert found.beyond_chance == ("a",)
    assert next(iter(found)) == "a"
    assert found == dict(found)
    text = str(found)
    assert found["a"] > found.by_chance["a"]
    assert all(found[name] <= found.by_chance[name] for name in "bcde")
    assert [line.split()[-1] for line in text.splitlines()[2:7]] == ["yes", "no", "no", "no", "no"]
    assert "what tells the best 15 of 60 trials from the others" in text
    assert kinds(found)["no_more_than_chance"].severity == "hint"
    assert pickle.loads(pickle.dumps(found)) == found


def staged(value, seed, n=60, complete=lambda number: True):
    """A study of "coarse_to_fine" whose later stages are better, as longer training makes them."""
    method, done = METHODS["coarse_to_fine"](FIVE, n, seed), []
    for stage in range(3):
        for p in method.propose(stage, done):
            number = len(done)
            state = "complete" if complete(number) else "pruned"
            done.append(fd.tune.Trial(number, p, number, stage, state, value(p, number + n * seed) - stage))
    return fd.tune.Study(tuple(done), n, "val_loss", "min", "coarse_to_fine", FIVE, method.regions(done))


def test_that_later_stages_are_trained_longer_is_the_merit_of_no_parameter():
    """They have other values of all parameters, also of those that do not matter."""
    found = [staged(lambda p, n: np.random.default_rng(n).normal(), seed).importances() for seed in range(8)]
    assert sum(bool(each.beyond_chance) for each in found) <= 2
    found = [staged(bowl, seed).importances() for seed in range(8)]
    assert sum(each.beyond_chance == ("a",) for each in found) >= 6
    assert "what tells the best 10 of 20 trials of the first stage from the others" in str(found[0])


def test_where_few_of_the_first_stage_are_complete_each_trial_is_compared_in_its_stage():
    def few(number):
        return number >= 20 or number < 3

    found = [staged(bowl, seed, complete=few).importances() for seed in range(8)]
    assert sum(next(iter(each)) == "a" for each in found) >= 4  # of five parameters
    assert sum(len(set(each.beyond_chance) - {"a"}) for each in found) <= 2
    assert "of 43 trials each in its stage from the others" in found[0].about


@pytest.mark.parametrize(("n", "severity"), [(6, "warning"), (9, "warning"), (12, "hint")])
def test_few_trials_are_said_to_be_few(n, severity):
    advice = kinds(study_of(bowl, n).importances())["few_trials"]
    assert advice.severity == severity
    assert f"{n} trials are" in advice.text
    assert "few_trials" not in kinds(study_of(bowl, 20).importances())


def test_a_parameter_that_hardly_varied_is_named():
    given = {"a": fd.tune.uniform(0, 1), "b": fd.tune.choice("x", "y"), "c": fd.tune.integers(1, 100)}
    space = fd.tune.Space.of("test", given)
    params = [p | {"b": "x", "c": 50 + n % 3} for n in range(30) for p in [space.draw(0, n)]]
    trials = [fd.tune.Trial(n, p, n, value=(p["a"] - 0.3) ** 2) for n, p in enumerate(params)]
    found = fd.tune.Study(tuple(trials), 30, "val_loss", "min", "random", space, (space,)).importances()
    assert "b and c hardly varied" in kinds(found)["hardly_varied"].text
    assert found.beyond_chance[0] == "a"
    assert "hardly_varied" not in kinds(study_of(bowl).importances())


def test_of_few_trials_chance_may_give_more_than_all_there_is():
    found = study_of(bowl, 8).importances()
    high = [name for name in found if found.by_chance[name] > 1]
    assert high
    lines = {line.split()[0]: line.split() for line in str(found).splitlines()[2:7]}
    assert all(lines[name][2:] == [">100%", "no"] for name in high)
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `plots`")
    axes = fd.plots.study_importance(study_of(bowl, 8))
    assert axes.get_xlim()[1] < 115
    assert axes.get_xlabel().endswith("no more than that; no tick: over 100 %")
    assert sum(len(line.get_xdata()) for line in axes.lines) == 5 - len(high)


def test_equal_values_are_on_one_side_of_the_border():
    """Of an accuracy with few values: the best are those of the best value, however many there are."""
    steps = study_of(lambda p, number: float(p["a"] > 0.25), 40).importances()
    assert steps.best == sum(trial.params["a"] <= 0.25 for trial in study_of(bowl, 40).trials)
    assert steps.beyond_chance == ("a",)
    high = study_of(lambda p, number: float(p["a"] <= 0.25), 40, mode="max").importances()
    assert (high.best, high) == (steps.best, steps)


def test_a_conditional_parameter_that_few_have_is_named():
    some = {"layers": fd.tune.integers(1, 8), **fd.tune.when("layers", equals=8, u=fd.tune.uniform(0, 1))}
    found = study_of(lambda p, number: float(p["layers"]), 30, fd.tune.Space.of("test", some)).importances()
    assert "Few trials have u" in kinds(found)["few_with_parameter"].text
    assert math.isclose(sum(found.values()), 1)


@pytest.mark.parametrize(("pruner", "epochs"), [("successive_halving", 9), ("median", 8)])
def test_of_a_search_with_a_pruner_all_trials_are_compared_at_the_first_rung(pruner, epochs):
    given = {"n_trials": 24, "monitor": "val_loss"}
    found = search(epochs=epochs, pruner=pruner, **given).importances()
    assert found.trials == 24
    assert "few_trials" not in kinds(found)
    whole = search(epochs=1, **given).importances()
    assert dict(found) == dict(whole)
    assert found.beyond_chance == whole.beyond_chance
    assert "by their values at the first rung, after 1 epoch, which pruned ones have, too" in str(found)
    assert "rung" not in str(whole)


def test_of_stages_with_a_pruner_the_first_one_is_compared_where_all_were():
    """At its first rung, or at its end where it is too short to have one."""
    given = {"method": "coarse_to_fine", "n_trials": 30, "pruner": fd.tune.SuccessiveHalving(least_epochs=2)}
    long, short = (search(epochs=epochs, **given).importances() for epochs in (24, 8))
    assert long.about.endswith(
        "10 trials of the first stage from the others, by their values at the first "
        "rung, after 2 epochs, which pruned ones have, too"
    )
    assert short.about.endswith("10 trials of the first stage from the others")


def test_where_something_is_missing_the_error_says_what_to_do(tmp_path):
    storage = tmp_path / "journal"
    search(storage=storage, n_trials=5)
    with pytest.raises(ValueError, match=r"loaded without it; fd.tune.load\(storage, space=space\)"):
        fd.tune.load(storage).importances()
    assert set(fd.tune.load(storage, space=SPACE).importances()) == set(SPACE)
    with pytest.raises(ValueError, match=r"got 2; search on: more n_trials"):
        search(n_trials=2).importances()
    with pytest.raises(ValueError, match=r"20 complete trials of equal value; .* monitor a finer figure"):
        study_of(lambda p, number: 1.0, 20).importances()
