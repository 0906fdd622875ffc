"""Whether the learning rate was too high or too low, by the curves of a training.

The limits were set on trainings of the digits: five networks of 0 to 4 hidden layers with SGD, momentum,
Adam and RMSprop at rates that suit, and a hundred times and a thousandth of them, read after 5, 10 and 30
epochs. Of 432 more, read with their dev curves after 10 epochs, all at a thousandth were told as too low,
95 % at the rate that suits as good (the rest, deep networks with SGD, do jump), and 91 % at a hundred times
as too high, 7 % as unknown. These were looked at while limits were chosen, too, so that the shares flatter:
of trainings that nobody has seen expect somewhat less.

Of 648 regressions with noise in their targets the curves say less: of 108 with SGD at a rate that suits 19
were told as too high, and of 108 with Adam at a hundred times such a rate, which often does no harm there,
30 as good. So where a history has no accuracy the advice says that it is unsure.
"""

from typing import Literal

import numpy as np

from fastdnn.diagnose.curve_figures import Shape, above_floor, shape_of

Rate = Literal["too_high", "too_low", "good", "unknown"]

LEAST_EPOCHS = 4  # below, jumps cannot be told from a curve that falls
PEAK = 1.1  # a later loss so far above the first one's
TRAIN_JITTER = 0.01  # of the first loss: an epoch's loss is a mean over its steps, so that jumps hardly show
DEV_JITTER = 0.06  # of the first loss; measured at one moment
DEV_LEAPS = 0.15  # the same, of a training curve that falls steadily
STEADY = 0.001  # of the level of a training curve: it goes up and down by no more
TELLING = 8  # epochs, below which a training curve may be steady by chance
LEVEL = 0.15  # of the first training loss: below, what is left jumps at good rates, too
BOTH = (0.01, 0.03)  # of the levels of the training and the dev curve: more than chance does to both
NOISE = 0.02  # of the first dev loss: noise that is worth a word
STUCK = 0.1  # a fall of less than this after the first epoch is none
UNEVEN = 0.25  # likewise, of a curve that goes up and down
STILL = 0.02  # a fall after the first epoch, of less than which nothing is said
TRAIN_WOBBLE = 0.004  # of the level at which a loss is stuck: more than what chance does at a rate that suits
DEV_WOBBLE = 0.01  # the same of the dev loss
SLOW = 0.25  # a fall of less than this in all, if it is smooth and goes on, is slow
SMOOTH = 0.0005  # jitter of the smoother curve that a curve at too low a rate has not
STRAIGHT = 0.3  # the second half's fall by the first one's, of a curve that goes on


def read_rate(train: np.ndarray, dev: np.ndarray | None) -> tuple[Rate, str]:
    """A verdict and what shows it, of finite costs (epochs,)."""
    if len(train) < 2:
        return "unknown", f"{len(train)} epoch"
    curves = [train] if dev is None else [train, dev]
    shapes = [shape_of(curve) for curve in above_floor(*curves)]
    high = _too_high(shapes)
    if high:
        return "too_high", high
    if len(train) < LEAST_EPOCHS:
        return "unknown", f"{len(train)} epochs"
    return _slow_or_good(shapes)


def _too_high(shapes: list[Shape]) -> str:
    """What shows it, or nothing."""
    train, dev = shapes[0], shapes[-1]
    if train.peak > PEAK:
        return f"the curve rises to {train.peak:.3g} times that of the first epoch"
    if train.epochs < LEAST_EPOCHS:
        return ""
    if train.jitter > TRAIN_JITTER:
        return f"the training curve jumps by {train.jitter:.1%} of its first value from epoch to epoch"
    if len(shapes) > 1 and _dev_jumps(train, dev):
        return f"the dev curve jumps by {dev.jitter:.1%} of its first value from epoch to epoch"
    # With dropout the training loss is uneven by itself: then the dev loss, measured without, must be, too.
    uneven = (dev.wobble > DEV_WOBBLE and (train.wobble > STEADY or train.epochs < TELLING)) or (
        train.wobble > TRAIN_WOBBLE and dev.wobble > SMOOTH
    )
    if train.later_fall < UNEVEN and uneven:
        return "after the first epoch the curve goes up and down, and gets hardly better"
    return ""


def _dev_jumps(train: Shape, dev: Shape) -> bool:
    """With a training curve that is not quite steady either, or so much that nothing else does it: the loss
    of a small dev set with noisy targets jumps by itself.
    """
    uneven = train.wobble > STEADY or train.epochs < TELLING
    if dev.jitter > DEV_JITTER and (uneven or dev.jitter > DEV_LEAPS):
        return True
    return train.late_level > LEVEL and train.wobble > BOTH[0] and dev.wobble > BOTH[1]


def _slow_or_good(shapes: list[Shape]) -> tuple[Rate, str]:
    train = shapes[0]
    smooth = min(shape.jitter for shape in shapes)
    fall = f"the curve fell by {train.fall:.1%} in {train.epochs} epochs"
    if train.fall < SLOW and smooth < SMOOTH and max(shape.straight for shape in shapes) > STRAIGHT:
        return "too_low", f"{fall}, in nearly a straight line"
    if train.fall < STUCK or max(shape.later_fall for shape in shapes) < STILL:
        return "unknown", f"{fall}, {train.later_fall:.1%} of it after the first epoch"
    return "good", fall
