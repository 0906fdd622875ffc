"""What a loss can come down to on given rows, and what it is for who knows nothing of x."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
    smooth_labels,
)
from fastdnn.losses.base import OperationLoss

if TYPE_CHECKING:
    from fastdnn.model import Model
    from fastdnn.sources import Feed

_GOLDEN = (5**0.5 - 1) / 2
_PRECISE = 1e-6


@dataclass(frozen=True)
class LossRange:
    """Of the loss of a model on some rows, without penalties.

    floor: the least there is: above 0 where labels are smoothed, targets are shares of classes, or rows that
        are alike have unlike targets.
    baseline: that of the best constant output; infinite where a loss of the user's own does not tell.
    accuracy: the most there is, or None.
    conflicts: rows with another target than an earlier row of the same features.
    """

    floor: float
    baseline: float
    accuracy: float | None
    conflicts: int


def loss_range(model: "Model", feed: "Feed") -> LossRange:
    """Of all outputs together, weighted as in training."""
    inputs, widths = len(model.graph.inputs), model.graph.widths_of(model.graph.outputs)
    groups = _alike(feed, inputs)
    floor = baseline = 0.0
    accuracies, conflicts = [], np.zeros(feed.rows, bool)
    heads = [pair for pair in zip(model.compiled.heads, widths, strict=True) if pair[0].loss is not None]
    for (head, classes), target in zip(heads, feed.arrays[inputs:], strict=True):
        targets = np.asarray(target, np.float64)
        members = [targets[groups == group] for group in range(int(groups.max()) + 1)]
        per = 1.0 if getattr(head.loss, "reduction", "mean") == "sum" else float(feed.rows)
        floor += head.weight * sum(_of_constant(head.loss, each, classes) for each in members) / per
        known = isinstance(head.loss, OperationLoss)
        baseline += head.weight * _of_constant(head.loss, targets, classes) / per if known else np.inf
        conflicts |= _conflicting(targets, groups)
        if head.loss is not None and head.loss.accuracy is not None:
            accuracies.append(_best_accuracy(head.loss, members, feed.rows))
    accuracy = float(np.mean(accuracies)) if accuracies else None
    return LossRange(float(floor), float(baseline), accuracy, int(conflicts.sum()))


def _alike(feed: "Feed", inputs: int) -> np.ndarray:
    """The number of each row's group of rows with the same features."""
    arrays = [array for array in feed.arrays[:inputs] if isinstance(array, np.ndarray)]
    if len(arrays) < inputs:  # of sparse rows nobody looks
        return np.arange(feed.rows)
    together = np.concatenate([np.asarray(array, np.float64) for array in arrays], axis=1)
    return np.unique(together, axis=0, return_inverse=True)[1].reshape(-1)


def _conflicting(targets: np.ndarray, groups: np.ndarray) -> np.ndarray:
    first = np.unique(groups, return_index=True)[1]
    conflicting: np.ndarray = (targets != targets[first[groups]]).any(axis=1)
    return conflicting


def _of_constant(loss: Any, targets: np.ndarray, classes: int) -> float:
    """The sum over rows of the loss of the output that is best for all of them."""
    if isinstance(loss, SparseCategoricalCrossentropy | CategoricalCrossentropy):
        given = targets[:, 0].astype(int) if targets.shape[1] == 1 and classes > 1 else targets
        smoothed = smooth_labels(given, loss.label_smoothing, mode=loss.label_smoothing_mode, classes=classes)
        return len(targets) * _entropy(smoothed.mean(axis=0))
    if isinstance(loss, BinaryCrossentropy):
        share = (targets * (1 - loss.label_smoothing) + loss.label_smoothing / 2).mean(axis=0)
        return len(targets) * float(np.mean([_entropy(np.array([p, 1 - p])) for p in share]))
    if not isinstance(loss, OperationLoss):
        return 0.0
    if (targets == targets[0]).all():
        return 0.0
    if isinstance(loss, KLDivergence):
        return _sum_of(loss, targets, targets.mean(axis=0))
    columns = [_of_column(loss, targets[:, [column]]) for column in range(targets.shape[1])]
    return sum(columns) / (1 if getattr(loss, "outputs", "mean") == "sum" else len(columns))


def _of_column(loss: OperationLoss, target: np.ndarray) -> float:
    """The least of a convex function, by golden sections."""
    low, high = min(float(target.min()), -1.0), max(float(target.max()), 1.0)
    while high - low > _PRECISE * (1 + abs(low) + abs(high)):
        inner = [high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)]
        values = [_sum_of(loss, target, np.array([place])) for place in inner]
        low, high = (low, inner[1]) if values[0] < values[1] else (inner[0], high)
    return _sum_of(loss, target, np.array([(low + high) / 2]))


def _sum_of(loss: OperationLoss, targets: np.ndarray, constant: np.ndarray) -> float:
    value = float(loss(targets, np.tile(constant, (len(targets), 1))))
    return value if loss.reduction == "sum" else value * len(targets)


def _entropy(shares: np.ndarray) -> float:
    """-Σ p log p, of what may not sum to 1: -Σ t log(t / Σt)."""
    kept = shares[shares > 0]
    return float(-(kept * np.log(kept / kept.sum())).sum())


def _best_accuracy(loss: Any, members: list[np.ndarray], rows: int) -> float:
    """The share of rows that the majority of their group is right about."""
    return sum(_majority(loss, each) for each in members) / rows


def _majority(loss: Any, targets: np.ndarray) -> float:
    if targets.shape[1] > 1 and loss.accuracy[0] != "binary_accuracy":
        targets = targets.argmax(axis=1)[:, None]
    if loss.accuracy[0] == "binary_accuracy":
        targets = targets > loss.accuracy[1]["target_threshold"]
    counts = [np.unique(column, return_counts=True)[1].max() for column in targets.T]
    return float(np.mean(counts))
