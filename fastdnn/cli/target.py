"""Files that commands write: refused before the work is done, and whole or not there."""

import io
import os
from collections.abc import Iterator, Mapping
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


Paths = Mapping[str, str | os.PathLike[str] | None]


def check_apart(where: str, inputs: Paths, outputs: Paths) -> None:
    """See that no output of a command takes the place of an input or of another output.

    Args:
        where: the command.
        inputs: paths by what they are called in errors; None where there is none.
        outputs: the same. A device or pipe holds nothing that could be lost.

    Raises:
        ValueError: two of them are one file, by whatever name or link.

    >>> from fastdnn.cli.target import check_apart
    >>> check_apart("predict", {"the data": "rows.csv"}, {"-o": "./rows.csv"})
    Traceback (most recent call last):
    ...
    ValueError: [predict] expected -o to another file than the data, got './rows.csv'; name another file
    """
    seen = {what: path for what, path in inputs.items() if path is not None}
    for what, path in outputs.items():
        if path is None or _is_stream(Path(path)):
            continue
        for other, taken in seen.items():
            if _same_file(path, taken):
                wanted = f"{what} to another file than {other}"
                raise ValueError(expected(where, wanted, repr(str(path)), "name another file"))
        seen[what] = path


def _same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return Path(one).samefile(other)  # by a hard link, or in capitals where these are the same
    except OSError:  # one of them is not there yet
        return False


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
