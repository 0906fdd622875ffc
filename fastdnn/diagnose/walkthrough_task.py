"""What a walkthrough is about: classes or numbers, the network, its error."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.checks import choice
from fastdnn.errors import expected
from fastdnn.features import as_targets
from fastdnn.layers import Dense, Dropout, Input, Layer, Normalization
from fastdnn.losses import SparseCategoricalCrossentropy
from fastdnn.model import Model
from fastdnn.optimizers import Adam
from fastdnn.sequential import Sequential

_WHERE = "walkthrough"
_MOST_CLASSES = 100
_MOST_OF_FLOATS = 20  # whole numbers that are kept as floats are figures more often
_ROWS_OF_A_CLASS = 5  # on average; else whole numbers are figures


@dataclass(frozen=True)
class Task:
    """The targets as a model is trained on them.

    y: labels from 0 (examples,), or numbers (examples, outputs).
    classes: what the labels stand for, or None of a regression; the columns' numbers where y was one-hot.
    one_hot: whether it was.
    """

    y: np.ndarray
    classes: np.ndarray | None
    one_hot: bool = False

    @property
    def outputs(self) -> int:
        """Of the network."""
        return int(self.y.shape[1]) if self.classes is None else len(self.classes)

    def told(self) -> str:
        """What y was taken for, and what says otherwise."""
        if self.classes is None:
            return 'regression; of labels say task="classification"'
        return f'classification, {len(self.classes)} classes; of numbers say task="regression"'


def task_of(y: Any, task: str, rows: int) -> Task:
    """Whether y is labels or numbers, and these.

    Raises:
        ValueError: it is neither, or does not fit x; or there is one class only.
    """
    choice(_WHERE, "a task", task, ("auto", "classification", "regression"))
    given = np.asarray(y)
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    if task != "regression" and _is_binary_table(given):
        return _of_one_hot(given, rows)
    is_classes = task == "classification" or (task == "auto" and _looks_like_classes(given))
    if not is_classes:
        width = 1 if given.ndim < 2 else given.shape[1]
        targets = as_targets(_WHERE, given, width, rows, "float32")
        return Task(np.asarray(targets, np.float64), None)
    if given.shape != (rows,):
        raise ValueError(expected(_WHERE, f"y as {rows} labels", f"shape {given.shape}"))
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        raise ValueError(expected(_WHERE, "labels in y", "NaN or infinity"))
    try:
        classes, labels = np.unique(given, return_inverse=True)
    except TypeError as error:
        raise ValueError(expected(_WHERE, "labels of one kind in y", str(error))) from error
    if len(classes) < 2:
        raise ValueError(expected(_WHERE, "two classes in y, or more", repr(classes.tolist())))
    return Task(labels.reshape(-1).astype(np.int32), classes)


def _is_binary_table(y: np.ndarray) -> bool:
    """Whether y is several columns of 0 and 1."""
    return y.ndim == 2 and len(y) > 0 and y.dtype.kind in "buif" and bool(np.isin(y, (0, 1)).all())


def _of_one_hot(y: np.ndarray, rows: int) -> Task:
    """The labels of rows with one 1 each.

    Raises:
        ValueError: rows have no 1 or several, or all the same; or there are not as many as in x.
    """
    ones = y.sum(axis=1)
    if not (ones == 1).all():
        row = int(np.argmax(ones != 1))
        hint = (
            "of several labels a row (multi-label) go through the columns one by one, y[:, 0], y[:, 1], ...; "
            'of numbers say task="regression"'
        )
        got = f"{int(ones[row])} in row {row}"
        raise ValueError(expected(_WHERE, "one 1 in each row of a y of 0 and 1", got, hint))
    if len(y) != rows:
        raise ValueError(expected(_WHERE, f"as many rows in y as in x, {rows}", len(y)))
    labels = y.argmax(axis=1).astype(np.int32)
    if (labels == labels[0]).all():
        raise ValueError(expected(_WHERE, "two classes in y, or more", f"column {labels[0]} in all rows"))
    return Task(labels, np.arange(y.shape[1]), one_hot=True)


def _looks_like_classes(y: np.ndarray) -> bool:
    if y.dtype.kind in "OUSb":
        return y.ndim == 1
    whole = y.ndim == 1 and (y.dtype.kind in "iu" or (y.dtype.kind == "f" and bool((y == np.trunc(y)).all())))
    if not whole or (y.dtype.kind == "f" and not np.isfinite(y).all()):
        return False
    most = _MOST_CLASSES if y.dtype.kind in "iu" else _MOST_OF_FLOATS
    return bool(len(np.unique(y)) <= min(most, len(y) // _ROWS_OF_A_CLASS))


def simple_network(
    build: Any, train: tuple[Any, ...], task: Task, hidden: int, seed: int, dropout: float = 0.0
) -> Model:
    """The user's, or one hidden layer between standardised features and classes or numbers in their unit;
    compiled.

    Raises:
        ValueError: `build` is no function, or makes no model.
    """
    x, y = train
    if build is None:
        model: Any = _layers(x, y, task, hidden, seed, dropout)
    elif callable(build):
        model = build(x.shape[1], task.outputs)
    else:
        raise ValueError(expected(_WHERE, "build as a function of (features, outputs)", repr(build)))
    if not isinstance(model, Model):
        raise ValueError(expected(_WHERE, "a model from build(features, outputs)", repr(model)))
    if model._compiled is None:
        classes = task.classes is not None
        loss = SparseCategoricalCrossentropy(from_logits=True) if classes else "mse"
        model.compile(Adam(), loss, metrics=["accuracy"] if classes else None)
    return model


def _layers(x: np.ndarray, y: np.ndarray, task: Task, hidden: int, seed: int, dropout: float) -> Model:
    scale = Normalization(name="scale")
    scale.adapt(x)
    layers: list[Layer] = [Input((x.shape[1],)), scale, Dense(hidden, activation="relu")]
    layers += [Dropout(dropout)] if dropout else []
    layers.append(Dense(task.outputs))
    if task.classes is None:  # y = mean + std z, as a layer that is not trained
        std = y.std(axis=0)
        std = np.where(std > 0, std, 1.0)
        layers.append(Normalization(mean=-y.mean(axis=0) / std, std=1 / std, name="unscale"))
    return Sequential(layers, seed=seed)


def error_of(model: Model, part: tuple[Any, ...], task: Task, trained: np.ndarray) -> float:
    """The share of wrong labels, or 1 - R² as `report` has it: the mean squared error by the variance of the
    targets `trained` of the training set; of a part (x, y) of the split.
    """
    x, y = part
    outputs = np.asarray(model.predict(x), np.float64)
    if task.classes is not None:
        return float(np.mean(outputs.argmax(axis=1) != y))
    spread = float(trained.var(axis=0).mean())
    return float(((y - outputs) ** 2).mean() / (spread if spread > 0 else 1.0))
