"""Initial weights of a spread that the user chooses."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fastdnn.errors import expected
from fastdnn.initializers.initializer import Initializer, number
from fastdnn.initializers.random import TRUNCATED_STD, Random


@dataclass(frozen=True, repr=False)
class RandomNormal(Initializer):
    """Normal: `RandomNormal(stddev=0.01)` is the decks' 0.01 · randn.

    Args:
        mean: a finite number, default 0.
        stddev: >= 0, default 0.05 as in Keras.

    Raises:
        ValueError: one of them is none.

    Source: deck 000, "Weight initialization"; deck 004, "Random initialization of weights".

    >>> from fastdnn.initializers import RandomNormal
    >>> RandomNormal(stddev=0.01)
    RandomNormal(mean=0.0, stddev=0.01)
    """

    mean: float = 0.0
    stddev: float = 0.05

    name: ClassVar[str] = "random_normal"

    def __post_init__(self) -> None:
        where = type(self).__name__
        object.__setattr__(self, "mean", number(where, "mean", self.mean))
        object.__setattr__(self, "stddev", number(where, "stddev", self.stddev, 0.0))

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """Normal numbers."""
        return random.normal(shape, self.stddev, self.mean)


class TruncatedNormal(RandomNormal):
    """Normal, drawn again beyond two deviations; as in Keras `stddev` is that of the whole normal, and what
    is left has 0.8796 of it.

    Args:
        mean: a finite number, default 0.
        stddev: >= 0, default 0.05.

    Raises:
        ValueError: one of them is none.

    >>> from fastdnn.initializers import TruncatedNormal
    >>> bool(abs(TruncatedNormal(stddev=1.0)((1000,))).max() <= 2)
    True
    """

    name: ClassVar[str] = "truncated_normal"

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """Normal numbers within two deviations."""
        return random.truncated_normal(self.stddev * TRUNCATED_STD, shape, self.mean)


@dataclass(frozen=True, repr=False)
class RandomUniform(Initializer):
    """Uniform on (minval, maxval).

    Args:
        minval: a finite number, default -0.05.
        maxval: > minval or equal, default 0.05.

    Raises:
        ValueError: one of them is none, or they are in the wrong order.

    >>> from fastdnn.initializers import RandomUniform
    >>> bool(abs(RandomUniform(-1, 1)((1000,))).max() < 1)
    True
    """

    minval: float = -0.05
    maxval: float = 0.05

    name: ClassVar[str] = "random_uniform"

    def __post_init__(self) -> None:
        where = type(self).__name__
        object.__setattr__(self, "minval", number(where, "minval", self.minval))
        object.__setattr__(self, "maxval", number(where, "maxval", self.maxval))
        if self.minval > self.maxval:
            raise ValueError(expected(where, "minval <= maxval", f"{self.minval:g} and {self.maxval:g}"))

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """Uniform numbers."""
        half = self.maxval / 2 - self.minval / 2
        return random.uniform(half, shape, self.minval / 2 + self.maxval / 2)
