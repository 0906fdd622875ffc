"""Figures: what is on them, and what is said where matplotlib is missing."""

import sys

import numpy as np
import pytest
from interpreters import output, run

import fastdnn as fd

matplotlib = pytest.importorskip("matplotlib")

HISTORY = {
    "loss": [2.0, 1.0, 0.5, 0.2],
    "accuracy": [0.2, 0.5, 0.9, 1.0],
    "val_loss": [2.0, 1.2, 1.0, 1.3],
    "val_accuracy": [0.2, 0.7, 0.6, 0.7],
}


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def drawn(ax):
    """Line by label: the values."""
    return {line.get_label(): list(line.get_ydata()) for line in ax.get_lines()}


def test_train_and_dev_loss_with_the_best_epoch():
    ax = fd.plots.learning_curve(HISTORY)
    assert labels(ax) == ["train loss", "dev loss", "best dev loss: 1, epoch 3"]
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() == "loss"
    lines = drawn(ax)
    assert lines["train loss"] == HISTORY["loss"]
    assert lines["dev loss"] == HISTORY["val_loss"]
    ring = ax.get_lines()[-1]
    assert list(ring.get_xdata()) == [3]
    assert list(ax.get_lines()[0].get_xdata()) == [1, 2, 3, 4]


def test_the_best_of_an_accuracy_is_the_first_highest():
    ax = fd.plots.learning_curve(HISTORY, ["accuracy"])
    assert labels(ax)[-1] == "best dev accuracy: 0.7, epoch 2"
    ring = ax.get_lines()[-1]
    assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([2], [0.7])


@pytest.mark.parametrize("name", ["auc", "precision", "recall", "f1_score", "r2_score", "top_5_accuracy"])
def test_the_best_is_the_highest_of_what_early_stopping_maximises(name):
    ax = fd.plots.learning_curve({name: [0.2, 0.9, 0.5], f"val_{name}": [0.1, 0.3, 0.8]}, name)
    assert labels(ax)[-1].endswith(": 0.8, epoch 3")


def test_without_dev_figures_the_best_is_of_the_train_loss():
    assert labels(fd.plots.learning_curve({"loss": [2.0, 1.0]})) == [
        "train loss",
        "best train loss: 1, epoch 2",
    ]


def test_several_figures_differ_in_colour_and_style():
    ax = fd.plots.learning_curve(HISTORY, ("loss", "accuracy"))
    lines = [line for line in ax.get_lines() if line.get_label().startswith(("train", "dev"))]
    assert len(lines) == 4
    assert len({line.get_color() for line in lines}) == 4
    assert len({line.get_linestyle() for line in lines}) == 4
    assert ax.get_ylabel() == "loss, accuracy"


def test_epochs_are_whole_numbers_on_the_axis():
    for epochs in (1, 2, 5, 40):
        ax = fd.plots.learning_curve({"loss": [1.0] * epochs})
        ax.figure.canvas.draw()
        assert all(tick == round(tick) for tick in ax.get_xticks())


