"""Arguments of a search: each refused by its name, with what to write where it is given as another tool has
it, or made what the search takes.
"""

import inspect
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Literal

import numpy as np

from fastdnn.callbacks import Callback, CSVLogger, ModelCheckpoint
from fastdnn.callbacks.monitored_figure import higher_is_better
from fastdnn.checks import choice, is_real, is_text, number, whole
from fastdnn.class_weights import ClassWeight
from fastdnn.errors import expected
from fastdnn.tune.babysitter import Babysitter
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.methods import METHODS, Method
from fastdnn.tune.named_elsewhere import method_name
from fastdnn.tune.space import Space
from fastdnn.tune.space_hints import hint_for


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


def searched_space(where: str, space: Any, **more: Any) -> Space:
    """The space, with epochs and batch size where they are distributions."""
    given = Space.of(where, space)
    added = {name: each for name, each in more.items() if isinstance(each, Distribution)}
    for name in more:
        _refuse_fractions(where, name, added.get(name, given.get(name)))
    for name, each in more.items():
        if each is not None and name in given:
            raise ValueError(expected(where, f"{name} once", f"in the space and as {name}={each!r}"))
    return Space({**given, **added}, given.conditions) if added else given


def _refuse_fractions(where: str, name: str, given: Distribution | None) -> None:
    """Raise where a distribution of epochs or batch sizes has values that are none."""
    if given is None:
        return
    for value in given.grid(given.size or 2):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            wanted = f"{name} as a distribution of whole numbers >= 1"
            such = "integers(5, 20)" if name == "epochs" else "powers_of_two(16, 128)"
            hint = f"such as {name}=fd.tune.{such}"
            raise ValueError(expected(where, wanted, f"{value!r} of {given.describe()}", hint))


def fixed(where: str, name: str, given: Any, default: int) -> int:
    """Epochs, or a batch size; the default where they are searched for, since trials have their own then."""
    if given is None or isinstance(given, Distribution):
        return default
    if is_real(given) or isinstance(given, str | bool):
        return whole(where, name, given, 1)
    wanted = f"{name} as a whole number >= 1, or a distribution of such"
    raise ValueError(expected(where, wanted, repr(given), hint_for(given)))


def method_of(
    where: str,
    name: str,
    space: Space,
    n_trials: Any,
    seed: int,
    mode: str,
    generation_size: int,
    stages: int,
    sampling: str,
) -> Method:
    """What proposes the trials."""
    kind: Any = METHODS[method_name(where, name)]
    if isinstance(n_trials, Mapping):
        if name != "grid":
            raise ValueError(expected(where, f"n_trials as a number for {name!r}", repr(n_trials)))
    else:
        n_trials = whole(where, "n_trials", n_trials, 1)
    made: Method = kind(
        space,
        n_trials,
        whole(where, "seed", seed),
        1.0 if mode == "min" else -1.0,
        whole(where, "generation_size", generation_size, 2),
        whole(where, "stages", stages, 1),
        choice(where, "sampling", sampling, ("random", "grid")),
    )
    return made


def dev_of(where: str, given: Any, cv: Any) -> tuple[Any, Any, Any] | None:
    """The dev set as three."""
    if (given is None) == (cv is None):
        got = "neither" if given is None else "both"
        raise ValueError(expected(where, "validation_data=(x_dev, y_dev) or cv=3", got))
    if given is None:
        return None
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        wanted = "validation_data as (x, y) or (x, y, sample_weight)"
        got = type(given).__name__
        got += f" of {len(given)}" if isinstance(given, tuple | list) else ""
        raise ValueError(expected(where, wanted, got))
    return given[0], given[1], given[2] if len(given) == 3 else None


