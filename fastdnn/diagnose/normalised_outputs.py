"""Outputs of a classifier with the sum 1: of logits by a softmax, of logistic outputs by their sum."""

from typing import Any

import numpy as np

from fastdnn.diagnose.class_scores import chances, finite_array
from fastdnn.diagnose.temperature import two_columns
from fastdnn.errors import expected
from fastdnn.reference.softmax import softmax

_WHERE = "trust"
_SUM_OFF = 1e-3  # what rounding in float16 leaves of a row's sum of 1


def normalised_outputs(outputs: Any, from_logits: bool) -> tuple[np.ndarray, np.ndarray, str]:
    """Outputs (rows, classes), these with the sum 1, and what they are: probabilities, logistic or logits.

    >>> from fastdnn.diagnose.normalised_outputs import normalised_outputs
    >>> given, a, kind = normalised_outputs([[0.06, 0.98, 0.04, 0.92]], from_logits=False)
    >>> a.tolist(), kind
    ([[0.03, 0.49, 0.02, 0.46]], 'logistic')
    """
    if from_logits:
        z = two_columns(finite_array(_WHERE, "outputs", outputs))
        return z, softmax(z), "logits"
    a = chances(_WHERE, outputs, "outputs")
    a = np.stack([1 - a, a], axis=1) if a.ndim == 1 else a
    if sums_to_one(a):
        return a, a, "probabilities"
    sums = a.sum(axis=1, keepdims=True)
    if (sums == 0).any():
        row = int(np.argmin(sums[:, 0] > 0))
        raise ValueError(expected(_WHERE, "an output above 0 in each row", f"zeros in row {row}"))
    return a, a / sums, "logistic"


def sums_to_one(a: np.ndarray) -> bool:
    """Whether rows (rows, classes) are probabilities, but for rounding."""
    return a.ndim == 2 and bool((np.abs(a.sum(axis=1) - 1) <= _SUM_OFF).all())
