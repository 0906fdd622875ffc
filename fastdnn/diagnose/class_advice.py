"""What the figures of a classifier say in plain words: which class to mend, and how."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.class_imbalance import ANEW, EPOCHS, better_threshold, imbalance, weighted_training
from fastdnn.diagnose.precision_recall_f1 import listed
from fastdnn.diagnose.roc import ACCEPTABLE, Z, auc_advice

if TYPE_CHECKING:
    from fastdnn.diagnose.class_evaluation import ClassEvaluation

# Of a network that has learnt nothing: what chance alone decides, and what follows from it.
_CHANCE = (
    "worst_class",
    "even_classes",
    "confused_pair",
    "spread_confusion",
    "mistakes",
    "blind_measure",
    "reject",
    "hesitation",
    "sure_mistakes",
    "near_misses",
    "far_misses",
)
_FOLLOWS = ("never_predicted", "poor_ranking", "imbalance")


def wilson(wrong: float, rows: float) -> tuple[float, float]:
    """The 95 % confidence interval of a share (Wilson 1927), which also holds for few rows and near 0.

    >>> from fastdnn.diagnose.class_advice import wilson
    >>> [round(end, 3) for end in wilson(1, 20)]
    [0.009, 0.236]
    """
    p, z2 = wrong / rows, Z**2
    middle = (p + z2 / (2 * rows)) / (1 + z2 / rows)
    half = Z / (1 + z2 / rows) * np.sqrt(p * (1 - p) / rows + z2 / (4 * rows**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def class_advice(found: "ClassEvaluation") -> tuple[Advice, ...]:
    """All that is worth saying, the most important first."""
    said = [_useless(found), imbalance(found), _worst_class(found)]
    known = [advice for advice in [*said, *_of_parts(found), _smoothing(found)] if advice is not None]
    return ordered(_of_a_guess(known) if _knows_nothing(found) else known)


def _knows_nothing(found: "ClassEvaluation") -> bool:
    ranks = found.auc is not None and found.auc >= ACCEPTABLE
    return not found.has_learnt or (found.error >= found.guess_error > 0 and not ranks)


def _of_a_guess(said: list[Advice]) -> list[Advice]:
    """What is left to say of a network that has learnt nothing: which classes and rows it is wrong about is
    chance, and what it does not do follows from that.
    """
    kept = [advice for advice in said if advice.kind not in _CHANCE]
    word = "It follows from this: the network has not clearly learnt anything yet."
    return [
        replace(advice, severity="hint", text=f"{advice.text} ({word})", code="")
        if advice.kind in _FOLLOWS and advice.severity == "warning"
        else advice
        for advice in kept
    ]


def _of_parts(found: "ClassEvaluation") -> list[Advice]:
    """What the figures say by themselves."""
    known = found.auc is not None and found.auc >= ACCEPTABLE  # better than guessing, if not by its answers
    calibration = [
        advice
        for advice in (() if _useless(found) else found.calibration.advice)
        if not (known and advice.kind == "no_better_than_guessing")
    ]
    parts = [found.confusion.advice, found.scores.advice, tuple(calibration), found.trust.advice]
    if found.auc is not None:
        parts.append((auc_advice(found.auc, found.auc_rows),))
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
    if found.auc is None or found.auc < ACCEPTABLE:
        return Advice("no_better_than_guessing", "warning", f"{text}: it has learnt nothing.", seen)
    text += ", though its outputs tell the classes apart: train with class weights, or move the threshold."
    seen += f"; area under the ROC curve {found.auc:.3f}"
    moved = better_threshold(found)
    code = weighted_training(found) if moved is None else moved.code
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


def _smoothing(found: "ClassEvaluation") -> Advice | None:
    """What to train with next where the network is too sure."""
    too_sure = any(advice.kind == "over_confident" for advice in found.calibration.advice)
    if not too_sure or found.smoothed_loss is None:
        return None
    text = "Trained anew with label smoothing, the network would be less sure from the start."
    code = (
        f"{ANEW}better.compile(better.optimizer, fd.losses.{found.smoothed_loss}, metrics=['accuracy'])\n"
        f"better.fit(x, y, epochs={EPOCHS})"
    )
    seen = f"confidence {100 * found.calibration.gap:.1f} points above the share of right answers"
    return Advice(
        "label_smoothing", "hint", text, seen, code, 'deck 004, "Injecting noise and label smoothing"'
    )
