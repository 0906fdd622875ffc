"""How sure a network is, against how often it is right; the temperature that mends it."""

import numpy as np
import pytest
from class_cases import CHANCES, LABELS, SCORES, WEIGHTS, YES

from fastdnn.diagnose import apply_temperature, calibration
from fastdnn.reference.softmax import softmax


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=0, atol=1.1e-10)


@pytest.mark.parametrize(
    ("strategy", "share", "mean"),
    [
        (
            "uniform",
            [0.1875, 0.2857142857, 0.2222222222, 1.0, 0.3333333333],
            [0.06875, 0.3476190476, 0.5111111111, 0.75, 0.9],
        ),
        (
            "quantile",
            [0.1333333333, 0.3333333333, 0.3, 0.3636363636, 0.3333333333],
            [0.06, 0.2916666667, 0.4, 0.5545454545, 0.9],
        ),
    ],
)
def test_bins_as_scikit_learns_calibration_curve(strategy, share, mean):
    found = calibration(YES, CHANCES, bins=5, strategy=strategy, of=1)
    close(found.accuracy[found.counts > 0], share)
    close(found.confidence[found.counts > 0], mean)
    assert found.counts.sum() == 60


def test_brier_and_log_loss_as_scikit_learn():
    for weights, brier_2, loss_2, brier_4, loss_4 in (
        (None, 0.2655, 1.8818817205, 0.6350312099, 1.1644257392),
        (WEIGHTS, 0.2976190476, 1.8103116916, 0.6254916638, 1.1329762485),
    ):
        two = calibration(YES, CHANCES, sample_weight=weights)
        close([two.brier, two.log_loss], [brier_2, loss_2])
        four = calibration(LABELS, SCORES, sample_weight=weights)
        close([four.brier, four.log_loss], [brier_4, loss_4])


def test_errors_are_those_of_the_definition():
    """Row by row, as Guo et al. write it."""
    found = calibration(LABELS, SCORES, bins=7)
    sure, right = SCORES.max(axis=1), SCORES.argmax(axis=1) == LABELS
    gaps, shares = [], []
    for b in range(7):
        rows = (sure > b / 7) & (sure <= (b + 1) / 7)
        if rows.any():
            gaps.append(abs(right[rows].mean() - sure[rows].mean()))
            shares.append(rows.mean())
    close(found.expected_error, np.dot(gaps, shares))
    close(found.maximum_error, max(gaps))
    close([found.mean_confidence, found.mean_accuracy], [sure.mean(), right.mean()])


def test_the_temperature_is_the_best_of_a_grid():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(500, 4))
    y = np.array([rng.choice(4, p=p) for p in softmax(z)])
    found = calibration(y, 2.5 * z, from_logits=True)

    def loss(t):
        return -np.log(softmax(2.5 * z / t)[np.arange(500), y]).mean()

    grid = np.linspace(0.5, 6, 1101)
    best = grid[np.argmin([loss(t) for t in grid])]
    assert abs(found.temperature - best) <= 0.005
    assert found.log_loss_at_temperature == pytest.approx(loss(found.temperature), abs=1e-12)
    assert abs(found.temperature - 2.5) < 0.3  # the logits were made 2.5 times too large
    assert found.log_loss == pytest.approx(loss(1.0), abs=1e-12)
    assert [advice.kind for advice in found.advice] == ["over_confident"]
    cooled = calibration(y, apply_temperature(2.5 * z, found.temperature, from_logits=True))
    assert cooled.temperature == pytest.approx(1, abs=1e-6)
    assert cooled.advice[0].kind == "calibrated"
    assert cooled.expected_error < found.expected_error


def test_weights_count_as_repeated_rows():
    times = (4 * WEIGHTS).astype(int)
    once = calibration(LABELS, SCORES, sample_weight=times)
    many = calibration(np.repeat(LABELS, times), np.repeat(SCORES, times, axis=0))
    close([once.temperature, once.expected_error], [many.temperature, many.expected_error])


def test_a_network_that_is_not_sure_enough():
    p = np.repeat([[0.6, 0.4], [0.4, 0.6]], 50, axis=0)
    found = calibration(np.repeat([0, 1, 0], [50, 45, 5]), p)
    (said,) = found.advice
    assert said.kind == "under_confident"
    assert found.temperature < 1
    assert found.gap == pytest.approx(0.6 - 0.95)
    assert apply_temperature(p, found.temperature)[0, 0] == pytest.approx(0.95)


