"""Losses of real targets: squared, absolute, Huber's and log-cosh, of d = ŷ - y."""

import math
from typing import Any

from fastdnn.checks import choice, number
from fastdnn.losses.base import OperationLoss, with_options
from fastdnn.program import KindAndOptions, Option


class _OfDifferences(OperationLoss):
    """A function of the difference at each output, as a mean or a sum over the outputs."""

    _kind = ""

    def __init__(self, outputs: str, reduction: str | None, name: str) -> None:
        super().__init__(reduction, name)
        self.outputs = choice(type(self).__name__, "outputs", outputs, ("mean", "sum"))

    def operation(self, of_logits: bool = False) -> KindAndOptions:
        """Of its own name."""
        return with_options(self._kind, outputs=self.outputs, **self._parameters())

    def _parameters(self) -> dict[str, Option]:
        return {}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {**self._parameters(), "outputs": self.outputs, **super().get_config()}


class MeanSquaredError(_OfDifferences):
    """Squared error: l = (1/k) Σ_j d_j² over the k outputs.

    Shapes: prediction and y (examples, k); y (examples,) will do where k is 1. Gradient: 2 d / k.

    Args:
        half: whether half of it is taken, ½ d², whose gradient is d / k (decks 003 and 004).
        outputs: "mean" over the outputs (Keras), or their "sum" (decks 003 and 004).
        reduction: "mean", "sum" or "none" over the examples; see `fastdnn.losses`.
        name: in messages.

    >>> import fastdnn as fd
    >>> fd.losses.MeanSquaredError()([[1.0, 2.0]], [[2.0, 4.0]])
    2.5
    >>> of_deck_003 = fd.losses.MeanSquaredError(half=True, outputs="sum", reduction="sum")
    >>> of_deck_003([1.0, 6.0, 1.0], [2.0, 0.5, 0.5])
    15.75
    """

    _kind = "squared_error"

    def __init__(
        self,
        *,
        half: bool = False,
        outputs: str = "mean",
        reduction: str | None = "mean",
        name: str = "mean_squared_error",
    ) -> None:
        super().__init__(outputs, reduction, name)
        self.half = bool(half)

    def _parameters(self) -> dict[str, Option]:
        return {"half": self.half}


class MeanAbsoluteError(_OfDifferences):
    """Absolute error: l = (1/k) Σ_j |d_j| over the k outputs. Gradient: sign(d) / k, 0 where d is.

    Shapes: as of `MeanSquaredError`.

    Args:
        outputs: "mean" or "sum" over the outputs.
        reduction: as of `MeanSquaredError`.
        name: in messages.

    >>> import fastdnn as fd
    >>> fd.losses.MeanAbsoluteError()([[1.0, 2.0]], [[2.0, 4.0]])
    1.5
    """

    _kind = "absolute_error"

    def __init__(
        self, *, outputs: str = "mean", reduction: str | None = "mean", name: str = "mean_absolute_error"
    ) -> None:
        super().__init__(outputs, reduction, name)


class Huber(_OfDifferences):
    """Huber's loss: d²/2 where |d| <= δ, else δ (|d| - δ/2); the mean over the k outputs.

    Gradient: d / k, clipped to ±δ / k. Shapes: as of `MeanSquaredError`.

    Args:
        delta: δ > 0, default 1.
        outputs: "mean" or "sum" over the outputs.
        reduction: as of `MeanSquaredError`.
        name: in messages.

    Source: Huber, "Robust estimation of a location parameter", 1964.

    >>> import fastdnn as fd
    >>> fd.losses.Huber(delta=1.0)([0.0, 0.0], [0.5, 3.0])
    1.3125
    """

    _kind = "huber"

    def __init__(
        self,
        delta: float = 1.0,
        *,
        outputs: str = "mean",
        reduction: str | None = "mean",
        name: str = "huber_loss",
    ) -> None:
        super().__init__(outputs, reduction, name)
        self.delta = number("Huber", "delta", delta, 0.0, math.inf, ends="()")

    def _parameters(self) -> dict[str, Option]:
        return {"delta": self.delta}


class LogCosh(_OfDifferences):
    """log cosh d, about d²/2 for small d and |d| - log 2 for large; the mean over the k outputs.

    Gradient: tanh(d) / k. Shapes: as of `MeanSquaredError`.

    Args:
        outputs: "mean" or "sum" over the outputs.
        reduction: as of `MeanSquaredError`.
        name: in messages.

    >>> import fastdnn as fd
    >>> round(fd.losses.LogCosh()([0.0], [1.0]), 6)
    0.433781
    """

    _kind = "log_cosh"

    def __init__(
        self, *, outputs: str = "mean", reduction: str | None = "mean", name: str = "log_cosh"
    ) -> None:
        super().__init__(outputs, reduction, name)
