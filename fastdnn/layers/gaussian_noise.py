"""Gaussian noise as a layer."""

from typing import Any

from fastdnn.layers.layer import Layer, number_in
from fastdnn.program import Option, Program, Value

_STREAM = 4  # Stream::gaussian_noise of csrc/core/philox.h
_MOST = 1e30  # kMostStddev of csrc/kernels/gaussian_noise.h


class GaussianNoise(Layer):
    """In training y = x + stddev z, each z drawn from the standard normal distribution; in use y = x.

    The numbers are new in every step, and a function of (the model's seed, layer, step, row, feature): the
    same with any number of threads. The gradient passes unchanged.

    As the first layer it is noise on the inputs of a table, which augments the training set in every epoch:
    after a `Normalization`, `stddev` is in deviations of each feature.

    Shapes: x, y (examples, features).

    Args:
        stddev: the standard deviation of the noise, in the units of x, 0 <= stddev < 1e30.
        name: of the layer.
        trainable: see `Layer`.

    Raises:
        ValueError: `stddev` is out of its range.

    Source: Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural Computation 7(1),
    1995.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((3,)), fd.layers.GaussianNoise(0.1)], seed=0)
    >>> model.predict(np.ones((1, 3)))
    array([[1., 1., 1.]], dtype=float32)
    """

    def __init__(self, stddev: float, *, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.stddev = number_in("GaussianNoise", "stddev", stddev, 0.0, _MOST)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """One operation, in training."""
        (x,) = inputs
        stream = program.next_stream(_STREAM)
        if not program.training or self.stddev == 0:
            return x
        options: dict[str, Option] = {"stddev": self.stddev, "stream": stream}
        return program.emit("gaussian_noise", x, name=f"{self.name}/y", options=options)

    def activation_seen(self) -> str | None:
        """The layer before looks further."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"stddev": self.stddev, **super().get_config()}
