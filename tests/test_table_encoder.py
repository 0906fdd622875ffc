"""From tables to arrays: fitted on training rows alone, saved with the model, the same in another process."""

import json
import pickle
import re
import warnings
from decimal import Decimal

import numpy as np
import pytest
from interpreters import output
from tables import flats, write

import fastdnn as fd
from fastdnn.data import TableEncoder, load_csv, table_of
from fastdnn.data.table_column import Column
from fastdnn.data.table_features import NumberFeature
from fastdnn.data.table_target import ClassTarget, NumberTarget


@pytest.fixture
def read(tmp_path):
    """Reads a text as a file of a table."""

    def load(text, target=None, **arguments):
        return load_csv(write(tmp_path / "t.csv", text), target, **arguments)

    return load


TRAIN = "size,city,lift,rent\n10,Rome,yes,100\n,Ulm,no,300\n40,Rome,,200\n40,?,yes,400\n"


# ---------------------------------------------------------------------------------------------- the features


def test_numbers_are_standardised_by_the_rows_that_have_them(read):
    encoder = TableEncoder().fit(read(TRAIN, "rent"))
    assert encoder.feature_names == ("size", "city=Rome", "city=Ulm", "lift")
    x, y = encoder.xy(read(TRAIN, "rent"))
    mean, std = np.mean([10, 40, 40]), np.std([10, 40, 40])
    np.testing.assert_allclose(
        x[:, 0], (np.array([10, 40, 40, 40]) - mean) / std, rtol=1e-6
    )  # the median: 40
    assert x[:, 1:].tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1], [1, 0, 1]]
    np.testing.assert_allclose(y, (np.array([100, 300, 200, 400]) - 250) / np.std([100, 300, 200, 400]))
    assert (x.dtype, x.flags.c_contiguous) == (np.float32, True)


def test_indicators_of_missing_values_on_request(read):
    encoder = TableEncoder(indicators=True).fit(read(TRAIN, "rent"))
    names = ("size", "size missing", "city=Rome", "city=Ulm", "city missing", "lift", "lift missing")
    assert encoder.feature_names == names
    x = encoder.transform(read(TRAIN, "rent"))
    assert x[:, [1, 4, 6]].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    whole = read(TRAIN.replace("?", "Oslo").replace(",,", ",no,").replace("\n,", "\n3,"), "rent")
    assert not any("missing" in name for name in TableEncoder(indicators=True).fit(whole).feature_names)


def test_only_the_training_rows_count(read):
    table = read(TRAIN, "rent")
    first, others = table.take([0, 1]), table.take([2, 3])
    encoder = TableEncoder().fit(first)
    before = encoder.get_config()
    encoder.encoded(others)
    assert encoder.get_config() == before == TableEncoder().fit(first).get_config()
    assert before["features"][0] == {
        "kind": "number",
        "name": "size",
        "fill": 10.0,
        "mean": 10.0,
        "scale": 1.0,
        "indicator": False,
    }


