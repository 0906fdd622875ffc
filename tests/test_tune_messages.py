"""What a search says of mistakes: which argument, what was given, and what to write instead."""

import inspect
import re

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from searches import DEV, TRAIN, X, Y
from short_searches import LR, clf, refused, short

import fastdnn as fd
from fastdnn.errors import UnusableDataError
from fastdnn.tune.space_hints import hint_for

# ---- What is no distribution


class Frozen:
    """As SciPy's frozen distributions are."""

    def __init__(self, name, low, high):
        self.dist = type("dist", (), {"name": name, "rvs": None})()
        self.ends = low, high

    def support(self):
        return self.ends


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (
            (0.001, 0.1),
            "from 0.001 to 0.1 is fd.tune.log_uniform(0.001, 0.1), one of the two fd.tune.choice(",
        ),
        (
            [1e-4, 1e-1],
            "one of the two is fd.tune.choice([0.0001, 0.1]), from 0.0001 to 0.1 fd.tune.log_unif",
        ),
        ((0.1, 0.5), "from 0.1 to 0.5 is fd.tune.uniform(0.1, 0.5)"),
        ((0, 0.5), "fd.tune.uniform(0, 0.5)"),
        ((16, 256), "fd.tune.powers_of_two(16, 256)"),
        ((5, 20), "fd.tune.integers(5, 20)"),
        ((0.1, 0.01), "one of several is fd.tune.choice([0.1, 0.01])"),
        ([16, 32, 64], "one of several is fd.tune.choice([16, 32, 64])"),
        ({"relu"}, "one of several is fd.tune.choice(['relu'])"),
        (np.array([1, 2, 3]), "fd.tune.choice([1, 2, 3])"),
        (np.arange(1000.0), "fd.tune.choice([...])"),
        (range(3), "that is fd.tune.integers(0, 2)"),
        (range(10, 50, 10), "that is fd.tune.integers(10, 40, step=10)"),
        (iter([1, 2]), "one of several is fd.tune.choice([...])"),
        (fd.tune.uniform, "call it, such as fd.tune.uniform(0, 1)"),
        (0.1, "what is not to be searched belongs into build"),
        ("relu", "what is not to be searched belongs into build"),
        (fd.tune.when("units", equals=8, a=LR), "spread what when() gives"),
        (Frozen("loguniform", 1e-4, 1e-1), "that is fd.tune.log_uniform(0.0001, 0.1)"),
        (Frozen("uniform", 0, 1), "that is fd.tune.uniform(0, 1)"),
        (Frozen("randint", 1, 8), "that is fd.tune.integers(1, 8)"),
        (Frozen("norm", -np.inf, np.inf), "SciPy's norm has no counterpart"),
    ],
)
def test_what_is_no_distribution_is_told_with_one_that_may_be_meant(given, hint):
    said = refused(hint, lambda: short(space={"lr": given}))
    assert said.startswith("[search] expected a distribution for 'lr', got ")
    for code in re.findall(r"fd\.tune\.\w+\([\w., \[\]'=-]*\)+", hint_for(given)):
        if "..." not in code and "low" not in code:
            assert isinstance(eval(code), fd.tune.distribution.Distribution)


def test_distributions_of_optuna_are_told_as_ours():
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    assert hint_for(FloatDistribution(1e-4, 1, log=True)) == "that is fd.tune.log_uniform(0.0001, 1)"
    assert hint_for(FloatDistribution(0, 1)) == "that is fd.tune.uniform(0, 1)"
    assert hint_for(IntDistribution(1, 9, step=2)) == "that is fd.tune.integers(1, 9, step=2)"
    assert hint_for(IntDistribution(1, 9, log=True)) == "that is fd.tune.integers(1, 9, log=True)"
    assert hint_for(CategoricalDistribution(["a", "b"])) == "that is fd.tune.choice(['a', 'b'])"


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
def test_several_epochs_or_batch_sizes_are_told_as_a_distribution(name):
    begins = f"[search] expected {name} as a whole number >= 1, or a distribution of such, got [16, 32]; "
    assert "fd.tune.choice([16, 32])" in refused(begins, lambda: short(**{name: [16, 32]}))
    refused("fd.tune.integers(5, 10)", lambda: short(**{name: (5, 10)}))
    refused("fd.tune.integers(5, 9)", lambda: short(**{name: range(5, 10)}))
    refused(f"expected {name} as a whole number >= 1, got '3'", lambda: short(**{name: "3"}))


