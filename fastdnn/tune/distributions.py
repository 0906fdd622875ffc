"""The kinds of hyper-parameters, by the functions that users write spaces with."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdnn.errors import expected
from fastdnn.tune.choices import Choice
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.powers import PowersOfTwo
from fastdnn.tune.ranges import LogUniform, OneMinusLogUniform, Uniform
from fastdnn.tune.whole_numbers import Integers

__all__ = [
    "Choice",
    "Distribution",
    "Integers",
    "LogUniform",
    "OneMinusLogUniform",
    "PowersOfTwo",
    "Uniform",
    "choice",
    "integers",
    "log_uniform",
    "one_minus_log_uniform",
    "powers_of_two",
    "uniform",
]


def uniform(low: float, high: float, *, digits: int | None = None) -> Uniform:
    """Floats from low to high, each as probable as any other: x = low + u (high - low), u from [0, 1).

    For what has one order of magnitude, such as a rate of dropout. Not for a learning rate: of the draws from
    0.0001 to 1, 90 % are above 0.1.

    Args:
        low: the least.
        high: the greatest.
        digits: significant ones to which values are rounded, so that a value can be read off a table and
            typed again; None for all.

    Raises:
        ValueError: not low < high, one is not finite, or digits is no whole number >= 1.

    Source: deck 002, "Using an appropriate scale to pick hyperparameters".

    >>> import fastdnn as fd
    >>> fd.tune.uniform(0, 0.6).grid(3)
    (0.0, 0.3, 0.6)
    >>> 1 - fd.tune.uniform(1e-4, 1).position(0.1).__round__(3)
    0.9
    >>> fd.tune.uniform(0, 1).at(1 / 3), fd.tune.uniform(0, 1, digits=4).at(1 / 3)
    (0.3333333333333333, 0.3333)
    """
    return Uniform(low, high, digits)


def log_uniform(low: float, high: float, *, digits: int | None = None) -> LogUniform:
    """Floats from low to high, as many in each decade: x = 10^r, r = log₁₀ low + u (log₁₀ high - log₁₀ low).

    For what is known by its order of magnitude: learning rates, weight decay.

    Args:
        low: the least.
        high: the greatest.
        digits: significant ones to which values are rounded, as of `uniform`.

    Raises:
        ValueError: not 0 < low < high, one is not finite, or digits is no whole number >= 1.

    Source: deck 002, "Appropriate scale for hyperparameters" (α = 10^r with r from [-4, 0]); deck 001, the
    same with rand(); deck 000, "linear scale and log scale".

    >>> import fastdnn as fd
    >>> fd.tune.log_uniform(1e-4, 1).grid(5)
    (0.0001, 0.001, 0.01, 0.1, 1.0)
    >>> fd.tune.log_uniform(0, 1)
    Traceback (most recent call last):
    ...
    ValueError: [log_uniform] expected 0 < low < high, got low=0, high=1; 0 has no logarithm: begin at ...
    """
    return LogUniform(low, high, digits)


def one_minus_log_uniform(low: float, high: float) -> OneMinusLogUniform:
    """β from low to high, 1 - β log-uniform: 1 - β = 10^r, r from log₁₀(1 - high) to log₁₀(1 - low).

    For the factors of exponentially weighted averages, momentum and Adam's betas: an average over about
    1/(1 - β) steps hardly changes from β = 0.9 to 0.9005 (10 steps), and doubles from 0.999 to 0.9995.

    Raises:
        ValueError: not 0 <= low < high < 1.

    Source: deck 002, "Hyperparameters for exponentially weighted averages".

    >>> import fastdnn as fd
    >>> beta = fd.tune.one_minus_log_uniform(0.9, 0.999)
    >>> [round(each, 6) for each in beta.grid(3)]
    [0.9, 0.99, 0.999]
    """
    return OneMinusLogUniform(low, high)


def integers(low: int, high: int, step: int = 1, *, log: bool = False) -> Integers:
    """Whole numbers low, low + step, ..., high, both ends included, each as probable.

    Args:
        low: the first.
        high: the last: low + a multiple of step.
        step: between neighbours, at least 1.
        log: as many from 10 to 100 as from 100 to 1,000; needs low >= 1 and step 1.

    Raises:
        ValueError: an argument is not a whole number, or does not fit the others.

    Source: deck 002, "Using an appropriate scale to pick hyperparameters" (units 50, ..., 100).

    >>> import fastdnn as fd
    >>> fd.tune.integers(1, 4).grid(9), fd.tune.integers(50, 100, step=10).size
    ((1, 2, 3, 4), 6)
    >>> fd.tune.integers(1, 1000, log=True).grid(4)
    (1, 10, 100, 1000)
    """
    return Integers(low, high, step, log)


def powers_of_two(low: int, high: int) -> PowersOfTwo:
    """low, 2 low, 4 low, ..., high, each as probable: sizes of batches, units of a layer.

    Raises:
        ValueError: one is no power of two, or high is below low.

    Source: deck 000 on mini-batches (64, 128, 256, 512).

    >>> import fastdnn as fd
    >>> fd.tune.powers_of_two(64, 512).grid(9)
    (64, 128, 256, 512)
    """
    return PowersOfTwo(low, high)


def choice(*options: Any) -> Choice:
    """One of the options, each as probable; in a grid all of them.

    Args:
        options: as arguments, or in one list, tuple, range or array: of anything that == tells apart.

    Raises:
        ValueError: there is no option, or one is there twice.

    >>> import fastdnn as fd
    >>> fd.tune.choice("relu", "tanh").grid(1), fd.tune.choice([(64,), (64, 32)]).at(0.5)
    (('relu', 'tanh'), (64, 32))
    """
    if len(options) != 1:
        return Choice(options)
    (only,) = options
    if isinstance(only, list | tuple | range):
        return Choice(tuple(only))
    if isinstance(only, np.ndarray) and only.ndim == 1:
        return Choice(tuple(only.tolist()))
    if hasattr(only, "__iter__") and not isinstance(only, str | bytes):
        hint = "a list says which comes first in a grid"
        raise ValueError(expected("choice", "the options, or one list of them", type(only).__name__, hint))
    return Choice(options)
