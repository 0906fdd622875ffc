"""All figures of each class as one table, as scikit-learn prints it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.checks import whole
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.class_labels import Classes
from fastdnn.diagnose.precision_recall_f1 import (
    Averages,
    PrecisionRecallF1,
    ZeroDivision,
    precision_recall_f1,
)
from fastdnn.short_repr import ShortRepr

_WHERE = "classification_report"
_DECIMALS = 6  # of sums of weights
_HEADERS = ("precision", "recall", "f1-score", "support")


@dataclass(frozen=True)
class ClassificationReport(ShortRepr):
    """Precision, recall, F1, support and error of each class; `print` shows the table.

    scores: the figures.
    digits: after the point.
    """

    scores: PrecisionRecallF1
    digits: int = 2

    @property
    def advice(self) -> tuple[Advice, ...]:
        """That of the figures."""
        return self.scores.advice

    def text(self, *, error: bool = True) -> str:
        """The table.

        Args:
            error: whether a column has the share of each class's examples that were taken for another;
                without it the text is scikit-learn's to the letter.
        """
        width = max(*(len(name) for name in self.scores.classes), len("weighted avg"), self.digits)
        heads = [*_HEADERS, "error"] if error else list(_HEADERS)
        lines = [" " * width + " " + "".join(f" {head:>9}" for head in heads), ""]
        support = self.scores.support
        for i, name in enumerate(self.scores.classes):
            figures = [float(each[i]) for each in (self.scores.precision, self.scores.recall, self.scores.f1)]
            lines.append(self._line(name, width, figures, support[i], figures[1] if error else None))
        total = support.sum()
        accuracy = self._line("accuracy", width, [self.scores.accuracy], total, None)
        lines += ["", accuracy + (f" {1 - self.scores.accuracy:>9.{self.digits}f}" if error else "")]
        for label, averages in (("macro avg", self.scores.macro), ("weighted avg", self.scores.weighted)):
            lines.append(self._average(label, width, averages, total, error))
        return "\n".join([*lines, ""])

    def _average(self, label: str, width: int, averages: Averages, total: Any, error: bool) -> str:
        return self._line(label, width, list(averages), total, averages.recall if error else None)

    def _line(self, name: str, width: int, figures: list[float], support: Any, recall: float | None) -> str:
        """A row; the accuracy alone stands under F1."""
        shown = "".join(f" {value:>9.{self.digits}f}" for value in figures)
        if len(figures) == 1:
            shown = " " + " " * 9 + " " + " " * 9 + shown
        support = support if isinstance(support, np.integer) else round(float(support), _DECIMALS)
        own = "" if recall is None else f" {1 - recall:>9.{self.digits}f}"
        return f"{name:>{width}} {shown} {support!s:>9}{own}"

    def __str__(self) -> str:
        return "\n".join([self.text(), *[str(each) for each in self.advice]])


def classification_report(
    y_true: Any,
    y_pred: Any,
    classes: Classes = None,
    sample_weight: Any = None,
    *,
    digits: int = 2,
    zero_division: ZeroDivision = "warn",
) -> ClassificationReport:
    """Precision, recall, F1, support and error of each class as a table, as scikit-learn prints it.

    Args:
        y_true: the right labels, whole numbers or texts.
        y_pred: the predicted ones, such as `model.predict(x).argmax(axis=1)`.
        classes: as of `confusion_matrix`; a list of texts names the labels 0, 1, ...
        sample_weight: (examples,), >= 0.
        digits: after the point, default 2.
        zero_division: as of `precision_recall_f1`.

    Raises:
        ValueError: labels that are no classes (the first such row is named), or another argument that does
            not fit.

    >>> import fastdnn as fd
    >>> y, said, names = [0, 0, 1, 2, 2], [0, 1, 1, 2, 1], ["red", "green", "blue"]
    >>> print(fd.diagnose.classification_report(y, said, names).text())
                  precision    recall  f1-score   support     error
    <BLANKLINE>
             red       1.00      0.50      0.67         2      0.50
           green       0.33      1.00      0.50         1      0.00
            blue       1.00      0.50      0.67         2      0.50
    <BLANKLINE>
        accuracy                           0.60         5      0.40
       macro avg       0.78      0.67      0.61         5      0.33
    weighted avg       0.87      0.60      0.63         5      0.40
    <BLANKLINE>
    """
    shown = whole(_WHERE, "digits", digits)
    found = precision_recall_f1(y_true, y_pred, classes, sample_weight, zero_division=zero_division)
    return ClassificationReport(found, shown)
