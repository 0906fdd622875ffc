"""`fastdnn diagnose`: of a model that was trained by the command line, by itself; else with files of data."""

import json
import re
import textwrap

import command_lines
import numpy as np
import pytest
from tables import flats

import fastdnn as fd
from fastdnn import cli
from fastdnn.cli.training_sets import sets_of

QUICK = ("--hidden", "16", "--epochs", "30", "--learning-rate", "0.01", "--threads", "1")


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    """Runs a command line that must end well, in a folder of its own; returns what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        done = command_lines.run(capsys, *words)
        assert (done.code, done.err) == (0, "")
        return done.out

    return run


@pytest.fixture
def refused(capsys):
    """Runs a command line that is refused; returns the one line of its error."""
    return lambda *words: command_lines.refused(command_lines.run(capsys, *words))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A model of the flats' rents, beside their file."""
    folder = tmp_path_factory.mktemp("flats")
    flats(folder / "flats.csv", 400)
    words = ["train", folder / "flats.csv", "--target", "rent", "--save", folder / "rent.safetensors"]
    assert cli.main([*map(str, words), *QUICK, "--quiet"]) == 0
    return folder


@pytest.fixture(scope="module")
def arrays(tmp_path_factory):
    """A model that was saved in Python, which says nothing of its data, and its sets."""
    folder = tmp_path_factory.mktemp("arrays")
    x = np.random.default_rng(0).normal(size=(400, 3))
    y = (x[:, 0] > x[:, 1]).astype(int)
    model = fd.Sequential([fd.Input((3,)), fd.layers.Dense(8, "relu"), fd.layers.Dense(2, "softmax")], seed=0)
    model.compile(fd.optimizers.Adam(1e-6), "sparse_categorical_crossentropy")
    model.fit(x[:300], y[:300], epochs=8, validation_data=(x[300:], y[300:]), verbose=0)
    model.save(folder / "m.safetensors")
    np.savez(folder / "train.npz", x=x[:300], y=y[:300])
    np.savez(folder / "dev.npz", x=x[300:], y=y[300:])
    return folder


def test_digits_need_no_files(command, tmp_path):
    path = tmp_path / "digits.safetensors"
    told = command("train", "digits", "--save", path, "--learning-rate", 1e-6, "--epochs", 5)
    short = told.split("in short\n")[1].split("\n\n")[0]
    assert short.startswith("  The training set is not fitted: train error 8")
    assert short.endswith(f"\n  which cause this has, and what mends it: fastdnn diagnose {path}")
    assert f"try next\n  fastdnn diagnose {path}\n" in told
    told = command("diagnose", path)
    assert told.startswith(
        f"{path} on 1,257 train, 270 dev, 270 test rows\n\nwarning: The learning rate of 1e-06"
    )
    assert "fd.diagnose.fresh_copy(model, learning_rate=" in told
    assert "learning curves" in told  # the history is in the file
    assert "nothing is known of the training" not in told


def test_a_table_is_read_and_split_again(command, table):
    told = command("diagnose", table / "rent.safetensors", "--quick")
    assert "on 280 train, 60 dev, 60 test rows" in told
    assert "R² 0.9" in told
    assert "of the targets' variance" not in told


def in_python(told):
    """The names that the lines under "in Python" make."""
    lines = told.split("\nin Python\n")[1]
    names = {}
    exec(textwrap.dedent(lines), names)
    return names


def test_it_ends_with_the_lines_that_load_the_same_rows(command, table, arrays, tmp_path, monkeypatch):
    digits = tmp_path / "digits.safetensors"
    command("train", "digits", "--save", digits, "--epochs", 1, "--seed", 4)
    cases = [
        (digits, (), (1257, 270, 270)),
        (table / "rent.safetensors", (), (280, 60, 60)),
        (arrays / "m.safetensors", [f"--{s}={arrays / s}.npz" for s in ("train", "dev")], (300, 100)),
        (
            table / "rent.safetensors",
            [f"--{s}={table / 'flats.csv'}" for s in ("train", "dev")],
            (400, 400),
        ),
    ]
    for path, words, sizes in cases:
        names = in_python(command("diagnose", path, "--quick", *words))
        ends = ("", "_dev", "_test")[: len(sizes)]
        assert tuple(len(names["x" + end]) for end in ends) == sizes
        model = fd.load_model(path)
        sets = sets_of("diagnose", model, str(path)) if not words else {}
        for end, name in zip(ends, sets, strict=False):
            np.testing.assert_array_equal(names["x" + end], sets[name][0])
            np.testing.assert_array_equal(names["y" + end], sets[name][1])
        assert names["model"].count_params() == model.count_params()


def test_features_of_a_table_have_their_names(command, table):
    told = command("diagnose", table / "rent.safetensors", "--details")
    names = fd.load_model(table / "rent.safetensors").table.feature_names
    assert any(name in told for name in names)
    assert not re.search(r"\bx\d+\b", told)


