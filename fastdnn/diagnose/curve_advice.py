"""What is advised by what was read of the curves of a training."""

from dataclasses import dataclass

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.curve_rate import NOISE, Rate
from fastdnn.diagnose.remedies import BIAS, VARIANCE

_STEPS = 'deck 004, "Training Process, Step-by-step"'
_MONITOR = 'deck 004, "Always monitor and visualize the loss/accuracy!"'
_STOP = 'deck 004, "Early Stopping"'
_FIND = "found = fd.diagnose.learning_rate_range(model, x, y)\nprint(found)"
# Not by a factor of the rate there is: under a schedule that may be 0 at the end, or at the begin.
_ANEW = """\
found = fd.diagnose.learning_rate_range(fd.diagnose.fresh_copy(model{scaled}), x, y)
better = fd.diagnose.fresh_copy(model{scaled}, learning_rate=found.suggested)
better.fit(x, y, epochs=20)"""
_RATE = _ANEW.format(scaled="")
_UNTRAINED = 0.5  # of a loss: below ln 2, the cross-entropy of guessing, the weights may be trained ones
_UNSURE = "unsure without an accuracy: a loss that noise keeps up goes up and down at good rates, too"
_SCALED = _ANEW.format(scaled=", scale=x")


@dataclass(frozen=True)
class CurveFacts:
    """What `read_curve` read; see `CurveReading`. `first`, `last`, `dev_best`, `dev_last` are values of the
    figure; `seen` shows the rate; `fits`: whether the training set is fitted well; `from_new`: whether the
    training began with new weights; `flat`: whether the gradient is small at the end. The last two are None
    where nobody knows.
    """

    figure: str
    epochs: int
    first: float
    last: float
    dev_best: float | None
    dev_last: float | None
    rate: Rate
    seen: str
    diverged: int | None
    gap_figure: str
    gap: float | None
    overfits: bool
    fits: bool
    from_new: bool | None
    best_epoch: int
    turns: bool
    plateau: bool
    goes_on: bool
    noise: float
    flat: bool | None


def advice_of(facts: CurveFacts) -> list[Advice]:
    """In the order in which things are to be mended: the rate first, since with a wrong one the rest says
    little.
    """
    found = [_rate(facts)]
    if facts.diverged is not None:
        return found
    if facts.plateau:
        found.append(_plateau(facts))
    if facts.turns:
        found.append(_early_stopping(facts))
    if facts.gap is not None:
        found.append(_gap(facts))
    if facts.goes_on and not facts.turns and facts.rate == "good":
        text = "The training has not converged: train longer."
        seen = f"{facts.figure} {facts.last:.4g} after {facts.epochs} epochs, and it still gets better"
        found.append(Advice("train_longer", "hint", text, seen, "model.fit(x, y, epochs=50)", BIAS[1].source))
    if facts.noise > NOISE and facts.rate != "too_high":
        text = "The curve is noisy: take larger batches or a lower learning rate."
        seen = f"it goes up and down by {facts.noise:.1%} of its first value between epochs"
        code = "model.fit(x, y, batch_size=128, epochs=20)"
        found.append(Advice("noisy", "hint", text, seen, code, 'deck 003, "Monitoring model performance"'))
    return found


def _rate(facts: CurveFacts) -> Advice:
    if not facts.epochs:
        text = (
            "The training broke off in its first epoch: the learning rate is too high, the features or "
            "targets are not finite or not scaled, or the initial weights are too large."
        )
        return Advice("diverged", "error", text, facts.seen, _SCALED, _STEPS)
    if facts.rate == "too_high":
        if facts.diverged is None and not _is_sure(facts):
            text = "The learning rate is probably too high: begin anew with a lower one, and compare."
            return Advice("high_rate", "warning", text, f"{facts.seen}; {_UNSURE}", _RATE, _STEPS)
        kind = "diverged" if facts.diverged is not None else "high_rate"
        text = "The learning rate is too high: begin anew with a lower one, such as a range test finds."
        return Advice(kind, "error" if facts.diverged else "warning", text, facts.seen, _RATE, _STEPS)
    if facts.rate == "too_low":
        if facts.from_new is False or (facts.from_new is None and facts.first < _UNTRAINED):
            text = (
                "The loss falls slowly and evenly: the learning rate is too low, unless the training went on "
                "with a trained network."
            )
            return Advice("low_rate", "hint", text, facts.seen, _RATE, _STEPS)
        text = "The learning rate is too low: begin anew with a higher one, such as a range test finds."
        return Advice("low_rate", "warning", text, facts.seen, _RATE, _STEPS)
    if facts.rate == "good" and not _is_sure(facts):
        text = "The learning rate seems to suit; a range test would say more."
        return Advice("good_rate", "good", text, f"{facts.seen}; {_UNSURE}", _FIND, _STEPS)
    if facts.rate == "good":
        return Advice("good_rate", "good", "The learning rate suits.", facts.seen, "", _STEPS)
    text = "The curve does not say whether the learning rate suits: try rates in a range test."
    return Advice("unknown_rate", "hint", text, facts.seen, _FIND, _STEPS)


def _is_sure(facts: CurveFacts) -> bool:
    """Whether the history has an accuracy: the limits were set on classifications."""
    return facts.gap_figure.endswith("accuracy")


def _plateau(facts: CurveFacts) -> Advice:
    seen = f"{facts.figure} {facts.last:.4g} after {facts.epochs} epochs, {facts.first:.4g} after the first"
    if facts.flat:
        text = (
            "The training stands on a plateau or saddle, where the gradient is small: look for dead or "
            "saturated units, and try Adam."
        )
        code = "print(fd.diagnose.layer_statistics(model, x, y))"
    elif facts.flat is None:
        text = (
            "The training stands on a plateau: the rate does not suit, units are dead, or x says no more "
            "about y. See whether a few rows can be learnt."
        )
        code = "print(fd.diagnose.overfit_subset(model, x, y))"
    else:
        text = (
            "The loss stands still, and the gradient is not small: the steps are too large. Lower the rate."
        )
        code = _RATE
    return Advice("plateau", "warning" if facts.from_new else "hint", text, seen, code, BIAS[0].source)


def _early_stopping(facts: CurveFacts) -> Advice:
    text = f"The dev set was best at epoch {facts.best_epoch}, and then became worse: stop early."
    seen = f"dev {facts.figure} {facts.dev_best:.4g} at epoch {facts.best_epoch}, {facts.dev_last:.4g} later"
    return Advice("early_stopping", "warning", text, seen, VARIANCE[-1].code, _STOP)


def _gap(facts: CurveFacts) -> Advice:
    assert facts.gap is not None
    in_points = facts.gap_figure.endswith("accuracy")
    size = f"{abs(100 * facts.gap):.1f} points" if in_points else f"{abs(facts.gap):.4g}"
    seen = f"dev {facts.gap_figure} is {size} {'worse' if facts.gap >= 0 else 'better'} than train"
    if facts.gap_figure == facts.figure and facts.first > 0 and not in_points:
        seen += f", {abs(facts.gap) / facts.first:.1%} of the first epoch's"
    if facts.overfits:
        text = "Big gap between the training and the dev set: increase the regularisation."
        return Advice("overfitting", "warning", text, seen, VARIANCE[1].code, _MONITOR)
    if facts.fits or facts.rate != "good" or facts.goes_on:
        return Advice(
            "small_gap", "good", "The dev set does about as well as the training set.", seen, "", _MONITOR
        )
    text = "The gap is small, and the training set is not fitted: increase the model's capacity."
    return Advice("no_gap", "hint", text, seen, BIAS[0].code, _MONITOR)
