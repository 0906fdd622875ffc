"""The maxout layer."""

from typing import Any

from fastdnn.errors import expected
from fastdnn.layers.dense import Dense
from fastdnn.layers.layer import Shape, positive_int
from fastdnn.program import Program, Value


class Maxout(Dense):
    """y_j = max over p < k of (x W_p + b_p)_j: of k linear layers, element by element, the largest.

    A unit is a convex function of x of k linear pieces, which are learned: with two it can be a ReLU, or the
    absolute value. The gradient goes to the piece that won, the first one of several. With k = 2 the default
    initial weights, of variance 1 / n_in, keep E[y²] as it is from layer to layer.

    Shapes: x (examples, n_in), `kernel` W_0 ... W_{k-1} side by side (n_in, k units), `bias` (k units,), y
    (examples, units).

    Args:
        units: the number of outputs.
        pieces: k >= 1, default 2.
        **options: as of `Dense`, which has the same weights, k times: use_bias, kernel_initializer,
            bias_initializer, name, trainable and so on.

    Raises:
        ValueError: `units` or `pieces` is not a whole number >= 1, or an option does not fit.
        TypeError: there is no such option.

    Source: Goodfellow et al., "Maxout networks", ICML 2013; deck 004, "Maxout".

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((1,)), fd.layers.Maxout(1)], seed=0)
    >>> model.set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])  # max(x, -x)
    >>> model.predict(np.array([[-2.0], [3.0]]))
    array([[2.],
           [3.]], dtype=float32)
    """

    def __init__(self, units: int, pieces: int = 2, **options: Any) -> None:
        if "activation" in options:
            hint = "the largest piece is the activation"
            raise ValueError(expected("Maxout", "no activation", repr(options["activation"]), hint))
        super().__init__(units, **options)
        self.pieces = positive_int("Maxout", "pieces", pieces)

    @property
    def columns(self) -> int:
        """Of the kernel: those of all pieces."""
        return self.pieces * self.units

    def build(self, input_shape: Shape) -> None:
        """Declare kernel and bias."""
        self.next_activation = "maxout"
        super().build(input_shape)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """matmul, add_bias, maxout."""
        y = super().lower(program, inputs, weights)
        return program.emit("maxout", y, name=f"{self.name}/maxout", cols=self.units)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        config = {"units": self.units, "pieces": self.pieces, **super().get_config()}
        del config["activation"]
        return config
