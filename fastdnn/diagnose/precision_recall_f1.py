"""Precision, recall and F1 of each class, and their averages."""

import math
import warnings
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from fastdnn.checks import as_float
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.class_labels import Classes
from fastdnn.diagnose.confusion import counted
from fastdnn.errors import expected
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

ZeroDivision = Literal["warn"] | float

_WHERE = "precision_recall_f1"
_NAMES = ("precision", "recall", "f1-score")
_LISTED = 3  # names of classes in one sentence


class Averages(NamedTuple):
    """Of all classes: shares, 0 to 1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class PrecisionRecallF1(ShortRepr):
    """Figures by class, (classes,) each, shares 0 to 1.

    classes: their names.
    precision: of what was taken for the class, the share that is of it: TP / (TP + FP).
    recall: of what is of the class, the share that was found: TP / (TP + FN).
    f1: 2 TP / (2 TP + FP + FN), the harmonic mean of both.
    support: examples of the class, or the sum of their weights.
    predicted: what was taken for it.
    micro: of the sums of TP, FP, FN over the classes; all three are the accuracy.
    macro: means over the classes, each counting the same.
    weighted: means weighted by support.
    """

    classes: tuple[str, ...]
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray
    predicted: np.ndarray
    micro: Averages
    macro: Averages
    weighted: Averages

    @property
    def accuracy(self) -> float:
        """The share of examples that are right."""
        return self.micro.recall

    @property
    def error(self) -> np.ndarray:
        """(classes,): 1 - recall, the share of the class's examples that was taken for another."""
        return 1 - self.recall

    @property
    def advice(self) -> tuple[Advice, ...]:
        """Classes for which a figure has no value: without examples, or never predicted."""
        never = [c for c, p, s in zip(self.classes, self.predicted, self.support, strict=True) if s and not p]
        empty = [c for c, s in zip(self.classes, self.support, strict=True) if not s]
        found = []
        if never:
            text = f"The network never says {listed(never)}: it has too few examples, or too little weight."
            seen = f"{len(never)} of {len(self.classes)} classes are never predicted"
            found.append(Advice("never_predicted", "warning", text, seen))
        if empty:
            text = f"There are no examples of {listed(empty)}, so their recall is not known."
            found.append(Advice("no_examples", "hint", text, f"{len(empty)} of {len(self.classes)} classes"))
        return tuple(found) or (
            Advice("all_classes_seen", "good", "All classes have examples, and all are predicted."),
        )

    def __str__(self) -> str:
        columns = zip(self.classes, self.precision, self.recall, self.f1, self.support, strict=True)
        rows = [[name, *(f"{v:.4f}" for v in figures[:3]), f"{figures[3]:g}"] for name, *figures in columns]
        total = f"{self.support.sum():g}"
        means = {"micro": self.micro, "macro": self.macro, "weighted": self.weighted}
        rows += [[f"({name})", *(f"{v:.4f}" for v in mean), total] for name, mean in means.items()]
        text = table(["class", *_NAMES, "support"], rows, numeric=range(1, 5))
        return "\n".join([text, *[str(each) for each in self.advice]])


def precision_recall_f1(
    y_true: Any,
    y_pred: Any,
    classes: Classes = None,
    sample_weight: Any = None,
    *,
    zero_division: ZeroDivision = "warn",
) -> PrecisionRecallF1:
    """Precision, recall and F1 by class, with micro, macro and weighted averages, as scikit-learn has them.

    Shapes: y_true, y_pred (examples,); figures (classes,).

    Args:
        y_true: the right labels, whole numbers or texts.
        y_pred: the predicted ones, such as `model.predict(x).argmax(axis=1)`.
        classes: as of `confusion_matrix`.
        sample_weight: (examples,), >= 0.
        zero_division: what 0 / 0 is: 0, 1, or NaN, which averages leave out; "warn" is 0 with a warning. So
            is the precision of a class that is never predicted, the recall of one without examples, and the
            F1 of one that is neither.

    Raises:
        ValueError: labels that are no classes (the first such row is named), or another zero_division.

    >>> import fastdnn as fd
    >>> found = fd.diagnose.precision_recall_f1([0, 0, 1, 2, 2], [0, 1, 1, 2, 1])
    >>> found.precision.round(3).tolist(), found.recall.tolist()
    ([1.0, 0.333, 1.0], [0.5, 1.0, 0.5])
    >>> round(found.macro.f1, 4), found.accuracy
    (0.6111, 0.6)
    """
    value = zero_value(_WHERE, zero_division)
    names, counts, _ = counted(_WHERE, y_true, y_pred, classes, sample_weight)
    if not counts.any():
        raise ValueError(expected(_WHERE, "at least one example", "none"))
    found = of_counts(counts, names, value)
    if zero_division == "warn":
        _warn(found)
    return found


def zero_value(where: str, zero_division: object) -> float:
    """What 0 / 0 is."""
    value = 0.0 if isinstance(zero_division, str) and zero_division == "warn" else as_float(zero_division)
    given_nan = isinstance(zero_division, float) and math.isnan(zero_division)
    if value not in (0.0, 1.0) and not given_nan:
        raise ValueError(expected(where, 'zero_division as "warn", 0, 1 or NaN', repr(zero_division)))
    return value


def of_counts(counts: np.ndarray, classes: tuple[str, ...], zero: float) -> PrecisionRecallF1:
    """The figures of a confusion matrix."""
    right = np.diag(counts).astype(np.float64)
    predicted, support = counts.sum(axis=0), counts.sum(axis=1)
    each = _figures(right, predicted, support, zero)
    sums = [np.array([figure.sum()]) for figure in (right, predicted, support)]
    micro = Averages(*[float(figure[0]) for figure in _figures(sums[0], sums[1], sums[2], zero)])
    macro = Averages(*[_mean(figure, np.ones(len(figure))) for figure in each])
    weighted = Averages(*[_mean(figure, support) for figure in each])
    precision, recall, f1 = each
    return PrecisionRecallF1(classes, precision, recall, f1, support, predicted, micro, macro, weighted)


def _figures(right: np.ndarray, predicted: np.ndarray, support: np.ndarray, zero: float) -> list[np.ndarray]:
    """Precision, recall, F1."""
    quotients = [(right, predicted), (right, support), (2 * right, predicted + support)]
    return [
        np.divide(above, below, out=np.full(len(above), zero), where=below > 0) for above, below in quotients
    ]


def _mean(figures: np.ndarray, weights: np.ndarray) -> float:
    """The weighted mean of what is not NaN."""
    known = ~np.isnan(figures)
    if not known.any():
        return math.nan
    kept = weights[known]
    return float(np.average(figures[known], weights=kept if kept.any() else None))


def _warn(found: PrecisionRecallF1) -> None:
    """Say which figures were 0 / 0."""
    bad = {"precision": found.predicted, "recall": found.support, "F1": found.predicted + found.support}
    for name, below in bad.items():
        empty = [c for c, sum_ in zip(found.classes, below, strict=True) if not sum_]
        if empty:
            text = f"[{_WHERE}] {name} of {listed(empty)} is 0 / 0, and taken as 0; see zero_division"
            warnings.warn(text, stacklevel=3)


def listed(names: list[str]) -> str:
    """Names in words: 'a', 'b' and 4 more."""
    shown = ", ".join(repr(name) for name in names[:_LISTED])
    return shown + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
