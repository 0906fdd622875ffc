"""Figures of how hyper-parameters are drawn: what is on them, and that they can be read."""

import numpy as np
import pytest
from matplotlib_or_skip import Figure
from plot_checks import check

import fastdnn as fd

plots = fd.plots


def test_sampling_shows_the_draws_and_the_share_of_each_decade():
    ax = plots.sampling(draws=60, seed=3)
    space = fd.tune.Space.of(
        "test", {"uniform": fd.tune.uniform(1e-4, 1), "log-uniform": fd.tune.log_uniform(1e-4, 1)}
    )
    for line in ax.get_lines():
        drawn = [space.draw(3, trial)[line.get_label()] for trial in range(60)]
        np.testing.assert_array_equal(line.get_xdata(), drawn)
    above = [np.mean(line.get_xdata() > 0.1) for line in ax.get_lines()]
    assert above[0] > 0.8
    assert above[1] < 0.45
    assert [text.get_text() for text in ax.texts] == ["0.09 %", "0.9 %", "9 %", "90 %"] + ["25 %"] * 4
    check(ax)


def test_sampling_of_other_ranges():
    texts = [text.get_text() for text in plots.sampling(low=0.02, high=3).texts]
    assert texts == ["2.7 %", "30 %", "67 %", "32 %", "46 %", "22 %"]
    assert len(plots.sampling(low=0.2, high=0.3).texts) == 2
    assert not plots.sampling(low=1e-12, high=1).texts
    check(plots.sampling(low=1e-8, high=1, draws=5))


def test_grid_against_random_has_5_learning_rates_and_25():
    panels = plots.grid_against_random()
    counts = []
    for above, below in panels.T:
        assert len(below.get_lines()[0].get_xdata()) == 25
        counts.append(len(np.unique(below.get_lines()[0].get_xdata())))
        curve, trials, best = above.get_lines()
        assert best.get_ydata() == min(trials.get_ydata())
        assert min(curve.get_ydata()) <= best.get_ydata()
    assert counts == [5, 25]
    said = [float(panel.texts[0].get_text().split(": ")[1]) for panel in panels[0]]
    assert said[1] < 0.5 * said[0]
    check(panels)


@pytest.mark.parametrize("trials", [4, 9, 30])
def test_other_numbers_of_trials(trials):
    panels = plots.grid_against_random(trials=trials, seed=1)
    assert len(panels[1, 0].get_lines()[0].get_xdata()) <= trials
    assert len(panels[1, 1].get_lines()[0].get_xdata()) == trials
    check(panels)


def test_they_draw_on_given_axes():
    ax = Figure().add_subplot()
    assert plots.sampling(ax) is ax
    given = Figure().subplots(2, 2)
    assert (plots.grid_against_random(given) == given).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.sampling(low=0), r"\[log_uniform\] expected 0 < low < high"),
        (lambda: plots.sampling(low=2), "low < high, got low=2, high=1.0"),
        (lambda: plots.sampling(draws=0), r"\[sampling\] expected draws as a whole number >= 1"),
        (lambda: plots.sampling(seed=-1), "seed as a whole number"),
        (lambda: plots.sampling("axes"), r"\[sampling\] expected ax as one Axes"),
        (
            lambda: plots.grid_against_random(trials=3),
            r"\[grid_against_random\] expected trials as a whole number >= 4",
        ),
        (lambda: plots.grid_against_random(seed=0.5), "seed as a whole number"),
        (lambda: plots.grid_against_random(Figure().add_subplot()), "ax as 4 Axes"),
    ],
)
def test_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
