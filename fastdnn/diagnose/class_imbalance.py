"""Classes of which some are rare: what that does to a classifier, and what finds more of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.advice import Advice

if TYPE_CHECKING:
    from fastdnn.diagnose.class_evaluation import ClassEvaluation

# A minority of less than 1/5 is "moderate" imbalance: Google, "Machine learning crash course", "Datasets:
# class-imbalanced datasets". Of several classes: the largest to the smallest.
_IMBALANCE = 4.0
_EVEN = 2.0  # so many times as frequent is told as about equally frequent
_GAIN = 0.05  # of F1, for which a threshold is worth a word
_LISTED_CLASSES = 10  # of a dict of class weights; more are computed by the line of code
# Begun anew: what one epoch more changes in a trained network is no training with another loss. On rows to
# train on, as long as it was trained; a model of a file does not know how long that was.
ANEW = "better = fd.diagnose.fresh_copy(model)\n"
EPOCHS = "max(20, model.compiled.epochs_done)"
_SOURCE = "King & Zeng, Logistic regression in rare events data, 2001"


def imbalance(found: "ClassEvaluation") -> Advice | None:
    """Whether a class is rare, and worse recognised; None where rows are of one class."""
    support = found.confusion.counts.sum(axis=1)
    there = np.flatnonzero(support > 0)
    if len(there) < 2:
        return None
    most, least = there[support[there].argmax()], there[support[there].argmin()]
    ratio = support[most] / support[least]
    a, b = found.classes[most], found.classes[least]
    seen = f"{support[most]:g} examples of {a!r}, {support[least]:g} of {b!r}"
    if ratio < _IMBALANCE:
        text = "The classes are about equally frequent." if ratio < _EVEN else "No class is rare."
        return Advice("balanced", "good", text, seen)
    errors = found.confusion.class_error
    if not errors[least] > found.error:
        text = "Some classes are rare, but no worse recognised than the others."
        return Advice("imbalance", "good", text, seen)
    seen += f"; errors {100 * errors[most]:.1f} % and {100 * errors[least]:.1f} %"
    moved = better_threshold(found)
    if moved is not None:
        text = (
            f"{b!r} is rare and often wrong: say it from a probability of {moved.at:.3g} on (to be judged on "
            "other rows than these), or train with class weights, which gives more false alarms."
        )
        return Advice("imbalance", "warning", text, f"{seen}; {moved.seen}", moved.code, _SOURCE)
    text = (
        f"{b!r} is rare and often wrong: train with class weights, so that it counts more. Then more of the "
        "frequent ones may be wrong."
    )
    # Of two classes no threshold is much better: weights exchange one kind of mistakes for the other.
    mild = len(found.classes) == 2 and errors[least] <= 0.5
    return Advice("imbalance", "hint" if mild else "warning", text, seen, weighted_training(found), _SOURCE)


@dataclass(frozen=True)
class Threshold:
    """From which probability on the rarer of two classes is better said.

    at: that probability; seen: the F1 now and then; code: the lines that say it so.
    """

    at: float
    seen: str
    code: str


def better_threshold(found: "ClassEvaluation") -> Threshold | None:
    """The one with the highest F1 of the rarer class; None where that gains little, or of more classes."""
    support = found.confusion.counts.sum(axis=1)
    if len(found.classes) != 2 or not support.all():
        return None
    rare = int(support.argmin())
    (best, at), now = found.precision_recall_curve(rare).best_f1, float(found.scores.f1[rare])
    if best < now + _GAIN:
        return None
    code = (
        "p = fd.diagnose.evaluate_classes(model, x_dev, y_dev).probabilities\n"
        f"says_it = p[:, {rare}] >= {at!r}"
    )
    return Threshold(at, f"F1 of {found.classes[rare]!r} {now:.3f}, {best:.3f} with this threshold", code)


def weighted_training(found: "ClassEvaluation") -> str:
    """The lines that train anew with weights n / (k n_c), scikit-learn's "balanced"."""
    support = found.confusion.counts.sum(axis=1)
    there = np.flatnonzero(support > 0)
    weights = {int(c): float(f"{support.sum() / (len(there) * support[c]):.3g}") for c in there}
    if len(there) <= _LISTED_CLASSES:
        return f"{ANEW}better.fit(x, y, epochs={EPOCHS}, class_weight={weights})"
    labels = "y.argmax(axis=1)" if found.one_hot else "y"
    return (
        f"{ANEW}labels, counts = np.unique({labels}, return_counts=True)\n"
        "weights = counts.sum() / (len(counts) * counts)\n"
        f"better.fit(x, y, epochs={EPOCHS}, class_weight=dict(zip(labels.tolist(), weights.tolist())))"
    )
