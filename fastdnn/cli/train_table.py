"""`fastdnn train FILE.csv`: read, split, encode, train, tell, save."""

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np

import fastdnn
from fastdnn import layers, optimizers, regularizers
from fastdnn.cli import output, table_report, training_report
from fastdnn.cli.fitting import Trained, fit, plot_target, save_plot
from fastdnn.cli.recipe import Recipe
from fastdnn.cli.recipe_file import METADATA_WORD, write_toml
from fastdnn.cli.schedule import scheduled
from fastdnn.cli.short_report import first_words
from fastdnn.cli.target import check_apart, check_target, text_target
from fastdnn.cli.training_sets import ROWS, TableSets, table_sets
from fastdnn.data.csv_blocks import copy_records
from fastdnn.data.csv_form import detect
from fastdnn.data.table import Table
from fastdnn.data.table_encoder import TableEncoder
from fastdnn.errors import expected
from fastdnn.io.model_file import load_model
from fastdnn.schedules import steps_per_epoch
from fastdnn.sequential import Sequential

TEST_ROWS: Final = "test_rows"  # of a model's metadata: the SHA-256 of the file of test rows beside it


def run(recipe: Recipe, arguments: argparse.Namespace) -> int:
    """One training."""
    assert recipe.data is not None
    if recipe.target is None:
        hint = "the column to predict: fastdnn train FILE.csv --target COLUMN"
        raise ValueError(expected("train", "--target COLUMN", "none", hint))
    optimizer_of(recipe)  # refused before anything is read
    files = _files(recipe, arguments)
    sets = table_sets(recipe)
    table, parts = sets.table, sets.parts
    encoder, data = encoded(recipe, sets)
    model = build(encoder, recipe, len(parts["train"]))
    if not arguments.quiet:
        task = f"{sets.task} ({sets.why})"
        output.say(table_report.told(table, parts, encoder, task, sets.stratified, recipe.seed))
        output.say()
        model.summary(print_fn=output.say)
        output.say()
    trained = train(model, recipe, encoder, data, quiet=arguments.quiet, threads=arguments.threads)
    if not arguments.quiet:
        training_report.after(trained.history, trained.stopping, trained.seconds)
        output.say()
    table_report.errors(model, encoder, data, arguments.threads, details=not arguments.quiet)
    save(model, recipe, sets, files.model, files.test)
    if files.config is not None:
        write_toml(files.config, recipe)
        output.say(f"settings        {files.config}")
    if files.plot is not None:
        save_plot(trained.history, files.plot)
    if not arguments.quiet:
        first_words(model, data, files.model, arguments.threads)
        has_dev = len(parts["dev"]) > 0
        table_report.next_commands(files.model, files.test, recipe.data, has_dev=has_dev)
    return 0


Data = dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]


def encoded(recipe: Recipe, sets: TableSets) -> tuple[TableEncoder, Data]:
    """The encoder, fitted on the training rows, and what it makes of all sets."""
    encoder = TableEncoder(
        "classification" if sets.task == "classification" else "regression",
        indicators=recipe.missing_indicators,
        most_categories=recipe.most_categories,
    ).fit(sets.parts["train"])
    data = {name: (encoder.encoded(part), _targets(encoder, name, part)) for name, part in sets.parts.items()}
    return encoder, data


def train(
    model: Sequential,
    recipe: Recipe,
    encoder: TableEncoder,
    data: Data,
    *,
    quiet: bool,
    threads: int | None,
) -> Trained:
    """Train it, and let it say how it reads tables."""
    trained = fit(
        model,
        data["train"],
        data["dev"],
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        patience=recipe.patience,
        quiet=quiet,
        threads=threads,
    )
    model.table = encoder
    return trained


def _targets(encoder: TableEncoder, name: str, part: Table) -> np.ndarray[Any, Any]:
    """The targets of a set; a rare class that no training row has is told with what helps."""
    try:
        return encoder.transform_target(part)
    except ValueError as error:
        hint = "--stratify gives each set, and train first, rows of each class"
        raise ValueError(f"{error}, of the {name} set; {hint}") from None


def optimizer_of(recipe: Recipe) -> optimizers.Optimizer:
    """By its name, with its own default of the learning rate where none is given."""
    optimizer = optimizers.get(recipe.optimizer, "train")
    if recipe.learning_rate is not None:
        optimizer.learning_rate = recipe.learning_rate
    return optimizer


