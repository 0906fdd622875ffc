"""Probabilities and scores of classes, as users have them: checked, (examples, classes) in float64."""

from typing import Any

import numpy as np

from fastdnn.diagnose.class_labels import Classes, coded
from fastdnn.errors import expected
from fastdnn.features import as_targets

_SUM_OFF = 1e-3  # what rounding in float16 leaves of a row's sum of 1


def finite_array(where: str, name: str, value: Any) -> np.ndarray:
    """(examples,) or (examples, classes) of finite numbers, f64; a column is a vector.

    Raises:
        ValueError: it is something else, or empty; the first number that is not finite is named.
    """
    if hasattr(value, "toarray"):
        raise ValueError(expected(where, f"{name} as a dense array", "a sparse one", "use .toarray()"))
    try:
        array = np.asarray(value)
        array = array.astype(np.float64) if array.dtype.kind in "buifO" else array
    except (TypeError, ValueError) as error:
        raise ValueError(expected(where, f"{name} as an array of numbers", type(value).__name__)) from error
    if array.dtype != np.float64:
        raise ValueError(expected(where, f"{name} as real numbers", f"dtype {array.dtype}"))
    shape = array.shape
    if array.ndim == 2 and shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or 0 in shape:
        wanted = f"{name} of shape (examples,) or (examples, classes)"
        raise ValueError(expected(where, wanted, f"shape {shape}"))
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        hint = "of a model: its weights are not finite; train again with a lower learning rate"
        got = f"{array[row].tolist() if array.ndim == 1 else 'NaN or infinity'} in row {row}"
        raise ValueError(expected(where, f"finite {name}", got, hint))
    return array


def probabilities(where: str, value: Any, name: str = "probabilities") -> np.ndarray:
    """(examples, classes) in float64; a vector holds the probability of the second of two classes.

    Raises:
        ValueError: numbers that are no probabilities; the first such row is named.

    >>> from fastdnn.diagnose.class_scores import probabilities
    >>> probabilities("example", [0.25, 1.0]).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    array = chances(where, value, name)
    if array.ndim == 1:
        return np.stack([1 - array, array], axis=1)
    sums = array.sum(axis=1)
    off = np.abs(sums - 1) > _SUM_OFF
    if off.any():
        row = int(np.argmax(off))
        hint = "logistic outputs are divided by their sum first: p / p.sum(axis=1, keepdims=True)"
        raise ValueError(expected(where, f"{name} with the sum 1", f"{sums[row]:g} in row {row}", hint))
    return array


def chances(where: str, value: Any, name: str) -> np.ndarray:
    """(examples,) or (examples, classes) of numbers from 0 to 1, of any sum.

    Raises:
        ValueError: a number is none; the row is named.
    """
    array = finite_array(where, name, value)
    wrong = (array < 0) | (array > 1 + _SUM_OFF)
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0])
        hint = "of logits say from_logits=True"
        raise ValueError(expected(where, f"{name} from 0 to 1", f"{array[place]:g} in row {place[0]}", hint))
    clipped: np.ndarray = np.minimum(array, 1.0)
    return clipped


def codes_of(where: str, y_true: Any, classes: Classes, width: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of `width` classes, and the labels as their numbers; one-hot rows are taken, too.

    Raises:
        ValueError: labels that are no classes, or another number of classes.
    """
    if np.ndim(y_true) == 2 and np.shape(y_true)[1] == width > 1:
        y_true = from_one_hot(where, y_true, width)
        if not (classes is None or isinstance(classes, str) or np.ndim(classes) == 0):
            classes = [str(each) for each in np.asarray(classes).tolist()]  # of columns, not of numbers
    texts = np.asarray(y_true).dtype.kind in "UO"
    found = coded(where, width if classes is None and not texts else classes, y_true=y_true)
    if len(found.names) != width:
        hint = "give all classes, in the order of the columns: classes=[...]"
        got = f"{len(found.names)}"
        raise ValueError(expected(where, f"{width} classes, as many as columns", got, hint))
    if not len(found.codes[0]):
        raise ValueError(expected(where, "at least one example", "none"))
    return found.names, found.codes[0]


def from_one_hot(where: str, y: Any, width: int) -> np.ndarray:
    """The classes of rows of 0 and a single 1, (examples,).

    Raises:
        ValueError: a row is none; it is named.
    """
    rows = np.asarray(as_targets(where, y, width, len(y), "float64"))
    right = ((rows == 0) | (rows == 1)).all(axis=1) & (rows.sum(axis=1) == 1)
    if not right.all():
        row = int(np.argmin(right))
        got = f"{rows[row].tolist() if width < 12 else 'another one'} in row {row}"
        hint = "of shares take y.argmax(axis=1); of several yes and no's look at each column by itself"
        raise ValueError(expected(where, "y as labels, or rows of zeros and a single 1", got, hint))
    found: np.ndarray = rows.argmax(axis=1)
    return found


def same_rows(where: str, y: np.ndarray, scores: np.ndarray, name: str) -> None:
    """Raise unless both have one length."""
    if len(y) != len(scores):
        wanted = f"y_true and {name} of one length"
        raise ValueError(expected(where, wanted, f"{len(y)} and {len(scores)}"))
