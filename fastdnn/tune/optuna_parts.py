"""Optuna, imported when a search begins, and kept quiet."""

import importlib
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastdnn.errors import expected


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


@contextmanager
def quiet() -> Iterator[None]:
    """Without what Optuna says of new studies and told trials. Of several threads the first to come makes it
    quiet, and the last to go sets the level that it was.
    """
    logger = logging.getLogger("optuna")
    with _Quiet.lock:
        if not _Quiet.threads:
            _Quiet.level = logger.level
            logger.setLevel(logging.WARNING)
        _Quiet.threads += 1
    try:
        yield
    finally:
        with _Quiet.lock:
            _Quiet.threads -= 1
            if not _Quiet.threads:
                logger.setLevel(_Quiet.level)


class _Quiet:
    """How many threads want it quiet, and the level before."""

    lock = threading.Lock()
    threads = 0
    level = logging.NOTSET
