"""Where `fastdnn tune` keeps its trials."""

import hashlib
import json
from pathlib import Path
from typing import Any

from fastdnn.cli.recipe import Recipe
from fastdnn.errors import expected
from fastdnn.tune import Space
from fastdnn.tune.optuna_parts import optuna
from fastdnn.tune.storages import storage_of as opened

_WHERE = "tune"
_NOT_OF_THE_TRIALS = ("data", "save", "seed")


def study_name(recipe: Recipe, space: Space) -> str:
    """Of the searches in which the same settings are fixed: trials of others do not get among them.

    >>> from fastdnn.cli.recipe import Recipe
    >>> from fastdnn.cli.tune_space import space_of
    >>> from fastdnn.cli.tune_storage import study_name
    >>> space = space_of([], 64, None)
    >>> study_name(Recipe(data="a/flats.csv"), space).split()[0]
    'flats.csv'
    >>> study_name(Recipe(patience=3), space) == study_name(Recipe(patience=4), space)
    False
    """
    searched = {name.replace("_", "-") for name in space} | ({"hidden"} if "units" in space else set())
    left = {word: value for word, value in recipe.words().items() if word not in searched}
    fixed = {word: value for word, value in left.items() if word not in _NOT_OF_THE_TRIALS}
    digest = hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()[:8]
    return f"{Path(recipe.data or 'search').name} {digest}"


def storage_of(path: str | None, name: str, *, resume: bool) -> Any:
    """A storage of Optuna's: memory without a path.

    Raises:
        ValueError: there is a search already, and it is not to go on; or one with other settings.
    """
    if path is None:
        return optuna(_WHERE).storages.InMemoryStorage()
    there = "://" in path or (Path(path).is_file() and Path(path).stat().st_size > 0)
    if there and not resume and "://" not in path:
        wanted = "a new file for --storage"
        raise ValueError(expected(_WHERE, wanted, f"{path!r}, which is there", "go on with it by --resume"))
    storage = opened(_WHERE, path)
    names = [study.study_name for study in storage.get_all_studies()] if there else []
    if names and name not in names and "://" not in path:
        wanted = f"in {path!r} a search with the same data set and settings as these"
        raise ValueError(expected(_WHERE, wanted, "one with others", "name another file by --storage"))
    return storage
