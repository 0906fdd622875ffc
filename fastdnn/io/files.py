"""Files opened and replaced with care: what cannot be a data file is refused, what is written is whole."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, BufferedWriter
from pathlib import Path


class FormatError(ValueError):
    """A file is not what it should be: another format, cut short, altered or made to do harm.

    The message names the file, what was expected and what was found. A file that does not exist is a
    FileNotFoundError, a disk that fails an OSError.

    >>> from fastdnn.io import FormatError
    >>> issubclass(FormatError, ValueError)
    True
    """


def open_regular(path: str | os.PathLike[str], where: str) -> BufferedReader:
    """Open a file for reading; a folder, device or pipe, which could block or never end, is a FormatError."""
    file = Path(path)
    try:
        status = file.stat()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"[{where}] expected a file {str(file)!r}, got none; check the path"
        ) from None
    if not stat.S_ISREG(status.st_mode):
        raise FormatError(f"expected a regular file, got a {_kind(status)}")
    return file.open("rb")


def _kind(status: os.stat_result) -> str:
    return "folder" if stat.S_ISDIR(status.st_mode) else "device or pipe"


@contextmanager
def replacing(path: str | os.PathLike[str], where: str) -> Iterator[BufferedWriter]:
    """A file that takes the place of `path` when the block ends well and leaves no trace when it does not."""
    target = Path(os.path.realpath(Path(path)))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"[{where}] expected a folder {str(target.parent)!r}, got none; create it first"
        )
    old_mode = _mode_of(target, where)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        # O_EXCL: never one that is there. The system takes the umask off the mode, as for any new file.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(temporary, flags, 0o666 if old_mode is None else old_mode), "wb") as file:
            if old_mode is not None:
                os.fchmod(file.fileno(), old_mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _flush_folder(target.parent)


def _mode_of(target: Path, where: str) -> int | None:
    """The mode bits of the file to replace, None when there is none; only a regular file can be replaced."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(
            f"[{where}] expected a path to a file, got the {_kind(status)} {str(target)!r}; "
            "add the name of a file"
        )
    return stat.S_IMODE(status.st_mode)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
