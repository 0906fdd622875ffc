"""The process of training in one call."""

import re
import sys

import numpy as np
import pytest
from diagnoses import digits, network

import fastdnn as fd
from fastdnn.diagnose import walkthrough_tune

walkthrough = fd.diagnose.walkthrough
X, Y = digits(600)


class Told:
    """What stands for the report, which has tests of its own."""

    advice = (fd.diagnose.Advice("of_the_report", "hint", "Said by the report."),)


@pytest.fixture
def reports(monkeypatch):
    calls = []

    def report(model, train, dev, test=None, human_error=None, *, history=None, **more):
        calls.append((model, train, dev, test, human_error, history))
        return Told()

    monkeypatch.setattr(fd.diagnose, "report", report, raising=False)
    return calls


def test_a_classification(reports):
    done = walkthrough(X, Y, epochs=15, human_error=0.01)
    assert done.task == "classification"
    np.testing.assert_array_equal(done.classes, np.arange(10))
    assert [len(part[0]) for part in done.split] == [360, 120, 120]
    assert done.subset.reached
    assert done.rates.falls
    assert done.model.optimizer.learning_rate == done.rates.suggested
    assert done.errors.test_error < 0.15
    labels = done.model.predict(X).argmax(axis=1)
    assert np.mean(labels == Y) > 0.9
    assert [line[:2] for line in done.words] == ["1.", "2.", "3.", "4.", "5.", "6."]
    assert "Train: " in str(done)
    ((model, train, dev, test, human, history),) = reports
    assert model is done.model
    assert (train[0].shape, dev[0].shape, test[0].shape) == ((360, 64), (120, 64), (120, 64))
    assert human == 0.01
    assert dict(history.history) == done.history
    assert "of_the_report" in [advice.kind for advice in done.advice]
    kinds = [advice.kind for advice in done.advice]
    assert len(set(kinds)) == len(kinds)


def test_labels_of_any_kind(reports):
    names = np.array(["zero", "one", "two", "three", "four"])
    kept = Y < 5
    done = walkthrough(X[kept], names[Y[kept]], epochs=10)
    assert sorted(done.classes) == sorted(names)
    labels = done.classes[done.model.predict(X[kept]).argmax(axis=1)]
    assert np.mean(labels == names[Y[kept]]) > 0.8


RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((300, 5)) * [1, 10, 100, 1, 1]
TARGET = 1e4 + 300 * (TABLE[:, 0] + np.sin(TABLE[:, 1] / 10)) + 10 * RNG.standard_normal(300)


def test_a_regression_in_the_unit_of_y(reports):
    done = walkthrough(TABLE, TARGET, epochs=40)
    assert (done.task, done.classes) == ("regression", None)
    assert done.subset.reached
    predicted = done.model.predict(TABLE)[:, 0]
    assert 1 - np.mean((predicted - TARGET) ** 2) / TARGET.var() > 0.9
    assert "train R² 0.9" in str(done)


def test_several_outputs_and_a_useless_table(reports):
    y = np.stack([TARGET, -TARGET], axis=1)
    assert walkthrough(TABLE, y, epochs=5).model.output_shape == (None, 2)
    noise = RNG.standard_normal(60)
    useless = walkthrough(RNG.standard_normal((60, 30)), noise, epochs=30, patience=30)
    assert useless.errors is None or useless.errors.variance > 0.1


def test_the_task_can_be_said(reports):
    assert walkthrough(X, Y, task="regression", epochs=2).task == "regression"
    assert walkthrough(X, Y.astype(float), task="regression", epochs=2).task == "regression"
    assert walkthrough(X, Y + 0.5, task="classification", epochs=2).task == "classification"
    assert walkthrough(X[:200], np.arange(200), epochs=2).task == "regression"


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (1.0 * (Y > 4), "classification"),
        (Y.astype(np.float32), "classification"),
        (Y + 0.5, "regression"),
        (np.arange(600) % 30 * 1.0, "regression"),
        (np.arange(600) % 30, "classification"),
    ],
)
def test_whole_numbers_kept_as_floats(reports, y, task):
    done = walkthrough(X, y, epochs=1)
    assert done.task == task
    assert f"Task: {task}" in done.words[0]


def test_lines_of_code_are_for_the_training_set_alone(reports):
    done = walkthrough(X, Y, epochs=2)
    (line,) = [line for line in str(done).splitlines() if line.endswith("= done.split")]
    names = {"done": done}
    exec(line.strip(), names)
    assert [len(names[name]) for name in ("x", "y_dev", "x_test")] == [360, 120, 120]


