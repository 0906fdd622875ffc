"""A study as its storage has it, without the data, and without the space where it is not given."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastdnn.checks import is_text
from fastdnn.errors import expected, unknown_name
from fastdnn.tune.records import PLANNED, SETTINGS, SLOT, Slot, result_of, trial_of, values_of
from fastdnn.tune.shared_study import differing
from fastdnn.tune.space import Space
from fastdnn.tune.storages import storage_of
from fastdnn.tune.study import Study


def load(storage: Any, study_name: str = "search", *, space: Any = None) -> Study:
    """The trials that a search has kept, also while it runs or after a crash; without the data that training
    their models needs.

    Args:
        storage: as in `search`.
        study_name: likewise.
        space: likewise, for importances, pictures, and options that are no text, number, None or list of
            these: without it those are told as text.

    Raises:
        ImportError: Optuna is not installed.
        ValueError: there is no such study, or it searched another space.

    >>> import tempfile
    >>> import numpy as np
    >>> import fastdnn as fd
    >>> def build(p):
    ...     model = fd.Sequential([fd.Input((1,)), fd.layers.Dense(1)])
    ...     model.compile(fd.optimizers.SGD(p["lr"]), "mse")
    ...     return model
    >>> x, space = np.linspace(-1, 1, 64)[:, None], {"lr": fd.tune.log_uniform(1e-3, 1e-1)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = fd.tune.search(build, space, x, 2 * x, validation_data=(x, 2 * x), n_trials=3, epochs=1,
    ...                            storage=f"{folder}/trials.journal")
    ...     fd.tune.load(f"{folder}/trials.journal").best_params == study.best_params
    True
    """
    _refuse(storage, study_name)
    there = storage_of("load", storage)
    study_id = _study_id(there, study_name)
    attributes = there.get_study_user_attrs(study_id)
    settings = attributes.get(SETTINGS)
    if settings is None:
        raise ValueError(expected("load", "a study that fastdnn made", f"{study_name!r} of another tool"))
    searched = _searched(space, settings["space"])
    trials, count = [], _that_count(there, study_id)
    for frozen in count:
        about = frozen.user_attrs[SLOT]
        params = values_of(frozen, searched[0]) if searched else about["params"]
        slot = Slot(about["number"], about["generation"], params, about["epochs"])
        result = result_of(frozen)
        if result is not None:
            trials.append(trial_of(slot, settings["seed"], result))
    about = settings["monitor"], settings["mode"], settings["method"]
    return Study(tuple(trials), max(attributes.get(PLANNED, 0), len(count)), *about, *searched)


def _refuse(storage: Any, study_name: Any) -> None:
    """Raise of arguments that name no study, before a file is made."""
    if isinstance(storage, str | os.PathLike) and "://" not in str(storage) and not Path(storage).exists():
        raise ValueError(expected("load", "the path of a search's journal", f"{storage}, which is not there"))
    database = _sqlite_file(storage) if isinstance(storage, str) else None
    if database is not None and not Path(database).exists():
        raise ValueError(expected("load", "the database of a search", f"{storage}, which is not there"))
    if not is_text(study_name):
        hint = (
            "a space is given by its name: load(storage, space=space)"
            if isinstance(study_name, Mapping)
            else ""
        )
        raise ValueError(expected("load", "study_name as text", repr(study_name), hint))
    if storage is None:
        hint = "without one the trials are in the study that search returned, and nowhere else"
        raise ValueError(expected("load", "the storage of a search", "None", hint))


def _sqlite_file(url: str) -> str | None:
    """The file of a URL of SQLite's, which opening it would make; None of any other text.

    >>> from fastdnn.tune.kept import _sqlite_file
    >>> _sqlite_file("sqlite:///a/study.db?timeout=3"), _sqlite_file("study.journal")
    ('a/study.db', None)
    """
    if not url.startswith("sqlite"):
        return None
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parts = make_url(url)
    except ArgumentError:
        return None
    path = parts.database
    is_file = path and path != ":memory:" and not path.startswith("file:")
    return path if is_file else None


def _study_id(there: Any, study_name: str) -> int:
    try:
        found: int = there.get_study_id_from_name(study_name)
    except KeyError:
        names = [each.study_name for each in there.get_all_studies()]
        if not names:
            raise ValueError(expected("load", f"a study {study_name!r} in the storage", "none")) from None
        raise unknown_name("load", "a study of the storage", study_name, names) from None
    return found


def _that_count(there: Any, study_id: int) -> list[Any]:
    """For each trial that of Optuna's which was tried last, by number."""
    found: dict[int, Any] = {}
    for frozen in there.get_all_trials(study_id, deepcopy=False):
        about = frozen.user_attrs.get(SLOT)
        before = None if about is None else found.get(about["number"])
        if about is not None and (before is None or before.user_attrs[SLOT]["attempt"] < about["attempt"]):
            found[about["number"]] = frozen
    return [frozen for _, frozen in sorted(found.items())]


def _searched(given: Any, signature: str) -> tuple[()] | tuple[Space, tuple[Space]]:
    """The space, if it is given and the study's."""
    if given is None:
        return ()
    space = Space.of("load", given)
    if space.signature() != signature:
        wanted, got = differing(signature, space.signature())
        raise ValueError(expected("load", f"the space of the study: {wanted}", got))
    return space, (space,)
