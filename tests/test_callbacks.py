"""Early stopping, history, the progress line, and the hooks."""

import io
import re

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd

X, Y = classification(rows=60)


class Scripted(fd.callbacks.EarlyStopping):
    """Early stopping that sees given values instead of the training's."""

    def __init__(self, values, **arguments):
        super().__init__(monitor="loss", **arguments)
        self.values = values

    def on_epoch_end(self, epoch, logs):
        super().on_epoch_end(epoch, {"loss": self.values[epoch]})


def run(values, **arguments):
    model = classifier()
    hashes = []
    record = type(
        "Record",
        (fd.callbacks.Callback,),
        {"on_epoch_end": lambda s, e, logs: hashes.append(weight_hash(model))},
    )
    stopper = Scripted(values, **arguments)
    history = model.fit(X, Y, epochs=len(values), callbacks=[record(), stopper])
    return stopper, len(history.epoch), hashes.index(weight_hash(model))


NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "arguments", "epochs", "best"),
    [
        ([3, 2, 1], {}, 3, 2),
        ([3, 2, 2.5, 1], {}, 3, 1),  # patience 0 stops at the first rise
        ([3, 2, 2, 1], {}, 3, 1),  # a tie is no improvement
        ([3, 2, 2.5, 1], {"patience": 1}, 3, 1),
        ([3, 2, 2.5, 1, 5, 5], {"patience": 2}, 6, 3),
        ([3, NAN, 2, 1], {"patience": 2}, 4, 3),
        ([NAN, 3, 2, 2, 2], {"patience": 2}, 5, 2),
        ([3, 2.95, 2.9, 2.85], {"min_delta": 0.2, "patience": 2}, 3, 0),
        ([0.1, 0.2, 0.15, 0.1], {"mode": "max", "patience": 2}, 4, 1),
        ([9, 1, 2, 3], {"start_from_epoch": 2, "patience": 1}, 4, 2),
        ([3, 2, 1, 0.5], {"baseline": 0.6, "patience": 2}, 4, 3),
        ([3, 2, 2, 0.5], {"baseline": 0.6, "patience": 2}, 3, 1),
    ],
)
def test_early_stopping(values, arguments, epochs, best):
    stopper, ran, restored = run(values, **arguments)
    assert ran == epochs
    assert restored == best
    assert stopper.best_epoch == best


def test_without_restoring():
    _, _, last = run([3, 2, 5], restore_best_weights=False)
    assert last == 2


def test_early_stopping_of_a_second_fit_starts_afresh():
    stopper = fd.callbacks.EarlyStopping("loss", patience=1)
    model = classifier()
    model.fit(X, Y, epochs=2, callbacks=[stopper])
    best = stopper.best
    model.compile(fd.optimizers.SGD(0.0), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(X, Y, epochs=9, callbacks=[stopper])
    assert len(history.epoch) == 2
    assert stopper.best < best


def test_mode_goes_by_the_name():
    assert fd.callbacks.EarlyStopping("val_accuracy").mode == "max"
    assert fd.callbacks.EarlyStopping("val_loss").mode == "min"


@pytest.mark.parametrize(
    "arguments",
    [
        {"patience": -1},
        {"patience": 1.5},
        {"min_delta": -1},
        {"min_delta": NAN},
        {"mode": "up"},
        {"start_from_epoch": -1},
    ],
)
def test_bad_arguments_of_early_stopping(arguments):
    with pytest.raises(ValueError, match="EarlyStopping"):
        fd.callbacks.EarlyStopping(**arguments)


def test_hooks_come_in_order_and_may_call_any_method():
    calls = []

    class Record(fd.callbacks.Callback):
        def on_train_begin(self, logs=None):
            calls.append("begin")

        def on_epoch_begin(self, epoch, logs=None):
            calls.append(f"epoch {epoch}")

        def on_epoch_end(self, epoch, logs):
            assert set(logs) == {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
            self.model.predict(X)
            self.model.set_weights(self.model.get_weights())
            self.model.evaluate(X, Y)
            calls.append(f"end {epoch}")
            if epoch == 1:
                self.model.stop_training = True

        def on_train_end(self, logs=None):
            calls.append("end")

    plain = classifier()
    plain.fit(X, Y, epochs=2)
    model = classifier()
    history = model.fit(X, Y, epochs=5, callbacks=[Record()], validation_data=(X, Y))
    assert calls == ["begin", "epoch 0", "end 0", "epoch 1", "end 1", "end"]
    assert history.epoch == [0, 1]
    assert weight_hash(model) == weight_hash(plain)
    assert history.params["samples"] == 60
    assert history.params["steps"] == 2
    assert history.params["threads"] >= 1


def test_learning_rate_may_change_between_epochs():
    class Freeze(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            self.model.optimizer.learning_rate = 0.0

    one = classifier(optimizer=fd.optimizers.SGD(0.1))
    one.fit(X, Y, epochs=1)
    frozen = classifier(optimizer=fd.optimizers.SGD(0.1))
    frozen.fit(X, Y, epochs=5, callbacks=[Freeze()])
    assert weight_hash(one) == weight_hash(frozen)


def test_an_exception_of_a_callback_ends_the_fit_and_leaves_the_model_usable():
    class Break(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            raise RuntimeError("mine")

    model = classifier()
    with pytest.raises(RuntimeError, match="mine"):
        model.fit(X, Y, epochs=3, callbacks=[Break()])
    model.fit(X, Y)


def test_nothing_is_printed_where_there_is_no_terminal(capsys):
    classifier().fit(X, Y, epochs=2)
    classifier().fit(X, Y, epochs=2, verbose=0)
    assert capsys.readouterr().out == ""


def test_a_plain_line_an_epoch(capsys):
    classifier().fit(X, Y, epochs=2, verbose=2, validation_data=(X, Y))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    figures = r"loss: \d\.\d{4} - accuracy: \d\.\d{4} - val_loss: \d\.\d{4} - val_accuracy: \d\.\d{4}"
    assert re.fullmatch(rf"epoch 1/2 - \S+ samples/s - {figures} - \d+ s left", lines[0])
    assert re.fullmatch(rf"epoch 2/2 - \S+ samples/s - {figures}", lines[1])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_live_line_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr("fastdnn.training._PROGRESS_SECONDS", 1e-9)  # after every step
    classifier().fit(X, Y, epochs=1, batch_size=6)
    written = terminal.getvalue()
    assert written.count("\r") == 10  # nine pauses and the end
    assert " 10 % - " in written
    assert written.endswith("\n")
    assert written.count("\n") == 1


def test_watching_does_not_change_the_bits(monkeypatch, capsys):
    monkeypatch.setattr("fastdnn.training._PROGRESS_SECONDS", 1e-9)
    watched, alone = classifier(), classifier()
    watched.fit(X, Y, epochs=3, verbose=1)
    alone.fit(X, Y, epochs=3, verbose=0)
    assert weight_hash(watched) == weight_hash(alone)
    np.testing.assert_array_equal(watched.history.history["loss"], alone.history.history["loss"])
