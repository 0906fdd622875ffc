"""Figures that are reported beside the loss.

| class | string | the mean over the examples of |
|---|---|---|
| `Accuracy` | accuracy, acc | what is right under the loss: one of the next three |
| `BinaryAccuracy` | binary_accuracy | the share of outputs on the right side of 1/2; of logits, of 0 |
| `CategoricalAccuracy` | categorical_accuracy | whether the largest output is where the largest of y is |
| `SparseCategoricalAccuracy` | sparse_categorical_accuracy | whether the largest output is the label's |
| `TopKCategoricalAccuracy` | top_k_categorical_accuracy | whether it is among the k largest, k = 5 |
| `SparseTopKCategoricalAccuracy` | sparse_top_k_categorical_accuracy | the same with labels |
| `RootMeanSquaredError` | root_mean_squared_error, rmse | (ŷ - y)², and the root of the whole |
| `R2Score` | r2_score, r2 | 1 - Σ (ŷ - y)² / Σ (y - ȳ)², of one output |
| a loss of `fastdnn.losses` | its string: mse, mae, huber, ... | the loss, whatever its reduction |

A loss by its string takes logits where the model's loss does. `compile(metrics=...)` are computed without
sample weights, `compile(weighted_metrics=...)` with them, Σ w m / Σ w, as in Keras; class weights count as
sample weights.

As a function of arrays, a metric is called as metric(y_true, y_pred, sample_weight=None):

>>> import fastdnn as fd
>>> fd.metrics.SparseTopKCategoricalAccuracy(k=2)([0, 2], [[0.1, 0.7, 0.2], [0.2, 0.3, 0.5]])
0.5

A metric of your own is an object with

- `name`;
- `update(y, y_hat, sample_weight)`: take in a batch, y (examples,) labels or (examples, targets), y_hat
  (examples, outputs), all of them copies; sample_weight (examples,), or None where there are none, and
  always in `metrics`;
- `result()`: the figure so far;
- `reset()`: begin afresh, called before each epoch and each evaluation.

Or it is a function f(y, y_hat) that gives a number for each example, or, without weights, their mean; it is
averaged over the examples. In `fit` a metric sees each step that is kept, once, with the outputs that led to
it.

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

from typing import Any, cast

from fastdnn import losses
from fastdnn.custom.metrics import PythonMetric, is_metric
from fastdnn.errors import expected, unknown_name
from fastdnn.losses import Loss, OperationLoss
from fastdnn.metrics.accuracies import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from fastdnn.metrics.base import Measurement, Metric, OperationMetric
from fastdnn.metrics.errors import LossMetric, R2Score, RootMeanSquaredError
from fastdnn.registry import Registry

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "LossMetric",
    "Measurement",
    "Metric",
    "OperationMetric",
    "R2Score",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "from_config",
    "get",
]

REGISTRY = Registry[OperationMetric](
    "a metric",
    (
        Accuracy,
        BinaryAccuracy,
        CategoricalAccuracy,
        R2Score,
        RootMeanSquaredError,
        SparseCategoricalAccuracy,
        SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy,
    ),
    {"acc": Accuracy, "r2": R2Score, "rmse": RootMeanSquaredError},
)

# Figures of whole sets, which are no means over their batches.
_OF_CLASSES = ("auc", "roc_auc", "balanced_accuracy", "f1", "f1_score", "precision", "recall")


def get(metric: Any, loss: Loss, where: str = "compile", *, weighted: bool = False) -> Metric:
    """A metric by its name, the object itself, a loss as one, or what a model makes of one of the user's own,
    if it can be computed beside this loss.

    Args:
        metric: what users give.
        loss: of the same output.
        where: for messages.
        weighted: whether it is one of `weighted_metrics`.

    Raises:
        ValueError: no metric has this name, it does not fit the loss's targets, or it is no metric.

    >>> from fastdnn import losses, metrics
    >>> metrics.get("accuracy", losses.get("categorical_crossentropy")).name
    'accuracy'
    """
    chosen = _own(metric, loss, where)
    if chosen is None:
        return PythonMetric(metric, where)
    chosen.check(loss, where)
    if weighted and not chosen.takes_weights:
        raise ValueError(expected(where, f"{chosen.name!r} in metrics", "in weighted_metrics"))
    return chosen


def _own(metric: Any, loss: Loss, where: str) -> OperationMetric | None:
    """A metric of the package, or None where it is the user's own."""
    if isinstance(metric, str):
        return _named(metric, loss, where)
    if isinstance(metric, LossMetric) or REGISTRY.has(metric):
        return cast(OperationMetric, metric)
    if losses.REGISTRY.has(metric):
        return LossMetric(metric)
    if is_metric(metric):
        return None
    raise unknown_name(where, "a metric", metric, _strings())


def _named(name: str, loss: Loss, where: str) -> OperationMetric:
    """The metric of a string, by which it is reported."""
    kind = REGISTRY.find(name)
    if kind is not None:
        return cast(Any, kind)(name=name)  # type: ignore[no-any-return]
    if losses.REGISTRY.find(name) is None:
        if name.lower() in _OF_CLASSES:
            hint = (
                "fd.diagnose.evaluate_classes tells it of a trained model; "
                "while training it takes a metric of your own, see fastdnn.metrics"
            )
            raise ValueError(expected(where, "a metric of the package", repr(name), hint))
        raise unknown_name(where, "a metric", name, _strings())
    made = losses.get(name)
    config = made.get_config()
    if "from_logits" in config:
        config["from_logits"] = bool(getattr(loss, "from_logits", False))
        made = losses.from_config(type(made).__name__, config)
    return LossMetric(cast(OperationLoss, made), name)


def _strings() -> list[str]:
    return [*REGISTRY.strings, *losses.REGISTRY.strings]


def described(metric: OperationMetric) -> dict[str, Any]:
    """What a file says of a metric of the package."""
    if isinstance(metric, LossMetric):
        loss = {"class_name": type(metric.loss).__name__, "config": metric.loss.get_config()}
        return {"class_name": "LossMetric", "config": {"loss": loss, "name": metric.name}}
    return {"class_name": type(metric).__name__, "config": metric.get_config()}


def from_config(class_name: str, config: dict[str, Any]) -> OperationMetric:
    """A metric from its class name and `get_config()`, or what `described` says of a loss.

    Raises:
        ValueError: no metric class has this name, or the arguments are not its.

    >>> from fastdnn import metrics
    >>> metrics.from_config("TopKCategoricalAccuracy", {"k": 3}).name
    'top_k_categorical_accuracy'
    """
    if class_name != "LossMetric":
        return REGISTRY.from_config(class_name, config, "metrics")
    loss = losses.from_config(config["loss"]["class_name"], config["loss"]["config"])
    return LossMetric(cast(OperationLoss, loss), config["name"])
