"""One step of a trial before the first: whether `build` makes a model that fits the data."""

import numpy as np

from fastdnn.errors import NonFiniteLossError, expected, unknown_name
from fastdnn.tune.methods import Method
from fastdnn.tune.rows import count, taken
from fastdnn.tune.runner import Data, Work
from fastdnn.tune.trial import trial_seed

_TRIED = 3  # proposals: values that `build` cannot take are a failed trial, and no failed search


def dry_run(where: str, work: Work, method: Method) -> None:
    """Build a model, see that it takes all of the data, train it for one step, look for the figure.

    Raises:
        ValueError: the data do not fit the models of the first proposals, or there is no such figure.
        TypeError: `build` gives no compiled model.
        Exception: what `build` raised for each of the first proposals.
    """
    proposals = method.propose(0, [])
    if not proposals:
        raise ValueError(expected(where, "a method that proposes trials", "none"))
    errors: list[Exception] = []
    for number, params in enumerate(proposals[:_TRIED]):
        try:
            figures = _step(work, params, trial_seed(method.seed, number))
        except NonFiniteLossError:
            return
        except TypeError as error:
            if str(error).startswith("[search, build]"):
                raise
            errors.append(error)
        except Exception as error:
            errors.append(error)
        else:
            if work.monitor not in figures:
                raise unknown_name(where, "a figure to monitor", work.monitor, figures)
            return
    first = errors[0]
    told = ", ".join(f"{name}={value!r}" for name, value in proposals[0].items())
    wanted = "a build whose model fits the data"
    raise ValueError(expected(where, wanted, f"{type(first).__name__} for {told}: {first}")) from first


def _step(work: Work, params: dict[str, object], seed: int) -> list[str]:
    """The names of the figures of a trial with these values."""
    train, dev = work.sets[0]
    model = work.built(params, seed)
    model.prepare("search", *train)
    model.prepare("search, validation_data" if work.dev is not None else "search, cv", *dev)
    size = params.get("batch_size", work.batch_size)
    rows = _first(train, size if isinstance(size, int) else work.batch_size)
    held_out = _first(dev, 1)
    figures = work.fitted(model, params, rows, 1, dev=held_out)
    x, y, weights = held_out
    evaluated = model.evaluate(x, y, sample_weight=weights, return_dict=True, threads=1)
    return [*figures, *(f"val_{name}" for name in evaluated)]


def _first(data: Data, rows: int) -> Data:
    found: Data = taken(data, np.arange(min(rows, count(data[0]))))
    return found
