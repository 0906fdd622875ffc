"""Which classes are taken for which."""

from typing import Any

import numpy as np

from fastdnn.errors import expected
from fastdnn.layers.layer import positive_int


def confusion_matrix(y_true: Any, y_pred: Any, classes: int) -> np.ndarray:
    """Count the examples of each class by the class that was predicted.

    C[i][j] = examples of class i that were taken for class j; the diagonal holds those that were right.

    Shapes: C (classes, classes) i64; y_true, y_pred (examples,) whole numbers from 0 to classes - 1.

    Args:
        y_true: the right labels.
        y_pred: the predicted ones, such as `model.predict(x).argmax(axis=1)`.
        classes: how many there are, >= 1; a class that does not occur has a row and a column of zeros.

    Raises:
        ValueError: labels that are no classes (the first such row is named), or of unlike numbers.

    >>> from fastdnn.confusion import confusion_matrix
    >>> confusion_matrix([0, 0, 1, 2], [0, 1, 1, 2], classes=3)
    array([[1, 1, 0],
           [0, 1, 0],
           [0, 0, 1]])
    """
    count = positive_int("confusion_matrix", "classes", classes)
    true, predicted = _labels("y_true", y_true, count), _labels("y_pred", y_pred, count)
    if len(true) != len(predicted):
        got = f"{len(true)} and {len(predicted)}"
        raise ValueError(expected("confusion_matrix", "y_true and y_pred of one length", got))
    return np.bincount(true * count + predicted, minlength=count * count).reshape(count, count)


def _labels(name: str, value: Any, classes: int) -> np.ndarray:
    """Labels as (examples,) i64."""
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "buif"):
        hint = "from outputs of a model take .argmax(axis=1)" if array.ndim == 2 else ""
        got = f"{array.dtype} of shape {array.shape}"
        raise ValueError(expected("confusion_matrix", f"{name} as one number per example", got, hint))
    right = (array >= 0) & (array < classes) & (array == np.floor(array))
    if not right.all():
        row = int(np.argmin(right))
        wanted = f"{name} as whole numbers from 0 to {classes - 1}"
        raise ValueError(expected("confusion_matrix", wanted, f"{array[row]} in row {row}"))
    return array.astype(np.int64)