def test_texts_that_training_had_not_are_zeros_counted_and_said(read):
    encoder = TableEncoder().fit(read(TRAIN, "rent"))
    other = read("rent,lift,size,city\n1,yes,5,Oslo\n2,no,6,Bonn\n3,no,7,Oslo\n4,no,8,Rome\n")
    with pytest.warns(UserWarning, match=r"'city': 3 rows have values that training had not: 'Oslo', 'Bonn'"):
        x = encoder.transform(other)
    assert x[:, 1:3].tolist() == [[0, 0], [0, 0], [0, 0], [1, 0]]
    assert encoder.notes(other) == ["'city': 3 rows have values that training had not: 'Oslo', 'Bonn'"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(encoder.encoded(other), x)


def test_the_most_frequent_categories_are_kept(read):
    texts = "aaaaabbbbcccdd"
    table = read("c,x\n" + "".join(f"{text},{i % 2}\n" for i, text in enumerate(texts)))
    encoder = TableEncoder(most_categories=2).fit(table)
    assert encoder.feature_names[:2] == ("c=a", "c=b")
    assert encoder.encoded(table)[:, :2].sum() == 9
    assert "training had not, or too seldom: 'c', 'd'" in encoder.notes(table)[0]


def test_the_order_of_columns_and_rows_changes_nothing(tmp_path):
    table = load_csv(flats(tmp_path / "f.csv", 80), "rent", exclude="class")
    encoder = TableEncoder(indicators=True).fit(table)
    lines = [
        line.split(",") for line in (tmp_path / "f.csv").read_text().replace("cheap, really", "").splitlines()
    ]
    turned = "\n".join(",".join(reversed(line)) for line in lines)
    again = load_csv(write(tmp_path / "g.csv", turned), "rent", like=encoder)
    assert np.array_equal(encoder.encoded(again), encoder.encoded(table))
    assert again.notes == ("columns that the model does not know are ignored: 'class', 'name'",)


def test_large_numbers_with_an_offset_keep_their_digits(read):
    table = read("t\n" + "\n".join(str(1_700_000_000 + i) for i in range(64)))
    x = TableEncoder().fit(table).encoded(table)[:, 0]
    assert len(np.unique(x)) == 64
    assert abs(x.std() - 1) < 1e-6


def test_constant_and_extreme_numbers(read):
    table = read("a,b\n" + "0.1,7\n" * 20)
    assert not TableEncoder().fit(table).encoded(table).any()
    with pytest.raises(ValueError, match="numbers in column 'a' whose mean and deviation are finite"):
        TableEncoder().fit(read("a\n1e300\n-1e300\n"))
    encoder = TableEncoder().fit(read("a\n1\n2\n"))
    with pytest.raises(
        ValueError, match=r"column 'a' within float32 once it is standardised, got 1e\+300 in row 1"
    ):
        encoder.transform(read("a\n1\n1e300\n"))


# ------------------------------------------------------------------------------------------------ the target


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["b", "a", "b", "a"], "classification", ("a", "b")),
        (["yes", "No", "no", "YES"], "classification", ("no", "yes")),
        (["10", "9", "10", "9"], "classification", ("9", "10")),
        (["0.5", "1.5", "0.5", "1.5"], "regression", None),
        ([str(i) for i in range(21)] * 3, "regression", None),
        ([str(i) for i in range(20)] * 3, "classification", tuple(map(str, range(20)))),
        (["1", "2", "3", "3"], "regression", None),
    ],
)
def test_the_task_is_found_out(read, values, task, classes):
    encoder = TableEncoder().fit(read("x,y\n" + "".join(f"{i},{v}\n" for i, v in enumerate(values)), "y"))
    assert encoder.target.task == task
    if classes:
        assert encoder.classes == classes
        assert encoder.outputs == len(classes)
        labels = encoder.decode(np.eye(len(classes))).tolist()
        assert labels == list(classes)


def test_the_task_can_be_said(read):
    table = read("x,y\n1,1\n2,2\n3,2\n4,1\n", "y")
    assert isinstance(TableEncoder("regression").fit(table).target, NumberTarget)
    table = read("x,y\n1,1.5\n2,2.25\n3,2.25\n4,1.5\n", "y")
    target = TableEncoder("classification").fit(table).target
    assert isinstance(target, ClassTarget)
    assert target.classes == ("1.5", "2.25")
    assert target.encode(table.column("y")).tolist() == [0, 1, 1, 0]


