"""Where trials are kept: journals, databases, storages of Optuna's; which of them a search leaves alone."""

import re

import numpy as np
import optuna_or_skip  # noqa: F401
import pytest
from searches import DEV, SPACE, build, rows, search

import fastdnn as fd
from fastdnn.tune.storages import storage_of


def test_a_loaded_study_has_the_trials_and_no_data(alone, tmp_path):
    search(storage=tmp_path / "journal")
    loaded = fd.tune.load(tmp_path / "journal")
    assert rows(loaded) == rows(alone)
    assert loaded.best_params == alone.best_params
    assert loaded.table() == alone.table()
    assert fd.tune.load(tmp_path / "journal", space=SPACE).importances() == alone.importances()
    with pytest.raises(ValueError, match="expected the space of the study"):
        fd.tune.load(tmp_path / "journal", space={"lr": SPACE["lr"]})
    with pytest.raises(ValueError, match="which is not there"):
        fd.tune.load(tmp_path / "nothing")
    with pytest.raises(ValueError, match="expected the data of the search"):
        _ = loaded.best_model
    with pytest.raises(ValueError, match="a study of the storage, one of search, got 'other'"):
        fd.tune.load(tmp_path / "journal", "other")
    with pytest.raises(ValueError, match="got 'serach'; did you mean 'search'"):
        fd.tune.load(tmp_path / "journal", "serach")


@pytest.mark.parametrize("method", ["bayesian", "coarse_to_fine", "random"])
@pytest.mark.parametrize("kind", ["{}/journal", "sqlite:///{}/trials.db"])
def test_load_tells_how_many_trials_a_search_is_to_have(kind, method, tmp_path):
    storage = kind.format(tmp_path)
    search(storage=storage, method=method, n_trials=30, seconds=0)
    assert fd.tune.load(storage).planned == 30
    if method == "bayesian":
        search(storage=storage, method=method, n_trials=20, seconds=0, resume=True)
        assert fd.tune.load(storage).planned == 20


def test_a_database_and_a_storage_of_optunas_keep_trials_too(alone, tmp_path):
    import optuna

    assert rows(search(storage=f"sqlite:///{tmp_path}/trials.db", jobs=2)) == rows(alone)
    assert rows(fd.tune.load(f"sqlite:///{tmp_path}/trials.db")) == rows(alone)
    there = optuna.storages.InMemoryStorage()
    assert rows(search(storage=there)) == rows(alone)
    assert optuna.load_study(study_name="search", storage=there).best_value == alone.best_value


def test_a_database_that_others_make_at_the_same_moment_is_opened_once_it_is_there(tmp_path, monkeypatch):
    """Optuna looks for the tables and makes them in two steps, between which others may have made them."""
    import optuna
    from sqlalchemy.exc import IntegrityError, OperationalError

    errors = [
        IntegrityError("INSERT INTO alembic_version", {}, Exception("UNIQUE constraint failed")),
        OperationalError("CREATE TABLE", {}, Exception("table trial_system_attributes already exists")),
    ]
    real = optuna.storages.get_storage

    def get_storage(url):
        if errors:
            raise errors.pop()
        return real(url)

    monkeypatch.setattr(optuna.storages, "get_storage", get_storage)
    assert storage_of("test", f"sqlite:///{tmp_path}/trials.db").get_all_studies() == []
    assert not errors


def test_a_journal_of_another_search_is_refused(tmp_path):
    journal = tmp_path / "journal"
    search(storage=journal, n_trials=2)
    with pytest.raises(
        ValueError, match="expected a new study, got 'search', which is in the storage already"
    ):
        search(storage=journal, n_trials=2)
    wider = {**SPACE, "lr": fd.tune.log_uniform(1e-5, 1e-1)}
    for other, name in [
        ({"space": wider}, "space"),
        ({"seed": 2}, "seed"),
        ({"epochs": 4}, "epochs"),
        ({"monitor": "val_accuracy"}, "monitor"),
        ({"method": "grid", "n_trials": {"lr": 2, "beta_1": 1, "units": 1, "dropout": 1}}, "method"),
        ({"validation_data": (DEV[0] + 1, DEV[1])}, "data"),
        ({"shuffle": False}, "shuffle"),
        ({"class_weight": {0: 2.0}}, "class_weight"),
        ({"callbacks": [fd.callbacks.EarlyStopping(patience=3)]}, "callbacks"),
        ({"seconds_per_trial": 50}, "seconds_per_trial"),
    ]:
        with pytest.raises(
            ValueError, match=re.escape(f"[search] expected the study in the storage: {name} =")
        ):
            search(storage=journal, resume=True, **({"n_trials": 2} | other))
    assert len(search(storage=journal, study_name="another", n_trials=3).trials) == 3


def test_a_study_of_another_model_or_with_weights_of_another_length_is_refused(tmp_path):
    def other(p):
        model = build({**p, "activation": "sigmoid"})
        assert model.layers[1].activation == "sigmoid"
        return model

    search(n_trials=2, storage=tmp_path / "journal")
    with pytest.raises(ValueError, match=r"in the storage: model = .*Dense.* \(\w{8}\), got model = .*Dense"):
        search(n_trials=3, storage=tmp_path / "journal", resume=True, build=other)
    assert len(search(n_trials=3, storage=tmp_path / "journal", resume=True).trials) == 3
    with pytest.raises(ValueError, match="as many rows in sample_weight as in x, 180, got 4"):
        search(cv=3, sample_weight=np.ones(4))


def test_a_study_of_another_tool_is_left_alone():
    import optuna

    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(study_name="search", storage=storage)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    with pytest.raises(ValueError, match="expected a study of fastdnn's, got 'search' of another tool"):
        search(storage=storage, resume=True)
    with pytest.raises(ValueError, match="expected a study that fastdnn made"):
        fd.tune.load(storage)
    assert len(study.trials) == 2


def test_a_file_that_is_no_journal_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("milk, bread")
    with pytest.raises(ValueError, match=r"expected storage as the journal of a search, got .*txt, which"):
        search(storage=path)
    assert path.read_text() == "milk, bread"
