"""Initial weights, drawn by counter from (the model's seed, number of the weight), so that they depend on
nothing else.

Every `..._initializer` of a layer takes a name, or an object of one of these classes, which Keras names so:

| class | name | draws |
|---|---|---|
| `Auto` | auto | by the activation that follows: He for ReLU, LeCun for tanh, else Glorot |
| `Zeros`, `Ones` | zeros, ones | 0, 1 |
| `Constant(value)` | constant | the value |
| `Identity(gain)` | identity | gain · I |
| `RandomNormal(mean, stddev)` | random_normal, normal | N(mean, stddev²) |
| `TruncatedNormal(mean, stddev)` | truncated_normal | the same within two deviations |
| `RandomUniform(minval, maxval)` | random_uniform, uniform | uniform |
| `VarianceScaling(scale, mode, distribution)` | variance_scaling | variance scale / n |
| `GlorotUniform`, `GlorotNormal` | glorot_uniform, glorot_normal | variance 2 / (n_in + n_out) |
| `HeUniform`, `HeNormal` | he_uniform, he_normal | variance 2 / n_in |
| `LecunUniform`, `LecunNormal` | lecun_uniform, lecun_normal | variance 1 / n_in |
| `Orthogonal(gain)` | orthogonal | gain · Q, QᵀQ = I |

The decks' forms by `randn`, which is not truncated, have names of their own: "xavier" N(0, 1 / n_in) (decks
001, 002, 004), "xavier_avg" N(0, 2 / (n_in + n_out)) (deck 002's "Other"), "he" N(0, 2 / n_in) (decks 000,
002), and `RandomNormal(stddev=0.01)`. One of your own is a subclass of `Initializer`, or a function f(shape,
dtype).
"""

from fastdnn.initializers.constants import Constant, Identity, Ones, Zeros
from fastdnn.initializers.distributions import RandomNormal, RandomUniform, TruncatedNormal
from fastdnn.initializers.initializer import Initializer
from fastdnn.initializers.orthogonal import Orthogonal
from fastdnn.initializers.random import Random
from fastdnn.initializers.registry import Auto, drawn, get, serialize
from fastdnn.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

__all__ = [
    "Auto",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "Random",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "drawn",
    "get",
    "serialize",
]
