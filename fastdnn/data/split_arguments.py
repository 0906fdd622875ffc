"""Arguments of splits and folds, checked: whole numbers, labels, and the order that a seed stands for."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdnn.checks import refuse_masked
from fastdnn.data.draws import bits

Indices = NDArray[np.intp]


def shuffled(where: str, n: int, seed: int, stream: str) -> Indices:
    """A random permutation, a function of the arguments; ties (n²/2⁶⁵ of the seeds) keep their order.

    >>> from fastdnn.data.split_arguments import shuffled
    >>> sorted(shuffled("Here", 4, 0, "split").tolist())
    [0, 1, 2, 3]
    """
    seed = whole_number(where, "seed", seed, least=0, hint="the same seed gives the same rows")
    return np.argsort(bits(seed, stream).random_raw(n), kind="stable")


def class_numbers(where: str, name: str, labels: ArrayLike, n: int) -> Indices:
    """Labels (n,) of any sortable kind as numbers 0..C-1 in sorted order.

    >>> from fastdnn.data.split_arguments import class_numbers
    >>> class_numbers("Here", "stratify", ["b", "a", "b"], 3)
    array([1, 0, 1])
    """
    refuse_masked(where, name, labels)
    array = np.asarray(labels)
    begin = f"[{where}] {name}:"
    kind = "class labels" if name == "stratify" else "group labels"
    if array.shape != (n,):
        raise ValueError(
            f"{begin} expected {kind} of shape ({n},), got shape {array.shape}; "
            f"pass the label array itself ({name}=y), one-hot rows as y.argmax(axis=1)"
        )
    if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        raise ValueError(
            f"{begin} expected {kind}, got {array.dtype} values that are not whole numbers; "
            "put a continuous target into bins first, for example with np.digitize"
        )
    try:
        return np.unique(array, return_inverse=True)[1].reshape(n)
    except TypeError as error:
        raise TypeError(
            f"{begin} expected labels that can be sorted, got {error}; make them all str or int"
        ) from error


def whole_number(where: str, name: str, value: Any, *, least: int, most: int | None = None, hint: str) -> int:
    """`value` as an int within its range; bool, float and str are refused.

    >>> from fastdnn.data.split_arguments import whole_number
    >>> whole_number("Here", "k", 3, least=2, hint="")
    3
    """
    rule = f"an int >= {least}" if most is None else f"an int from {least} to {most}"
    problem = f"[{where}] {name}: expected {rule}, got {value!r}; {hint}"
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(problem)
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(problem) from None
    if number < least or (most is not None and number > most):
        raise ValueError(problem)
    return number
