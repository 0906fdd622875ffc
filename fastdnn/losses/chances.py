"""Losses of probabilities, each output by itself: binary cross-entropy and Kullback-Leibler divergence."""

from typing import Any

import numpy as np

from fastdnn.checks import number
from fastdnn.losses.base import OperationLoss, with_options
from fastdnn.losses.logits import read_by_cross_entropy
from fastdnn.losses.targets import refuse_no_chances, refuse_no_distributions
from fastdnn.program import KindAndOptions, Program, Value


class BinaryCrossentropy(OperationLoss):
    """Cross-entropy of yes and no: l = -(1/k) Σ_j t_j log p_j + (1 - t_j) log(1 - p_j) over the k outputs.

    From logits z, p = sigmoid(z), the loss is log(1 + exp z) - t z and its gradient (p - t) / k, at any z. So
    it is where the last activation is a sigmoid, too, whose input is taken. Other probabilities are kept 1e-7
    away from 0 and 1, and there the gradient is 0, as in Keras.

    Shapes: prediction and y (examples, k), 0 and 1, booleans, or probabilities between; y (examples,) will do
        where k is 1. "accuracy" beside it is the share of outputs on the right side of 1/2 (logits: of 0).

    Args:
        from_logits: whether the last layer gives z instead of p.
        label_smoothing: ε, 0 <= ε < 1: t becomes t (1 - ε) + ε/2.
        reduction: "mean", "sum" or "none" over the examples; see `fastdnn.losses`.
        name: in messages.

    Raises (at `fit` and `evaluate`):
        ValueError: y has another shape, or a value outside 0 to 1; the row and the value are named.

    >>> import fastdnn as fd
    >>> round(fd.losses.BinaryCrossentropy()([1, 0], [0.9, 0.2]), 6)
    0.164252
    >>> round(fd.losses.BinaryCrossentropy(from_logits=True)([1], [0.0]), 6)
    0.693147
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        *,
        reduction: str | None = "mean",
        name: str = "binary_crossentropy",
    ) -> None:
        super().__init__(reduction, name)
        self.from_logits = bool(from_logits)
        self.label_smoothing = number("BinaryCrossentropy", "label_smoothing", label_smoothing, 0.0, 1.0)
        threshold = 0.0 if self.from_logits else 0.5
        self.accuracy = with_options("binary_accuracy", threshold=threshold, target_threshold=0.5)

    def operation(self, of_logits: bool = False) -> KindAndOptions:
        """Of logits or of probabilities."""
        kind = "binary_cross_entropy" if of_logits else "binary_probability_cross_entropy"
        return with_options(kind, outputs="mean", label_smoothing=self.label_smoothing)

    def _read(self, program: Program, prediction: Value) -> tuple[Value, bool]:
        return read_by_cross_entropy(
            program, prediction, from_logits=self.from_logits, activation="sigmoid", where=self.name
        )

    def _check_targets(self, where: str, target: np.ndarray) -> None:
        refuse_no_chances(where, target)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        own = {"from_logits": self.from_logits, "label_smoothing": self.label_smoothing}
        return {**own, **super().get_config()}


class KLDivergence(OperationLoss):
    """Kullback-Leibler divergence of a distribution y from the model's: l = Σ_j y_j log(y_j / ŷ_j).

    Both are kept within 1e-7 and 1, and where ŷ is not there already the gradient is 0, as in Keras; else it
    is -y / ŷ.

    Shapes: prediction and y (examples, k), rows of y >= 0 with the sum 1, within 0.001. The last activation
        should give such rows, too: softmax, or logistic_normalize.

    Args:
        reduction: "mean", "sum" or "none" over the examples; see `fastdnn.losses`.
        name: in messages.

    Raises (at `fit` and `evaluate`):
        ValueError: a row of y is no distribution; it is named.

    >>> import fastdnn as fd
    >>> round(fd.losses.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 6)
    0.143841
    """

    accuracy = with_options("categorical_accuracy")

    def __init__(self, *, reduction: str | None = "mean", name: str = "kl_divergence") -> None:
        super().__init__(reduction, name)

    def operation(self, of_logits: bool = False) -> KindAndOptions:
        """Of its own name."""
        return with_options("kl_divergence", outputs="sum")

    def _check_targets(self, where: str, target: np.ndarray) -> None:
        refuse_no_distributions(where, target)
