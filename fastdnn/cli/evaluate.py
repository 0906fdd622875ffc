"""`fastdnn evaluate`: loss, metrics and errors of a saved model on data."""

import argparse

import numpy as np

from fastdnn.cli import output
from fastdnn.cli.arguments import add_threads
from fastdnn.cli.table_model import add_data, data_of, is_csv, load_table_model
from fastdnn.cli.table_report import ALL_ROWS, errors
from fastdnn.cli.training_sets import read_set
from fastdnn.diagnose.class_outputs import mistakes_of, names_classes
from fastdnn.errors import expected
from fastdnn.model import Model
from fastdnn.report import table


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    text = (
        "Print the loss and the metrics of a saved model on data and, for a classifier, its error in percent "
        "and its confusion matrix."
    )
    parser = commands.add_parser(
        "evaluate", help="figures of a saved model on data", description=text, allow_abbrev=False
    )
    parser.add_argument(
        "model", metavar="MODEL", help="a file that fastdnn saved, such as digits.safetensors"
    )
    files = "arrays x (examples, features) and y (as the loss takes it), or a CSV file with the target"
    add_data(parser, "F.npz", files)
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load, evaluate, print."""
    path = data_of("evaluate", arguments)
    model = load_table_model("evaluate", arguments.model)
    if model._compiled is None:
        hint = "call compile(...) in Python and save it again"
        raise ValueError(
            expected("evaluate", "a model with a loss", "one that was saved before compile", hint)
        )
    if is_csv("evaluate", model, path):
        return _table(model, arguments.model, path, arguments.threads)
    (x, y), _ = read_set("evaluate", model, path)
    inputs, targets = model.prepare("evaluate", x, y).arrays
    figures = model.evaluate(inputs, targets, return_dict=True, threads=arguments.threads)
    output.say(f"{arguments.model} on {output.counted(len(inputs), 'row')} of {path}")
    output.say()
    rows = [[name, f"{value:.6g}"] for name, value in figures.items()]
    if not names_classes(model):
        output.say(table(["figure", "value"], rows, numeric=[1]))
        return 0
    labels = targets[:, 0] if targets.dtype.kind == "i" else targets.argmax(axis=1)
    mistakes = mistakes_of(model, inputs, np.asarray(labels), arguments.threads)
    rows.append(["error", f"{100 * mistakes.error:.2f} %"])
    rows.append(["wrong", f"{mistakes.wrong:,} of {mistakes.rows:,}"])
    output.say(table(["figure", "value"], rows, numeric=[1]))
    output.say("\nconfusion matrix")
    output.say(mistakes.told(output.width()))
    return 0


def _table(model: Model, name: str, path: str, threads: int | None) -> int:
    """Errors on a CSV file that has the target's column."""
    encoder = model.table
    assert encoder is not None
    arrays, notes = read_set("evaluate", model, path)
    output.say(f"{name} on {output.counted(len(arrays[0]), 'row')} of {path}")
    for note in notes:
        output.say(f"note: {note}")
    output.say()
    errors(model, encoder, {ALL_ROWS: arrays}, threads, details=True)
    return 0
