"""What a compiled model says about classes: its outputs as probabilities, targets as labels, names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from fastdnn.checks import choice
from fastdnn.data.batches import is_batches
from fastdnn.data.table_target import ClassTarget
from fastdnn.diagnose.class_labels import Classes, coded, labels_of
from fastdnn.diagnose.class_scores import finite_array, from_one_hot
from fastdnn.diagnose.confusion import ConfusionMatrix, confusion_matrix
from fastdnn.diagnose.temperature import two_columns
from fastdnn.errors import expected
from fastdnn.losses import BinaryCrossentropy, CategoricalCrossentropy, KLDivergence
from fastdnn.losses import SparseCategoricalCrossentropy as SparseCrossentropy
from fastdnn.model import Model
from fastdnn.reference.softmax import softmax

Outputs = Literal["probabilities", "logits"]


def names_classes(model: Model) -> bool:
    """Whether the model was compiled with a loss over classes, so that its largest output names one."""
    if model._compiled is None:
        return False
    accuracy = model.compiled.loss.accuracy
    of_classes = accuracy is not None and accuracy[0] in ("sparse_accuracy", "categorical_accuracy")
    return of_classes and width_of(model) > 1


def width_of(model: Model) -> int:
    """How wide the first output is."""
    return model.graph.widths_of(model.graph.outputs)[0]


def as_probabilities(model: Model, outputs: np.ndarray) -> np.ndarray:
    """A classifier's outputs as probabilities: by a softmax where its loss takes logits, else as they are.

    Shapes: result and outputs (examples, classes).
    """
    from_logits = bool(getattr(model.compiled.loss, "from_logits", False))
    return softmax(outputs).astype(outputs.dtype) if from_logits else outputs


def mistakes_of(
    model: Model, x: Any, labels: np.ndarray, threads: int | None = None, names: Sequence[str] | None = None
) -> ConfusionMatrix:
    """Which classes a model whose largest output names one takes for which, on `x` with these labels."""
    found = confusion_matrix(labels, predicted(model, x, threads=threads).argmax(axis=1), width_of(model))
    return found if names is None else replace(found, classes=tuple(names))


def predicted(
    model: Model, x: Any, *, batch_size: int | None = None, threads: int | None = None
) -> np.ndarray:
    """The only output for each row (examples, outputs), whatever form the model gives it in."""
    outputs = model.predict(x, batch_size, threads=threads)
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    array: np.ndarray = outputs[0] if isinstance(outputs, list) else outputs
    return array


@dataclass(frozen=True)
class ClassOutputs:
    """What a model says of rows, and what is right.

    classes: names.
    codes: (examples,): the right classes by number.
    outputs: of the model: (examples, classes), or (examples,) of a single yes or no.
    from_logits: whether these are logits.
    logistic: whether they are sigmoids of several classes, to be divided by their sum.
    """

    classes: tuple[str, ...]
    codes: np.ndarray
    outputs: np.ndarray
    from_logits: bool
    logistic: bool

    @property
    def comparable(self) -> np.ndarray:
        """What the figures of probabilities take: logits, a single yes or no, or rows with the sum 1."""
        return self.outputs if self.from_logits or self.outputs.ndim == 1 else self.probabilities

    @property
    def probabilities(self) -> np.ndarray:
        """(examples, classes), with the sum 1."""
        z = self.outputs
        if self.from_logits:
            return softmax(two_columns(z))
        p = np.stack([1 - z, z], axis=1) if z.ndim == 1 else z
        sums = p.sum(axis=1, keepdims=True)
        shares: np.ndarray = np.divide(p, sums, out=np.full(p.shape, 1 / p.shape[1]), where=sums > 0)
        return shares


def read(
    where: str,
    model: Any,
    x: Any,
    y: Any,
    outputs: Outputs | None,
    classes: Classes,
    batch_size: int | None,
    threads: int | None,
) -> ClassOutputs:
    """Predict x, and read what it says by the model's loss, or as `outputs` says.

    Raises:
        ValueError: the model is no compiled classifier with one output, or data do not fit it.
    """
    _check_model(where, model)
    if is_batches(x):
        hint = "put the batches together: np.concatenate([x for x, y in batches])"
        raise ValueError(expected(where, "x as arrays", "what makes batches", hint))
    width = width_of(model)
    kind = _kind(where, model, outputs, width)
    names = _names(where, model, classes, max(width, 2))
    codes = _codes(where, model, x, y, names, kind)
    array = predicted(model, x, batch_size=batch_size, threads=threads)
    scores = finite_array(where, "outputs of the model", array)
    if len(scores) != len(codes):
        raise ValueError(expected(where, "x and y of one length", f"{len(scores)} and {len(codes)}"))
    if not kind.endswith("logits"):
        _check_chances(where, scores)
    return ClassOutputs(names, codes, scores, kind in ("logits", "yes_logits"), kind == "logistic")


def _check_model(where: str, model: Any) -> None:
    if not isinstance(model, Model):
        raise ValueError(expected(where, "a fastdnn model", repr(model)[:80]))
    if not model.is_built:
        raise ValueError(expected(where, "a model that is built", "one without weights", "call fit first"))
    if model._compiled is None:
        hint = "call compile(...) with the loss that it was trained on"
        raise ValueError(expected(where, "a compiled model", "one that is not", hint))
    if len(model.graph.outputs) > 1:
        hint = "give each output's arrays to trust, calibration or classification_report"
        got = f"{len(model.graph.outputs)}: {model.graph.outputs.listed()}"
        raise ValueError(expected(where, "a model with one output", got, hint))


def _kind(where: str, model: Model, outputs: Outputs | None, width: int) -> str:
    """What the outputs are: "probabilities", "logits", "yes", "yes_logits", or "logistic"."""
    loss = model.compiled.loss
    if outputs is not None:
        said = choice(where, "outputs", outputs, ("probabilities", "logits"))
        return said if width > 1 else {"probabilities": "yes", "logits": "yes_logits"}[said]
    from_logits = bool(getattr(loss, "from_logits", False))
    if isinstance(loss, BinaryCrossentropy):
        if width > 1 and not from_logits:
            return "logistic"
        if width == 1:
            return "yes_logits" if from_logits else "yes"
        hint = "give activations.sigmoid of its outputs to trust, and to classification_report"
        raise ValueError(expected(where, "one logit, or sigmoids", f"{width} logits of yes and no", hint))
    if not isinstance(loss, SparseCrossentropy | CategoricalCrossentropy | KLDivergence):
        hint = 'of a loss of your own say what the model gives: outputs="probabilities" or "logits"'
        raise ValueError(expected(where, "a classifier, with a cross-entropy as its loss", loss.name, hint))
    if width < 2:
        hint = "a single output needs a sigmoid and BinaryCrossentropy"
        raise ValueError(expected(where, f"two outputs at least, for {loss.name}", "one", hint))
    return "logits" if from_logits else "probabilities"


def _names(where: str, model: Model, classes: Classes, width: int) -> tuple[str, ...]:
    if classes is None:
        target = None if model.table is None else model.table._target
        return target.classes if isinstance(target, ClassTarget) else tuple(map(str, range(width)))
    names = coded(where, classes, labels=np.zeros(0, np.int64)).names
    if len(names) != width:
        raise ValueError(expected(where, f"{width} classes, as the model has", f"{len(names)}"))
    return names


def _codes(where: str, model: Model, x: Any, y: Any, names: tuple[str, ...], kind: str) -> np.ndarray:
    """The right classes, from targets as the loss takes them, or from their names."""
    if y is None:
        raise ValueError(expected(where, "y, the right labels", "None"))
    if not isinstance(y, dict) and np.ndim(y) == 1 and np.asarray(y).dtype.kind in "UO":
        y = labels_of(where, "y", y)
        if y.dtype.kind == "U":
            return coded(where, list(names), y=y).codes[0]
    loss, width = model.compiled.loss, len(names)
    if not isinstance(loss, SparseCrossentropy | CategoricalCrossentropy | KLDivergence | BinaryCrossentropy):
        hot = np.ndim(y) == 2 and np.shape(y)[1] == width
        return from_one_hot(where, y, width) if hot else coded(where, width, y=y).codes[0]
    if kind == "logistic" and np.ndim(y) == 2:
        return from_one_hot(where, y, width)
    if kind == "logistic":
        return coded(where, width, y=y).codes[0]
    feed = model.prepare(where, x, y)
    target = np.asarray(feed.arrays[len(model.graph.inputs)])
    if target.shape[1] == 1:
        right = target[:, 0] if target.dtype.kind in "iu" else target[:, 0] > 0.5
        return right.astype(np.int64)
    found: np.ndarray = target.argmax(axis=1)
    return found


def _check_chances(where: str, scores: np.ndarray) -> None:
    """Raise where an output is below 0: no probability, whatever the loss was told."""
    wrong = scores < 0
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0])
        got = f"{scores[place]:g} in row {place[0]}"
        raise ValueError(expected(where, "probabilities from the model", got, 'outputs="logits"'))
