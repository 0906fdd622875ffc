"""The learning curve with what was changed."""

import pytest
from babysat import X, Y, a_history, fit, model_of
from matplotlib_or_skip import Figure  # noqa: F401, which skips where there is none
from plot_checks import check

import fastdnn as fd
from fastdnn.callbacks.change import Change
from fastdnn.tune import Babysitter


def test_the_picture():
    changes = [
        Change(
            5, 1, "learning_rate", 0.1, 0.01, "it goes up and down, and then up again for quite some time"
        ),
        Change(5, 1, "drop/dropout", 0.1, 0.3),
        Change(5, 1, "drop_2/dropout", 0.1, 0.3),
        Change(5, 3, "clipnorm", None, 1.0),
        Change(8, 1, "a_layer_with_a_name_that_is_really_very_long/kernel/l2", 0.0, 0.1),
        Change(9, 1, "undo", 8, 6),
        Change(10, None, "stop", None, None, "enough"),
    ]
    axes = fd.plots.babysitting(a_history(changes))
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words[3].splitlines()[0] == "epoch 5: learning_rate 0.1 → 0.01"
    assert words[3].splitlines()[-1] == "dropout (2 of them) 0.1 → 0.3"
    assert words[4:] == [
        "epoch 5, step 3: clipnorm none → 1",
        "epoch 8:\n   a_layer_with_a_name_t…ly_very_long/kernel/l2\n   0 → 0.1",
        "epoch 9: undo: back from 8 to 6 epochs",
        "after epoch 10: stop\n“enough”",
    ]
    assert max(len(line) for each in words for line in each.splitlines()) <= 50
    lines = [
        line.get_xdata()[0]
        for line in axes.lines
        if line.get_linestyle() == "--" or len(line.get_xdata()) == 2
    ]
    assert {4.5, 5.0, 7.5, 8.5, 10.5} <= set(lines)  # the figures of epoch 5 are at 5
    check(axes)


def test_the_picture_of_many_changes_and_of_one_epoch():
    many = [Change(e, s, "learning_rate", 0.1, 0.01 + e) for e in range(1, 11) for s in (1, 2, 3)]
    axes = fd.plots.babysitting(a_history(many))
    assert axes.get_legend().get_texts()[-1].get_text() == "and 18 more"
    check(axes)
    check(fd.plots.babysitting(a_history(many[:1], epochs=1)))
    check(fd.plots.babysitting(a_history([])))
    with pytest.raises(ValueError, match="a history of at least one epoch, got none; call fit first"):
        fd.tune.Babysitter().plot()
    with pytest.raises(ValueError, match="a History of fit, got dict"):
        fd.plots.babysitting({"loss": [1.0]})


def test_the_sitters_plot_is_of_its_last_fit():
    sitter = Babysitter()
    sitter.change(learning_rate=0.5)
    fit(model_of(), sitter, validation_data=(X, Y))
    words = [text.get_text() for text in sitter.plot().get_legend().get_texts()]
    assert words[-1] == "epoch 1: learning_rate 0.01 → 0.5"
    assert words[:2] == ["train loss", "dev loss"]
