"""What scalers share: fitted on the training set, applied unchanged to others, invertible, block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.blocks import Features, Floats, read_features
from fastdnn.errors import expected

if TYPE_CHECKING:
    from fastdnn.layers import Layer


class Scaler:
    """What all scalers do: `fit` on the training set, then `transform` of any set by its figures.

    The verbs and the names with a trailing underscore are scikit-learn's. x is (examples, features), of any
    real type and layout, a memory map or a data frame. Figures are float64 and found block by block, so that
    no float64 copy of x is made. What `transform` gives is float32 where float32 holds the numbers of x
    (float16, float32, booleans, integers to 16 bits), else float64.

    Attributes:
        n_features_in_: features of what it was fitted to.
        feature_names_in_: their names, where that was a data frame, else None. A data frame with other names,
            or in another order, is then refused.
    """

    n_features_in_: int = 0
    feature_names_in_: tuple[str, ...] | None = None

    def fit(self, x: Any) -> Self:
        """Find the figures of the training set; `x` (examples, features).

        Raises:
            ValueError: `x` is no table of finite numbers; row and column are named. The scaler stays as it
                was.
        """
        features = read_features(f"{type(self).__name__}.fit", x)
        self._fit(features)
        self.n_features_in_, self.feature_names_in_ = features.width, features.names
        return self

    def transform(self, x: Any, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The scaled rows of `x` (examples, features).

        Args:
            x: as in `fit`, with as many features.
            out: where they are written, such as a memory map of shape (examples, outputs) and type float32 or
                float64; None for a new array.

        Raises:
            ValueError: the scaler is not fitted, `x` or `out` does not fit, a number is NaN or infinite, or a
                result is beyond the type's range.
        """
        where = f"{type(self).__name__}.transform"
        features = read_features(where, x, self._fitted(where))
        self._check_names(features)
        return _mapped(features, self._forward, self._outputs, out)

    def fit_transform(self, x: Any, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """`fit(x)`, then `transform(x)`."""
        return self.fit(x).transform(x, out)

    def inverse_transform(self, z: Any, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The rows that `transform` made `z` (examples, outputs) of; what was scaled in float32 comes back to
        float32's precision.

        Raises:
            ValueError: as `transform`.
        """
        where = f"{type(self).__name__}.inverse_transform"
        width = self._fitted(where)
        return _mapped(read_features(where, z, self._outputs), self._backward, width, out)

    def as_layer(self, name: str | None = None) -> Layer:
        """A layer with these figures, not trained: a model that begins with it takes raw rows, in its file
        too.

        Raises:
            ValueError: the scaler is not fitted.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Arguments and figures as plain numbers and lists, which JSON holds exactly; for `from_config`.

        Raises:
            ValueError: the scaler is not fitted.
        """
        raise NotImplementedError

    # ---- What each scaler writes

    def _fit(self, features: Features) -> None:
        """Set the figures, all or none."""
        raise NotImplementedError

    def _forward(self, block: Floats) -> Floats:
        """A block of rows, which may be overwritten, scaled."""
        raise NotImplementedError

    def _backward(self, block: Floats) -> Floats:
        """A block of scaled rows, which may be overwritten, as it was before."""
        raise NotImplementedError

    @property
    def _outputs(self) -> int:
        """Columns of what `transform` gives."""
        return self.n_features_in_

    # ---- Checks

    def _fitted(self, where: str) -> int:
        """The number of features."""
        if self.n_features_in_ == 0:
            raise ValueError(expected(where, "a fitted scaler", "one without figures", "call fit(x_train)"))
        return self.n_features_in_

    def _check_names(self, features: Features) -> None:
        known, given = self.feature_names_in_, features.names
        if known is None or given is None or known == given:
            return
        at = next(i for i in range(len(known)) if known[i] != given[i])
        hint = "select the columns in the order of fit"
        raise ValueError(
            expected(features.where, f"column {at} named {known[at]!r}, as in fit", repr(given[at]), hint)
        )

    def _restore(self, config: Mapping[str, Any], width: int) -> None:
        names = config.get("names")
        texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if names is not None and (not texts or len(names) != width):
            where = f"{type(self).__name__}.from_config"
            raise ValueError(expected(where, f"{width} names of features, or None", repr(names)))
        self.n_features_in_, self.feature_names_in_ = width, None if names is None else tuple(names)

    def _names(self) -> list[str] | None:
        return None if self.feature_names_in_ is None else list(self.feature_names_in_)

    def __repr__(self) -> str:
        fitted = f"fitted to {self.n_features_in_} features" if self.n_features_in_ else "not fitted"
        return f"<{type(self).__name__}, {fitted}>"


def _mapped(features: Features, function: Any, outputs: int, out: NDArray[Any] | None) -> NDArray[Any]:
    """The blocks of a table through a function, into one array."""
    dtype = np.result_type(features.array.dtype, np.float32)
    shape = (features.rows, outputs)
    if out is None:
        out = np.empty(shape, dtype)
    elif (
        not isinstance(out, np.ndarray)
        or out.shape != shape
        or out.dtype not in (np.float32, np.float64)
        or not out.flags.writeable
    ):
        got = f"{getattr(out, 'dtype', type(out).__name__)} of shape {getattr(out, 'shape', None)}"
        wanted = f"out as a writeable float32 or float64 array of shape {shape}"
        raise ValueError(expected(features.where, wanted, got))
    for begin, block in features.blocks():
        part = out[begin : begin + len(block)]
        with np.errstate(over="ignore", invalid="ignore"):
            part[...] = function(block)
        if not np.isfinite(part).all():
            row, column = np.argwhere(~np.isfinite(part))[0]
            got = f"{part[row, column]} in row {begin + row}, column {column}"
            raise ValueError(expected(features.where, f"results within the range of {out.dtype}", got))
    return out


def vector_of(where: str, config: Mapping[str, Any], name: str, size: int | None = None) -> Floats:
    """A vector of finite numbers out of a configuration, which may come from a file.

    Raises:
        ValueError: there is none of this size.
    """
    value = config.get(name)
    right = isinstance(value, list) and len(value) > 0 and (size is None or len(value) == size)
    if not right or not all(_is_finite(number) for number in value):  # type: ignore[union-attr]
        wanted = f"{name} as a list of {'finite numbers' if size is None else f'{size} finite numbers'}"
        raise ValueError(expected(where, wanted, f"{value!r:.60}"))
    return np.array(value, np.float64)


def _is_finite(number: object) -> bool:
    if type(number) is int:
        return abs(number) < 2**1023  # which float64 holds
    return type(number) is float and math.isfinite(number)


def positive_vector_of(where: str, config: Mapping[str, Any], name: str, size: int) -> Floats:
    """`vector_of`, of numbers > 0."""
    vector = vector_of(where, config, name, size)
    if not (vector > 0).all():
        raise ValueError(expected(where, f"{name} > 0", f"{vector.min():g}"))
    return vector
