"""The scripts of examples/ run, and come to what they are there to show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples"
if not FOLDER.exists():
    pytest.skip(f"no {FOLDER}: copy examples/ beside tests/", allow_module_level=True)
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "common")


def output(name):
    """What a script prints in its quick form."""
    done = subprocess.run(
        [sys.executable, FOLDER / f"{name}.py", "--quick"],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=FOLDER.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(text, name):
    """The numbers in the line that begins with a name."""
    (line,) = [line for line in text.splitlines() if re.match(rf"{re.escape(name)}\s\s", line)]
    return [
        float(number.replace(",", ""))
        for number in re.findall(r"-?\d[\d,]*\.?\d*(?:e[-+]?\d+)?", line[len(name) :])
    ]


def test_every_script_is_tried_and_told_of():
    here = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(SCRIPTS) <= here
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\)", page, flags=re.MULTILINE) == SCRIPTS


@pytest.mark.parametrize("name", [*SCRIPTS, "common"])
def test_a_script_is_short(name):
    assert len((FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 60


def test_averages():
    text = output("averages")
    theta, quick, middle, slow, raw = numbers(text, "1")
    assert theta == quick == middle == slow
    assert raw == pytest.approx(0.02 * theta, abs=0.01)


def test_batch_norm():
    text = output("batch_norm")
    for rate in ("0.01", "0.1", "0.5"):
        without, normalised = numbers(text, rate)
        assert normalised < 20 < without


def test_batch_sizes():
    text = output("batch_sizes")
    errors = [numbers(text, name)[1] for name in ("batch", "64", "stochastic")]
    assert errors == sorted(errors, reverse=True)


def test_diagnosis():
    text = output("diagnosis")
    told = {
        "healthy": "Nothing is wrong",
        "rate too high": "rate of 0.1 is too high",
        "rate too low": "rate of 1e-06 is too low",
        "inputs to 255": "inputs are not scaled",
        "deep sigmoids": "take ReLU",
        "100 examples": "few training rows",
    }
    for name, words in told.items():
        found = re.search(rf"^{name} +([\d.]+) % +([\d.]+) %  .*{words}", text, re.MULTILINE)
        assert found, text
        before, after = map(float, found.groups())
        assert before == after < 8 if name == "healthy" else after < 0.8 * before


def test_gallery():
    text = output("gallery")
    assert [len(numbers(text, name)) for name in ("learning_curve", "weight_images")] == [2, 2]
    assert 1 < numbers(text, "learning_curve")[1] < 60  # kB


def test_gradient_check():
    differences, slips = output("gradient_check").split("slip")
    one_sided, two_sided, five_points = numbers(differences, "1.0e-03")
    assert five_points < 1e-4 * two_sided < 1e-7 * one_sided
    told = {
        "none": ("great", ""),
        "no product rule": ("worry", "in/kernel, in/bias"),
        "mean, not sum": ("worry", "swish/beta"),
        "0.1 % too much": ("check", "in/kernel, in/bias"),
    }
    for name, (verdict, differing) in told.items():
        assert re.search(rf"^{name}  .* {verdict} .* %  {differing}$", slips, re.MULTILINE), slips


def test_initialization():
    tanh, relu = output("initialization").split("root mean square")[1:]
    assert numbers(tanh, "0.01 N")[-1] < 1e-6
    assert numbers(tanh, "1.0 N")[-1] > 0.9
    assert 0.1 < numbers(tanh, "Xavier")[-1] < 0.6
    assert numbers(relu, "1.0 N")[-1] > 1e3
    assert numbers(relu, "Xavier")[-1] < 0.2
    assert 0.4 < numbers(relu, "He")[-1] < 2.5


def test_momentum():
    text = output("momentum")
    assert numbers(text, "momentum")[0] < 0.1 * numbers(text, "SGD")[0]
    assert numbers(text, "average (1 - β)")[:3] == numbers(text, "momentum")[:3]
    assert numbers(text, "Nesterov")[0] < numbers(text, "momentum")[0]


def test_optimizers():
    text = output("optimizers")
    minimum = text.split("local minimum")[1].split("optimizers on")[0]
    assert numbers(minimum, "momentum")[0] < -0.4 < numbers(minimum, "SGD")[0]
    digits = text.split("optimizers on digits")[1]
    assert numbers(digits, "SGD")[1] > 2 * numbers(digits, "Adam")[1]


def test_regularization():
    text = output("regularization")
    found = {
        name: numbers(text, name)
        for name in ("nothing", "dropout 0.5", "L2 0.005", "L1 0.001", "early stopping")
    }
    assert found["nothing"][0] == min(row[0] for row in found.values())  # the least loss on train,
    assert found["L2 0.005"][3] < 0.7 * found["nothing"][3]  # with larger weights
    assert found["early stopping"][4] < found["nothing"][4]
    assert found["dropout 0.5"][1] < found["nothing"][1]  # and a higher one on dev


def test_schedules():
    text = output("schedules")
    rates, table = text.split("schedules on digits")
    assert numbers(rates, "halved every 4") == pytest.approx([0.3, 0.3, 0.3, 0.15, 0.15, 0.075])
    losses = {name: numbers(table, name)[0] for name in ("constant", "inverse root", "exponential, 0.9^t")}
    assert losses["constant"] == max(losses.values())


def test_transfer():
    text = output("transfer")
    few, many = numbers(text, "2"), numbers(text, "50")
    assert all(error < 60 for error in few)  # 80 is guessing
    assert all(error < 30 for error in many)


def test_whitening():
    text = output("whitening")
    steps = [numbers(text, name)[-1] for name in ("raw", "centred", "normalised", "whitened (PCA)")]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] <= 2
