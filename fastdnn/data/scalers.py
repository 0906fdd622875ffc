"""Standardising and min-max scaling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.data.blocks import Features, Floats
from fastdnn.data.moments import moments
from fastdnn.data.scaler import Scaler, positive_vector_of, vector_of
from fastdnn.errors import expected

if TYPE_CHECKING:
    from fastdnn.layers import Layer


class StandardScaler(Scaler):
    """z = (x - μ) / σ, feature by feature, with μ and σ of the training set.

    σ² = Σ(x - μ)² / m divides by the number of rows m. A feature that never changes has σ = 1: it becomes 0.
    Targets of a regression are scaled as a column, `y[:, None]`, and predictions taken back by
    `inverse_transform`.

    Args:
        with_mean: subtract μ; with `with_std=False` this is zero-centring alone.
        with_std: divide by σ.

    Attributes:
        mean_: what is subtracted (features,): μ, or 0 without `with_mean`.
        scale_: what is divided by (features,): σ, 1 of a constant feature, or 1 without `with_std`.

    Raises:
        ValueError: an argument is neither True nor False.

    Source: deck 004, "Data Normalization & Whitening", whose Σz²/m lacks the mean in deck 002.

    >>> import numpy as np
    >>> from fastdnn.data import StandardScaler
    >>> x_train = np.array([[1.0, 5.0], [3.0, 5.0]])
    >>> scaler = StandardScaler().fit(x_train)
    >>> scaler.mean_, scaler.scale_
    (array([2., 5.]), array([1., 1.]))
    >>> scaler.transform([[4.0, 5.5]])
    array([[2. , 0.5]])
    >>> bool((scaler.inverse_transform(scaler.transform(x_train)) == x_train).all())
    True
    """

    mean_: Floats
    scale_: Floats

    def __init__(self, *, with_mean: bool = True, with_std: bool = True) -> None:
        for name, value in (("with_mean", with_mean), ("with_std", with_std)):
            if not isinstance(value, bool):
                raise ValueError(expected("StandardScaler", f"{name} as True or False", repr(value)))
        self.with_mean = with_mean
        self.with_std = with_std

    def _fit(self, features: Features) -> None:
        figures = moments(features)
        self.mean_ = figures.mean if self.with_mean else np.zeros(features.width)
        self.scale_ = figures.scale if self.with_std else np.ones(features.width)

    def _forward(self, block: Floats) -> Floats:
        block -= self.mean_
        block /= self.scale_
        return block

    def _backward(self, block: Floats) -> Floats:
        block *= self.scale_
        block += self.mean_
        return block

    def as_layer(self, name: str | None = None) -> Layer:
        """`layers.Normalization` with these figures.

        Raises:
            ValueError: the scaler is not fitted.
        """
        from fastdnn.layers import Normalization

        self._fitted("StandardScaler.as_layer")
        return Normalization(self.mean_, self.scale_, name=name)

    def get_config(self) -> dict[str, Any]:
        """Arguments and figures, for `from_config`."""
        self._fitted("StandardScaler.get_config")
        return {
            "with_mean": self.with_mean,
            "with_std": self.with_std,
            "mean": self.mean_.tolist(),
            "scale": self.scale_.tolist(),
            "names": self._names(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> StandardScaler:
        """The scaler that gave this configuration.

        Raises:
            ValueError: it is none of a `StandardScaler`.
        """
        where = "StandardScaler.from_config"
        scaler = cls(with_mean=config.get("with_mean", True), with_std=config.get("with_std", True))
        mean = vector_of(where, config, "mean")
        scaler.scale_ = positive_vector_of(where, config, "scale", len(mean))
        scaler.mean_ = mean
        scaler._restore(config, len(mean))
        return scaler


class MinMaxScaler(Scaler):
    """z = low + (high - low)(x - min) / (max - min), with min and max of each feature in the training set.

    So the training set lies between low and high; other rows may lie beyond. A feature that never changes
    becomes low.

    Args:
        feature_range: (low, high), finite, low < high.

    Attributes:
        data_min_, data_max_: min and max (features,).

    Raises:
        ValueError: `feature_range` is something else.

    >>> import numpy as np
    >>> from fastdnn.data import MinMaxScaler
    >>> scaler = MinMaxScaler().fit(np.array([[0.0, 7.0], [4.0, 7.0]]))
    >>> scaler.transform([[1.0, 7.0], [6.0, 7.0]])
    array([[0.25, 0.  ],
           [1.5 , 0.  ]])
    """

    data_min_: Floats
    data_max_: Floats

    def __init__(self, feature_range: tuple[float, float] = (0.0, 1.0)) -> None:
        is_pair = isinstance(feature_range, tuple | list) and len(feature_range) == 2
        numbers = is_pair and all(
            isinstance(end, int | float | np.number) and not isinstance(end, bool) for end in feature_range
        )
        if not numbers or not -math.inf < feature_range[0] < feature_range[1] < math.inf:
            wanted = "feature_range as (low, high) with low < high"
            raise ValueError(expected("MinMaxScaler", wanted, repr(feature_range)))
        self.feature_range = (float(feature_range[0]), float(feature_range[1]))

    def _fit(self, features: Features) -> None:
        low, high = np.full(features.width, np.inf), np.full(features.width, -np.inf)
        for _, block in features.blocks():
            np.minimum(low, block.min(axis=0), out=low)
            np.maximum(high, block.max(axis=0), out=high)
        with np.errstate(over="ignore"):
            beyond = ~np.isfinite(high - low)
        if beyond.any():
            column = int(np.argmax(beyond))
            got = f"{low[column]:g} to {high[column]:g} in column {features.label(column)}"
            raise ValueError(expected(features.where, "features whose range float64 holds", got))
        self.data_min_, self.data_max_ = low, high

    @property
    def _range(self) -> Floats:
        """max - min, and 1 of a constant feature."""
        spread = self.data_max_ - self.data_min_
        return np.where(spread < np.finfo(np.float32).tiny, 1.0, spread)

    def _forward(self, block: Floats) -> Floats:
        low, high = self.feature_range
        block -= self.data_min_
        block /= self._range  # exactly 1 at the maximum
        block *= high - low
        block += low
        return block

    def _backward(self, block: Floats) -> Floats:
        low, high = self.feature_range
        block -= low
        block /= high - low
        block *= self._range
        block += self.data_min_
        return block

    def as_layer(self, name: str | None = None) -> Layer:
        """`layers.Normalization` with the μ and σ that do the same.

        Raises:
            ValueError: the scaler is not fitted.
        """
        from fastdnn.layers import Normalization

        self._fitted("MinMaxScaler.as_layer")
        low, high = self.feature_range
        scale = self._range / (high - low)
        return Normalization(self.data_min_ - low * scale, scale, name=name)

    def get_config(self) -> dict[str, Any]:
        """Arguments and figures, for `from_config`."""
        self._fitted("MinMaxScaler.get_config")
        return {
            "feature_range": list(self.feature_range),
            "min": self.data_min_.tolist(),
            "max": self.data_max_.tolist(),
            "names": self._names(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> MinMaxScaler:
        """The scaler that gave this configuration.

        Raises:
            ValueError: it is none of a `MinMaxScaler`.
        """
        where = "MinMaxScaler.from_config"
        low, high = vector_of(where, config, "feature_range", 2).tolist()
        scaler = cls((low, high))
        scaler.data_min_ = vector_of(where, config, "min")
        scaler.data_max_ = vector_of(where, config, "max", len(scaler.data_min_))
        if not (scaler.data_min_ <= scaler.data_max_).all():
            raise ValueError(expected(where, "min <= max", "a feature where it is not"))
        scaler._restore(config, len(scaler.data_min_))
        return scaler
