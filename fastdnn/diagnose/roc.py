"""How well scores rank yes before no: the ROC curve and the area under it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn.checks import choice
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.class_labels import Classes, weights_of
from fastdnn.diagnose.class_scores import codes_of, finite_array, same_rows
from fastdnn.diagnose.temperature import read_outputs
from fastdnn.diagnose.thresholds import Sweep, read, sweep
from fastdnn.errors import expected
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "roc_auc"
# Hosmer, Lemeshow & Sturdivant, "Applied Logistic Regression", 3rd edition, 2013, section 5.2.4.
ACCEPTABLE, _EXCELLENT = 0.7, 0.8
Z = 1.959964  # standard errors within which 95 % of a normal distribution are


@dataclass(frozen=True)
class RocCurve(ShortRepr):
    """The share of positives found against the share of negatives that are called positive, too.

    false_positive_rate: FP / (FP + TN) at each threshold, rising from 0 to 1.
    true_positive_rate: TP / (TP + FN), the recall.
    thresholds: a row is called positive where score >= threshold; the first is infinity.
    auc: the area under the curve: the probability that a positive row has a higher score than a negative
        one, equal scores counting half. 1 is perfect, 0.5 chance.
    rows: how many rows are positive, and how many negative; as many as tell as much where they are weighted.
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    thresholds: np.ndarray
    auc: float
    rows: tuple[float, float]

    @property
    def auc_error(self) -> float:
        """The standard error of the area (Hanley & McNeil 1982)."""
        return auc_error(self.auc, *self.rows)

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What the area says."""
        return (auc_advice(self.auc, [self.rows]),)

    def plot(self, ax: "Axes | None" = None, *, label: str | None = None) -> "Axes":
        """Draw it, beside the diagonal of chance.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from fastdnn.plots.roc_curve import roc_curve as draw

        return draw({label or "scores": self}, ax)

    def __str__(self) -> str:
        wanted = (0.01, 0.05, 0.1, 0.2)
        found = np.interp(wanted, self.false_positive_rate, self.true_positive_rate)
        told = ", ".join(f"{100 * t:.0f} % at {100 * f:.0f} %" for f, t in zip(wanted, found, strict=True))
        area = f"area under the ROC curve {self.auc:.4f}, standard error {self.auc_error:.4f}"
        head = f"{area}; positives found at false alarms: {told}"
        return "\n".join([head, *[str(each) for each in self.advice]])


def auc_error(auc: float, positive: float, negative: float) -> float:
    """The standard error of an area, by how many rows are positive and negative (Hanley & McNeil 1982).

    sqrt((A (1 - A) + (p - 1)(Q1 - A²) + (n - 1)(Q2 - A²)) / (p n)), Q1 = A / (2 - A), Q2 = 2 A² / (1 + A). At
    0.5 it is what rows have whose scores know nothing.

    >>> from fastdnn.diagnose.roc import auc_error
    >>> round(auc_error(0.8, 50, 50), 4), round(auc_error(0.5, 2, 2), 4)
    (0.0445, 0.3227)
    """
    above, below = auc / (2 - auc) - auc**2, 2 * auc**2 / (1 + auc) - auc**2
    variance = auc * (1 - auc) + max(positive - 1, 0) * above + max(negative - 1, 0) * below
    return float(np.sqrt(max(variance, 0.0) / (positive * negative)))


