"""Yes and no at every threshold of a score: what ROC and precision-recall curves are made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.diagnose.class_labels import labels_of, weights_of
from fastdnn.diagnose.class_scores import finite_array, same_rows
from fastdnn.errors import expected


@dataclass(frozen=True)
class Sweep:
    """What a threshold t calls yes, for every different score from the highest down: score >= t.

    false, true: (thresholds,): false and true positives, weighted.
    thresholds: (thresholds,), falling.
    """

    false: np.ndarray
    true: np.ndarray
    thresholds: np.ndarray


def sweep(is_positive: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> Sweep:
    """The counts at all thresholds; equal scores are called yes together, so that ties favour nobody.

    >>> import numpy as np
    >>> from fastdnn.diagnose.thresholds import sweep
    >>> found = sweep(np.array([True, False, True]), np.array([0.9, 0.5, 0.5]))
    >>> found.true.tolist(), found.false.tolist(), found.thresholds.tolist()
    ([1.0, 2.0], [0.0, 1.0], [0.9, 0.5])
    """
    if weights is not None:
        counted = weights > 0
        is_positive, scores, weights = is_positive[counted], scores[counted], weights[counted]
    order = np.argsort(-scores, kind="stable")
    yes, falling = is_positive[order], scores[order]
    w = np.ones(len(yes)) if weights is None else weights[order]
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)
    true, false = (np.cumsum(np.where(which, w, 0.0))[last] for which in (yes, ~yes))
    return Sweep(false, true, falling[last])


def read(
    where: str, y_true: Any, y_score: Any, positive: Any, sample_weight: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Which rows are of the positive class, their scores, their weights.

    Raises:
        ValueError: an array does not fit, or one of the two classes has no (weighted) row.
    """
    scores = finite_array(where, "y_score", y_score)
    if scores.ndim == 2:
        hint = "one column of it, such as p[:, 1]"
        raise ValueError(expected(where, "y_score of shape (examples,)", f"shape {scores.shape}", hint))
    labels = labels_of(where, "y_true", y_true)
    same_rows(where, labels, scores, "y_score")
    is_positive = _is_positive(where, labels, positive)
    weights = weights_of(where, sample_weight, len(scores))
    counted = is_positive if weights is None else is_positive[weights > 0]
    if counted.all() or not counted.any():
        what = "positive" if counted.all() else "negative"
        raise ValueError(expected(where, "positive and negative rows", f"{what} ones alone"))
    return is_positive, scores, weights


def _is_positive(where: str, labels: np.ndarray, positive: Any) -> np.ndarray:
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        row = int(np.argmax(np.isnan(labels)))
        raise ValueError(expected(where, "y_true without NaN", f"nan in row {row}"))
    known = np.unique(labels).tolist()
    if positive is not None:
        if not any(positive == each for each in known):
            raise ValueError(expected(where, f"positive as one of the labels {known[:10]}", repr(positive)))
        found: np.ndarray = labels == positive
        return found
    signs = set(known) <= {0, 1} or set(known) <= {-1, 1}
    if not signs:
        hint = "say which label is yes: positive=..."
        raise ValueError(expected(where, "labels 0 and 1, or -1 and 1", f"{known[:10]}", hint))
    yes: np.ndarray = labels == 1
    return yes
