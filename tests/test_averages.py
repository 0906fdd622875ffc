"""Exponentially weighted averages: the decks' numbers."""

import numpy as np
import pytest

import fastdnn as fd
from fastdnn.averages import ewma_weights, ewma_window

THETA = np.random.default_rng(0).normal(size=50)


def test_worked_weights():
    np.testing.assert_allclose(ewma_weights(0.9, 4), [0.1, 0.09, 0.081, 0.0729], rtol=1e-14)
    assert ewma_weights(0.9, 1000).sum() == pytest.approx(1)


def test_worked_windows():
    found = {beta: ewma_window(beta) for beta in (0.5, 0.9, 0.98, 0.9005, 0.999, 0.9995)}
    want = {0.5: 2, 0.9: 10, 0.98: 50, 0.9005: 10.05, 0.999: 1000, 0.9995: 2000}
    assert found == pytest.approx(want, rel=1e-4)


def test_worked_bias_correction():
    corrected = fd.ewma(THETA[:2], 0.98)
    assert corrected[0] == pytest.approx(THETA[0], rel=1e-14)
    assert corrected[1] == pytest.approx((0.0196 * THETA[0] + 0.02 * THETA[1]) / 0.0396, rel=1e-13)
    raw = fd.ewma(THETA[:2], 0.98, bias_correction=False)
    np.testing.assert_allclose(raw, [0.02 * THETA[0], 0.0196 * THETA[0] + 0.02 * THETA[1]], rtol=1e-13)


def test_averages_are_the_weighted_sums():
    for beta in (0.0, 0.5, 0.9, 0.999):
        raw = fd.ewma(THETA, beta, bias_correction=False)
        want = [ewma_weights(beta, t) @ THETA[:t][::-1] for t in range(1, 51)]
        np.testing.assert_allclose(raw, want, rtol=1e-12, atol=1e-15)
        sums = [ewma_weights(beta, t).sum() for t in range(1, 51)]
        np.testing.assert_allclose(fd.ewma(THETA, beta), raw / sums, rtol=1e-9)


def test_the_correction_is_of_what_is_read():
    """v goes on uncorrected: were it assigned, a constant series would not stay itself."""
    np.testing.assert_allclose(fd.ewma(np.full(20, 3.0), 0.9), 3.0, rtol=1e-14)


def test_series_of_vectors():
    series = np.random.default_rng(1).normal(size=(9, 2, 3)).astype(np.float32)
    found = fd.ewma(series, 0.7)
    assert found.shape == (9, 2, 3)
    np.testing.assert_array_equal(found[:, 1, 2], fd.ewma(series[:, 1, 2], 0.7))
    assert fd.ewma(np.zeros((0, 3)), 0.5).shape == (0, 3)
    assert fd.ewma([], 0.5).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fd.ewma(THETA, 1.0), "0 <= beta < 1, got 1.0"),
        (lambda: fd.ewma(THETA, -0.1), "beta"),
        (lambda: fd.ewma([1.0, np.nan], 0.5), "finite values, got nan at place 1"),
        (lambda: fd.ewma(["a"], 0.5), "real numbers"),
        (lambda: fd.ewma(3.0, 0.5), "a series"),
        (lambda: ewma_weights(0.5, -1), "n as a whole number"),
        (lambda: ewma_window(1), "beta"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