def test_numbers_come_back_in_their_units(read):
    table = read(TRAIN, "rent")
    encoder = TableEncoder("regression").fit(table)
    decoded = encoder.decode(encoder.transform_target(table)[:, None])
    np.testing.assert_allclose(decoded, table["rent"], rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "task", "words"),
    [
        ("x,y\n1,a\n2,a\n", "auto", "at least two classes in 'y', got 'a' alone in 2 rows"),
        (
            "x,y\n1,a\n2,b\n3,c\n",
            "auto",
            "classes in 'y' that have two rows each, on average, got 3 classes in",
        ),
        ("x,y\n1,1\n2,1\n", "classification", "at least two classes in 'y', got '1' alone"),
        ("x,y\n1,4.5\n2,4.5\n", "regression", "different numbers in 'y', got 4.5 in all 2 rows"),
        (
            "x,y\n1,a\n2,b\n",
            "regression",
            "numbers in 'y', for regression, got a category; texts are for task",
        ),
        ("y\n1\n2\n", "auto", "at least one feature to fit, got 2 rows of 0 features"),
        ("id,y\na,1\nb,2\n", "auto", "at least one feature to fit, got 2 rows of 0 features"),
    ],
)
def test_targets_and_tables_that_cannot_be_learned(read, text, task, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        TableEncoder(task).fit(read(text, "y"))


def test_a_class_that_training_had_not(read):
    encoder = TableEncoder().fit(read("x,y\n1,a\n2,b\n3,a\n4,b\n", "y"))
    with pytest.raises(
        ValueError, match="the classes of 'y' that the model was trained on, got 'c' in line 3"
    ):
        encoder.xy(read("x,y\n1,a\n2,c\n", "y", like=encoder))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TableEncoder("ranking"), "a task, one of auto, classification, regression, got 'ranking'"),
        (lambda: TableEncoder(most_categories=0), "most_categories as a whole number >= 1, got 0"),
        (lambda: TableEncoder(most_categories=True), "most_categories as a whole number >= 1, got True"),
        (lambda: TableEncoder().feature_names, "a fitted encoder, got one that is not"),
    ],
)
def test_arguments_that_do_not_fit(make, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        make()


def test_encoders_without_a_target_or_with_another_one(read):
    encoder = TableEncoder().fit(read("x,y\n1,2\n3,4\n"))
    assert encoder.target_name is None
    with pytest.raises(ValueError, match="an encoder that was fitted with a target"):
        encoder.outputs  # noqa: B018
    encoder = TableEncoder("regression").fit(read(TRAIN, "rent"))
    with pytest.raises(ValueError, match="a target of classes, got the number 'rent'"):
        encoder.classes  # noqa: B018
    with pytest.raises(ValueError, match=r"outputs of shape \(rows, 1\), got shape \(2, 2\)"):
        encoder.decode(np.zeros((2, 2)))


# ------------------------------------------------------------------------------- files that are like another


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size,lift,rent\n1,yes,2\n", "got none called 'city'; the file has 'size', 'lift', 'rent'"),
        ("a\n1\n", "got none called 'size', 'city', 'lift'"),
        ("size,city,lift\n1,Rome,yes\nbig,Rome,no\n", "'size': expected a number, .* got 'big' in line 3"),
        ("size,city,lift\n1,Rome,maybe\n", "'lift': expected yes or no, .* got 'maybe' in line 2"),
    ],
)
def test_files_that_are_not_like_the_training_file(read, text, words):
    encoder = TableEncoder("regression").fit(read(TRAIN, "rent"))
    with pytest.raises(fd.FormatError, match=words):
        read(text, like=encoder)


def test_a_file_like_the_training_file_is_read_as_it_was(read):
    text = "id;size;code\nn1;1,5;1\nn2;-;2\nn3;2,5;1\nn4;3,5;2\n"
    table = read(text, decimal=",", missing=["-"], categories=["code"])
    encoder = TableEncoder().fit(table)
    again = read("code;size\n3;-\n1;2,5\n", like=encoder)
    assert again["code"].tolist() == ["3", "1"]
    assert np.array_equal(again["size"], [np.nan, 2.5], equal_nan=True)
    assert again.column("code").kind == "category"
    for word in ({"decimal": "."}, {"missing": ["x"]}, {"exclude": ["code"]}, {"categories": ["code"]}):
        with pytest.raises(ValueError, match="no exclude, categories, decimal or missing beside like"):
            read(text, like=encoder, **word)


def test_an_unusual_delimiter_is_kept_and_a_usual_one_found_out_again(read):
    text = "a:b\n1:2\n3:4\n"
    encoder = TableEncoder().fit(read(text, delimiter=":"))
    assert read("b:a\n5:6\n", like=encoder)["a"].tolist() == [6]
    encoder = TableEncoder().fit(read(text.replace(":", ","), delimiter=","))
    assert read("b;a\n5;6\n", like=encoder)["a"].tolist() == [6]


def test_columns_that_are_all_missing_or_look_otherwise_by_chance(read):
    encoder = TableEncoder("regression").fit(read(TRAIN, "rent"))
    table = read("size,city,lift\n,,\n,yes,TRUE\n", like=encoder)
    assert [table.column(name).kind for name in table] == ["number", "category", "boolean"]
    assert encoder.encoded(table)[:, 3].tolist() == [1, 1]
    assert any("'yes'" in note for note in encoder.notes(table))


def test_a_file_without_header_is_like_another_one(read):
    encoder = TableEncoder().fit(read("1,a\n2,b\n3,a\n4,b\n", "column_2"))
    assert encoder.features == ("column_1",)
    assert read("9,a\n8,b\n", "column_2", like=encoder)["column_1"].tolist() == [9, 8]


# -------------------------------------------------------------------------------------------- with the model


