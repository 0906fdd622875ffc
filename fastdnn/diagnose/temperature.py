"""Temperature scaling: logits divided by one number, so that probabilities say how often they are right."""

from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.diagnose.class_scores import chances, finite_array, probabilities
from fastdnn.errors import expected
from fastdnn.reference.softmax import log_sum_exp, softmax

BOUNDS = (0.01, 100.0)  # of a temperature: beyond them probabilities are 0 and 1, or all the same
_MOST_STEPS = 60  # halvings of the bracket to far below rounding; Newton's steps are about six
_ROUNDING = 1e-12


def read_outputs(where: str, outputs: Any, name: str, *, from_logits: bool) -> tuple[np.ndarray, np.ndarray]:
    """p and log p, (examples, classes); a vector is of the second of two classes.

    A probability of 0 has the logarithm of the spacing of its type about 1, as scikit-learn does: log 0 would
    be infinite.
    """
    if from_logits:
        z = two_columns(finite_array(where, name, outputs))
        return softmax(z), z - log_sum_exp(z)
    given = np.asarray(outputs).dtype
    p = probabilities(where, outputs, name)
    return p, np.log(np.maximum(p, np.finfo(given if given.kind == "f" else np.float64).eps))


def two_columns(z: np.ndarray) -> np.ndarray:
    """Logits (examples, classes): of a single one, that of the second class beside 0."""
    return np.stack([np.zeros(len(z)), z], axis=1) if z.ndim == 1 else z


def best_temperature(log_p: np.ndarray, codes: np.ndarray, weights: np.ndarray | None = None) -> float:
    """T > 0 that minimises the mean of -log softmax(z / T)[label], from 0.01 to 100.

    With b = 1/T it is convex: its slope is E z - z_label and its curvature Var z, under softmax(b z) and
    averaged over the rows. Newton's steps find the root of the slope; one that leaves the bracket becomes a
    halving of it. Where no mistake holds it back, T goes to the lower end; where each row's outputs are all
    the same, no T changes anything, and it is 1.

    >>> import numpy as np
    >>> from fastdnn.diagnose.temperature import best_temperature
    >>> z = np.log(np.array([[0.9, 0.1]] * 4))  # sure to 90 %, and right in 3 of 4
    >>> T = best_temperature(z, np.array([0, 0, 0, 1]))
    >>> round(T, 4), (1 / (1 + np.exp((z[0, 1] - z[0, 0]) / T))).round(4).item()
    (2.0, 0.75)
    """
    counted = np.ones(len(codes), bool) if weights is None else weights > 0
    if np.ptp(log_p[counted], axis=1).max() <= _ROUNDING:
        return 1.0
    own = np.take_along_axis(log_p, codes[:, None], axis=1)[:, 0]
    low, high, b = 1 / BOUNDS[1], 1 / BOUNDS[0], 1.0
    for _ in range(_MOST_STEPS):
        p = softmax(b * log_p)
        mean = (p * log_p).sum(axis=1)
        slope = float(np.average(mean - own, weights=weights))
        low, high = (low, b) if slope > 0 else (b, high)
        variance = (p * (log_p - mean[:, None]) ** 2).sum(axis=1)
        curvature = float(np.average(variance, weights=weights))
        last, b = b, b - slope / curvature if curvature > 0 else 0.0
        if not low < b < high:
            b = float(np.sqrt(low * high))
        if abs(b - last) <= _ROUNDING * b:
            break
    return 1 / b


def apply_temperature(outputs: Any, temperature: float, *, from_logits: bool = False) -> np.ndarray:
    """Probabilities after temperature scaling: softmax(z / T), of probabilities p^(1/T) / Σ p^(1/T).

    T > 1 makes them less sure, T < 1 surer; which class is the most probable stays. T is found on the
    held-out (dev) set, by `calibration`, and used on what comes after.

    Shapes: result and outputs (examples, classes), or (examples,) or (examples, 1) with the probability of
        the second of two classes.

    Args:
        outputs: of the model: probabilities, logits, or logistic outputs, whose sum is not 1.
        temperature: T > 0.
        from_logits: whether outputs are logits.

    Raises:
        ValueError: outputs are no probabilities, or T is no positive number.

    Source: Guo et al., "On calibration of modern neural networks", ICML 2017.

    >>> import fastdnn as fd
    >>> fd.diagnose.apply_temperature([[0.9, 0.1]], 2.0).round(4).tolist()
    [[0.75, 0.25]]
    >>> fd.diagnose.apply_temperature([0.9], 2.0).round(4).tolist()
    [0.75]
    """
    where = "apply_temperature"
    t = number(where, "temperature", temperature, 0.0, ends="()")
    if from_logits:
        z = two_columns(finite_array(where, "outputs", outputs))
    else:
        p = chances(where, outputs, "outputs")
        with np.errstate(divide="ignore"):  # a probability of 0 stays 0
            z = np.log(np.stack([1 - p, p], axis=1) if p.ndim == 1 else p)
        if np.isneginf(z).all(axis=1).any():
            raise ValueError(expected(where, "an output above 0 in each row", "zeros alone"))
    with np.errstate(over="ignore"):  # near 0 all but the largest go to minus infinity
        cooled = softmax((z - z.max(axis=1, keepdims=True)) / t)
    shape = np.shape(outputs)
    return cooled if len(shape) == 2 and shape[1] > 1 else cooled[:, 1].reshape(shape)
