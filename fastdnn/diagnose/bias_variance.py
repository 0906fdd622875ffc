"""Whether a network learns too little, or too much by heart, from its errors on the train and dev sets."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fastdnn.checks import as_float, number
from fastdnn.diagnose.advice import Advice, each_kind_once, ordered
from fastdnn.diagnose.error_words import ErrorWords, of_r2, points
from fastdnn.diagnose.remedies import BIAS, VARIANCE
from fastdnn.errors import expected
from fastdnn.layers.layer import flag
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Verdict = Literal["high_bias", "high_variance", "both", "neither"]

_WHERE = "bias_variance"
_TABLE = 'deck 002, "Bias and Variance"; deck 001, "Bias and Variance of the Model"'
_HUMAN = 'deck 001, "Human Level Performance"'
_REMEDIES = {each.kind for each in (*BIAS, *VARIANCE)}
_ROUNDING = 1e-9  # of gaps: 0.15 - 0.12 is not above 0.03
_WORDS = {
    "high_bias": "high bias: the network does not fit its training set (underfitting)",
    "high_variance": "high variance: the network fits its training set, and other data worse (overfitting)",
    "both": "high bias and high variance",
    "neither": "neither: bias and variance are low",
}
_PERFECT = "perfect"  # the name of a human level of 0, which nobody may have said
_LARGER_DEV = """\
x_all, y_all = np.concatenate([x, x_dev]), np.concatenate([y, y_dev])
train, dev, _ = fd.data.train_dev_test_split(x_all, y_all, dev=0.3, test=0, seed=1)
better = fd.diagnose.fresh_copy(model); better.fit(*train, epochs=20, validation_data=dev)"""


@dataclass(frozen=True)
class BiasVariance(ShortRepr):
    """What two errors, and the best that can be hoped for, say. All errors are shares from 0 to 1; of a
    regression they are 1 - R², which has no upper end, and are told as R².

    bias: train_error - human_error, the avoidable bias; below 0 where the network is better than people.
    variance: dev_error - train_error.
    verdict: "high_bias", "high_variance", "both" or "neither".
    advice: the verdict, then the decks' remedies in their order.
    """

    train_error: float
    dev_error: float
    human_error: float
    test_error: float | None
    threshold: float
    bias: float
    variance: float
    verdict: Verdict
    advice: tuple[Advice, ...]
    regression: bool = False

    def __str__(self) -> str:
        least, gap = self.least, of_r2 if self.regression else points
        gaps = {least: "", "train": gap(self.bias, "bias"), "dev": gap(self.variance, "variance")}
        errors = {least: self.human_error, "train": self.train_error, "dev": self.dev_error}
        if self.test_error is not None:
            errors["test"] = self.test_error
            gaps["test"] = gap(self.test_error - self.dev_error, "above dev")
        rows = [[name, self._told(error), gaps[name]] for name, error in errors.items()]
        told = [advice.told() for advice in self.advice if not _is_said(advice)]
        figures = table(["set", "R²" if self.regression else "error", "gap"], rows, [1])
        return "\n".join([figures, _WORDS[self.verdict], *told, *_to_try(self.advice)])

    def _told(self, error: float) -> str:
        return f"{1 - error:.3f}" if self.regression else f"{100 * error:.2f} %"

    @property
    def least(self) -> str:
        """What the bias is measured from: "human", or "perfect" where the human level is 0."""
        return "human" if self.human_error else _PERFECT

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Bars of the errors, with the gaps between them named; see `fastdnn.plots.bias_variance`."""
        from fastdnn.plots.bias_variance import bias_variance as draw

        return draw(self, ax)


def bias_variance(
    train_error: float,
    dev_error: float,
    human_error: float = 0.0,
    *,
    threshold: float = 0.03,
    test_error: float | None = None,
    regression: bool = False,
) -> BiasVariance:
    """Bias and variance from errors, and what to do about them.

    bias = train_error - human_error, variance = dev_error - train_error; each is high above `threshold`.

    Of a regression take 1 - R² (the part of the targets' variance that is not explained) and
    `regression=True`, with what noise there is in the targets as `human_error`. It is above 1 where saying
    the targets' mean is better. Errors in the targets' units have no threshold that suits all of them.

    Args:
        train_error: on the training set, 0 to 1, such as 1 - accuracy, of `evaluate`, where dropout is off.
        dev_error: on the dev (validation) set.
        human_error: that of people, or the least that is possible (Bayes), default 0. A network may be below.
        threshold: above which a gap is high, 0 <= threshold < 1, default 3 points.
        test_error: on the test set: much above the dev set's, it says that choices were fitted to the dev
            set.
        regression: whether errors are 1 - R²: from 0 on, and told as R², or as a multiple of the error of
            guessing where that is above 1.

    Raises:
        ValueError: an error is no number from 0 to 1, or, of a regression, from 0 on.

    Source: deck 002, "Bias and Variance"; deck 001, "Bias and Variance of the Model"; deck 000,
    "Bias/Variance".

    >>> import fastdnn as fd
    >>> found = fd.diagnose.bias_variance(train_error=0.01, dev_error=0.11)
    >>> found.verdict, round(found.bias, 4), round(found.variance, 4)
    ('high_variance', 0.01, 0.1)
    >>> found.advice[1].kind, found.advice[1].text
    ('more_data', 'Get more training data; or make some, such as by a little noise on the features.')
    """
    most = math.inf if flag(_WHERE, "regression", regression) else 1.0
    train, dev = _error("train_error", train_error, most), _error("dev_error", dev_error, most)
    human = _error("human_error", human_error)
    test = None if test_error is None else _error("test_error", test_error, most)
    limit = number(_WHERE, "threshold", threshold, 0, 1, ends="[)")
    high = (train - human > limit + _ROUNDING, dev - train > limit + _ROUNDING)
    verdicts: dict[tuple[bool, bool], Verdict] = {
        (True, False): "high_bias",
        (False, True): "high_variance",
        (True, True): "both",
        (False, False): "neither",
    }
    words = ErrorWords(regression)
    advice = [*_verdicts(train, dev, human, limit, high, words), *_sets(train, dev, test, limit, words)]
    advice += [*(BIAS if high[0] else ()), *(VARIANCE if high[1] else ())]
    told = ordered(each_kind_once(advice))  # a remedy may be in both lists
    gaps = train - human, dev - train
    return BiasVariance(train, dev, human, test, limit, *gaps, verdicts[high], told, regression)


