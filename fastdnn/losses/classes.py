"""Cross-entropies over classes."""

from typing import Any

import numpy as np

from fastdnn.checks import choice, number, whole
from fastdnn.errors import expected
from fastdnn.features import as_labels, as_targets
from fastdnn.losses.base import OperationLoss, with_options
from fastdnn.losses.logits import read_by_cross_entropy
from fastdnn.losses.targets import refuse_others
from fastdnn.program import KindAndOptions, Program, Value


class _OverClasses(OperationLoss):
    """Softmax cross-entropy from logits, or from probabilities of another make."""

    _kinds = ("", "")  # from probabilities, from logits

    def __init__(
        self, from_logits: bool, label_smoothing: float, mode: str, reduction: str | None, name: str
    ) -> None:
        super().__init__(reduction, name)
        where = type(self).__name__
        self.from_logits = bool(from_logits)
        self.label_smoothing = number(where, "label_smoothing", label_smoothing, 0.0, 1.0)
        self.label_smoothing_mode = choice(where, "a label_smoothing_mode", mode, ("k", "k-1"))

    def operation(self, of_logits: bool = False) -> KindAndOptions:
        """Of logits or of probabilities."""
        smoothing, mode = self.label_smoothing, self.label_smoothing_mode
        return with_options(self._kinds[of_logits], label_smoothing=smoothing, label_smoothing_mode=mode)

    def _read(self, program: Program, prediction: Value) -> tuple[Value, bool]:
        self._check_classes(prediction.cols)
        return read_by_cross_entropy(
            program, prediction, from_logits=self.from_logits, activation="softmax", where=self.name
        )

    def _check_classes(self, classes: int) -> None:
        if classes < 2 and self.label_smoothing and self.label_smoothing_mode == "k-1":
            wanted = 'at least two classes, for label_smoothing_mode="k-1"'
            raise ValueError(expected(self.name, wanted, classes))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "label_smoothing_mode": self.label_smoothing_mode,
            **super().get_config(),
        }


def smooth_labels(
    y: Any, label_smoothing: float, *, mode: str = "k", classes: int | None = None
) -> np.ndarray:
    """Targets as the cross-entropies see them under label smoothing ε, (examples, classes) in float64.

    "k": t becomes t (1 - ε) + ε/k, a hard 1 so 1 - ε + ε/k and a hard 0 ε/k (Keras, PyTorch). "k-1": a hard 1
    becomes 1 - ε and a hard 0 ε/(k-1) (deck 004).

    Args:
        y: (examples, classes), or labels (examples,).
        label_smoothing: ε, 0 <= ε < 1.
        mode: "k" or "k-1".
        classes: k; needed of labels.

    Raises:
        ValueError: an argument does not fit, or y is no such array.

    Source: Szegedy et al., "Rethinking the Inception architecture", CVPR 2016; deck 004.

    >>> import fastdnn as fd
    >>> fd.losses.smooth_labels([2], 0.3, mode="k-1", classes=4).round(6).tolist()
    [[0.1, 0.1, 0.7, 0.1]]
    >>> fd.losses.smooth_labels([[0, 0, 1, 0]], 0.4).round(6).tolist()
    [[0.1, 0.1, 0.7, 0.1]]
    """
    from fastdnn.reference import cross_entropy

    where = "smooth_labels"
    epsilon = number(where, "label_smoothing", label_smoothing, 0.0, 1.0)
    choice(where, "a mode", mode, ("k", "k-1"))
    rows = len(np.atleast_1d(y))
    if np.ndim(y) == 1:
        k = whole(where, "classes", classes, 1)
        target = cross_entropy.one_hot(as_labels(where, y, k, rows), k)
    else:
        k = np.shape(y)[-1] if classes is None else whole(where, "classes", classes, 1)
        target = np.asarray(as_targets(where, y, k, rows, "float64"), np.float64)
    if mode == "k-1" and k < 2:
        raise ValueError(expected(where, 'at least two classes, for mode="k-1"', k))
    return cross_entropy.smooth_labels(target, epsilon, mode)


def _one_hot_rows(y: Any, classes: int) -> np.ndarray | None:
    """The labels of an array whose rows are one-hot, or None if it is none."""
    array = np.asarray(y)
    if array.ndim != 2 or array.shape[1] != classes or classes < 2 or array.dtype.kind not in "buif":
        return None
    one_hot = ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
    return array.argmax(axis=1) if one_hot else None