@pytest.fixture
def trained(tmp_path):
    """A small network on a table, its encoder, and its file of rows."""
    path = flats(tmp_path / "f.csv", 120)
    table = load_csv(path, "class", exclude=["rent"])
    encoder = TableEncoder(indicators=True).fit(table)
    model = fd.Sequential(
        [
            fd.layers.Input((encoder.width,)),
            fd.layers.Dense(8, "relu"),
            fd.layers.Dense(encoder.outputs, activation="softmax"),
        ],
        seed=0,
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(*encoder.xy(table), epochs=3)
    model.table = encoder
    return model, encoder, path


def test_the_encoder_is_in_the_file_of_the_model(trained, tmp_path):
    model, encoder, path = trained
    model.metadata["who"] = {"name": "Ada", "runs": [1, 2.5, None, True]}
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m")
    assert again.table.get_config() == encoder.get_config()
    assert again.metadata == model.metadata
    table = load_csv(path, like=again.table)
    assert np.array_equal(again.table.encoded(table), encoder.encoded(load_csv(path, like=encoder)))
    names = again.table.decode(again.predict(again.table.encoded(table)))
    code = """
        import sys
        import fastdnn as fd
        model = fd.load_model(sys.argv[1])
        table = fd.data.load_csv(sys.argv[2], like=model.table)
        print(*model.table.decode(model.predict(model.table.transform(table))), sep="|")
    """
    assert output(code, str(tmp_path / "m"), str(path)).split("|") == names.tolist()


def test_copies_and_pickles_keep_it(trained):
    model, encoder, _ = trained
    again = pickle.loads(pickle.dumps(model))
    assert again.table.get_config() == encoder.get_config()


def test_the_configuration_is_plain_and_makes_it_again(trained):
    _, encoder, path = trained
    config = json.loads(json.dumps(encoder.get_config()))
    again = TableEncoder.from_config(config)
    assert again.get_config() == encoder.get_config()
    table = load_csv(path, "class", like=again)
    for ours, theirs in zip(again.xy(table), encoder.xy(table), strict=True):
        assert np.array_equal(ours, theirs)


def test_models_that_the_encoder_does_not_fit(trained):
    model, encoder, _ = trained
    for value in ("encoder", TableEncoder(), {"features": []}):
        with pytest.raises(ValueError, match="expected a"):
            model.table = value
    layers = [fd.layers.Input((3,)), fd.layers.Dense(3)]
    with pytest.raises(
        ValueError, match=f"the model's inputs of 3 columns, got one of {encoder.width} columns"
    ):
        fd.Sequential(layers).table = encoder
    layers = [fd.layers.Input((encoder.width,)), fd.layers.Dense(2)]
    with pytest.raises(ValueError, match="the model's outputs of 2 columns, got one of 3 columns"):
        fd.Sequential(layers).table = encoder
    model.table = None
    assert model.table is None


def test_an_encoder_that_fits_no_longer_is_not_saved(trained, tmp_path):
    _, encoder, _ = trained
    other = fd.Sequential([fd.layers.Input((encoder.width,)), fd.layers.Dense(2)])
    other._table = encoder  # as after another head was put on
    with pytest.raises(ValueError, match="the model's outputs of 2 columns"):
        other.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": float("nan")}, {1: 2}, {"a": (1, 2)}, [1], "text"])
def test_metadata_that_a_file_would_not_give_back(trained, tmp_path, value):
    model, *_ = trained
    model.metadata = value
    with pytest.raises(ValueError, match=r"\[save\] expected model.metadata that JSON"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def edit(*keys, value):
    def change(config):
        place = config
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        return config

    return change


BAD_TABLES = {
    "no object": lambda config: [1],
    "text": lambda config: "x",
    "no features": edit("features", value=[]),
    "features as text": edit("features", value="abc"),
    "another kind": edit("features", 0, "kind", value="os.system"),
    "a name of number": edit("features", 0, "name", value=3),
    "a scale of zero": edit("features", 0, "scale", value=0.0),
    "a scale of text": edit("features", 0, "scale", value="1"),
    "a mean of nothing": edit("features", 0, "mean", value=None),
    "an argument more": edit("features", 0, "code", value="1"),
    "an indicator of text": edit("features", 0, "indicator", value="yes"),
    "an indicator more": edit("features", 2, "indicator", value=True),
    "categories as text": edit("features", 1, "categories", value="abc"),
    "categories twice": edit("features", 1, "categories", value=["a", "a", "b"]),
    "a category of number": edit("features", 1, "categories", value=["a", "b", 3]),
    "a fill outside": edit("features", 1, "fill", value=3),
    "a boolean's fill": edit("features", 2, "fill", value=2),
    "two of a name": edit("features", 1, "name", value="area"),
    "another task": edit("target", "task", value="ranking"),
    "one class": edit("target", "classes", value=["a"]),
    "a class twice": edit("target", "classes", value=["a", "b", "b"]),
    "a class too many": edit("target", "classes", value=["a", "b", "c", "d"]),
    "classes of number": edit("target", "kind", value="number"),
    "most frequent outside": edit("target", "most_frequent", value=3),
    "no target": edit("target", value=7),
    "a decimal mark": edit("options", "decimal", value="x"),
    "words of numbers": edit("options", "missing", value=[1]),
    "a delimiter": edit("options", "delimiter", value=",,"),
    "a header of text": edit("options", "header", value="yes"),
    "options missing": edit("options", value=None),
    "most categories": edit("most_categories", value=-1),
}


@pytest.mark.parametrize("what", BAD_TABLES)
def test_bad_tables_in_files_are_format_errors(trained, tmp_path, what):
    model, encoder, _ = trained
    assert [entry["kind"] for entry in encoder.get_config()["features"]] == ["number", "category", "boolean"]
    path = tmp_path / "m"
    model.save(path)
    tensors, metadata = fd.io.read_safetensors(path)
    metadata["table"] = json.dumps(BAD_TABLES[what](json.loads(metadata["table"])))
    fd.io.write_safetensors(path, tensors, metadata)
    with pytest.raises(fd.FormatError, match=re.escape(str(path))):
        fd.load_model(path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[1]", "null"])
@pytest.mark.parametrize("word", ["table", "metadata"])
def test_entries_that_are_no_objects(trained, tmp_path, word, text):
    model, *_ = trained
    path = tmp_path / "m"
    model.save(path)
    tensors, metadata = fd.io.read_safetensors(path)
    fd.io.write_safetensors(path, tensors, {**metadata, word: text})
    with pytest.raises(fd.FormatError, match=re.escape(str(path))):
        fd.load_model(path)


def test_files_without_a_table_have_none(tmp_path):
    fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)]).save(tmp_path / "m")
    assert set(fd.io.read_safetensors(tmp_path / "m")[1]) == {"format", "format_version", "config"}
    again = fd.load_model(tmp_path / "m")
    assert again.table is None
    assert again.metadata == {}


