"""Layers of several inputs, for networks with branches."""

import math
from collections.abc import Sequence
from typing import Any

from fastdnn.errors import expected
from fastdnn.initializers import Constant
from fastdnn.layers.layer import Layer, Shape, features, number_in
from fastdnn.program import Program, Value

_AT_ONCE = 8  # inputs that one operation takes


class _Merge(Layer):
    """Takes two inputs or more."""

    takes_many_inputs = True

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        """The outputs' number follows from the inputs'."""
        if len(input_shape) < 2:
            hint = f"call it with a list: {type(self).__name__}()([a, b])"
            raise ValueError(expected(self.name, "two inputs or more", len(input_shape), hint))
        return None, self._width([features(shape) for shape in input_shape])

    def _width(self, widths: list[int]) -> int:
        raise NotImplementedError

    def _same(self, widths: list[int]) -> int:
        if len(set(widths)) > 1:
            hint = "bring them to one width with Dense, or use Concatenate"
            raise ValueError(expected(self.name, "inputs of one width", ", ".join(map(str, widths)), hint))
        return widths[0]

    def _joined(self, kind: str, program: Program, inputs: tuple[Value, ...]) -> Value:
        """By eights."""
        joined = list(inputs)
        while len(joined) > 1:
            now, joined = joined[:_AT_ONCE], joined[_AT_ONCE:]
            cols = sum(x.cols for x in now) if kind == "concatenate" else now[0].cols
            joined.insert(0, program.emit(kind, *now, name=f"{self.name}/y", cols=cols))
        return joined[0]


class Add(_Merge):
    """y = Σ inputs, all of one width: what a skip connection ends with.

    Shapes: each input, y (examples, features).

    Raises (when the model is built):
        ValueError: fewer than two inputs, or of several widths.

    Source: He et al., "Deep residual learning for image recognition", CVPR 2016.

    >>> import fastdnn as fd
    >>> x = fd.Input((16,))
    >>> y = fd.layers.Add()([x, fd.layers.Dense(16, activation="relu")(x)])
    >>> fd.Model(x, fd.layers.Dense(1)(y), seed=0).count_params()
    289
    """

    def _width(self, widths: list[int]) -> int:
        return self._same(widths)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """The sum."""
        return self._joined("add", program, inputs)


class Average(_Merge):
    """y = Σ w_i input_i / Σ w_i, all of one width; without weights their mean.

    The shares w_i / Σ w are stored with the model, as rows `share_0`, `share_1`, ... beside one of zeros, and
    not trained.

    Shapes: each input, y, and the stored rows (examples, features), (features,).

    Args:
        weights: w_i >= 0, not all 0, one for each input; default all 1, as in Keras.
        name: of the layer.
        trainable: see `Layer`.

    Raises:
        ValueError: `weights` are none; when the model is built: fewer than two inputs, of several widths, or
            not as many as weights.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> a, b = fd.Input((2,)), fd.Input((2,))
    >>> model = fd.Model([a, b], fd.layers.Average([3, 1])([a, b]), seed=0)
    >>> model.predict([np.array([[1.0, 0.0]]), np.array([[5.0, 4.0]])])
    array([[2., 1.]], dtype=float32)
    """

    def __init__(
        self, weights: Sequence[float] | None = None, *, name: str | None = None, trainable: bool = True
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.given_weights: list[float] | None = None
        if weights is not None:
            if isinstance(weights, str) or not hasattr(weights, "__len__") or len(weights) < 2:
                raise ValueError(
                    expected("Average", "weights as a list of two numbers or more", repr(weights))
                )
            checked = [number_in("Average", "each of weights", weight, 0.0, math.inf) for weight in weights]
            if not 0 < sum(checked) < math.inf:
                raise ValueError(expected("Average", "weights of a finite sum > 0", repr(weights)))
            self.given_weights = checked

    def build(self, input_shape: Sequence[Shape]) -> None:
        """Declare the shares."""
        weights = self.given_weights or [1.0] * len(input_shape)
        if len(weights) != len(input_shape):
            raise ValueError(expected(self.name, f"{len(weights)} inputs, as weights", len(input_shape)))
        row = (self._width([features(shape) for shape in input_shape]),)
        for number, weight in enumerate(weights):
            self.add_weight(f"share_{number}", row, Constant(weight / sum(weights)), trainable=False)
        self.add_weight("zero", row, "zeros", trainable=False)

    def _width(self, widths: list[int]) -> int:
        return self._same(widths)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """Each input times its share, and the sum."""
        parts = [
            program.emit(
                "batch_norm_inference",
                x,
                weights[f"share_{i}"],
                weights["zero"],
                name=f"{self.name}/part_{i}",
            )
            for i, x in enumerate(inputs)
        ]
        return self._joined("add", program, tuple(parts))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"weights": self.given_weights, **super().get_config()}


class Concatenate(_Merge):
    """The inputs side by side: y has the features of all.

    Shapes: inputs (examples, k₁), (examples, k₂), ...; y (examples, Σ k).

    Raises (when the model is built):
        ValueError: fewer than two inputs.

    >>> import fastdnn as fd
    >>> x = fd.Input((16,))
    >>> y = fd.layers.Concatenate()([x, fd.layers.Dense(4, activation="tanh")(x)])
    >>> fd.Model(x, y, seed=0).output_shape
    (None, 20)
    """

    def _width(self, widths: list[int]) -> int:
        return sum(widths)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """Copies, side by side."""
        return self._joined("concatenate", program, inputs)
