"""The checks of pictures find what they are for."""

import pytest
from matplotlib_or_skip import Figure
from plot_checks import check


def labelled(**options):
    figure = Figure(figsize=(6, 4), layout="constrained", **options)
    ax = figure.add_subplot()
    ax.set(xlabel="x", ylabel="y")
    ax.plot([0, 1], [0, 1], label="a")
    return ax


def covering():
    ax = labelled()
    ax.legend(loc="upper right")
    return ax


def covered_bar():
    ax = labelled()
    ax.bar([0.9], [1.0], width=0.2)
    ax.legend(loc="center right")
    return ax


def covered_points():
    ax = labelled()
    ax.scatter([0, 0.95], [0, 0.05])
    ax.legend(loc="lower right")
    return ax


def unlabelled():
    ax = labelled()
    ax.set_ylabel("")
    return ax


def texts_on_texts():
    ax = labelled()
    ax.text(0.2, 0.8, "one")
    ax.text(0.21, 0.8, "two")
    return ax


def crowded_ticks():
    ax = labelled()
    ax.set_xticks([0, 0.01, 0.02], ["first", "second", "third"])
    return ax


def slanted():
    ax = labelled()
    ax.set_xticks([0, 0.02, 0.04], ["first", "second", "third"], rotation=40)
    return ax


def bare_images():
    ax = labelled()
    ax.imshow([[0, 1]])
    ax.set_axis_off()
    return ax


def cut_off():
    ax = labelled()
    ax.text(1.0, 0.5, "a long text that leaves the picture").set_in_layout(False)
    return ax


def alike():
    ax = labelled()
    ax.plot([1, 0], color="C1", label="b")
    ax.get_lines()[0].set_color("#666666")
    ax.get_lines()[1].set_color("#777777")
    return ax


def tiny():
    ax = labelled()
    ax.set_title("tiny", fontsize=4)
    return ax


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (covering, "the legend covers line 'a'"),
        (covered_bar, "the legend covers a bar"),
        (covered_points, "the legend covers points"),
        (unlabelled, "no y label"),
        (texts_on_texts, "'one' overlaps 'two'"),
        (crowded_ticks, "overlaps 'second'"),
        (slanted, "overlaps 'second', "),
        (bare_images, "axes without axis and title"),
        (cut_off, "is cut off"),
        (alike, "'a' and 'b' look alike in grey"),
        (tiny, "'tiny' is .* pixels high"),
    ],
)
def test_what_cannot_be_read_is_found(bad, message):
    with pytest.raises(AssertionError, match=message):
        check(bad())


def test_what_can_be_read_passes():
    ax = labelled()
    ax.axvline(0.9)
    ax.legend(loc="lower right")
    check(ax)


def test_slanted_names_that_are_apart_pass():
    ax = labelled()
    ax.set(xlabel="")
    ax.set_xticks([0, 0.2, 0.4], ["a long first", "a long second", "a long third"], rotation=40, ha="right")
    check(ax)


def test_panels_share_labels():
    panels = Figure(figsize=(8, 6), layout="constrained").subplots(2, 2)
    for panel in panels.ravel():
        panel.plot([0, 1], [0, 1])
    for panel in panels[1]:
        panel.set_xlabel("x")
    for panel in panels[:, 0]:
        panel.set_ylabel("y")
    check(panels)
    panels[1, 0].set_ylabel("")
    with pytest.raises(AssertionError, match="no y label"):
        check(panels)
