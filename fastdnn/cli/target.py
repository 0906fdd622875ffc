"""Files that commands write: refused before the work is done, and whole or not there."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from fastdnn.errors import expected
from fastdnn.io.files import replacing


def check_target(where: str, path: str | os.PathLike[str]) -> None:
    """See that a file can be written there, as far as this can be known beforehand.

    Raises:
        FileNotFoundError: there is no such folder.
        IsADirectoryError: the path is a folder.
        PermissionError: the folder may not be written to.

    >>> from fastdnn.cli.target import check_target
    >>> check_target("train", "digits.safetensors")
    """
    target = Path(os.path.realpath(Path(path)))
    if target.is_dir():
        hint = "add the name of a file"
        raise IsADirectoryError(expected(where, "a path to a file", f"the folder {str(path)!r}", hint))
    if _is_stream(target):
        return
    if not target.parent.is_dir():
        hint = "create it first"
        raise FileNotFoundError(expected(where, f"a folder {str(target.parent)!r}", "none", hint))
    if not os.access(target.parent, os.W_OK | os.X_OK):
        wanted = f"a folder that may be written to, for {str(path)!r}"
        raise PermissionError(expected(where, wanted, f"{str(target.parent)!r}"))


@contextmanager
def text_target(where: str, path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """A UTF-8 text file that takes the place of `path` when the block ends well, else leaves no trace.

    A device or pipe, such as /dev/stdout, is written to as it is.

    Raises:
        OSError: as `check_target`, or because the disk fails.

    >>> import pathlib, tempfile
    >>> from fastdnn.cli.target import text_target
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "out.csv"
    ...     with text_target("predict", path) as file:
    ...         length = file.write("row,y_0")
    ...     path.read_text()
    'row,y_0'
    """
    check_target(where, path)
    if _is_stream(Path(path)):
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    with replacing(path, where) as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="")
        yield text
        text.detach()  # flushed, and left open to `replacing`


def _is_stream(path: Path) -> bool:
    """Whether there is something that no file can take the place of."""
    return path.exists() and not path.is_file() and not path.is_dir()
