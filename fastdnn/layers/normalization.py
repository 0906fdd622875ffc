"""Standardisation as a layer: a model takes raw values and carries the training set's figures with it."""

from typing import Any

import numpy as np

from fastdnn.data.blocks import read_features
from fastdnn.data.moments import moments
from fastdnn.errors import expected
from fastdnn.layers.layer import Layer, Shape, WeightStore, features
from fastdnn.program import Program, Value


class Normalization(Layer):
    """y = (x - μ) / σ, with μ and σ of the training set (σ² divides by the number of examples).

    `adapt(x_train)` sets them, before or after the layer is in a model; a feature that never changes has σ =
    1, so that it becomes 0 and stays finite. They are stored in the model's file and not trained. Until
    `adapt`, y = x. `fastdnn.data.StandardScaler` finds the same figures outside of a model.

    Shapes: x, y (examples, features); μ `mean`, σ `std` (features,).

    Args:
        mean: μ, if it is known already; then `std` too.
        std: σ > 0.
        name: of the layer.

    Raises:
        ValueError: only one of `mean` and `std` is given, or they are not finite vectors of one length with σ
            > 0.

    >>> import numpy as np
    >>> from fastdnn.layers import Normalization
    >>> scale = Normalization()
    >>> scale.adapt(np.array([[0.0, 5.0], [2.0, 5.0]]))
    >>> scale.mean, scale.std
    (array([1., 5.]), array([1., 1.]))
    """

    def __init__(
        self,
        mean: np.ndarray | None = None,
        std: np.ndarray | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self._figures: tuple[np.ndarray, np.ndarray] | None = None  # until a model holds them
        if (mean is None) != (std is None):
            raise ValueError(expected("Normalization", "both mean and std, or neither", "one of them"))
        if mean is not None and std is not None:
            self._set(_vector("mean", mean), _vector("std", std))

    @property
    def mean(self) -> np.ndarray | None:
        """μ (features,), or None before `adapt`."""
        return self._figure(0)

    @property
    def std(self) -> np.ndarray | None:
        """σ (features,), or None before `adapt`."""
        return self._figure(1)

    def _figure(self, index: int) -> np.ndarray | None:
        if self.attached:
            return self.get_weights()[index]
        return None if self._figures is None else self._figures[index].copy()

    def adapt(self, x: Any) -> None:
        """Take μ and σ from the training set, (examples, features), an array, a memory map or a data frame.

        Raises:
            ValueError: `x` is not a dense, finite table of numbers, or not of the width that the layer was
                built for.
        """
        width = None if self._built_for is None else features(self._built_for[0])
        figures = moments(read_features(self.name or "Normalization.adapt", x, width))
        self._set(figures.mean, figures.scale)

    def _set(self, mean: np.ndarray, std: np.ndarray) -> None:
        if mean.shape != std.shape or not (std > 0).all():
            raise ValueError(
                expected(
                    "Normalization", "mean and std of one length with std > 0", f"{mean.shape} and {std}"
                )
            )
        if self.attached:
            self.set_weights([mean, std])
        else:
            self._figures = (mean, std)

    def attach(self, store: WeightStore) -> None:
        """Called by the model that now holds the figures."""
        super().attach(store)
        if self._figures is not None:
            self.set_weights(list(self._figures))

    def build(self, input_shape: Shape) -> None:
        """Declare μ and σ."""
        width = features(input_shape)
        if self._figures is not None and self._figures[0].size != width:
            raise ValueError(expected(self.name, f"{self._figures[0].size} features, as adapted", width))
        self.add_weight("mean", (width,), "zeros", trainable=False)
        self.add_weight("std", (width,), "ones", trainable=False)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """One operation."""
        (x,) = inputs
        return program.emit("normalize", x, weights["mean"], weights["std"], name=f"{self.name}/normalize")

    def activation_seen(self) -> str | None:
        """Only the scale changes here: the layer before looks further."""
        return None


def _vector(name: str, value: Any) -> np.ndarray:
    vector = np.asarray(value, dtype=np.float64)
    if vector.ndim != 1 or vector.size == 0 or not np.isfinite(vector).all():
        raise ValueError(expected("Normalization", f"{name} as a finite vector", f"shape {vector.shape}"))
    return vector.copy()
