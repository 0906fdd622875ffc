"""What pictures of a search have in common: its trials, axes of a parameter, and a scale for its values."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastdnn.errors import expected
from fastdnn.plots.figure import with_unit
from fastdnn.tune.choices import Choice
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.ranges import LogUniform, OneMinusLogUniform
from fastdnn.tune.study import Study
from fastdnn.tune.trial import Trial

_FAR = 20.0  # times the smallest value: the largest would hide the others on a linear axis
_LETTERS = 12  # of an option


def trials_of(where: str, study: Study) -> list[Trial]:
    """By number.

    Raises:
        ValueError: it is no study, or has no trials.
    """
    if not all(hasattr(study, name) for name in ("trials", "monitor", "mode")):
        raise ValueError(expected(where, "a study of fd.tune.search", type(study).__name__))
    if not study.trials:
        raise ValueError(expected(where, "a study of at least one trial", "none"))
    return sorted(study.trials, key=lambda trial: trial.number)


def value_label(study: Study) -> str:
    """The monitored figure, and which way is better."""
    figure = study.monitor
    words = f"dev {with_unit(figure[4:])}" if figure.startswith("val_") else with_unit(figure)
    return f"{words}, {'lower' if study.mode == 'min' else 'higher'} is better"


def is_far_spread(values: Sequence[float]) -> bool:
    """Whether positive values are told apart on a logarithmic axis only."""
    array = np.asarray(values, np.float64)
    return bool((array > 0).all() and array.max() > _FAR * array.min())


def is_logarithmic(distribution: Distribution) -> bool:
    """Whether equal ratios, of the value or of what it lacks to 1, are equal lengths."""
    powers = "log" in distribution.as_json() and bool(distribution.as_json()["log"])
    return isinstance(distribution, LogUniform | OneMinusLogUniform) or powers


def ticks_of(distribution: Distribution, most: int = 6) -> list[tuple[float, str]]:
    """Round values of a parameter: where in [0, 1] they lie, and as text.

    >>> import fastdnn as fd
    >>> from fastdnn.plots.study_axes import ticks_of
    >>> [text for _, text in ticks_of(fd.tune.log_uniform(2e-4, 0.5))]
    ['0.001', '0.01', '0.1']
    >>> ticks_of(fd.tune.choice("relu", "tanh"))
    [(0.25, 'relu'), (0.75, 'tanh')]
    """
    values = [value for value in _round_values(distribution, most) if distribution.contains(value)]
    if len(values) < 2:
        values = list(dict.fromkeys(distribution.grid(3)))
    every = -(-len(values) // most)
    return [(distribution.position(value), _text(value)) for value in values[::every]]


def _round_values(distribution: Distribution, most: int) -> list[Any]:
    from matplotlib.ticker import MaxNLocator

    if distribution.size is not None and (distribution.size <= most or isinstance(distribution, Choice)):
        return list(distribution.grid(distribution.size))
    low, high = distribution.at(0.0), distribution.at(1.0)
    if isinstance(distribution, OneMinusLogUniform):
        return [float(f"{1 - step:.6g}") for step in reversed(_steps(1 - high, 1 - low))]
    if isinstance(distribution, LogUniform):
        return _steps(low, high)
    if distribution.size is not None and is_logarithmic(distribution):
        return [int(step) for step in _steps(low, high) if step == int(step)]
    if distribution.size is not None and not hasattr(distribution, "step"):
        return list(distribution.grid(distribution.size))  # powers of two
    ticks = MaxNLocator(most - 1, integer=distribution.size is not None).tick_values(low, high)
    return [int(tick) if distribution.size is not None else float(f"{tick:.10g}") for tick in ticks]


def _steps(low: float, high: float) -> list[float]:
    """Powers of ten between two numbers; where they are few, 2 and 5 times them, too."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5)):
        found = [float(f"{digit}e{power}") for power in powers for digit in digits]
        inside = [step for step in found if low * (1 - 1e-9) <= step <= high * (1 + 1e-9)]
        if len(inside) >= 3:
            break
    return inside


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return shortened(str(getattr(value, "__name__", value)), _LETTERS)


def shortened(text: str, letters: int) -> str:
    """At most so many letters.

    >>> from fastdnn.plots.study_axes import shortened
    >>> shortened("learning_rate", 8)
    'learnin…'
    """
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def count_of(trials: int) -> str:
    """In words.

    >>> from fastdnn.plots.study_axes import count_of
    >>> count_of(1), count_of(2)
    ('1 trial', '2 trials')
    """
    return f"{trials} trial" if trials == 1 else f"{trials} trials"
