"""What every metric is: what it emits into a program, and the figure that is made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fastdnn.checks import is_text
from fastdnn.errors import expected
from fastdnn.features import as_labels, as_targets, as_weights
from fastdnn.figures import Figure, mean
from fastdnn.losses.base import Loss, as_predictions
from fastdnn.program import KindAndOptions, Option, Program, Value


@dataclass(frozen=True)
class Measurement:
    """What a metric of one output is computed from.

    figure: the name under which it is reported.
    loss: of the same output.
    weights: of the samples, where the metric is to mind them and there are some.
    """

    program: Program
    figure: str
    loss: Loss
    prediction: Value
    target: Value
    weights: Value | None = None

    def emit(self, kind: str, options: Mapping[str, Option]) -> Value:
        """Emit an operation of prediction and target that gives a number for each row."""
        return self.program.emit(
            kind, self.prediction, self.target, name=self.figure, cols=1, options=options
        )

    def report(self, value: Value, of: Callable[[float, float], float] = mean) -> None:
        """Report `of`(Σ v, n) of a number for each row, or with weights `of`(Σ w v, Σ w): their mean."""
        add = self.program.add_result
        total = add(self.figure, value, self.weights, loss=False)
        weights = self.weights
        count = None if weights is None else add(f"{self.figure}, weights", weights, None, loss=False)
        self.program.add_figure(Figure(self.figure, (total, count), of))


class Metric(Protocol):
    """What a model needs of a metric."""

    @property
    def name(self) -> str:
        """By which it is reported."""
        ...

    def lower(self, on: Measurement) -> None:
        """Emit what computes it, and report its figure."""
        ...


class OperationMetric:
    """A metric of the package: a number for each row, and what is made of their mean.

    Args:
        name: under which it is reported.
    """

    integer_targets: bool | None = False  # None: either
    takes_weights = True  # whether it can be one of `weighted_metrics`

    def __init__(self, name: str) -> None:
        if not is_text(name) or not name:
            raise ValueError(expected(type(self).__name__, "name as a string in UTF-8", repr(name)))
        self.name = name

    def operation(self, loss: Loss | None) -> KindAndOptions:
        """The operation that gives a number for each row, beside a loss or as a function of arrays."""
        raise NotImplementedError

    def figure(self, total: float, count: float) -> float:
        """What is reported of Σ v and n, or of Σ w v and Σ w."""
        return mean(total, count)

    def check(self, loss: Loss, where: str) -> None:
        """Raise unless it can be computed from the targets of a loss."""
        if self.integer_targets and not loss.integer_targets:
            hint = "such as sparse_categorical_crossentropy"
            raise ValueError(expected(where, f"a loss of labels beside {self.name!r}", loss.name, hint))
        if self.integer_targets is False and loss.integer_targets:
            raise ValueError(expected(where, f"a loss without labels beside {self.name!r}", loss.name))

    def lower(self, on: Measurement) -> None:
        """One operation and its sum.

        Raises:
            ValueError: the targets have another width than the outputs.
        """
        refuse_other_width(on)
        on.report(on.emit(*self.operation(on.loss)), self.figure)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """The metric of arrays, by the NumPy reference in float64.

        Args:
            y_true: targets as in `Model.fit`.
            y_pred: (examples, outputs), or (examples,) of one output.
            sample_weight: (examples,), >= 0.

        Raises:
            ValueError: an array does not fit.
        """
        from fastdnn.reference.operations import OPERATIONS

        where = type(self).__name__
        prediction = as_predictions(where, y_pred)
        rows, outputs = prediction.shape
        if self.integer_targets:
            target = as_labels(where, y_true, outputs, rows)
        else:
            target = as_targets(where, y_true, outputs, rows, "float64")
        kind, options = self.operation(None)
        values = OPERATIONS[kind](prediction, target, **options)
        assert isinstance(values, np.ndarray)
        weights = np.ones((rows, 1))
        if sample_weight is not None:
            weights = as_weights(where, sample_weight, rows, "float64")
        return self.figure(float((weights * values).sum()), float(weights.sum()))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {"name": self.name}


def refuse_other_width(on: Measurement) -> None:
    """Raise where targets that are no labels have another width than the outputs."""
    if not on.loss.integer_targets and on.prediction.cols != on.target.cols:
        wanted = f"targets as wide as the {on.prediction.cols} outputs, for the metric {on.figure!r}"
        got = f"those of the loss {on.loss.name!r}, {on.target.cols} wide"
        raise ValueError(expected("compile", wanted, got))
