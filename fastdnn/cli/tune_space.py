"""What `fastdnn tune` searches, and the command that trains with what it found."""

import shlex
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from fastdnn.cli.recipe import SETTINGS, Recipe
from fastdnn.cli.recipe_file import as_text
from fastdnn.errors import expected
from fastdnn.tune import Space, integers, log_uniform, powers_of_two, uniform
from fastdnn.tune.distribution import Distribution

_WHERE = "tune"
_DIGITS = 4  # of a number that is drawn: as many as the table of trials shows, and the command says
_FEWEST_EPOCHS = 5
SEARCHED = ("learning-rate", "hidden", "dropout", "l2", "batch-size")  # words, where they are not given


def space_of(given: Collection[str], most_units: int, most_epochs: int | None) -> Space:
    """All that is searched and was not given.

    Args:
        given: fields of the recipe.
        most_units: of a layer.
        most_epochs: of a training that nothing stops early, whose epochs are searched, too; else None.

    Raises:
        ValueError: there is nothing left.

    >>> from fastdnn.cli.tune_space import space_of
    >>> list(space_of(["hidden", "l2"], 64, None))
    ['learning_rate', 'dropout', 'batch_size']
    """
    every: dict[str, dict[str, Distribution]] = {
        "learning_rate": {"learning_rate": log_uniform(1e-4, 1e-1, digits=_DIGITS)},
        "hidden": {"layers": integers(1, 3), "units": powers_of_two(most_units // 16, most_units)},
        "dropout": {"dropout": uniform(0, 0.5, digits=_DIGITS)},
        "l2": {"l2": log_uniform(1e-6, 1e-2, digits=_DIGITS)},
        "batch_size": {"batch_size": powers_of_two(16, 256)},
    }
    if most_epochs is not None and most_epochs > _FEWEST_EPOCHS:
        every["epochs"] = {"epochs": integers(_FEWEST_EPOCHS, most_epochs, log=True)}
    left = [one for name, one in every.items() if name not in given]
    if not left:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in every)
        raise ValueError(expected(_WHERE, f"one of {options} to be searched", "values for all of them"))
    return Space.of(_WHERE, {name: values for one in left for name, values in one.items()})


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The settings of a trial.

    >>> from fastdnn.cli.recipe import Recipe
    >>> from fastdnn.cli.tune_space import with_values
    >>> with_values(Recipe(), {"layers": 2, "units": 32, "l2": 0.001234}).words()["hidden"]
    [32, 32]
    """
    own = {name: value for name, value in values.items() if name not in ("layers", "units")}
    if "units" in values:
        own["hidden"] = (values["units"],) * values["layers"]
    return replace(recipe, **own)


def command_of(recipe: Recipe, usual: Recipe) -> str:
    """The command line that trains so: what is as usual is left out, but for the network's shape, which is
    another one for the digits than for tables.

    Args:
        recipe: with its data.
        usual: settings that need not be said.

    >>> from fastdnn.cli.recipe import Recipe
    >>> from fastdnn.cli.tune_space import command_of
    >>> command_of(Recipe(data="a.csv", target="price", l2=0.01), Recipe())
    'fastdnn train a.csv --target price --hidden 64,64 --l2 0.01'
    """
    assert recipe.data is not None
    words, known = ["fastdnn", "train", recipe.data], usual.words()
    for word, value in recipe.words().items():
        if word == "data" or (value == known.get(word) and word != "hidden"):
            continue
        if isinstance(value, bool):
            words.append(f"--{word}" if value else f"--no-{word}")
            continue
        text = "none" if word == "hidden" and not value else as_text(SETTINGS[word], value)
        words += [f"--{word}={text}"] if text.startswith("-") else [f"--{word}", text]
    return shlex.join(words)