# ------------------------------------------------------------------------------------------------- the parts


def test_a_split_is_stratified_where_the_target_is_classes(tmp_path):
    table = load_csv(flats(tmp_path / "f.csv", 200), "lift")
    parts = table.split(0.2, 0.2, seed=3)
    assert [len(part) for part in parts] == [120, 40, 40]
    shares = [np.mean(part["lift"] == "yes") for part in parts]
    assert max(shares) - min(shares) <= 1 / 40
    rows = np.concatenate([part.records for part in parts])
    assert np.array_equal(np.sort(rows), np.arange(200))
    with pytest.raises(ValueError, match="a table with a target, for stratify=True"):
        load_csv(tmp_path / "f.csv").split(stratify=True)
    rents = load_csv(tmp_path / "f.csv", "rent")
    assert [len(part) for part in rents.split(20, 20)] == [160, 20, 20]
    with pytest.raises(ValueError, match=r"classes in 'rent', to stratify by, got .* different values"):
        rents.split(stratify=True)


def test_classes_that_are_fractions_are_stratified_too(read):
    table = read("x,y\n" + "".join(f"{i},{0.5 + i % 2}\n" for i in range(40)), "y")
    for part in table.split(10, 10, stratify=True):
        assert abs(part["y"].mean() - 1) < 1e-12


def test_features_refuse_figures_that_are_none():
    for figures in ((np.nan, 0.0, 1.0), (0.0, 0.0, -1.0), (0.0, np.inf, 1.0)):
        with pytest.raises(ValueError, match="finite numbers for column 'x', with scale > 0"):
            NumberFeature("x", *figures, indicator=False)
    column = Column("x", "number", np.full(3, np.nan))
    assert NumberFeature.fit(column, indicator=False) == NumberFeature("x", 0.0, 0.0, 1.0, indicator=False)


# ------------------------------------------------------------------------------------------ columns in memory


def test_columns_in_memory_are_those_of_a_file(tmp_path):
    table = load_csv(flats(tmp_path / "f.csv", 150), "class")
    encoder = TableEncoder(indicators=True).fit(table)
    columns = {name: table[name] for name in reversed(list(table))}
    again = table_of(columns, "class", like=encoder)
    for ours, theirs in zip(encoder.xy(again), encoder.xy(table), strict=True):
        assert np.array_equal(ours, theirs)
    own = TableEncoder(indicators=True).fit(table_of({name: table[name] for name in table}, "class"))
    assert own.get_config()["features"] == encoder.get_config()["features"]


