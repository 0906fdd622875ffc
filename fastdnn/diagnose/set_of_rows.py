"""A set that a diagnosis is given: rows, targets, weights; errors as shares of what guessing gets wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastdnn.data.blocks import read_features
from fastdnn.data.description import Description, describe
from fastdnn.data.draws import bits
from fastdnn.data.sparse import is_sparse
from fastdnn.diagnose.fresh_copy import features_behind_scalers
from fastdnn.errors import expected
from fastdnn.layers import Embedding, Input
from fastdnn.losses.base import OperationLoss
from fastdnn.model import Model
from fastdnn.short_repr import ShortRepr

CLASSIFYING = ("sparse_accuracy", "categorical_accuracy", "binary_accuracy")
CALL = "call report(model, (x, y), (x_dev, y_dev)): a set is one argument"
LARGE_INPUTS = 10.0  # root mean square of a feature, where a standardised one has 1


@dataclass(frozen=True)
class Rows(ShortRepr):
    """One of them.

    name: "train", "dev" or "test".
    x: (examples, features), dense or sparse.
    y: (examples,) or (examples, outputs), as the loss takes it.
    weights: (examples,), or None.
    names: of the features, where they have some.
    """

    name: str
    x: Any
    y: np.ndarray
    weights: np.ndarray | None = None
    names: tuple[str, ...] | None = None

    @classmethod
    def of(cls, name: str, given: Any, model: Model) -> "Rows":
        """(x, y) or (x, y, sample_weight), checked.

        Raises:
            ValueError: it is no such tuple, has no rows, or does not fit the model.
        """
        if not isinstance(given, tuple | list) or len(given) not in (2, 3):
            got = f"a{'n' * isinstance(given, np.ndarray)} {type(given).__name__}" + (
                f" of {len(given)}" if isinstance(given, tuple | list) else ""
            )
            raise ValueError(expected("report", f"{name} as (x, y) or (x, y, sample_weight)", got, CALL))
        x, y, weights = _unpacked(name, given, model)
        y, weights = np.asarray(y), None if weights is None else np.asarray(weights, np.float64)
        names = None
        if not is_sparse(x):
            features = read_features(f"report, {name}", x)
            for _ in features.blocks():
                pass  # finite, or refused by row and column
            x, names = features.array, features.names
            if names is None and model.table is not None and x.shape[1] == model.table.width:
                names = model.table.feature_names
        if is_sparse(x):
            x = x.tocsr()  # whose rows can be taken
        if x.shape[0] == 0:
            raise ValueError(expected("report", f"rows in {name}", "none"))
        model.prepare(f"report, {name}", x, y, weights)
        if weights is not None and not weights.any():
            hint = "leave the weights out, or the set"
            raise ValueError(expected(f"report, {name}", "a sample_weight above 0", "none", hint))
        return cls(name, x, y, weights, names)

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def sparse(self) -> bool:
        """Whether x is a sparse matrix."""
        return bool(is_sparse(self.x))

    def taken(self, rows: Any) -> "Rows":
        """These rows alone."""
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, x=self.x[rows], y=self.y[rows], weights=weights)

    def first(self, rows: int) -> "Rows":
        """So many from the beginning."""
        return self.taken(slice(rows))

    def drawn(self, most: int, seed: int) -> "Rows":
        """At most so many, in a random order."""
        rng = np.random.Generator(bits(seed, "diagnose rows"))
        return self.taken(rng.permutation(len(self))[:most])

    # ---- Errors

    def errors(
        self, model: Model, spread: float, back: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> np.ndarray:
        """The error of each row (examples,): 1 where its class is wrong; of numbers (ŷ - y)² / spread, of
        outputs that `back` has gone over. All are NaN where an output is not finite.
        """
        outputs = predicted(model, self.x)
        outputs = outputs if back is None else back(outputs.astype(np.float64))
        if not np.isfinite(outputs).all():
            return np.full(len(self), np.nan)
        if is_classification(model):
            return self._wrong(model, outputs)
        difference = np.asarray(outputs, np.float64) - self.y.reshape(outputs.shape).astype(np.float64)
        squares: np.ndarray = (difference**2).mean(axis=1) / spread
        return squares

    def _wrong(self, model: Model, outputs: np.ndarray) -> np.ndarray:
        """The share of each row's outputs that is wrong, as the loss's accuracy means it."""
        kind, options = model.compiled.loss.accuracy  # type: ignore[misc]
        if kind != "binary_accuracy":
            labels = self.y.reshape(-1) if kind == "sparse_accuracy" else self.y.argmax(axis=1)
            return np.asarray(outputs.argmax(axis=1) != labels)
        yes = self.y.reshape(outputs.shape) > options.get("target_threshold", 0.5)
        wrong: np.ndarray = ((outputs > options.get("threshold", 0.5)) != yes).mean(axis=1)
        return wrong

    def mean(self, of_rows: np.ndarray) -> float:
        """Of figures of the rows, by their weights."""
        return float(np.average(of_rows, weights=self.weights))

    def standard_error(self, of_rows: np.ndarray) -> float:
        """Of that mean: σ · √Σw² / Σw, which is σ / √n of equal weights."""
        if len(self) < 2:
            return float("inf")
        w = np.ones(len(self)) if self.weights is None else self.weights
        return float(of_rows.std(ddof=1) * np.sqrt((w**2).sum()) / w.sum())

    @property
    def effective(self) -> float:
        """As how many rows of one weight they count: (Σw)² / Σw²."""
        return float(len(self) if self.weights is None else self.weights.sum() ** 2 / (self.weights**2).sum())

    def spread(self) -> float:
        """The variance of the targets: the mean squared error of their mean; 1 where they are equal."""
        y = self.y.reshape(len(self), -1).astype(np.float64)
        mean = np.average(y, axis=0, weights=self.weights)
        variance = float(np.average(((y - mean) ** 2).mean(axis=1), weights=self.weights))
        return variance if variance > 0 else 1.0

    def error_of_guessing(self, model: Model, train: "Rows") -> float:
        """That of saying the same for each row: the most frequent class of `train`, or its mean."""
        if not is_classification(model):
            targets = train.y.reshape(len(train), -1).astype(np.float64)
            mean = np.average(targets, axis=0, weights=train.weights)
            difference = self.y.reshape(len(self), -1).astype(np.float64) - mean
            return self.mean((difference**2).mean(axis=1)) / train.spread()
        if self.y.ndim == 2 and self.y.shape[1] > 1:
            if model.compiled.loss.accuracy[0] == "binary_accuracy":  # type: ignore[index]
                often = np.average(train.y > 0.5, axis=0, weights=train.weights) > 0.5
                return self.mean(((self.y > 0.5) != often).mean(axis=1))
            label = np.bincount(train.y.argmax(axis=1), weights=train.weights).argmax()
            return self.mean(self.y.argmax(axis=1) != label)
        values, of_rows = np.unique(train.y, return_inverse=True)
        often = values[np.bincount(of_rows.reshape(-1), weights=train.weights).argmax()]
        return self.mean(self.y.reshape(-1) != often)

    # ---- Losses

    def loss(self, model: Model, back: Callable[[np.ndarray], np.ndarray]) -> float:
        """The loss in inference mode, without penalties, of outputs that `back` has gone over."""
        loss = model.compiled.loss
        if not isinstance(loss, OperationLoss):
            return float(model.evaluate(self.x, self.y, sample_weight=self.weights, return_dict=True)["loss"])
        outputs = back(predicted(model, self.x).astype(np.float64))
        if not np.isfinite(outputs).all():
            return float("inf")
        return float(np.mean(loss(self.y, outputs)))

    def loss_of_guessing(self, model: Model) -> float:
        """The loss of the shares of the classes, or of the mean, for all rows; NaN of losses of one's own."""
        loss = model.compiled.loss
        if not isinstance(loss, OperationLoss):
            return float("nan")
        if is_classification(model) and self.y.size == len(self) and not _is_binary(model):
            _, counts = np.unique(self.y, return_counts=True)
            shares = counts / counts.sum()
            return float(-(shares * np.log(shares)).sum())
        if is_classification(model):
            y = self.y.reshape(len(self), -1)
            shares = np.clip((y > 0.5).mean(axis=0), 1e-6, 1 - 1e-6)
            both = -(shares * np.log(shares) + (1 - shares) * np.log(1 - shares))
            return float(both.mean() if _is_binary(model) else -(shares * np.log(shares)).sum())
        y = self.y.reshape(len(self), -1).astype(np.float64)
        return float(np.mean(loss(y, np.broadcast_to(y.mean(axis=0), y.shape))))

    # ---- Scales

    def seen(self, model: Model) -> Description:
        """Figures of the features as the first layer that learns gets them: behind normalising layers."""
        return describe(features_behind_scalers(model, self.x), self.names)

    def can_be_standardized(self, model: Model) -> bool:
        """Whether the features are numbers, and not standardised yet."""
        if self.sparse or takes_indices(model):
            return False
        x = features_behind_scalers(model, self.x).astype(np.float64)
        return bool((abs(x.mean(axis=0)) > 0.1).any() or (abs(x.std(axis=0) - 1) > 0.1).any())

    def targets_can_be_standardized(self, model: Model) -> bool:
        """Whether the targets are numbers, without limits, of another scale than about 1."""
        if is_classification(model) or not isinstance(model.compiled.loss, OperationLoss):
            return False
        y = self.y.astype(np.float64)
        std = float(y.std())
        return std > 0 and not (0.1 <= std <= 10.0 and abs(float(y.mean())) <= 10.0 * std)

    def scaled_targets(self) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
        """Targets of mean 0 and standard deviation 1, and what takes outputs back."""
        mean, std = float(self.y.mean()), float(self.y.std())
        return (self.y - mean) / std, lambda outputs: outputs * std + mean


