"""What was found of a classifier: its figures, its pictures, and what to do next."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.data.table import shortened
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.calibration import Calibration
from fastdnn.diagnose.class_advice import class_advice, wilson
from fastdnn.diagnose.classification_report import ClassificationReport
from fastdnn.diagnose.confusion import ConfusionMatrix
from fastdnn.diagnose.precision_recall_curve import PrecisionRecallCurve, curve_of
from fastdnn.diagnose.precision_recall_f1 import PrecisionRecallF1
from fastdnn.diagnose.roc import RocCurve, of_sweep
from fastdnn.diagnose.thresholds import Sweep, sweep
from fastdnn.diagnose.top_k import TopK
from fastdnn.diagnose.trust import Trust
from fastdnn.errors import expected
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "evaluate_classes"


@dataclass(frozen=True)
class ClassEvaluation(ShortRepr):
    """All figures of a classifier on a set of rows; errors are shares, 0 to 1.

    classes: their names.
    labels: (examples,): the right classes by number.
    predicted: (examples,): what the model says.
    probabilities: (examples, classes).
    confusion: which class is taken for which.
    classification_report: precision, recall, F1, support and error by class.
    class_auc: (classes,): the area under the ROC curve of each class against the rest; NaN without rows.
    class_average_precision: (classes,): likewise, of the precision-recall curve.
    auc: of two classes that of the second, of more the mean over the classes; None where rows are of one.
    average_precision: likewise.
    top_k: None of two classes.
    calibration: how sure it is against how often it is right.
    trust: which rows to trust, and the error among them.
    one_hot: whether targets were rows of several numbers.
    smoothed_loss: the model's loss with label smoothing, as a line of code; None where it has none.
    sample_weight: of the rows, or None.
    """

    classes: tuple[str, ...]
    labels: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray
    confusion: ConfusionMatrix
    classification_report: ClassificationReport
    class_auc: np.ndarray
    class_average_precision: np.ndarray
    auc: float | None
    average_precision: float | None
    top_k: TopK | None
    calibration: Calibration
    trust: Trust
    one_hot: bool = False
    smoothed_loss: str | None = None
    sample_weight: np.ndarray | None = None

    @property
    def error(self) -> float:
        """The share of examples that is wrong."""
        return self.confusion.error

    @property
    def error_interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the error; weighted rows count as (Σ w)² / Σ w² (Kish 1965)."""
        rows = float(_effective(np.zeros(len(self.labels), np.int64), self.sample_weight, 1)[0])
        return wilson(self.error * rows, rows)

    @property
    def class_rows(self) -> np.ndarray:
        """(classes,): rows of each class, as many as tell as much where they are weighted."""
        return _effective(self.labels, self.sample_weight, len(self.classes))

    @property
    def guess_error(self) -> float:
        """Of whoever always says the most frequent class of these rows."""
        support = self.confusion.counts.sum(axis=1)
        return float((support.sum() - support.max()) / support.sum())

    @property
    def guess(self) -> str:
        """That error in words."""
        name = self.classes[self.confusion.most_frequent]
        return f"always guessing {name!r} errs on {100 * self.guess_error:.2f} %"

    @property
    def scores(self) -> PrecisionRecallF1:
        """Precision, recall and F1 by class."""
        return self.classification_report.scores

    def _sweep(self, label: str | int | None) -> tuple[str, Sweep]:
        """The counts at all thresholds of one class against the rest, by its name or number."""
        number = _class(self.classes, label)
        yes = self.labels == number
        if yes.all() or not yes.any():
            wanted = f"rows of {self.classes[number]!r} and of others"
            raise ValueError(expected(_WHERE, wanted, f"{int(yes.sum())} of {len(yes)}"))
        return self.classes[number], sweep(yes, self.probabilities[:, number], self.sample_weight)

    def roc_curve(self, label: str | int | None = None) -> RocCurve:
        """Of one class against the rest, by its name or number; default the last one.

        Raises:
            ValueError: there is no such class, or all rows are of it, or none is.
        """
        return of_sweep(self._sweep(label)[1])

    def precision_recall_curve(self, label: str | int | None = None) -> PrecisionRecallCurve:
        """Likewise.

        Raises:
            ValueError: as `roc_curve`.
        """
        return curve_of(self._sweep(label)[1])

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What to do next, the most important first."""
        return class_advice(self)

    def plot(self) -> Any:
        """Draw everything: an array (3, 2) of axes with all the pictures below.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from fastdnn.plots.class_evaluation import class_evaluation

        return class_evaluation(self)

    def plot_confusion(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the confusion matrix."""
        return self.confusion.plot(ax)

    def plot_errors(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the error of each class, with its 95 % confidence interval."""
        from fastdnn.plots.class_errors import class_errors

        return class_errors(self, ax)

    def plot_roc(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the ROC curves; of many classes those with the smallest areas."""
        from fastdnn.plots.roc_curve import roc_curve

        drawn = self._drawn(self.class_auc)
        axes = roc_curve({c: self.roc_curve(c) for c in drawn}, ax)
        axes.set_title(f"ROC {self._of(drawn)}")
        return axes

    def plot_precision_recall(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the precision-recall curves; of many classes those with the smallest areas."""
        from fastdnn.plots.precision_recall_curve import precision_recall_curve

        drawn = self._drawn(self.class_average_precision)
        axes = precision_recall_curve({c: self.precision_recall_curve(c) for c in drawn}, ax)
        axes.set_title(f"precision-recall {self._of(drawn)}")
        return axes

    def _of(self, drawn: list[str]) -> str:
        """For a title: whose curves there are."""
        if len(self.classes) == 2:
            return f"curve of {shortened(drawn[0])!r}"
        some = f"the worst {len(drawn)} of " if len(drawn) < len(self.classes) else ""
        return f"curves: {some}{len(self.classes)} classes"

    def plot_calibration(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the reliability diagram."""
        return self.calibration.plot(ax)

    def plot_trust(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the error among the accepted rows against the share of those that are rejected."""
        return self.trust.plot(ax)

    def _drawn(self, areas: np.ndarray) -> list[str]:
        """Of two classes the second; of more the worst six, as many as there are colours."""
        known = np.flatnonzero(~np.isnan(areas))
        if not known.size:
            raise ValueError(expected(_WHERE, "rows of two classes, for a curve", "of one only"))
        if len(self.classes) == 2:
            return [self.classes[1]]
        worst = known[np.argsort(areas[known], kind="stable")][:6]
        return [self.classes[c] for c in sorted(worst.tolist())]

    def __str__(self) -> str:
        low, high = self.error_interval
        lines = [
            f"{self.confusion.wrong:g} of {self.confusion.rows:g} examples wrong: error "
            f"{100 * self.error:.2f} % (95 % interval {100 * low:.2f} to {100 * high:.2f} %); {self.guess}",
            "",
            self.classification_report.text(),
            self.confusion.told(),
            "",
        ]
        areas = [
            f"{name} {value:.4f}"
            for name, value in (("ROC-AUC", self.auc), ("average precision", self.average_precision))
            if value is not None
        ]
        fit = (
            f"expected calibration error {100 * self.calibration.expected_error:.2f} %, temperature "
            f"{self.calibration.temperature:.3g}"
        )
        lines += ["; ".join([*areas, fit]), "", *[str(each) for each in self.advice]]
        return "\n".join(lines)


def _effective(groups: np.ndarray, weights: np.ndarray | None, count: int) -> np.ndarray:
    """(count,): (Σ w)² / Σ w² of each group, 0 of one without weight."""
    sums = np.bincount(groups, weights, minlength=count).astype(np.float64)
    squares = sums if weights is None else np.bincount(groups, weights**2, minlength=count)
    return np.divide(sums**2, squares, out=np.zeros(count), where=squares > 0)


def _class(classes: tuple[str, ...], label: str | int | None) -> int:
    if label is None:
        return len(classes) - 1
    if isinstance(label, str) and label in classes:
        return classes.index(label)
    if isinstance(label, int | np.integer) and 0 <= label < len(classes):
        return int(label)
    raise ValueError(expected(_WHERE, f"one of the classes {', '.join(classes[:10])}", repr(label)))