def test_few_rows_are_no_finding():
    p = np.repeat([[0.8, 0.2], [0.2, 0.8]], 6, axis=0)
    (said,) = calibration(np.repeat([0, 1], 6), p).advice
    assert said.kind == "calibrated"
    assert said.evidence.startswith("mean confidence 80.0 %, right in 100.0 %")
    assert "so few rows" in said.text  # 20 points, 12 rows
    p = [[0.9, 0.1]] * 3
    assert [advice.kind for advice in calibration([0, 0, 1], p).advice] == ["no_better_than_guessing"]


@pytest.mark.parametrize("sure", [0.0, 0.3, 6.0])
def test_nothing_is_said_of_the_calibration_of_guesses(sure):
    """Neither that chance is well calibrated, nor that a temperature would mend it."""
    rng = np.random.default_rng(5)
    z, y = sure * rng.normal(size=(600, 4)), rng.integers(4, size=600)
    found = calibration(y, z, from_logits=True)
    (said,) = found.advice
    assert (said.kind, said.severity, said.code) == ("no_better_than_guessing", "hint", "")
    assert found.guess_accuracy == np.bincount(y).max() / 600
    many = calibration(np.repeat(y, 2), np.repeat(z, 2, axis=0), from_logits=True)
    assert calibration(y, z, from_logits=True, sample_weight=np.full(600, 2)).guess_error == found.guess_error
    assert many.guess_error == pytest.approx(found.guess_error / np.sqrt(2))


def test_temperatures_without_a_minimum_end_at_the_bounds():
    assert calibration([0, 1], [[0.6, 0.4], [0.4, 0.6]]).temperature == pytest.approx(0.01)
    assert calibration([1, 0], [[0.6, 0.4], [0.4, 0.6]]).temperature == pytest.approx(100)
    assert np.isfinite(calibration([1], [[1.0, 0.0]]).log_loss)  # a probability of 0 for what is


def test_apply_temperature_keeps_form_and_winner():
    for shape in ((60,), (60, 1)):
        cooled = apply_temperature(CHANCES.reshape(shape), 3)
        assert cooled.shape == shape
        np.testing.assert_array_equal(cooled > 0.5, CHANCES.reshape(shape) > 0.5)
    cooled = apply_temperature(SCORES, 2.0)
    np.testing.assert_allclose(cooled, np.sqrt(SCORES) / np.sqrt(SCORES).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(apply_temperature(0.5 * SCORES, 2.0), cooled)  # of logistic outputs
    z = np.array([[1.0, -2.0, 0.5]])
    np.testing.assert_allclose(apply_temperature(z, 2, from_logits=True), softmax(z / 2))
    np.testing.assert_allclose(apply_temperature([1.0], 2, from_logits=True), [1 / (1 + np.exp(-0.5))])
    assert apply_temperature([[1.0, 0.0]], 5).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: calibration([0, 1], [[0.2, 0.2], [0.5, 0.5]]),
            "probabilities with the sum 1, got 0.4 in row 0",
        ),
        (
            lambda: calibration([0, 1], [[-0.2, 1.2], [0.5, 0.5]]),
            "probabilities from 0 to 1, got -0.2 in row 0",
        ),
        (lambda: calibration([0], [[np.inf, 0]]), "finite probabilities"),
        (lambda: calibration([], []), "probabilities of shape"),
        (lambda: calibration([0], [0.1, 0.9]), "one length, got 1 and 2"),
        (lambda: calibration([1, 2], [0.1, 0.9]), "y_true as whole numbers from 0 to 1, got 2 in row 1"),
        (lambda: calibration([[1, 1], [0, 1]], np.eye(2)), "rows of zeros and a single 1"),
        (lambda: calibration([0, 1], [0.1, 0.9], of="x"), 'of="top", or one of the classes'),
        (lambda: calibration([0, 1], [0.1, 0.9], bins=0), "bins as a whole number >= 1"),
        (lambda: calibration([0, 1], [0.1, 0.9], strategy="equal"), "strategy, one of quantile, uniform"),
        (lambda: apply_temperature([0.1], 0), "0 < temperature, got 0"),
        (lambda: apply_temperature([[0.0, 0.0]], 1), "an output above 0 in each row"),
        (lambda: apply_temperature([5.0], 1), "outputs from 0 to 1, got 5 in row 0"),
    ],
)
def test_what_does_not_fit(call, words):
    with pytest.raises(ValueError, match=rf"^\[\w+\] expected .*{words}"):
        call()
