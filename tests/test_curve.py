"""Curves on a terminal: what they say, and that they fit."""

import itertools
import math

import pytest

from fastdnn.cli.curve import curve, linear_ticks, log_ticks

FALLING = [2.0 * 0.8**i for i in range(40)]
FLAT = [max(0.1, value) for value in FALLING]


def plot_rows(text):
    """The rows of the plot without legend, margin and axis."""
    return [line.replace("┤", "│").split("│", 1)[1] for line in text.splitlines() if set(line) & set("│┤")]


def braille(row):
    return [x for x, character in enumerate(row) if "⠀" < character <= "⣿"]


def test_a_falling_line_falls_from_the_first_row_to_the_last():
    rows = plot_rows(curve({"loss": FALLING}, log=False))
    assert braille(rows[0])[0] == 0
    assert max(map(len, rows)) - 1 == braille(rows[-1])[-1]
    firsts = [braille(row)[0] for row in rows if braille(row)]
    assert firsts == sorted(firsts)


def test_on_a_logarithmic_axis_a_geometric_series_is_straight():
    rows = plot_rows(curve({"loss": FALLING}, width=72, height=14))
    middles = [sum(braille(row)) / len(braille(row)) for row in rows]
    steps = [b - a for a, b in itertools.pairwise(middles)]
    assert max(steps) - min(steps) <= 2


def test_the_axis_is_logarithmic_where_that_pays():
    assert "(log scale)" in curve({"loss": [2.0, 0.1]})
    assert "(log scale)" not in curve({"loss": [2.0, 0.11]})
    assert "(log scale)" not in curve({"loss": [2.0, 0.0]})
    assert "(log scale)" not in curve({"loss": [2.0, 0.1]}, log=False)


def test_two_series_look_different():
    text = curve({"train": FALLING, "dev": FLAT})
    legend = text.splitlines()[0]
    assert "⠒⠒ train" in legend
    assert "o dev" in legend
    rows = plot_rows(text)
    assert sum(row.count("o") for row in rows) >= 10
    assert sum(len(braille(row)) for row in rows) >= 10
    assert not any("\x1b" in line for line in text.splitlines())  # no colours


def test_marks_are_at_the_height_of_their_values():
    rows = plot_rows(curve({"train": [1.0, 1.0, 1.0], "dev": [3.0, 2.0, 1.0]}, width=40, height=5))
    assert [y for y, row in enumerate(rows) if "o" in row] == [0, 2, 4]
    assert rows[0].index("o") < rows[2].index("o") < rows[4].index("o")


def test_every_dot_of_a_character_is_used():
    top, *between, bottom = plot_rows(curve({"a": [1.0, 1.0, 0.0, 0.0]}, width=40, height=4, log=False))
    assert set(top[:10]) == {"⠉"}
    assert set(bottom[-10:]) == {"⣀"}
    assert len({character for row in between for character in row} - {" "}) >= 2


def test_marks_leave_the_line_visible_where_both_run():
    rows = plot_rows(curve({"train": FALLING, "dev": FALLING}))
    columns = {x for row in rows for x in braille(row)}
    assert len(columns) > 40


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [24, 25, 60, 79, 200])
@pytest.mark.parametrize("length", [1, 2, 3, 23, 24, 50, 1000])
def test_nothing_is_wider_than_asked_for(width, length, ascii_only):
    values = [1.0 + math.sin(i) for i in range(length)]
    text = curve({"a": values, "b": values[::-1]}, width=width, height=6, ascii_only=ascii_only)
    assert max(map(len, text.splitlines())) <= width
    assert text.isascii() == ascii_only


def test_axes_are_labelled_with_round_numbers_and_the_last_epoch():
    lines = curve({"loss": [i / 10 for i in range(57)]}, x_label="epoch", y_label="error").splitlines()
    assert lines[0].startswith("error")
    assert lines[-1].strip() == "epoch"
    numbers = [int(word) for word in lines[-2].split()]
    assert numbers[0] == 1
    assert numbers[-1] == 57
    assert numbers[1:-1] == list(range(numbers[1], numbers[-2] + 1, numbers[1]))
    heights = [float(line.split("┤")[0]) for line in lines if "┤" in line]
    assert heights == [5, 4, 3, 2, 1, 0]


def test_values_that_are_not_finite_leave_gaps():
    values = [1.0, 1.0, math.nan, math.inf, 1.0, 1.0]
    row = "".join(plot_rows(curve({"loss": values}, width=40, height=5)))
    assert {"⠀"} != set(row)
    columns = braille(row)
    assert max(b - a for a, b in itertools.pairwise(columns)) > 10


def test_on_a_logarithmic_axis_zero_leaves_a_gap():
    text = curve({"a": [100.0, 0.0, 1.0, 10.0]}, log=True, width=40, height=8)
    assert len(plot_rows(text)) == 8


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, -math.inf]])
def test_nothing_to_plot(values):
    assert curve({"loss": values}) == "loss: no values to plot"


def test_nothing_positive_to_plot():
    assert curve({"loss": [0.0, -1.0]}, log=True) == "loss: no positive values to plot"


@pytest.mark.parametrize(
    "values",
    [
        [0.5],
        [0.5, 0.5],
        [0.0, 0.0],
        [1e308, -1e308],
        [5e-324, 0.0],
        [1e-300, 1e300],
        [1.0, 1.0 + 1e-15],
        [-3.0, -1.0],
    ],
)
def test_extreme_values_are_drawn(values):
    for log in (None, False):
        rows = plot_rows(curve({"loss": values}, width=40, height=6, log=log))
        assert len(rows) == 6
        assert any(braille(row) for row in rows)


@pytest.mark.parametrize("count", [0, 6])
def test_one_to_five_series(count):
    with pytest.raises(ValueError, match=rf"^\[curve\] expected one to 5 series, got {count}"):
        curve({str(i): [1.0] for i in range(count)})


@pytest.mark.parametrize("size", [{"width": 23}, {"height": 3}])
def test_too_small_a_plot_is_refused(size):
    with pytest.raises(ValueError, match=r"^\[curve\] expected width >= 24 and height >= 4"):
        curve({"loss": [1.0]}, **size)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.3, 2.9), (-7, 5), (99, 101), (1e-9, 3e-9), (0, 1e300), (1e5, 1.00001e5)]
)
def test_linear_ticks_are_few_round_and_inside(low, high):
    ticks = linear_ticks(low, high, 5)
    assert 2 <= len(ticks) <= 5
    assert low <= min(ticks)
    assert max(ticks) <= high
    step = ticks[1] - ticks[0]
    assert round(step / 10.0 ** math.floor(math.log10(step * 1.0001))) in (1, 2, 5, 10)


@pytest.mark.parametrize(("low", "high"), [(0.03, 4), (1e-9, 1e9), (1.1, 1.9), (5e-324, 1e-300), (1, 1)])
def test_log_ticks_are_inside(low, high):
    ticks = log_ticks(low, high)
    assert ticks == sorted(ticks)
    assert low <= ticks[0]
    assert ticks[-1] <= high
