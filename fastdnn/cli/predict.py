"""`fastdnn predict`: the outputs of a saved model as a CSV file."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from fastdnn.cli import output
from fastdnn.cli.arguments import add_threads
from fastdnn.cli.classify import is_classifier, probabilities
from fastdnn.cli.table_model import load_table_model, predict_table
from fastdnn.cli.target import check_target, text_target
from fastdnn.data.arrays import load_arrays, load_npy_x
from fastdnn.model import Model

_ZIP_MAGIC = b"PK"
_ROWS_AT_ONCE = 8192

_DESCRIPTION = """\
Write a saved model's predictions as CSV, one line for each row of x, in its order, under a header.

a classifier (compiled with a cross-entropy):  row,label,probability,p_0,p_1,...
    label is the class of the highest probability, and p_j the probability of class j
any other model:                               row,y_0,y_1,...

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
    parser.add_argument(
        "--data", required=True, metavar="F.npy", help="x (examples, features), or a .npz with an array x"
    )
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="OUT.csv",
        help="the file to write; - is standard output (default)",
    )
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load, predict, write."""
    to_stdout = arguments.output == "-"
    if not to_stdout:
        check_target("predict", arguments.output)
    model = load_table_model("predict", arguments.model)
    outputs = predict_table(model, _load_x(arguments.data), arguments.threads)
    if to_stdout:
        _write(sys.stdout, model, outputs)
        return 0
    with text_target("predict", arguments.output) as file:
        _write(file, model, outputs)
    output.say(f"{output.counted(len(outputs), 'row')} written to {arguments.output}")
    return 0


def _load_x(path: str) -> np.ndarray:
    """The array of a `.npy`, or `x` of a `.npz`, by what is in the file."""
    return load_arrays(path, ["x"])["x"] if _is_npz(Path(path)) else load_npy_x(path)


def _is_npz(path: Path) -> bool:
    if not path.is_file():  # which the reader of .npy says
        return False
    with path.open("rb") as file:
        return file.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC


def _write(file: TextIO, model: Model, outputs: np.ndarray) -> None:
    for line in csv_lines(outputs, probabilities(model, outputs) if is_classifier(model) else None):
        file.write(line + "\n")


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