def test_errors_of_a_grid_say_n_trials():
    several = {"lr": LR, "kind": fd.tune.choice("a", "b", "c", "d")}
    message = "[search] expected n_trials of at least 4 for a grid of this space, got 3; "
    assert "give n_trials=4" in refused(message, lambda: short(space=several, method="grid", n_trials=3))
    message = "[search] expected a number of values for 'b', got none; such as n_trials={'lr': 3, 'b': 5}"
    two = {"lr": LR, "b": LR}
    refused(message, lambda: short(space=two, method="grid", n_trials={"lr": 3}))
    message = "[search] expected n_trials by parameter, one of lr, got 'lrr'; did you mean 'lr'?"
    refused(message, lambda: short(method="grid", n_trials={"lrr": 3}))


# ---- Data that can train no model


@pytest.mark.parametrize("labels", [np.array(["no", "yes"]), np.array(["no", "yes"], object)])
def test_labels_that_are_texts_are_the_datas_fault_and_not_builds(labels):
    y = labels[TRAIN[1] % 2]
    said = refused("names, y = np.unique(y, return_inverse=True)", lambda: short(y=y), UnusableDataError)
    assert re.match(r"\[search\] expected y as (real )?numbers, got texts such as '(no|yes)'", said)
    refused("such as", lambda: short(y=y.tolist(), cv=3), UnusableDataError)
    refused("[search, validation_data] expected y", lambda: short(validation_data=(DEV[0], ["a"] * 60)))
    names, numbers = np.unique(y, return_inverse=True)
    assert short(y=numbers, validation_data=(DEV[0], DEV[1] % 2)).best_trial
    assert len(names) == 2


def test_features_that_are_texts_are_told_who_makes_numbers_of_them():
    refused("fd.data.TableEncoder", lambda: short(x=TRAIN[0].astype(str)), UnusableDataError)
    refused("[fit] expected x as real numbers, got texts", lambda: clf({"lr": 0.1}).fit(X.astype(str), Y))
    refused("got dtype datetime64[s]; convert", lambda: short(x=TRAIN[0].astype("datetime64[s]")))


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda x, y, rows: short(x=x), "[search] expected x"),
        (lambda x, y, rows: short(y=y, cv=3), "[search] expected y"),
        (lambda x, y, rows: short(validation_data=(x, TRAIN[1])), "[search, validation_data] expected x"),
        (
            lambda x, y, rows: short(sample_weight=np.ma.masked_equal(TRAIN[1], 0) * 1.0),
            "expected sample_weight",
        ),
        (lambda x, y, rows: short(cv=3, stratify=y), "[k_fold_indices] expected stratify"),
        (lambda x, y, rows: short(cv=3, groups=y), "[k_fold_indices] expected groups"),
        (lambda x, y, rows: short(cv=[(rows, [100])]), "[search] expected cv, fold 0: train rows"),
        (lambda x, y, rows: clf({"lr": 0.1}).fit(x, TRAIN[1]), "[fit] expected x"),
        (lambda x, y, rows: fd.data.train_dev_test_split(x, y), "[train_dev_test_split] expected array 0"),
        (lambda x, y, rows: fd.data.split_indices(180, stratify=y), "[split_indices] expected stratify"),
    ],
)
def test_masked_values_are_refused_wherever_rows_come_in(call, where):
    x, y = np.ma.masked_greater(TRAIN[0], 1.0), np.ma.masked_equal(TRAIN[1], 0)
    rows = np.ma.masked_less(np.arange(90), 10)
    message = f"{where} without masked values, got "
    assert "leave these rows out, or fill them" in refused(
        message, lambda: call(x, y, rows), UnusableDataError
    )


def test_a_masked_array_without_masked_values_is_an_array():
    x, y = np.ma.masked_greater(TRAIN[0], 1e9), np.ma.masked_equal(TRAIN[1], 99)
    assert short(x=x, y=y, cv=2).trials[0].value == short(cv=2).trials[0].value


