"""What every loss is: an operation with its options, checked targets, and a reduction over the examples."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from fastdnn.checks import choice, is_text
from fastdnn.errors import expected
from fastdnn.features import as_targets, as_weights
from fastdnn.program import KindAndOptions, Option, Program, Value

_REDUCTIONS = ("mean", "sum", "none")
_ALIASES = {"sum_over_batch_size": "mean", None: "none"}  # Keras's words


class Loss(Protocol):
    """What a model needs of a loss."""

    name: str

    @property
    def reduction(self) -> str:
        """What becomes of the losses of the examples: "mean", "sum" or "none"."""
        ...

    @property
    def accuracy(self) -> KindAndOptions | None:
        """The operation that "accuracy" means under this loss, if any."""
        ...

    @property
    def integer_targets(self) -> bool:
        """Whether targets are labels."""
        ...

    def target_width(self, outputs: int) -> int:
        """Columns of the targets, for a model of so many outputs."""
        ...

    def lower(self, program: Program, prediction: Value, target: Value, name: str = "loss") -> Value:
        """Emit the loss of each row."""
        ...

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """The targets as the program's source takes them."""
        ...

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        ...


def checked_reduction(where: str, reduction: str | None) -> str:
    """The reduction by fastdnn's word; "sum_over_batch_size" and None are Keras's.

    Raises:
        ValueError: it is no reduction.
    """
    word = _ALIASES.get(reduction, reduction)
    return choice(where, "a reduction", word, _REDUCTIONS)


def reduced(losses: np.ndarray, reduction: str) -> Any:
    """The losses of the examples (n,), weighted, as one number; of "none" themselves."""
    if reduction == "none":
        return losses
    return float(losses.sum() if reduction == "sum" else losses.mean())


def as_predictions(where: str, y_pred: Any) -> np.ndarray:
    """What a function of arrays is given as (examples, outputs) in float64; a vector is one column.

    Raises:
        ValueError: it is no array of numbers of one or two dimensions, or is empty.
    """
    try:
        array = np.asarray(y_pred, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(expected(where, "y_pred as an array of numbers", type(y_pred).__name__)) from error
    shape = array.shape
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or 0 in shape:
        raise ValueError(expected(where, "y_pred of shape (examples, outputs)", f"shape {shape}"))
    return array


class OperationLoss:
    """A loss that is one operation of a program, and a function of arrays: loss(y_true, y_pred).

    Args:
        reduction: see `fastdnn.losses`.
        name: in messages.
    """

    accuracy: KindAndOptions | None = None
    integer_targets = False

    def __init__(self, reduction: str | None, name: str) -> None:
        where = type(self).__name__
        self.reduction = checked_reduction(where, reduction)
        if not is_text(name) or not name:
            raise ValueError(expected(where, "name as a string in UTF-8", repr(name)))
        self.name = name

    def operation(self, of_logits: bool = False) -> KindAndOptions:
        """The operation, and its options; of logits where a loss makes this difference."""
        raise NotImplementedError

    def _read(self, program: Program, prediction: Value) -> tuple[Value, bool]:
        """What the operation reads, and whether these are logits."""
        return prediction, False

    def target_width(self, outputs: int) -> int:
        """As the outputs."""
        return outputs

    def lower(self, program: Program, prediction: Value, target: Value, name: str = "loss") -> Value:
        """One operation."""
        read, of_logits = self._read(program, prediction)
        kind, options = self.operation(of_logits)
        return program.emit(kind, read, target, name=name, cols=1, options=options)

    def prepare(self, where: str, y: Any, outputs: int, rows: int, dtype: str) -> np.ndarray:
        """Targets, checked."""
        target = as_targets(where, y, outputs, rows, dtype)
        self._check_targets(where, target)
        return target

    def _check_targets(self, where: str, target: np.ndarray) -> None:
        """Raise if a finite number among the targets is none that this loss is defined for."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of arrays, by the NumPy reference in float64.

        Args:
            y_true: targets as in `Model.fit`.
            y_pred: (examples, outputs), or (examples,) of one output.
            sample_weight: (examples,), >= 0.

        Returns:
            Σ w l / n for the reduction "mean", Σ w l for "sum"; for "none" w l, (examples,).

        Raises:
            ValueError: an array does not fit.
        """
        from fastdnn.reference.operations import OPERATIONS

        where = type(self).__name__
        prediction = as_predictions(where, y_pred)
        rows, outputs = prediction.shape
        target = self.prepare(where, y_true, outputs, rows, "float64")
        kind, options = self.operation(getattr(self, "from_logits", False))
        losses = OPERATIONS[kind](prediction, target, **options)
        assert isinstance(losses, np.ndarray)
        if sample_weight is not None:
            losses = losses * as_weights(where, sample_weight, rows, "float64")
        return reduced(losses[:, 0], self.reduction)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this loss again."""
        return {"reduction": self.reduction, "name": self.name}


def with_options(kind: str, **options: Option) -> KindAndOptions:
    """An operation and its options."""
    named: Mapping[str, Option] = options
    return kind, named
