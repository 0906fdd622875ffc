"""Losses of labels -1 and 1 against a signed output: hinges."""

import numpy as np

from fastdnn.losses.base import OperationLoss, with_options
from fastdnn.losses.targets import refuse_no_signs
from fastdnn.program import KindAndOptions


class _OfMargins(OperationLoss):
    """A function of 1 - t ŷ at each output, as the mean over the outputs."""

    accuracy = with_options("binary_accuracy", threshold=0.0, target_threshold=0.0)
    _kind = ""

    def operation(self, of_logits: bool = False) -> KindAndOptions:
        """Of its own name."""
        return with_options(self._kind, outputs="mean")

    def _check_targets(self, where: str, target: np.ndarray) -> None:
        refuse_no_signs(where, target)


class Hinge(_OfMargins):
    """l = (1/k) Σ_j max(1 - t_j ŷ_j, 0) over the k outputs, for labels t of -1 and 1; 0 counts as -1.

    Gradient: -t / k where 1 - t ŷ > 0, else 0. "accuracy" beside it is the share of outputs whose sign is the
    label's.

    Shapes: prediction and y (examples, k); y (examples,) will do where k is 1.

    Args:
        reduction: "mean", "sum" or "none" over the examples; see `fastdnn.losses`.
        name: in messages.

    Raises (at `fit` and `evaluate`):
        ValueError: y has another shape, or other values; the row and the value are named.

    >>> import fastdnn as fd
    >>> fd.losses.Hinge()([1, -1, -1], [2.0, 0.5, -0.5])
    0.6666666666666666
    """

    _kind = "hinge"

    def __init__(self, *, reduction: str | None = "mean", name: str = "hinge") -> None:
        super().__init__(reduction, name)


class SquaredHinge(_OfMargins):
    """l = (1/k) Σ_j max(1 - t_j ŷ_j, 0)²; gradient: -2 t max(1 - t ŷ, 0) / k. All else as of `Hinge`.

    Args:
        reduction: as of `Hinge`.
        name: in messages.

    >>> import fastdnn as fd
    >>> fd.losses.SquaredHinge()([1, -1], [2.0, 0.5])
    1.125
    """

    _kind = "squared_hinge"

    def __init__(self, *, reduction: str | None = "mean", name: str = "squared_hinge") -> None:
        super().__init__(reduction, name)
