"""Arguments of a search that are often given as another tool has them, or in another place."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from fastdnn.checks import is_real
from fastdnn.errors import expected, unknown_name
from fastdnn.tune.methods import METHODS

# What others call such a method, or what is asked for by another argument.
_ELSEWHERE = {
    "tpe": "did you mean 'bayesian'?",
    "bayes": "did you mean 'bayesian'?",
    "bayesian_optimization": "did you mean 'bayesian'?",
    "genetic": "did you mean 'evolutionary'?",
    "nsga2": "did you mean 'evolutionary'?",
    "grid_search": "did you mean 'grid'?",
    "random_search": "did you mean 'random'?",
    "hyperband": 'bad trials are stopped early by pruner="successive_halving", with any method',
    "successive_halving": 'that is a pruner: pruner="successive_halving", with any method',
    "median": 'that is a pruner: pruner="median", with any method',
}


def method_name(where: str, given: Any) -> str:
    """The name of a method.

    Raises:
        ValueError: it is none; what others call so is said.

    >>> from fastdnn.tune.search_arguments import method_name
    >>> method_name("search", "TPE")
    Traceback (most recent call last):
    ...
    ValueError: [search] expected a method, one of ..., got 'TPE'; did you mean 'bayesian'?
    """
    if isinstance(given, str) and given in METHODS:
        return given
    hint = _ELSEWHERE.get(str(given).lower().replace("-", "_").replace(" ", "_"))
    if hint is None:
        raise unknown_name(where, "a method", given, METHODS)
    raise ValueError(expected(where, f"a method, one of {', '.join(sorted(METHODS))}", repr(given), hint))


def build_of(where: str, build: Any, space: Any) -> Any:
    """A function of one argument.

    Raises:
        ValueError: it is none, or takes no argument or several.
    """
    if not callable(build):
        hint = "a function of a dictionary of values that returns a compiled model"
        if isinstance(build, Mapping) and callable(space):
            hint = "build comes first, then the space: search(build, space, x, y)"
        raise ValueError(expected(where, "build as a function", _named(build), hint))
    try:
        signature = inspect.signature(build)
    except (TypeError, ValueError):  # of some functions in C
        return build
    try:
        signature.bind({})
    except TypeError:
        hint = 'def build(p): ... p["lr"] ...'
        got = f"one that takes {signature}"
        raise ValueError(expected(where, "build as a function of one dictionary", got, hint)) from None
    return build


def _named(given: Any) -> str:
    return "a dictionary" if isinstance(given, Mapping) else repr(given)


def check_cv(where: str, cv: Any) -> None:
    """Raise where folds are given as a share or a text, or as one fold."""
    hint = "for one split take fd.data.train_dev_test_split and validation_data"
    wanted = "cv as a number of folds >= 2, pairs of rows, or an object with split"
    is_wrong = isinstance(cv, str | bool) or (is_real(cv) and not (int(cv) == cv and cv >= 2))
    if is_wrong:
        raise ValueError(expected(where, wanted, repr(cv), hint))


def check_class_weight(where: str, given: Any) -> None:
    """Raise where it is no dictionary."""
    if given is not None and not isinstance(given, Mapping):
        hint = ""
        if isinstance(given, Iterable) and not isinstance(given, str):
            hint = f"such as {dict(enumerate(given))!r}"
        raise ValueError(expected(where, "class_weight as {label: weight}", repr(given), hint))
