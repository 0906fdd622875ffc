"""Pictures of results at their edges: many layers and classes, long names, gaps of nothing.

docs/gallery.md has the usual ones.
"""

import numpy as np
import pytest
from matplotlib_or_skip import Figure
from plot_checks import check

import fastdnn as fd

X, Y = fd.data.load_digits()
LOSS = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
TINY = 4  # pixels at 800: of pictures of 14 inches, which are looked at as large as they are


def deep(layers):
    hidden = [fd.layers.Dense(16, "tanh") for _ in range(layers)]
    model = fd.Sequential([fd.layers.Input((64,)), *hidden, fd.layers.Dense(10)], seed=0)
    model.compile("sgd", LOSS)
    return model


def guesses(k, name):
    """Labels, guesses of which two in three are right, and scores of k classes."""
    random = np.random.default_rng(0)
    labels = np.concatenate([np.arange(k), random.integers(0, k, 3000)])
    scores = random.normal(size=(len(labels), k))
    scores[np.arange(len(labels)), labels] += 2.5
    return (
        labels,
        np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True),
        [name + str(i) for i in range(k)],
    )


@pytest.mark.parametrize("layers", [0, 4, 10])
def test_the_inside_of_shallow_and_deep_networks(layers):
    model = deep(layers)
    check(fd.diagnose.layer_statistics(model, X[:200] / 16, Y[:200]).plot())
    monitor = fd.callbacks.Monitor(every=5)
    model.fit(X[:640] / 16, Y[:640], batch_size=32, epochs=2, callbacks=[monitor], verbose=0)
    check(monitor.plot())


@pytest.mark.parametrize(
    ("k", "name"),
    [(2, "class "), (3, ""), (10, "a long class name "), (25, "class "), (40, "a long class name ")],
)
def test_confusion_matrices_of_few_and_many_classes(k, name):
    labels, shares, names = guesses(k, name)
    found = fd.diagnose.confusion_matrix(labels, shares.argmax(axis=1), names)
    check(found.plot(), smallest=TINY)


@pytest.mark.parametrize("bins", [5, 10, 20, 50])
def test_calibration_in_few_and_many_bins(bins):
    labels, shares, _ = guesses(6, "")
    check(fd.diagnose.calibration(labels, shares, bins=bins).plot())


def test_what_is_rejected_at_a_threshold():
    labels, shares, _ = guesses(6, "")
    check(fd.diagnose.trust(shares, y_true=labels, wanted_error=0.05).plot())


@pytest.mark.parametrize(
    ("errors", "options"),
    [
        ((0.08, 0.081), {"human_error": 0.079}),
        ((0.0, 0.0), {}),
        ((0.1, 0.05), {"human_error": 0.3, "test_error": 0.5}),
        ((0.001, 1.0), {"test_error": 1.0}),
        ((0.02, 3.7), {"test_error": 0.5, "regression": True}),
    ],
)
def test_errors_with_and_without_gaps(errors, options):
    check(fd.diagnose.bias_variance(*errors, **options).plot())


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [1.0]},
        {"loss": [2.0, np.nan]},
        {"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.5, 1.9]},
    ],
)
def test_curves_that_are_short_or_end_badly(history):
    check(fd.diagnose.read_curve(history).plot())


def test_all_pictures_of_classes_with_long_names():
    names = guesses(10, "a long name ")[2]
    model = deep(1)
    model.fit(X / 16, Y, epochs=2, verbose=0)
    check(fd.diagnose.evaluate_classes(model, X / 16, Y, classes=names).plot(), smallest=6)


def test_axes_of_the_callers_may_have_any_layout():
    for layout in (None, "tight", "constrained"):
        ax = Figure(layout=layout).subplots()
        assert fd.diagnose.bias_variance(0.1, 0.2).plot(ax) is ax
        assert fd.plots.averages(ax=Figure(layout=layout).subplots()).get_legend() is not None
