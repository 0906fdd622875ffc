"""The rows that a model of the command line was trained on: read and split as its recipe says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

import fastdnn
from fastdnn.cli.recipe import Recipe
from fastdnn.cli.recipe_file import METADATA_WORD, read_words
from fastdnn.cli.table_model import is_csv
from fastdnn.data import load_digits, train_dev_test_split
from fastdnn.data.arrays import load_npz_xy
from fastdnn.data.split import Split
from fastdnn.data.table import Table, task_of
from fastdnn.data.table_csv import load_csv
from fastdnn.errors import expected
from fastdnn.model import Model

DIGITS: Final = "digits"  # of a model's metadata, where the seed of their split is
DEV: Final = "dev"  # and the size of their dev set
# Of the digits for dev, and again for test: 270 each, so that one row is 0.4 % of an error.
HELD_OUT: Final = 0.15
ROWS: Final = "rows"  # of a model's metadata: how many a table had
HEADERS = {"auto": None, "yes": True, "no": False}

Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


@dataclass(frozen=True)
class TableSets:
    """A table and its parts; `task` is "classification" or "regression", and `why`."""

    table: Table
    parts: dict[str, Table]
    task: str
    why: str
    stratified: bool


def table_sets(recipe: Recipe) -> TableSets:
    """Read a CSV file and split it.

    Raises:
        OSError, ValueError: it cannot be read so, or has too few rows.
    """
    assert recipe.data is not None
    assert recipe.target is not None
    table = load_csv(
        recipe.data,
        recipe.target,
        exclude=recipe.exclude,
        categories=recipe.categories,
        delimiter=recipe.delimiter,
        header=HEADERS[recipe.header],
        decimal=recipe.decimal,
        missing=recipe.missing,
        default_missing=recipe.default_missing,
    )
    task, why = task_of(table.column(recipe.target))
    if recipe.task != "auto":
        task, why = recipe.task, "as asked for"
    stratify = task == "classification" if recipe.stratify is None else recipe.stratify
    train, dev, test = table.split(recipe.dev, recipe.test, seed=recipe.seed, stratify=stratify)
    return TableSets(table, {"train": train, "dev": dev, "test": test}, task, why, stratify)


def digits_split(seed: int, dev: float = HELD_OUT) -> Split:
    """The digits' sets of `fastdnn train digits`."""
    x, y = load_digits()
    return train_dev_test_split(x, y, dev=dev, test=HELD_OUT, stratify=y, seed=seed)


def digits_metadata(seed: int, dev: float = HELD_OUT) -> dict[str, Any]:
    """What a model says of having been trained on them."""
    return {METADATA_WORD: {"fastdnn": fastdnn.__version__, DIGITS: {"seed": seed, DEV: dev}}}


def sets_of(where: str, model: Model, path: str) -> dict[str, Arrays]:
    """The sets {name: (x, y)} that a model says it was trained on, those without rows left out.

    Args:
        where: the command.
        model: what it says is in its metadata.
        path: of its file, for messages.

    Raises:
        ValueError: it says nothing, or the data is no longer what it was.
        OSError: the data is no longer there.
    """
    run = model.metadata.get(METADATA_WORD)
    run = run if isinstance(run, dict) else {}
    if isinstance(run.get(DIGITS), dict):
        about = run[DIGITS]
        split = digits_split(_seed(where, path, about.get("seed")), _dev(where, path, about))
        sets = {"train": split.train, "dev": split.dev, "test": split.test}
        return {name: part for name, part in sets.items() if len(part[0])}
    if model.table is None or not isinstance(run.get("settings"), dict):
        hint = "--train FILE --dev FILE say it"
        raise ValueError(expected(where, f"{path!r} to say what it was trained on", "nothing of it", hint))
    return _table_arrays(where, model, path, run)


def _seed(where: str, path: str, seed: Any) -> int:
    if type(seed) is not int or not 0 <= seed < 2**64:
        raise ValueError(expected(where, f"the seed of a split in {path!r}", repr(seed)))
    return seed


def _dev(where: str, path: str, about: dict[str, Any]) -> float:
    """Rows, or a share of them; the split sees that they are not too many."""
    dev = about.get(DEV, HELD_OUT)
    if type(dev) not in (int, float):
        raise ValueError(expected(where, f"the rows of the dev set in {path!r}", repr(dev)))
    found: float = dev
    return found


def _table_arrays(where: str, model: Model, path: str, run: dict[str, Any]) -> dict[str, Arrays]:
    encoder = model.table
    assert encoder is not None
    recipe = Recipe(**read_words(path, run["settings"]))
    if recipe.data is None or recipe.target is None:
        hint = "--train FILE --dev FILE say it"
        raise ValueError(expected(where, f"{path!r} to say what it was trained on", "no file", hint))
    if not Path(recipe.data).exists():
        hint = "run it in the folder where it was trained, or say --train FILE --dev FILE"
        raise FileNotFoundError(
            expected(where, f"{recipe.data!r}, which the model was trained on", "none", hint)
        )
    sets = table_sets(recipe)
    if run.get(ROWS, len(sets.table)) != len(sets.table):
        hint = "the file was changed: say --train FILE --dev FILE"
        wanted = f"{recipe.data!r} with {run[ROWS]:,} rows, as the model was trained on"
        raise ValueError(expected(where, wanted, f"{len(sets.table):,}", hint))
    return {
        name: (encoder.encoded(part), encoder.transform_target(part))
        for name, part in sets.parts.items()
        if len(part)
    }


def read_set(where: str, model: Model, path: str) -> tuple[Arrays, list[str]]:
    """(x, y) of a file as `fastdnn evaluate` takes it, and what is odd about it."""
    if not is_csv(where, model, path):
        return load_npz_xy(path), []
    encoder = model.table
    assert encoder is not None
    table = load_csv(path, encoder.target.name, like=encoder)
    return (encoder.encoded(table), encoder.transform_target(table)), [*table.notes, *encoder.notes(table)]
