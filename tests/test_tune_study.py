"""What a study says of its trials: table, CSV, importances."""

import csv
import dataclasses
import math

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from frames_for_tests import Frame
from searches import SPACE, build, search
from sparse_arrays import Csr

import fastdnn as fd

SPACE_OF_TWO = fd.tune.Space.of("test", {"a": fd.tune.uniform(0, 1), "b": fd.tune.log_uniform(1e-4, 1)})


def study_of(values, mode="min", space=SPACE_OF_TWO):
    """Of trials whose value is a function of their values; None is a failure."""
    trials = []
    for number in range(60):
        params = space.draw(0, number)
        value = values(params)
        state = "failed" if value is None else "complete"
        reason = "ValueError: too bad" if value is None else ""
        trials.append(fd.tune.Trial(number, params, number, 0, state, value, epochs=3, reason=reason))
    return fd.tune.Study(tuple(trials), 60, "val_loss", mode, "random", space, (space,))


def test_importances_say_which_parameter_decides():
    found = study_of(lambda p: (p["a"] - 0.4) ** 2 + 1e-3 * math.log10(p["b"])).importances()
    assert list(found) == ["a", "b"]
    assert found["a"] > 0.8
    assert sum(found.values()) == pytest.approx(1)
    other = study_of(lambda p: -((math.log10(p["b"]) + 2) ** 2), mode="max").importances()
    assert next(iter(other)) == "b"


def test_importances_know_parameters_by_their_own_names():
    space = fd.tune.Space.of("test", SPACE)
    found = study_of(lambda p: math.log10(1 - p["beta_1"]), space=space).importances()
    assert set(found) == set(SPACE)
    assert next(iter(found)) == "beta_1"


def test_importances_need_trials():
    with pytest.raises(ValueError, match="expected at least 4 complete trials of a search, got 3"):
        search(n_trials=3).importances()


def test_importances_of_equal_values_are_refused_and_of_few_trials_no_warning(recwarn):
    with pytest.raises(ValueError, match="expected trials whose values differ, got 60 complete trials"):
        study_of(lambda p: 1.0).importances()
    conditional = {
        "layers": fd.tune.choice(1, 2, 3),
        **fd.tune.when("layers", equals=3, units=fd.tune.integers(4, 8)),
    }
    space = fd.tune.Space.of("test", conditional)
    trials = [{"layers": 1 + number % 2} for number in range(11)] + [{"layers": 3, "units": 5}]
    kept = tuple(fd.tune.Trial(n, p, n, value=0.1 * n) for n, p in enumerate(trials))
    study = fd.tune.Study(kept, 12, "val_loss", "min", "random", space, (space,))
    assert sum(study.importances().values()) == pytest.approx(1)
    assert not recwarn.list


def test_epochs_that_were_drawn_have_a_column_of_their_own():
    study = search(n_trials=2, epochs=fd.tune.integers(1, 3))
    header = study.table().splitlines()[0]
    assert header.count("epochs") == 2
    assert "epochs (drawn)" in header


@pytest.mark.filterwarnings("ignore:.*the parameter 'sizes'")
def test_a_loaded_study_has_the_options_themselves_where_the_space_is_given(tmp_path):
    space = {**SPACE, "sizes": fd.tune.choice((8, 4), (4,), None)}
    study = search(space=space, n_trials=4, storage=tmp_path / "journal")
    found = fd.tune.load(tmp_path / "journal", space=space)
    assert [dict(trial.params) for trial in found.trials] == [dict(trial.params) for trial in study.trials]
    wider = {**space, "lr": fd.tune.log_uniform(1e-5, 1e-1)}
    for other, said in [(wider, "lr: kind log_uniform, low 1e-05"), (SPACE, "got no sizes")]:
        with pytest.raises(ValueError, match=f"expected the space of the study: .*{said}") as caught:
            fd.tune.load(tmp_path / "journal", space=other)
        assert "dropout" not in str(caught.value)


