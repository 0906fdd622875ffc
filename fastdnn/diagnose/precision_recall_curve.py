"""Precision against recall at every threshold of a score, and the average precision."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.thresholds import Sweep, read, sweep
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class PrecisionRecallCurve(ShortRepr):
    """What calling more rows positive costs: the order is that of scikit-learn, from the lowest threshold.

    precision: (thresholds + 1,): TP / (TP + FP); the last is 1, without a threshold.
    recall: (thresholds + 1,): TP / (TP + FN), falling to 0.
    thresholds: (thresholds,), rising: a row is called positive where score >= threshold.
    average_precision: Σ (R_n - R_{n-1}) P_n, the area under the steps of the curve.
    share: of the positive rows: the average precision of scores that know nothing.
    """

    precision: np.ndarray
    recall: np.ndarray
    thresholds: np.ndarray
    average_precision: float
    share: float

    @property
    def best_f1(self) -> tuple[float, float]:
        """The highest F1 = 2 P R / (P + R), and the threshold that gives it."""
        p, r = self.precision[:-1], self.recall[:-1]
        f1 = np.divide(2 * p * r, p + r, out=np.zeros(len(p)), where=p + r > 0)
        best = int(f1.argmax())
        return float(f1[best]), float(self.thresholds[best])

    @property
    def advice(self) -> tuple[Advice, ...]:
        """How far above chance it is, and the threshold of the best F1."""
        f1, threshold = self.best_f1
        seen = f"average precision {self.average_precision:.3f}; of scores that know nothing {self.share:.3f}"
        if self.average_precision <= self.share:
            text = "The scores find the positive rows no better than drawing rows at random."
            return (Advice("no_better_than_chance", "warning", text, seen),)
        text = f"Called positive from {threshold:.4g} on, F1 is at its highest, {f1:.3f}."
        return (Advice("best_f1", "good", text, seen),)

    def plot(self, ax: "Axes | None" = None, *, label: str | None = None) -> "Axes":
        """Draw it, beside the line of chance.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from fastdnn.plots.precision_recall_curve import precision_recall_curve as draw

        return draw({label or "scores": self}, ax)

    def __str__(self) -> str:
        f1, threshold = self.best_f1
        head = f"average precision {self.average_precision:.4f}; best F1 {f1:.4f} at {threshold:.4g}"
        return "\n".join([head, *[str(each) for each in self.advice]])


def precision_recall_curve(
    y_true: Any, y_score: Any, *, positive: Any = None, sample_weight: Any = None
) -> PrecisionRecallCurve:
    """Precision and recall at every threshold of a score for yes and no, as scikit-learn computes them.

    Where positive rows are rare it says more than the ROC curve, in which many false alarms are a small share
    of very many negative rows.

    Shapes: y_true, y_score (examples,).

    Args:
        y_true: labels of which one is positive.
        y_score: higher for what is rather positive: probabilities, or logits.
        positive: as of `roc_curve`.
        sample_weight: (examples,), >= 0.

    Raises:
        ValueError: an array does not fit, or all rows are positive, or none is.

    Source: Davis & Goadrich, "The relationship between precision-recall and ROC curves", ICML 2006.

    >>> import fastdnn as fd
    >>> curve = fd.diagnose.precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> round(curve.average_precision, 4), curve.thresholds.tolist()
    (0.8333, [0.1, 0.35, 0.4, 0.8])
    >>> curve.precision.round(3).tolist(), curve.recall.tolist()
    ([0.5, 0.667, 0.5, 1.0, 1.0], [1.0, 1.0, 0.5, 0.5, 0.0])
    """
    where = "precision_recall_curve"
    return curve_of(sweep(*read(where, y_true, y_score, positive, sample_weight)))


def curve_of(found: Sweep) -> PrecisionRecallCurve:
    """The curve of counts at all thresholds."""
    precision = np.append((found.true / (found.true + found.false))[::-1], 1.0)
    recall = np.append((found.true / found.true[-1])[::-1], 0.0)
    average = float(-(np.diff(recall) * precision[:-1]).sum())
    share = float(found.true[-1] / (found.true[-1] + found.false[-1]))
    return PrecisionRecallCurve(precision, recall, found.thresholds[::-1], average, share)
