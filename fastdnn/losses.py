"""Loss functions. Each has a value for every example; a batch's loss is their mean, Σ w_r l_r / n.

A loss of your own is an object with

- `name`;
- `value_and_gradient(y, y_hat)`: the losses of the examples, (examples,), and their gradients with respect to
  y_hat, (examples, outputs). Sample and class weights and the 1/n are applied for you.

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

from typing import Any, ClassVar, Protocol, cast

import numpy as np

from fastdnn.custom.losses import PythonLoss, is_loss
from fastdnn.errors import expected, unknown_name
from fastdnn.features import as_labels, as_targets
from fastdnn.program import Option, Program, Value


class Loss(Protocol):
    """What a model needs of a loss."""

    name: str

    @property
    def accuracy(self) -> str | None:
        """The operation that "accuracy" means under this loss, if any."""
        ...

    @property
    def integer_targets(self) -> bool:
        """Whether targets are labels."""
        ...

    def target_width(self, outputs: int) -> int:
        """Columns of the targets, for a model of so many outputs."""
        ...

    def lower(self, program: Program, prediction: Value, target: Value) -> Value:
        """Emit the loss of each row."""
        ...

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """The targets as the program's source takes them."""
        ...

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        ...


_NO_SMOOTHING: dict[str, Option] = {"label_smoothing": 0.0, "label_smoothing_mode": "k"}


def lower_squared_error(program: Program, prediction: Value, target: Value, name: str) -> Value:
    """Emit the mean over the outputs of (ŷ - y)²."""
    return program.emit(
        "squared_error", prediction, target, name=name, cols=1, options={"outputs": "mean", "half": False}
    )


def _logits(program: Program, prediction: Value, from_logits: bool, where: str) -> Value:
    """The logits of a prediction: itself, or what its softmax was computed from.

    Cross-entropy is computed from logits always: log(softmax(z)) loses all digits for a softmax near 0.
    """
    producer = program.producer(prediction)
    is_softmax = producer is not None and producer.kind == "softmax"
    if from_logits:
        if is_softmax:
            raise ValueError(
                expected(
                    where,
                    "logits from the last layer",
                    "probabilities",
                    "drop from_logits=True, or its activation",
                )
            )
        return prediction
    if producer is None or not is_softmax:
        raise ValueError(
            expected(
                where,
                "probabilities from a softmax as the last layer's activation",
                "other outputs",
                'write Dense(..., activation="softmax"), or from_logits=True',
            )
        )
    logits = producer.inputs[0]
    assert logits is not None
    return logits