def build(encoder: TableEncoder, recipe: Recipe, rows: int, metrics: Sequence[Any] = ()) -> Sequential:
    """A compiled network for what the encoder gives: softmax over the classes, or one number.

    Args:
        encoder: fitted.
        recipe: its settings.
        rows: that it will be trained on, for the steps of a schedule.
        metrics: beside the accuracy of classes.
    """
    optimizer = optimizer_of(recipe)
    steps = recipe.epochs * steps_per_epoch(rows, recipe.batch_size)
    optimizer.learning_rate = scheduled(recipe.schedule, optimizer.learning_rate, steps)
    classes = encoder.target.task == "classification"
    penalty = regularizers.L2(recipe.l2) if recipe.l2 else None
    chain: list[layers.Layer] = [layers.Input((encoder.width,))]
    for units in recipe.hidden:
        if recipe.batch_norm:
            normed = [
                layers.Dense(units, use_bias=False, kernel_regularizer=penalty),
                layers.BatchNormalization(),
            ]
            chain += [*normed, layers.Activation(recipe.activation)]
        else:
            chain.append(layers.Dense(units, activation=recipe.activation, kernel_regularizer=penalty))
        if recipe.dropout:
            chain.append(layers.Dropout(recipe.dropout))
    last = "softmax" if classes else None
    chain.append(layers.Dense(encoder.outputs, activation=last, kernel_regularizer=penalty))
    model = Sequential(chain, seed=recipe.seed)
    loss = "sparse_categorical_crossentropy" if classes else "mean_squared_error"
    model.compile(optimizer, loss, metrics=[*(["accuracy"] if classes else []), *metrics])
    return model


# ---- Files


@dataclass(frozen=True)
class _Files:
    """Where to write; no test rows where there are none."""

    model: Path
    test: Path | None
    plot: Path | None
    config: str | None


def _files(recipe: Recipe, arguments: argparse.Namespace) -> _Files:
    """The paths, all of them checked before the work begins."""
    assert recipe.data is not None
    name = Path(recipe.data).name
    for suffix in (".gz", ".csv", ".tsv", ".txt"):
        name = name.removesuffix(suffix)
    model = Path(recipe.save if recipe.save is not None else f"{name}.safetensors")
    check_target("train", model)
    test = rows_beside(recipe, model)
    for path in (test, arguments.save_config):
        if path is not None:
            check_target("train", path)
    plot = plot_target(arguments.plot, None)
    inputs = {"the data": recipe.data, "--config": arguments.config}
    outputs = {"the test rows": test, "--save-config": arguments.save_config, "--plot": plot}
    check_apart("train", inputs, {"--save": model, **outputs} if not _repeats(arguments) else outputs)
    check_apart("train", {"the data": recipe.data}, {"--save": model, **outputs})
    if test is not None and recipe.save is None:
        _check_ours(model, test)
    return _Files(model, test, plot, arguments.save_config)


def _repeats(arguments: argparse.Namespace) -> bool:
    """Whether the settings are those of a model, which its repetition may replace."""
    return arguments.config is not None and arguments.config.endswith(".safetensors")


def _check_ours(model: Path, test: Path) -> None:
    """See that a file whose name nobody gave is the test rows of the model beside it, or not there.

    Raises:
        ValueError: it is somebody's own.
    """
    if not test.is_file():
        return
    try:
        run = load_model(model).metadata.get(METADATA_WORD)
    except (OSError, ValueError):  # no model, or not ours
        run = None
    digest = run.get(TEST_ROWS) if isinstance(run, dict) else None
    if digest != hashlib.sha256(test.read_bytes()).hexdigest():
        wanted = f"no file {str(test)!r}, where the test rows go, or those of an earlier training"
        hint = "move it away, or name the model by --save PATH: its test rows go to PATH-test.csv"
        raise ValueError(expected("train", wanted, "another one", hint))


def rows_beside(recipe: Recipe, model: Path) -> Path | None:
    """Where a model's test rows go, if there are any."""
    return model.with_name(f"{model.stem}-test.csv") if recipe.test else None


def save(model: Sequential, recipe: Recipe, sets: TableSets, path: Path, rows: Path | None) -> None:
    """Write the model, and the rows that it was judged by as they stand in the file; say where."""
    run = {"fastdnn": fastdnn.__version__, "settings": recipe.words(), ROWS: len(sets.table)}
    model.metadata[METADATA_WORD] = run
    if rows is None:
        model.save(path)
    else:
        with text_target("train", rows) as file:
            # The model says whose the rows are, and they take their place only where it has taken its own.
            run[TEST_ROWS] = _write_rows(recipe, sets.table, sets.parts["test"].records, file)
            model.save(path)
    output.say(f"model           {path}")
    if rows is not None:
        output.say(f"its test rows   {rows}")


class _Digesting:
    """A text file whose bytes are counted into a SHA-256 as they are written."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def write(self, text: str) -> int:
        """Write and take in."""
        self._digest.update(text.encode())
        return self._file.write(text)

    def hexdigest(self) -> str:
        """Of all that was written."""
        return self._digest.hexdigest()


def _write_rows(recipe: Recipe, table: Table, records: np.ndarray[Any, Any], file: TextIO) -> str:
    """Write these records of the data; returns the SHA-256 of the file."""
    assert recipe.data is not None
    form = detect(recipe.data, "train", delimiter=recipe.delimiter, header=table.options.header)
    counted = _Digesting(file)
    copy_records(recipe.data, "train", form, records, counted)
    return counted.hexdigest()
