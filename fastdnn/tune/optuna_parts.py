"""Optuna, imported when a search begins: its storages, quietly."""

import fcntl
import importlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from fastdnn.errors import expected
from fastdnn.tune.journal import JournalFile

_ATTEMPTS = 5  # to open a database that others are making


def optuna(where: str) -> Any:
    """The package.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return importlib.import_module("optuna")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "optuna":
            raise
        hint = 'install it with `pip install "fastdnn[tune]"`'
        raise ImportError(expected(where, "optuna", "none installed", hint)) from error


def storage_of(where: str, storage: Any) -> Any:
    """What trials are kept in: memory for None, a journal for a path, a database for a URL, or as given.

    Raises:
        ImportError: Optuna is not installed.
        ValueError: it is none of these, or the file is no journal.
    """
    storages = optuna(where).storages
    if storage is None:
        return storages.InMemoryStorage()
    if isinstance(storage, storages.BaseStorage):
        return storages.get_storage(storage)
    if isinstance(storage, str) and "://" in storage:
        return _database(storages, storage)
    if isinstance(storage, str | os.PathLike):
        return storages.JournalStorage(JournalFile(storage))
    wanted = "storage as a path, the URL of a database, a storage of Optuna's, or None"
    raise ValueError(expected(where, wanted, repr(storage)))


@contextmanager
def quiet() -> Iterator[None]:
    """Without what Optuna says of new studies and told trials."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _database(storages: Any, url: str) -> Any:
    """Where two processes make its tables at once, one fails, and finds them there when it tries again."""
    errors = importlib.import_module("sqlalchemy.exc")
    for attempt in range(_ATTEMPTS):
        try:
            with quiet():
                return storages.get_storage(url)
        except (errors.IntegrityError, errors.OperationalError) as error:
            made = isinstance(error, errors.IntegrityError) or "already exists" in str(error)
            if not made or attempt == _ATTEMPTS - 1:
                raise
        time.sleep(0.1 * 2**attempt)
    raise AssertionError


def lock_of(storage: Any) -> AbstractContextManager[None]:
    """What to hold while a trial is claimed or planned: of SQLite a lock of the file's, since two processes
    may there read WAITING before either writes RUNNING; of other storages, which see to that, nothing.
    """
    engine = getattr(getattr(storage, "_backend", storage), "engine", None)
    if engine is None or engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return nullcontext()
    return _FileLock(f"{engine.url.database}.lock")


class _FileLock(AbstractContextManager[None]):
    """Of the kernel's, on a file of its own; it ends with the process that holds it."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)
