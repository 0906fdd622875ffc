"""The study of a search in a storage: made, or found there and seen to be the same."""

import json
import time
from collections.abc import Mapping
from typing import Any

from fastdnn.errors import expected
from fastdnn.tune.optuna_parts import optuna, quiet
from fastdnn.tune.records import SETTINGS


def study_in(
    storage: Any,
    name: str,
    maximize: bool,
    settings: dict[str, Any],
    names: Mapping[str, str],
    *,
    resume: bool,
) -> int:
    """Its number there.

    settings: what all who share the study must agree on, by name, as JSON knows it.
    names: of the parameters, by those under which Optuna knows them.
    resume: whether it may be there already.

    Raises:
        ValueError: it is there and `resume` is not, its settings are others, or another tool made it.
    """
    parts = optuna("search")
    directions = parts.study.StudyDirection
    try:
        with quiet():
            direction = directions.MAXIMIZE if maximize else directions.MINIMIZE
            study_id = storage.create_new_study([direction], name)
    except parts.exceptions.DuplicatedStudyError:
        study_id = storage.get_study_id_from_name(name)
        if not resume:
            hint = "go on by resume=True, or give another storage or study_name"
            got = f"{name!r}, which is in the storage already"
            raise ValueError(expected("search", "a new study", got, hint)) from None
        there = _settings_there(storage, study_id)
        if there is not None:
            _compare(there, settings)
            return int(study_id)
        if storage.get_n_trials(study_id):
            got = f"{name!r} of another tool"
            hint = "give another study_name"
            raise ValueError(expected("search", "a study of fastdnn's", got, hint)) from None
    storage.set_study_user_attr(study_id, SETTINGS, settings)
    storage.set_study_user_attr(study_id, "names", dict(names))
    return int(study_id)


def _settings_there(storage: Any, study_id: int) -> dict[str, Any] | None:
    """Those of who made the study; after a second None: it was killed before it could say."""
    for _ in range(20):
        there = storage.get_study_user_attrs(study_id).get(SETTINGS)
        if there is not None:
            return dict(there)
        time.sleep(0.05)
    return None


def _compare(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise if a study was begun with other settings."""
    for name in wanted:
        if there.get(name) != wanted[name]:
            hint = "give what it was begun with, or another storage or study_name"
            if name == "data":
                hint = f"x, y, weights, dev set or folds are others, by a checksum; {hint}"
            is_so, got = there.get(name), wanted[name]
            if name == "space" and is_so is not None:
                is_so, got = differing(is_so, got)
            is_so, got = f"{name} = {is_so}", f"{name} = {got}"
            raise ValueError(expected("search", f"the study in the storage: {is_so}", got, hint))


def differing(one: str, other: str) -> tuple[str, str]:
    """Of two spaces' signatures what the first has otherwise, or lacks, for a message.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.shared_study import differing
    >>> spaces = [fd.tune.Space.of("example", {"lr": fd.tune.uniform(0, high)}) for high in (1, 2)]
    >>> print(*differing(*[space.signature() for space in spaces]))
    lr: kind uniform, low 0.0, high 1.0 lr: kind uniform, low 0.0, high 2.0
    """
    there, given = ({each["name"]: each for each in json.loads(text)} for text in (one, other))
    for name in [*there, *given]:
        if there.get(name) != given.get(name):
            return _in_words(name, there.get(name)), _in_words(name, given.get(name))
    return ", ".join(there), ", ".join(given)  # in another order


def _in_words(name: str, parameter: Mapping[str, Any] | None) -> str:
    if parameter is None:
        return f"no {name}"
    return f"{name}: " + ", ".join(f"{key} {value}" for key, value in parameter.items() if key != "name")
