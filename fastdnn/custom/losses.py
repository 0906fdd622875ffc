"""Losses in Python: objects with `value_and_gradient(y, y_hat)` and a `name`."""

from typing import Any

import numpy as np

from fastdnn.checks import choice, is_text
from fastdnn.custom.calls import Call, Frame
from fastdnn.custom.checks import finite_array, pair, real_array
from fastdnn.errors import expected
from fastdnn.features import as_labels, as_targets
from fastdnn.program import KindAndOptions, Program, Value


def is_loss(given: object) -> bool:
    """Whether an object is meant as one."""
    return callable(getattr(given, "value_and_gradient", None)) and not isinstance(given, type)


class PythonLoss:
    """What a model needs of a loss, of an object of the user's.

    Raises:
        ValueError: its name is no string, or what it says of its targets or its reduction does not fit.
    """

    def __init__(self, given: Any, where: str = "compile") -> None:
        self.given = given
        self.name = _checked_name(where, given)
        self.integer_targets = bool(getattr(given, "integer_targets", False))
        words = ("mean", "sum")
        self.reduction = choice(where, "a reduction", getattr(given, "reduction", "mean"), words)
        self.accuracy: KindAndOptions | None = ("sparse_accuracy", {}) if self.integer_targets else None
        self._width = getattr(given, "target_width", None)
        width_ok = isinstance(self._width, int) and not isinstance(self._width, bool) and self._width >= 1
        if self._width is not None and (self.integer_targets or not width_ok):
            wanted = "target_width as a whole number >= 1, beside targets that are no labels"
            raise ValueError(expected(f"{where}, {self.name}", wanted, repr(self._width)))

    def target_width(self, outputs: int) -> int:
        """Columns of y."""
        return 1 if self.integer_targets else self._width or outputs

    def lower(self, program: Program, prediction: Value, target: Value, name: str = "loss") -> Value:
        """A call."""
        row_loss = program.computed(name, 1)
        program.call(LossForward(self), (prediction, target), row_loss)
        return row_loss

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """Labels, or targets, checked."""
        if self.integer_targets:
            return as_labels(where, y, outputs, rows)
        return as_targets(where, y, self.target_width(outputs), rows, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the object again."""
        return self.given.get_config() if hasattr(self.given, "get_config") else {}


def _checked_name(where: str, given: Any) -> str:
    name = getattr(given, "name", None)
    if not is_text(name) or not name:
        raise ValueError(expected(where, f"a name of {type(given).__name__}, a string in UTF-8", repr(name)))
    return name


class LossForward:
    """`value_and_gradient`: prediction and target to the loss of each row."""

    def __init__(self, loss: PythonLoss) -> None:
        self._loss = loss
        self.label = f"{loss.name}.value_and_gradient"
        self._saves = False

    def gradient(self, weight: float, reduction: str) -> Call:
        """The call that gives the gradient of `weight` Σ w l / n, of a sum without the n, from what this one
        saved.
        """
        self._saves = True
        return LossGradient(self, weight, reduction)

    def __call__(self, frame: Frame, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """The losses of the rows."""
        y_hat, y = inputs
        rows, shape, dtype = len(y_hat), y_hat.shape, y_hat.dtype
        given = self._loss.given.value_and_gradient(y[:, 0] if self._loss.integer_targets else y, y_hat)
        loss, gradient = pair(self.label, "(losses of the rows, gradient)", given)
        column = np.shape(loss) == (rows, 1)
        loss = real_array(self.label, "losses of the rows", loss, (rows, 1) if column else (rows,), dtype)
        if self._saves:
            checked = finite_array if np.isfinite(loss).all() else real_array
            gradient = checked(self.label, "gradient with respect to y_hat", gradient, shape, dtype)
            frame.saved[self] = gradient
        return [loss.reshape(rows, 1)]


class LossGradient:
    """The gradient of a batch's loss: losses of the rows and, if there are, their weights, to dy_hat."""

    def __init__(self, forward: LossForward, weight: float, reduction: str) -> None:
        self.label = f"{forward.label}, scaled"
        self._forward = forward
        self._weight = weight
        self._is_sum = reduction == "sum"

    def __call__(self, frame: Frame, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """dy_hat."""
        gradient = frame.saved.pop(self._forward)
        scale = gradient.dtype.type(self._weight if self._is_sum else self._weight / len(gradient))
        return [gradient * (scale if len(inputs) == 1 else scale * inputs[1])]
