"""`fastdnn train FILE.csv`: read, split, encode, train, tell, save."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import fastdnn
from fastdnn import layers, optimizers, regularizers
from fastdnn.cli import output, table_report, training_report
from fastdnn.cli.fitting import fit, plot_target, save_plot
from fastdnn.cli.recipe import Recipe
from fastdnn.cli.recipe_file import METADATA_WORD, write_toml
from fastdnn.cli.schedule import scheduled
from fastdnn.cli.target import check_target, text_target
from fastdnn.data.csv_blocks import copy_records
from fastdnn.data.csv_form import detect
from fastdnn.data.table import Table, task_of
from fastdnn.data.table_csv import load_csv
from fastdnn.data.table_encoder import TableEncoder
from fastdnn.errors import expected
from fastdnn.schedules import steps_per_epoch
from fastdnn.sequential import Sequential

_HEADERS = {"auto": None, "yes": True, "no": False}


def run(recipe: Recipe, arguments: argparse.Namespace) -> int:
    """One training."""
    assert recipe.data is not None
    if recipe.target is None:
        hint = "the column to predict: fastdnn train FILE.csv --target COLUMN"
        raise ValueError(expected("train", "--target COLUMN", "none", hint))
    optimizer = _optimizer(recipe)
    files = _files(recipe, arguments)
    table = load_csv(
        recipe.data,
        recipe.target,
        exclude=recipe.exclude,
        categories=recipe.categories,
        delimiter=recipe.delimiter,
        header=_HEADERS[recipe.header],
        decimal=recipe.decimal,
        missing=recipe.missing or None,
    )
    task, why = task_of(table.column(recipe.target))
    if recipe.task != "auto":
        task, why = recipe.task, "as asked for"
    stratify = task == "classification" if recipe.stratify is None else recipe.stratify
    train, dev, test = table.split(recipe.dev, recipe.test, seed=recipe.seed, stratify=stratify)
    encoder = TableEncoder(
        "classification" if task == "classification" else "regression",
        indicators=recipe.missing_indicators,
        most_categories=recipe.most_categories,
    ).fit(train)
    parts = {"train": train, "dev": dev, "test": test}
    data = {name: (encoder.encoded(part), encoder.transform_target(part)) for name, part in parts.items()}
    steps = recipe.epochs * steps_per_epoch(len(train), recipe.batch_size)
    optimizer.learning_rate = scheduled(recipe.schedule, optimizer.learning_rate, steps)
    model = build(encoder, recipe, optimizer)
    if not arguments.quiet:
        table_report.before(table, parts, encoder, f"{task} ({why})", stratify, recipe.seed)
        model.summary(print_fn=output.say)
        output.say()
    trained = fit(
        model,
        data["train"],
        data["dev"],
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        patience=recipe.patience,
        quiet=arguments.quiet,
        threads=arguments.threads,
    )
    if not arguments.quiet:
        training_report.after(trained.history, trained.stopping, trained.seconds)
        output.say()
    table_report.errors(model, encoder, data, arguments.threads, details=not arguments.quiet)
    model.table = encoder
    model.metadata[METADATA_WORD] = {"fastdnn": fastdnn.__version__, "settings": recipe.words()}
    _save(model, recipe, table, test, files)
    if files.plot is not None:
        save_plot(trained.history, files.plot)
    if not arguments.quiet:
        table_report.next_commands(files.model, files.test, recipe.data)
    return 0


def _optimizer(recipe: Recipe) -> optimizers.Optimizer:
    """By its name, with its own default of the learning rate where none is given."""
    optimizer = optimizers.get(recipe.optimizer, "train")
    if recipe.learning_rate is not None:
        optimizer.learning_rate = recipe.learning_rate
    return optimizer


def build(encoder: TableEncoder, recipe: Recipe, optimizer: optimizers.Optimizer) -> Sequential:
    """A compiled network for what the encoder gives: softmax over the classes, or one number."""
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
    model.compile(optimizer, loss, metrics=["accuracy"] if classes else None)
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
    test = model.with_name(f"{model.stem}-test.csv") if recipe.test else None
    for path in (model, test, arguments.save_config):
        if path is not None:
            check_target("train", path)
    for path in (model, test):
        if path is not None and path.exists() and Path(recipe.data).exists() and path.samefile(recipe.data):
            raise ValueError(expected("train", "--save to another file than the data", f"{str(path)!r}"))
    return _Files(model, test, plot_target(arguments.plot, None), arguments.save_config)


def _save(model: Sequential, recipe: Recipe, table: Table, test: Table, files: _Files) -> None:
    """Write the model, the rows that it was judged by as they stand in the file, and the settings."""
    model.save(files.model)
    output.say(f"model           {files.model}")
    if files.test is not None:
        _save_rows(recipe, table, test.records, files.test)
        output.say(f"its test rows   {files.test}")
    if files.config is not None:
        write_toml(files.config, recipe)
        output.say(f"settings        {files.config}")


def _save_rows(recipe: Recipe, table: Table, records: np.ndarray[Any, Any], path: Path) -> None:
    assert recipe.data is not None
    form = detect(recipe.data, "train", delimiter=recipe.delimiter, header=table.options.header)
    with text_target("train", path) as file:
        copy_records(recipe.data, "train", form, records, file)
