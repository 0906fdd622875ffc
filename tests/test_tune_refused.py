"""What a search refuses before its first trial: arguments, builds and data that do not fit."""

import math
import re

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from searches import DEV, SPACE, TRAIN, X, Y, build, search

import fastdnn as fd


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
        ({"jobs": 0}, 'expected jobs as a whole number >= 1, or "all", got 0'),
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
        ({"callbacks": [fd.callbacks.CSVLogger("log.csv")]}, "got a CSVLogger; all would write its file"),
        ({"callbacks": [fd.callbacks.ModelCheckpoint("m.safetensors")]}, "got a ModelCheckpoint; all would"),
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
