"""Temperature scaling: logits divided by one number, so that probabilities say how often they are right."""

from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.diagnose.class_scores import finite_array, probabilities
from fastdnn.reference.softmax import log_sum_exp, softmax

_COLDEST, _HOTTEST = 0.01, 100.0  # beyond them probabilities are 0 and 1, or all the same
_HALVINGS = 60  # of the bracket, in logarithms: far below rounding


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

    With b = 1/T it is convex, and its slope Σ_j p_j z_j - z_label, averaged over the rows, rises with b: its
    root is found by halving. Where no mistake holds it back, T goes to the lower end.

    >>> import numpy as np
    >>> from fastdnn.diagnose.temperature import best_temperature
    >>> z = np.log(np.array([[0.9, 0.1]] * 4))  # sure to 90 %, and right in 3 of 4
    >>> T = best_temperature(z, np.array([0, 0, 0, 1]))
    >>> round(T, 4), (1 / (1 + np.exp((z[0, 1] - z[0, 0]) / T))).round(4).item()
    (2.0, 0.75)
    """
    own = np.take_along_axis(log_p, codes[:, None], axis=1)[:, 0]

    def slope(temperature: float) -> float:
        p = softmax(log_p / temperature)
        return float(np.average((p * log_p).sum(axis=1) - own, weights=weights))

    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if slope(float(np.exp(middle))) > 0:  # too cold: b = 1/T is beyond the minimum
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))


def apply_temperature(outputs: Any, temperature: float, *, from_logits: bool = False) -> np.ndarray:
    """Probabilities after temperature scaling: softmax(z / T), of probabilities p^(1/T) / Σ p^(1/T).

    T > 1 makes them less sure, T < 1 surer; which class is the most probable stays. T is found on the
    held-out (dev) set, by `calibration`, and used on what comes after.

    Shapes: result and outputs (examples, classes), or (examples,) or (examples, 1) with the probability of
        the second of two classes.

    Args:
        outputs: of the model: probabilities, or logits.
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
        with np.errstate(divide="ignore"):  # a probability of 0 stays 0
            z = np.log(probabilities(where, outputs, "outputs"))
    cooled = softmax(z / t)
    shape = np.shape(outputs)
    return cooled if len(shape) == 2 and shape[1] > 1 else cooled[:, 1].reshape(shape)