def test_the_history_of_a_fit_makes_a_png(tmp_path):
    model = fd.Sequential([fd.layers.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    x = np.linspace(0, 1, 20)[:, None]
    history = model.fit(x, 2 * x, epochs=3, validation_split=0.2, verbose=0)
    fd.plots.learning_curve(history).figure.savefig(tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_given_axes_are_drawn_on():
    from matplotlib.figure import Figure

    left, right = Figure().subplots(1, 2)
    assert fd.plots.learning_curve(HISTORY, ax=left) is left
    assert not right.get_lines()


def test_values_that_are_not_finite_are_never_the_best():
    ax = fd.plots.learning_curve({"loss": [np.nan, 3.0, -np.inf]})
    assert labels(ax)[-1] == "best train loss: 3, epoch 2"
    assert labels(fd.plots.learning_curve({"loss": [np.nan]})) == ["train loss"]


def test_no_state_of_pyplot():
    code = """
        import sys, fastdnn as fd
        fd.plots.learning_curve({"loss": [1.0, 0.5]})
        print("matplotlib.pyplot" in sys.modules)
    """
    assert output(code) == "False"


@pytest.mark.parametrize(
    ("call", "where"),
    [
        ('fd.plots.learning_curve({"loss": [1.0]})', "learning_curve"),
        ('fd.compare.optimizers("valley", ["sgd"], steps=2).plot()', "Comparison.plot"),
        ("fd.plots.averages()", "averages"),
        ('fd.plots.activations(["relu"])', "activations"),
        ("fd.plots.weight_images(fd.data.load_digits()[0][:16])", "weight_images"),
    ],
)
def test_no_matplotlib_is_told_with_the_command_that_installs_it(call, where):
    code = f"""
        import sys
        sys.modules["matplotlib"] = None
        import fastdnn as fd
        {call}
    """
    result = run(code)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"ImportError: [{where}] expected matplotlib, got none installed; "
        'install it with `pip install "fastdnn[plot]"`'
    )


def test_a_matplotlib_that_cannot_be_imported_says_its_own_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError):
        fd.plots.learning_curve(HISTORY)


def test_importing_the_module_needs_no_matplotlib():
    assert output("import sys, fastdnn as fd; fd.plots; print('matplotlib' in sys.modules)") == "False"


@pytest.mark.parametrize(
    ("history", "figures", "words"),
    [
        (HISTORY, ("los",), r"expected a figure of the history, .*got 'los'; did you mean 'loss'\?"),
        (HISTORY, (), "expected at least one figure, got none"),
        ({"loss": []}, ("loss",), "expected a history of at least one epoch, got none"),
        (
            fd.callbacks.History(),
            ("loss",),
            "expected a history of at least one epoch, got none; call fit first",
        ),
    ],
)
def test_bad_arguments(history, figures, words):
    with pytest.raises(ValueError, match=rf"^\[learning_curve\] {words}"):
        fd.plots.learning_curve(history, figures)


def test_one_name_is_a_list_of_one():
    assert labels(fd.plots.learning_curve(HISTORY, "loss")) == labels(fd.plots.learning_curve(HISTORY))


# ---- Comparisons


SMALL = fd.compare.digits(hidden=(4,))


@pytest.fixture(scope="module")
def on_task():
    return fd.compare.batch_sizes(SMALL, {"large": 700, "small": 100}, epochs=3)


@pytest.fixture(scope="module")
def on_surface():
    chosen = {
        "SGD": fd.optimizers.SGD(0.5),
        "wild": fd.optimizers.SGD(1e200),
        "Adam": fd.optimizers.Adam(0.1),
    }
    return fd.compare.optimizers(fd.compare.Valley(25), chosen, steps=40)


def test_a_comparison_on_a_task_is_its_learning_curves(on_task):
    ax = on_task.plot()
    assert labels(ax) == ["large", "small"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "dev loss (mean per example)")
    assert ax.get_title() == "batch sizes on digits"
    assert drawn(ax) == {name: history["val_loss"] for name, history in on_task.histories.items()}
    by_step = on_task.plot(by="step", figure="accuracy", names=["small"], legend=False)
    (line,) = by_step.get_lines()
    assert list(line.get_xdata()) == [15, 30, 45]
    assert list(line.get_ydata()) == on_task.histories["small"]["accuracy"]
    assert line.get_color() == ax.get_lines()[1].get_color()  # whatever else is drawn
    assert by_step.get_ylabel() == "train accuracy (share of examples)"
    assert by_step.get_legend() is None
    assert (ax.get_xscale(), on_task.plot(by="step").get_xscale()) == ("linear", "linear")
    unlike = fd.compare.batch_sizes(SMALL, {"all": None, "some": 50}, epochs=1)
    assert (unlike.plot().get_xscale(), unlike.plot(by="step").get_xscale()) == ("linear", "log")


def test_the_noise_of_a_comparison_is_behind_its_average(on_task):
    ax = on_task.plot(smooth=0.5)
    noise, average = ax.get_lines()[:2]
    values = on_task.histories["large"]["val_loss"]
    assert list(noise.get_ydata()) == values
    np.testing.assert_array_equal(average.get_ydata(), fd.averages.ewma(values, 0.5))
    assert labels(ax) == ["large", "small"]


def test_a_comparison_on_a_surface_is_its_paths(on_surface):
    ax = on_surface.plot(steps=10)
    assert labels(ax) == ["SGD", "wild (diverged)", "Adam", "start", "minimum"]
    points = on_surface.trajectories["SGD"].points
    np.testing.assert_array_equal(ax.get_lines()[0].get_xydata(), points[:11])
    assert (ax.get_xlim(), ax.get_ylim()) == on_surface.surface.bounds
    assert ax.collections  # contours
    heights = on_surface.plot(by="step", names=["Adam"])
    np.testing.assert_array_equal(drawn(heights)["Adam"], on_surface.trajectories["Adam"].losses)
    assert (heights.get_xlabel(), heights.get_ylabel()) == ("step of the optimiser", "height f")
    fd.compare.optimizers("saddle", ["sgd"], steps=3).plot().figure.canvas.draw()


def test_settings_differ_in_colour_style_and_marker_and_the_legend_covers_none():
    chosen = {str(rate): rate for rate in np.linspace(0.01, 0.5, 12).round(3)}
    ax = fd.compare.schedules("valley", chosen, steps=20).plot(by="step")
    looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in ax.get_lines()]
    assert len(set(looks)) == 12
    assert len({look[1:] for look in looks}) == 12  # in grey
    ax.figure.canvas.draw()
    legend, area = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert legend.x0 >= area.x1
    assert legend.x1 <= ax.figure.bbox.x1


def test_what_diverges_at_once_is_named_and_not_drawn():
    found = fd.compare.schedules(SMALL, {"fine": 0.01, "wild": 1e30}, steps=20)
    ax = found.plot()
    assert labels(ax) == ["fine", "wild (diverged)"]
    assert drawn(ax)["wild (diverged)"] == []
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "path"}, "by, one of epoch, step"),
        ({"figure": "val_los"}, "did you mean 'val_loss'"),
        ({"names": ["larger"]}, "the name of a setting"),
        ({"names": "large"}, "names as a list"),
        ({"names": []}, "names as a list"),
        ({"steps": 3}, "steps of a surface only"),
        ({"smooth": 1.0}, "0 <= smooth < 1"),
    ],
)
def test_bad_options_of_a_plot_of_a_task(on_task, options, message):
    with pytest.raises(ValueError, match=message):
        on_task.plot(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "epoch"}, "by, one of path, step"),
        ({"figure": "loss"}, "no figure of a surface"),
        ({"steps": 0}, "steps as a whole number >= 1"),
        ({"smooth": 0.5}, "no smooth, for paths"),
    ],
)
def test_bad_options_of_a_plot_of_a_surface(on_surface, options, message):
    with pytest.raises(ValueError, match=message):
        on_surface.plot(**options)
