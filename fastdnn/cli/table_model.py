"""Saved models that take one table, as the commands do, and the files that hold it."""

import argparse
from pathlib import Path

from fastdnn.errors import expected
from fastdnn.io.model_file import load_model
from fastdnn.model import Model

_ZIP_MAGIC = b"PK"
_NPY_MAGIC = b"\x93NUMPY"
_CSV_SUFFIXES = (".csv", ".tsv", ".txt", ".gz")


def add_data(parser: argparse.ArgumentParser, metavar: str, text: str) -> None:
    """Declare the file that a command reads: as a word, or as --data."""
    parser.add_argument("file", metavar="FILE", nargs="?", help=text)
    parser.add_argument("--data", metavar=metavar, help="the same")


def data_of(where: str, arguments: argparse.Namespace) -> str:
    """The path of the data.

    Raises:
        ValueError: there is none, or there are two.
    """
    given = [path for path in (arguments.file, arguments.data) if path is not None]
    if not given:
        raise ValueError(f"the following arguments are required: --data, or FILE; see fastdnn {where} --help")
    if len(given) > 1:
        raise ValueError(expected(where, "one file", " and ".join(map(repr, given))))
    path: str = given[0]
    return path


def is_npz(path: str) -> bool:
    """Whether a file is a zip archive, as a .npz is."""
    return _head(path, len(_ZIP_MAGIC)) == _ZIP_MAGIC


def is_csv(where: str, model: Model, path: str) -> bool:
    """Whether a file is to be read as a CSV file: no arrays, for a model that was trained on a table.

    Raises:
        ValueError: it is named like one, and the model was not.
    """
    if is_npz(path) or _head(path, len(_NPY_MAGIC)) == _NPY_MAGIC:
        return False
    if model.table is None and path.lower().endswith(_CSV_SUFFIXES):
        wanted = "a .npy or .npz file, since the model was not trained from a CSV file"
        raise ValueError(expected(where, wanted, repr(path)))
    return model.table is not None


def _head(path: str, size: int) -> bytes:
    if not Path(path).is_file():  # which the reader says
        return b""
    with Path(path).open("rb") as file:
        return file.read(size)


def load_table_model(where: str, path: str) -> Model:
    """A model with one input and one output.

    Raises:
        ValueError: it has several.
        OSError, FormatError: as `fastdnn.load_model`.
    """
    model = load_model(path)
    for ports in (model.graph.inputs, model.graph.outputs):
        if len(ports) > 1:
            wanted = "a model with one input and one output, for a table"
            hint = f"in Python: model = fastdnn.load_model({path!r}); model.{where}(...)"
            raise ValueError(expected(where, wanted, f"{len(ports)}: {ports.listed()}", hint))
    return model
