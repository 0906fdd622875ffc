"""One step of a trial before the first: whether `build` makes a model that fits the data."""

import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.callbacks import Callback
from fastdnn.callbacks.monitored_figure import unknown_figure
from fastdnn.errors import NonFiniteLossError, UnknownFigureError, UnusableDataError, expected
from fastdnn.features import refuse_non_finite
from fastdnn.io.model_file import model_config
from fastdnn.model import Model
from fastdnn.tune.methods import Method
from fastdnn.tune.rows import count, taken
from fastdnn.tune.runner import Data, Work
from fastdnn.tune.trial import trial_seed

_TRIED = 3  # proposals: values that `build` cannot take are a failed trial, and no failed search
_BUILD = "a build whose model fits the data"
_CALLBACKS = "a function that gives a list of callbacks"
_FIT = "arguments with which a model can be trained and evaluated"


class _Unfit(Exception):  # noqa: N818
    """What could not be done, for a reason that may lie in the values; `__cause__` says it."""


@dataclass(frozen=True)
class Made:
    """What `build` makes of the first values.

    model: in words that differ where the model does, but for the names of layers.
    repeats: whether it makes the same of the same values again.
    """

    model: str
    repeats: bool


def dry_run(where: str, work: Work, method: Method) -> Made:
    """Build a model twice, see that it takes all of the data, train it for one step, look for the figure.

    Raises:
        ValueError: the data do not fit the models of the first proposals or are not finite, `build` gives
            parts of a model to two of them, or there is no such figure.
        TypeError: `build` gives no compiled model.
        Exception: what `build` raised for each of the first proposals.
    """
    proposals = method.propose(0, [])
    if not proposals:
        raise ValueError(expected(where, "a method that proposes trials", "none"))
    first: _Unfit | None = None
    for number, params in enumerate(proposals[:_TRIED]):
        try:
            made, figures = _step(where, work, params, trial_seed(method.seed, number))
        except _Unfit as error:
            first = first or error
        else:
            if work.monitor not in figures:
                raise unknown_figure(where, work.monitor, figures)
            return made
    assert first is not None
    if isinstance(first.__cause__, UnknownFigureError):
        raise first.__cause__
    told = ", ".join(f"{name}={value!r}" for name, value in proposals[0].items())
    got = f"{type(first.__cause__).__name__} for {told}: {first.__cause__}"
    raise ValueError(expected(where, str(first), got)) from first.__cause__


@contextmanager
def _trying(what: str) -> Iterator[None]:
    """Errors in it are perhaps those of the values; what holds for all values is raised as it is."""
    try:
        yield
    except UnusableDataError:
        raise
    except Exception as error:
        if isinstance(error, TypeError) and str(error).startswith("[search, build]"):
            raise
        raise _Unfit(what) from error


def _step(where: str, work: Work, params: Mapping[str, Any], seed: int) -> tuple[Made, list[str]]:
    """What is built, and the names of the figures of a trial with these values."""
    train, dev = work.sets[0]
    with _trying(_BUILD):
        model = work.built(params, seed)
    made = _made(model, _again(where, work, params, seed), where)
    with _trying(_BUILD):
        _check(where, model, work.data)
        if work.dev is not None:
            _check(f"{where}, validation_data", model, work.dev)
    with _trying(_CALLBACKS):
        callbacks = work.callbacks_for(params)
        if not all(isinstance(each, Callback) for each in callbacks):
            raise TypeError(", ".join(type(each).__name__ for each in callbacks))
    rows, held_out = _first(train, params.get("batch_size", work.batch_size)), _first(dev, 1)
    with _trying(_FIT):
        try:
            figures = work.fitted(model, params, rows, 1, callbacks=callbacks, dev=held_out)
        except NonFiniteLossError:  # of these values; others may do
            figures = {}
        x, y, weights = held_out
        evaluated = model.evaluate(x, y, sample_weight=weights, return_dict=True, threads=1)
    return made, [*(evaluated | figures), *(f"val_{name}" for name in evaluated)]


def _made(model: Model, again: Model, where: str) -> Made:
    """What two calls with the same values and the same seed have made."""
    _refuse_shared(where, model, again)
    layers = ", ".join(type(layer).__name__ for layer in model.layers)
    checksums = _checksum(model), _checksum(again)
    weights = zip(model.get_weights(), again.get_weights(), strict=False)
    same = checksums[0] == checksums[1] and model.seed == again.seed
    repeats = same and all(np.array_equal(one, other, equal_nan=True) for one, other in weights)
    return Made(f"{layers}{checksums[0] if repeats else ''}", repeats)


def _checksum(model: Model) -> str:
    """Of all that a model is made with but its seed and names of layers; "" where a part has no config."""
    places = {layer.name: number for number, layer in enumerate(model.layers)}
    try:
        config = {name: value for name, value in model_config(model).items() if name != "seed"}
        return f" ({zlib.crc32(json.dumps(_by_place(config, places), sort_keys=True).encode()):08x})"
    except (TypeError, ValueError):
        return ""


def _by_place(config: Any, places: Mapping[str, int]) -> Any:
    """A config with the numbers of layers for their names, which may be made anew at each call."""
    if isinstance(config, dict):
        return {name: _by_place(value, places) for name, value in config.items()}
    if isinstance(config, list):
        return [_by_place(value, places) for value in config]
    return places.get(config, config) if isinstance(config, str) else config


def _again(where: str, work: Work, params: Mapping[str, Any], seed: int) -> Model:
    """What `build` makes of the same values when it is called once more."""
    try:
        return work.built(params, seed)
    except Exception as error:
        got = f"{type(error).__name__} at the second call with the same values: {error}"
        hint = "make the model, its layers and its optimizer inside of build"
        raise ValueError(expected(where, "a build that can be called again", got, hint)) from error


def _refuse_shared(where: str, one: Model, other: Model) -> None:
    """Raise if two models that train at the same time would change each other."""
    layers = {id(layer) for layer in one.layers}
    shared = {
        "the same model": one is other,
        "the same layer": any(id(layer) in layers for layer in other.layers),
        "the same optimizer": one.optimizer is other.optimizer,
    }
    for what, is_so in shared.items():
        if is_so:
            hint = "make the model, its layers and its optimizer inside of build"
            raise ValueError(expected(where, "a build that makes a new model", f"{what} at two calls", hint))


def _check(where: str, model: Model, data: Data) -> None:
    """Raise where the data do not fit the model, or a number of them is NaN or infinite."""
    for suffix, array in model.prepare(where, *data).float_inputs():
        refuse_non_finite(where + suffix, "x", array, model.dtype)


def _first(data: Data, rows: int) -> Data:
    found: Data = taken(data, np.arange(min(rows, count(data[0]))))
    return found