def _one_hot_rows(y: Any, classes: int) -> np.ndarray | None:
    """The labels of an array whose rows are one-hot, or None if it is none."""
    array = np.asarray(y)
    if array.ndim != 2 or array.shape[1] != classes or classes < 2 or array.dtype.kind not in "buif":
        return None
    one_hot = ((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()
    return array.argmax(axis=1) if one_hot else None


class SparseCategoricalCrossentropy:
    """Softmax cross-entropy with labels: l = -log softmax(z)[label].

    Shapes: prediction (examples, classes), y (examples,) whole numbers from 0 to classes - 1 (one-hot rows
        are taken too).
    Gradient with respect to z: softmax(z) - onehot(label).

    Args:
        from_logits: whether the last layer gives z; else its activation must be softmax, and the loss is
            computed from the softmax's input all the same.
        name: in messages.

    Raises (at `fit` and `evaluate`):
        ValueError: a label is no class; the row and the value are named.

    >>> import fastdnn as fd
    >>> fd.losses.SparseCategoricalCrossentropy(from_logits=True).from_logits
    True
    """

    accuracy = "sparse_accuracy"
    integer_targets = True

    def __init__(self, from_logits: bool = False, *, name: str = "sparse_categorical_crossentropy") -> None:
        self.from_logits = bool(from_logits)
        self.name = name

    def target_width(self, outputs: int) -> int:
        """Labels."""
        return 1

    def lower(self, program: Program, prediction: Value, target: Value) -> Value:
        """One operation, on the logits."""
        z = _logits(program, prediction, self.from_logits, self.name)
        return program.emit("sparse_cross_entropy", z, target, name="loss", cols=1, options=_NO_SMOOTHING)

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """Labels, checked."""
        labels = _one_hot_rows(y, outputs)
        return as_labels(where, y if labels is None else labels, outputs, rows)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {"from_logits": self.from_logits, "name": self.name}


class CategoricalCrossentropy:
    """Softmax cross-entropy with a distribution over the classes: l = -Σ_j t_j log softmax(z)_j.

    Shapes: prediction and y (examples, classes); labels of shape (examples,) are taken too, as one-hot rows.
    Gradient with respect to z: softmax(z) Σ t - t.

    Args:
        from_logits: as in `SparseCategoricalCrossentropy`.
        name: in messages.

    Raises (at `fit` and `evaluate`):
        ValueError: y has another shape, is not finite, or is negative somewhere.

    >>> import fastdnn as fd
    >>> fd.losses.CategoricalCrossentropy().name
    'categorical_crossentropy'
    """

    accuracy = "categorical_accuracy"
    integer_targets = False

    def __init__(self, from_logits: bool = False, *, name: str = "categorical_crossentropy") -> None:
        self.from_logits = bool(from_logits)
        self.name = name

    def target_width(self, outputs: int) -> int:
        """As the outputs."""
        return outputs

    def lower(self, program: Program, prediction: Value, target: Value) -> Value:
        """One operation, on the logits."""
        z = _logits(program, prediction, self.from_logits, self.name)
        return program.emit(
            "categorical_cross_entropy", z, target, name="loss", cols=1, options=_NO_SMOOTHING
        )

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """Distributions, checked."""
        if np.ndim(y) == 1 and outputs > 1:
            y = np.eye(outputs)[as_labels(where, y, outputs, rows)[:, 0]]
        target = as_targets(where, y, outputs, rows, dtype)
        if (target < 0).any():
            row = int(np.argmax((target < 0).any(axis=1)))
            raise ValueError(
                expected(where, "y >= 0, a distribution over the classes", f"{target[row]} in row {row}")
            )
        return target

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {"from_logits": self.from_logits, "name": self.name}


class MeanSquaredError:
    """Mean squared error: l = (1/k) Σ_j (ŷ_j - y_j)², over the k outputs.

    Shapes: prediction and y (examples, k); y (examples,) will do where k is 1. Gradient: 2 (ŷ - y) / k.

    Args:
        name: in messages.

    >>> import fastdnn as fd
    >>> fd.losses.MeanSquaredError().name
    'mean_squared_error'
    """

    accuracy = None
    integer_targets = False

    def __init__(self, *, name: str = "mean_squared_error") -> None:
        self.name = name

    def target_width(self, outputs: int) -> int:
        """As the outputs."""
        return outputs

    def lower(self, program: Program, prediction: Value, target: Value) -> Value:
        """One operation."""
        return lower_squared_error(program, prediction, target, "loss")

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """Targets, checked."""
        return as_targets(where, y, outputs, rows, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {"name": self.name}


class _Names:
    """Losses by class name and by the strings of Keras."""

    classes: ClassVar[dict[str, type]] = {
        c.__name__: c for c in (SparseCategoricalCrossentropy, CategoricalCrossentropy, MeanSquaredError)
    }
    strings: ClassVar[dict[str, type]] = {
        "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
        "categorical_crossentropy": CategoricalCrossentropy,
        "mean_squared_error": MeanSquaredError,
        "mse": MeanSquaredError,
    }


def get(loss: Any, where: str = "compile") -> Loss:
    """A loss by its name in Keras, the object itself, or what a model makes of one of the user's own.

    Raises:
        ValueError: no loss has this name.

    >>> from fastdnn import losses
    >>> type(losses.get("mse")).__name__
    'MeanSquaredError'
    """
    if isinstance(loss, str):
        if loss not in _Names.strings:
            raise unknown_name(where, "a loss", loss, _Names.strings)
        made: Loss = _Names.strings[loss]()
        return made
    if isinstance(loss, tuple(_Names.classes.values())):
        return cast(Loss, loss)
    if is_loss(loss):
        return PythonLoss(loss, where)
    hint = "or an object with a name and value_and_gradient(y, y_hat)"
    raise ValueError(expected(where, "a loss of fastdnn.losses or its name", repr(loss), hint))


def from_config(class_name: str, config: dict[str, Any]) -> Loss:
    """A loss from its class name and `get_config()`.

    Raises:
        ValueError: no loss class has this name.
    """
    if class_name not in _Names.classes:
        raise unknown_name("losses", "a loss", class_name, _Names.classes)
    loss: Loss = _Names.classes[class_name](**config)
    return loss
