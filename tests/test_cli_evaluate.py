"""The command line on arrays: evaluate and predict."""

import csv
import io
import os
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from command_lines import errors_told, refused, run, trained_digits

import fastdnn as fd
from fastdnn import cli


@pytest.fixture
def command(capsys):
    """Runs a command line in this process."""
    return partial(run, capsys)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with what `train digits` wrote, and what it printed."""
    return trained_digits(tmp_path_factory.mktemp("trained"))


# --------------------------------------------------------------------------------------------------- evaluate


def saved(folder, loss, outputs=3, **layer):
    """A small model in a file; `loss` None leaves it uncompiled."""
    model = fd.Sequential([fd.layers.Input((4,)), fd.layers.Dense(outputs, **layer)], seed=3)
    if loss is not None:
        model.compile(
            "sgd", loss, metrics=["accuracy"] if "cross" in str(getattr(loss, "name", loss)) else None
        )
    model.save(folder / "model.safetensors")
    return model


def rows(n=7):
    return np.random.default_rng(5).normal(size=(n, 4))


def test_evaluate_prints_what_train_told(trained, command):
    folder, text = trained
    done = command("evaluate", folder / "digits.safetensors", "--data", folder / "digits-test.npz")
    assert done.code == 0
    wrong, of = errors_told(text)["test"]
    assert re.search(rf"^wrong +{wrong} of {of}$", done.out, re.MULTILINE)
    assert re.search(rf"^error +{100 * wrong / of:.2f} %$", done.out, re.MULTILINE)
    assert re.search(rf"^accuracy +{1 - wrong / of:.6g}$", done.out, re.MULTILINE)
    matrix = text.split("confusion matrix of the test set\n")[1].split("\n\n")[0]
    assert done.out.endswith(f"confusion matrix\n{matrix}\n")


def test_evaluate_of_a_regression_has_no_errors_to_count(command, tmp_path):
    model = saved(tmp_path, "mse")
    x = rows()
    np.savez(tmp_path / "d.npz", x=x, y=x[:, :3])
    done = command("evaluate", tmp_path / "model.safetensors", "--data", tmp_path / "d.npz")
    assert done.code == 0
    assert re.search(rf"^loss +{model.evaluate(x, x[:, :3]):.6g}$", done.out, re.MULTILINE)
    assert "error" not in done.out
    assert "confusion" not in done.out


def test_evaluate_takes_rows_of_shares_as_the_loss_does(command, tmp_path):
    saved(tmp_path, fd.losses.CategoricalCrossentropy(from_logits=True))
    np.savez(tmp_path / "d.npz", x=rows(), y=np.tile([0.1, 0.7, 0.2], (7, 1)))
    done = command("evaluate", tmp_path / "model.safetensors", "--data", tmp_path / "d.npz")
    assert done.code == 0
    counts = [line.split() for line in done.out.splitlines()[-3:]]
    assert [row[1:] for row in (counts[0], counts[2])] == [["."] * 3] * 2
    assert sum(int(cell) for cell in counts[1][1:] if cell != ".") == 7


@pytest.mark.parametrize("name", ["evaluate", "predict"])
def test_models_of_several_inputs_or_outputs_take_no_table(command, tmp_path, name):
    a, b = fd.Input((2,), name="a"), fd.Input((2,), name="b")
    heads = [fd.layers.Dense(1, name=head)(fd.layers.Add()([a, b])) for head in ("left", "right")]
    fd.Model([a, b], heads).save(tmp_path / "in")
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 2)), y=np.zeros(3))
    message = refused(command(name, tmp_path / "in", "--data", tmp_path / "d.npz"))
    assert message.startswith(
        f"[{name}] expected a model with one input and one output, for a table, got 2: the inputs 'a', 'b'; "
        f"in Python: model = fastdnn.load_model('{tmp_path / 'in'}'); model.{name}(...)"
    )
    x = fd.Input((2,))
    fd.Model(x, [fd.layers.Dense(1, name=head)(x) for head in ("left", "right")]).save(tmp_path / "out")
    message = refused(command(name, tmp_path / "out", "--data", tmp_path / "d.npz"))
    assert "got 2: the outputs 'left', 'right'" in message


def test_a_model_with_its_only_output_in_a_list(command, tmp_path):
    x = fd.Input((2,))
    model = fd.Model({"x": x}, [fd.layers.Dense(3, activation="softmax")(x)], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.save(tmp_path / "m")
    data = np.random.default_rng(0).normal(size=(4, 2))
    np.savez(tmp_path / "d.npz", x=data, y=np.zeros(4, int))
    done = command("predict", tmp_path / "m", "--data", tmp_path / "d.npz")
    assert done.code == 0
    shares = [line.split(",")[3:] for line in done.out.splitlines()[1:]]
    np.testing.assert_allclose(np.array(shares, float), model.predict(data)[0], rtol=1e-6)
    done = command("evaluate", tmp_path / "m", "--data", tmp_path / "d.npz")
    assert done.code == 0
    assert "confusion matrix" in done.out


def test_evaluate_of_a_model_without_loss(command, tmp_path):
    saved(tmp_path, None)
    np.savez(tmp_path / "d.npz", x=rows(), y=np.zeros(7))
    message = refused(command("evaluate", tmp_path / "model.safetensors", "--data", tmp_path / "d.npz"))
    assert message.startswith(
        "[evaluate] expected a model with a loss, got one that was saved before compile"
    )


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": np.zeros((3, 64))}, "expected arrays named ['x', 'y'], got ['x']"),
        ({"x": np.zeros((3, 64)), "y": np.zeros(4)}, "expected x and y of one length, got 3 and 4 rows"),
        ({"x": np.zeros((3, 63)), "y": np.zeros(3)}, "expected x of shape (examples, 64), got shape (3, 63)"),
        ({"x": np.zeros((3, 8, 8)), "y": np.zeros(3)}, "reshape it: x.reshape(len(x), -1)"),
        (
            {"x": np.zeros((3, 64)), "y": [1, 10, 2]},
            "expected labels as whole numbers from 0 to 9, got 10 in row 1",
        ),
        ({"x": np.zeros((3, 64)), "y": ["a", "b", "c"]}, "expected y as real numbers"),
        ({"x": np.full((3, 64), np.nan), "y": np.zeros(3)}, "expected finite x, got nan in row 0, column 0"),
    ],
)
def test_evaluate_of_data_that_do_not_fit(trained, command, tmp_path, arrays, words):
    np.savez(tmp_path / "d.npz", **arrays)
    assert words in refused(
        command("evaluate", trained[0] / "digits.safetensors", "--data", tmp_path / "d.npz")
    )


@pytest.mark.parametrize("word", ["evaluate", "predict"])
def test_files_that_are_not_there_or_something_else(trained, command, tmp_path, word):
    model, data = trained[0] / "digits.safetensors", trained[0] / "digits-test.npz"
    (tmp_path / "text").write_text("this is no model, and no array either\n")
    for name, words in (("none", "got none"), ("text", "expected a"), (".", "got a folder")):
        path = tmp_path / name
        message = refused(command(word, path, "--data", data))
        assert words in message
        assert str(path) in message
        message = refused(command(word, model, "--data", path))
        assert words in message
        assert str(path) in message


# ---------------------------------------------------------------------------------------------------- predict


def read_csv(text):
    header, *lines = csv.reader(io.StringIO(text))
    return header, lines


def test_probabilities_of_a_model_in_double_are_double(command, tmp_path):
    model = fd.Sequential([fd.layers.Input((4,)), fd.layers.Dense(3)], seed=3, dtype="float64")
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.save(tmp_path / "model.safetensors")
    np.save(tmp_path / "x.npy", rows())
    _, lines = read_csv(command("predict", tmp_path / "model.safetensors", "--data", tmp_path / "x.npy").out)
    shares = np.exp(model.predict(rows()))
    told = np.array([line[3:] for line in lines], dtype=np.float64)
    np.testing.assert_allclose(told, shares / shares.sum(axis=1, keepdims=True), rtol=1e-14, equal_nan=False)


@pytest.mark.parametrize("from_logits", [True, False])
def test_predict_of_a_classifier(command, tmp_path, from_logits):
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model = saved(tmp_path, loss, activation=None if from_logits else "softmax")
    x = rows()
    np.save(tmp_path / "x.npy", x)
    words = [
        "predict",
        tmp_path / "model.safetensors",
        "--data",
        tmp_path / "x.npy",
        "-o",
        tmp_path / "out.csv",
    ]
    done = command(*words)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"7 rows written to {tmp_path / 'out.csv'}\n"
    header, lines = read_csv((tmp_path / "out.csv").read_text())
    assert header == ["row", "label", "probability", "p_0", "p_1", "p_2"]
    outputs = model.predict(x)
    if from_logits:
        shares = np.exp(outputs.astype(np.float64))
        shares /= shares.sum(axis=1, keepdims=True)
    else:
        shares = outputs
    assert [int(line[0]) for line in lines] == list(range(7))
    assert [int(line[1]) for line in lines] == outputs.argmax(axis=1).tolist()
    assert [line[2] for line in lines] == [line[3 + int(line[1])] for line in lines]
    told = np.array([line[3:] for line in lines], dtype=np.float32)
    assert abs(told - shares).max() < 1e-6


@pytest.mark.parametrize("loss", ["mse", None])
def test_predict_of_any_other_model_reads_back_to_the_bit(command, tmp_path, loss):
    model = saved(tmp_path, loss)
    x = rows()
    np.save(tmp_path / "x.npy", x)
    done = command("predict", tmp_path / "model.safetensors", "--data", tmp_path / "x.npy", "-o", "-")
    header, lines = read_csv(done.out)
    assert header == ["row", "y_0", "y_1", "y_2"]
    assert np.array_equal(np.array([line[1:] for line in lines], dtype=np.float32), model.predict(x))


def test_predict_reads_npy_and_npz_by_what_they_are(command, tmp_path):
    saved(tmp_path, "mse")
    np.save(tmp_path / "a.npy", rows())
    np.savez(tmp_path / "b.npz", x=rows(), something=[1])
    (tmp_path / "b.npz").rename(tmp_path / "b.data")
    model = tmp_path / "model.safetensors"
    first, second = (command("predict", model, "--data", tmp_path / name).out for name in ("a.npy", "b.data"))
    assert first == second
    assert len(first.splitlines()) == 8


def test_predict_replaces_a_file_whole_or_not_at_all(trained, command, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    out.write_text("old")
    out.chmod(0o640)
    words = [trained[0] / "digits.safetensors", "--data", trained[0] / "digits-test.npz", "-o", out]

    def breaks_off(*_):
        yield "row,p"
        raise OSError(28, "No space left on device", str(out))

    with monkeypatch.context() as patch:
        patch.setattr(cli.predict, "csv_lines", breaks_off)
        assert refused(command("predict", *words)) == f"{out}: No space left on device"
    assert out.read_text() == "old"
    assert command("predict", *words).code == 0
    assert len(out.read_text().splitlines()) == 271
    assert out.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [out]


def test_predict_writes_to_devices_as_they_are(trained, command):
    words = [trained[0] / "digits.safetensors", "--data", trained[0] / "digits-test.npz"]
    assert command("predict", *words, "-o", os.devnull).code == 0
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize(
    ("target", "words"),
    [("nowhere/out.csv", "expected a folder '"), (".", "expected a path to a file, got the folder")],
)
def test_predict_to_a_place_that_cannot_be_written(trained, command, tmp_path, target, words):
    arguments = [trained[0] / "digits.safetensors", "--data", trained[0] / "digits-test.npz"]
    assert words in refused(command("predict", *arguments, "-o", tmp_path / target))


def test_predict_of_rows_that_do_not_fit(trained, command, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 8, 8)))
    message = refused(command("predict", trained[0] / "digits.safetensors", "--data", tmp_path / "x.npy"))
    assert "expected x of shape (examples, 64), got shape (2, 8, 8)" in message
    np.savez(tmp_path / "y.npz", y=np.zeros(2))
    message = refused(command("predict", trained[0] / "digits.safetensors", "--data", tmp_path / "y.npz"))
    assert "expected arrays named ['x'], got ['y']" in message
