"""The two things that `fastdnn tune` tunes: the network of the digits, and that of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fastdnn.callbacks import Callback, EarlyStopping
from fastdnn.cli import table_report, train_digits, train_table, training_report
from fastdnn.cli.recipe import Recipe
from fastdnn.cli.training_sets import Arrays, TableSets, digits_split, table_sets
from fastdnn.cli.tune_space import with_values
from fastdnn.data import Split
from fastdnn.data.table_encoder import TableEncoder
from fastdnn.data.table_target import NumberTarget
from fastdnn.metrics import RootMeanSquaredError
from fastdnn.sequential import Sequential

_MONITORS = {"classification": ("val_accuracy", "max"), "regression": ("val_rmse", "min")}


class UnscaledError(RootMeanSquaredError):
    """The root of the mean squared error in the target's own units, of a network that predicts
    (y - mean) / scale.

    >>> from fastdnn.cli.tune_task import UnscaledError
    >>> UnscaledError(100.0)([0.0, 0.0], [1.0, 7.0])
    500.0
    """

    def __init__(self, scale: float) -> None:
        super().__init__("rmse")
        self.scale = scale

    def figure(self, total: float, count: float) -> float:
        """That of the standardised numbers, times the scale."""
        return self.scale * super().figure(total, count)

    def get_config(self) -> dict[str, Any]:
        """The argument that makes it again."""
        return {"scale": self.scale}


class Task(Protocol):
    """Data and a network, by the functions with which `fastdnn train` trains it."""

    recipe: Recipe
    usual: Recipe
    most_units: int
    kind: str

    @property
    def data(self) -> Mapping[str, Arrays]:
        """train, dev and test."""
        ...

    def told(self) -> str:
        """The data in a few lines."""
        ...

    def network(self, recipe: Recipe) -> Sequential:
        """A compiled one."""
        ...

    def trained(self, recipe: Recipe, threads: int | None) -> Sequential:
        """What `fastdnn train` makes of these settings."""
        ...

    def tell_errors(self, model: Sequential, threads: int | None) -> None:
        """On all sets."""
        ...

    def rows_beside(self, model: Path) -> Path | None:
        """Where a model's test rows go."""
        ...

    def save(self, model: Sequential, recipe: Recipe, path: Path) -> None:
        """As `fastdnn train` does."""
        ...


@dataclass(frozen=True)
class Builder:
    """What a search calls: a task's network with a trial's values, and its callbacks."""

    task: Task

    def __call__(self, values: Mapping[str, Any]) -> Sequential:
        """The network."""
        return self.task.network(with_values(self.task.recipe, values))

    def callbacks(self, values: Mapping[str, Any]) -> Sequence[Callback]:
        """Early stopping, where there is one dev set."""
        return [EarlyStopping(patience=self.task.recipe.patience)]


def monitor_of(task: Task) -> tuple[str, str]:
    """The figure by which trials are compared, and whether "min" or "max" of it is best.

    Losses would not do: the penalty is part of them, and another one in each trial.
    """
    return _MONITORS[task.kind]


class DigitsTask:
    """The digits that come with the package."""

    usual = Recipe(data=None, **train_digits.DEFAULTS)
    most_units = 512
    kind = "classification"

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.split: Split = digits_split(recipe.seed, recipe.dev)

    @property
    def data(self) -> Mapping[str, Arrays]:
        """Pixels and labels."""
        return {"train": self.split.train, "dev": self.split.dev, "test": self.split.test}

    def told(self) -> str:
        """With where they come from."""
        return training_report.told(self.split, self.recipe.seed)

    def network(self, recipe: Recipe) -> Sequential:
        """Of ReLU layers."""
        return train_digits.build(self.split.train[0], recipe)

    def trained(self, recipe: Recipe, threads: int | None) -> Sequential:
        """With the settings."""
        model = self.network(recipe)
        train_digits.train(model, self.split, recipe, quiet=True, threads=threads)
        return model

    def tell_errors(self, model: Sequential, threads: int | None) -> None:
        """Shares of wrong labels."""
        training_report.errors(model, self.split, threads, details=False)

    def rows_beside(self, model: Path) -> Path | None:
        """Arrays."""
        return train_digits.rows_beside(model)

    def save(self, model: Sequential, recipe: Recipe, path: Path) -> None:
        """With the test rows beside it."""
        train_digits.save(model, self.split.test, path, train_digits.rows_beside(path))


class TableTask:
    """A CSV file."""

    usual = Recipe()
    most_units = 256

    def __init__(self, recipe: Recipe) -> None:
        train_table.optimizer_of(recipe)  # refused before anything is read
        self.recipe = recipe
        self.sets: TableSets = table_sets(recipe)
        self.kind = self.sets.task
        self.encoder: TableEncoder
        self.encoder, self._data = train_table.encoded(recipe, self.sets)

    @property
    def data(self) -> Mapping[str, Arrays]:
        """Features and targets."""
        return self._data

    def told(self) -> str:
        """Columns, sets, features."""
        sets, task = self.sets, f"{self.sets.task} ({self.sets.why})"
        return table_report.told(
            sets.table, sets.parts, self.encoder, task, sets.stratified, self.recipe.seed
        )

    def network(self, recipe: Recipe) -> Sequential:
        """As the settings say, with a figure of numbers that has no penalty in it."""
        target = self.encoder.target
        metrics = [UnscaledError(target.scale)] if isinstance(target, NumberTarget) else []
        return train_table.build(self.encoder, recipe, len(self.sets.parts["train"]), metrics)

    def trained(self, recipe: Recipe, threads: int | None) -> Sequential:
        """With the settings."""
        model = train_table.build(self.encoder, recipe, len(self.sets.parts["train"]))
        train_table.train(model, recipe, self.encoder, self._data, quiet=True, threads=threads)
        return model

    def tell_errors(self, model: Sequential, threads: int | None) -> None:
        """In the target's unit."""
        table_report.errors(model, self.encoder, self._data, threads, details=False)

    def rows_beside(self, model: Path) -> Path | None:
        """A CSV file."""
        return train_table.rows_beside(self.recipe, model)

    def save(self, model: Sequential, recipe: Recipe, path: Path) -> None:
        """With the test rows beside it, and the settings in it."""
        train_table.save(model, recipe, self.sets, path, self.rows_beside(path))
