"""How far off: losses as metrics, and what is made of squared errors."""

import math
from typing import Any

import numpy as np

from fastdnn.errors import expected
from fastdnn.features import as_targets
from fastdnn.figures import Figure, mean
from fastdnn.losses import OperationLoss
from fastdnn.losses.base import Loss, as_predictions, with_options
from fastdnn.metrics.base import Measurement, OperationMetric, refuse_other_width
from fastdnn.program import KindAndOptions

_SQUARES = with_options("squared_error", outputs="mean", half=False)


class LossMetric(OperationMetric):
    """A loss of the package, measured: its mean over the examples, whatever its reduction.

    Args:
        loss: of `fastdnn.losses`.
        name: under which it is reported, default the loss's.
    """

    def __init__(self, loss: OperationLoss, name: str | None = None) -> None:
        super().__init__(loss.name if name is None else name)
        self.loss = loss
        self.integer_targets = loss.integer_targets

    def lower(self, on: Measurement) -> None:
        """What the loss emits, and its sum."""
        refuse_other_width(on)
        on.report(self.loss.lower(on.program, on.prediction, on.target, on.figure))

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """The loss's."""
        return self.loss.operation(getattr(self.loss, "from_logits", False))


class RootMeanSquaredError(OperationMetric):
    """√((1/nk) Σ (ŷ - y)²), over all n examples and k outputs; the root is taken once, of the whole mean.

    Args:
        name: under which it is reported.

    >>> import fastdnn as fd
    >>> fd.metrics.RootMeanSquaredError()([0.0, 0.0], [1.0, 7.0])
    5.0
    """

    def __init__(self, name: str = "root_mean_squared_error") -> None:
        super().__init__(name)

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """The squared error."""
        return _SQUARES

    def figure(self, total: float, count: float) -> float:
        """The root of the mean."""
        return math.sqrt(mean(total, count))


def _explained(errors: float, sum_of_y: float, sum_of_squares: float, count: float) -> float:
    """1 - Σ (ŷ - y)² / Σ (y - ȳ)², where Σ (y - ȳ)² = Σ y² - (Σ y)² / n."""
    deviations = sum_of_squares - mean(sum_of_y * sum_of_y, count)
    if deviations > 0:
        return 1 - errors / deviations
    return 1.0 if errors == 0 else 0.0  # as in scikit-learn, where y is constant


class R2Score(OperationMetric):
    """R² = 1 - Σ (ŷ - y)² / Σ (y - ȳ)² of one output, over all examples: 1 at best, 0 for predicting ȳ.

    Of an epoch, exactly that of all its examples: Σ y and Σ y² are summed up in float64, which leaves a
    relative error of about n ȳ²/σ² 1e-16. Where y is constant it is 1 for no error and 0 otherwise.

    Args:
        name: under which it is reported.

    Raises (at `compile` or `fit`):
        ValueError: the model has more than one output, or it is one of `weighted_metrics`.

    >>> import fastdnn as fd
    >>> fd.metrics.R2Score()([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """

    takes_weights = False

    def __init__(self, name: str = "r2_score") -> None:
        super().__init__(name)

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """The squared error."""
        return _SQUARES

    def lower(self, on: Measurement) -> None:
        """Three sums."""
        refuse_other_width(on)
        self._refuse_several("compile", on.prediction.cols)
        add, y = on.program.add_result, on.target
        errors = add(on.figure, on.emit(*_SQUARES), None, loss=False)
        sums = add(f"{on.figure}, y", y, None, loss=False), add(f"{on.figure}, y²", y, y, loss=False)
        on.program.add_figure(Figure(on.figure, (errors, *sums, None), _explained))

    def _refuse_several(self, where: str, outputs: int) -> None:
        if outputs != 1:
            raise ValueError(expected(where, f"one output, for the metric {self.name!r}", outputs))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """R² of arrays (examples,), in float64.

        Raises:
            ValueError: an array does not fit, or weights are given.
        """
        where = type(self).__name__
        if sample_weight is not None:
            raise ValueError(expected(where, "no sample_weight", type(sample_weight).__name__))
        prediction = as_predictions(where, y_pred)
        self._refuse_several(where, prediction.shape[1])
        target = np.asarray(as_targets(where, y_true, 1, len(prediction), "float64"), np.float64)
        errors, centred = target - prediction, target - target.mean()
        return _explained(float((errors**2).sum()), 0.0, float((centred**2).sum()), float(len(target)))
