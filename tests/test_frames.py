"""Data frames: their numbers and names, wherever arrays are taken; what is no number is named."""

import decimal
import pathlib
import re
import sys

import numpy as np
import pytest
from frames_for_tests import Frame
from networks import classification

import fastdnn as fd
from fastdnn.data import from_dataframe, load_parquet
from fastdnn.data.frames import is_frame
from fastdnn.features import as_table
from fastdnn.io import FormatError

COLUMNS = {
    "age": [31, 40, 22],
    "income": [2.5, None, 1.0],
    "member": [True, False, True],
    "kind": ["a", "b", "a"],
}


def pandas_frame(columns):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: the stand-in is tried alone")
    return pandas.DataFrame(columns)


def polars_frame(columns):
    polars = pytest.importorskip("polars", reason="polars is not installed: the stand-in is tried alone")
    return polars.DataFrame(columns)


def arrow_table(columns):
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed: the stand-in is tried alone")
    return pyarrow.table(columns)


every_library = pytest.mark.parametrize("make", [Frame, pandas_frame, polars_frame, arrow_table])


@every_library
def test_numbers_and_names(make):
    x, y, names = from_dataframe(make(COLUMNS), target="kind")
    np.testing.assert_array_equal(x, [[31, 2.5, 1], [40, np.nan, 0], [22, 1, 1]])
    assert y.tolist() == ["a", "b", "a"]
    assert names == ("age", "income", "member")
    x, y, names = from_dataframe(make(COLUMNS), target=["age", "income"], columns=["member", "member"][:1])
    assert (x.tolist(), names) == ([[1], [0], [1]], ("member",))
    np.testing.assert_array_equal(y, [[31, 2.5], [40, np.nan], [22, 1]])
    x, y, _ = from_dataframe(make({"a": [1, 2], "b": [3, 4]}), target="b")
    assert (x.dtype.kind, y.tolist()) == ("i", [3, 4])


@every_library
def test_columns_that_hold_no_numbers_are_named(make):
    frame = make(COLUMNS)
    with pytest.raises(
        ValueError, match=r"\[from_dataframe\] expected x with numbers .*, got column 'kind' of "
    ):
        from_dataframe(frame)
    model = fd.Sequential([fd.layers.Dense(2)], seed=0)
    with pytest.raises(
        ValueError, match=r"\[predict\] expected x with numbers .*'kind' of .*; leave it out, or"
    ):
        model.predict(frame)


@every_library
def test_a_model_takes_frames(make):
    features, labels = classification(rows=60, features=3)
    names = ("a", "b", "c")
    frame = make(dict(zip(names, features.T.tolist(), strict=True)))
    models = []
    for x in (frame, features.astype(float)):
        model = fd.Sequential([fd.layers.Normalization(), fd.layers.Dense(4)], seed=0)
        model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        model.fit(x, labels, epochs=2, validation_data=(x, labels))
        models.append(model)
    assert models[0].predict(frame).tobytes() == models[1].predict(features).tobytes()
    assert models[0].evaluate(frame, labels) == models[1].evaluate(features, labels)
    holes = make({"a": [1.0, None], "b": [2.0, 3.0], "c": [0.0, 1.0]})
    with pytest.raises(ValueError, match="nan in row 1, column 0"):
        models[0].predict(holes)


@every_library
def test_a_split_keeps_frames(make):
    frame = make({"a": list(range(20)), "b": [i / 2 for i in range(20)]})
    split = fd.data.train_dev_test_split(frame, np.arange(20), dev=4, test=0.25)
    for x, rows in split:
        assert type(x) is type(frame)
        np.testing.assert_array_equal(from_dataframe(x).x[:, 0], rows)
    assert [len(rows) for _, rows in split] == [11, 4, 5]


@every_library
@pytest.mark.parametrize("held_out", ["validation_data", "cv"])
def test_a_search_takes_frames(make, held_out):
    pytest.importorskip("optuna", reason="needs Optuna, of the extra `tune`")
    features, _ = classification(rows=60, features=3)
    columns = dict(zip("abc", features.T.tolist(), strict=True))

    def build(p):
        model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(2)])
        model.compile(fd.optimizers.Adam(p["lr"]), "mse")
        return model

    tables = []
    for made in (make, lambda columns: np.array(list(columns.values())).T):
        x, y = made(columns), made({name: columns[name] for name in "ca"})
        how = {"validation_data": (x, y)} if held_out == "validation_data" else {"cv": 3}
        space = {"lr": fd.tune.log_uniform(1e-4, 1e-1)}
        study = fd.tune.search(build, space, x, y, **how, n_trials=3, epochs=2, seed=0)
        tables.append([(trial.params, trial.value, trial.state) for trial in study.trials])
        assert np.isfinite(study.best_model.predict(x)).all()
    assert tables[0] == tables[1]


