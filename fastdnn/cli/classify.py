"""Classes and probabilities from a model's outputs, and the errors that it makes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.cli.table_model import predict_table
from fastdnn.confusion import confusion_matrix
from fastdnn.model import Model
from fastdnn.reference.softmax import softmax


def is_classifier(model: Model) -> bool:
    """Whether the model was compiled with a loss over classes, so that its largest output names one."""
    if model._compiled is None:
        return False
    accuracy = model.compiled.loss.accuracy
    of_classes = accuracy is not None and accuracy[0] in ("sparse_accuracy", "categorical_accuracy")
    return of_classes and _outputs(model) > 1


def _outputs(model: Model) -> int:
    return model.graph.widths_of(model.graph.outputs)[0]


def probabilities(model: Model, outputs: np.ndarray) -> np.ndarray:
    """A classifier's outputs as probabilities: by a softmax where its loss takes logits, else as they are.

    Shapes: result and outputs (examples, classes).
    """
    from_logits = bool(getattr(model.compiled.loss, "from_logits", False))
    return softmax(outputs).astype(outputs.dtype) if from_logits else outputs


@dataclass(frozen=True)
class Mistakes:
    """How a classifier does on a set: C[i][j] examples of class i were taken for class j."""

    matrix: np.ndarray

    @classmethod
    def of(cls, model: Model, x: Any, labels: np.ndarray, threads: int | None = None) -> "Mistakes":
        """Those of a model on `x` (examples, features), whose classes are `labels` (examples,)."""
        predicted = predict_table(model, x, threads).argmax(axis=1)
        return cls(confusion_matrix(labels, predicted, _outputs(model)))

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return int(self.matrix.sum())

    @property
    def wrong(self) -> int:
        """How many of them were taken for another class."""
        return self.rows - int(np.trace(self.matrix))

    @property
    def error(self) -> float:
        """The share of them, in percent."""
        return 100 * self.wrong / self.rows
