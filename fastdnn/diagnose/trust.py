"""Which answers of a classifier can be trusted, and which are better looked at by a person."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn.checks import choice, number, whole
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.class_labels import Classes, weights_of
from fastdnn.diagnose.class_scores import codes_of, finite_array, same_rows
from fastdnn.diagnose.normalised_outputs import normalised_outputs
from fastdnn.diagnose.risk_coverage import RiskCoverage, risk_coverage
from fastdnn.diagnose.trust_advice import trust_advice
from fastdnn.errors import expected
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Measure = Literal["margin", "top", "raw"]

_WHERE = "trust"
_LISTED = 5  # rows of a table


@dataclass(frozen=True)
class Trust(ShortRepr):
    """How sure a classifier is of each row, (rows,) each.

    classes: their names.
    label: the number of the class that wins.
    top: its probability, of outputs that are normalised to the sum 1.
    margin: by how much it is ahead of the second.
    raw: the winning output before it was normalised: logistic outputs, or logits.
    measure: which of the three decides.
    threshold: a row is accepted where its measure is >= threshold.
    curve: error against the share of rows that is accepted; None without labels.
    y_true: the right classes by number; None without labels.
    wanted_error: which the threshold was chosen for.
    kind: of the outputs: "probabilities", "logistic" or "logits".
    sample_weight: of the rows, or None.
    """

    classes: tuple[str, ...]
    label: np.ndarray
    top: np.ndarray
    margin: np.ndarray
    raw: np.ndarray
    measure: Measure
    threshold: float
    curve: RiskCoverage | None
    y_true: np.ndarray | None = None
    wanted_error: float | None = None
    kind: str = "probabilities"
    sample_weight: np.ndarray | None = None

    @property
    def score(self) -> np.ndarray:
        """The measure that decides."""
        scores: np.ndarray = getattr(self, self.measure)
        return scores

    @property
    def accepted(self) -> np.ndarray:
        """(rows,): whether each answer is trusted."""
        accepted: np.ndarray = self.score >= self.threshold
        return accepted

    @property
    def coverage(self) -> float:
        """The share of rows that are accepted."""
        return float(np.average(self.accepted, weights=self.sample_weight))

    @property
    def error(self) -> float | None:
        """Of all rows, 0 to 1; None without labels."""
        return None if self.y_true is None else self._error(np.ones(len(self.label), bool))

    @property
    def error_accepted(self) -> float | None:
        """Of the accepted rows; NaN where there are none."""
        return self._error(self.accepted)

    @property
    def error_rejected(self) -> float | None:
        """Of the others."""
        return self._error(~self.accepted)

    def _error(self, rows: np.ndarray) -> float | None:
        if self.y_true is None:
            return None
        weights = np.ones(len(rows)) if self.sample_weight is None else self.sample_weight
        if not (weights[rows] > 0).any():
            return float("nan")
        return float(np.average((self.label != self.y_true)[rows], weights=weights[rows]))

    def threshold_for(self, error: float) -> float | None:
        """The lowest threshold whose accepted rows have at most this error; None where there is none.

        Raises:
            ValueError: there are no labels, or the error is not from 0 to 1.
        """
        if self.curve is None:
            raise ValueError(expected(_WHERE, "labels, for a threshold by the error", "none"))
        return self.curve.threshold_for(error)

    def rows_to_check(self, most: int = 10) -> np.ndarray:
        """The rows that are trusted least, the least first: for a person to look at."""
        return np.argsort(self.score, kind="stable")[: whole(_WHERE, "most", most)]

    def sure_mistakes(self, most: int = 10) -> np.ndarray:
        """Wrong rows, the surest first: wrong labels are among them, or what the network has learnt wrongly.

        Raises:
            ValueError: there are no labels.
        """
        if self.y_true is None:
            raise ValueError(expected(_WHERE, "labels, to know mistakes", "none"))
        order = np.argsort(-self.score, kind="stable")
        rows: np.ndarray = order[(self.label != self.y_true)[order]][: whole(_WHERE, "most", most)]
        return rows

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What rejecting would gain, and which rows to look at."""
        return trust_advice(self)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the error among the accepted against the share of rows that is rejected.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: there are no labels.
        """
        from fastdnn.plots.risk_coverage import risk_coverage as draw

        return draw(self, ax)

    def __str__(self) -> str:
        rows = []
        for r in self.rows_to_check(_LISTED).tolist():
            right = [] if self.y_true is None else [self.classes[self.y_true[r]]]
            figures = [f"{v[r]:.3f}" for v in (self.top, self.margin, self.raw)]
            rows.append([str(r), self.classes[self.label[r]], *right, *figures])
        heads = ["row", "says", *([] if self.y_true is None else ["is"]), "top-1", "margin", "raw"]
        told = [f"accepted where {self.measure} >= {self.threshold:.4g}: {100 * self.coverage:.1f} % of rows"]
        if self.y_true is not None:
            told[0] += f", error {_percent(self.error_accepted)}; of all rows {_percent(self.error)}"
        told.append("trusted least:")
        numeric = [0, *range(len(heads) - 3, len(heads))]
        return "\n".join([*told, table(heads, rows, numeric), *[str(each) for each in self.advice]])


def _percent(share: float | None) -> str:
    return "none" if share is None else "-" if np.isnan(share) else f"{100 * share:.2f} %"


def trust(
    outputs: Any,
    *,
    y_true: Any = None,
    measure: Measure = "margin",
    threshold: float | None = None,
    wanted_error: float | None = None,
    raw: Any = None,
    from_logits: bool = False,
    classes: Classes = None,
    sample_weight: Any = None,
) -> Trust:
    """Say which answers of a classifier to trust: by its highest output, its margin, and the raw output.

    Outputs are normalised to the sum 1, a_j = â_j / Σ_k â_k (logits by a softmax). Top-1 is the highest a,
    the margin how far it is ahead of the second, raw the winning â itself. A high raw output alone is no
    reason for trust: of the logistic outputs [0.06, 0.98, 0.04, 0.92] the winner is higher than of [0.14,
    0.88, 0.12, 0.06], and the margin is 0.03 against 0.617: two classes claim the row. Rows below a threshold
    are rejected: better left to a person.

    With labels the curve of error against rejection says what that gains. Choose the threshold on the
    held-out (dev) set and judge it on the test set: the rows that it was chosen on make it look better.

    Shapes: outputs, raw (rows, classes), or (rows,) of a single sigmoid; y_true (rows,).

    Args:
        outputs: probabilities; or logistic outputs, known by sums that are not 1.
        y_true: the right labels, or one-hot rows; None where they are not known. By its name alone: where
            labels are always needed, as in `calibration`, they come first.
        measure: what decides: "margin" (default), "top" or "raw".
        threshold: from which on a row is accepted; default 0, all.
        wanted_error: instead: the lowest threshold at which the accepted rows of y_true have at most this
            error, 0 to 1; infinity, none accepted, where there is no such threshold.
        raw: the outputs before they were normalised, where these are not `outputs` themselves.
        from_logits: whether outputs are logits.
        classes: the labels by column, as of `confusion_matrix`.
        sample_weight: (rows,), >= 0, of errors and shares.

    Raises:
        ValueError: an array or an argument does not fit.

    Source: deck 001, "Possible results get by SoftMax"; Geifman & El-Yaniv, "Selective classification for
    deep neural networks", NeurIPS 2017.

    >>> import fastdnn as fd
    >>> found = fd.diagnose.trust([[0.06, 0.98, 0.04, 0.92], [0.14, 0.88, 0.12, 0.06]], threshold=0.5)
    >>> found.raw.tolist(), found.margin.round(3).tolist(), found.accepted.tolist()
    ([0.98, 0.88], [0.03, 0.617], [False, True])
    """
    choice(_WHERE, "measure", measure, ("margin", "top", "raw"))
    given, a, kind = normalised_outputs(outputs, from_logits)
    names, codes = tuple(map(str, range(a.shape[1]))), None
    if y_true is not None:
        names, codes = codes_of(_WHERE, y_true, classes, a.shape[1])
        same_rows(_WHERE, codes, a, "outputs")
    elif classes is not None:
        names, _ = codes_of(_WHERE, np.zeros(1, int), _names_only(classes), a.shape[1])
    weights = weights_of(_WHERE, sample_weight, len(a))
    label = a.argmax(axis=1)
    first, second = np.sort(a, axis=1)[:, :-3:-1].T
    figures = {"top": first, "margin": first - second, "raw": _raw(given, raw, a)[np.arange(len(a)), label]}
    curve = None if codes is None else risk_coverage(figures[measure], label != codes, weights)
    at = _threshold(threshold, wanted_error, curve, float(figures[measure].min()))
    return Trust(
        names,
        label,
        **figures,
        measure=measure,
        threshold=at,
        curve=curve,
        y_true=codes,
        wanted_error=wanted_error,
        kind=kind,
        sample_weight=weights,
    )


def _raw(given: np.ndarray, raw: Any, a: np.ndarray) -> np.ndarray:
    if raw is None:
        return given
    array = finite_array(_WHERE, "raw", raw)
    if array.shape != a.shape:
        wanted = f"raw outputs of shape {a.shape}, as the outputs"
        raise ValueError(expected(_WHERE, wanted, f"shape {array.shape}"))
    return array


def _names_only(classes: Classes) -> Classes:
    """Names of columns, where there are no labels to find among them."""
    return [str(each) for each in classes] if isinstance(classes, list | tuple | np.ndarray) else classes


def _threshold(
    threshold: float | None, wanted_error: float | None, curve: RiskCoverage | None, lowest: float
) -> float:
    if threshold is not None and wanted_error is not None:
        raise ValueError(expected(_WHERE, "a threshold or a wanted_error", "both"))
    if threshold is not None:
        return number(_WHERE, "threshold", threshold)
    if wanted_error is None:
        return min(0.0, lowest)
    if curve is None:
        raise ValueError(expected(_WHERE, "y_true, for a wanted_error", "none"))
    found = curve.threshold_for(wanted_error)
    return float("inf") if found is None else found
