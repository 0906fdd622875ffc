"""Pictures of a classifier: what is on them, and that nothing on them overlaps."""

import numpy as np
import pytest
from class_cases import CHANCES, LABELS, SCORES, YES

import fastdnn as fd
from fastdnn.diagnose import calibration, confusion_matrix, precision_recall_curve, roc_curve, trust

pytest.importorskip("matplotlib")


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.fixture(scope="module")
def found():
    x, y = fd.data.load_digits()
    model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(10, activation="softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x[:1000] / 16, y[:1000], epochs=3)
    return fd.diagnose.evaluate_classes(model, x[1000:] / 16, y[1000:], wanted_error=0.05)


def test_counts_stand_in_the_cells_and_can_be_read():
    found = confusion_matrix([0] * 12 + [1] * 5, [0] * 9 + [1] * 8, ["no", "yes"])
    ax = found.plot()
    cells = {text.get_position(): text for text in ax.texts}
    assert {place: text.get_text() for place, text in cells.items()} == {
        (0, 0): "9",
        (1, 0): "3",
        (1, 1): "5",
    }
    assert cells[0, 0].get_color() == cells[1, 1].get_color() == "white"
    assert cells[1, 0].get_color() == "black"
    assert [text.get_text() for text in ax.get_yticklabels()] == ["no", "yes"]
    assert ax.get_title() == "3 of 17 wrong (17.65 %)"
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    counts = found.plot(normalize=None).images[0].get_array()
    np.testing.assert_allclose(counts, [[9, 3], [0, 5]])


def test_the_shades_of_a_matrix_differ_in_grey():
    from matplotlib import colormaps

    red, green, blue, _ = colormaps["Blues"](np.linspace(0, 1, 50)).T
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    assert (np.diff(grey) < 0).all()


def test_no_cells_text_is_wider_than_its_cell():
    rng = np.random.default_rng(0)
    for k in (2, 10, 30):
        y = rng.integers(k, size=20_000)
        ax = confusion_matrix(y, y, k).plot()
        ax.figure.draw_without_rendering()
        cell = ax.transData.transform([(1, 0)])[0, 0] - ax.transData.transform([(0, 0)])[0, 0]
        widths = [text.get_window_extent().width for text in ax.texts]
        assert len(widths) == k
        assert max(widths) < cell, k
    assert not confusion_matrix(range(120), range(120)).plot().texts


def test_roc_and_precision_recall_curves():
    curve = roc_curve(YES, CHANCES)
    ax = curve.plot(label="model")
    line = ax.get_lines()[0]
    np.testing.assert_array_equal(line.get_xdata(), curve.false_positive_rate)
    np.testing.assert_array_equal(line.get_ydata(), curve.true_positive_rate)
    assert labels(ax) == ["model: area 0.594", "chance: area 0.5"]
    curve = precision_recall_curve(YES, CHANCES)
    ax = curve.plot()
    np.testing.assert_array_equal(ax.get_lines()[0].get_xdata(), curve.recall)
    assert labels(ax) == ["scores: average 0.342", "chance: 0.283"]


def test_curves_of_many_classes_are_the_worst_and_differ_in_style(found):
    ax = found.plot_roc()
    lines = ax.get_lines()[:-1]
    assert len(lines) == 6
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in lines}) == 6
    assert "the worst 6 of 10" in ax.get_title()
    drawn = {int(text.split(":")[0]) for text in labels(ax)[:-1]}
    assert drawn == set(np.argsort(found.class_auc)[:6].tolist())
    assert len(found.plot_precision_recall().get_lines()) >= 7


def test_the_reliability_diagram_has_its_counts():
    reliability = calibration(LABELS, SCORES, bins=5)
    ax = reliability.plot()
    filled = reliability.counts > 0
    line = next(line for line in ax.get_lines() if line.get_label() == "accuracy of a bin")
    np.testing.assert_allclose(line.get_xdata(), reliability.confidence[filled])
    np.testing.assert_allclose(line.get_ydata(), reliability.accuracy[filled])
    assert sum(int(text.get_text()) for text in ax.texts) == 60
    assert max(text.get_position()[1] for text in ax.texts) < 0  # in the strip below, where no curve is
    assert "class '1'" in calibration(YES, CHANCES, of=1).plot().get_xlabel()


def test_the_risk_coverage_curve():
    answers = trust(SCORES, y_true=LABELS, wanted_error=0.2)
    ax = answers.plot()
    line = ax.get_lines()[0]
    np.testing.assert_allclose(line.get_ydata(), 100 * answers.curve.error)
    np.testing.assert_allclose(line.get_xdata(), 100 * (1 - answers.curve.coverage))
    assert labels(ax)[:3] == ["by margin", "mistakes first", "at random"]
    assert "% wrong" in labels(ax)[3]
    with pytest.raises(ValueError, match=r"\[plots.risk_coverage\] expected labels"):
        trust(SCORES).plot()


def test_the_error_of_each_class(found):
    ax = found.plot_errors()
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, 100 * found.confusion.class_error)
    assert ax.get_yticklabels()[3].get_text() == f"3 (n {found.confusion.counts[3].sum()})"


def test_all_pictures_on_one_page(found):
    axes = found.plot()
    assert axes.shape == (3, 2)
    figure = axes.flat[0].figure
    figure.draw_without_rendering()
    boxes = [ax.get_tightbbox() for ax in axes.flat]
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert not a.overlaps(b)


def test_given_axes_are_drawn_on(found):
    from fastdnn.plots.figure import new_axes

    for draw in (
        found.plot_confusion,
        found.plot_errors,
        found.plot_roc,
        found.plot_precision_recall,
        found.plot_calibration,
        found.plot_trust,
    ):
        ax = new_axes("test", (5, 4))
        assert draw(ax) is ax


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("confusion_matrix", np.eye(2)),
        ("calibration", None),
        ("risk_coverage", 1),
        ("class_errors", 1),
        ("class_evaluation", 1),
        ("roc_curve", {}),
        ("precision_recall_curve", {"a": 1}),
    ],
)
def test_what_cannot_be_drawn(name, given):
    with pytest.raises(ValueError, match=rf"^\[plots.{name}\] expected"):
        getattr(fd.plots, name)(given)


def test_legends_stand_within_axes_of_the_callers(found):
    """Beside them they would squeeze a panel of a row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 9), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 2).ravel()
    draw = (found.plot_errors, found.plot_calibration, found.plot_roc, found.plot_trust)
    for ax, one in zip(panels, draw, strict=True):
        one(ax)
    figure.draw_without_rendering()
    for ax in panels:
        legend = ax.get_legend().get_window_extent()
        assert ax.bbox.x0 <= legend.x0 < legend.x1 <= ax.bbox.x1
    assert min(ax.get_position().width for ax in panels) > 0.38  # of the figure