def test_the_table_has_the_best_first_and_the_failed_last():
    study = study_of(lambda p: None if p["a"] > 0.9 else p["a"])
    lines = study.table().splitlines()
    assert lines[0].split() == ["trial", "val_loss", "state", "epochs", "a", "b"]
    shown = [int(line.split()[0]) for line in lines[2:62]]
    assert shown == [trial.number for trial in study.ranked()]
    values = [study.trials[number].value for number in shown if study.trials[number].value is not None]
    assert values == sorted(values)
    assert lines[-1].endswith("failed: ValueError: too bad")
    assert len(study.table(most=5).splitlines()) == 7
    highest = study_of(lambda p: p["a"], mode="max")
    assert highest.best_value == max(trial.value for trial in highest.trials)
    assert highest.ranked()[0] is highest.best_trial


def test_the_text_is_short_and_names_the_best():
    study = study_of(lambda p: None if p["a"] > 0.9 else p["a"])
    text = str(study)
    assert text.count("\n") < 20
    assert f"of trial {study.best_trial.number}, a=" in text
    assert "60 of 60 trials: " in text
    assert "50 more: print(study.table())" in text
    assert len(repr(study)) < 400


def test_a_csv_file_has_all_of_it(tmp_path):
    study = search(n_trials=4, cv=2)
    path = tmp_path / "trials.csv"
    study.to_csv(path)
    with path.open(newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == 4
    for row, trial in zip(read, study.trials, strict=True):
        assert int(row["number"]) == trial.number
        assert float(row["value"]) == trial.value
        assert float(row["val_accuracy"]) == trial.metrics["val_accuracy"]
        assert float(row["param lr"]) == trial.params["lr"]
        assert row["param activation"] == trial.params["activation"]
        assert int(row["seed"]) == trial.seed
        assert row["state"] == "complete"


def test_equal_values_go_to_the_lower_number():
    assert study_of(lambda p: 1.0).best_trial.number == 0


def test_a_study_without_a_complete_trial_says_so():
    empty = dataclasses.replace(study_of(lambda p: 1.0), trials=())
    with pytest.raises(ValueError, match="a complete trial of a finite value, got none"):
        _ = empty.best_params
    assert str(empty) == "0 of 60 trials: none"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"trial": 99}, "expected the number of a trial that did not fail, got 99"),
        ({"trial": -1}, "whole number"),
    ],
)
def test_a_trial_that_is_not_there_cannot_be_trained(given, message):
    with pytest.raises(ValueError, match=message):
        search(n_trials=2).train(**given)


def test_training_a_trial_again_leaves_the_study_as_it_is():
    study = search(n_trials=3)
    before = str(study)
    assert study.train(2).seed == study.trials[2].seed
    assert str(study) == before


def test_seeds_of_a_build_are_the_trials_and_its_own_stay():
    def two_models(p):
        first = fd.Sequential([fd.Input((2,)), fd.layers.Dense(1)])
        second = fd.Sequential([fd.Input((2,)), fd.layers.Dense(1)])
        return [first.seed, second.seed, fd.Model(seed=5).seed]

    trial = fd.tune.Trial(0, {}, seed=77)
    first, second, own = fd.tune.trial_model(two_models, trial)
    assert (first, own) == (77, 5)
    assert second not in (first, own)
    assert fd.tune.trial_model(two_models, trial) == [first, second, own]
    given = {"lr": 0.01, "beta_1": 0.9, "units": 4, "dropout": 0.0, "activation": "relu"}
    assert build(given).seed != build(given).seed  # outside of a trial it is drawn, as ever


def test_advice_where_the_best_crowd_at_an_end():
    (advice,) = study_of(lambda p: abs(math.log10(p["b"]))).advice
    assert advice.kind == "edge_of_range"
    assert "values of b crowd at the upper end" in advice.text
    names = {"fd": fd}
    exec(advice.code, names)
    assert names["wider"] == {"b": fd.tune.log_uniform(1e-4, 10)}
    (advice,) = study_of(lambda p: p["b"]).advice
    assert advice.code == "wider = {'b': fd.tune.log_uniform(1e-05, 1)}"
    assert str(advice) in str(study_of(lambda p: p["b"]))
    assert not study_of(lambda p: p["a"]).advice  # nothing lies below 0
    assert not study_of(lambda p: (p["a"] - 0.5) ** 2).advice


