"""What trials are kept in: memory, a journal, a database, or a server."""

import os
import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastdnn.errors import expected
from fastdnn.tune.journal import JournalFile
from fastdnn.tune.optuna_parts import optuna, quiet

_SQLITE_PATIENCE = 60_000  # milliseconds that a process waits for the others' transactions

_SERVER_PATIENCE = 30.0  # seconds
_ATTEMPTS = 5  # at opening a database
_URLS = "sqlite:///study.db, postgresql://, mysql://, or grpc://HOST:PORT"
_DRIVERS = {"postgresql": "psycopg2-binary", "mysql": "mysqlclient"}  # where the URL names none
_OF_SQLITE = (".db", ".sqlite", ".sqlite3")
_IN_MEMORY = (None, "", ":memory:")


def open_storage(storage: Any) -> Any:
    """The Optuna storage that `search(storage=)` would open, for Optuna's own tools: its dashboard, or its
    server before a database.

    Journals have the kernel's lock, and SQLite transactions that lock the file from their beginning on, so
    that searches in other processes may use it meanwhile.

    Args:
        storage: as of `fd.tune.search`.

    Raises:
        ImportError: Optuna, or what opens a database, is not installed.
        ValueError: it is nothing that keeps trials, the file is no journal, or no database is there.
        OSError: the file cannot be opened.

    >>> import fastdnn as fd
    >>> fd.tune.open_storage(None).get_all_studies()
    []
    """
    return storage_of("open_storage", storage)


def storage_of(where: str, storage: Any) -> Any:
    """What trials are kept in: memory for None, a journal for a path, a database or a server for a
    URL, or as given.

    Raises:
        ImportError: Optuna, or what opens a database, is not installed.
        ValueError: it is none of these, the file is no journal, or no database is there.
        OSError: the file cannot be opened.
    """
    storages = optuna(where).storages
    if storage is None:
        return storages.InMemoryStorage()
    if isinstance(storage, storages.BaseStorage):
        return _one_after_the_other(storages.get_storage(storage))
    if isinstance(storage, str) and storage.startswith("grpc://"):
        return _server(where, storages, storage)
    if isinstance(storage, str) and "://" in storage:
        return _one_after_the_other(_database(where, storages, storage))
    if isinstance(storage, str | os.PathLike):
        return _journal(where, storages, storage)
    wanted = "storage as a path, the URL of a database, a storage of Optuna's, or None"
    raise ValueError(expected(where, wanted, repr(storage)))


def _journal(where: str, storages: Any, path: "str | os.PathLike[str]") -> Any:
    """The storage of a file, all lines of which Optuna has understood."""
    if not str(path) or Path(path).is_dir() or not Path(path).parent.is_dir():
        hint = 'such as "study.journal"'
        if Path(path).is_dir() and str(path):
            hint = f"it is a folder; name a file in it, such as {str(Path(path) / 'study.journal')!r}"
        elif str(path):
            hint = f"make the folder first: {str(Path(path).parent)!r}"
        wanted = "storage as the path of a file in a folder that is there"
        raise ValueError(expected(where, wanted, repr(str(path)), hint))
    if Path(path).suffix.lower() in _OF_SQLITE and not _is_journal(Path(path)):
        hint = f"a database is named by its URL: storage={f'sqlite:///{path}'!r}"
        raise ValueError(
            expected(where, 'a journal by a path such as "study.journal"', repr(str(path)), hint)
        )
    file = JournalFile(path, where)
    try:
        return storages.JournalStorage(file)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise file.not_understood() from error


def _is_journal(path: Path) -> bool:
    """Whether it is a file that begins as a journal's lines do."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1) == b"{"


def _server(where: str, storages: Any, url: str) -> Any:
    """Optuna's gRPC server at grpc://HOST:PORT."""
    parts = urlsplit(url)
    if parts.hostname is None or parts.port is None:
        raise ValueError(expected(where, "a server as grpc://HOST:PORT", url))
    with quiet():
        proxy = storages.GrpcStorageProxy(host=parts.hostname, port=parts.port)
    try:
        proxy.wait_server_ready(timeout=_SERVER_PATIENCE)
    except ConnectionError as error:
        hint = "start it: optuna.storages.run_grpc_proxy_server"
        got = f"none that answers in {_SERVER_PATIENCE:g} s"
        raise ValueError(expected(where, f"a server at {url}", got, hint)) from error
    return proxy


def _database(where: str, storages: Any, url: str) -> Any:
    """The storage of a URL. Of processes that begin at the same time one makes the tables; Optuna's step from
    looking to making is not atomic, so the others' fails, and finds them there when it is done again.

    Raises:
        ImportError: what the URL's kind of database is reached by is not installed.
        ValueError: there is no such kind, or it cannot be opened.
    """
    from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError

    kind = url.partition("://")[0]
    for left in reversed(range(_ATTEMPTS)):
        try:
            with quiet():
                return storages.get_storage(url)
        except (ArgumentError, ValueError) as error:  # of an unknown kind a NoSuchModuleError
            wanted = "storage as a path, or the URL of a database: " + _URLS
            raise ValueError(expected(where, wanted, repr(url))) from error
        except ImportError as error:
            dialect, _, driver = kind.partition("+")
            hint = f"pip install {driver or _DRIVERS.get(dialect, 'a driver for it')}"
            raise ImportError(expected(where, f"what opens {kind}://", "none installed", hint)) from error
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            if not left:
                hint = "see that host or folder are there, and that user and password are right"
                got = " ".join(str(getattr(error, "orig", error)).split())
                raise ValueError(
                    expected(where, f"a database at {without_password(url)}", got, hint)
                ) from error
            time.sleep(random.uniform(0.1, 0.3))
    return None


def without_password(url: str) -> str:
    """A path, or a URL that may be printed.

    >>> from fastdnn.tune.storages import without_password
    >>> without_password("postgresql://me:secret@host/db"), without_password("study.journal")
    ('postgresql://me:...@host/db', 'study.journal')
    """
    head, at, tail = url.rpartition("@")
    return f"{head.rpartition(':')[0]}:...{at}{tail}" if at and ":" in head.partition("://")[2] else url


def _one_after_the_other(storage: Any) -> Any:
    """The storage; where it is SQLite, with transactions that lock the file from their beginning on, and wait
    a minute for others. SQLite has no lock of rows: two processes would both read that a trial waits, and
    both claim it, or fail by "database is locked" where both read before they write.
    """
    engine = getattr(getattr(storage, "_backend", None), "engine", None)
    if engine is not None and engine.dialect.name == "sqlite" and engine.url.database not in _IN_MEMORY:
        from sqlalchemy import event

        if not event.contains(engine, "begin", _lock):
            event.listen(engine, "connect", _leave_beginning_to_us)
            event.listen(engine, "begin", _lock)
            engine.dispose()  # connections that were made before
    return storage


def _leave_beginning_to_us(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_SQLITE_PATIENCE}")


def _lock(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
