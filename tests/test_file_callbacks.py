"""Callbacks that write files: the model, and the figures."""

import csv
import math

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd

X, Y = classification(rows=60)
X_DEV, Y_DEV = classification(rows=40, seed=1)
NAN = float("nan")


class Hashes(fd.callbacks.Callback):
    """Of the weights after each epoch."""

    def __init__(self):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(weight_hash(self.model))


def saved(folder):
    return {path.name: weight_hash(fd.load_model(path)) for path in sorted(folder.iterdir())}


def test_a_file_for_each_epoch(tmp_path):
    model, hashes = classifier(), Hashes()
    keep = fd.callbacks.ModelCheckpoint(tmp_path / "m-{epoch:02d}.safetensors")
    model.fit(X, Y, epochs=3, callbacks=[hashes, keep])
    assert saved(tmp_path) == {f"m-{i:02d}.safetensors": seen for i, seen in enumerate(hashes.seen, start=1)}


class Scripted(fd.callbacks.ModelCheckpoint):
    """Sees given values instead of the training's."""

    def __init__(self, values, path, **arguments):
        super().__init__(path, "loss", save_best_only=True, **arguments)
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, {"loss": self.values[epoch]})


@pytest.mark.parametrize(
    ("values", "arguments", "kept"),
    [
        ([3, 2, 2, NAN, 1, 1.5], {}, [1, 2, 5]),
        ([NAN, 2, math.inf], {}, [2]),
        ([1, 3, 3, 4], {"mode": "max"}, [1, 2, 4]),
        ([3, 2, 1], {"initial_value_threshold": 2}, [3]),
    ],
)
def test_the_best_only(values, arguments, kept, tmp_path, capsys):
    keep = Scripted(values, f"{tmp_path}/{{epoch}}-{{loss:.1f}}.m", verbose=1, **arguments)
    classifier().fit(X, Y, epochs=len(values), callbacks=[keep])
    names = [f"{epoch}-{float(values[epoch - 1]):.1f}.m" for epoch in kept]
    assert sorted(saved(tmp_path)) == names
    said = [f"Epoch {epoch}: saved {tmp_path}/{name}" for epoch, name in zip(kept, names, strict=True)]
    assert capsys.readouterr().out.splitlines() == said


def test_one_file_is_replaced_by_the_best(tmp_path):
    model, path = classifier(), tmp_path / "best"
    keep = fd.callbacks.ModelCheckpoint(path, "val_accuracy", save_best_only=True)
    history = model.fit(X, Y, epochs=8, validation_data=(X_DEV, Y_DEV), callbacks=[keep])
    best = max(history.history["val_accuracy"])
    assert keep.best == best
    assert fd.load_model(path).evaluate(X_DEV, Y_DEV)[1] == best


def test_after_some_steps(tmp_path):
    model, steps = classifier(), []
    note = fd.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: steps.append(weight_hash(model))
    )
    keep = fd.callbacks.ModelCheckpoint(str(tmp_path / "{epoch}-{loss:.6f}"), save_freq=4)
    model.fit(X, Y, batch_size=10, epochs=3, callbacks=[note, keep])
    files = saved(tmp_path)
    assert sorted(name.split("-")[0] for name in files) == ["1", "2", "2", "3"]  # steps 4, 8, 12, 16 of 18
    assert set(files.values()) == {steps[i] for i in (3, 7, 11, 15)}


def test_nobody_listens_to_batches_without_save_freq():
    from fastdnn.callbacks.hooks import Hooks

    plain, by_steps = (fd.callbacks.ModelCheckpoint("m", save_freq=freq) for freq in ("epoch", 3))
    assert not Hooks("fit", [plain]).listen("on_train_batch_end")
    assert Hooks("fit", [by_steps]).listen("on_train_batch_end")


