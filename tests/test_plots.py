"""Plots, as far as a program can look at them."""

import pytest

import fastdnn as fd

HISTORY = {"loss": [2.0, 1.0, 0.5], "accuracy": [0.1, 0.6, 0.9], "val_loss": [2.0, 1.1, 1.3]}


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_figure_with_its_twin_and_the_best_epoch(tmp_path):
    axes = fd.plots.learning_curve(HISTORY)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    assert labels(axes) == ["train loss", "dev loss", "best dev loss: 1.1, epoch 2"]
    train, dev, *_ = axes.get_lines()
    assert list(train.get_xdata()) == [1, 2, 3]
    assert list(dev.get_ydata()) == HISTORY["val_loss"]
    assert train.get_linestyle() != dev.get_linestyle()
    axes.figure.savefig(tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_accuracy_is_best_at_its_highest():
    axes = fd.plots.learning_curve(HISTORY, figures=("accuracy",))
    assert labels(axes) == ["train accuracy", "best train accuracy: 0.9, epoch 3"]


def test_axes_of_the_caller_and_a_history_object():
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    history = fd.callbacks.History()
    history.history = HISTORY
    assert fd.plots.learning_curve(history, ax=axes) is axes


def test_bad_arguments():
    with pytest.raises(ValueError, match="did you mean 'loss'"):
        fd.plots.learning_curve(HISTORY, figures=("los",))
    with pytest.raises(ValueError, match="at least one figure"):
        fd.plots.learning_curve(HISTORY, figures=())
    with pytest.raises(ValueError, match="at least one epoch"):
        fd.plots.learning_curve({"loss": []})


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(ImportError, match=r'pip install "fastdnn\[plot\]"'):
        fd.plots.learning_curve(HISTORY)