def test_files_of_csv_and_notes(command, table):
    rows = (table / "flats.csv").read_text().splitlines(keepends=True)
    (table / "a.csv").write_text("".join(rows[:200]))
    (table / "b.csv").write_text("".join(rows[:1] + rows[200:]))
    words = ("--train", table / "a.csv", "--dev", table / "b.csv", "--quick")
    assert "on 199 train, 201 dev rows" in command("diagnose", table / "rent.safetensors", *words)


def test_files_of_arrays_with_all_options(command, arrays, tmp_path):
    words = ["--train", arrays / "train.npz", "--dev", arrays / "dev.npz", "--test", arrays / "dev.npz"]
    words += [
        "--human-error",
        "5%",
        "--details",
        "--plot",
        tmp_path / "pictures",
        "--seed",
        3,
        "--threads",
        1,
    ]
    told = command("diagnose", arrays / "m.safetensors", *words)
    assert "warning: The learning rate of 1e-06 is too low" in told
    assert "human level 5.00%" in told
    assert "the loss of 300 training rows after 200 steps from new weights" in told
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert {"errors.png", "curve.png", "layers.png", "classes.png", "rates.png"} <= set(names)
    for name in names:
        assert (tmp_path / "pictures" / name).read_bytes().startswith(b"\x89PNG")
        assert str(tmp_path / "pictures" / name) in told


def test_the_model_file_stays_as_it_is(command, table):
    path = table / "rent.safetensors"
    before = path.read_bytes()
    command("diagnose", path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("words", [("--dev", 0), ("--dev", 0.2)])
def test_the_command_is_named_where_there_are_dev_rows(command, tmp_path, words):
    flats(tmp_path / "flats.csv", 100)
    path = tmp_path / "m.safetensors"
    told = command("train", tmp_path / "flats.csv", "--target", "rent", *QUICK, *words, "--save", path)
    assert (f"fastdnn diagnose {path}" in told) == (words[1] > 0) == ("in short" in told)


# --------------------------------------------------------------------------------------------------- errors


def test_a_model_that_does_not_say_its_data(refused, arrays):
    said = refused("diagnose", arrays / "m.safetensors")
    assert said.endswith("to say what it was trained on, got nothing of it; --train FILE --dev FILE say it")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--train", "train.npz"), "[diagnose] expected --train FILE and --dev FILE, got --train"),
        (
            ("--dev", "dev.npz", "--test", "dev.npz"),
            "expected --train FILE and --dev FILE, got --dev and --test",
        ),
        (("--train", "no.npz", "--dev", "dev.npz"), "no.npz"),
        (("--train", "train.csv", "--dev", "dev.npz"), "since the model was not trained from a CSV file"),
        (("--human-error", "120%"), "expected a share from 0 to 1, or percent such as 5%, got '120%'"),
        (("--human-error", "few"), "expected a share from 0 to 1, or percent such as 5%, got 'few'"),
        (("--seed", "-1"), "expected a whole number"),
    ],
)
def test_options_that_do_not_fit(refused, arrays, monkeypatch, words, message):
    monkeypatch.chdir(arrays)
    assert message in refused("diagnose", "m.safetensors", *words)


def test_data_that_is_gone_or_changed(refused, table, tmp_path, monkeypatch):
    path = table / "rent.safetensors"
    moved = tmp_path / "flats.csv"
    (table / "flats.csv").rename(moved)
    said = refused("diagnose", path)
    assert "which the model was trained on, got none; run it in the folder where it was trained" in said
    moved.rename(table / "flats.csv")
    longer = (table / "flats.csv").read_text()
    (table / "flats.csv").write_text(longer + longer.splitlines(keepends=True)[1])
    assert "with 400 rows, as the model was trained on, got 401; the file was changed" in refused(
        "diagnose", path
    )
    (table / "flats.csv").write_text(longer)


@pytest.mark.parametrize("run", [None, 3, {}, {"digits": {}}, {"digits": {"seed": -1}}, {"settings": {}}])
def test_metadata_that_says_nothing(refused, table, tmp_path, run):
    model = fd.load_model(table / "rent.safetensors")
    model.metadata["train"] = json.loads(json.dumps(run))
    model.save(tmp_path / "m.safetensors")
    assert refused("diagnose", tmp_path / "m.safetensors").startswith("[diagnose] expected ")


def test_models_that_cannot_be_diagnosed(refused, tmp_path):
    path = tmp_path / "m.safetensors"
    fd.Sequential([fd.Input((3,)), fd.layers.Dense(2)], seed=0).save(path)
    assert "expected a model with a loss" in refused("diagnose", path)
    assert "got none; check the path" in refused("diagnose", tmp_path / "none.safetensors")
    assert "the following arguments are required: MODEL" in refused("diagnose")


def test_plots_need_matplotlib_and_a_folder(refused, arrays, tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("")
    assert "file" in refused("diagnose", arrays / "m.safetensors", "--plot", file)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    said = refused("diagnose", arrays / "m.safetensors", "--plot", tmp_path / "pictures")
    assert "expected matplotlib, for --plot, got none installed" in said