# ---- Figures that are not there


def test_a_callbacks_figure_that_is_not_there_is_told_by_itself():
    def stopping(figure):
        return lambda: short(callbacks=[fd.callbacks.EarlyStopping(monitor=figure)])

    begins = (
        "[EarlyStopping] expected a figure to monitor, one of accuracy, loss, val_accuracy, val_loss, got "
    )
    assert refused(f"{begins}'val_los'; did you mean 'val_loss'?", stopping("val_los")).startswith(begins)
    assert refused(begins, stopping("val_acc")).endswith("did you mean 'val_accuracy'?")
    said = refused(f"{begins}'val_r2_score'", stopping("val_r2_score"))
    assert said.endswith("compile(..., metrics=['r2_score']) computes it")
    assert "validation_data" not in said
    with pytest.raises(ValueError, match=r"give fit validation_data=\(x, y\), or monitor 'accuracy'"):
        clf({"lr": 0.1}).fit(*TRAIN, verbose=0, callbacks=[fd.callbacks.EarlyStopping("val_acuracy")])
    message = "[search] expected a figure to monitor, one of"
    assert "metrics=['rmse']" in refused(message, lambda: short(monitor="val_rmse"))


# ---- What other tools have otherwise


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"build": lambda: None}, "expected build as a function of one dictionary, got one that takes ()"),
        ({"build": lambda lr, units: None}, 'got one that takes (lr, units); def build(p): ... p["lr"]'),
        ({"build": {"lr": LR}, "space": clf}, "got a dictionary; build comes first, then the space"),
        ({"build": 3}, "expected build as a function, got 3; a function of a dictionary of values"),
        ({"method": "TPE"}, "got 'TPE'; did you mean 'bayesian'?"),
        ({"method": "hyperband"}, 'stopped early by pruner="successive_halving", with any method'),
        ({"method": "Grid-Search"}, "did you mean 'grid'?"),
        ({"method": "Bayesian"}, "did you mean 'bayesian'?"),
        ({"method": 3}, "expected a method, one of"),
        ({"pruner": fd.tune.Median}, "make one: fd.tune.Median()"),
        ({"cv": 0.2}, "got 0.2; for one split take fd.data.train_dev_test_split and validation_data"),
        ({"cv": 1}, "expected cv as a number of folds >= 2"),
        (
            {"cv": "5"},
            "expected cv as a number of folds >= 2, pairs of rows, or an object with split, got '5'",
        ),
        ({"cv": True}, "got True"),
        ({"mode": "maximize"}, "expected a mode, one of auto, max, min, got 'maximize'; did you mean 'max'?"),
        (
            {"callbacks": fd.callbacks.EarlyStopping()},
            "got EarlyStopping; give it as a list: callbacks=[...]",
        ),
        (
            {"callbacks": fd.callbacks.EarlyStopping},
            "got the class EarlyStopping; make one: EarlyStopping()",
        ),
        (
            {"callbacks": [fd.callbacks.EarlyStopping]},
            "got the class EarlyStopping; make one: EarlyStopping()",
        ),
        (
            {"class_weight": [1, 2, 3]},
            'expected class_weight as {label: weight}, or "balanced", got [1, 2, 3]; such as {0: 1,',
        ),
        ({"y": TRAIN[1][:50]}, "[search] expected as many rows in y as in x, 180, got 50"),
        (
            {"sample_weight": np.ones(7)},
            "[search] expected as many rows in sample_weight as in x, 180, got 7",
        ),
    ],
)
def test_what_other_tools_have_otherwise_is_told_as_it_is_here(given, message):
    said = refused(message, lambda: short(**given))
    assert "a build whose model fits the data" not in said


def test_values_are_a_dictionary_that_is_drawn_already():
    def objective(trial):
        return clf({"lr": trial.suggest_float("lr", 1e-4, 1e-1)})

    message = "no attribute 'suggest_float'; the values are drawn, and in a dictionary: p['lr']"
    refused(message, lambda: short(build=objective))


