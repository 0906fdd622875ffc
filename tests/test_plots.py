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


def test_no_matplotlib_is_told_with_the_command_that_installs_it():
    code = """
        import sys
        sys.modules["matplotlib"] = None
        import fastdnn as fd
        fd.plots.learning_curve({"loss": [1.0]})
    """
    result = run(code)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        "ImportError: [learning_curve] expected matplotlib, got none installed; "
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
        (fd.callbacks.History(), ("loss",), "expected a figure of the history"),
    ],
)
def test_bad_arguments(history, figures, words):
    with pytest.raises(ValueError, match=rf"^\[learning_curve\] {words}"):
        fd.plots.learning_curve(history, figures)


def test_one_name_is_a_list_of_one():
    assert labels(fd.plots.learning_curve(HISTORY, "loss")) == labels(fd.plots.learning_curve(HISTORY))
