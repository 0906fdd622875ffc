"""Optuna, imported when a search begins: its storages, quietly."""

import importlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastdnn.errors import expected
from fastdnn.tune.journal import JournalFile


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
        with quiet():
            return storages.get_storage(storage)
    if isinstance(storage, str | os.PathLike):
        return storages.JournalStorage(JournalFile(storage))
    wanted = "storage as a path, the URL of a database, a storage of Optuna's, or None"
    raise ValueError(expected(where, wanted, repr(storage)))


@contextmanager
def quiet() -> Iterator[None]:
    """Without what Optuna says of studies and of what is experimental."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for category in ("ExperimentalWarning",):
                warnings.simplefilter("ignore", getattr(optuna("search").exceptions, category))
            yield
    finally:
        logger.setLevel(level)