def test_a_model_that_is_not_compiled_is_told_so():
    def build_of_three(p):
        return fd.Sequential([fd.Input((8,)), fd.layers.Dense(3)])

    refused(
        "got one that is not compiled; call model.compile", lambda: short(build=build_of_three), TypeError
    )
    refused("got NoneType; end with `return model`", lambda: short(build=lambda p: None), TypeError)


def test_distributions_that_are_meant_otherwise():
    refused("did you mean log_uniform(1e-4, 1e-1)?", lambda: fd.tune.log_uniform(-4, -1))
    refused("begin at the least value that matters", lambda: fd.tune.log_uniform(0, 1))
    refused("begin at the least value", lambda: fd.tune.log_uniform(-0.5, 1))
    refused("a parameter of its own: fd.tune.when", lambda: fd.tune.choice(LR, fd.tune.uniform(0, 1)))


@pytest.mark.parametrize(("monitor", "mode"), [("val_accuracy", "min"), ("val_loss", "max")])
def test_a_mode_that_takes_the_worst_for_the_best_is_said_to(monitor, mode):
    other = "max" if mode == "min" else "min"
    with pytest.warns(UserWarning, match=f"expected mode '{other}' or 'auto' of '{monitor}', got '{mode}'"):
        study = short(monitor=monitor, mode=mode)
    assert study.mode == mode
    assert short(monitor=monitor, mode=other).mode == other


def test_where_all_trials_failed_the_advice_says_so():
    study = short(build=lambda p: clf({"lr": 1e30 if p["lr"] else 0}), epochs=3)
    (advice,) = study.advice
    assert (advice.severity, advice.text) == ("error", "All trials failed: mend what they failed by.")
    assert len(advice.evidence) < 250


def test_executors_and_conditions_are_told_as_they_are_written():
    from concurrent.futures import ThreadPoolExecutor

    refused("got 'process'; did you mean 'processes'?", lambda: short(executor="process"))
    refused("make one: ThreadPoolExecutor(1)", lambda: short(executor=ThreadPoolExecutor))
    message = "[when] expected a distribution for 'a', got (16, 64); from 16 to 64 is fd.tune.powers_of_two"
    refused(message, lambda: fd.tune.when("lr", at_least=0.1, a=(16, 64)))
    refused("batch_size=fd.tune.powers_of_two(16, 128)", lambda: short(batch_size=fd.tune.uniform(16, 64)))


def test_no_rows_and_what_is_no_array_are_told_as_such():
    refused("there must be at least one example", lambda: short(x=X[:0], y=Y[:0]))
    refused("got one generator; give an array, or a list of rows", lambda: short(x=(row for row in X)))


# ---- As other tools have it


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"n_jobs": 2}, "got n_jobs=; did you mean jobs, which is all cores by default?"),
        ({"validation_split": 0.2}, "fd.data.train_dev_test_split makes the rows of validation_data; or say"),
        ({"n_iter": 9}, "did you mean n_trials?"),
        ({"trials": 9}, "did you mean n_trials?"),
        ({"frobnicate": 9}, "[search] expected arguments that it has, got frobnicate="),
    ],
)
def test_arguments_of_other_tools_are_told_by_their_names_here(given, hint):
    refused(hint, lambda: short(**given), TypeError)


def test_the_signature_of_search_is_its_own():
    named = inspect.signature(fd.tune.search).parameters
    assert [*named][:4] == ["build", "space", "x", "y"]
    assert all(each.kind is each.KEYWORD_ONLY for each in [*named.values()][4:])


@pytest.mark.parametrize("jobs", [-1, 0, 1.5, None])
def test_jobs_that_are_no_number_of_them(jobs):
    said = refused('expected jobs as a whole number >= 1, or "all", got ', lambda: short(jobs=jobs))
    assert said.endswith(f'{jobs}; jobs="all" takes all cores')


def test_a_step_and_a_file_may_be_given_by_their_place(tmp_path):
    assert fd.tune.integers(8, 64, 8) == fd.tune.integers(8, 64, step=8)
    assert isinstance(fd.tune.Babysitter(tmp_path / "sitter.toml"), fd.tune.Babysitter)
