"""How much an example counts by its class."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from fastdnn.errors import expected
from fastdnn.layers.layer import number_in

ClassWeight = Mapping[int, float] | Literal["balanced"]


def weight_by_class(where: str, given: ClassWeight, labels: np.ndarray, classes: int) -> np.ndarray:
    """The weight of each class. "balanced": n/(k n_c) of n examples, n_c of them of class c, where k classes
    have some, so that these count alike and the weights' mean is 1, as in scikit-learn.

    Args:
        where: for messages.
        given: a dict, classes that are not named count 1; or "balanced".
        labels: (examples,), from 0 to classes - 1.

    Raises:
        ValueError: a class that there is not, a weight below 0, or neither.

    >>> import numpy as np
    >>> from fastdnn.class_weights import weight_by_class
    >>> labels = np.array([0, 0, 0, 2])
    >>> weight_by_class("fit", {2: 5.0}, labels, 3).tolist()
    [1.0, 1.0, 5.0]
    >>> weights = weight_by_class("fit", "balanced", labels, 3)
    >>> weights.round(3).tolist(), float(weights[labels].mean())
    ([0.667, 1.0, 2.0], 1.0)
    """
    by_class = np.ones(classes)
    if isinstance(given, str) and given == "balanced":
        counts = np.bincount(labels.astype(np.intp), minlength=classes)
        there = counts > 0
        by_class[there] = len(labels) / (there.sum() * counts[there])
        return by_class
    if not isinstance(given, Mapping):
        got = repr(given) if isinstance(given, str) else type(given).__name__
        raise ValueError(expected(where, 'class_weight as a dict {label: weight}, or "balanced"', got))
    for label, weight in given.items():
        if label not in range(classes):
            wanted = f"classes from 0 to {classes - 1} in class_weight"
            raise ValueError(expected(where, wanted, repr(label)))
        by_class[int(label)] = number_in(where, f"class_weight[{label!r}]", weight, 0.0, np.inf)
    return by_class


def refuse_balanced(where: str, given: ClassWeight | None) -> None:
    """Raise where the examples of a class would have to be counted in one batch."""
    if isinstance(given, str):
        wanted = "class_weight as a dict {label: weight} with batches"
        hint = "no batch has the counts of all classes"
        raise ValueError(expected(where, wanted, repr(given), hint))
