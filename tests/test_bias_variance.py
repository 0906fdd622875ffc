"""Bias and variance from errors."""

import numpy as np
import pytest
from diagnoses import classifier, digits, network, run_codes

import fastdnn as fd

bias_variance = fd.diagnose.bias_variance


def verdicts(*percent):
    return [bias_variance(train / 100, dev / 100).verdict for train, dev in percent]


def test_worked_bias_variance_of_002():
    assert verdicts((1, 11), (15, 16), (15, 30), (0.5, 1)) == [
        "high_variance",
        "high_bias",
        "both",
        "neither",
    ]


def test_worked_bias_variance_of_001():
    assert verdicts((1, 12), (12, 13), (12, 20), (1, 2)) == ["high_variance", "high_bias", "both", "neither"]


def test_gaps():
    found = bias_variance(0.08, 0.1, 0.075)
    assert found.bias == pytest.approx(0.005)
    assert found.variance == pytest.approx(0.02)
    assert found.verdict == "neither"
    assert [advice.severity for advice in found.advice] == ["good", "good"]
    assert bias_variance(0.08, 0.1, 0.01).verdict == "high_bias"


@pytest.mark.parametrize("train", [0.03, 0.15 - 0.12, 0.1 + 0.2 - 0.27])
def test_a_gap_of_the_threshold_is_not_high(train):
    assert bias_variance(train, train).verdict == "neither"
    assert bias_variance(train + 1e-6, train).verdict == "high_bias"
    assert bias_variance(0, train).verdict == "neither"
    assert bias_variance(0, train, threshold=0.02).verdict == "high_variance"


def test_better_than_people_is_accepted_and_said():
    found = bias_variance(0.01, 0.02, 0.05)
    assert found.bias == pytest.approx(-0.04)
    assert found.verdict == "neither"
    (advice,) = [advice for advice in found.advice if advice.kind == "below_human"]
    assert advice.severity == "good"
    assert bias_variance(0.01, 0.12, 0.05).verdict == "high_variance"


def kinds(found):
    return [advice.kind for advice in found.advice]


def test_the_remedies_of_the_decks():
    bias = ["bigger_network", "train_longer", "other_architecture", "learning_rate", "other_loss"]
    variance = ["more_data", "l2", "dropout", "other_architecture", "data_distribution", "early_stopping"]
    assert kinds(bias_variance(0.15, 0.16)) == ["high_bias", *bias, "low_variance"]
    assert kinds(bias_variance(0.01, 0.11)) == ["high_variance", *variance, "low_bias"]
    once = [*bias, *(kind for kind in variance if kind != "other_architecture")]
    assert kinds(bias_variance(0.15, 0.3)) == ["high_bias", "high_variance", *once]


def test_every_line_of_code_runs():
    x, y = digits(300)
    model = classifier(16)
    told = run_codes(bias_variance(0.15, 0.3, test_error=0.5), model, x, y)
    assert len(told) == 13
    run_codes(bias_variance(0.3, 0.1), model, x, y)


def test_a_test_set_far_above_the_dev_set():
    found = bias_variance(0.01, 0.02, test_error=0.09)
    assert found.advice[0].kind == "overfitted_dev"
    assert "7.00 points" in found.advice[0].evidence
    assert "overfitted_dev" not in kinds(bias_variance(0.01, 0.02, test_error=0.05))


def test_a_training_set_that_does_worse():
    assert "train_above_dev" in kinds(bias_variance(0.1, 0.02))
    assert "train_above_dev" not in kinds(bias_variance(0.04, 0.02))


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan, np.inf, True, "0.1", None, [0.1], 1j])
@pytest.mark.parametrize("name", ["train_error", "dev_error", "human_error", "test_error"])
def test_what_is_no_share_is_refused(name, value):
    if name == "test_error" and value is None:
        return
    arguments = {"train_error": 0.1, "dev_error": 0.1, name: value}
    with pytest.raises(ValueError, match=rf"\[bias_variance\] expected {name} as a share from 0 to 1, got"):
        bias_variance(**arguments)


@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, np.nan, True, "0.1", None])
def test_a_threshold_is_below_1(value):
    with pytest.raises(ValueError, match="expected 0 <= threshold < 1"):
        bias_variance(0.1, 0.1, threshold=value)


def test_only_a_fitted_training_set_is_known_by_heart():
    told = {
        train: next(a.text for a in bias_variance(train, 0.7).advice if a.kind == "high_variance")
        for train in (0.01, 0.11, 0.45)
    }
    assert [train for train, text in told.items() if "by heart" in text] == [0.01]


def test_a_human_level_that_nobody_said_is_not_told_as_one():
    found = bias_variance(0.1, 0.2)
    assert "human" not in str(found) + " ".join(advice.evidence for advice in found.advice)
    assert "perfect 0.00%" in found.advice[0].evidence
    assert [line.split()[0] for line in str(bias_variance(0.1, 0.2, 0.02)).splitlines()[2:5]] == [
        "human",
        "train",
        "dev",
    ]


@pytest.mark.parametrize("kind", ["more_data", "early_stopping", "overfitted_dev"])
def test_what_mends_overfitting_begins_anew(kind):
    x, y = digits(400)
    model = classifier(32)
    model.fit(x[:200], y[:200], epochs=30, verbose=0)
    kept = model.get_weights()
    (advice,) = [a for a in bias_variance(0.01, 0.2, test_error=0.4).advice if a.kind == kind]
    names = {"fd": fd, "np": np, "model": model, "x": x[:200], "y": y[:200]}
    names |= {"x_dev": x[200:], "y_dev": y[200:]}
    exec(advice.code, names)
    for before, now in zip(kept, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, now)
    assert names["better"].history.history["loss"][0] > 1  # of new weights
    assert ("val_loss" in names["better"].history.history) == (kind != "more_data")


