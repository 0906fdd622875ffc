"""Initial weights whose variance goes by the numbers of inputs and outputs: signals keep their size."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fastdnn.errors import unknown_name
from fastdnn.initializers.initializer import Initializer, number
from fastdnn.initializers.random import Random

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of a unit: of a matrix its sizes, of a vector twice its length, and of more
    dimensions, as in Keras, the last two, each times the places of the others.

    >>> from fastdnn.initializers.scaling import fans
    >>> fans((3, 5)), fans((4,)), fans((3, 3, 2, 8))
    ((3, 5), (4, 4), (18, 72))
    """
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    places = math.prod(shape[:-2])
    return places * shape[-2], places * shape[-1]


@dataclass(frozen=True, repr=False)
class VarianceScaling(Initializer):
    """Mean 0 and variance gain scale / n: uniform on ±√(3 scale / n), or normal.

    A linear unit of n_in inputs keeps their variance with scale / n = 1 / n_in; a ReLU, which drops one half,
    needs 2 / n_in.

    Args:
        scale: the gain, > 0, default 1.
        mode: n: "fan_in" n_in, "fan_out" n_out, or "fan_avg" (n_in + n_out) / 2.
        distribution: "truncated_normal" (beyond two deviations drawn again, and scaled so that the variance
            holds), "untruncated_normal" (the decks' randn) or "uniform".

    Raises:
        ValueError: one of them is none of these.

    Source: deck 001, "We initialize weights with small values"; deck 002, "Weight initialization for deep
    networks"; deck 004, "How to find the appropriate range?".

    >>> from fastdnn.initializers import VarianceScaling
    >>> w = VarianceScaling(2.0, "fan_in", "untruncated_normal")((500, 200))  # randn * sqrt(2 / n_in)
    >>> round(float(w.var() * 500), 1)
    2.0
    """

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"

    name: ClassVar[str] = "variance_scaling"

    def __post_init__(self) -> None:
        where = type(self).__name__
        object.__setattr__(self, "scale", number(where, "scale", self.scale, math.ulp(0.0)))
        if self.mode not in _MODES:
            raise unknown_name(where, "mode", self.mode, _MODES)
        if self.distribution not in _DISTRIBUTIONS:
            raise unknown_name(where, "distribution", self.distribution, _DISTRIBUTIONS)

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """Numbers of this variance."""
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        if self.distribution == "uniform":
            return random.uniform(math.sqrt(3.0 * self.scale / n), shape)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, math.sqrt(self.scale / n))
        return random.truncated_normal(math.sqrt(self.scale / n), shape)


class _Named(VarianceScaling):
    """One of the usual ones: no arguments."""

    arguments: ClassVar[tuple[float, str, str]]

    def __init__(self) -> None:
        super().__init__(*self.arguments)

    def get_config(self) -> dict[str, Any]:
        """Nothing: the name says it."""
        return {}


class GlorotUniform(_Named):
    """Uniform of variance 2 / (n_in + n_out): "auto" where nothing like ReLU or tanh follows.

    Source: Glorot & Bengio, AISTATS 2010 (deck 002: "Other").

    >>> from fastdnn.initializers import GlorotUniform
    >>> bool(abs(GlorotUniform()((30, 20))).max() < (6 / 50) ** 0.5)
    True
    """

    name: ClassVar[str] = "glorot_uniform"
    arguments = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Named):
    """Truncated normal of variance 2 / (n_in + n_out). Source: Glorot & Bengio, AISTATS 2010."""

    name: ClassVar[str] = "glorot_normal"
    arguments = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Named):
    """Uniform of variance 2 / n_in. Source: He et al., ICCV 2015."""

    name: ClassVar[str] = "he_uniform"
    arguments = (2.0, "fan_in", "uniform")


class HeNormal(_Named):
    """Truncated normal of variance 2 / n_in: "auto" before ReLU and its like.

    Source: He et al., ICCV 2015; decks 000, 002, 004 (whose std 2/√n is √(2/n) in the paper).

    >>> from fastdnn.initializers import HeNormal
    >>> round(float(HeNormal()((500, 200)).var() * 500), 1)
    2.0
    """

    name: ClassVar[str] = "he_normal"
    arguments = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Named):
    """Uniform of variance 1 / n_in. Source: LeCun et al., Efficient BackProp, 1998."""

    name: ClassVar[str] = "lecun_uniform"
    arguments = (1.0, "fan_in", "uniform")


class LecunNormal(_Named):
    """Truncated normal of variance 1 / n_in: "auto" before tanh, SELU and maxout.

    Source: LeCun et al., Efficient BackProp, 1998; "Xavier initialization" in decks 001, 002 and 004.

    >>> from fastdnn.initializers import LecunNormal
    >>> round(float(LecunNormal()((500, 200)).var() * 500), 1)
    1.0
    """

    name: ClassVar[str] = "lecun_normal"
    arguments = (1.0, "fan_in", "truncated_normal")
