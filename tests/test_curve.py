"""The plot in the terminal."""

import math

import pytest

from fastdnn.cli.curve import curve, linear_ticks, log_ticks


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("length", [1, 2, 3, 60, 1000])
@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_every_line_fits(ascii_only, length, width):
    series = {"train": [3 / (i + 1) for i in range(length)], "dev": [0.5] * length}
    lines = curve(series, width=width, height=8, ascii_only=ascii_only).splitlines()
    assert max(map(len, lines)) <= width
    assert len(lines) >= 8 + 3
    if ascii_only:
        assert all(line.isascii() for line in lines)
    assert width < 40 or str(length) in lines[-2]
    assert lines[-1].endswith("epoch")


def test_a_falling_line_falls():
    lines = curve({"loss": [3, 2, 1, 0]}, width=40, height=5, ascii_only=True).splitlines()[1:6]
    first = [
        min((i for i, c in enumerate(line.split("|", 1)[1]) if c == "."), default=None) for line in lines
    ]
    assert first == sorted(first)
    assert first[0] == 0


def test_the_second_series_is_marks():
    text = curve({"train": [1.0, 2.0], "dev": [2.0, 1.0]}, width=30, height=5, ascii_only=True)
    assert text.splitlines()[0] == "loss   . train   o dev"
    assert text.count("o") >= 3 + 1  # two marks, "o dev", "epoch"


def test_wide_ranges_are_logarithmic():
    assert "log scale" in curve({"loss": [10.0, 0.01]})
    assert "log scale" not in curve({"loss": [10.0, 9.0]})
    assert "log scale" not in curve({"loss": [10.0, 0.0]})


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_leave_gaps(bad):
    assert curve({"loss": [bad]}) == "loss: no values to plot"
    assert curve({"loss": [2.0, bad, 1.0]})
    assert curve({"loss": [bad, 1.0]}, log=True)


def test_extremes_do_not_overflow():
    for values in ([1e308, -1e308], [5e-324, 1e308], [0.0, 0.0], [-1.0]):
        assert curve({"loss": values}, ascii_only=True)


def test_bad_arguments():
    for series in ({}, {str(i): [1.0] for i in range(6)}):
        with pytest.raises(ValueError, match="one to 5 series"):
            curve(series)
    with pytest.raises(ValueError, match="width >= 24"):
        curve({"loss": [1.0]}, width=23)


@pytest.mark.parametrize(("low", "high"), [(0.3, 2.9), (-5, 5), (1e-9, 1e-3), (1e5, 1.00001e5), (0, 1e300)])
def test_ticks_are_inside_and_few(low, high):
    ticks = linear_ticks(low, high, 5)
    assert 1 <= len(ticks) <= 5
    assert all(low - 1e-9 * abs(low) <= tick <= high + 1e-9 * abs(high) for tick in ticks)
    if low > 0:
        assert all(low <= tick <= high for tick in log_ticks(low, high))
