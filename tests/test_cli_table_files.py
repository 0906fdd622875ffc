"""The command line on CSV files: what is not overwritten, settings in TOML, and what is refused."""

import csv
import io
import json
import re
import tomllib

import command_lines
import numpy as np
import pytest
from tables import write

import fastdnn as fd
from fastdnn import cli
from fastdnn.cli.recipe import GROUPS, SETTINGS, Recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Flats, and a network each for their class and their rent, with what was printed."""
    return command_lines.trained_flats(tmp_path_factory.mktemp("flats"))


# --------------------------------------------------------------------------------- what is not overwritten


def small(path, seed=0):
    random = np.random.default_rng(seed)
    rows = "".join(f"{a},{a % 3},{int(a > 50)}\n" for a in random.integers(0, 100, 60))
    return write(path, "a,b,y\n" + rows)


def test_a_test_file_of_somebody_else_is_not_overwritten(command, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small(tmp_path / "h.csv")
    own = small(tmp_path / "h-test.csv", seed=1).read_text()
    words = ["train", "h.csv", "--target", "y", "--epochs", "1", "--quiet"]
    message = refused(*words)
    assert message.startswith("[train] expected no file 'h-test.csv', where the test rows go")
    assert "--save PATH" in message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h-test.csv", "h.csv"]
    command(*words, "--test", "0")  # nothing goes there
    assert (tmp_path / "h-test.csv").read_text() == own
    assert refused(*words) == message  # the model beside it is not that of these rows
    command(*words, "--save", "h.safetensors")  # named
    assert (tmp_path / "h-test.csv").read_text() != own


def test_a_training_replaces_the_test_rows_of_the_one_before(command, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small(tmp_path / "h.csv")
    words = ["train", "h.csv", "--target", "y", "--epochs", "1", "--quiet"]
    command(*words)
    first = (tmp_path / "h-test.csv").read_text()
    command(*words, "--seed", "1")
    assert (tmp_path / "h-test.csv").read_text() != first
    with (tmp_path / "h-test.csv").open("a") as file:
        file.write("7,1,0\n")
    assert "'h-test.csv'" in refused(*words)


def test_rows_and_model_are_replaced_together_or_not(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small(tmp_path / "h.csv")
    words = ["train", "h.csv", "--target", "y", "--epochs", "1", "--quiet"]
    command(*words)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fails(model, path):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(fd.Sequential, "save", fails)
        assert cli.main([*words, "--seed", "1"]) == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    command(*words)


@pytest.mark.parametrize(
    ("words", "one", "other"),
    [
        (["--save", "h.csv"], "--save", "the data"),
        (["--save", "link.csv"], "--save", "the data"),
        (["--save", "hard.csv"], "--save", "the data"),
        (["--save-config", "./h.csv"], "--save-config", "the data"),
        (["--plot", "h.csv"], "--plot", "the data"),
        (["--save", "x", "--save-config", "x"], "--save-config", "--save"),
        (["--save-config", "h-test.csv"], "--save-config", "the test rows"),
        (["--save", "x.png", "--plot", "./x.png"], "--plot", "--save"),
        (["--config", "run.toml", "--save", "run.toml"], "--save", "--config"),
        (["--config", "run.toml", "--save-config", "run.toml"], "--save-config", "--config"),
        (["--config", "old.safetensors", "--save-config", "old.safetensors"], "--save-config", "--config"),
    ],
)
def test_no_output_of_train_takes_the_place_of_another_file(
    command, refused, tmp_path, monkeypatch, words, one, other
):
    if "--plot" in words:
        pytest.importorskip("matplotlib", reason="--plot needs matplotlib")
    monkeypatch.chdir(tmp_path)
    if "--plot" in words:
        monkeypatch.setattr("fastdnn.cli.fitting._check_plot_format", lambda path: None)
    small(tmp_path / "h.csv")
    (tmp_path / "link.csv").symlink_to("h.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "h.csv")
    write(tmp_path / "run.toml", "epochs = 1\n")
    if "old.safetensors" in words:
        quiet = ["--epochs", "1", "--quiet"]
        command("train", "h.csv", "--target", "y", "--save", "old.safetensors", *quiet)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    message = refused("train", "h.csv", "--target", "y", *words)
    assert message.startswith(f"[train] expected {one} to another file than {other}, got ")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_predict_takes_the_place_of_neither_input(folder, refused, tmp_path, monkeypatch):
    made, _ = folder
    for name in ("class.safetensors", "class-test.csv"):
        before = (made / name).read_bytes()
        message = refused("predict", made / "class.safetensors", made / "class-test.csv", "-o", made / name)
        assert message.startswith("[predict] expected -o to another file than ")
        assert (made / name).read_bytes() == before


def test_a_plot_of_an_unknown_format_is_refused_before_the_training(refused, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="--plot needs matplotlib")
    monkeypatch.chdir(tmp_path)
    small(tmp_path / "h.csv")
    for words in (["h.csv", "--target", "y"], ["digits"]):
        assert "--plot with a suffix of " in refused("train", *words, "--plot", "p.xyz")
    assert [path.name for path in tmp_path.iterdir()] == ["h.csv"]


def test_test_rows_with_lone_carriage_returns_are_read_back(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f'{i},"x\r{"ab"[i % 2]}",{i % 2}\n' for i in range(40))
    write(tmp_path / "h.csv", b"" + ("n,t,y\n" + rows).encode())
    command("train", "h.csv", "--target", "y", "--epochs", "1", "--quiet")
    assert "6 rows of" in command("evaluate", "h.safetensors", "h-test.csv")
    table = fd.data.load_csv("h-test.csv")
    assert set(table["t"]) <= {"x\ra", "x\rb"}


# ----------------------------------------------------------------------------------------- settings in files


def test_a_toml_file_and_the_command_line_over_it(folder, command, tmp_path):
    made, _ = folder
    write(
        tmp_path / "run.toml",
        f'data = "{made}/flats.csv"\ntarget = "class"\nexclude = ["name", "rent"]\nhidden = [9, 8]\n'
        f"epochs = 2\nlearning_rate = 1e-2\nbatch-norm = true\nstratify = false\ntest = 30\n"
        f'save = "{tmp_path}/m.safetensors"\n',
    )
    words = ["--config", tmp_path / "run.toml", "--epochs", "3", "--no-batch-norm"]
    text = command("train", *words, "--save-config", tmp_path / "all.toml")
    assert "310 train, 60 dev, 30 test rows, random (seed 0)" in text
    assert "3 epochs in" in text
    model = fd.load_model(tmp_path / "m.safetensors")
    assert [layer.units for layer in model.layers if hasattr(layer, "units")] == [9, 8, 3]
    assert model.optimizer.learning_rate == 0.01

    settings = tomllib.loads((tmp_path / "all.toml").read_text())
    assert settings == model.metadata["train"]["settings"]
    assert model.metadata["train"]["fastdnn"] == fd.__version__
    assert (settings["epochs"], settings["batch-norm"], settings["exclude"]) == (3, False, ["name", "rent"])
    assert set(settings) | {"delimiter"} == set(SETTINGS)
    first = (tmp_path / "m.safetensors").read_bytes()
    for again in ("all.toml", "m.safetensors"):
        command("train", "--config", tmp_path / again, "--quiet")
        assert (tmp_path / "m.safetensors").read_bytes() == first


def test_lists_of_nothing_in_toml(folder, command, tmp_path):
    made, _ = folder
    write(tmp_path / "run.toml", "hidden = []\nexclude = []\nmissing = []\nepochs = 1\n")
    words = ["--config", tmp_path / "run.toml", "--save", tmp_path / "m.safetensors", "--quiet"]
    command("train", made / "flats.csv", "--target", "rent", *words)
    model = fd.load_model(tmp_path / "m.safetensors")
    assert len(model.layers) == 2
    assert model.table.features == ("area", "city", "lift", "class")


def test_settings_of_any_text_come_back_from_toml(folder, command, tmp_path):
    odd = 'a "b" \\ , \t é \x7f'
    write(tmp_path / "t.csv", io.StringIO().getvalue())
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[odd.strip(), "x", "y"], *([i, i % 5, i % 2] for i in range(40))])
    quoted = '"' + odd.strip().replace('"', '""') + '"'
    words = ["--exclude", quoted, "--save", tmp_path / "m.safetensors", "--save-config", tmp_path / "c.toml"]
    command(
        "train",
        tmp_path / "t.csv",
        "--target",
        "y",
        "--epochs",
        "1",
        "--quiet",
        "--delimiter",
        "comma",
        *words,
    )
    assert tomllib.loads((tmp_path / "c.toml").read_text(encoding="utf-8"))["exclude"] == [odd.strip()]
    first = (tmp_path / "m.safetensors").read_bytes()
    command("train", "--config", tmp_path / "c.toml", "--quiet")
    assert (tmp_path / "m.safetensors").read_bytes() == first


BAD_TOML = {
    "epoch = 3": "expected a setting, one of activation, batch-norm, .*, got 'epoch'; did you mean 'epochs'",
    "epochs = 0": "epochs: expected a whole number >= 1, got '0'",
    "epochs = 2.5": "epochs: expected a whole number >= 1, got '2.5'",
    "epochs = true": "epochs: expected a text or a number, got True",
    "epochs = [3]": r"epochs: expected a text or a number, got \[3\]",
    "hidden = [64, 0]": "hidden: expected whole numbers from 1 to 65536",
    "hidden = [[64]]": "hidden: expected a text, a number or a list of them",
    "dropout = 1": "dropout: expected a number >= 0 and < 1, got '1'",
    "dev = -0.5": "dev: expected a whole number of rows, or a share",
    "batch-norm = 1": "expected batch-norm true or false, got 1",
    'activation = "rleu"': "activation: expected one of linear, relu, .*, got 'rleu'",
    "l2 = -1": "l2: expected a number >= 0, got '-1'",
    'schedule = "cos"': "schedule: expected one of constant, cosine, .*, got 'cos'",
    'header = "maybe"': "header: expected one of auto, yes, no, got 'maybe'",
    "batch-size = 3\nbatch_size = 4": "expected each setting once, got 'batch_size' in two spellings",
    "[training]\nepochs = 3": "expected a setting, one of .*, got 'training'",
    "epochs = ": "expected TOML in '.*', got Invalid value .*; such as hidden",
    "x = " + "[" * 5000: "expected TOML in '",
}


@pytest.mark.parametrize("text", BAD_TOML, ids=range(len(BAD_TOML)))
def test_toml_that_is_refused(folder, refused, tmp_path, text):
    made, _ = folder
    path = write(tmp_path / "bad.toml", text)
    message = refused("train", made / "flats.csv", "--target", "rent", "--config", path)
    assert re.search(BAD_TOML[text], message)
    assert str(path) in message
    assert [file.name for file in tmp_path.iterdir()] == ["bad.toml"]


def test_settings_from_files_that_have_none(folder, refused, tmp_path):
    made, _ = folder
    write(tmp_path / "latin.toml", b'target = "\xe9"')
    assert "expected TOML in" in refused("train", made / "flats.csv", "--config", tmp_path / "latin.toml")
    assert "expected a file" in refused("train", made / "flats.csv", "--config", tmp_path / "none.toml")
    assert "a regular file, got a folder" in refused("train", made / "flats.csv", "--config", tmp_path)
    fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)]).save(tmp_path / "m.safetensors")
    message = refused("train", made / "flats.csv", "--config", tmp_path / "m.safetensors")
    assert "expected settings in '" in message


def test_every_setting_has_a_field_a_default_and_a_word_in_the_help(command):
    text = command("train", "--help")
    for setting in SETTINGS.values():
        assert hasattr(Recipe(), setting.name)
        assert setting.word == "data" or f"--{setting.word}" in text
    for title in GROUPS:
        assert f"{title}:" in text
    assert {name.replace("_", "-") for name in vars(Recipe())} == set(SETTINGS)
    assert json.loads(json.dumps(Recipe().words())) == Recipe().words()


# ------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv", "--target", "x"], "[load_csv] expected a file 'none.csv', got none; check the path"),
        (
            ["t.csv"],
            "[train] expected --target COLUMN, got none; the column to predict: fastdnn train FILE.csv",
        ),
        (
            ["t.csv", "--target", "z"],
            "[load_csv] expected a column of the file, one of a, b, d, k, y, got 'z'",
        ),
        (["t.csv", "--target", "y", "--optimizer", "adm"], "[train] expected an optimizer, one of "),
        (
            ["t.csv", "--target", "y", "--activation", "rleu"],
            "argument --activation: expected one of linear, relu",
        ),
        (
            ["t.csv", "--target", "y", "--dropout", "1"],
            "argument --dropout: expected a number >= 0 and < 1, got",
        ),
        (
            ["t.csv", "--target", "y", "--dev", "x"],
            "argument --dev: expected a whole number of rows, or a share",
        ),
        (
            ["t.csv", "--target", "y", "--delimiter", "ab"],
            "argument --delimiter: expected one character, or comma",
        ),
        (["t.csv", "--target", "y", "--exclude", '"a'], "argument --exclude: expected names between commas"),
        (
            ["t.csv", "--target", "y", "--missing", "-,NA"],
            "argument --missing: expected one argument; one that begins with - goes after =: --missing=-,NA",
        ),
        (["t.csv", "--target", ""], "argument --target: expected a text, got ''"),
        (
            ["t.csv", "--target", "y"],
            "[load_csv] 't.csv': column 'd': expected numbers or categories, got dates",
        ),
        (
            ["t.csv", "--target", "k", "--exclude", "d"],
            "[TableEncoder] expected at least two classes in 'k', got",
        ),
        (["t.csv", "--target", "y", "--exclude", "d", "--save", "no/m"], "[train] expected a folder '"),
        (
            ["t.csv", "--target", "y", "--exclude", "d", "--save", "t.csv"],
            "[train] expected --save to another file",
        ),
        (
            ["t.csv", "--target", "y", "--exclude", "d", "--save", "."],
            "[train] expected a path to a file, got the folder '.'; add the name of a file",
        ),
        (
            ["t.csv", "--target", "y", "--exclude", "d", "--save-config", "."],
            "[train] expected a path to a file",
        ),
        (
            ["t.csv", "--target", "y", "--exclude", "d", "--dev", "39"],
            "[split_indices] dev + test: expected to",
        ),
        (["digits", "--target", "y"], "[train] expected --target with a CSV file only, got digits"),
        (["digits", "--batch-norm"], "[train] expected --batch-norm with a CSV file only, got digits"),
        (["digits", "--config", "a.toml"], "[train] expected --config with a CSV file only, got digits"),
    ],
)
def test_train_refuses_before_it_trains(refused, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i},{i % 3},2024-01-{i % 28 + 1:02},one,{i % 2}\n" for i in range(40))
    write(tmp_path / "t.csv", "a,b,d,k,y\n" + rows)
    assert refused("train", *words).startswith(message)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_class_that_training_lacks_is_told_with_set_line_and_remedy(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["a", "b"] * 30
    for seed in range(50):  # one row of a class: in dev or in test for one of the seeds
        names[17] = "R57"
        write(tmp_path / "t.csv", "x,y\n" + "".join(f"{i},{name}\n" for i, name in enumerate(names)))
        table = fd.data.load_csv("t.csv", "y")
        if "R57" in table.split(seed=seed, stratify=False)[2]["y"]:
            break
    message = refused("train", "t.csv", "--target", "y", "--no-stratify", "--seed", seed)
    assert "got 'R57' in line 19, of the test set; --stratify gives each set" in message