def test_going_on(tmp_path):
    first = Scripted([3, 2], str(tmp_path / "{epoch}"))
    model = classifier()
    model.fit(X, Y, epochs=2, callbacks=[first])
    again = Scripted([2.5, 1], str(tmp_path / "{epoch}"))
    again.set_state(first.get_state())
    model.fit(X, Y, epochs=2, callbacks=[again])
    assert sorted(saved(tmp_path)) == ["1", "2", "4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "{val_loss}"}, r"a filepath with names among epoch, loss, accuracy, learning_rate"),
        ({"filepath": "{epoch"}, "a filepath with names"),
        ({"filepath": "{}"}, "a filepath with names"),
        ({"filepath": "m-{loss.2f}"}, "a filepath with names .*AttributeError"),
        ({"filepath": "{epoch[0]}"}, "a filepath with names .*TypeError"),
        ({"filepath": b"m"}, "filepath as a str or a path, got b'm'"),
        ({"filepath": 3}, "filepath as a str or a path, got 3"),
        ({"filepath": "m", "save_best_only": True}, "a figure to monitor"),
        ({"filepath": "m", "save_freq": 0}, "save_freq"),
        ({"filepath": "m", "mode": "best"}, "a mode"),
        ({"filepath": "m", "initial_value_threshold": NAN}, "initial_value_threshold"),
    ],
)
def test_bad_checkpoints(arguments, message):
    model = classifier()
    begin = weight_hash(model)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, callbacks=[fd.callbacks.ModelCheckpoint(**arguments)])
    assert weight_hash(model) == begin


def test_by_steps_there_are_no_figures_of_the_held_out_data():
    keep = fd.callbacks.ModelCheckpoint("m", save_freq=2, save_best_only=True)
    with pytest.raises(ValueError, match="a figure to monitor"):
        classifier().fit(X, Y, validation_data=(X_DEV, Y_DEV), callbacks=[keep])


# ---- Figures


def rows_of(path, separator=","):
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def test_a_line_for_each_epoch(tmp_path):
    path = tmp_path / "log.csv"
    logger = fd.callbacks.CSVLogger(path, separator=";")
    history = classifier().fit(X, Y, epochs=3, validation_data=(X_DEV, Y_DEV), callbacks=[logger])
    rows = rows_of(path, ";")
    assert [row.pop("epoch") for row in rows] == ["0", "1", "2"]
    assert [float(row.pop("learning_rate")) for row in rows] == [0.001] * 3
    for name, values in history.history.items():
        np.testing.assert_array_equal([float(row.pop(name)) for row in rows], values)
    assert rows == [{}] * 3


def test_replaced_or_gone_on_with(tmp_path):
    path, model = tmp_path / "log.csv", classifier()
    for append, lines in ((True, 2), (True, 4), (False, 2)):
        model.fit(X, Y, epochs=2, callbacks=[fd.callbacks.CSVLogger(path, append=append)])
        assert len(rows_of(path)) == lines
    text = path.read_text()
    other = fd.callbacks.CSVLogger(path, append=True)
    with pytest.raises(ValueError, match=r"log\.csv with .*val_loss"):
        model.fit(X, Y, validation_data=(X_DEV, Y_DEV), callbacks=[other])
    assert path.read_text() == text


def test_what_is_written_survives_an_error(tmp_path):
    def fail(epoch, logs):
        if epoch == 1:
            raise RuntimeError("mine")

    path = tmp_path / "log.csv"
    callbacks = [fd.callbacks.CSVLogger(path), fd.callbacks.LambdaCallback(on_epoch_end=fail)]
    with pytest.raises(RuntimeError, match="mine"):
        classifier().fit(X, Y, epochs=3, callbacks=callbacks)
    assert len(rows_of(path)) == 2


@pytest.mark.parametrize("separator", ["", ",,", "\n", '"', None])
def test_bad_separators(separator):
    with pytest.raises(ValueError, match="a separator of one character"):
        fd.callbacks.CSVLogger("log.csv", separator)
