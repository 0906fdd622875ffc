"""`fastdnn info`: what this build is and how it will run."""

import argparse
import importlib.metadata

from fastdnn.build_info import info
from fastdnn.cli import output

PLOT_COMMAND = 'pip install "fastdnn[plot]"'

_LABELS = {
    "isa": "instruction set",
    "isa_available": "instruction sets to choose from",
    "cpu": "CPU",
    "python": "Python",
    "numpy": "NumPy",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    text = "Print version, instruction set, threads and why, compiler and flags: what a bug report needs."
    parser = commands.add_parser("info", help="this build and this machine", description=text)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print it, one figure a line."""
    figures = {_LABELS.get(name, name): value for name, value in info().items()}
    figures["matplotlib"] = _matplotlib()
    width = max(map(len, figures))
    for name, value in figures.items():
        output.say(f"{name:{width}}  {value}")
    return 0


def _matplotlib() -> str:
    try:
        return importlib.metadata.version("matplotlib")
    except importlib.metadata.PackageNotFoundError:
        return f"none, so no PNG plots; {PLOT_COMMAND}"
