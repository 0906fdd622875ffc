"""Mean, standard deviation and range of every feature, in two passes over blocks of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.blocks import Features, Floats
from fastdnn.errors import expected

_LEAST_STD = float(np.finfo(np.float32).tiny)  # below it a float32 model could not divide by σ


@dataclass(frozen=True)
class Moments:
    """Figures of each feature, (features,).

    mean, std: μ and σ; σ² divides by the number of rows.
    low, high: the smallest and the largest value.
    constant: whether the feature never changes, or by too little for float32 to divide by.
    """

    mean: Floats
    std: Floats
    low: Floats
    high: Floats
    constant: NDArray[np.bool_]

    @property
    def scale(self) -> Floats:
        """σ, and 1 of a constant feature, which then becomes 0 and stays finite."""
        return np.where(self.constant, 1.0, self.std)


def moments(features: Features) -> Moments:
    """The figures of a table.

    The first pass sums differences to the first row, so that an offset costs no digits; the second sums
    squared differences to the mean, and corrects the mean by what rounding left of their sum (Chan, Golub &
    LeVeque, "Algorithms for computing the sample variance", The American Statistician 37, 1983).

    Raises:
        ValueError: a number is NaN or infinite, or a feature's spread is beyond float64.

    >>> import numpy as np
    >>> from fastdnn.data.blocks import read_features
    >>> from fastdnn.data.moments import moments
    >>> figures = moments(read_features("example", np.array([[0.0, 5.0], [2.0, 5.0]])))
    >>> figures.mean, figures.std, figures.constant
    (array([1., 5.]), array([1., 0.]), array([False,  True]))
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, low, high = _means(features)
        mean, std = _deviations(features, mean)
    if not (np.isfinite(mean).all() and np.isfinite(std).all()):
        column = int(np.argmin(np.isfinite(mean) & np.isfinite(std)))
        got = f"{low[column]:g} to {high[column]:g} in column {features.label(column)}"
        raise ValueError(expected(features.where, "features whose spread float64 holds", got))
    return Moments(mean, std, low, high, std < _LEAST_STD)


def _means(features: Features) -> tuple[Floats, Floats, Floats]:
    pivot = np.zeros(features.width)
    low, high = np.full(features.width, np.inf), np.full(features.width, -np.inf)
    total = np.zeros(features.width)
    for begin, block in features.blocks():
        if begin == 0:
            pivot = block[0].copy()
        np.minimum(low, block.min(axis=0), out=low)
        np.maximum(high, block.max(axis=0), out=high)
        block -= pivot
        total += block.sum(axis=0)
    return pivot + total / features.rows, low, high


def _deviations(features: Features, mean: Floats) -> tuple[Floats, Floats]:
    left, squares = np.zeros(features.width), np.zeros(features.width)
    for _, block in features.blocks():
        block -= mean
        left += block.sum(axis=0)
        np.square(block, out=block)
        squares += block.sum(axis=0)
    return mean + left / features.rows, np.sqrt(squares / features.rows)
