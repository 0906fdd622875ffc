"""Pictures of a search: what they show of its trials, and that they can be read."""

import math
import pickle

import numpy as np
import pytest
from matplotlib_or_skip import Figure
from plot_checks import check
from studies import score, space_of, study_of, trial_of

import fastdnn as fd
from fastdnn.plots.study_axes import is_far_spread, ticks_of
from fastdnn.tune.space import Space

KINDS = ("scores", "importance", "parallel_coordinates", "zoom")
STUDY = study_of(60)


def draw(kind, study=STUDY, ax=None, **options):
    return getattr(fd.plots, f"study_{kind}")(study, ax, **options)


def line(axes, label):
    return next(each for each in axes.lines if str(each.get_label()).startswith(label))


def is_text(axes, wanted):
    return any(text.get_text() == wanted for text in axes.texts)


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_read(kind):
    check(draw(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_it_draws_where_it_is_told_and_changes_nothing(kind):
    figure = Figure(figsize=(16, 6), layout="constrained")
    axes = figure.subplots(1, 2)
    before = pickle.dumps(STUDY.trials)
    assert draw(kind, ax=axes[1]) is axes[1]
    assert not axes[0].has_data()
    assert pickle.dumps(STUDY.trials) == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_study_is_refused(kind):
    with pytest.raises(ValueError, match=rf"study_{kind}\] expected a study"):
        draw(kind, STUDY.but(trials=[]))
    with pytest.raises(ValueError, match="ax as one Axes"):
        draw(kind, ax=3)
    if kind != "importance":
        failed = [trial_of(0, STUDY.trials[0].params, None, state="failed")]
        with pytest.raises(ValueError, match="complete trial"):
            draw(kind, STUDY.but(trials=failed))
    if kind in ("parallel_coordinates", "zoom"):
        with pytest.raises(ValueError, match="a study with its space, got one that was loaded"):
            draw(kind, STUDY.but(space=None))
    else:
        draw(kind, STUDY.but(space=None))
        with pytest.raises(ValueError, match=r"a study of fd.tune.search, got dict"):
            draw(kind, {})


# ---- Scores


def test_scores_show_every_trial_in_its_state():
    axes = draw("scores")
    complete, pruned, failed = (line(axes, name) for name in ("complete", "pruned", "failed"))
    for drawn, state in ((complete, "complete"), (pruned, "pruned"), (failed, "failed")):
        assert list(drawn.get_xdata()) == [t.number for t in STUDY.trials if t.state == state]
    assert list(complete.get_ydata()) == [t.value for t in STUDY.trials if t.state == "complete"]
    assert pruned.get_label().startswith("pruned: value at its last rung")
    assert len({each.get_marker() for each in (complete, pruned, failed)}) == 3
    begins = [each.get_xdata()[0] for each in axes.lines if each.get_linestyle() == ":"]
    assert begins == [19.5, 39.5]  # three stages of 20


@pytest.mark.parametrize("mode", ["min", "max"])
def test_the_best_so_far(mode):
    axes = draw("scores", STUDY.but(mode=mode))
    complete = [t for t in STUDY.trials if t.state == "complete"]
    so_far = (np.minimum if mode == "min" else np.maximum).accumulate([t.value for t in complete])
    assert list(line(axes, "best so far").get_ydata()) == [*so_far, so_far[-1]]
    best = (min if mode == "min" else max)(complete, key=lambda t: t.value)
    assert line(axes, "best:").get_xdata() == [best.number]
    assert line(axes, "best:").get_label() == f"best: {best.value:.4g}, trial {best.number}"
    assert ("lower" if mode == "min" else "higher") in axes.get_ylabel()


def test_a_trial_that_diverged_does_not_hide_the_others():
    far = [*STUDY.trials, trial_of(60, STUDY.trials[0].params, 1e6, 2)]
    axes = draw("scores", STUDY.but(trials=far))
    assert axes.get_yscale() == "log"
    assert draw("scores").get_yscale() == "linear"
    check(axes)
    infinite = [*STUDY.trials, trial_of(60, STUDY.trials[0].params, math.inf, 2)]
    assert "failed (6)" in [
        text.get_text() for text in draw("scores", STUDY.but(trials=infinite)).get_legend().get_texts()
    ]


def test_one_trial():
    one = study_of(1, stages=1)
    for kind in ("scores", "parallel_coordinates", "zoom"):
        check(draw(kind, one))


def test_far_spread():
    assert is_far_spread([0.1, 0.2, 100.0])
    assert not is_far_spread([0.1, 0.2, 0.9])
    assert not is_far_spread([-0.1, 0.2, 100.0])


# ---- Importance


def test_importance_is_as_told_with_the_most_important_at_the_top():
    axes = draw("importance", STUDY.but(shares={"a": 0.2, "b": 0.7, "c": 0.1}))
    assert [text.get_text() for text in axes.get_yticklabels()] == ["c", "a", "b"]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([10, 20, 70])
    assert is_text(axes, "70 %")
    assert "best 10 of 44 trials" in axes.get_xlabel()
    assert "tick: what this parameter gives by chance" in axes.get_xlabel()
    (levels,) = [each for each in axes.lines if each.get_marker() == "|"]
    assert list(zip(*levels.get_data(), strict=True)) == [(30, 0), (5, 1), (5, 2)]
    assert [bool(bar.get_hatch()) for bar in axes.patches] == [True, False, False]
    check(draw("importance", STUDY.but(shares={"a_rather_long_name_of_a_parameter": 1.0})))
    check(draw("importance", STUDY.but(shares={"lr": 0.0, "units": 0.0})))
    with pytest.raises(ValueError, match="parameters that were searched, got none"):
        draw("importance", STUDY.but(shares={}))


# ---- Parallel coordinates


def lines_of(axes):
    """Those of trials: through all columns, without markers, and not the halo of the best."""
    columns = len(axes.get_xticks())
    return [
        each
        for each in axes.lines
        if len(each.get_xdata()) == columns and each.get_marker() == "None" and each.get_linewidth() < 5
    ]


def test_parallel_coordinates_go_through_the_values():
    axes = draw("parallel_coordinates")
    drawn = [t for t in STUDY.trials if t.value is not None]
    assert len(lines_of(axes)) == len(drawn) - 1  # and the best
    best = line(axes, "best:")
    trial = min((t for t in drawn if t.state == "complete"), key=lambda t: t.value)
    want = [STUDY.space[n].position(trial.params[n]) if n in trial.params else np.nan for n in STUDY.space]
    np.testing.assert_array_equal(best.get_ydata(), want)
    rates = sorted(each.get_ydata()[0] for each in lines_of(axes))
    assert rates == sorted(STUDY.space["lr"].position(t.params["lr"]) for t in drawn if t is not trial)
    names = [text.get_text() for text in axes.get_xticklabels()]
    assert names[:3] == ["lr\n(log)", "beta_1\n(log)", "units"]
    assert is_text(axes, "leaky_relu")
    assert is_text(axes, "0.001")
    assert is_text(axes, "0.99")


def test_where_a_conditional_parameter_is_not_there_lines_go_on_below_its_axis():
    axes = draw("parallel_coordinates")
    drawn = [t for t in STUDY.trials if t.value is not None and t is not STUDY.best_trial]
    column = list(STUDY.space).index("units_2")
    for each in lines_of(axes):
        assert np.isfinite(each.get_ydata()).all()
        others = np.delete(each.get_ydata(), column)
        assert (others > -0.01).all()
    below = [each.get_ydata()[column] for each in lines_of(axes) if each.get_ydata()[column] < -0.01]
    assert len(below) == sum("units_2" not in t.params for t in drawn) > 3
    assert -0.17 < min(below) < max(below) < -0.11
    assert len(set(below)) == len(below)  # side by side
    (words,) = [text for text in axes.texts if text.get_text() == "not there"]
    assert words.xy == (column, pytest.approx(-0.14))
    assert axes.get_ylim()[0] < min(below)
    check(axes)
    always = Space.of("example", {"lr": STUDY.space["lr"], "units": STUDY.space["units"]})
    assert not is_text(draw("parallel_coordinates", study_of(8, always, stages=1)), "not there")


def shades(axes):
    return [np.dot(each.get_color()[:3], (0.299, 0.587, 0.114)) for each in lines_of(axes)]


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("far", [50.0, 1e9])
def test_an_outlier_does_not_take_the_colours_of_the_others(mode, far):
    sign = 1 if mode == "min" else -1
    values = [0.1 + 0.01 * number for number in range(12)]
    trials = [trial_of(n, STUDY.space.draw(0, n), sign * value) for n, value in enumerate([*values, far])]
    one = STUDY.but(trials=tuple(trials), mode=mode)
    without = STUDY.but(trials=tuple(trials[:-1]), mode=mode)
    axes = draw("parallel_coordinates", one)
    assert shades(axes)[1:] == pytest.approx(shades(draw("parallel_coordinates", without)))
    assert shades(axes)[0] == shades(axes)[1]  # the palest
    bar = axes.figure.axes[-1]
    assert "(1 beyond)" in bar.get_ylabel()
    assert "beyond" not in draw("parallel_coordinates", without).figure.axes[-1].get_ylabel()
    check(axes)


def test_values_over_several_powers_of_ten_are_no_outliers():
    values = 10.0 ** -np.linspace(0, 4, 12)
    trials = tuple(trial_of(n, STUDY.space.draw(0, n), float(value)) for n, value in enumerate(values))
    axes = draw("parallel_coordinates", STUDY.but(trials=trials))
    assert "beyond" not in axes.figure.axes[-1].get_ylabel()
    assert len(set(shades(axes))) == 11


def test_values_of_which_there_are_few_are_fanned_out_within_their_room():
    axes = draw("parallel_coordinates")
    place = list(STUDY.space).index("layers")
    found = np.array([each.get_ydata()[place] for each in lines_of(axes)])
    assert len(set(found.round(6))) > 20
    rooms = np.abs(found[:, None] - np.array([1, 3, 5]) / 6).min(axis=1)
    assert rooms.max() < 0.2 / 3 + 1e-9


@pytest.mark.parametrize("mode", ["min", "max"])
def test_darker_is_better(mode):
    axes = draw("parallel_coordinates", STUDY.but(mode=mode))
    grey = [np.dot(each.get_color()[:3], (0.299, 0.587, 0.114)) for each in lines_of(axes)]
    assert grey == sorted(grey, reverse=True)  # the best are drawn last, on top
    assert grey[0] > grey[-1] + 0.4


def test_many_parameters_with_long_names_can_be_read():
    given = {f"parameter_number_{i}": fd.tune.uniform(0, 10**i) for i in range(9)}
    space = Space.of("example", {"lr": fd.tune.log_uniform(1e-5, 1), **given})
    trials = [trial_of(n, space.draw(0, n), score(space.draw(0, n))) for n in range(30)]
    check(draw("parallel_coordinates", STUDY.but(trials=trials, space=space)))


# ---- The zoom


def test_the_zoom_shows_each_stages_region_and_trials():
    axes = draw("zoom", parameters=("lr", "dropout"))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("lr (logarithmic)", "dropout")
    assert len(axes.patches) == 3
    for stage, (frame, region) in enumerate(zip(axes.patches, STUDY.regions, strict=True)):
        ends = [STUDY.space["lr"].position(region["lr"].at(u)) for u in (0.0, 1.0)]
        assert [frame.get_x(), frame.get_x() + frame.get_width()] == pytest.approx(ends)
        drawn = line(axes, f"stage {stage + 1}")
        own = [t for t in STUDY.trials if t.generation == stage and t.state != "failed"]
        want = [STUDY.space["dropout"].position(t.params["dropout"]) for t in own]
        np.testing.assert_array_equal(drawn.get_ydata(), want)
        x = drawn.get_xdata()
        assert ((x >= ends[0] - 1e-9) & (x <= ends[1] + 1e-9)).all()
    assert len({str(frame.get_linestyle()) for frame in axes.patches}) == 3


def test_the_zoom_chooses_what_was_narrowed_most():
    axes = draw("zoom")
    widths = {}
    for name in STUDY.space:
        low, high = (STUDY.space[name].position(STUDY.regions[-1][name].at(u)) for u in (0.0, 1.0))
        size = STUDY.space[name].size
        widths[name] = high - low + (1 / size if size else 0)
    del widths["activation"], widths["units_2"]  # a choice, and what not all trials have
    shown = {axes.get_xlabel().split()[0], axes.get_ylabel().split()[0]}
    assert widths.keys() >= shown
    assert max(widths[name] for name in shown) <= min(widths[name] for name in widths.keys() - shown)


@pytest.mark.parametrize("pair", [("units", "layers"), ("activation", "lr"), ("units_2", "beta_1")])
def test_the_zoom_over_parameters_of_any_kind(pair):
    check(draw("zoom", parameters=pair))


def test_an_option_that_was_left_out_is_in_no_frame():
    left = [region for region in STUDY.regions if region["activation"].options == ("relu", "leaky_relu")]
    assert len(left) == 2
    axes = draw("zoom", parameters=("activation", "lr"))
    frames = [(frame.get_x(), frame.get_width()) for frame in axes.patches]
    assert frames == [pytest.approx(each) for each in [(0, 1), *[(0, 1 / 3), (2 / 3, 1 / 3)] * 2]]


def test_the_zoom_refuses_other_names():
    with pytest.raises(ValueError, match=r"a parameter of the space, .* did you mean 'dropout'"):
        draw("zoom", parameters=("lr", "dropuot"))
    for given in (("lr",), "lr", ("lr", "lr"), ("lr", "units", "dropout")):
        with pytest.raises(ValueError, match="the names of two parameters"):
            draw("zoom", parameters=given)
    single = Space.of("example", {"lr": fd.tune.log_uniform(1e-4, 1e-1)})
    with pytest.raises(ValueError, match="at least two parameters, got 1"):
        draw("zoom", study_of(8, single, stages=1))


def test_a_search_without_stages_is_one_region():
    axes = draw("zoom", STUDY.but(regions=[]))
    assert len(axes.patches) == 1
    came = sum(trial.state != "failed" for trial in STUDY.trials)
    assert len(line(axes, f"{came} trials").get_xdata()) == came < 60  # of all generations
    check(axes)


def test_a_study_draws_them_itself():
    pytest.importorskip("optuna", reason="needs optuna, of the extra `tune`")
    x = np.linspace(-1, 1, 64)[:, None]

    def build(p):
        model = fd.Sequential([fd.Input((1,)), fd.layers.Dense(p["units"], "tanh"), fd.layers.Dense(1)])
        model.compile(fd.optimizers.Adam(p["lr"]), "mse")
        return model

    space = {"lr": fd.tune.log_uniform(1e-4, 1e-1), "units": fd.tune.powers_of_two(1, 8)}
    how = {"method": "coarse_to_fine", "n_trials": 12, "epochs": 2, "seed": 0}
    study = fd.tune.search(build, space, x, x**2, validation_data=(x, x**2), **how)
    for kind in KINDS:
        check(study.plot(kind))
    assert len(study.plot("zoom").patches) == 3
    right = Figure(figsize=(16, 6)).subplots(1, 2)[1]
    assert study.plot(ax=right) is right
    assert right.get_ylabel() == "dev loss, lower is better"


# ---- Ticks


@pytest.mark.parametrize(
    ("distribution", "texts"),
    [
        (fd.tune.log_uniform(1e-4, 1e-1), "0.0001 0.001 0.01 0.1"),
        (fd.tune.log_uniform(0.02, 0.3), "0.03 0.1 0.3"),
        (fd.tune.log_uniform(0.021, 0.022), "0.021 0.02149 0.022"),
        (fd.tune.one_minus_log_uniform(0.9, 0.999), "0.9 0.99 0.999"),
        (fd.tune.one_minus_log_uniform(0, 0.99), "0 0.9 0.99"),
        (fd.tune.uniform(0, 0.6), "0 0.15 0.3 0.45 0.6"),
        (fd.tune.uniform(-3e5, 3e5), "-3e+05 -1.5e+05 0 1.5e+05 3e+05"),
        (fd.tune.powers_of_two(1, 8), "1 2 4 8"),
        (fd.tune.powers_of_two(1, 2048), "1 4 16 64 256 1024"),
        (fd.tune.integers(1, 4), "1 2 3 4"),
        (fd.tune.integers(50, 100), "50 60 70 80 90 100"),
        (fd.tune.integers(10, 90, step=20), "10 30 50 70 90"),
        (fd.tune.integers(1, 1000, log=True), "1 10 100 1000"),
        (fd.tune.choice("relu", None, np.tanh, "a_very_long_option"), "relu None tanh a_very_long…"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.describe(),
)
def test_ticks_are_round_values_where_they_lie(distribution, texts):
    found = ticks_of(distribution)
    assert [text for _, text in found] == texts.split()
    places = [place for place, _ in found]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 1


def test_the_ticks_of_a_whole_space_are_few():
    assert all(2 <= len(ticks_of(each)) <= 6 for each in space_of().values())


def test_names_beside_other_pictures_are_short_and_trials_are_counted_in_words():
    name = "learning_rate_of_the_encoder_and_of_all_that_follows_it"
    space = fd.tune.Space.of("test", {name: fd.tune.uniform(0, 1), "b": fd.tune.uniform(0, 1)})
    values = [space.draw(0, number) for number in range(2)]
    trials = [fd.tune.Trial(0, values[0], 0, value=1.0), fd.tune.Trial(1, values[1], 1, state="failed")]
    study = fd.tune.Study(tuple(trials), 2, "val_loss", "min", "random", space, (space,))
    axes = fd.plots.study_zoom(study)
    assert "1 trial" in [text.get_text() for text in axes.get_legend().get_texts()]
    assert [len(line.get_xdata()) for line in axes.lines] == [1, 1]  # the failed one is not there
    shares = STUDY.but(shares={name: 0.9, "b": 0.1})
    for draws, whole in [
        (lambda ax: fd.plots.study_importance(shares, ax), "get_yticklabels"),
        (lambda ax: fd.plots.study_parallel_coordinates(study, ax), "get_xticklabels"),
    ]:
        for own, letters in [(True, 32), (False, 14)]:
            ax = None if own else Figure(figsize=(6, 3)).add_subplot(1, 2, 1)
            texts = [text.get_text() for text in getattr(draws(ax), whole)()]
            assert max(map(len, texts)) <= letters
            assert any(text.endswith("…") for text in texts)
