"""Loss functions: what training minimises.

| class | string | l of an example, over its k outputs |
|---|---|---|
| `MeanSquaredError` | mean_squared_error, mse | (1/k) Σ (ŷ - y)²; or, by options, ½ Σ (ŷ - y)² |
| `MeanAbsoluteError` | mean_absolute_error, mae | (1/k) Σ abs(ŷ - y) |
| `Huber` | huber | (1/k) Σ d²/2 where abs(d) <= δ, else δ (abs(d) - δ/2) |
| `LogCosh` | log_cosh | (1/k) Σ log cosh(ŷ - y) |
| `BinaryCrossentropy` | binary_crossentropy | -(1/k) Σ y log p + (1 - y) log(1 - p) |
| `SparseCategoricalCrossentropy` | sparse_categorical_crossentropy | -log p[label] |
| `CategoricalCrossentropy` | categorical_crossentropy | -Σ y log p |
| `KLDivergence` | kl_divergence, kld | Σ y log(y / ŷ) |
| `Hinge` | hinge | (1/k) Σ max(1 - y ŷ, 0) |
| `SquaredHinge` | squared_hinge | (1/k) Σ max(1 - y ŷ, 0)² |

Each has a value for every example. `reduction` says what a batch's loss, and its gradient, is made of:

- "mean" (Keras's "sum_over_batch_size"; the default): Σ_r w_r l_r / n. What is reported of an epoch or an
  evaluation is the same over all of its n examples.
- "sum": Σ_r w_r l_r, so steps grow with the batch (deck 003). What is reported is the sum over all examples
  that were seen, whatever the batch size. (Keras reports the average of the batches' sums, which depends on
  it.)
- "none": the losses w_r l_r themselves. A model cannot be trained on them; it is for a loss as a function.

As a function of arrays, a loss is called as loss(y_true, y_pred, sample_weight=None), as in Keras:

>>> import fastdnn as fd
>>> fd.losses.Huber(reduction="none")([0.0, 0.0], [0.5, 3.0]).tolist()
[0.125, 2.5]

A loss of your own is an object with

- `name`;
- `value_and_gradient(y, y_hat)`: the losses of the examples, (examples,), and their gradients with respect to
  y_hat, (examples, outputs). Sample and class weights and the 1/n are applied for you; with an attribute
  `reduction = "sum"` there is no 1/n.

y_hat is (examples, outputs) and y as wide, unless `target_width` says another number of columns; where
`integer_targets` is True, y is (examples,) labels from 0 to outputs - 1. Both are copies in the model's type
(float64 by the reference backend). With `get_config` a model that is saved knows the object's arguments;
`load_model(path, custom_objects={"Pinball": Pinball})` makes it again.

>>> import numpy as np
>>> import fastdnn as fd
>>> class Pinball:
...     name = "pinball"
...
...     def __init__(self, q):
...         self.q = q
...
...     def value_and_gradient(self, y, y_hat):
...         slope = np.where(y > y_hat, -self.q, 1 - self.q)
...         return ((y_hat - y) * slope).sum(axis=1), slope
...
...     def get_config(self):
...         return {"q": self.q}
>>> model = fd.Sequential([fd.layers.Input((1,)), fd.layers.Dense(1)], seed=0)
>>> model.compile(loss=Pinball(0.9))
>>> round(model.evaluate(np.zeros((2, 1)), np.array([1.0, -1.0])), 6)
0.5
"""

from typing import Any, cast

from fastdnn.custom.losses import PythonLoss, is_loss
from fastdnn.errors import expected
from fastdnn.losses.base import Loss, OperationLoss
from fastdnn.losses.chances import BinaryCrossentropy, KLDivergence
from fastdnn.losses.classes import CategoricalCrossentropy, SparseCategoricalCrossentropy, smooth_labels
from fastdnn.losses.margins import Hinge, SquaredHinge
from fastdnn.losses.regression import Huber, LogCosh, MeanAbsoluteError, MeanSquaredError
from fastdnn.registry import Registry

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "OperationLoss",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "from_config",
    "get",
    "smooth_labels",
]

REGISTRY = Registry[OperationLoss](
    "a loss",
    (
        BinaryCrossentropy,
        CategoricalCrossentropy,
        Hinge,
        Huber,
        KLDivergence,
        LogCosh,
        MeanAbsoluteError,
        MeanSquaredError,
        SparseCategoricalCrossentropy,
        SquaredHinge,
    ),
    {
        "bce": BinaryCrossentropy,
        "kld": KLDivergence,
        "logcosh": LogCosh,
        "mae": MeanAbsoluteError,
        "mse": MeanSquaredError,
    },
)


def get(loss: Any, where: str = "compile") -> Loss:
    """A loss by its name in Keras, with its defaults, the object itself, or what a model makes of one of the
    user's own.

    Raises:
        ValueError: no loss has this name.

    >>> from fastdnn import losses
    >>> type(losses.get("mse")).__name__
    'MeanSquaredError'
    """
    if isinstance(loss, str):
        return cast(Any, REGISTRY.named(loss, where))()  # type: ignore[no-any-return]
    if REGISTRY.has(loss):
        return cast(Loss, loss)
    if is_loss(loss):
        return PythonLoss(loss, where)
    hint = "or an object with a name and value_and_gradient(y, y_hat)"
    if isinstance(loss, type):
        hint = "write it with parentheses"
    raise ValueError(expected(where, "a loss of fastdnn.losses or its name", repr(loss), hint))


def from_config(class_name: str, config: dict[str, Any]) -> Loss:
    """A loss from its class name and `get_config()`.

    Raises:
        ValueError: no loss class has this name, or the arguments are not its.

    >>> from fastdnn import losses
    >>> losses.from_config("Huber", {"delta": 2.0}).get_config()
    {'delta': 2.0, 'outputs': 'mean', 'reduction': 'mean', 'name': 'huber_loss'}
    """
    return REGISTRY.from_config(class_name, config, "losses")