def _unpacked(name: str, given: Any, model: Model) -> tuple[Any, Any, Any]:
    """x, y and weights, out of the dicts in which `fit` takes them of a model with named ends."""
    x, y, weights = (*given, None)[:3]
    packed = (isinstance(each, Mapping) for each in (x, y, weights))
    if any(packed):
        model.prepare(f"report, {name}", x, y, weights)  # which knows the names
    return _only(x), _only(y), _only(weights)


def _only(given: Any) -> Any:
    """The array of a dict of one."""
    return next(iter(given.values())) if isinstance(given, Mapping) else given


def takes_indices(model: Model) -> bool:
    """Whether what the model takes are numbers of rows of a table: such have no scale, whatever they are."""
    reads = (model.graph.nodes[node].layer for node in model.graph.inputs.nodes)
    integers = any(isinstance(layer, Input) and layer.is_integer for layer in reads)
    return integers or any(isinstance(layer, Embedding) for layer in model.layers)


def predicted(model: Model, x: Any) -> np.ndarray:
    """The only output (examples, outputs), whatever form the model gives it in."""
    outputs = model.predict(x)
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    array: np.ndarray = outputs[0] if isinstance(outputs, list) else outputs
    return array


def is_classification(model: Model) -> bool:
    """Whether the model's loss says that targets are classes, or yes and no."""
    accuracy = model.compiled.loss.accuracy
    return accuracy is not None and accuracy[0] in CLASSIFYING


def _is_binary(model: Model) -> bool:
    accuracy = model.compiled.loss.accuracy
    return accuracy is not None and accuracy[0] == "binary_accuracy"
