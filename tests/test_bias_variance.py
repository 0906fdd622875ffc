"""Bias and variance from errors."""

import numpy as np
import pytest
from diagnoses import classifier, digits, run_codes

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
@pytest.mark.parametrize("name", ["train_error", "dev_error", "human_error", "threshold", "test_error"])
def test_what_is_no_share_is_refused(name, value):
    if name == "test_error" and value is None:
        return
    arguments = {"train_error": 0.1, "dev_error": 0.1, name: value}
    with pytest.raises(ValueError, match=rf"\[bias_variance\] expected {name} as a share from 0 to 1, got"):
        bias_variance(**arguments)


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
    assert "warning: High bias" in text


def test_the_picture():
    pytest.importorskip("matplotlib")
    ax = bias_variance(0.15, 0.3, 0.02, test_error=0.31).plot()
    assert [bar.get_height() for bar in ax.patches[:4]] == pytest.approx([2, 15, 30, 31])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["human", "train", "dev", "test"]
    named = " ".join(text.get_text() for text in ax.texts)
    assert "bias" in named
    assert "variance" in named
    assert "%" in ax.get_ylabel()
