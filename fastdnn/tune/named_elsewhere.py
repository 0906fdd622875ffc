"""What other tools call methods and arguments of a search: each is refused by the name that it has here."""

from collections.abc import Iterable
from typing import Any

from fastdnn.errors import expected, nearest, unknown_name
from fastdnn.tune.methods import METHODS

# What others call such a method, or what is asked for by another argument.
_METHODS = {
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

# How arguments of other tools are called here.
_ARGUMENTS = {
    "n_jobs": "did you mean jobs, which is all cores by default?",
    "n_iter": "did you mean n_trials?",
    "max_trials": "did you mean n_trials?",
    "max_epochs": "did you mean epochs?",
    "timeout": "did you mean seconds?",
    "random_state": "did you mean seed?",
    "scoring": "did you mean monitor?",
    "metric": "did you mean monitor?",
    "objective": "build returns the model, and monitor names the figure that is compared",
    "direction": 'did you mean mode="min" or mode="max"?',
    "sampler": 'did you mean method, such as method="bayesian"?',
    "param_grid": 'it is space, with method="grid"',
    "param_distributions": "did you mean space?",
    "validation_split": "fd.data.train_dev_test_split makes the rows of validation_data; or say cv=3",
    "validation_freq": "trials are compared by what they end with",
    "workers": "did you mean jobs?",
    "refit": "study.best_model is trained when it is asked for",
}


def check_names(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise of the first argument that there is not.

    >>> from fastdnn.tune.named_elsewhere import check_names
    >>> check_names("search", ["n_jobs"], ["x", "jobs"])
    Traceback (most recent call last):
    ...
    TypeError: [search] expected arguments that it has, got n_jobs=; did you mean jobs, ...
    """
    names = [*known]
    for name in given:
        if name not in names:
            close = nearest(name, names)
            hint = _ARGUMENTS.get(name) or (f"did you mean {close}?" if close else "")
            raise TypeError(expected(where, "arguments that it has", f"{name}=", hint))


def method_name(where: str, given: Any) -> str:
    """The name of a method.

    Raises:
        ValueError: it is none; what others call so is said.

    >>> from fastdnn.tune.named_elsewhere import method_name
    >>> method_name("search", "TPE")
    Traceback (most recent call last):
    ...
    ValueError: [search] expected a method, one of ..., got 'TPE'; did you mean 'bayesian'?
    """
    if isinstance(given, str) and given in METHODS:
        return given
    hint = _METHODS.get(str(given).lower().replace("-", "_").replace(" ", "_"))
    if hint is None:
        raise unknown_name(where, "a method", given, METHODS)
    raise ValueError(expected(where, f"a method, one of {', '.join(sorted(METHODS))}", repr(given), hint))
