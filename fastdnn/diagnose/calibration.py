"""Whether a network that is sure to 90 % is right in 90 % of such cases."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fastdnn.checks import choice, whole
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.calibration_advice import ERRORS, calibration_advice
from fastdnn.diagnose.class_labels import Classes, weights_of
from fastdnn.diagnose.class_scores import codes_of, same_rows
from fastdnn.diagnose.temperature import best_temperature, read_outputs
from fastdnn.errors import expected
from fastdnn.reference.softmax import softmax
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "calibration"


@dataclass(frozen=True)
class Calibration(ShortRepr):
    """How sure a network is, and how often it is right; by bins of how sure it is.

    edges: (bins + 1,): a row is in bin b where edges[b] < confidence <= edges[b + 1].
    confidence: (bins,): the mean of the winning probabilities of the rows in it; NaN where there are none.
    accuracy: (bins,): the share of them that is right.
    counts: (bins,): how many there are, or the sum of their weights.
    mean_confidence, mean_accuracy: of all rows.
    gap_error: the standard error of the difference of the two, if the probabilities were true.
    guess_accuracy: of whoever always says the most frequent class of these rows.
    guess_error: the standard error of that share.
    expected_error: ECE, Σ_b counts_b / n |accuracy_b - confidence_b|.
    maximum_error: MCE, the largest |accuracy_b - confidence_b|.
    brier: mean of Σ_j (p_j - t_j)²; of two classes half of it, (p - t)², as in scikit-learn.
    log_loss: mean of -log p_label, in nats.
    temperature: T, for which the log loss of softmax(z / T) is least.
    log_loss_at_temperature: that loss.
    of: "top", or the class whose probability it is about.
    from_logits: whether logits were given.
    """

    edges: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    counts: np.ndarray
    mean_confidence: float
    mean_accuracy: float
    gap_error: float
    guess_accuracy: float
    guess_error: float
    expected_error: float
    maximum_error: float
    brier: float
    log_loss: float
    temperature: float
    log_loss_at_temperature: float
    of: str = "top"
    from_logits: bool = False

    @property
    def gap(self) -> float:
        """Mean confidence - mean accuracy: above 0 the network is surer than it is right."""
        return self.mean_confidence - self.mean_accuracy

    @property
    def above_guessing(self) -> bool:
        """Whether the winning class is right clearly more often than a guess; True of rows of one class."""
        if self.of != "top" or self.guess_accuracy == 1:
            return True
        return self.mean_accuracy > self.guess_accuracy + ERRORS * self.guess_error

    @property
    def advice(self) -> tuple[Advice, ...]:
        """Whether it is too sure, and the temperature that mends it."""
        return calibration_advice(self)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the reliability diagram: accuracy by confidence, with the counts of the bins.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from fastdnn.plots.calibration import calibration as draw

        return draw(self, ax)

    def __str__(self) -> str:
        rows = [
            [f"{low:.3f} to {high:.3f}", f"{count:g}", f"{conf:.4f}", f"{right:.4f}"]
            for low, high, count, conf, right in zip(
                self.edges[:-1], self.edges[1:], self.counts, self.confidence, self.accuracy, strict=True
            )
            if count
        ]
        right = "accuracy" if self.of == "top" else f"share of {self.of}"
        figures = (
            f"expected calibration error {100 * self.expected_error:.2f} %, "
            f"maximum {100 * self.maximum_error:.2f} %; Brier score {self.brier:.4f}, "
            f"log loss {self.log_loss:.4f}; temperature {self.temperature:.3g} "
            f"(log loss {self.log_loss_at_temperature:.4f})"
        )
        text = table(["probability", "examples", "mean", right], rows, numeric=range(1, 4))
        return "\n".join([text, figures, *[str(each) for each in self.advice]])


def calibration(
    y_true: Any,
    probabilities: Any,
    *,
    bins: int = 10,
    strategy: Literal["uniform", "quantile"] = "uniform",
    of: Any = "top",
    from_logits: bool = False,
    classes: Classes = None,
    sample_weight: Any = None,
) -> Calibration:
    """Compare how sure a network is with how often it is right.

    Rows are put into bins by the probability of the class that wins; in each bin the mean of these
    probabilities, the confidence, should be the share of right answers, the accuracy. The temperature is the
    T > 0 for which softmax(z / T) has the least log loss on these rows, which should be held-out (dev) ones:
    `apply_temperature` uses it. Above 1 the network was too sure.

    Shapes: y_true (examples,); probabilities (examples, classes), or (examples,) of the second of two.

    Args:
        y_true: the right labels, or one-hot rows.
        probabilities: of the model, such as `model.predict(x)`.
        bins: how many, default 10.
        strategy: "uniform", of equal width from 0 to 1, or "quantile", of equal numbers of rows.
        of: "top", the winning class (Guo et al.), or one of the classes: its probability against the share
            of rows that are of it, as scikit-learn's `calibration_curve`.
        from_logits: whether logits were given instead; the log loss is then exact at any size of them.
        classes: the labels by column, as of `confusion_matrix`.
        sample_weight: (examples,), >= 0.

    Raises:
        ValueError: an array or an argument does not fit.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017; Brier, "Verification of
    forecasts expressed in terms of probability", 1950.

    >>> import fastdnn as fd
    >>> found = fd.diagnose.calibration([0, 0, 0, 1], [[0.9, 0.1]] * 4)  # sure to 90 %, right in 3 of 4
    >>> round(found.expected_error, 4), round(found.temperature, 4)
    (0.15, 2.0)
    >>> round(found.log_loss, 4), round(found.log_loss_at_temperature, 4)
    (0.6547, 0.5623)
    """
    count = whole(_WHERE, "bins", bins, 1)
    choice(_WHERE, "strategy", strategy, ("uniform", "quantile"))
    p, log_p = read_outputs(_WHERE, probabilities, "probabilities", from_logits=from_logits)
    names, codes = codes_of(_WHERE, y_true, classes, p.shape[1])
    same_rows(_WHERE, codes, p, "probabilities")
    weights = weights_of(_WHERE, sample_weight, len(codes))
    if isinstance(of, str) and of == "top":
        told, confidence, right = "top", p.max(axis=1), p.argmax(axis=1) == codes
    else:
        told, column = _class(of, names)
        confidence, right = p[:, column], codes == column
    edges = _edges(confidence, count, strategy)
    t = best_temperature(log_p, codes, weights)
    at_t = _log_loss(np.log(np.maximum(softmax(log_p / t), np.finfo(float).tiny)), codes, weights)
    counted = np.ones(len(codes)) if weights is None else weights
    return Calibration(
        edges,
        **_binned(edges, confidence, right, counted),
        **_guess(codes, counted),
        brier=_brier(p, codes, weights),
        log_loss=_log_loss(log_p, codes, weights),
        temperature=t,
        log_loss_at_temperature=at_t,
        of=told,
        from_logits=bool(from_logits),
    )


def _class(of: Any, names: tuple[str, ...]) -> tuple[str, int]:
    if str(of) not in names:
        hint = f"the classes are {', '.join(names[:10])}"
        raise ValueError(expected(_WHERE, 'of="top", or one of the classes', repr(of), hint))
    return str(of), names.index(str(of))


def _edges(confidence: np.ndarray, bins: int, strategy: str) -> np.ndarray:
    if strategy == "uniform":
        return np.linspace(0.0, 1.0, bins + 1)
    return np.asarray(np.percentile(confidence, np.linspace(0.0, 1.0, bins + 1) * 100))


def _binned(
    edges: np.ndarray, confidence: np.ndarray, right: np.ndarray, weights: np.ndarray
) -> dict[str, Any]:
    """The fields of `Calibration` that the bins give."""
    bins = len(edges) - 1
    place = np.searchsorted(edges[1:-1], confidence)  # edges[b] < confidence <= edges[b + 1]
    counts, sure, hits = (
        np.bincount(place, weights * each, minlength=bins) for each in (1.0, confidence, right)
    )
    with np.errstate(invalid="ignore"):
        mean, accuracy = sure / counts, hits / counts
    filled, total = counts > 0, counts.sum()
    off = np.abs(accuracy - mean)[filled]
    spread = np.sqrt((weights**2 * confidence * (1 - confidence)).sum()) / total
    return {
        "confidence": mean,
        "accuracy": accuracy,
        "counts": counts,
        "mean_confidence": float(sure.sum() / total),
        "mean_accuracy": float(hits.sum() / total),
        "gap_error": float(spread),
        "expected_error": float((off * counts[filled]).sum() / total),
        "maximum_error": float(off.max()),
    }


def _guess(codes: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """The fields of `Calibration` that the labels alone give."""
    share = float(np.bincount(codes, weights).max() / weights.sum())
    rows = weights.sum() ** 2 / (weights**2).sum()  # as many as tell as much
    return {"guess_accuracy": share, "guess_error": float(np.sqrt(share * (1 - share) / rows))}


def _brier(p: np.ndarray, codes: np.ndarray, weights: np.ndarray | None) -> float:
    target = np.zeros_like(p)
    target[np.arange(len(codes)), codes] = 1
    each = ((p - target) ** 2).sum(axis=1) / (2 if p.shape[1] == 2 else 1)
    return float(np.average(each, weights=weights))


def _log_loss(log_p: np.ndarray, codes: np.ndarray, weights: np.ndarray | None) -> float:
    own = np.take_along_axis(log_p, codes[:, None], axis=1)[:, 0]
    return float(-np.average(own, weights=weights))