def test_no_advice_where_as_many_of_all_trials_lie_at_the_end():
    """Of a grid with two values of each parameter half of the trials lie at each end."""
    names = ("a", "b", "c", "d", "e")
    space = fd.tune.Space.of("test", {name: fd.tune.log_uniform(1e-4, 1) for name in names})

    def study(value, number_of_them):
        params = space.grid(number_of_them)
        trials = [fd.tune.Trial(n, p, seed=n, value=value(p, n)) for n, p in enumerate(params)]
        return fd.tune.Study(tuple(trials), len(trials), "val_loss", "min", "grid", space, (space,))

    noise = np.random.default_rng(0)
    by_chance = [study(lambda p, n: noise.normal(), many) for many in (32, 36, 64) for _ in range(10)]
    assert sum(bool(each.advice) for each in by_chance) <= 3
    (advice,) = study(lambda p, n: math.log10(p["c"]) + 0.1 * noise.normal(), 36).advice
    assert "values of c crowd at the lower end" in advice.text
    assert "8 of the best 8 trials, and 16 of all 32, lie in the lower 20%" in advice.evidence


def test_trials_of_a_search_that_learns_are_compared_within_their_generation():
    """Where it went to one end, all later trials lie there, the good ones and the bad."""
    space = fd.tune.Space.of("test", {"a": fd.tune.uniform(1, 2)})
    noise = np.random.default_rng(0)

    def study(value):
        places = [[0.5, 0.3, 0.1, 0.9, 0.7, 0.4, 0.15, 0.6], *[[0.02 * n for n in range(8)]] * 4]
        trials = [
            fd.tune.Trial(8 * g + n, {"a": 1 + place}, seed=n, generation=g, value=value(place, g))
            for g, own in enumerate(places)
            for n, place in enumerate(own)
        ]
        return fd.tune.Study(tuple(trials), len(trials), "val_loss", "min", "bayesian", space, (space,))

    assert not study(lambda place, g: noise.normal() - g).advice


def test_advice_for_averages_goes_on_towards_one():
    space = fd.tune.Space.of("test", SPACE)
    (advice,) = study_of(lambda p: 1 - p["beta_1"], space=space).advice
    assert advice.code == "wider = {'beta_1': fd.tune.one_minus_log_uniform(0.3, 0.999)}"


def test_advice_where_many_failed():
    (advice,) = study_of(lambda p: None if p["a"] > 0.5 else (p["a"] - 0.25) ** 2).advice
    assert (advice.kind, advice.severity) == ("failed_trials", "warning")
    assert "ValueError: too bad" in advice.evidence


def test_data_are_known_again_by_their_numbers_whatever_holds_them():
    from fastdnn.tune.folds import fingerprint

    one, same, other = (Csr.of(np.diag([1.0, value])) for value in (2.0, 2.0, 3.0))
    moved = one.replaced(indices=one.indices[::-1])
    assert fingerprint(one) == fingerprint(same)
    assert len({fingerprint(each) for each in (one, other, moved)}) == 3
    texts = [np.array([word, None], object) for word in ("a", "b")]
    assert fingerprint(texts[0]) == fingerprint(texts[0].copy()) != fingerprint(texts[1])
    frames = [Frame({"price": [1.0, value]}) for value in (2.0, 3.0)]
    assert fingerprint(frames[0]) == fingerprint(Frame({"price": [1.0, 2.0]})) != fingerprint(frames[1])


def test_a_study_is_gone_through_by_trial_and_is_there_also_without_any():
    study = study_of(lambda p: p["a"])
    assert len(study) == 60
    assert [trial.number for trial in study] == list(range(60))
    empty = dataclasses.replace(study, trials=())
    assert (len(empty), [*empty], bool(empty)) == (0, [], True)


