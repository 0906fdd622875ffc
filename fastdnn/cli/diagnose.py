"""`fastdnn diagnose`: what is wrong with a trained model and its data, and what to do first."""

import argparse
from pathlib import Path

from fastdnn.cli import output, pictures
from fastdnn.cli.arguments import add_threads, share, whole_number
from fastdnn.cli.in_python import lines_of_files, lines_of_sets
from fastdnn.cli.table_model import load_table_model
from fastdnn.cli.training_sets import Arrays, read_set, sets_of
from fastdnn.diagnose import Report, report
from fastdnn.errors import expected
from fastdnn.model import Model

_WHERE = "diagnose"
_SETS = ("train", "dev", "test")
_DESCRIPTION = """\
Say in plain words what is wrong with a trained model and its data, the most important first: each with what
shows it and the line of Python that acts on it.

A model that fastdnn train made knows its data: the digits, or the CSV file, which is read and split again.
Other files are named by --train and --dev: arrays x and y in a .npz, or, for a model of a table, CSV files.

Where the training went badly, the network is trained anew for some steps with one thing changed at a time, on
copies: the model's file stays as it is. --quick leaves that out.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        _WHERE,
        help="what is wrong with a model, and what to do",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help="a file that fastdnn saved, such as digits.safetensors")
    add("--train", metavar="FILE", help="the rows that it was trained on")
    add("--dev", metavar="FILE", help="rows by which choices are made")
    add("--test", metavar="FILE", help="rows by which nothing was chosen")
    add("--human-error", type=share, metavar="E", help="of people, or the least possible: 5%% or 0.05 (0)")
    add("--quick", action="store_true", help="train nothing")
    add("--details", action="store_true", help="print what each part found, too")
    add("--plot", metavar="DIR", help="write the pictures of all parts there, as PNG")
    add("--seed", type=whole_number(0, 2**64 - 1), default=0, metavar="N", help="of all that is drawn (0)")
    add_threads(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Load, diagnose, print."""
    folder = None if arguments.plot is None else pictures.folder(_WHERE, "--plot", arguments.plot)
    model = load_table_model(_WHERE, arguments.model)
    if model._compiled is None:
        hint = "call compile(...) in Python and save it again"
        raise ValueError(expected(_WHERE, "a model with a loss", "one that was saved before compile", hint))
    sets = _sets(model, arguments)
    sizes = ", ".join(f"{len(sets[name][0]):,} {name}" for name in _SETS if name in sets)
    output.say(f"{arguments.model} on {sizes} rows\n")
    found = report(
        model,
        sets["train"],
        sets["dev"],
        sets.get("test"),
        arguments.human_error,
        quick=arguments.quick,
        seed=arguments.seed,
        threads=arguments.threads,
    )
    output.say(str(found))
    output.say(f"\nin Python\n{_in_python(model, arguments)}")
    if arguments.details:
        output.say(f"\n\n{found.details()}")
    if folder is not None:
        _plot(found, folder)
    return 0


def _in_python(model: Model, arguments: argparse.Namespace) -> str:
    """The lines that make the names of which the advice's lines are written."""
    lines = ["import numpy as np", "import fastdnn as fd"]
    lines += [f"model = fd.load_model({arguments.model!r})"]
    given = _given(arguments)
    lines += lines_of_files(model, given) if given else lines_of_sets(model)
    return "\n".join(f"  {line}" for line in lines)


def _given(arguments: argparse.Namespace) -> dict[str, str]:
    """The files of sets, by name."""
    return {name: getattr(arguments, name) for name in _SETS if getattr(arguments, name) is not None}


def _sets(model: Model, arguments: argparse.Namespace) -> dict[str, Arrays]:
    """Those of the files, or those that the model was trained on.

    Raises:
        ValueError: there is no training set, or no dev set.
    """
    given = _given(arguments)
    if not given:
        sets = sets_of(_WHERE, model, arguments.model)
        if "dev" not in sets:
            hint = "say --train FILE --dev FILE"
            raise ValueError(expected(_WHERE, "a model that was trained with dev rows", "one without", hint))
        return sets
    if not {"train", "dev"} <= given.keys():
        raise ValueError(
            expected(_WHERE, "--train FILE and --dev FILE", " and ".join(f"--{name}" for name in given))
        )
    sets = {}
    for name, path in given.items():
        sets[name], notes = read_set(_WHERE, model, path)
        for note in notes:
            output.say(f"note: {name}: {note}")
    return sets


# ---- Pictures


def _plot(found: Report, folder: Path) -> None:
    """A file for each part that has a picture."""
    for section in found.sections:
        draw = getattr(section.result, "plot", None)
        if draw is None:
            continue
        path = folder / f"{section.name}.png"
        pictures.save(_WHERE, draw(), path)
        output.say(f"{section.title}: {path}")