def test_it_prints_the_most_important_alone():
    done = walkthrough(X[:150], Y[:150], epochs=30)
    told = [advice for advice in done.advice if advice.severity != "good"]
    assert len(told) > 3
    assert [advice.told() in str(done) for advice in told] == [True] * 3 + [False] * (len(told) - 3)
    assert f"{len(told) - 3} more: .advice" in str(done)
    assert len(str(done).splitlines()) <= 40


def test_one_number_for_the_error_of_a_set():
    done = walkthrough(TABLE[:120], TARGET[:120], epochs=20)
    assert done.report["errors"].result.dev_error == pytest.approx(done.errors.dev_error, rel=1e-5)


def test_one_hot_targets_are_classes(reports):
    done = walkthrough(X, np.eye(10)[Y], epochs=5)
    assert (done.task, done.classes.tolist()) == ("classification", list(range(10)))
    assert done.history == walkthrough(X, Y, epochs=5).history
    assert "y is one-hot: taken as labels 0 to 9" in done.words[0]
    assert walkthrough(X, np.eye(10)[Y], task="regression", epochs=2).task == "regression"


def test_each_kind_of_advice_is_told_once():
    done = walkthrough(X[:150], Y[:150], epochs=30)
    kinds = [advice.kind for advice in done.advice]
    assert done.errors.variance > 0.03  # so that the report and the errors advise the same
    assert len(set(kinds)) == len(kinds)


def test_a_sparse_table_is_refused():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match=r"a dense table x, got a sparse csr_matrix; use \.toarray\(\)"):
        walkthrough(sparse.csr_matrix(X), Y)


def test_a_network_of_ones_own(reports):
    asked = []

    def build(features, outputs):
        asked.append((features, outputs))
        return network(24, outputs=outputs, seed=5)

    done = walkthrough(X, Y, build=build, epochs=3)
    assert asked == [(64, 10)]
    assert done.model.count_params() == 64 * 24 + 24 + 240 + 10

    def compiled(features, outputs):
        model = network(24, outputs=outputs, activation="softmax")
        rate = fd.schedules.CosineDecay(1e-2, 200)
        model.compile(fd.optimizers.SGD(rate, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
        return model

    done = walkthrough(X, Y, build=compiled, epochs=3)
    assert "schedule stays" in "".join(done.words)
    assert "learning_rate" in done.model.optimizer.schedules


def test_the_same_seed_gives_the_same(reports):
    first, again, other = (walkthrough(X, Y, epochs=3, seed=seed) for seed in (3, 3, 4))
    for name, weight in first.model.weights.snapshot().items():
        np.testing.assert_array_equal(weight, again.model.weights.snapshot()[name])
    assert first.history == again.history != other.history


def test_a_few_rows_with_a_rare_class(reports):
    x, y = X[:24], (np.arange(24) < 3).astype(int)
    done = walkthrough(x, y, epochs=3, dev=0.25, test=0.25)
    assert done.task == "classification"
    assert [len(part[0]) for part in done.split] == [12, 6, 6]


def test_without_a_test_set(reports):
    done = walkthrough(X, Y, test=0, epochs=2)
    assert done.errors.test_error is None
    assert reports[0][3] is None


def test_words_along_the_way(reports, capsys):
    walkthrough(X, Y, epochs=2, verbose=2)
    out = capsys.readouterr().out
    assert [f"{number}. " in out for number in range(1, 7)] == [True] * 6
    walkthrough(X, Y, epochs=2)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"task": "clustering"}, "a task, one of"),
        ({"build": 3}, "build as a function"),
        ({"build": lambda features, outputs: 3}, "a model from build"),
        ({"hidden": 0}, "hidden as a whole number >= 1"),
        ({"epochs": 0}, "epochs as a whole number >= 1"),
        ({"patience": 0}, "patience as a whole number >= 1"),
        ({"batch_size": "a"}, "batch_size as a whole number"),
        ({"seed": -1}, "seed as a whole number"),
        ({"tune": -1}, "tune as a whole number >= 0"),
        ({"human_error": 5}, "human_error"),
        ({"dev": 0}, "dev of at least one row"),
        ({"verbose": 7}, "verbose"),
    ],
)
def test_bad_arguments(more, said):
    with pytest.raises(ValueError, match=said):
        walkthrough(X, Y, **more)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (X[0], Y, "x of shape"),
        (np.where(X > 0.99, np.nan, X), Y, "finite x"),
        (X, Y[:10], "as many rows in y as in x, 600, got 10"),
        (X, np.zeros(600, int), "two classes"),
        (X, np.full(600, np.nan), "finite y"),
        (X, np.zeros((600, 2, 2)), "y of shape"),
        (X, np.array([1, "a"] * 300, object), "labels of one kind"),
        (X[:0], Y[:0], "x of shape"),
        (X, np.eye(10)[Y] + np.eye(10)[(Y + 1) % 10], "one 1 in each row .*, got 2 in row 0; .*multi-label"),
        (X, np.eye(10)[Y][:10], "as many rows in y as in x, 600, got 10"),
        (X, np.eye(10)[0 * Y], "two classes"),
    ],
)
def test_bad_data(x, y, said):
    with pytest.raises(ValueError, match=said):
        walkthrough(x, y)


