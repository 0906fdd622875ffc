"""Trainings on copies: the model that a diagnosis is asked about stays as it is, bit for bit."""

import copy
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import metrics
from fastdnn.compiled import Compiled, Head
from fastdnn.data.batches import is_batches
from fastdnn.data.sparse import is_sparse
from fastdnn.data.split import split_indices
from fastdnn.diagnose.fresh_copy import optimizer_like, rebuilt, without_decay, without_regularization
from fastdnn.errors import EqualUnitsWarning, expected
from fastdnn.model import Model
from fastdnn.optimizers import Optimizer
from fastdnn.ports import Ports
from fastdnn.sources import is_list_of_arrays

if TYPE_CHECKING:
    from fastdnn.sources import Feed

_MOST_CLASSES = 1000  # of labels that subsets keep the shares of


def checked_model(where: str, model: Any) -> Model:
    """A compiled model.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(model, Model):
        raise ValueError(expected(where, "a model", repr(model)))
    _ = model.compiled  # says by its own error that there is none
    return model


def trial_of(model: Model, where: str, x: Any, y: Any) -> tuple[Model, "Feed"]:
    """A copy with a fresh state of the optimiser and the accuracy measured where there is one, and the data
    as its sources take them, all checked.

    Raises:
        ValueError: the data does not fit, or x makes batches.
        TypeError: `copy.deepcopy` cannot copy a layer, loss or metric of the user's own.
    """
    if is_batches(x):
        hint = "take some rows of them"
        raise ValueError(expected(where, "x and y as arrays", f"batches of {type(x).__name__}", hint))
    trial = copy.deepcopy(model)
    trial.history = None
    compiled = trial.compiled
    heads = tuple(_measured(head) for head in compiled.heads)
    trial._compile(Compiled(compiled.optimizer, heads, compiled.backend_name, compiled.regularizer))
    return trial, trial.prepare(where, x, y)


def _measured(head: Head) -> Head:
    """With its accuracy, if the loss has one, and no other metric."""
    if head.loss is None or head.loss.accuracy is None:
        return replace(head, metrics=(), weighted_metrics=())
    return replace(head, metrics=(metrics.get("accuracy", head.loss),), weighted_metrics=())


def redraw(model: Model, seed: int) -> None:
    """Weights drawn anew, of every layer that is trained; frozen ones, and figures that layers were adapted
    to, stay.
    """
    with warnings.catch_warnings():  # which the model itself has given before
        warnings.simplefilter("ignore", EqualUnitsWarning)
        again = rebuilt(model, optimizer_like(model.optimizer), seed=seed)
    model.weights.write(again.weights.snapshot())


def _is_trained(layer: Any) -> bool:
    return layer.trainable and any(weight.trainable for weight in layer.weights)


def refuse_untrained(where: str, model: Model) -> None:
    """Raise if no weight is trained."""
    if not any(_is_trained(layer) for layer in model.graph.layers):
        hint = "unfreeze() its layers"
        raise ValueError(expected(where, "a model with weights that are trained", "none", hint))


def unregularize(model: Model) -> None:
    """Take away what keeps a network from learning by heart: dropout, noise, penalties, limits, decay."""
    for layer in model.graph.layers:
        without_regularization(layer)
    compiled = model.compiled
    model._compile(Compiled(without_decay(compiled.optimizer), compiled.heads, compiled.backend_name))


def begin_again(model: Model, optimizer: Optimizer) -> None:
    """Train by this optimiser from now on, as if for the first time."""
    compiled = model.compiled
    model._compile(Compiled(optimizer, compiled.heads, compiled.backend_name, compiled.regularizer))


def rate_code(model: Model, rate: float) -> str:
    """The line that sets a learning rate; in place of a schedule goes a constant one."""
    number = f"{rate:.2g}"
    scheduled = "learning_rate" in model.optimizer.schedules
    return f"model.optimizer.learning_rate = {f'fd.schedules.Constant({number})' if scheduled else number}"


# ---- Rows


def labels_of(model: Model, feed: "Feed") -> np.ndarray | None:
    """The classes of the rows as numbers (rows,) under a loss that knows classes; None of other targets, or
    of several outputs.
    """
    heads = [head for head in model.compiled.heads if head.loss is not None]
    inputs = len(model.graph.inputs)
    if len(heads) != 1 or heads[0].loss is None or heads[0].loss.accuracy is None:
        return None
    target = np.asarray(feed.arrays[inputs])
    labels = target.argmax(axis=1) if target.shape[1] > 1 else target[:, 0]
    return np.unique(labels, return_inverse=True)[1].reshape(-1)


def some_rows(model: Model, feed: "Feed", rows: int, seed: int) -> np.ndarray:
    """Row numbers of a random part, with the classes in their shares; all, where there are no more."""
    if rows >= feed.rows:
        return np.arange(feed.rows)
    labels = labels_of(model, feed)
    few = labels is not None and int(labels.max()) < _MOST_CLASSES
    return split_indices(feed.rows, dev=rows, test=0, stratify=labels if few else None, seed=seed)[1]


def with_weight(model: Model, where: str, x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """The rows that have a weight, under any output.

    Raises:
        ValueError: the weights do not fit, or no row has one.
    """
    trial, feed = trial_of(model, where, x, y)
    weighed = trial.prepare(where, x, y, sample_weight)
    weights = [np.asarray(array) for array in weighed.arrays[len(feed.arrays) :]]
    all_weighed = len(weights) < len(trial.compiled.heads)  # an output without weights counts all rows
    used = np.flatnonzero(np.logical_or.reduce([array.reshape(weighed.rows) != 0 for array in weights]))
    if all_weighed or len(used) == weighed.rows:
        return x, y
    if not len(used):
        raise ValueError(expected(where, "a row of a weight above 0", f"{weighed.rows} of 0"))
    return rows_of(x, used, trial.graph.inputs), rows_of(y, used, trial.graph.outputs)


def rows_of(data: Any, rows: np.ndarray, ports: Ports) -> Any:
    """These rows of what a user gave: an array, a frame, a sparse matrix, or a list or dict of such."""
    if data is None:
        return None
    if is_sparse(data):
        return data.tocsr()[rows]
    if isinstance(data, Mapping):
        return {name: rows_of(each, rows, ports) for name, each in data.items()}
    if is_list_of_arrays(data, ports):
        return [rows_of(each, rows, ports) for each in data]
    if hasattr(data, "iloc"):  # pandas
        return data.iloc[rows]
    return data.take(rows) if hasattr(data, "column_names") else np.asarray(data)[rows]
