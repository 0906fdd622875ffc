"""The command line: a search for hyper-parameters, and the command that trains the best network again."""

import csv
import re
import shlex
import sys

import command_lines
import numpy as np
import pytest
from tables import flats

import fastdnn as fd
from fastdnn import cli
from fastdnn.cli import tune

FEW = ("--epochs", "3", "--trials", "5", "--jobs", "2", "--threads", "1")
ALL_GIVEN = ("--hidden", "8", "--l2=0", "--dropout=0", "--batch-size", "32", "--learning-rate", "0.1")


@pytest.fixture
def table(tmp_path):
    """Of flats."""
    return flats(tmp_path / "flats.csv", 200)


def again(text):
    """The words of the command that a search printed, without the program's name and where it saves."""
    (line,) = re.findall(r"^  (fastdnn train .+)$", text, re.MULTILINE)
    words = shlex.split(line)[1:]
    if "--save" in words:
        at = words.index("--save")
        del words[at : at + 2]
    return words


def weights(path):
    return [weight for layer in fd.load_model(path).layers for weight in layer.get_weights()]


def trials(path):
    """Without the seconds that they took."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)
        ]


def test_digits_are_tuned_and_the_command_makes_the_same_file(command, tmp_path):
    pictures = tmp_path / "pictures"
    words = ["--save", tmp_path / "best.safetensors", "--csv", tmp_path / "t.csv", "--plots", pictures]
    told = command("tune", "digits", *FEW, "--method", "coarse_to_fine", *words)
    for said in ("1,257 train, 270 dev, 270 test", "learning_rate  log-uniform", "5 of 5 trials: 5 complete"):
        assert said in told
    found = trials(tmp_path / "t.csv")
    assert [row["number"] for row in found] == list("01234")
    best = max(float(row["value"]) for row in found)
    wrong, rows = command_lines.errors_told(told)["dev"]
    assert wrong / rows == pytest.approx(1 - best)
    drawn = {
        "scores",
        "importance",
        "parallel-coordinates",
        "zoom",
        "grid-against-random",
        "linear-against-log",
    }
    assert {path.stem for path in pictures.iterdir()} == drawn
    trained = command(*again(told), "--quiet", "--save", tmp_path / "again.safetensors")
    assert command_lines.errors_told(trained) == command_lines.errors_told(told)
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "best.safetensors").read_bytes()
    assert (tmp_path / "again-test.npz").exists()
    assert (tmp_path / "best-test.npz").exists()


def values_told(text):
    """Of the table of trials, by number: the words of each row."""
    table = text[text.index("\ntrial ") :].split("\n\n")[0].splitlines()
    found = [line.split() for line in table if re.match(r" *\d+ ", line)]
    return table[1].split(), {row[0]: row for row in found if "complete" in row}


def test_table_csv_and_command_have_the_values_that_are_trained(command, tmp_path, monkeypatch):
    trained, real = [], tune.Builder.__call__
    monkeypatch.setattr(tune.Builder, "__call__", lambda self, p: (trained.append(dict(p)), real(self, p))[1])
    told = command("tune", "digits", *FEW, "--method", "evolutionary", "--csv", tmp_path / "t.csv")
    names, rows = values_told(told)
    found = trials(tmp_path / "t.csv")
    assert len(found) == 5
    for row in found:
        values = {name: row[f"param {name}"] for name in names[4:]}
        assert {name: float(value) for name, value in values.items()} in trained
        assert [float(value) for value in values.values()] == [
            float(each) for each in rows[row["number"]][4:]
        ]
    words = again(told)
    best = max(found, key=lambda row: float(row["value"]))
    for name in ("learning_rate", "dropout", "l2", "batch_size"):
        said = words[words.index(f"--{name.replace('_', '-')}") + 1]
        assert float(said) == float(best[f"param {name}"])


def test_a_regression_is_compared_in_the_units_of_its_target(command, table, tmp_path):
    told = command("tune", table, "--target", "rent", *FEW, "--csv", tmp_path / "t.csv", "--plots", tmp_path)
    drawn = {path.stem for path in tmp_path.glob("*.png")}
    assert drawn == {"scores", "importance", "parallel-coordinates"}  # of these trials, none made up
    assert "compared by val_rmse, the dev rows' RMSE in the target's own units: the lower" in told
    (rmse,) = re.findall(r"^dev +(\S+)", told, re.MULTILINE)
    best = min(float(row["val_rmse"]) for row in trials(tmp_path / "t.csv"))
    assert best == pytest.approx(float(rmse), rel=1e-5)
    assert best > 20  # of rents, not of numbers of mean 0 and variance 1


def test_it_says_where_the_other_trials_are(command, tmp_path):
    few = ("tune", "digits", "--epochs", "1", "--trials", "11", "--hidden", "8", "--jobs", "1")
    assert "... 1 more: --csv FILE\n" in command(*few)
    assert f"... 1 more: {tmp_path / 't.csv'}\n" in command(*few, "--csv", tmp_path / "t.csv")
    told = command(*few, "--cv", "2")
    assert "mean over 2 folds of their share of right answers: the higher, the better; ± is the" in told


@pytest.mark.parametrize(
    "more", [("--target", "class", "--exclude", "rent"), ("--target", "rent", "--cv", "2")]
)
def test_a_table_is_tuned_and_the_command_makes_the_same_network(command, table, tmp_path, more):
    best = tmp_path / "best.safetensors"
    told = command("tune", table, *more, *FEW, "--batch-norm", "--quiet", "--save", best)
    words = again(told)
    assert "--batch-norm" in words
    command(*words, "--quiet", "--save", tmp_path / "again.safetensors")
    for one, same in zip(weights(best), weights(tmp_path / "again.safetensors"), strict=True):
        np.testing.assert_array_equal(one, same)
    assert len(weights(best)) > 4
    command("evaluate", best, tmp_path / "best-test.csv")


def test_folds_take_all_rows_but_those_of_the_test(command, tmp_path):
    best = tmp_path / "best.safetensors"
    told = command("tune", "digits", "--cv", "2", "--epochs", "8", *FEW[2:], "--save", best)
    assert "1,527 train, 0 dev, 270 test" in told
    assert "epochs" not in re.search(r"(?s)parameter.+?\n\n", told)[0]  # they were given
    assert again(told)[again(told).index("--dev") + 1] == "0"
    command(*again(told), "--quiet", "--save", tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == best.read_bytes()
    assert "epochs " in command("tune", "digits", "--cv", "2", "--trials", "1", "--hidden", "8")


def test_what_is_given_is_not_searched(command):
    told = command("tune", "digits", *FEW, "--hidden", "16,8", "--l2", "0", "--dropout", "0")
    space = re.search(r"(?s)parameter.+?\n\n", told)[0]
    assert [line.split()[0] for line in space.splitlines()[2:] if line] == ["learning_rate", "batch_size"]
    assert again(told)[again(told).index("--hidden") + 1] == "16,8"


def test_the_command_says_the_networks_shape_also_where_it_is_the_usual_one(command):
    told = command("tune", "digits", *FEW, "--hidden", "512", "--epochs", "1", "--trials", "1")
    assert again(told)[again(told).index("--hidden") + 1] == "512"


def test_few_combinations_are_tried_once_each(command):
    given = ("--hidden", "8", "--l2=0", "--dropout=0", "--learning-rate", "0.1", "--epochs", "1")
    told = command("tune", "digits", *given, "--trials", "9", "--jobs", "2", "--threads", "1")
    assert "these values have 5 combinations, each of which is tried once" in told
    assert "5 of 5 trials: 5 complete" in told


def test_an_interrupted_search_says_what_is_done_and_goes_on(command, capsys, tmp_path, monkeypatch):
    from fastdnn.tune.coordinator import Coordinator

    journal, real = tmp_path / "study.journal", Coordinator._collect
    words = ["tune", "digits", *FEW, "--hidden", "8"]

    def interrupted(self):
        real(self)
        if len(self._ledger.trials) >= 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Coordinator, "_collect", interrupted)
    done = command_lines.run(capsys, *words, "--storage", journal)
    assert done.code == 130
    assert done.err == "fastdnn: interrupted\n"
    assert re.search(r"[345] of 5 trials: [345] complete", done.out)
    assert again(done.out)[:2] == ["train", "digits"]
    (line,) = re.findall(r"goes on by\n  (.+)", done.out)
    assert "--storage" in command_lines.run(capsys, *words).out  # which would have kept them
    monkeypatch.setattr(Coordinator, "_collect", real)
    command(*shlex.split(line)[1:], "--csv", tmp_path / "resumed.csv")
    command(*words, "--csv", tmp_path / "at_once.csv")
    assert trials(tmp_path / "resumed.csv") == trials(tmp_path / "at_once.csv")
    assert len(trials(tmp_path / "resumed.csv")) == 5


def test_a_search_that_is_interrupted_before_it_begins(capsys, monkeypatch):
    def interrupted(*data, **given):
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "search", interrupted)
    done = command_lines.run(capsys, "tune", "digits")
    assert done.code == 130
    assert "no trial is complete yet" in done.out


def test_a_search_goes_on_with_its_own_settings_only(command, refused, tmp_path):
    journal = tmp_path / "study.journal"
    words = ["tune", "digits", *FEW, "--hidden", "8", "--storage", journal]
    command(*words)
    assert "which is there; go on with it by --resume" in refused(*words)
    assert "one with others; name another file" in refused(*words, "--patience", "2", "--resume")
    assert "method" in refused(*words, "--method", "bayesian", "--resume", "--quiet")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tune"], "the following arguments are required: DATASET"),
        (["tune", "digitz"], "did you mean 'digits'"),
        (["tune", "rows.csv"], "--target COLUMN"),
        (["tune", "rows.csv", "--target", "y"], "rows.csv"),
        (["tune", "digits", "--target", "y"], "[tune] expected --target with a CSV file only"),
        (["tune", "digits", "--trials", "0"], "--trials: expected a whole number >= 1, got '0'"),
        (["tune", "digits", "--jobs", "none"], "expected all, or a whole number from 1"),
        (["tune", "digits", "--trails", "9"], "unrecognized arguments: --trails 9; did you mean '--trials'?"),
        (["tune", "digits", "--frobnicate"], "unrecognized arguments: --frobnicate; see fastdnn tune --help"),
        (["tune", "digits", "--method", "luck"], "expected one of"),
        (["tune", "digits", "--method", "bayes"], "got 'bayes'; did you mean 'bayesian'?"),
        (["tune", "digits", "--pruner", "halving"], "got 'halving'; did you mean 'successive_halving'?"),
        (["tune", "digits", "--pruner", "luck"], "expected one of successive_halving, median"),
        (["tune", "digits", "--cv", "1"], "--cv: expected a whole number >= 2"),
        (["tune", "digits", "--cv", "2", "--dev", "0.1"], "--dev or --cv"),
        (["tune", "digits", "--dev", "0"], "or say --cv 3"),
        (["tune", "digits", "--resume"], "--storage FILE, with --resume"),
        (["tune", "digits", "--schedule", "cosine"], "unrecognized arguments: --schedule"),
        (["tune", "digits", "--csv", "no/such/t.csv"], "expected a folder"),
        (["tune", "digits", "--csv", "a", "--storage", "a"], "--storage to another file than --csv"),
        (["tune", "digits", *ALL_GIVEN], "to be searched"),
    ],
)
def test_it_refuses_before_it_searches(refused, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tune, "search", lambda *data, **given: pytest.fail("it searched"))
    assert said in refused(*words)
    assert not list(tmp_path.iterdir())


def test_without_optuna_it_says_how_to_get_it(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert 'pip install "fastdnn[tune]"' in refused("tune", "digits")


def test_the_help_names_it(capsys):
    assert cli.main(["tune", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "--trials" in told
    assert "--hidden N,N units of hidden layers, or none (searched)" in told
    assert cli.main(["train", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for word in ("none (64,64; digits 512)", "many (200; digits 40)", "stops (15; digits 5)"):
        assert word in told


def test_the_defaults_of_the_digits_are_as_the_help_says():
    from fastdnn.cli.recipe import SETTINGS, Recipe
    from fastdnn.cli.train_digits import DEFAULTS

    others = {name for name, value in DEFAULTS.items() if value != getattr(Recipe(), name)}
    assert {setting.name for setting in SETTINGS.values() if setting.digits} == others
    for setting in SETTINGS.values():
        if setting.digits:
            assert setting.read(setting.digits) == DEFAULTS[setting.name]