def auc_advice(auc: float, rows: Sequence[tuple[float, float]] = ()) -> Advice:
    """What an area under a ROC curve says.

    Args:
        auc: the area, or a mean of areas.
        rows: of each of these areas how many positive and negative rows there are; none: too many for chance.
    """
    seen = f"area under the ROC curve {auc:.3f}; chance is 0.5, perfect 1"
    # Of a mean at most: the areas of classes are of the same rows.
    chance, error = (
        Z * float(np.mean([auc_error(at, *each) for each in rows])) if rows else 0.0 for at in (0.5, auc)
    )
    # Reversed they would rank well; an untrained network may be a little below 0.5.
    if 1 - auc > ACCEPTABLE and auc < 0.5 - chance:
        text = "The scores rank worse than chance: are the labels, or the columns of the output, swapped?"
        return Advice("worse_than_chance", "error", text, seen)
    if auc < ACCEPTABLE or auc <= 0.5 + chance:
        text = "The scores hardly tell the classes apart: features or training are not good enough yet."
        if max(auc + error, 0.5 + chance) < ACCEPTABLE:
            return Advice("poor_ranking", "warning", text, seen)
        text = "Too few rows to say whether the scores tell the classes apart."
        return Advice("poor_ranking", "hint", text, f"{seen}; give or take {max(error, chance):.3f}")
    word = "well" if auc >= _EXCELLENT else "acceptably"
    return Advice("ranking", "good", f"The scores rank the classes {word}.", seen)


def roc_curve(
    y_true: Any,
    y_score: Any,
    *,
    positive: Any = None,
    sample_weight: Any = None,
    drop_intermediate: bool = True,
) -> RocCurve:
    """The ROC curve of a score for yes and no, as scikit-learn computes it.

    Shapes: y_true, y_score (examples,).

    Args:
        y_true: labels of which one is positive.
        y_score: higher for what is rather positive: probabilities, or logits.
        positive: which label that is; None for 1, of labels 0 and 1, or -1 and 1. All others are negative,
            so that `positive=c` is the curve of one class against the rest.
        sample_weight: (examples,), >= 0.
        drop_intermediate: whether points on straight lines between others are left out.

    Raises:
        ValueError: an array does not fit, or all rows are positive, or none is.

    Source: Fawcett, "An introduction to ROC analysis", 2006.

    >>> import fastdnn as fd
    >>> curve = fd.diagnose.roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.auc
    0.75
    >>> curve.false_positive_rate.tolist(), curve.true_positive_rate.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.5, 1.0, 1.0])
    """
    where = "roc_curve"
    return of_sweep(sweep(*read(where, y_true, y_score, positive, sample_weight)), drop=drop_intermediate)


def of_sweep(found: Sweep, *, drop: bool = True) -> RocCurve:
    """The curve of counts at all thresholds."""
    false, true, thresholds = found.false, found.true, found.thresholds
    area = float(_area(np.append(0.0, false), np.append(0.0, true)) / (false[-1] * true[-1]))
    if drop and len(false) > 2:
        kept = np.concatenate([[True], (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0), [True]])
        false, true, thresholds = false[kept], true[kept], thresholds[kept]
    rates = [np.append(0.0, counts) / counts[-1] for counts in (false, true)]
    return RocCurve(rates[0], rates[1], np.append(np.inf, thresholds), area, found.rows)


def _area(x: np.ndarray, y: np.ndarray) -> float:
    """By trapezia: straight lines where scores are equal, so that a tie counts half."""
    return float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2)


