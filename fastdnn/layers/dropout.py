"""Dropout as a layer."""

from typing import Any

from fastdnn.layers.layer import Layer, number_in
from fastdnn.program import Option, Program, Value

_STREAM = 3  # Stream::dropout of csrc/core/philox.h


class Dropout(Layer):
    """In training each element is set to 0 with probability `rate`, else divided by 1 - rate; in use y = x.

    The mask is new in every step, and a function of (the model's seed, layer, step, row, feature): the same
    with any number of threads. The rate is rounded to a multiple of 1/65536.

    Shapes: x, y (examples, features).

    Args:
        rate: 0 <= rate < 1.
        name: of the layer.
        trainable: see `Layer`.

    Raises:
        ValueError: `rate` is out of its range.

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014;
    inverted, as in deck 002.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dropout(0.5)], seed=0)
    >>> model.predict(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(self, rate: float, *, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.rate = number_in("Dropout", "rate", rate, 0.0, 1.0)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """One operation, in training."""
        (x,) = inputs
        stream = program.next_stream(_STREAM)
        if not program.training or self.rate == 0:
            return x
        options: dict[str, Option] = {"rate": self.rate, "stream": stream}
        return program.emit("dropout", x, name=f"{self.name}/y", options=options)

    def activation_seen(self) -> str | None:
        """The layer before looks further."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"rate": self.rate, **super().get_config()}
