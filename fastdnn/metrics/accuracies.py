"""Shares of right answers."""

from typing import Any

from fastdnn.checks import number, whole
from fastdnn.errors import expected
from fastdnn.losses.base import Loss, with_options
from fastdnn.metrics.base import OperationMetric
from fastdnn.program import KindAndOptions, Option


class Accuracy(OperationMetric):
    """The share of right answers, as the loss sees them.

    Under cross-entropies over classes, and `KLDivergence`: whether the largest output is the right class (the
    first of equal ones; NaN never is). Under `BinaryCrossentropy` `BinaryAccuracy`; under hinges whether an
    output has its label's sign.

    Args:
        name: under which it is reported.

    Raises (at `compile`):
        ValueError: the loss knows no right answers.

    >>> import fastdnn as fd
    >>> fd.metrics.Accuracy().name
    'accuracy'
    """

    integer_targets = None

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(name)

    def check(self, loss: Loss, where: str) -> None:
        """Raise unless the loss has right answers."""
        if loss.accuracy is None:
            wanted = f"a cross-entropy as the loss of {self.name!r}, or a hinge"
            raise ValueError(expected(where, wanted, loss.name))

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """The loss's.

        Raises:
            ValueError: there is no loss.
        """
        if loss is None or loss.accuracy is None:
            hint = "or take BinaryAccuracy, CategoricalAccuracy or SparseCategoricalAccuracy"
            raise ValueError(expected("Accuracy", "a loss that says what is right", "none", hint))
        return loss.accuracy


class BinaryAccuracy(OperationMetric):
    """The share of outputs on the right side of a threshold, (1/k) Σ_j [(ŷ_j > threshold) = (y_j > 1/2)].

    NaN is never right. Under hinges, whose labels may be -1 and 1, y_j > 0 is yes.

    Args:
        threshold: None for 1/2, or 0 where the loss takes logits or is a hinge.
        name: under which it is reported.

    >>> import fastdnn as fd
    >>> fd.metrics.BinaryAccuracy()([1, 0, 1, 0], [0.9, 0.2, 0.3, 0.5])
    0.75
    """

    def __init__(self, threshold: float | None = None, name: str = "binary_accuracy") -> None:
        super().__init__(name)
        self.threshold = None if threshold is None else number("BinaryAccuracy", "threshold", threshold)

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """With the thresholds that the loss implies."""
        kind = "binary_accuracy"
        options: dict[str, Option] = {"threshold": 0.5, "target_threshold": 0.5}
        if loss is not None and loss.accuracy is not None and loss.accuracy[0] == kind:
            options |= loss.accuracy[1]
        elif getattr(loss, "from_logits", False):
            options["threshold"] = 0.0
        if self.threshold is not None:
            options["threshold"] = self.threshold
        return with_options(kind, **options)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {"threshold": self.threshold, **super().get_config()}


class CategoricalAccuracy(OperationMetric):
    """The share of examples whose largest output is where the largest of y is.

    Args:
        name: under which it is reported.

    >>> import fastdnn as fd
    >>> fd.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.3, 0.7], [0.4, 0.6]])
    0.5
    """

    def __init__(self, name: str = "categorical_accuracy") -> None:
        super().__init__(name)

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """Of the same name."""
        return with_options("categorical_accuracy")


class SparseCategoricalAccuracy(OperationMetric):
    """The share of examples whose largest output is the label's.

    Args:
        name: under which it is reported.

    >>> import fastdnn as fd
    >>> fd.metrics.SparseCategoricalAccuracy()([1, 0], [[0.3, 0.7], [0.4, 0.6]])
    0.5
    """

    integer_targets = True

    def __init__(self, name: str = "sparse_categorical_accuracy") -> None:
        super().__init__(name)

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """The kernel's."""
        return with_options("sparse_accuracy")


class TopKCategoricalAccuracy(OperationMetric):
    """The share of examples for which fewer than k outputs are larger than that where y is largest.

    Equal outputs count as right together, as in Keras; a NaN there never does.

    Args:
        k: how many outputs may be looked at, >= 1, default 5.
        name: under which it is reported.

    >>> import fastdnn as fd
    >>> top_2 = fd.metrics.TopKCategoricalAccuracy(k=2)
    >>> top_2([[0, 1, 0], [1, 0, 0]], [[0.5, 0.3, 0.2], [0.1, 0.4, 0.5]])
    0.5
    """

    _kind = "categorical_top_k_accuracy"

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy") -> None:
        super().__init__(name)
        self.k = whole(type(self).__name__, "k", k, 1)

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """The kernel's."""
        return with_options(self._kind, k=float(self.k))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {"k": self.k, **super().get_config()}


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """The same with labels: the share of examples for which fewer than k outputs are larger than the label's.

    Args:
        k: as of `TopKCategoricalAccuracy`.
        name: under which it is reported.

    >>> import fastdnn as fd
    >>> fd.metrics.SparseTopKCategoricalAccuracy(k=2)([1, 0], [[0.5, 0.3, 0.2], [0.1, 0.4, 0.5]])
    0.5
    """

    integer_targets = True
    _kind = "sparse_top_k_accuracy"

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(k, name)
