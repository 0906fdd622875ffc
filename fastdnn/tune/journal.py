"""Optuna's journal, a file of JSON lines, written so that a killed process leaves it whole and unlocked."""

import errno
import fcntl
import json
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastdnn.errors import expected

_BEGINNING = b'{"op_code":'
_BETWEEN_SYNCS = 1.0  # seconds: what a machine that loses power may lose of finished trials


class JournalFile:
    """What `optuna.storages.JournalStorage` reads and writes by; Optuna's own tools read the file, too.

    It differs from Optuna's `JournalFileBackend` in three things. The lock is the kernel's (flock), which
    ends with the process that holds it; Optuna's is a file, which a killed process leaves for 30 s. A line
    that was cut off is taken away before the next is written; there, the two would be one that nobody can
    read. And it is forced to the disk once a second, not at each of several lines a trial: a process that is
    killed loses nothing, a machine without power a second.

    path: of the file, which is made if need be.
    where: of the errors; for "load" it need not be possible to write to it.

    Raises:
        ValueError: it is some other file, or a line of it is no line of a journal's.
        OSError: it cannot be opened, or is full.
    """

    def __init__(self, path: str | os.PathLike[str], where: str = "search") -> None:
        self.path = Path(path)
        self._where = where
        self._open()
        self._check()

    def _open(self) -> None:
        try:
            self._file = self._opened()
        except OSError as error:
            wanted = "storage as a file that may be read and written"
            got = f"{str(self.path)!r}: {error.strerror}"
            raise type(error)(error.errno, expected(self._where, wanted, got)) from error
        self._deleted = False
        self._offset, self._number = 0, 0  # up to where it was read: bytes, lines
        self._synced_at = time.monotonic()

    def _opened(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            if self._where != "load" or error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "where": self._where}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.path, self._where = state["path"], state["where"]
        self._open()

    def __del__(self) -> None:
        file = getattr(self, "_file", None)
        if file is not None:
            os.close(file)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """All whole lines from this number on."""
        if log_number_from != self._number:
            self._offset, self._number = self._start_of(log_number_from), log_number_from
        data = self._bytes_from(self._offset)
        for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
            log = self._understood(line)
            self._offset += len(line)
            self._number += 1
            yield log

    def _understood(self, line: bytes) -> dict[str, Any]:
        try:
            log = json.loads(line)
        except ValueError as error:  # UnicodeDecodeError is one, too
            raise self.not_understood(self._number + 1, "no JSON") from error
        if not isinstance(log, dict) or "op_code" not in log:
            raise self.not_understood(self._number + 1, "no record of a journal's")
        return log

    def not_understood(self, line: int | None = None, why: str = "no record that Optuna knows") -> ValueError:
        """The error of a line, default the one that was read last. Those before it are good: they were
        understood, and are written in order.
        """
        number = self._number if line is None else line
        wanted = f"a journal of whole records in {self.path}"
        hint = "give the path of a new file"
        if number > 1:
            copy = self.path.with_suffix(".mended")
            hint = f"the lines before it are good: head -n {number - 1} {self.path} > {copy}, and take that"
        return ValueError(expected(self._where, wanted, f"line {number}, which is {why}", hint))

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Lines at the end, all or none of them."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with self._locked():
            end = self._mended()
            try:
                written = 0
                while written < len(text):
                    written += os.write(self._file, text[written:])
            except BaseException:
                os.ftruncate(self._file, end)
                raise
        if time.monotonic() - self._synced_at > _BETWEEN_SYNCS:
            self.sync()

    def sync(self) -> None:
        """Force it to the disk.

        Warns:
            UserWarning: somebody deleted it.
        """
        os.fdatasync(self._file)
        if not (self._deleted or os.fstat(self._file).st_nlink):
            self._deleted = True
            hint = "the trials are in the study that search returns, and nowhere else"
            told = expected(self._where, f"the journal {self.path} to stay", "it was deleted", hint)
            warnings.warn(told, stacklevel=2)
        self._synced_at = time.monotonic()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _mended(self) -> int:
        """The length, without what follows the last whole line: its writer was killed, or the disk full."""
        end = os.fstat(self._file).st_size
        if end == 0 or os.pread(self._file, 1, end - 1) == b"\n":
            return end
        whole = self._bytes_from(0).rfind(b"\n") + 1
        os.ftruncate(self._file, whole)
        return whole

    def _bytes_from(self, offset: int) -> bytes:
        parts = []
        while part := os.pread(self._file, 1 << 20, offset):
            parts.append(part)
            offset += len(part)
            if len(part) < 1 << 20:
                break
        return b"".join(parts)

    def _start_of(self, number: int) -> int:
        lines = self._bytes_from(0).splitlines(keepends=True)
        return sum(len(line) for line in lines[:number])

    def _check(self) -> None:
        first = os.pread(self._file, len(_BEGINNING), 0)  # a first line that was cut off may be shorter
        if not _BEGINNING.startswith(first):
            is_new = self._where != "load"
            hint = "give the path of a new file" if is_new else "give the file that search(storage=...) wrote"
            got = f"{self.path}, which begins with {first!r}"
            raise ValueError(expected(self._where, "storage as the journal of a search", got, hint))