def test_percent_is_said():
    with pytest.raises(ValueError, match=r"got 11; that looks like percent: dev_error=0\.11"):
        bias_variance(0.01, 11)


def test_numbers_of_other_kinds():
    found = bias_variance(np.float32(0.15), np.array(0.16), 0)
    assert type(found.bias) is float
    assert found.verdict == "high_bias"


def test_it_prints_a_table_and_words():
    text = str(bias_variance(0.15, 0.16, 0.01, test_error=0.17))
    assert "train  15.00 %  bias 14.00 points" in text
    assert "underfitting" in text
    assert "1. Use a bigger network" in text


def test_it_is_short_and_says_each_remedy_once():
    text = str(bias_variance(0.08, 0.16))
    lines = text.splitlines()
    assert len(lines) <= 30
    codes = [line.strip() for line in lines if line.startswith("     ")]
    assert len(set(codes)) == len(codes) == 13  # of ten remedies
    assert all(advice.text in text for advice in bias_variance(0.08, 0.16).advice[2:])


def bigger(model, x, y):
    names = {"fd": fd, "np": np, "model": model, "x": x, "y": y}
    (advice,) = [each for each in bias_variance(0.4, 0.4).advice if each.kind == "bigger_network"]
    exec(advice.code.replace("x, y, ", "x, y, verbose=0, "), names)
    return names["better"]


def branched():
    x = fd.Input((64,))
    h = fd.layers.Dense(2, "relu")(x)
    h = fd.layers.Add()([h, fd.layers.Dense(2, "relu")(h)])
    return fd.Model(x, fd.layers.Dense(10)(h), seed=0)


def chain():
    return network(2)


@pytest.mark.parametrize("make", [chain, branched])
def test_a_bigger_network_has_no_bottleneck_and_fits_better(make):
    x, y = digits(600)
    model = make()
    rate = fd.optimizers.Adam(3e-3)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(rate, loss, metrics=["accuracy"])
    model.fit(x, y, epochs=30, verbose=0)
    better = bigger(model, x, y)
    assert 1 - better.evaluate(x, y)[1] < 0.02 < 0.1 < 1 - model.evaluate(x, y)[1]
    assert better.optimizer.learning_rate == 3e-3


def test_a_network_without_a_hidden_layer_gets_one():
    x, y = digits(300)
    model = classifier()
    assert [layer.units for layer in bigger(model, x, y).layers[1:]] == [64, 10]


@pytest.mark.parametrize("kind", ["bigger_network", "other_architecture", "l2", "dropout"])
def test_remedies_keep_rate_loss_metrics_and_scaler(kind):
    x, y = digits(200)
    scale = fd.layers.Normalization(name="scale")
    scale.adapt(x)
    layers = [fd.Input((64,)), scale, fd.layers.Dense(8, "relu"), fd.layers.Dense(10)]
    model = fd.Sequential(layers, seed=0)
    schedule = fd.schedules.CosineDecay(0.02, 500)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.SGD(schedule, momentum=0.9), loss, metrics=["accuracy"])
    (advice,) = [each for each in bias_variance(0.4, 0.8).advice if each.kind == kind]
    names = {"fd": fd, "np": np, "model": model, "x": x, "y": y}
    exec(advice.code.replace("x, y, ", "x, y, verbose=0, "), names)
    better = names["better"]
    assert better.optimizer.get_config() == model.optimizer.get_config()
    assert list(better.history.history) == ["loss", "accuracy"]
    for figure, kept in zip(scale.get_weights(), better.get_layer("scale").get_weights(), strict=True):
        np.testing.assert_array_equal(figure, kept)


def test_the_picture():
    pytest.importorskip("matplotlib")
    ax = bias_variance(0.15, 0.3, 0.02, test_error=0.31).plot()
    assert [bar.get_height() for bar in ax.patches[:4]] == pytest.approx([2, 15, 30, 31])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["human", "train", "dev", "test"]
    named = " ".join(text.get_text() for text in ax.texts)
    assert "bias" in named
    assert "variance" in named
    assert "%" in ax.get_ylabel()


def test_a_regression_is_told_by_r2_and_beyond_by_the_error_of_guessing():
    found = bias_variance(0.05, 3.7556, regression=True, test_error=4.5)
    assert (found.verdict, found.variance) == ("both", pytest.approx(3.7056))
    text = str(found)
    assert "R²" in text
    assert "0.950" in text
    assert "%" not in text
    seen = {advice.kind: advice.evidence for advice in found.advice}
    assert seen["high_variance"].startswith("dev 3.76 times the error of guessing; train R² 0.950")
    assert seen["overfitted_dev"].startswith("test 4.5 times the error of guessing")
    same = bias_variance(0.05, 0.3), bias_variance(0.05, 0.3, regression=True)
    assert same[0].verdict == same[1].verdict
    assert [each.kind for each in same[0].advice] == [each.kind for each in same[1].advice]


@pytest.mark.parametrize("bad", [-0.1, np.inf, np.nan, "much"])
def test_an_error_of_a_regression_is_refused_by_name(bad):
    with pytest.raises(ValueError, match=r"\[bias_variance\] expected dev_error as 1 - R², from 0 on, got"):
        bias_variance(0.1, bad, regression=True)
    with pytest.raises(ValueError, match="regression as True or False"):
        bias_variance(0.1, 0.1, regression="yes")


def test_where_both_are_high_a_bigger_network_comes_before_longer_training():
    [high] = [each for each in bias_variance(0.2, 0.4).advice if each.kind == "high_bias"]
    assert "First make it bigger" in high.text
    assert "longer" not in high.text