def test_trials_better_the_network(reports):
    done = walkthrough(X, Y, epochs=8, tune=12, hidden=8)
    assert [line[:2] for line in done.words] == ["1.", "2.", "3.", "4.", "5.", "6.", "7."]
    assert re.match(
        r"5. Tune: 12 trials, the best with learning_rate .*, units \d+, dropout .*", done.words[4]
    )
    best, space = done.study.best_trial, done.study.space
    assert len(done.study.trials) == 12
    assert space["learning_rate"].contains(done.rates.suggested)
    assert space["units"].describe() == "powers of two, 2 to 32"
    assert done.model.optimizer.learning_rate == best.params["learning_rate"]
    assert done.model.layers[2].units == best.params["units"]
    # What is trained in the end is the best trial, bit for bit.
    assert min(done.history["val_loss"]) == best.value
    assert (
        walkthrough(X, Y, epochs=8, tune=12, hidden=8).model.predict(X).tobytes()
        == done.model.predict(X).tobytes()
    )
    assert best.value < min(walkthrough(X, Y, epochs=8, hidden=8).history["val_loss"])


def test_trials_that_are_no_better_leave_the_design(reports, monkeypatch):
    monkeypatch.setattr(walkthrough_tune, "_BATCHES", (256, 256))  # of 360 rows: two steps an epoch
    done = walkthrough(X, Y, epochs=4, tune=2, hidden=64)
    assert "5. Tune: none of 2 trials was better than the design" in done.words[4]
    plain = walkthrough(X, Y, epochs=4, hidden=64)
    assert done.model.predict(X).tobytes() == plain.model.predict(X).tobytes()
    assert plain.study is None


def test_trials_of_a_network_of_ones_own(reports):
    def build(features, outputs):
        layers = [fd.Input((features,)), fd.layers.Dense(12, "tanh"), fd.layers.Dense(outputs)]
        return fd.Sequential(layers)

    done = walkthrough(X, Y, build=build, epochs=4, tune=4)
    assert list(done.study.space) == ["learning_rate", "batch_size"]
    assert done.model.layers[1].units == 12

    def scheduled(features, outputs):
        model = build(features, outputs)
        rate = fd.schedules.ExponentialDecay(0.01, 100, 0.5)
        model.compile(fd.optimizers.Adam(rate), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    assert list(walkthrough(X, Y, build=scheduled, epochs=2, tune=1).study.space) == ["batch_size"]


def test_trials_need_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(
        ImportError, match=r'\[walkthrough\] expected optuna, .*pip install "fastdnn\[tune\]"'
    ):
        walkthrough(X, Y, tune=3)


def test_the_picture_of_trials(reports):
    pytest.importorskip("matplotlib")
    panels = walkthrough(X, Y, epochs=2, tune=5).plot()
    assert panels.shape == (3, 2)
    assert panels[1, 0].get_xlabel()
    assert panels[1, 1].axison
    assert not walkthrough(X, Y, epochs=1, tune=2).plot()[1, 1].axison  # too few


def test_the_picture(reports):
    pytest.importorskip("matplotlib")
    panels = walkthrough(X, Y, epochs=3).plot()
    assert panels.shape == (2, 2)
    assert "range test" in panels[0, 1].get_title()
    with pytest.raises(ValueError, match="4 Axes"):
        walkthrough(X, Y, epochs=2).plot(panels[0])