def _error(name: str, value: Any, most: float = 1.0) -> float:
    """A share.

    Raises:
        ValueError: it is none.
    """
    given = as_float(value)
    if 0 <= given <= most and math.isfinite(given):
        return given
    if most > 1:
        raise ValueError(expected(_WHERE, f"{name} as 1 - R², from 0 on", repr(value)))
    hint = ""
    if given > 1:
        hint = f"that looks like percent: {name}={given / 100:g}; of a regression give 1 - R²"
        hint += "" if name == "human_error" else " and regression=True"
    raise ValueError(expected(_WHERE, f"{name} as a share from 0 to 1", repr(value), hint))


def _verdicts(
    train: float, dev: float, human: float, limit: float, high: tuple[bool, bool], words: ErrorWords
) -> list[Advice]:
    """One for each gap."""
    level = "human level" if human else _PERFECT
    of_human = words.gap("train error", train, level, human)
    of_train = words.gap("dev error", dev, "train error", train)
    above = words.above(limit)
    found = []
    if high[0]:
        text = (
            "High bias: the network does not fit even its training set. Make it bigger, or train it longer."
            if not high[1]
            else "High bias: the network does not fit even its training set. First make it bigger."
        )
        found.append(Advice("high_bias", "warning", text, of_human + above, BIAS[0].code, _TABLE))
    if high[1]:
        what = "does other data much worse than" if high[0] else "knows by heart"
        text = f"High variance: the network {what} its training set. Get more data, or regularise."
        found.append(Advice("high_variance", "warning", text, of_train + above, VARIANCE[1].code, _TABLE))
    if train < human:
        text = "The network is better than the human level on its training set: how far it can go is unknown."
        found.append(Advice("below_human", "good", text, of_human, "", _HUMAN))
    elif not high[0]:
        found.append(Advice("low_bias", "good", "The training set is fitted well.", of_human, "", _TABLE))
    if not high[1]:
        text = "Data that the network has not seen is done about as well as its training set."
        found.append(Advice("low_variance", "good", text, of_train, "", _TABLE))
    return found


def _sets(train: float, dev: float, test: float | None, limit: float, words: ErrorWords) -> list[Advice]:
    """What the sets themselves are suspected of."""
    found = []
    if train - dev > limit + _ROUNDING:
        text = (
            "The training set does worse than the dev set: measure both by `evaluate`, and see that the dev "
            "set is no easier part of the data."
        )
        seen = words.both(train, dev)
        code = "print(model.evaluate(x, y), model.evaluate(x_dev, y_dev))"
        found.append(Advice("train_above_dev", "hint", text, seen, code, _TABLE))
    if test is not None and test - dev > limit + _ROUNDING:
        text = "Choices were fitted to the dev set: take a larger one, and a new test set."
        seen = words.gap("test error", test, "dev error", dev)
        found.append(
            Advice("overfitted_dev", "warning", text, seen, _LARGER_DEV, 'deck 000, "Train/Dev/Test Sets"')
        )
    return found


def _is_said(advice: Advice) -> bool:
    """Whether the table and the verdict, or the list of remedies, say it already."""
    return advice.kind in ("high_bias", "high_variance", "low_bias", "low_variance", *_REMEDIES)


def _to_try(advice: tuple[Advice, ...]) -> list[str]:
    """The remedies, numbered, each with its code."""
    remedies = [each for each in advice if each.kind in _REMEDIES]
    lines = ["what to try, in this order:"] if remedies else []
    for place, each in enumerate(remedies, start=1):
        lines += [f"{place:3}. {each.text}", *(f"     {line}" for line in each.code.splitlines())]
    return lines
