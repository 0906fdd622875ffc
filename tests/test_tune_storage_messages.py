"""What a search and `load` say of storages that cannot be opened, are none, or have another study."""

import optuna_or_skip  # noqa: F401
import pytest
from searches import TRAIN
from short_searches import LR, refused, short

import fastdnn as fd


@pytest.mark.parametrize(
    "url", ["foo://x", "http://localhost/x", "://", "sqlite://x.db", "redis://localhost"]
)
def test_a_url_of_no_database_is_told_with_those_that_are(url):
    message = "[search] expected storage as a path, or the URL of a database: sqlite:///study.db, postgresql"
    assert repr(url) in refused(message, lambda: short(storage=url))


def test_a_database_that_cannot_be_opened_is_named_without_its_password(tmp_path, monkeypatch):
    from fastdnn.tune import storages

    monkeypatch.setattr(storages, "_ATTEMPTS", 1)
    message = (
        f"[search] expected a database at sqlite:///{tmp_path}/no/x.db, got unable to open database file"
    )
    refused(message, lambda: short(storage=f"sqlite:///{tmp_path}/no/x.db"))
    assert storages.without_password("mysql://me:secret@host/db") == "mysql://me:...@host/db"
    assert storages.without_password("mysql://me@host/db") == "mysql://me@host/db"
    assert storages.without_password("sqlite:///a:b.db") == "sqlite:///a:b.db"
    message = "[search] expected what opens postgresql+nodriver://, got none installed; pip install nodriver"
    kinds = (
        ValueError,
        ImportError,
    )  # an unknown driver is an unknown kind, one that is known is not installed
    with pytest.raises(kinds):
        short(storage="postgresql+nodriver://u:p@h/d")


@pytest.mark.parametrize("begin", ["sqlite:///", "sqlite+pysqlite:///", ""])
def test_load_makes_no_file_where_none_is(begin, tmp_path):
    url = f"{begin}{tmp_path}/typo.db"
    assert refused("[load] expected the ", lambda: fd.tune.load(url)).endswith(f"{url}, which is not there")
    assert not [*tmp_path.iterdir()]


def test_a_driver_that_is_not_installed_is_named(monkeypatch):
    import optuna

    def missing(url):
        raise ImportError("Failed to import DB access module")

    monkeypatch.setattr(optuna.storages, "get_storage", missing)
    for url, name in [("postgresql://h/d", "psycopg2-binary"), ("mysql+pymysql://h/d", "pymysql")]:
        assert refused(f"pip install {name}", lambda url=url: short(storage=url), ImportError)


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    path = tmp_path_factory.mktemp("journals") / "good"
    short(storage=path, n_trials=3)
    return path


@pytest.mark.parametrize(
    ("garbled", "why"),
    [
        (b"some text\n", "no JSON"),
        (b"\x00\x00\x00\x00\n", "no JSON"),
        (b"[1, 2]\n", "no record of a journal's"),
        (b'{"op_code": 77, "worker_id": "a"}\n', "no record that Optuna knows"),
        (b'{"op_code": 4, "worker_id": "a"}\n', "no record that Optuna knows"),
    ],
)
@pytest.mark.parametrize("call", ["search", "load"])
def test_a_line_that_is_none_is_named_and_what_is_before_it_can_be_had(journal, call, garbled, why, tmp_path):
    lines = journal.read_bytes().splitlines(keepends=True)
    path, mended = tmp_path / "garbled", tmp_path / "garbled.mended"
    path.write_bytes(b"".join([*lines[:4], garbled, *lines[4:]]))
    calls = {"search": lambda: short(storage=path, resume=True), "load": lambda: fd.tune.load(path)}
    message = f"[{call}] expected a journal of whole records in {path}, got line 5, which is {why}; "
    said = refused(message, calls[call])
    assert said.endswith(f"head -n 4 {path} > {mended}, and take that")
    mended.write_bytes(b"".join(lines[:4]))
    assert rows_of(short(storage=mended, resume=True, n_trials=3)) == rows_of(fd.tune.load(journal))


def rows_of(study):
    return [(trial.params["lr"], trial.value) for trial in study.trials]


def test_other_files_are_told_by_who_was_called(tmp_path):
    text, folder, empty = tmp_path / "text", tmp_path / "folder", tmp_path / "empty"
    text.write_text("dear diary\n")
    folder.mkdir()
    empty.touch()
    refused("[load] expected storage as the journal of a search, got", lambda: fd.tune.load(text))
    said = refused("begins with b'dear diary", lambda: short(storage=text))
    assert said.startswith("[search]")
    assert text.read_text() == "dear diary\n"
    refused("it is a folder; name a file in it", lambda: short(storage=folder))
    refused("make the folder first", lambda: short(storage=tmp_path / "no" / "journal"))
    refused("[load] expected a study 'search' in the storage, got none", lambda: fd.tune.load(empty))
    refused("[load] expected the storage of a search, got None", lambda: fd.tune.load(None))
    assert short(storage=empty).best_trial


def test_a_file_that_may_not_be_opened_is_named(tmp_path, monkeypatch):
    from fastdnn.tune import journal

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "journal"
    path.touch()
    monkeypatch.setattr(journal.os, "open", denied)
    message = (
        f"[load] expected storage as a file that may be read and written, got '{path}': Permission denied"
    )
    refused(message, lambda: fd.tune.load(path), PermissionError)


def test_resume_needs_a_storage():
    refused("[search] expected a storage with resume=True, got none", lambda: short(resume=True))


def test_other_data_are_told_as_such(journal):
    given = {"x": TRAIN[0] + 1, "storage": journal, "resume": True, "n_trials": 3}
    said = refused("expected the study in the storage: data = ", lambda: short(**given))
    assert "x, y, weights, dev set or folds are others" in said


def test_what_a_study_cannot_do_is_told_with_what_can(journal):
    space = {"lr": LR}
    loaded = fd.tune.load(journal)
    refused("a space is given by its name: load(storage, space=space)", lambda: fd.tune.load(journal, space))
    refused("[load] expected study_name as text, got 3", lambda: fd.tune.load(journal, 3))
    message = "[Study.train] expected trial as the number of one, got a Trial; that is 2"
    refused(message, lambda: loaded.train(loaded.trials[2]))
    refused("fd.tune.load(storage, space=space) knows it", loaded.importances)
    pruned = short(n_trials=9, epochs=9, pruner="successive_halving")
    assert pruned.importances().trials == 9


@pytest.mark.parametrize("ending", ["db", "sqlite", "sqlite3"])
def test_a_database_is_named_by_its_url_not_by_a_path(ending, tmp_path):
    path = tmp_path / f"a.{ending}"
    for call in (lambda: short(storage=path), lambda: fd.tune.open_storage(str(path))):
        assert refused("expected a journal by a path", call).endswith(f"storage='sqlite:///{path}'")
    assert not [*tmp_path.iterdir()]
    short(storage=f"sqlite:///{path}")
    refused(f"storage='sqlite:///{path}'", lambda: fd.tune.load(path))
    journal = tmp_path / f"journal.{ending}"  # of an earlier version
    short(storage=tmp_path / "journal")
    (tmp_path / "journal").rename(journal)
    assert len(fd.tune.load(journal).trials) == 2
