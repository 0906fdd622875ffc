"""Pictures that commands write into a folder, as PNG files."""

import importlib.util
from pathlib import Path
from typing import Any

from fastdnn.cli.info import PLOT_COMMAND
from fastdnn.errors import expected
from fastdnn.io.files import replacing


def folder(where: str, option: str, words: str) -> Path:
    """Where the pictures go, made if it is not there.

    Args:
        where: the command.
        option: that names the folder.
        words: its value.

    Raises:
        ValueError: matplotlib is not installed.
        OSError: there is a file of this name, or it cannot be made.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise ValueError(expected(where, f"matplotlib, for {option}", "none installed", PLOT_COMMAND))
    found = Path(words)
    found.mkdir(exist_ok=True)
    return found


def save(where: str, axes: Any, path: Path) -> None:
    """Write the figure of axes, or of an array of them.

    Raises:
        OSError: it cannot be written.
    """
    first = axes.flat[0] if hasattr(axes, "flat") else axes
    with replacing(path, where) as file:
        first.figure.savefig(file, format="png")
