"""Figures that are reported beside the loss, each a mean over examples.

| name | formula |
|---|---|
| accuracy | share of examples whose largest output is the right class |
| mean_squared_error, mse | (1/k) Σ_j (ŷ_j - y_j)² |
"""

from fastdnn.errors import expected, unknown_name
from fastdnn.losses import Loss, lower_squared_error
from fastdnn.program import Program, Value

NAMES = ("accuracy", "mean_squared_error", "mse")


def check(metric: object, loss: Loss, where: str = "compile") -> str:
    """The metric's name, if it can be computed beside this loss.

    Raises:
        ValueError: no metric has this name, or it does not fit the loss's targets.

    >>> from fastdnn import losses, metrics
    >>> metrics.check("accuracy", losses.get("categorical_crossentropy"))
    'accuracy'
    """
    if metric not in NAMES or not isinstance(metric, str):
        raise unknown_name(where, "a metric", metric, NAMES)
    if metric == "accuracy" and loss.accuracy is None:
        raise ValueError(expected(where, "a cross-entropy as the loss of 'accuracy'", loss.name))
    if metric != "accuracy" and loss.integer_targets:
        raise ValueError(expected(where, f"a loss without labels beside {metric!r}", loss.name))
    return metric


def lower(program: Program, metric: str, loss: Loss, prediction: Value, target: Value) -> Value:
    """Emit the metric of each row."""
    if metric != "accuracy":
        return lower_squared_error(program, prediction, target, metric)
    assert loss.accuracy is not None  # `check` has seen to it
    return program.emit(loss.accuracy, prediction, target, name=metric, cols=1)
