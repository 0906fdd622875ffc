"""Figures that are reported beside the loss.

| name | formula, a mean over examples |
|---|---|
| accuracy | share of examples whose largest output is the right class |
| mean_squared_error, mse | (1/k) Σ_j (ŷ_j - y_j)² |

A metric of your own is an object with

- `name`;
- `update(y, y_hat, sample_weight)`: take in a batch, y (examples,) labels or (examples, targets), y_hat
  (examples, outputs), sample_weight (examples,) or None, all of them copies;
- `result()`: the figure so far;
- `reset()`: begin afresh, called before each epoch and each evaluation.

Or it is a function f(y, y_hat) that gives a number for each example, or their mean; it is averaged over the
examples. In `fit` a metric sees each step that is kept, once, with the outputs that led to it.

Two runs never share an object's state: a fit updates your own object; its validation a `copy.deepcopy`, made
before the first epoch; an evaluation from inside the fit one of its own. After `evaluate` your object holds
what it has seen.

>>> import numpy as np
>>> import fastdnn as fd
>>> class LargestError:
...     name = "largest_error"
...
...     def reset(self):
...         self.worst = 0.0
...
...     def update(self, y, y_hat, sample_weight):
...         self.worst = max(self.worst, abs(y - y_hat).max())
...
...     def result(self):
...         return self.worst
>>> model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)], seed=0)
>>> model.compile(loss="mse", metrics=[LargestError()])
>>> model.evaluate(np.zeros((2, 2)), np.array([1.0, -3.0]))
[5.0, 3.0]
"""

from dataclasses import dataclass
from typing import Any, Protocol

from fastdnn.custom.metrics import PythonMetric, is_metric
from fastdnn.errors import expected, unknown_name
from fastdnn.losses import Loss, lower_squared_error
from fastdnn.program import Program, Value

NAMES = ("accuracy", "mean_squared_error", "mse")


class Metric(Protocol):
    """What a model needs of a metric."""

    @property
    def name(self) -> str:
        """By which it is reported."""
        ...

    def lower(
        self,
        program: Program,
        figure: str,
        loss: Loss,
        prediction: Value,
        target: Value,
        weights: Value | None,
    ) -> None:
        """Emit what computes it, and say that it is reported as `figure`."""
        ...


@dataclass(frozen=True)
class RowMetric:
    """A metric of the package, by its name: the mean of a number for each row, without weights."""

    name: str

    def lower(
        self,
        program: Program,
        figure: str,
        loss: Loss,
        prediction: Value,
        target: Value,
        weights: Value | None,
    ) -> None:
        """One operation and a result.

        Raises:
            ValueError: the targets have another width than the outputs.
        """
        if self.name != "accuracy":
            if prediction.cols != target.cols:
                wanted = f"targets as wide as the {prediction.cols} outputs, for the metric {figure!r}"
                got = f"those of the loss {loss.name!r}, {target.cols} wide"
                raise ValueError(expected("compile", wanted, got))
            value = lower_squared_error(program, prediction, target, figure)
        else:
            assert loss.accuracy is not None  # `get` has seen to it
            value = program.emit(loss.accuracy, prediction, target, name=figure, cols=1)
        program.add_result(figure, value, None, loss=False)


def get(metric: Any, loss: Loss, where: str = "compile") -> Metric:
    """A metric by its name, or of the user's own, if it can be computed beside this loss.

    Raises:
        ValueError: no metric has this name, it does not fit the loss's targets, or it is no metric.

    >>> from fastdnn import losses, metrics
    >>> metrics.get("accuracy", losses.get("categorical_crossentropy")).name
    'accuracy'
    """
    if not isinstance(metric, str) and is_metric(metric):
        return PythonMetric(metric, where)
    if metric not in NAMES or not isinstance(metric, str):
        raise unknown_name(where, "a metric", metric, NAMES)
    if metric == "accuracy" and loss.accuracy is None:
        raise ValueError(expected(where, "a cross-entropy as the loss of 'accuracy'", loss.name))
    if metric != "accuracy" and loss.integer_targets:
        raise ValueError(expected(where, f"a loss without labels beside {metric!r}", loss.name))
    return RowMetric(metric)