def test_kinds_of_columns_in_memory():
    table = table_of(
        {
            "int": np.array([1, 2, 3, 4], np.uint8),
            "mixed": [1, 2.5, None, Decimal("3.5")],
            "bool": [True, False, True, True],
            "maybe": [True, None, False, True],
            "word": ["yes", "no", "", None],
            "text": np.array(["a", "b", "a", "b"]),
            "code": [7, 8, 7, 8],
            "name": ["p", "q", "r", "s"],
            "nothing": [None, float("nan"), "", None],
        },
        categories=["code"],
    )
    kinds = {name: table.column(name).kind for name in table}
    assert kinds == {
        "int": "number",
        "mixed": "number",
        "bool": "boolean",
        "maybe": "boolean",
        "word": "boolean",
        "text": "category",
        "code": "category",
    }
    assert np.array_equal(table["mixed"], [1, 2.5, np.nan, 3.5], equal_nan=True)
    assert table["maybe"].tolist() == ["true", "", "false", "true"]
    assert table["code"].tolist() == ["7", "8", "7", "8"]
    assert set(table.left_out) == {"name", "nothing"}


def test_a_data_frame_is_known_by_its_columns():
    class Frame(dict):
        columns = ("x", "c")

    class OnlyColumns:
        columns = ("x", "c")

        def __getitem__(self, name):
            return {"x": np.arange(4), "c": ["a", "b", "a", "b"]}[name]

    for frame in (OnlyColumns(), Frame(x=np.arange(4), c=["a", "b", "a", "b"])):
        assert table_of(frame, "c").features == ("x",)
    assert table_of({"x": [1, 2, 3], "y": [1, None, 2]}, "y").records.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("columns", "arguments", "words"),
    [
        ([[1, 2]], {}, "a dict of columns or a data frame, got list"),
        (np.eye(2), {}, "a dict of columns or a data frame, got ndarray"),
        ({3: [1]}, {}, "columns with names of text, got 3"),
        ({"a": [[1], [2]]}, {}, "one value a row in 'a', got shape (2, 1)"),
        ({"a": [1, 2], "b": [1]}, {}, "columns of one length, got {'a': 2, 'b': 1}"),
        ({"a": [1, float("inf")]}, {}, "finite numbers in 'a', got inf in row 1"),
        ({"a": [1, "b"]}, {}, "numbers, booleans or texts in 'a', got 1 in row 0"),
        (
            {"a": np.array(["2024-01-31"], "M8[D]")},
            {},
            "numbers, booleans or texts in 'a', got datetime.date(",
        ),
        ({"a": [1j]}, {}, "numbers, booleans or texts in 'a', got 1j in row 0"),
        ({"a": [1]}, {"target": "b"}, "a column, one of a, got 'b'"),
        ({"a": [1]}, {"categories": "b"}, "a column, one of a, got 'b'"),
        (
            {"a": [None, None]},
            {"target": "a"},
            "[table_of] expected values of the target 'a', got none in 2 rows",
        ),
    ],
)
def test_columns_in_memory_that_are_refused(columns, arguments, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        table_of(columns, **arguments)


@pytest.mark.parametrize("codes", [[3.0, 7.0, np.nan, 3.0, 7.0, 3.0], ["3.0", "7.0", None, "3", "7", "3.0"]])
def test_codes_that_became_floats_are_the_same_categories(codes):
    def table(values, **arguments):
        return table_of(
            {"code": values, "y": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]}, "y", categories="code", **arguments
        )

    encoder = TableEncoder("regression").fit(table([3, 7, 3, 3, 7, 3]))
    assert encoder.feature_names == ("code=3", "code=7")
    other = table_of({"code": codes}, like=encoder)
    assert encoder.unknown(other) == []
    assert encoder.encoded(other)[:, 1].tolist() == [0, 1, 0, 0, 1, 0]


def test_classes_that_became_floats_are_the_same(tmp_path):
    rows = "".join(f"{i},{3 + i % 2}\n" for i in range(10))
    train = load_csv(write(tmp_path / "a.csv", "x,y\n" + rows), "y", categories="y")
    encoder = TableEncoder().fit(train)
    later = load_csv(write(tmp_path / "b.csv", "x,y\n5,3.0\n6,4.0\n7,3\n"), "y", like=encoder)
    assert encoder.transform_target(later).tolist() == [0, 1, 0]
