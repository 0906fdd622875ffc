"""`fastdnn predict`: the outputs of a saved model as a CSV file."""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import numpy as np

from fastdnn.cli import output
from fastdnn.cli.arguments import add_threads
from fastdnn.cli.table_model import add_data, data_of, is_csv, is_npz, load_table_model
from fastdnn.cli.target import check_apart, check_target, text_target
from fastdnn.data.arrays import load_arrays, load_npy_x
from fastdnn.data.table_csv import load_csv
from fastdnn.data.table_target import ClassTarget
from fastdnn.diagnose.class_outputs import as_probabilities, names_classes, predicted
from fastdnn.model import Model

_ROWS_AT_ONCE = 8192

_DESCRIPTION = """\
Write a saved model's predictions as CSV, one line for each row of x, in its order, under a header.

a classifier (compiled with a cross-entropy):  row,label,probability,p_0,p_1,...
    label is the class of the highest probability, and p_j the probability of class j
any other model:                               row,y_0,y_1,...

a model that fastdnn train FILE.csv made takes a CSV file with the same columns, in any order; with the target
COLUMN the lines are
    row,COLUMN,probability,p_A,p_B,...          the name of the class; A, B, ... are the classes
    row,COLUMN                                  a number in the column's own units

Rows count from 0. Numbers have as many digits as it takes to read the same float back.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "predict",
        help="outputs of a saved model as CSV",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "model", metavar="MODEL", help="a file that fastdnn saved, such as digits.safetensors"
    )
    add_data(parser, "F.npy", "x (examples, features), a .npz with an array x, or a CSV file")
    parser.add_argument(
        "-o",
        "--output",
        "--out",
        default="-",
        metavar="OUT.csv",
        help="the file to write; - is standard output (default)",
    )
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load, predict, write."""
    to_stdout = arguments.output == "-"
    path = data_of("predict", arguments)
    if not to_stdout:
        check_target("predict", arguments.output)
        check_apart("predict", {"MODEL": arguments.model, "the data": path}, {"-o": arguments.output})
    model = load_table_model("predict", arguments.model)
    if is_csv("predict", model, path):
        write, rows = _table_writer(model, path, arguments.threads, _to_stderr if to_stdout else output.say)
    else:
        write, rows = _writer(model, _load_x(path), arguments.threads)
    if to_stdout:
        write(sys.stdout)
        return 0
    with text_target("predict", arguments.output) as file:
        write(file)
    output.say(f"{output.counted(rows, 'row')} written to {arguments.output}")
    return 0


def _to_stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _load_x(path: str) -> np.ndarray:
    """The array of a `.npy`, or `x` of a `.npz`, by what is in the file."""
    return load_arrays(path, ["x"])["x"] if is_npz(path) else load_npy_x(path)


def _writer(model: Model, x: np.ndarray, threads: int | None) -> tuple[Callable[[TextIO], None], int]:
    """What writes the predictions for an array, and how many there are."""
    outputs = predicted(model, x, threads=threads)
    shares = as_probabilities(model, outputs) if names_classes(model) else None

    def write(file: TextIO) -> None:
        for line in csv_lines(outputs, shares):
            file.write(line + "\n")

    return write, len(outputs)


def _table_writer(
    model: Model, path: str, threads: int | None, say: Callable[[str], object]
) -> tuple[Callable[[TextIO], None], int]:
    """What writes the predictions for a CSV file; what is odd about it is said at once."""
    encoder = model.table
    assert encoder is not None
    table = load_csv(path, like=encoder)
    for note in (*table.notes, *encoder.notes(table)):
        say(f"note: {note}")
    outputs = predicted(model, encoder.encoded(table), threads=threads)

    def write(file: TextIO) -> None:
        csv.writer(file, lineterminator="\n").writerows(table_rows(model, outputs))

    return write, len(outputs)


def table_rows(model: Model, outputs: np.ndarray) -> Iterator[list[Any]]:
    """Header and rows for a model with an encoder: classes by name, or numbers in the target's units."""
    assert model.table is not None
    target = model.table.target
    if not isinstance(target, ClassTarget):
        yield ["row", target.name]
        yield from ([row, number] for row, number in enumerate(target.decode(outputs).tolist()))
        return
    yield ["row", target.name, "probability", *(f"p_{name}" for name in target.classes)]
    shares = as_probabilities(model, outputs)
    for begin in range(0, len(outputs), _ROWS_AT_ONCE):
        block = shares[begin : begin + _ROWS_AT_ONCE]
        texts = block.astype(str).tolist()  # the shortest text of each float
        for row, (text, label) in enumerate(zip(texts, block.argmax(axis=1).tolist(), strict=True), begin):
            yield [row, target.classes[label], text[label], *text]


def csv_lines(outputs: np.ndarray, shares: np.ndarray | None) -> Iterator[str]:
    """Header and rows: outputs, or, where there are probabilities `shares`, labels and these.

    Shapes: outputs, shares (examples, outputs).

    >>> import numpy as np
    >>> from fastdnn.cli.predict import csv_lines
    >>> list(csv_lines(np.array([[0.5], [2.0]]), None))
    ['row,y_0', '0,0.5', '1,2.0']
    """
    width = outputs.shape[1]
    letter = "y" if shares is None else "p"
    yield ",".join(
        [
            "row",
            *(["label", "probability"] if shares is not None else []),
            *(f"{letter}_{j}" for j in range(width)),
        ]
    )
    for begin in range(0, len(outputs), _ROWS_AT_ONCE):
        block = (outputs if shares is None else shares)[begin : begin + _ROWS_AT_ONCE]
        texts = block.astype(str).tolist()  # the shortest text of each float
        labels = outputs[begin : begin + _ROWS_AT_ONCE].argmax(axis=1).tolist()
        for row, (text, label) in enumerate(zip(texts, labels, strict=True), begin):
            told = [] if shares is None else [str(label), text[label]]
            yield ",".join([str(row), *told, *text])
