"""What `fastdnn train FILE.csv` can be told: its words, their defaults, and how they are read."""

import argparse
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from fastdnn import activations
from fastdnn.cli.arguments import (
    column_names,
    delimiter,
    fraction,
    hidden_layers,
    not_negative,
    one_of,
    positive_number,
    rows_or_share,
    text,
    whole_number,
)
from fastdnn.cli.schedule import NAMES


@dataclass(frozen=True)
class Recipe:
    """All settings of a run, with their defaults.

    >>> from fastdnn.cli.recipe import Recipe
    >>> Recipe(hidden=(32,)).words()["hidden"]
    [32]
    """

    data: str | None = None
    target: str | None = None
    exclude: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    default_missing: bool = True
    delimiter: str | None = None
    decimal: str = "."
    header: str = "auto"
    task: Literal["auto", "classification", "regression"] = "auto"
    dev: float = 0.15
    test: float = 0.15
    stratify: bool | None = None
    missing_indicators: bool = False
    most_categories: int = 100
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "relu"
    dropout: float = 0.0
    batch_norm: bool = False
    l2: float = 0.0
    optimizer: str = "adam"
    learning_rate: float | None = None
    schedule: str = "constant"
    epochs: int = 200
    patience: int = 15
    batch_size: int = 64
    seed: int = 0
    save: str | None = None

    def words(self) -> dict[str, Any]:
        """The settings that are not None, by their words, of types that JSON and TOML have."""
        values = {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}
        plain = {word: list(value) if isinstance(value, tuple) else value for word, value in values.items()}
        return {word: value for word, value in plain.items() if value is not None}


@dataclass(frozen=True)
class Setting:
    """A word of a recipe: how its text is read, or None where it is yes or no; its help ends with the default
    in brackets, which is another one for the digits where `digits` says so.
    """

    word: str
    read: Callable[[str], Any] | None
    metavar: str
    help: str
    is_list: bool = False
    digits: str = ""

    @property
    def name(self) -> str:
        """Of the field."""
        return self.word.replace("-", "_")

    def told(self, searched: Collection[str] = ()) -> str:
        """The help, with the default of each data set; of what is `searched` it has none.

        >>> from fastdnn.cli.recipe import SETTINGS
        >>> SETTINGS["hidden"].told(), SETTINGS["hidden"].told(["hidden"])
        ('units of hidden layers, or none (64,64; digits 512)', 'units of hidden layers, or none (searched)')
        """
        words, bracket, default = self.help.rpartition(" (")
        if bracket and self.word in searched:
            return f"{words} (searched)"
        return f"{words} ({default[:-1]}; digits {self.digits})" if self.digits else self.help


_READING: Final = (
    Setting("target", text, "COLUMN", "the column to predict"),
    Setting("exclude", column_names, "A,B", "columns not to use", is_list=True),
    Setting("categories", column_names, "A,B", "columns of codes: texts, not numbers", is_list=True),
    Setting("missing", column_names, "W,W", "more words for a missing value; --missing=-,NIL", is_list=True),
    Setting("default-missing", None, "", "NA, N/A, NaN, null and ? are missing values (yes)"),
    Setting("delimiter", delimiter, "C", "between fields: comma, semicolon, tab, ... (found out)"),
    Setting("decimal", one_of(".", ","), "C", "decimal mark, . or , (.)"),
    Setting("header", one_of("auto", "yes", "no"), "H", "yes or no: the first line has names (auto)"),
    Setting("task", one_of("auto", "classification", "regression"), "T", "classification, regression (auto)"),
    Setting("dev", rows_or_share, "N", "rows, or share of them, to stop by (0.15)"),
    Setting("test", rows_or_share, "N", "rows, or share of them, to judge by (0.15)"),
    Setting("stratify", None, "", "each set has the classes in proportion (in classification)"),
    Setting("missing-indicators", None, "", "one more feature that is 1 where a value is missing"),
    Setting("most-categories", whole_number(1), "N", "at most so many features for a column of texts (100)"),
)
_NETWORK: Final = (
    Setting("hidden", hidden_layers, "N,N", "units of hidden layers, or none (64,64)", True, digits="512"),
    Setting("activation", one_of(*activations.NAMES), "NAME", "of hidden layers (relu)"),
    Setting("dropout", fraction, "P", "share of hidden units that is dropped (0)"),
    Setting("batch-norm", None, "", "batch normalisation before each activation"),
    Setting("l2", not_negative, "L", "penalty L/2 of the sum of all squared weights (0)"),
)
_TRAINING: Final = (
    Setting("optimizer", text, "NAME", "of fastdnn.optimizers (adam)"),
    Setting("learning-rate", positive_number, "A", "of the optimiser (its own default)", digits="0.002"),
    Setting("schedule", one_of(*NAMES), "NAME", f"of the learning rate: {', '.join(NAMES)} (constant)"),
    Setting("epochs", whole_number(1), "N", "at most so many (200)", digits="40"),
    Setting(
        "patience", whole_number(0), "N", "epochs with no better dev loss until it stops (15)", digits="5"
    ),
    Setting("batch-size", whole_number(1), "N", "examples of a step (64)"),
    Setting("seed", whole_number(0, 2**64 - 1), "N", "of split, weights and order (0)"),
    Setting("save", text, "PATH", "the model; test rows go beside it (NAME.safetensors, NAME-test.csv)"),
)
GROUPS: Final = {"reading a CSV file": _READING, "network": _NETWORK, "training": _TRAINING}
_DATA: Final = Setting("data", text, "FILE", "")
SETTINGS: Final = {setting.word: setting for setting in (_DATA, *_READING, *_NETWORK, *_TRAINING)}


def add_options(
    parser: argparse.ArgumentParser, without: Collection[str] = (), searched: Collection[str] = ()
) -> None:
    """Declare an option for each setting but `data` and those `without`; None where it is not given. Those
    that are `searched` then have no default.
    """
    for title, settings in GROUPS.items():
        group = parser.add_argument_group(title)
        for setting in settings:
            if setting.word in without:
                continue
            if setting.read is None:
                action = argparse.BooleanOptionalAction
                group.add_argument(f"--{setting.word}", action=action, default=None, help=setting.told())
            else:
                group.add_argument(
                    f"--{setting.word}",
                    type=setting.read,
                    metavar=setting.metavar,
                    help=setting.told(searched),
                )
