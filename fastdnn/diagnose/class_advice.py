"""What the figures of a classifier say in plain words: which class to mend, and how."""

from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.precision_recall_f1 import listed

if TYPE_CHECKING:
    from fastdnn.diagnose.class_evaluation import ClassEvaluation

_Z = 1.959964  # of 95 % of a normal distribution
# A minority of less than 1/5 is "moderate" imbalance: Google, "Machine learning crash course", "Datasets:
# class-imbalanced datasets". Of several classes: the largest to the smallest.
_IMBALANCE = 4.0
_RANKS = 0.7  # area under the ROC curve: "acceptable", as in `fastdnn.diagnose.roc`
_LISTED_CLASSES = 10  # of a dict of class weights; more are computed by the line of code


def wilson(wrong: float, rows: float) -> tuple[float, float]:
    """The 95 % confidence interval of a share (Wilson 1927), which also holds for few rows and near 0.

    >>> from fastdnn.diagnose.class_advice import wilson
    >>> [round(end, 3) for end in wilson(1, 20)]
    [0.009, 0.236]
    """
    p, z2 = wrong / rows, _Z**2
    middle = (p + z2 / (2 * rows)) / (1 + z2 / rows)
    half = _Z / (1 + z2 / rows) * np.sqrt(p * (1 - p) / rows + z2 / (4 * rows**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def class_advice(found: "ClassEvaluation") -> tuple[Advice, ...]:
    """All that is worth saying, the most important first."""
    said = [_useless(found), _worst_class(found), _imbalance(found), *_of_parts(found), _smoothing(found)]
    return ordered(advice for advice in said if advice is not None)


def _of_parts(found: "ClassEvaluation") -> list[Advice]:
    """What the figures say by themselves."""
    calibration = () if _useless(found) else found.calibration.advice
    parts = [found.confusion.advice, found.scores.advice, calibration, found.trust.advice]
    if found.auc is not None:
        from fastdnn.diagnose.roc import auc_advice

        parts.append((auc_advice(found.auc),))
    if found.top_k is not None:
        parts.append(found.top_k.advice)
    return [advice for part in parts for advice in part]


def _useless(found: "ClassEvaluation") -> Advice | None:
    """No better than always the same answer."""
    seen = f"error {100 * found.error:.2f} %; {found.guess}"
    if found.error < found.guess_error:
        return None
    if not found.error:
        return None  # one class alone, and all right
    text = "The network is no better than saying the most frequent class of every row"
    if found.auc is None or found.auc < _RANKS:
        return Advice("no_better_than_guessing", "warning", f"{text}: it has learnt nothing.", seen)
    text += ", though its outputs tell the classes apart: train with class weights, or move the threshold."
    seen += f"; area under the ROC curve {found.auc:.3f}"
    code = _weights(found, found.confusion.counts.sum(axis=1))
    return Advice("no_better_than_guessing", "warning", text, seen, code)


def _worst_class(found: "ClassEvaluation") -> Advice | None:
    """The class whose error is above the others' by more than chance."""
    errors, support = found.confusion.class_error, found.confusion.counts.sum(axis=1)
    rows = found.class_rows
    if len(found.classes) < 2 or not found.confusion.wrong:
        return None
    above = [
        c
        for c in np.flatnonzero(support > 0)
        if wilson(float(errors[c] * rows[c]), float(rows[c]))[0] > found.error
    ]
    if not above:
        text = "No class has an error that is clearly above that of all rows."
        return Advice("even_classes", "good", text, _span(errors))
    worst = max(above, key=lambda c: errors[c])
    name = found.classes[worst]
    text = f"The class {name!r} has the largest error: look at its rows, and get more of them."
    seen = (
        f"{100 * errors[worst]:.1f} % of its {support[worst]:g} examples are wrong, of all "
        f"{100 * found.error:.1f} %"
    )
    others = [found.classes[c] for c in above if c != worst]
    seen += f"; above it, too: {listed(others)}" if others else ""
    wrong = (found.labels == worst) & (found.predicted != worst)
    if found.sample_weight is not None:
        wrong &= found.sample_weight > 0
    rows = np.flatnonzero(wrong)[:10].tolist()
    return Advice("worst_class", "warning", text, seen, f"print(x_dev[{rows}], y_dev[{rows}])")


def _span(errors: np.ndarray) -> str:
    known = 100 * errors[~np.isnan(errors)]
    return f"from {known.min():.1f} % to {known.max():.1f} %"


def _imbalance(found: "ClassEvaluation") -> Advice | None:
    support = found.confusion.counts.sum(axis=1)
    there = np.flatnonzero(support > 0)
    if len(there) < 2:
        return None
    most, least = there[support[there].argmax()], there[support[there].argmin()]
    ratio = support[most] / support[least]
    a, b = found.classes[most], found.classes[least]
    seen = f"{support[most]:g} examples of {a!r}, {support[least]:g} of {b!r}"
    if ratio < _IMBALANCE:
        return Advice("balanced", "good", "The classes are about equally frequent.", seen)
    errors = found.confusion.class_error
    if not errors[least] > found.error:
        text = "Some classes are rare, but no worse recognised than the others."
        return Advice("imbalance", "good", text, seen)
    text = f"{b!r} is rare and often wrong: train with class weights, so that it counts more."
    seen += f"; errors {100 * errors[most]:.1f} % and {100 * errors[least]:.1f} %"
    source = "King & Zeng, Logistic regression in rare events data, 2001"
    return Advice("imbalance", "warning", text, seen, _weights(found, support), source)


def _weights(found: "ClassEvaluation", support: np.ndarray) -> str:
    """The line that trains with weights n / (k n_c), scikit-learn's "balanced"."""
    there = np.flatnonzero(support > 0)
    weights = {int(c): float(f"{support.sum() / (len(there) * support[c]):.3g}") for c in there}
    if len(there) <= _LISTED_CLASSES:
        return f"model.fit(x, y, class_weight={weights})"
    labels = "y.argmax(axis=1)" if found.one_hot else "y"
    return (
        f"labels, counts = np.unique({labels}, return_counts=True)\n"
        "weights = counts.sum() / (len(counts) * counts)\n"
        "model.fit(x, y, class_weight=dict(zip(labels.tolist(), weights.tolist())))"
    )


def _smoothing(found: "ClassEvaluation") -> Advice | None:
    """What to train with next where the network is too sure."""
    too_sure = any(advice.kind == "over_confident" for advice in found.calibration.advice)
    if not too_sure or found.smoothed_loss is None:
        return None
    text = "Trained again with label smoothing, the network would be less sure from the start."
    code = (
        f"model.compile(model.optimizer, fd.losses.{found.smoothed_loss}, metrics=['accuracy'])\n"
        "model.fit(x, y)"
    )
    seen = f"confidence {100 * found.calibration.gap:.1f} points above the share of right answers"
    return Advice(
        "label_smoothing", "hint", text, seen, code, 'deck 004, "Injecting noise and label smoothing"'
    )