class SparseCategoricalCrossentropy(_OverClasses):
    """Cross-entropy with labels: l = -log p[label], p = softmax(z).

    From logits, or where the last activation is a softmax, it is computed from z: nothing is lost where p is
    near 0, and the gradient with respect to z is p - onehot(label). Probabilities of another make, such as of
    `logistic_normalize` (deck 001), are divided by their sum and kept 1e-7 away from 0 and 1, as in Keras;
    p - onehot(label) does not hold there.

    Shapes: prediction (examples, classes), y (examples,) or (examples, 1) whole numbers from 0 to classes - 1
        (one-hot rows are taken too).

    Args:
        from_logits: whether the last layer gives z instead of p.
        label_smoothing: ε, 0 <= ε < 1, from logits or a softmax; see `CategoricalCrossentropy`. (Keras has
            none for labels, PyTorch has.)
        label_smoothing_mode: "k" or "k-1".
        reduction: "mean", "sum" or "none" over the examples; see `fastdnn.losses`.
        name: in messages.

    Raises (at `fit` and `evaluate`):
        ValueError: a label is no class; the row and the value are named.

    >>> import fastdnn as fd
    >>> fd.losses.SparseCategoricalCrossentropy(from_logits=True).from_logits
    True
    >>> round(fd.losses.SparseCategoricalCrossentropy()([1], [[0.25, 0.75]]), 6)
    0.287682
    """

    accuracy = with_options("sparse_accuracy")
    integer_targets = True
    _kinds = ("sparse_probability_cross_entropy", "sparse_cross_entropy")

    def __init__(
        self,
        from_logits: bool = False,
        *,
        label_smoothing: float = 0.0,
        label_smoothing_mode: str = "k",
        reduction: str | None = "mean",
        name: str = "sparse_categorical_crossentropy",
    ) -> None:
        super().__init__(from_logits, label_smoothing, label_smoothing_mode, reduction, name)

    def operation(self, of_logits: bool = False) -> KindAndOptions:
        """Of logits or of probabilities.

        Raises:
            ValueError: labels are to be smoothed, and there are no logits.
        """
        if of_logits:
            return super().operation(of_logits)
        if self.label_smoothing:
            wanted = "logits or a softmax, for label_smoothing of labels"
            hint = "CategoricalCrossentropy takes labels, too"
            raise ValueError(expected(self.name, wanted, "other probabilities", hint))
        return with_options(self._kinds[0])

    def target_width(self, outputs: int) -> int:
        """Labels."""
        return 1

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """Labels, checked."""
        labels = _one_hot_rows(y, outputs)
        return as_labels(where, y if labels is None else labels, outputs, rows)


class CategoricalCrossentropy(_OverClasses):
    """Cross-entropy with a distribution over the classes: l = -Σ_j t_j log p_j, p = softmax(z).

    How p and z are taken is said of `SparseCategoricalCrossentropy`; the gradient with respect to z is p Σ t
    - t.

    Shapes: prediction and y (examples, classes); labels of shape (examples,) are taken too, as one-hot rows.

    Args:
        from_logits: whether the last layer gives z instead of p.
        label_smoothing: ε, 0 <= ε < 1, by which targets become softer.
        label_smoothing_mode: "k": t becomes t (1 - ε) + ε/k, of a hard target 1 - ε + ε/k and ε/k (Keras,
            PyTorch; Szegedy et al., CVPR 2016). "k-1": hard 1 becomes 1 - ε and hard 0 ε/(k-1) (deck 004).
        reduction: "mean", "sum" or "none" over the examples; see `fastdnn.losses`.
        name: in messages.

    Raises (at `fit` and `evaluate`):
        ValueError: y has another shape, is not finite, or is negative somewhere.

    >>> import fastdnn as fd
    >>> round(fd.losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.25, 0.75]]), 6)
    0.287682
    >>> smoothed = fd.losses.CategoricalCrossentropy(label_smoothing=0.1, label_smoothing_mode="k-1")
    >>> round(smoothed([[0.0, 1.0]], [[0.1, 0.9]]), 6)  # the least there is: -0.1 log 0.1 - 0.9 log 0.9
    0.325083
    """

    accuracy = with_options("categorical_accuracy")
    _kinds = ("categorical_probability_cross_entropy", "categorical_cross_entropy")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        *,
        label_smoothing_mode: str = "k",
        reduction: str | None = "mean",
        name: str = "categorical_crossentropy",
    ) -> None:
        super().__init__(from_logits, label_smoothing, label_smoothing_mode, reduction, name)

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """Distributions, checked."""
        if outputs > 1 and (np.ndim(y) == 1 or np.shape(y)[1:] == (1,)):
            y = np.eye(outputs)[as_labels(where, y, outputs, rows)[:, 0]]
        target = as_targets(where, y, outputs, rows, dtype)
        refuse_others(where, target, lambda t: t >= 0, "y >= 0, a distribution over the classes")
        return target