def check_cv(where: str, cv: Any, stratify: Any, groups: Any) -> None:
    """Raise where folds are given as a share, as text or as one, or are to be stratified where none are."""
    if cv is None and not (stratify is None and groups is None):
        name = "stratify" if groups is None else "groups"
        raise ValueError(expected(where, f"{name} with cv=", f"{name} without folds"))
    hint = "for one split take fd.data.train_dev_test_split and validation_data"
    wanted = "cv as a number of folds >= 2, pairs of rows, or an object with split"
    is_wrong = isinstance(cv, str | bool) or (is_real(cv) and not (int(cv) == cv and cv >= 2))
    if is_wrong:
        raise ValueError(expected(where, wanted, repr(cv), hint))


def class_weight_of(where: str, given: Any) -> ClassWeight | None:
    """A dictionary of whole and real numbers as far as they are such, by label, or "balanced"."""
    if given is None:
        return None
    if isinstance(given, str) and given == "balanced":
        return "balanced"
    if isinstance(given, Mapping):
        with suppress(TypeError, ValueError):  # that a fit says better
            return {int(label): float(given[label]) for label in sorted(given)}
        return dict(given)
    hint = ""
    if isinstance(given, Iterable) and not isinstance(given, str):
        hint = f"such as {dict(enumerate(given))!r}"
    raise ValueError(expected(where, 'class_weight as {label: weight}, or "balanced"', repr(given), hint))


def callbacks_of(where: str, given: Any) -> Any:
    """A function, or callbacks of which each fit gets copies."""
    if isinstance(given, type) and issubclass(given, Callback):
        given = [given]
    if callable(given):
        return given
    if isinstance(given, Callback) or not isinstance(given, Iterable):
        wanted = "callbacks as a list, or a function of the values that gives one"
        hint = "give it as a list: callbacks=[...]" if isinstance(given, Callback) else ""
        raise ValueError(expected(where, wanted, type(given).__name__, hint))
    found = tuple(given)
    for each in found:
        if not isinstance(each, Callback):
            got, hint = type(each).__name__, ""
            if isinstance(each, type):
                got, hint = f"the class {each.__name__}", f"make one: {each.__name__}()"
            raise ValueError(expected(where, "callbacks of fd.callbacks.Callback", got, hint))
        if isinstance(each, Babysitter | CSVLogger | ModelCheckpoint):
            sits = isinstance(each, Babysitter)
            why = "each trial trains by a copy" if sits else "all would write its file"
            hint = f"{why}; give a function of the values that makes a trial's own: callbacks=lambda p: [...]"
            got = f"a {type(each).__name__}"
            raise ValueError(expected(where, "callbacks that many trials can share", got, hint))
    return found


def monitored(where: str, monitor: str, mode: str) -> tuple[str, Literal["min", "max"]]:
    """The figure's name, and which of its values is best; that it is there, the dry run sees."""
    if not is_text(monitor):
        raise ValueError(
            expected(where, 'monitor as the name of a figure, such as "val_loss"', repr(monitor))
        )
    choice(where, "a mode", mode, ("auto", "min", "max"))
    more_is_better = higher_is_better(monitor) if mode == "auto" else mode == "max"
    return monitor, "max" if more_is_better else "min"


def flag(where: str, name: str, given: Any) -> bool:
    """True or False, and nothing that is like them."""
    if not isinstance(given, bool | np.bool_):
        raise ValueError(expected(where, f"{name} as True or False", repr(given)))
    return bool(given)


def limit(where: str, name: str, given: Any, ends: str = "[]") -> float | None:
    """Seconds; None for no limit."""
    return None if given is None else number(where, name, given, 0, ends=ends)


def check_kept(where: str, storage: Any, study_name: str, *, resume: bool) -> None:
    """Raise where nothing could be gone on with, or the study has no name."""
    if resume and storage is None:
        hint = (
            'without one the trials are gone with the search that made them; such as storage="study.journal"'
        )
        raise ValueError(expected(where, "a storage with resume=True", "none", hint))
    if not is_text(study_name) or not study_name:
        raise ValueError(expected(where, "study_name as text", repr(study_name)))
