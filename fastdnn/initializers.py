"""Initial weights, drawn by counter from (seed, weight), so that they depend on nothing else."""

import math
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from fastdnn import _core
from fastdnn.errors import unknown_name

_STREAM = 2  # Stream::initializer of csrc/core/philox.h


class Random:
    """The random numbers of one weight: Philox keyed by (seed, stream, number of the weight)."""

    def __init__(self, seed: int, weight: int) -> None:
        self._seed = seed
        self._weight = weight

    def _uniform(self, n: int) -> np.ndarray:
        """n values of float64 in (0, 1), from 53 bits each."""
        words = _core.random_words(self._seed, _STREAM, self._weight, 2 * n).astype(np.uint64)
        bits = (words[0::2] << np.uint64(21)) ^ (words[1::2] >> np.uint64(11))
        return (bits.astype(np.float64) + 0.5) * 2.0**-53

    def uniform(self, limit: float, shape: tuple[int, ...]) -> np.ndarray:
        """Uniform on (-limit, limit)."""
        return (limit * (2.0 * self._uniform(math.prod(shape)) - 1.0)).reshape(shape)

    def truncated_normal(self, std: float, shape: tuple[int, ...]) -> np.ndarray:
        """Normal, drawn again beyond two of its deviations, scaled so that the result has deviation `std`."""
        n = math.prod(shape)
        values = np.empty(0)
        draws = n + n // 8 + 64  # 4.6 % are drawn again
        while values.size < n:
            u = self._uniform(2 * draws)
            normal = np.sqrt(-2.0 * np.log(u[:draws])) * np.cos(2.0 * np.pi * u[draws:])  # Box & Muller, 1958
            values = normal[np.abs(normal) <= 2.0]
            draws *= 2
        return (std / _TRUNCATED_STD * values[:n]).reshape(shape)


_TRUNCATED_STD = 0.87962566103423978  # of a standard normal cut at -2 and 2


class Initializer(Protocol):
    """Draws the initial value of a weight."""

    @property
    def name(self) -> str:
        """What `get` knows it by."""
        ...

    def __call__(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The initial value, float64."""
        ...


@dataclass(frozen=True)
class Constant:
    """Every element `value`."""

    name: str
    value: float

    def __call__(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The initial value, float64."""
        return np.full(shape, self.value)


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
        """The initial value, float64."""
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
