"""The command line on CSV files: train, evaluate and predict."""

import csv
import io
import re
import shlex

import command_lines
import numpy as np
import pytest
from command_lines import QUICK
from interpreters import output
from tables import write

import fastdnn as fd
from fastdnn import cli
from fastdnn.cli.schedule import scheduled


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Flats, and a network each for their class and their rent, with what was printed."""
    return command_lines.trained_flats(tmp_path_factory.mktemp("flats"))


def figures(text):
    """The table of errors: set by name to the cells of its row."""
    rows = re.findall(r"^(train|dev|test|all rows)((?:, always .*?)?) {2,}(.+)$", text, re.MULTILINE)
    return {name + ("*" if guess else ""): re.split(r" {2,}", cells.strip()) for name, guess, cells in rows}


# ----------------------------------------------------------------------------------------------------- train


def test_train_tells_what_was_read_and_found(folder):
    made, printed = folder
    for words in (
        "flats.csv: 400 rows, 4 columns",
        "left out: 'name': 400 different texts in 400 rows",
        "left out: 'rent': excluded",
        "split: 280 train, 60 dev, 60 test rows, stratified, random (seed 0)",
        "task: classification (texts)",
        "features: 5; numbers standardised and missing values filled by the training rows",
        "epoch  1  train loss",
        "samples per second",
        "confusion matrix of the test set",
        "cheap, really",
        f"model           {made}/class.safetensors",
        f"its test rows   {made}/class-test.csv",
    ):
        assert words in printed["class"], words
    assert re.search(r"^class +category \(target\) +3: ", printed["class"], re.MULTILINE)
    assert re.search(r"^area +number +\d+ +20\.\S+ to 119\.\d+, median", printed["class"], re.MULTILINE)
    assert re.search(r"^lift +boolean +2: (no|yes) \d+, (no|yes) \d+$", printed["class"], re.MULTILINE)
    assert "task: regression (numbers)" in printed["rent"]
    assert "the loss is that of the standardised target" in printed["rent"]
    assert "60 test rows, random (seed 0)" in printed["rent"]


def test_it_learns_far_more_than_the_baseline(folder):
    _, printed = folder
    classes = figures(printed["class"])
    assert set(classes) == {"train", "dev", "test", "test*"}
    assert float(classes["test"][0].rstrip(" %")) < 20
    assert float(classes["test*"][0].rstrip(" %")) > 45
    rents = figures(printed["rent"])
    rmse, _, r2 = map(float, rents["test"])
    assert rmse < 0.4 * float(rents["test*"][0])
    assert r2 > 0.85
    assert abs(float(rents["test*"][2])) < 0.1
    assert "no better" not in printed["class"] + printed["rent"]


def test_the_told_figures_are_those_of_the_saved_model(folder):
    made, printed = folder
    model = fd.load_model(made / "class.safetensors")
    table = fd.data.load_csv(made / "flats.csv", "class", exclude=["rent"])
    parts = dict(zip(("train", "dev", "test"), table.split(seed=0), strict=True))
    alone = fd.data.TableEncoder("classification").fit(parts["train"])
    assert model.table.get_config() == alone.get_config()
    told = figures(printed["class"])
    for name, part in parts.items():
        labels = model.table.decode(model.predict(model.table.encoded(part)))
        wrong = int((labels != part["class"]).sum())
        assert told[name] == [f"{100 * wrong / len(part):.2f} %", f"{wrong:,} of {len(part):,}"]
    most = max(parts["train"]["class"].tolist(), key=parts["train"]["class"].tolist().count)
    wrong = int((parts["test"]["class"] != most).sum())
    assert told["test*"][1] == f"{wrong} of {len(parts['test'])}"

    model = fd.load_model(made / "rent.safetensors")
    table = fd.data.load_csv(made / "flats.csv", "rent", exclude=["class"])
    train, _, test = table.split(seed=0)
    told = figures(printed["rent"])
    for name, guess in (
        ("test", model.table.decode(model.predict(model.table.encoded(test)))),
        ("test*", np.full(len(test), train["rent"].mean())),
    ):
        error = test["rent"] - guess
        r2 = 1 - (error**2).sum() / ((test["rent"] - test["rent"].mean()) ** 2).sum()
        assert told[name] == [
            f"{np.sqrt((error**2).mean()):.6g}",
            f"{abs(error).mean():.6g}",
            f"{r2:.4f}",
        ]


def test_the_saved_rows_are_the_test_set_as_it_stands_in_the_file(folder):
    made, _ = folder
    every, kept = (
        list(csv.reader(io.StringIO((made / name).read_text(encoding="utf-8"))))
        for name in ("flats.csv", "class-test.csv")
    )
    rows = {line[0]: line for line in every}
    assert kept[0] == rows["name"]
    assert len(kept) == 61
    assert all(rows[line[0]] == line for line in kept)
    test = fd.data.load_csv(made / "flats.csv", "class", exclude=["rent"]).split(seed=0)[2]
    assert sorted(line[0] for line in kept[1:]) == sorted(f"flat {row}" for row in test.records)


@pytest.mark.parametrize("target", ["class", "rent"])
def test_the_next_commands_work_and_tell_the_same_errors(folder, command, tmp_path, monkeypatch, target):
    _, printed = folder
    monkeypatch.chdir(tmp_path)
    lines = [line.strip() for line in printed[target].split("try next\n")[1].splitlines()]
    told = {line.split()[1]: command(*shlex.split(line)[1:]) for line in lines}
    assert list(told) == ["diagnose", "evaluate", "predict"]
    assert "280 train, 60 dev, 60 test rows" in told["diagnose"]
    ours, theirs = figures(told["evaluate"]), figures(printed[target])
    assert ours["all rows"] == theirs["test"]
    assert ours["all rows*"] == theirs["test*"]
    assert told["predict"].endswith("\n60 rows written to predictions.csv\n")
    assert (tmp_path / "predictions.csv").exists()


def test_the_same_seed_gives_the_same_file_with_any_number_of_threads(folder, command, tmp_path):
    made, _ = folder
    words = [
        "train",
        made / "flats.csv",
        "--target",
        "class",
        "--exclude",
        "rent",
        "--quiet",
        *QUICK[:-1],
        "2",
    ]
    path = tmp_path / "class.safetensors"
    command(*words, "--save", path)
    ours, theirs = (fd.io.read_safetensors(file) for file in (path, made / "class.safetensors"))
    assert all(np.array_equal(ours[0][name], theirs[0][name]) for name in theirs[0])
    assert ours[1]["table"] == theirs[1]["table"]


def test_options_reach_the_network(folder, command, tmp_path):
    made, _ = folder
    words = [
        "--hidden",
        "12,7",
        "--activation",
        "tanh",
        "--dropout",
        "0.25",
        "--batch-norm",
        "--optimizer",
        "sgd",
    ]
    words += [
        "--learning-rate",
        "0.02",
        "--epochs",
        "2",
        "--batch-size",
        "50",
        "--dev",
        "0.2",
        "--test",
        "40",
    ]
    words += [
        "--missing-indicators",
        "--seed",
        "3",
        "--exclude",
        "name,rent",
        "--save",
        tmp_path / "m.safetensors",
    ]
    text = command("train", made / "flats.csv", "--target", "class", *words)
    assert "280 train, 80 dev, 40 test rows, stratified, random (seed 3)" in text
    assert "2 epochs in" in text
    model = fd.load_model(tmp_path / "m.safetensors")
    assert [type(layer).__name__ for layer in model.layers] == [
        "Input",
        *["Dense", "BatchNormalization", "Activation", "Dropout"] * 2,
        "Dense",
    ]
    assert [layer.units for layer in model.layers if hasattr(layer, "units")] == [12, 7, 3]
    assert {layer.activation for layer in model.layers if type(layer).__name__ == "Activation"} == {"tanh"}
    assert {layer.rate for layer in model.layers if hasattr(layer, "rate")} == {0.25}
    assert isinstance(model.optimizer, fd.optimizers.SGD)
    assert (model.optimizer.learning_rate, model.seed) == (0.02, 3)
    assert "area missing" in model.table.feature_names


@pytest.mark.parametrize(
    ("name", "first", "middle", "last"),
    [
        ("constant", 0.1, 0.1, 0.1),
        ("cosine", 0.1, 0.05, 0.0),
        ("exponential", 0.1, 0.01, 0.001),
        ("linear", 0.1, 0.05, 0.0),
    ],
)
def test_schedules_by_name(name, first, middle, last):
    rate = scheduled(name, 0.1, 200)
    rates = [rate if name == "constant" else rate(step) for step in (0, 100, 200)]
    np.testing.assert_allclose(rates, [first, middle, last], rtol=1e-12, atol=1e-15)


def test_one_cycle_rises_and_falls():
    rates = scheduled("one-cycle", 0.1, 200).values(0, 200)
    assert abs(rates.argmax() - 59) <= 1
    assert rates.max() == pytest.approx(0.1)
    assert rates[0] < 0.01
    assert rates[-1] < 1e-5


def test_schedule_and_penalty_reach_the_training(folder, command, tmp_path):
    made, _ = folder
    words = [
        "--schedule",
        "cosine",
        "--l2",
        "0.01",
        "--epochs",
        "4",
        "--batch-size",
        "100",
        "--optimizer",
        "adamw",
    ]
    words += ["--learning-rate", "0.02", "--patience", "9", "--save", tmp_path / "m.safetensors"]
    command("train", made / "flats.csv", "--target", "rent", "--exclude", "class", *words)
    model = fd.load_model(tmp_path / "m.safetensors")
    schedule = model.optimizer.get_config()["learning_rate"]
    assert schedule["class_name"] == "CosineDecay"
    assert schedule["config"]["decay_steps"] == 4 * 3  # steps of 280 rows by hundreds
    assert schedule["config"]["initial_learning_rate"] == 0.02
    assert isinstance(model.optimizer, fd.optimizers.AdamW)
    dense = [layer for layer in model.layers if isinstance(layer, fd.layers.Dense)]
    assert [layer.kernel_regularizer.l2 for layer in dense] == [0.01] * 3

    command("train", made / "flats.csv", "--target", "rent", "--exclude", "class", *words[:2], *words[4:])
    free = [
        layer
        for layer in fd.load_model(tmp_path / "m.safetensors").layers
        if isinstance(layer, fd.layers.Dense)
    ]
    assert [layer.kernel_regularizer for layer in free] == [None] * 3
    norms = [sum((layer.get_weights()[0] ** 2).sum() for layer in chain) for chain in (dense, free)]
    assert norms[0] < norms[1]


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "adamw", "adagrad", "adadelta", "nadam", "lion"])
def test_every_optimizer_by_its_name(folder, command, tmp_path, name):
    made, _ = folder
    words = ["--optimizer", name, "--epochs", "2", "--save", tmp_path / "m.safetensors", "--quiet"]
    command("train", made / "flats.csv", "--target", "class", "--exclude", "rent", *words)
    assert type(fd.load_model(tmp_path / "m.safetensors").optimizer).__name__.lower() == name


def test_a_network_without_hidden_layers(folder, command, tmp_path):
    made, _ = folder
    words = ["--hidden", "none", "--epochs", "1", "--save", tmp_path / "m.safetensors", "--quiet"]
    command("train", made / "flats.csv", "--target", "rent", *words)
    assert len(fd.load_model(tmp_path / "m.safetensors").layers) == 2


def test_without_dev_and_test_rows(folder, command, tmp_path):
    made, _ = folder
    words = ["--dev", "0", "--test", "0", "--epochs", "3", "--save", tmp_path / "m.safetensors"]
    text = command("train", made / "flats.csv", "--target", "rent", *words)
    assert "split: 400 train, 0 dev, 0 test rows" in text
    assert "3 epochs in" in text
    assert set(figures(text)) == {"train", "train*"}
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]
    assert "fastdnn predict" in text.split("try next")[1]
    assert "fastdnn evaluate" not in text


def test_a_task_that_is_said(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i % 7},{i % 3}\n" for i in range(60))
    write(tmp_path / "t.csv", "x,y\n" + rows)
    assert "task: classification (3 different whole numbers)" in command(
        "train", "t.csv", "--target", "y", *QUICK
    )
    text = command("train", "t.csv", "--target", "y", "--task", "regression", *QUICK)
    assert "task: regression (as asked for)" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t-test.csv", "t.csv", "t.safetensors"]


def test_a_network_that_learned_nothing_is_told(tmp_path, command):
    random = np.random.default_rng(0)
    rows = "".join(f"{x:.3f},{y:.3f}\n" for x, y in random.normal(size=(60, 2)))
    write(tmp_path / "t.csv", "x,y\n" + rows)
    words = ["--hidden", "64,64", "--epochs", "100", "--dev", "0", "--save", tmp_path / "m.safetensors"]
    text = command("train", tmp_path / "t.csv", "--target", "y", *words)
    assert "test: the network is no better than somebody who looks at no feature" in text


def test_a_network_that_always_says_the_most_frequent_class_learned_nothing(tmp_path, command):
    write(tmp_path / "t.csv", "x,y\n" + "".join(f"0,{'a' if i % 5 == 0 else 'b'}\n" for i in range(100)))
    words = [
        "--hidden",
        "none",
        "--epochs",
        "30",
        "--learning-rate",
        "0.1",
        "--save",
        tmp_path / "m.safetensors",
    ]
    text = command("train", tmp_path / "t.csv", "--target", "y", *words)
    assert figures(text)["test"] == figures(text)["test*"] == ["20.00 %", "3 of 15"]
    assert "test, always 'b'" in text
    assert "test: the network is no better than somebody who looks at no feature" in text


@pytest.mark.parametrize("target", ["class", "rent"])
def test_it_stops_by_the_dev_rows(folder, target):
    made, printed = folder
    model = fd.load_model(made / f"{target}.safetensors")
    other = "rent" if target == "class" else "class"
    dev = fd.data.load_csv(made / "flats.csv", target, exclude=[other]).split(seed=0)[1]
    loss = model.evaluate(*model.table.xy(dev), return_dict=True)["loss"]
    told = re.search(r"kept epoch \d+ \((.+)\)", printed[target])
    assert float(told[1]) == pytest.approx(loss, abs=1e-4)


def test_digits_as_a_table(tmp_path, command):
    """The digits as a CSV file without a header: 64 columns of numbers and one of classes."""
    x, y = fd.data.load_digits()
    lines = [
        ",".join(map(str, [*row.astype(int), label])) for row, label in zip(x[:900], y[:900], strict=True)
    ]
    write(tmp_path / "digits.csv", "\n".join(lines))
    words = ["--hidden", "64", "--epochs", "15", "--save", tmp_path / "m.safetensors"]
    text = command("train", tmp_path / "digits.csv", "--target", "column_65", *words)
    assert "no header" in text
    assert "task: classification (10 different whole numbers)" in text
    told = figures(text)
    assert float(told["test"][0].rstrip(" %")) < 12
    assert float(told["test*"][0].rstrip(" %")) > 80


def test_a_plot_on_request_and_quiet(folder, command, tmp_path):
    made, _ = folder
    words = ["--quiet", "--epochs", "1", "--save", tmp_path / "m.safetensors", "--plot", tmp_path / "p.png"]
    text = command("train", made / "flats.csv", "--target", "rent", *words)
    assert set(figures(text)) == {"train", "dev", "test", "test*"}
    assert f"learning curve  {tmp_path}/p.png" in text
    assert len(text.splitlines()) == 11
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


# -------------------------------------------------------------------------------------- predict and evaluate


def rows_of(text):
    header, *lines = csv.reader(io.StringIO(text))
    return header, lines


def test_predict_names_classes_and_gives_their_probabilities(folder, command, tmp_path):
    made, _ = folder
    text = command("predict", made / "class.safetensors", made / "flats.csv")
    header, lines = rows_of(text)
    classes = ["cheap, really", "dear", "fair"]
    assert header == ["row", "class", "probability", *(f"p_{name}" for name in classes)]
    code = """
        import sys
        import numpy as np
        import fastdnn as fd
        model = fd.load_model(sys.argv[1])
        x = model.table.transform(fd.data.load_csv(sys.argv[2], like=model.table))
        np.save(sys.argv[3], model.predict(x))
    """
    output(code, *map(str, (made / "class.safetensors", made / "flats.csv", tmp_path / "p.npy")))
    shares = np.load(tmp_path / "p.npy")
    assert [int(line[0]) for line in lines] == list(range(400))
    assert [line[1] for line in lines] == [classes[label] for label in shares.argmax(axis=1)]
    assert np.array_equal(np.array([line[3:] for line in lines], np.float32), shares)
    assert [line[2] for line in lines] == [line[3 + classes.index(line[1])] for line in lines]


def test_predict_gives_numbers_in_the_units_of_the_target(folder, command, tmp_path):
    made, _ = folder
    out = tmp_path / "out.csv"
    text = command("predict", made / "rent.safetensors", "--data", made / "flats.csv", "-o", out)
    assert text.endswith(f"400 rows written to {out}\n")
    header, lines = rows_of(out.read_text())
    assert header == ["row", "rent"]
    model = fd.load_model(made / "rent.safetensors")
    table = fd.data.load_csv(made / "flats.csv", like=model.table)
    numbers = model.table.decode(model.predict(model.table.encoded(table)))
    assert [float(line[1]) for line in lines] == numbers.tolist()
    true = fd.data.load_csv(made / "flats.csv")["rent"]
    assert np.corrcoef(true, numbers)[0, 1] > 0.9


def test_columns_in_any_order_others_ignored_texts_that_are_new(folder, command, capsys):
    made, _ = folder
    write(made / "new.csv", "lift;colour;city;area\nyes;red;Bonn;70\n;blue;Rome;\n")
    assert cli.main(["predict", str(made / "rent.safetensors"), str(made / "new.csv")]) == 0
    out, err = capsys.readouterr()
    assert len(rows_of(out)[1]) == 2
    assert err.splitlines() == [
        "note: fields are cut at each semicolon",
        "note: columns that the model does not know are ignored: 'colour'",
        "note: 'area': 1 missing value is filled",
        "note: 'lift': 1 missing value is filled",
        "note: 'city': 1 row has a value that training had not: 'Bonn'",
    ]


def test_evaluate_tells_errors_and_the_matrix_with_names(folder, command):
    made, _ = folder
    text = command("evaluate", made / "class.safetensors", made / "flats.csv")
    assert "class.safetensors on 400 rows of" in text
    assert set(figures(text)) == {"all rows", "all rows*"}
    assert "confusion matrix of all rows\n" in text
    assert re.search(r"^ +cheap, really +\d+ ", text, re.MULTILINE)


@pytest.mark.parametrize("word", ["evaluate", "predict"])
def test_data_that_do_not_fit_the_model(folder, refused, tmp_path, word):
    made, _ = folder
    model = made / "class.safetensors"
    write(tmp_path / "a.csv", "area,city,class\n3,Rome,fair\n")
    assert "got none called 'lift'; the file has 'area', 'city', 'class'" in refused(
        word, model, tmp_path / "a.csv"
    )
    write(tmp_path / "b.csv", "area,city,lift,class\n3,Rome,yes,fair\nbig,Ulm,no,fair\n")
    assert "'area': expected a number" in refused(word, model, tmp_path / "b.csv")
    assert "expected a file" in refused(word, model, tmp_path / "none.csv")
    assert "required: --data, or FILE" in refused(word, model)
    assert "expected one file, got" in refused(word, model, tmp_path / "a.csv", "--data", tmp_path / "b.csv")
    fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)]).save(tmp_path / "plain")
    plain = refused(word, tmp_path / "plain", tmp_path / "a.csv")
    assert (
        "a loss" in plain or "a .npy or .npz file, since the model was not trained from a CSV file" in plain
    )


def test_evaluate_needs_the_target_and_its_classes(folder, refused, tmp_path):
    made, _ = folder
    model = made / "class.safetensors"
    write(tmp_path / "a.csv", "area,city,lift\n3,Rome,yes\n")
    assert "expected a column of the file" in refused("evaluate", model, tmp_path / "a.csv")
    write(tmp_path / "b.csv", "area,city,lift,class\n3,Rome,yes,posh\n")
    assert "the classes of 'class' that the model was trained on, got 'posh' in line 2" in refused(
        "evaluate", model, tmp_path / "b.csv"
    )


def test_arrays_are_still_read_for_a_model_with_a_table(folder, command, tmp_path):
    made, _ = folder
    model = fd.load_model(made / "rent.safetensors")
    x = model.table.encoded(fd.data.load_csv(made / "flats.csv", like=model.table))
    np.save(tmp_path / "x.npy", x)
    header, lines = rows_of(command("predict", made / "rent.safetensors", tmp_path / "x.npy"))
    assert header == ["row", "y_0"]
    assert np.array_equal(np.array([line[1:] for line in lines], np.float32), model.predict(x))
