"""The command line, as a person and as a shell script meet it."""

import csv
import io
import subprocess
import sys

import numpy as np
import pytest
from networks import regression

import fastdnn as fd
from fastdnn.cli import main

FAST = ["--hidden", "32", "--epochs", "3"]


def run(capsys, *words):
    """Exit code, standard output, standard error."""
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def trained(here, capsys):
    code, _, err = run(capsys, "train", "digits", *FAST, "--quiet")
    assert (code, err) == (0, "")
    return here


def test_the_whole_story_of_digits(here, capsys):
    code, out, err = run(capsys, "train", "digits")
    assert (code, err) == (0, "")
    for said in (
        "CC BY 4.0",
        "1,257 train, 270 dev, 270 test rows",
        "normalization",
        "samples per second",
        "loss (log scale)",
        "confusion matrix of the test set",
        "fastdnn evaluate digits.safetensors --data digits-test.npz",
    ):
        assert said in out
    assert sorted(p.name for p in here.iterdir()) == [
        "digits-learning-curve.png",
        "digits-test.npz",
        "digits.safetensors",
    ]
    # What it says of the test set is what the saved model does on the saved rows.
    test = fd.data.load_arrays("digits-test.npz")
    model = fd.load_model("digits.safetensors")
    wrong = int((model.predict(test["x"]).argmax(1) != test["y"]).sum())
    line = next(line.split() for line in out.splitlines() if line.startswith("test "))
    assert line == ["test", f"{100 * wrong / 270:.2f}", "%", str(wrong), "of", "270"]
    assert wrong / 270 < 0.03


def test_seed_and_threads(here, capsys):
    for name, words in {"a": ["--threads", 1], "b": ["--threads", 3], "c": ["--seed", 1]}.items():
        assert run(capsys, "train", "digits", *FAST, "--save", f"{name}.safetensors", *words)[0] == 0
    a, b, c = ((here / f"{name}.safetensors").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_evaluate(trained, capsys):
    code, out, err = run(capsys, "evaluate", "digits.safetensors", "--data", "digits-test.npz")
    assert (code, err) == (0, "")
    test = fd.data.load_arrays("digits-test.npz")
    figures = fd.load_model("digits.safetensors").evaluate(test["x"], test["y"], return_dict=True)
    words = out.split()
    assert f"{figures['loss']:.6g}" in words
    assert f"{figures['accuracy']:.6g}" in words
    assert "confusion matrix" in out


def test_predict_a_classifier(trained, capsys):
    test = fd.data.load_arrays("digits-test.npz")
    np.save("x.npy", test["x"])
    code, out, _ = run(capsys, "predict", "digits.safetensors", "--data", "x.npy", "-o", "out.csv")
    assert code == 0
    assert "270 rows written to out.csv" in out
    table = list(csv.DictReader(io.StringIO((trained / "out.csv").read_text(encoding="utf-8"))))
    p = fd.load_model("digits.safetensors").predict(test["x"])
    read = np.array([[row[f"p_{j}"] for j in range(10)] for row in table]).astype(np.float32)
    np.testing.assert_array_equal(read, p)
    assert [int(row["label"]) for row in table] == p.argmax(1).tolist()
    assert [int(row["row"]) for row in table] == list(range(270))
    code, to_stdout, _ = run(capsys, "predict", "digits.safetensors", "--data", "digits-test.npz", "-o", "-")
    assert to_stdout == (trained / "out.csv").read_text()


def test_logits_become_probabilities_and_regressions_stay(here, capsys):
    x, y = regression(rows=20)
    np.savez("r.npz", x=x, y=y)
    logits = fd.Sequential([fd.layers.Input((7,)), fd.layers.Dense(2)], seed=0, dtype="float64")
    logits.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    logits.save("logits")
    _, out, _ = run(capsys, "predict", "logits", "--data", "r.npz")
    p = np.array([[float(row["p_0"]), float(row["p_1"])] for row in csv.DictReader(io.StringIO(out))])
    z = np.exp(logits.predict(x))
    np.testing.assert_allclose(p, z / z.sum(axis=1, keepdims=True), rtol=1e-12)
    model = fd.Sequential([fd.layers.Input((7,)), fd.layers.Dense(2)], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    model.save("r")
    _, out, _ = run(capsys, "predict", "r", "--data", "r.npz")
    values = np.array([[float(row["y_0"]), float(row["y_1"])] for row in csv.DictReader(io.StringIO(out))])
    np.testing.assert_array_equal(values, model.predict(x))
    code, out, _ = run(capsys, "evaluate", "r", "--data", "r.npz")
    assert code == 0
    assert "confusion" not in out


def test_info(capsys):
    code, out, _ = run(capsys, "info")
    assert code == 0
    for value in fd.info().values():
        assert value in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "did you mean 'train'"),
        (["train", "digit"], "did you mean 'digits'"),
        (["train"], "DATASET"),
        (["train", "digits", "--epochs", "0"], "a whole number >= 1, got '0'"),
        (["train", "digits", "--hidden", "12,x"], "between commas"),
        (["train", "digits", "--learning-rate", "nan"], "a number > 0"),
        (["train", "digits", "--threads", "0"], "from 1 to 1024"),
        (["train", "digits", "--sed", "1"], "--sed"),
        (["train", "digits", "--save", "no/such/folder/m"], "no/such/folder"),
        (["train", "digits", "--save", "."], "a path to a file"),
        (["evaluate", "nothing", "--data", "digits-test.npz"], "nothing"),
        (["evaluate", "digits-test.npz", "--data", "digits-test.npz"], "digits-test.npz"),
        (["evaluate", "digits.safetensors", "--data", "nothing.npz"], "nothing.npz"),
        (["evaluate", "digits.safetensors", "--data", "digits.safetensors"], "expected a .npz file"),
        (["evaluate", "digits.safetensors", "--data", "other.npz"], "arrays named ['x', 'y']"),
        (["evaluate", "digits.safetensors", "--data", "narrow.npz"], "(examples, 64)"),
        (["evaluate", "digits.safetensors"], "--data"),
        (["predict", "digits.safetensors", "--data", "narrow.npz"], "(examples, 64)"),
        (["predict", "digits.safetensors", "--data", "digits-test.npz", "-o", "no/out.csv"], "no"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(trained, capsys, words, message):
    np.savez("other.npz", a=np.zeros(3))
    np.savez("narrow.npz", x=np.zeros((3, 5)), y=np.zeros(3, int))
    before = sorted(p.name for p in trained.iterdir())
    code, _, err = run(capsys, *words)
    assert code == 2
    assert err.startswith("fastdnn: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(p.name for p in trained.iterdir()) == before


def test_ctrl_c(here, capsys, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastdnn.model.Model.fit", interrupt)
    code, _, err = run(capsys, "train", "digits", "--quiet")
    assert (code, err) == (130, "fastdnn: interrupted\n")


def python_m(folder, *words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "fastdnn", *words],
        cwd=folder,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(p for p in sys.path if p), **environment},
        check=False,
        timeout=60,
    )


def test_as_a_module_and_in_ascii(here):
    done = python_m(here, "train", "digits", *FAST, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    out = done.stdout.decode("ascii")
    assert "?" not in out
    assert "confusion matrix" in out
    assert python_m(here, "nothing").returncode == 2


def test_a_closed_pipe_is_no_error(here):
    code = "import sys; from fastdnn.cli import main; sys.exit(main(['train', 'digits', '--epochs', '2']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(p for p in sys.path if p)},
    )
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    assert err == b""
