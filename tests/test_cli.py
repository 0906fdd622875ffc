"""The command line: what it prints, what it writes, and how it says no."""

import contextlib
import io
import os
import shlex
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from command_lines import errors_told, paths, refused, run, trained_digits

import fastdnn as fd
from fastdnn import cli
from fastdnn.cli import fitting, output
from fastdnn.cli.progress import Progress


@pytest.fixture
def command(capsys):
    """Runs a command line in this process."""
    return partial(run, capsys)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with what `train digits` wrote, and what it printed."""
    return trained_digits(tmp_path_factory.mktemp("trained"))


def as_module(*words, cwd, **settings):
    """`python -m fastdnn` in another process."""
    path = os.pathsep.join(p for p in sys.path if p)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": ""}
    words = [sys.executable, "-m", "fastdnn", *words]
    return subprocess.Popen(words, cwd=cwd, env=environment, text=True, encoding="utf-8", **settings)


# ----------------------------------------------------------------------------------------------------- train


def test_train_tells_data_network_errors_and_files(trained):
    folder, text = trained
    for words in (
        "1,797 handwritten digits",
        "CC BY 4.0",
        "https://doi.org/10.24432/C50P49",
        "1,257 train, 270 dev, 270 test rows, stratified, random (seed 0)",
        "Normalization",
        "epoch  1  train loss",
        "samples per second",
        "1 thread:",
        "loss (log scale)",
        "confusion matrix of the test set",
        f"model           {folder}/digits.safetensors",
        f"its test rows   {folder}/digits-test.npz",
        f"learning curve  {folder}/curve.png",
    ):
        assert words in text, words
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in folder.iterdir()) == [
        "curve.png",
        "digits-test.npz",
        "digits.safetensors",
    ]


def test_the_test_error_of_the_default_is_below_three_percent(trained):
    wrong, rows = errors_told(trained[1])["test"]
    assert rows == 270
    assert wrong < 0.03 * rows


def test_the_told_errors_are_those_of_the_saved_model(trained):
    folder, text = trained
    model = fd.load_model(folder / "digits.safetensors")
    x, y = fd.data.load_digits()
    split = fd.data.train_dev_test_split(x, y, dev=0.15, test=0.15, stratify=y, seed=0)
    told = errors_told(text)
    for name, (rows_x, rows_y) in zip(("train", "dev", "test"), split, strict=True):
        wrong = np.count_nonzero(model.predict(rows_x).argmax(axis=1) != rows_y)
        assert told[name] == (wrong, len(rows_y))


def test_the_saved_rows_are_the_test_set(trained):
    with np.load(trained[0] / "digits-test.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
    everything, labels = fd.data.load_digits()
    split = fd.data.train_dev_test_split(everything, labels, dev=0.15, test=0.15, stratify=labels, seed=0)
    assert np.array_equal(x, split.test[0])
    assert np.array_equal(y, split.test[1])


def test_the_confusion_matrix_is_aligned_and_adds_up(trained):
    lines = trained[1].split("confusion matrix of the test set\n")[1].split("\n\n")[0].splitlines()
    assert len({len(line) for line in lines}) == 1
    cells = [line.split() for line in lines[1:]]
    assert [row[0] for row in cells] == [str(digit) for digit in range(10)]
    counts = np.array([[0 if cell == "." else int(cell) for cell in row[1:]] for row in cells])
    assert "0" not in {cell for row in cells for cell in row[1:]}
    wrong, rows = errors_told(trained[1])["test"]
    assert counts.sum() == rows
    assert rows - np.trace(counts) == wrong
    assert set(counts.sum(axis=1)) == {26, 27, 28}


def test_the_next_commands_work(trained, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [line.strip() for line in trained[1].split("try next\n")[1].splitlines()]
    assert [line.split()[1] for line in lines] == ["diagnose", "evaluate", "predict"]
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "fastdnn"
        assert command(*words[1:]).code == 0
    assert (tmp_path / "predictions.csv").exists()


def test_the_same_seed_gives_the_same_file_with_any_number_of_threads(trained, command, tmp_path):
    assert command("train", "digits", "--threads", 2, "--quiet", *paths(tmp_path)).code == 0
    again, first = (folder / "digits.safetensors" for folder in (tmp_path, trained[0]))
    assert again.read_bytes() == first.read_bytes()


def test_another_seed_gives_another_network_and_split(trained, command, tmp_path):
    words = ("--seed", 1, "--epochs", 1, "--quiet")
    assert command("train", "digits", *words, *paths(tmp_path)).code == 0
    for name in ("digits.safetensors", "digits-test.npz"):
        assert (tmp_path / name).read_bytes() != (trained[0] / name).read_bytes()


def test_options_reach_the_training(command, tmp_path):
    words = ["--hidden", "12,7", "--epochs", "3", "--learning-rate", "0.01", "--batch-size", "100"]
    done = command("train", "digits", *words, *paths(tmp_path))
    assert "3 epochs in" in done.out
    assert "all epochs done" in done.out
    model = fd.load_model(tmp_path / "digits.safetensors")
    assert [layer.units for layer in model.layers if hasattr(layer, "units")] == [12, 7, 10]
    assert model.optimizer.learning_rate == 0.01
    assert model.history.epoch == [0, 1, 2]


def test_patience_stops_early(command, tmp_path):
    words = ["--hidden", "16", "--patience", "1", "--learning-rate", "0.1", "--epochs", "500"]
    done = command("train", "digits", *words, *paths(tmp_path))
    assert "stopped after 1 epoch without a better dev loss" in done.out


def test_the_model_takes_raw_pixels(trained):
    x, _ = fd.data.load_digits()
    scale = fd.load_model(trained[0] / "digits.safetensors").layers[1]
    assert isinstance(scale, fd.layers.Normalization)
    assert abs(scale.mean - x.mean(axis=0)).max() < 0.5
    assert len(set(scale.std)) == 1


def test_quiet_prints_errors_and_files_only(command, tmp_path):
    done = command("train", "digits", "--quiet", "--epochs", 1, *paths(tmp_path))
    assert set(errors_told(done.out)) == {"train", "dev", "test"}
    assert len(done.out.splitlines()) == 9


def test_standard_output_in_ascii(tmp_path):
    raw = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(raw, encoding="ascii")) as text:
        code = cli.main(["train", "digits", "--epochs", "5", *paths(tmp_path)])
        text.flush()
    assert code == 0
    printed = raw.getvalue().decode("ascii")
    assert ". train   o dev" in printed
    assert "?" not in printed
    assert "---" in printed


def test_standard_output_in_latin_1_replaces_what_it_lacks(tmp_path):
    raw = io.BytesIO()
    name = tmp_path / "модель.safetensors"
    with contextlib.redirect_stdout(io.TextIOWrapper(raw, encoding="latin-1")) as text:
        code = cli.main(
            ["train", "digits", "--epochs", "1", "--quiet", "--save", str(name), *paths(tmp_path)[2:]]
        )
        text.flush()
    assert code == 0
    assert "/??????.safetensors" in raw.getvalue().decode("latin-1")
    assert name.exists()


def test_without_matplotlib_there_is_no_png_and_a_line_says_how_to_get_it(command, tmp_path, monkeypatch):
    monkeypatch.setattr(fitting.importlib.util, "find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    done = command("train", "digits", "--epochs", 1)
    assert done.code == 0
    assert 'pip install "fastdnn[plot]"' in done.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits-test.npz", "digits.safetensors"]
    message = refused(command("train", "digits", "--plot", "curve.png"))
    assert (
        message == '[train] expected matplotlib, for --plot, got none installed; pip install "fastdnn[plot]"'
    )


def test_a_broken_matplotlib_leaves_the_model_saved(command, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = command("train", "digits", "--epochs", 1, *paths(tmp_path))
    assert done.code == 0
    assert "no PNG          import of matplotlib.figure halted" in done.out
    assert (tmp_path / "digits.safetensors").exists()


def test_files_go_to_the_working_folder_by_default(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command("train", "digits", "--epochs", 1, "--quiet").code == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["digits-learning-curve.png", "digits-test.npz", "digits.safetensors"]


def test_somebody_elses_digits_test_file_is_not_overwritten(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "digits-test.npz", x=np.zeros((3, 64), np.float32), y=np.arange(3))
    before = (tmp_path / "digits-test.npz").read_bytes()
    words = ("train", "digits", "--epochs", "1", "--hidden", "4", "--quiet")
    message = refused(command(*words))
    assert message.startswith("[train] expected no file 'digits-test.npz', where the test rows go")
    assert (tmp_path / "digits-test.npz").read_bytes() == before
    (tmp_path / "digits-test.npz").unlink()
    for seed in "012":  # each replaces what the one before wrote
        assert command(*words, "--seed", seed).code == 0


def test_bench_refuses_one_file_for_two_outputs(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refused(command("bench", "--json", "a", "--markdown", "./a"))
    assert message.startswith("[bench] expected --markdown to another file than --json, got './a'")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["digts"], "[train] expected a data set, one of digits, got 'digts'; did you mean 'digits'?"),
        ([], "the following arguments are required: DATASET; see fastdnn train --help"),
        (["digits", "--epochs", "0"], "argument --epochs: expected a whole number >= 1, got '0'; see "),
        (
            ["digits", "--batch-size", "1.5"],
            "argument --batch-size: expected a whole number >= 1, got '1.5'; see ",
        ),
        (
            ["digits", "--seed", "-1"],
            f"argument --seed: expected a whole number from 0 to {2**64 - 1}, got '-1'",
        ),
        (["digits", "--seed", str(2**64)], "argument --seed: expected a whole number from 0 to "),
        (["digits", "--threads", "0"], "argument --threads: expected a whole number from 1 to 1024, got '0'"),
        (["digits", "--patience", "-1"], "argument --patience: expected a whole number >= 0, got '-1'"),
        (
            ["digits", "--hidden", "128,x"],
            "argument --hidden: expected whole numbers from 1 to 65536 between ",
        ),
        (["digits", "--hidden", ""], "argument --hidden: expected whole numbers from 1 to 65536 between "),
        (["digits", "--learning-rate", "nan"], "argument --learning-rate: expected a number > 0, got 'nan'"),
        (["digits", "--learning-rate", "0"], "argument --learning-rate: expected a number > 0, got '0'"),
        (["digits", "--epoch", "3"], "unrecognized arguments: --epoch 3; did you mean '--epochs'?"),
        (["digits", "--save", "nowhere/m.safetensors"], "[train] expected a folder '"),
        (
            ["digits", "--save", "."],
            "[train] expected a path to a file, got the folder '.'; add the name of a file",
        ),
        (["digits", "--plot", "nowhere/c.png"], "[train] expected a folder '"),
    ],
)
def test_train_refuses_before_it_trains(command, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    assert refused(command("train", *words)).startswith(message)
    assert not list(tmp_path.iterdir())


def test_a_folder_without_permission_is_refused(command, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    message = refused(command("train", "digits", *paths(tmp_path)))
    assert message.startswith("[train] expected a folder that may be written to, for ")


def test_a_loss_that_is_not_finite_is_an_error_of_one_line(command, tmp_path):
    done = command("train", "digits", "--learning-rate", "1e30", "--quiet", *paths(tmp_path))
    assert refused(done).startswith("[fit] expected a finite loss, got NaN or infinity in epoch 1, step ")
    assert not list(tmp_path.iterdir())


# ----------------------------------------------------------------------------------------- info, and the rest


def test_info_prints_all_of_it(command, monkeypatch):
    done = command("info")
    assert done.code == 0
    for value in fd.info().values():
        assert value in done.out
    for name in ("instruction set", "threads", "compiler", "flags", "matplotlib"):
        assert name in done.out

    def missing(name):
        raise cli.info.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(cli.info.importlib.metadata, "version", missing)
    assert 'none, so no PNG plots; pip install "fastdnn[plot]"' in command("info").out


def test_version_and_help(command):
    assert command("--version").out == f"fastdnn {fd.__version__}\n"
    done = command("--help")
    assert done.code == 0
    for word in ("train", "evaluate", "predict", "info", "begin with: fastdnn train digits"):
        assert word in done.out
    for word in ("train", "evaluate", "predict", "info"):
        done = command(word, "--help")
        assert done.code == 0
        assert done.out.startswith(f"usage: fastdnn {word}")
        assert done.out.isascii()


def test_no_command_prints_the_help(command):
    done = command()
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: fastdnn")


def test_unknown_commands_and_options(command):
    assert refused(command("trian")).endswith("got 'trian'; did you mean 'train'?")
    assert refused(command("--bogus")).startswith("the following arguments are required: COMMAND")
    assert refused(command("info", "more")) == "unrecognized arguments: more; see fastdnn info --help"
    assert "required: --data" in refused(command("evaluate", "m.safetensors"))


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "fastdnn: interrupted\n"),
        (ValueError("two\nlines"), 2, "fastdnn: error: two lines\n"),
        (ValueError(), 2, "fastdnn: error: ValueError\n"),
        (PermissionError(13, "Permission denied", "m.st"), 2, "fastdnn: error: m.st: Permission denied\n"),
        (OSError("the disk is gone"), 2, "fastdnn: error: the disk is gone\n"),
        (MemoryError(), 2, "fastdnn: error: not enough memory for this; "),
        (fd.NonFiniteLossError("NaN"), 2, "fastdnn: error: NaN\n"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_what_ends_a_command_and_how_it_is_told(command, monkeypatch, error, code, line):
    def fails(arguments):
        raise error

    monkeypatch.setattr(cli.info, "run", fails)
    done = command("info")
    assert done.code == code
    assert done.err.startswith(line)
    assert done.err.count("\n") == (1 if line else 0)


def test_errors_of_our_own_keep_their_traceback(command, monkeypatch):
    def fails(arguments):
        raise TypeError("a bug")

    monkeypatch.setattr(cli.info, "run", fails)
    with pytest.raises(TypeError, match="a bug"):
        command("info")


def test_python_m_fastdnn(tmp_path):
    process = as_module("train", "digits", "--epochs", "2", cwd=tmp_path, stdout=-1, stderr=-1)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert set(errors_told(out)) == {"train", "dev", "test"}
    assert (tmp_path / "digits.safetensors").exists()


@pytest.mark.parametrize("word", ["predict", "info"])  # more than a buffer holds, and less
def test_a_reader_that_goes_away_ends_it_quietly(trained, tmp_path, word):
    read, write = os.pipe()
    os.close(read)
    words = [word]
    if word == "predict":
        words += [str(trained[0] / "digits.safetensors"), "--data", str(trained[0] / "digits-test.npz")]
    process = as_module(*words, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (141, "")


# ------------------------------------------------------------------------------------ the parts of the output


def epochs_through(progress, epochs):
    """What a progress line prints for a fit."""
    progress.set_params({"epochs": epochs})
    progress.on_train_begin()
    for epoch in range(epochs):
        progress.on_epoch_end(
            epoch, {"loss": 1.0, "val_loss": 2.0, "val_accuracy": 0.25, "learning_rate": 1e-3}
        )
    progress.on_train_end()


def test_progress_on_a_terminal_is_one_line_rewritten(capsys):
    epochs_through(Progress(live=True), 40)
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert text.startswith("\repoch  1  train loss 1.0000  dev loss 2.0000  dev error 75.00 %")
    assert text.split("\r")[-1].startswith("epoch 40  ")


def test_progress_elsewhere_is_a_few_plain_lines(capsys):
    for epochs, lines in ((1, 1), (7, 7), (40, 11), (1003, 12)):
        epochs_through(Progress(live=False), epochs)
        text = capsys.readouterr().out
        assert "\r" not in text
        assert len(text.splitlines()) == lines
        assert text.splitlines()[-1].startswith(f"epoch {epochs}  ")


def test_progress_leaves_its_line_when_training_is_broken_off(capsys):
    progress = Progress(live=True)
    progress.set_params({"epochs": 2})
    progress.on_epoch_end(0, {"loss": 1.0})
    progress.close()
    progress.close()
    assert capsys.readouterr().out == "\repoch 1  train loss 1.0000\n"


def test_the_width_is_that_of_the_terminal_and_no_more_than_100(monkeypatch):
    for columns, width in (("80", 79), ("300", 100), ("5", 20)):
        monkeypatch.setenv("COLUMNS", columns)
        assert output.width() == width
