"""Searching: the same trials for any number of workers, each as it is alone, and the model of the best."""

import re

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from networks import weight_hash
from searches import DEV, SPACE, TRAIN, build, rows, search

import fastdnn as fd


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


def test_sample_weights_and_class_weights_count():
    weights = np.linspace(0.5, 1.5, 180)
    plain = search(n_trials=2)
    for given in (
        {"sample_weight": weights},
        {"class_weight": {0: 3.0, 1: 1.0, 2: 1.0}},
        {"class_weight": "balanced"},
    ):
        study = search(n_trials=2, **given)
        assert study.trials[0].value != plain.trials[0].value
        model = fd.tune.trial_model(build, study.trials[0])
        model.fit(*TRAIN, epochs=3, verbose=0, **given)
        assert model.evaluate(*DEV, return_dict=True)["loss"] == study.trials[0].value
    three = search(n_trials=2, validation_data=(*DEV, np.linspace(0, 1, 60)))
    assert three.trials[0].value != plain.trials[0].value


def test_epochs_and_batch_size_may_be_searched(tmp_path):
    def telling(p):
        assert p["epochs"] in (2, 4, 6)
        assert p["batch_size"] in (8, 16, 32)
        return build(p)

    sizes = {"epochs": fd.tune.integers(2, 6, step=2), "batch_size": fd.tune.powers_of_two(8, 32)}
    study = search(build=telling, **sizes, storage=tmp_path / "journal")
    assert all(each.epochs == each.params["epochs"] for each in study.trials)
    assert len({each.params["batch_size"] for each in study.trials}) == 3
    some = study.trials[3]
    model = fd.tune.trial_model(build, some)
    model.fit(*TRAIN, epochs=some.params["epochs"], batch_size=some.params["batch_size"], verbose=0)
    assert model.evaluate(*DEV, return_dict=True)["loss"] == some.value
    assert rows(search(build=telling, space={**SPACE, **sizes}, epochs=None)) == rows(study)
    halved = search(build=telling, **sizes, pruner="successive_halving")
    for each in halved.trials:
        if each.state == "complete":
            assert each.epochs == each.params["epochs"]
            assert each.value == study.trials[each.number].value


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