@every_library
def test_targets_must_be_there(make):
    with pytest.raises(ValueError, match="a target 'income' in each row, got none in row 1"):
        from_dataframe(make(COLUMNS), target="income")
    with pytest.raises(ValueError, match=r"numbers or text in the target 'k', got (None|nan) in row 0"):
        from_dataframe(make({"a": [1, 2], "k": [None, "x"]}), target="k")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frame": np.eye(2)}, "a data frame, got a ndarray"),
        ({"frame": [[1]]}, "a data frame, got a list"),
        ({"target": "kinds"}, "did you mean 'kind'"),
        ({"columns": ["agee"]}, "did you mean 'age'"),
        ({"columns": []}, "at least one column of features, got none"),
        ({"columns": ["age"], "target": "age"}, "features and targets apart, got 'age' in both"),
        ({"target": ["kind"]}, "y with numbers in every column, got column 'kind'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=rf"^\[from_dataframe\] expected .*{message}"):
        from_dataframe(**({"frame": Frame(COLUMNS)} | arguments))


def test_names_that_occur_twice():
    frame = Frame({"a": [1], "b": [2]})
    frame.columns = ["a", "a"]
    with pytest.raises(ValueError, match="columns of distinct names, got 'a' twice"):
        from_dataframe(frame)


def test_decimals_and_mixed_numbers_are_numbers():
    frame = Frame({"a": [decimal.Decimal("1.5"), 2, None], "b": [np.float32(1), True, 3.0]})
    np.testing.assert_array_equal(from_dataframe(frame).x, [[1.5, 1], [2, 1], [np.nan, 3]])
    assert not is_frame(np.eye(2))
    assert not is_frame([[1]])


def test_many_bad_columns_are_counted():
    frame = Frame({f"c{i}": ["x"] for i in range(9)})
    with pytest.raises(ValueError, match=r"'c4' of \S+ and 4 more; leave it out"):
        from_dataframe(frame)


def test_pandas_own_types():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: its own types are not tried")
    whole = pandas.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"])
    np.testing.assert_array_equal(as_table("test", whole, 2, "float64"), whole.to_numpy())
    frame = pandas.DataFrame(
        {"i": pandas.array([1, None, 3], "Int64"), "b": pandas.array([True, False, None], "boolean")}
    )
    np.testing.assert_array_equal(from_dataframe(frame).x, [[1, 1], [np.nan, 0], [3, np.nan]])
    frame["c"] = pandas.Categorical(["x", "y", "x"])
    frame["d"] = pandas.to_datetime(["2020-01-01"] * 3)
    with pytest.raises(ValueError, match=r"'c' of category, 'd' of datetime64"):
        from_dataframe(frame)
    assert from_dataframe(frame, target="c", columns=["i"]).y.tolist() == ["x", "y", "x"]


# ---------------------------------------------------------------------------------------------------- Parquet


def test_parquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow_table(COLUMNS), path)
    x, y, names = load_parquet(path, target="kind")
    np.testing.assert_array_equal(x, [[31, 2.5, 1], [40, np.nan, 0], [22, 1, 1]])
    assert (y.tolist(), names) == (["a", "b", "a"], ("age", "income", "member"))
    assert load_parquet(path, columns=["income"]).x.shape == (3, 1)
    content = path.read_bytes()
    for length in range(4, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(
            FormatError, match=r"\[load_parquet\] expected a Parquet file that pyarrow reads, got '"
        ):
            load_parquet(path)


def test_what_is_no_parquet_file(tmp_path):
    (tmp_path / "a").write_bytes(b"PK\x03\x04")
    with pytest.raises(
        FormatError, match=r"\[load_parquet\] expected a Parquet file, got '.*a', which begins with"
    ):
        load_parquet(tmp_path / "a")
    with pytest.raises(FormatError, match="expected a regular file, got a folder"):
        load_parquet(tmp_path)


def test_without_a_library_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"PAR1")
    for library in ("pyarrow", "pyarrow.parquet", "polars"):
        monkeypatch.setitem(sys.modules, library, None)
    wanted = 'pyarrow or polars, got neither; install it with `pip install "fastdnn[parquet]"`'
    with pytest.raises(ImportError, match=re.escape(wanted)):
        load_parquet(tmp_path / "a")


class Reader:
    """A library that reads, or fails as one does."""

    error: BaseException | None = None

    def read_table(self, path, columns=None):
        """What a file holds."""
        if self.error is not None:
            raise self.error
        return Frame({name: COLUMNS[name] for name in columns or COLUMNS})


def test_the_library_reads_what_is_asked_for(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"PAR1")
    reader = Reader()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", reader)
    y = load_parquet(pathlib.Path(tmp_path / "a"), target="age", columns=["income"]).y
    assert y.tolist() == COLUMNS["age"]
    reader.error = RuntimeError("bad footer")
    with pytest.raises(FormatError, match=r"that pyarrow reads, got .*RuntimeError: bad footer"):
        load_parquet(tmp_path / "a")
    reader.error = MemoryError()
    with pytest.raises(MemoryError):
        load_parquet(tmp_path / "a")


def test_odd_scalars_in_a_column():
    table = fd.data.table_of({"b": [np.True_, None, np.False_], "n": [np.int64(3), None, np.float32(0.5)]})
    assert (table.column("b").kind, table["b"].tolist()) == ("boolean", ["true", "", "false"])
    assert np.array_equal(table["n"], [3, np.nan, 0.5], equal_nan=True)
    with pytest.raises(
        ValueError, match="finite numbers in 'a', got one that float64 does not hold in row 0"
    ):
        fd.data.table_of({"a": [10**400, 1]})
    for arguments, words in (
        ({"target": ["a"]}, "name of one column"),
        ({"categories": None}, "as texts, got None"),
    ):
        with pytest.raises(ValueError, match=words):
            fd.data.table_of({"a": [1, 2]}, **arguments)