def test_the_repr_of_a_trial_shows_all_its_values():
    params = {"lr": 0.01234567890123, "units": 128, "activation": "relu", "sizes": [64] * 100}
    metrics = {"loss": 0.5, "accuracy": 0.25, "val_loss": 0.125, "val_accuracy": 0.0625}
    folds = ({"loss": 0.5, "value": 0.125},) * 5
    told = repr(fd.tune.Trial(3, params, 5, value=0.125, metrics=metrics, folds=folds, epochs=3))
    for name, value in [*[*params.items()][:3], *metrics.items()]:
        assert f"{name!r}: {value!r}" in told
    assert "'sizes': <list of 400 characters>" in told
    assert "folds=<5 folds>" in told
    assert "reason" not in told
    assert "rungs" not in told
    failed = repr(fd.tune.Trial(0, {}, 5, state="failed", reason="OSError: gone"))
    assert failed.startswith("Trial(number=0, params={}, seed=5, generation=0, state='failed', value=None")
    assert "reason='OSError: gone'" in failed


def failing(*reasons):
    """A study of a complete trial and those that failed for these reasons."""
    study = study_of(lambda p: 1.0)
    failed = [
        fd.tune.Trial(number, study.trials[number].params, number, 0, "failed", None, reason=reason)
        for number, reason in enumerate(reasons, 1)
    ]
    return dataclasses.replace(study, trials=(study.trials[0], *failed))


def test_equal_reasons_are_told_once_and_the_commonest_first():
    study = failing("OSError: gone", *["ValueError: too big"] * 5)
    assert study.table().splitlines()[-2:] == [
        "trials 2, 3, 4 and 2 more failed: ValueError: too big",
        "trial 1 failed: OSError: gone",
    ]
    assert str(study).count("ValueError: too big") == 2  # below the table, and in the advice
    assert "\n7 of 60 trials: 1 complete, 6 failed\n" in str(study)
    (advice,) = study.advice
    wanted = "6 of 7 trials; 5 of them: ValueError: too big; 1 of them: OSError: gone"
    assert advice.evidence == wanted
    none_complete = dataclasses.replace(study, trials=study.trials[1:])
    with pytest.raises(ValueError, match="got 6 failed \\(5 of them: ValueError: too big; 1 of them: OSE"):
        _ = none_complete.best_trial


def test_reasons_that_differ_in_numbers_are_one():
    study = failing("ValueError: got 8 of 16", "ValueError: got 1e-3 of 7", "KeyError: 'units'")
    wanted = "trials 1, 2 failed: ValueError: got 8 of 16 (trial 1; the others with other numbers)"
    assert study.table().splitlines()[-2] == wanted
    many = failing(*(f"Error{'x' * number}: no" for number in range(6)), "Long: " + "y" * 10_000)
    assert str(many).count("y") < 1000
    none_complete = dataclasses.replace(many, trials=many.trials[1:])
    with pytest.raises(ValueError, match=r"Errorxx: no; and 4 other reasons\)"):
        _ = none_complete.best_trial


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("mode", ["min", "max"])
def test_what_is_not_finite_is_never_the_best(bad, mode):
    study = study_of(lambda p: bad if p["a"] < 0.5 else p["a"], mode=mode)
    assert study.trials[study.best_trial.number].value == study.best_value
    finite = [trial.value for trial in study.trials if trial.is_comparable]
    assert 0 < len(finite) < 60
    assert study.best_value == (min if mode == "min" else max)(finite)
    assert [trial.is_comparable for trial in study.ranked()] == [True] * len(finite) + [False] * (
        60 - len(finite)
    )
    assert study.importances()["a"] >= 0
    none = study_of(lambda p: bad, mode=mode)
    with pytest.raises(ValueError, match="a complete trial of a finite value"):
        _ = none.best_trial
    assert "60 of 60 trials" in str(none)


def test_rows_of_dev_are_none_of_train():
    from fastdnn.tune.folds import folds_of

    x, y = np.zeros((10, 2)), np.zeros(10)
    pairs = [(range(5), range(5, 10)), (range(6), range(5, 10))]
    given = ("search", pairs, (x, y, None), None, None, 0)
    with pytest.raises(
        ValueError, match="fold 1: rows of dev that are not among those of train, got 1 that are"
    ):
        folds_of(*given)
    assert len(folds_of("search", pairs[:1], *given[2:])) == 1
