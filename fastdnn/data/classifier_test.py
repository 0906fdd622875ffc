"""The classifier two-sample test: two sets differ if a network can tell their rows apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.draws import bits
from fastdnn.data.scalers import StandardScaler
from fastdnn.data.two_sample import binomial_survival

if TYPE_CHECKING:
    from fastdnn.model import Model

LEAST_ROWS = 20  # of each set: 10 to train on, 10 that are held out
_UNITS = 20  # of the hidden layer, as in the paper
_BATCH = 32
_STEPS = 1500
_MOST_EPOCHS = 100  # as in the paper
_RATE = 3e-3
_IMPORTANCE_ROWS = 1000  # a fall of the accuracy is known to about 2 %


@dataclass(frozen=True)
class ClassifierTest:
    """How well a network tells two sets apart, on rows that it was not trained on.

    accuracy: the share of them that it gets right; half of them are of each set.
    rows: how many there are.
    p_value: the probability that a coin does as well, P(X >= hits) of the binomial distribution.
    differs: whether that is below the test's α.
    importance: for each feature by how much the accuracy falls when it is shuffled among these rows (1,000 of
        them, where there are more); NaN where the network sees no difference.
    """

    accuracy: float
    rows: int
    p_value: float
    differs: bool
    importance: tuple[float, ...]

    def __str__(self) -> str:
        return (
            f"a classifier is right on {100 * self.accuracy:.1f} % of {self.rows} held-out rows "
            f"(p {'< 1e-300' if self.p_value < 1e-300 else f'= {self.p_value:.2g}'})"
        )


def classifier_test(a: NDArray[Any], b: NDArray[Any], alpha: float, seed: int) -> ClassifierTest | None:
    """Train on half of the rows, count hits on the other half; None where a set has fewer than 20 rows.

    Args:
        a: (rows, features), finite, in random order; of the longer set as many are read as the other has.
        b: the same features.
        alpha: of the test.
        seed: of the network's weights and of shuffling.

    >>> import numpy as np
    >>> from fastdnn.data.classifier_test import classifier_test
    >>> rng = np.random.default_rng(0)
    >>> sign = np.sign(rng.normal(size=(800, 1)))
    >>> alone = np.abs(rng.normal(size=(800, 2))) * np.sign(rng.normal(size=(800, 2)))
    >>> together = np.abs(rng.normal(size=(800, 2))) * sign  # each feature by itself is as before
    >>> classifier_test(alone, together, 0.01, seed=0).differs
    True
    """
    rows = min(len(a), len(b))
    if rows < LEAST_ROWS:
        return None
    half = rows // 2
    train_x = np.concatenate([a[:half], b[:half]])
    held_x = np.concatenate([a[half:rows], b[half:rows]])
    held_y = np.repeat([0, 1], rows - half)
    model = _trained(train_x, np.repeat([0, 1], half), seed)
    accuracy = _accuracy(model, held_x, held_y)
    p_value = binomial_survival(round(accuracy * len(held_y)), len(held_y))
    differs = p_value < alpha
    importance = (math.nan,) * a.shape[1]
    if differs:
        importance = _importance(model, held_x, held_y, seed)
    return ClassifierTest(accuracy, len(held_y), p_value, differs, importance)


def _trained(x: NDArray[Any], y: NDArray[Any], seed: int) -> Model:
    """Ready to be asked about raw rows."""
    import fastdnn as fd

    layers = [
        fd.layers.Input((x.shape[1],)),
        StandardScaler().fit(x).as_layer(),
        fd.layers.Dense(_UNITS, activation="relu"),
        fd.layers.Dense(2),
    ]
    model = fd.Sequential(layers, seed=seed, dtype="float64")
    model.compile(fd.optimizers.Adam(_RATE), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    epochs = min(_MOST_EPOCHS, max(1, round(_STEPS * _BATCH / len(x))))
    model.fit(x, y, batch_size=_BATCH, epochs=epochs, verbose=0)
    return model


def _accuracy(model: Model, x: NDArray[Any], y: NDArray[Any]) -> float:
    return float((model.predict(x).argmax(axis=1) == y).mean())


def _importance(model: Model, x: NDArray[Any], y: NDArray[Any], seed: int) -> tuple[float, ...]:
    """Breiman's permutation importance (Random forests, Machine Learning 45, 2001), on some of the rows."""
    rng = np.random.Generator(bits(seed, "importance"))
    chosen = rng.permutation(len(x))[:_IMPORTANCE_ROWS]
    x, y = x[chosen], y[chosen]
    accuracy = _accuracy(model, x, y)
    falls = []
    for column in range(x.shape[1]):
        kept = x[:, column].copy()
        x[:, column] = rng.permutation(kept)
        falls.append(accuracy - _accuracy(model, x, y))
        x[:, column] = kept
    return tuple(falls)
