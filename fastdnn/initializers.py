"""Initial weights, drawn by counter from (seed, weight), so that they depend on nothing else."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from fastdnn import _core
from fastdnn.errors import unknown_name

_STREAM = 2  # Stream::initializer of csrc/core/philox.h


class Random:
    """The random numbers of one weight: Philox keyed by (seed, stream, number of the weight)."""

    def __init__(self, seed: int, weight: int, dtype: str = "float64") -> None:
        self._seed = seed
        self._weight = weight
        self.dtype = dtype

    def _uniform(self, first: int, n: int) -> np.ndarray:
        """Values number `first`, even, to `first` + n of float64 in (0, 1), from 53 bits each."""
        words = _core.random_words(self._seed, _STREAM, self._weight, 2 * n, 2 * first).astype(np.uint64)
        bits = (words[0::2] << np.uint64(21)) ^ (words[1::2] >> np.uint64(11))
        return (bits.astype(np.float64) + 0.5) * 2.0**-53

    def _filled(self, shape: tuple[int, ...], block: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """An array of block(first, n) after block(first, n): little memory beside it."""
        values = np.empty(math.prod(shape), self.dtype)
        for first in range(0, values.size, _BLOCK):
            n = min(_BLOCK, values.size - first)
            values[first : first + n] = block(first, n)
        return values.reshape(shape)

    def uniform(self, limit: float, shape: tuple[int, ...]) -> np.ndarray:
        """Uniform on (-limit, limit)."""
        return self._filled(shape, lambda first, n: limit * (2.0 * self._uniform(first, n) - 1.0))

    def truncated_normal(self, std: float, shape: tuple[int, ...]) -> np.ndarray:
        """Normal, drawn again beyond two of its deviations, scaled so that the result has deviation `std`."""
        kept = self._kept_normals()
        left = np.empty(0)

        def block(first: int, n: int) -> np.ndarray:
            nonlocal left
            while left.size < n:
                left = np.concatenate([left, next(kept)])
            now, left = left[:n], left[n:]
            return std / _TRUNCATED_STD * now

        return self._filled(shape, block)

    def _kept_normals(self) -> Iterator[np.ndarray]:
        """Normal values without end, less those beyond two deviations (4.6 %)."""
        for first in itertools.count(0, 2 * _BLOCK):
            u = self._uniform(first, 2 * _BLOCK)
            normal = np.sqrt(-2.0 * np.log(u[:_BLOCK])) * np.cos(
                2.0 * np.pi * u[_BLOCK:]
            )  # Box & Muller, 1958
            yield normal[np.abs(normal) <= 2.0]


_BLOCK = 1 << 12  # values drawn at a time; weights depend on it: never change it
_TRUNCATED_STD = 0.87962566103423978  # of a standard normal cut at -2 and 2


class Initializer(Protocol):
    """Draws the initial value of a weight."""

    @property
    def name(self) -> str:
        """What `get` knows it by."""
        ...

    def __call__(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The initial value, in the type of `random`."""
        ...


@dataclass(frozen=True)
class Constant:
    """Every element `value`."""

    name: str
    value: float

    def __call__(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The initial value, in the type of `random`."""
        return np.full(shape, self.value, random.dtype)


@dataclass(frozen=True)
class Uniform:
    """Uniform on (-limit, limit)."""

    name: str
    limit: float

    def __call__(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The initial value, in the type of `random`."""
        return random.uniform(self.limit, shape)


@dataclass(frozen=True)
class VarianceScaling:
    """Zero mean and variance scale / n; n counts the inputs (`fan_in`) or is the mean with the outputs.

    Kernels are (inputs, outputs). Uniform on ±√(3 scale / n), or normal truncated at two deviations.
    """

    name: str
    scale: float
    mode: str
    distribution: str

    modes: ClassVar = ("fan_in", "fan_avg")

    def __call__(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The initial value, in the type of `random`."""
        fan_in, fan_out = shape[0], shape[-1]
        n = fan_in if self.mode == "fan_in" else (fan_in + fan_out) / 2
        if self.distribution == "uniform":
            return random.uniform(math.sqrt(3.0 * self.scale / n), shape)
        return random.truncated_normal(math.sqrt(self.scale / n), shape)


_ALL: dict[str, Initializer] = {
    i.name: i
    for i in (
        Constant("zeros", 0.0),
        Constant("ones", 1.0),
        Uniform("uniform", 0.05),  # as in Keras
        VarianceScaling("glorot_uniform", 1.0, "fan_avg", "uniform"),  # Glorot & Bengio, AISTATS 2010
        VarianceScaling("glorot_normal", 1.0, "fan_avg", "normal"),
        VarianceScaling("he_uniform", 2.0, "fan_in", "uniform"),  # He et al., ICCV 2015
        VarianceScaling("he_normal", 2.0, "fan_in", "normal"),
        VarianceScaling("lecun_uniform", 1.0, "fan_in", "uniform"),  # LeCun et al., Efficient BackProp, 1998
        VarianceScaling("lecun_normal", 1.0, "fan_in", "normal"),
    )
}

# What "auto" means, by the activation that follows the weight.
_AUTOMATIC = {
    **dict.fromkeys(("relu", "leaky_relu", "elu", "silu", "gelu", "gelu_tanh"), "he_normal"),
    **dict.fromkeys(("tanh", "selu"), "lecun_normal"),
}


def check(where: str, name: str) -> str:
    """The name itself, if it is "auto" or the name of an initialiser.

    Raises:
        ValueError: it is neither.
    """
    if name != "auto" and name not in _ALL:
        raise unknown_name(where, "an initializer", name, ["auto", *_ALL])
    return name


def get(name: str, activation: str = "linear") -> Initializer:
    """The initialiser of a name; `"auto"` goes by the activation that follows: He for ReLU and its like,
    LeCun for tanh and SELU, else Glorot uniform.

    >>> from fastdnn import initializers
    >>> initializers.get("auto", activation="relu").name
    'he_normal'
    """
    check("initializers", name)
    return _ALL[_AUTOMATIC.get(activation, "glorot_uniform") if name == "auto" else name]
