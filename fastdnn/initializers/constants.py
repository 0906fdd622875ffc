"""Initial values that are not random."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fastdnn.errors import expected
from fastdnn.initializers.initializer import Initializer, number
from fastdnn.initializers.random import Random


@dataclass(frozen=True, repr=False)
class Zeros(Initializer):
    """Every element 0: for biases, and to watch what it does to a kernel ("never do this", deck 004).

    >>> from fastdnn.initializers import Zeros
    >>> Zeros()((2,))
    array([0., 0.])
    """

    name: ClassVar[str] = "zeros"

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """Zeros."""
        return np.zeros(shape, random.dtype)


@dataclass(frozen=True, repr=False)
class Ones(Initializer):
    """Every element 1.

    >>> from fastdnn.initializers import Ones
    >>> Ones()((2,))
    array([1., 1.])
    """

    name: ClassVar[str] = "ones"

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """Ones."""
        return np.ones(shape, random.dtype)


@dataclass(frozen=True, repr=False)
class Constant(Initializer):
    """Every element `value`. Units of a hidden layer whose kernel and next kernel are constant get the same
    gradient and stay identical: a model that is made so warns (`EqualUnitsWarning`).

    Args:
        value: a finite number, default 0.

    Raises:
        ValueError: `value` is none.

    Source: deck 004, "Weight Initialization".

    >>> from fastdnn.initializers import Constant
    >>> Constant(0.1)((2,))
    array([0.1, 0.1])
    """

    value: float = 0.0

    name: ClassVar[str] = "constant"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", number("Constant", "value", self.value))

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The value everywhere."""
        return np.full(shape, self.value, random.dtype)


@dataclass(frozen=True, repr=False)
class Identity(Initializer):
    """gain · I, (inputs, outputs), with zeros beyond the square: deck 002's chains of 1.5 I and 0.5 I.

    Args:
        gain: a finite number, default 1.

    Raises:
        ValueError: `gain` is none; when the model is built: the weight is no matrix.

    Source: deck 002, "Vanishing/exploding gradients"; Le, Jaitly & Hinton, arXiv:1504.00941, 2015.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> layers = [fd.layers.Dense(2, kernel_initializer=fd.initializers.Identity(1.5)) for _ in range(3)]
    >>> fd.Sequential([fd.layers.Input((2,)), *layers], seed=0).predict(np.ones((1, 2)))
    array([[3.375, 3.375]], dtype=float32)
    """

    gain: float = 1.0

    name: ClassVar[str] = "identity"

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", number("Identity", "gain", self.gain))

    def check_shape(self, where: str, shape: tuple[int, ...]) -> None:
        """A matrix."""
        if len(shape) != 2:
            raise ValueError(expected(where, "a matrix, for the initializer Identity", f"shape {shape}"))

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The matrix."""
        rows, cols = shape
        return np.asarray(self.gain * np.eye(rows, cols), random.dtype)
