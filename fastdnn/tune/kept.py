"""A study as its storage has it, without the space and the data."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastdnn.checks import is_text
from fastdnn.errors import expected, unknown_name
from fastdnn.tune.records import SETTINGS, SLOT, Slot, result_of, trial_of, values_of
from fastdnn.tune.shared_study import differing
from fastdnn.tune.space import Space
from fastdnn.tune.storages import storage_of
from fastdnn.tune.study import Study


def kept(storage: Any, study_name: str, space: Any) -> Study:
    """See `fastdnn.tune.load`."""
    if isinstance(storage, str | os.PathLike) and "://" not in str(storage) and not Path(storage).exists():
        raise ValueError(expected("load", "the path of a search's journal", f"{storage}, which is not there"))
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
    there = storage_of("load", storage)
    try:
        study_id = there.get_study_id_from_name(study_name)
    except KeyError:
        names = [each.study_name for each in there.get_all_studies()]
        if not names:
            raise ValueError(expected("load", f"a study {study_name!r} in the storage", "none")) from None
        raise unknown_name("load", "a study of the storage", study_name, names) from None
    settings = there.get_study_user_attrs(study_id).get(SETTINGS)
    if settings is None:
        raise ValueError(expected("load", "a study that fastdnn made", f"{study_name!r} of another tool"))
    count: dict[int, Any] = {}  # the Optuna trial that counts for each
    for frozen in there.get_all_trials(study_id, deepcopy=False):
        about = frozen.user_attrs.get(SLOT)
        before = None if about is None else count.get(about["number"])
        if about is not None and (before is None or before.user_attrs[SLOT]["attempt"] < about["attempt"]):
            count[about["number"]] = frozen
    searched = _searched(space, settings["space"])
    trials = []
    for _, frozen in sorted(count.items()):
        about = frozen.user_attrs[SLOT]
        params = values_of(frozen, searched[0]) if searched else about["params"]
        slot = Slot(about["number"], about["generation"], params, about["epochs"])
        result = result_of(frozen)
        if result is not None:
            trials.append(trial_of(slot, settings["seed"], result))
    about = settings["monitor"], settings["mode"], settings["method"]
    return Study(tuple(trials), len(count), *about, *searched)


def _searched(given: Any, signature: str) -> tuple[()] | tuple[Space, tuple[Space]]:
    """The space, if it is given and the study's."""
    if given is None:
        return ()
    space = Space.of("load", given)
    if space.signature() != signature:
        wanted, got = differing(signature, space.signature())
        raise ValueError(expected("load", f"the space of the study: {wanted}", got))
    return space, (space,)
