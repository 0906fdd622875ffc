"""Layers of several inputs, for networks with branches."""

from collections.abc import Sequence

from fastdnn.errors import expected
from fastdnn.layers.layer import Layer, Shape, features
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
        if len(set(widths)) > 1:
            hint = "bring them to one width with Dense, or use Concatenate"
            raise ValueError(expected(self.name, "inputs of one width", ", ".join(map(str, widths)), hint))
        return widths[0]

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """The sum."""
        return self._joined("add", program, inputs)


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