def roc_auc(
    y_true: Any,
    y_score: Any,
    *,
    multi_class: Literal["ovr", "ovo"] = "ovr",
    average: Literal["macro", "weighted"] | None = "macro",
    classes: Classes = None,
    positive: Any = None,
    from_logits: bool = False,
    sample_weight: Any = None,
) -> Any:
    """The area under the ROC curve; of several classes a mean over classes, or over pairs of them.

    Of two classes: P(score of a positive row > score of a negative one) + P(equal) / 2. One-vs-rest takes
    each class against all others. One-vs-one takes each pair of classes among their rows alone, by the
    scores of the one and of the other, and averages (Hand & Till 2001); it does not depend on how frequent
    classes are. As scikit-learn's `roc_auc_score`; but classes that have no rows are left out of the mean
    (there: NaN).

    Scores of several classes are probabilities, rows with the sum 1: one class is compared among different
    rows, and the same logit means little in one and much in another.

    Shapes: y_true (examples,); y_score (examples,) or (examples, classes).

    Args:
        y_true: labels; of a matrix of scores the numbers of its columns, or see `classes`.
        y_score: of several columns probabilities, with the sum 1, or logits; in one column any scores that
            rise with the probability.
        multi_class: "ovr", one class against the rest, or "ovo", one against one.
        average: "macro", each class or pair the same; "weighted" by how frequent it is; None for an array
            (classes,) of "ovr", with NaN where a class has no rows.
        classes: the labels by column, as of `confusion_matrix`.
        positive: of two classes and one column: see `roc_curve`.
        from_logits: whether the columns are logits, of which the softmax is taken.
        sample_weight: (examples,), >= 0; not of "ovo".

    Raises:
        ValueError: an array or an argument does not fit, or there are rows of one class only.

    >>> import fastdnn as fd
    >>> fd.diagnose.roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> p = [[0.8, 0.1, 0.1], [0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.3, 0.4, 0.3]]
    >>> round(fd.diagnose.roc_auc([0, 1, 1, 2, 2], p), 4)
    0.9167
    """
    how = choice(_WHERE, "multi_class", multi_class, ("ovr", "ovo"))
    mean = None if average is None else choice(_WHERE, "average", average, ("macro", "weighted"))
    scores = finite_array(_WHERE, "y_score", y_score)
    if scores.ndim == 1:
        return of_sweep(sweep(*read(_WHERE, y_true, scores, positive, sample_weight))).auc
    if positive is not None:
        hint = "columns are given by classes=[...]"
        raise ValueError(expected(_WHERE, "positive with one column of scores", repr(positive), hint))
    scores = read_outputs(_WHERE, scores, "y_score", from_logits=from_logits)[0]
    _, codes = codes_of(_WHERE, y_true, classes, scores.shape[1])
    same_rows(_WHERE, codes, scores, "y_score")
    weights = weights_of(_WHERE, sample_weight, len(codes))
    if how == "ovr":
        areas, sizes = one_vs_rest(codes, scores, weights)
        return areas if mean is None else _mean(areas, sizes, mean)
    if mean is None or weights is not None:
        got = "average=None" if mean is None else "sample_weight"
        raise ValueError(expected(_WHERE, 'an average, and no weights, with multi_class="ovo"', got))
    return _mean(*_one_vs_one(codes, scores), mean)


def curves(
    codes: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None
) -> Iterator[tuple[int, Sweep]]:
    """Of each class against the rest, where there are both, one after the other: all may be many numbers."""
    counted = np.ones(len(codes), bool) if weights is None else weights > 0
    for c in range(scores.shape[1]):
        is_class = codes == c
        if is_class[counted].any() and not is_class[counted].all():
            yield c, sweep(is_class, scores[:, c], weights)


def one_vs_rest(
    codes: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(classes,) areas, NaN where a class has no rows, and the classes' weights in their mean."""
    areas = np.full(scores.shape[1], np.nan)
    for c, found in curves(codes, scores, weights):
        areas[c] = of_sweep(found).auc
    return areas, np.bincount(codes, weights, minlength=scores.shape[1])


def _one_vs_one(codes: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair of classes the mean of both areas, and how many rows they have."""
    areas, sizes = [], []
    for a, b in combinations(np.unique(codes).tolist(), 2):
        among = (codes == a) | (codes == b)
        of_a = codes[among] == a
        both = [of_sweep(sweep(yes, scores[among, c])).auc for yes, c in ((of_a, a), (~of_a, b))]
        areas.append(sum(both) / 2)
        sizes.append(among.sum())
    return np.array(areas), np.array(sizes)


def _mean(areas: np.ndarray, sizes: np.ndarray, average: str) -> float:
    known = ~np.isnan(areas)
    if not known.any():
        raise ValueError(expected(_WHERE, "rows of at least two classes", "of one only"))
    return float(np.average(areas[known], weights=sizes[known] if average == "weighted" else None))
