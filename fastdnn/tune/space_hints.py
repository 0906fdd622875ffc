"""What may be meant where a distribution is expected and something else is given: as code, for the errors."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastdnn.checks import as_float, is_real
from fastdnn.tune.whole_numbers import index_of

_LONGEST = 60  # characters of the options in a hint
_DECADE = 10  # ranges that reach over more are searched by their logarithm


def hint_for(given: Any) -> str:
    """What to write instead.

    >>> from fastdnn.tune.space_hints import hint_for
    >>> hint_for([16, 32, 64])
    'one of several is fd.tune.choice([16, 32, 64])'
    >>> hint_for((0.001, 0.1))
    'from 0.001 to 0.1 is fd.tune.log_uniform(0.001, 0.1), one of the two fd.tune.choice((0.001, 0.1))'
    """
    if isinstance(given, Mapping):
        return "spread what when() gives: {..., **fd.tune.when(...)}"
    if _is_pair(given):
        reach, which = f"from {given[0]} to {given[1]}", f"fd.tune.choice({given})"
        if isinstance(given, tuple):
            return f"{reach} is {_range(*given)}, one of the two {which}"
        return f"one of the two is {which}, {reach} {_range(*given)}"
    if isinstance(given, range) and len(given):
        step = "" if abs(given.step) == 1 else f", step={abs(given.step)}"
        return f"that is fd.tune.integers({min(given)}, {max(given)}{step})"
    if isinstance(given, list | tuple | set | frozenset | np.ndarray | range):
        options = [*given.tolist()] if isinstance(given, np.ndarray) else [*given]
        text = repr(options)
        return f"one of several is fd.tune.choice({text if len(text) <= _LONGEST else '[...]'})"
    if isinstance(given, slice) or hasattr(given, "__next__"):
        return "one of several is fd.tune.choice([...]), from low to high fd.tune.uniform(low, high)"
    if type(given).__module__.startswith("optuna.distributions"):
        return _of_optuna(given)
    if hasattr(getattr(given, "dist", None), "rvs"):
        return _of_scipy(given)
    if callable(given):
        return "call it, such as fd.tune.uniform(0, 1)"
    return "such as fd.tune.uniform(0, 1); what is not to be searched belongs into build"


def _is_pair(given: Any) -> bool:
    """Whether it is (low, high)."""
    is_two = isinstance(given, tuple | list) and len(given) == 2
    return is_two and all(is_real(each) for each in given) and as_float(given[0]) < as_float(given[1])


def _range(low: Any, high: Any) -> str:
    """The distribution that most would take for numbers from low to high."""
    if index_of(low) is not None and index_of(high) is not None:
        powers = low > 1 and all(each & (each - 1) == 0 for each in map(int, (low, high)))
        return f"fd.tune.{'powers_of_two' if powers else 'integers'}({low}, {high})"
    kind = "log_uniform" if low > 0 and high / low >= _DECADE else "uniform"
    return f"fd.tune.{kind}({low:g}, {high:g})"


def _of_optuna(given: Any) -> str:
    """One of Optuna's distributions."""
    if hasattr(given, "choices"):
        return f"that is fd.tune.choice({[*given.choices]})"
    low, high = given.low, given.high
    if type(given).__name__.startswith("Int"):
        more = f", step={given.step}" if given.step > 1 else ", log=True" if given.log else ""
        return f"that is fd.tune.integers({low}, {high}{more})"
    return f"that is fd.tune.{'log_uniform' if given.log else 'uniform'}({low:g}, {high:g})"


def _of_scipy(given: Any) -> str:
    """A frozen distribution of SciPy's."""
    name = str(getattr(given.dist, "name", ""))
    low, high = given.support()
    if name == "randint":
        return f"that is fd.tune.integers({low:g}, {high:g})"
    kinds = {"uniform": "uniform", "loguniform": "log_uniform", "reciprocal": "log_uniform"}
    if name in kinds:
        return f"that is fd.tune.{kinds[name]}({low:g}, {high:g})"
    return f"SciPy's {name} has no counterpart: take fd.tune.uniform, log_uniform, integers or choice"
