"""Learning rates set by epoch, and lowered on a plateau."""

import copy
import math

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd

X, Y = classification(rows=60)
NAN = float("nan")


def model_with(rate=0.1):
    return classifier(hidden=(), optimizer=fd.optimizers.SGD(rate))


class Rates(fd.callbacks.Callback):
    def __init__(self):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(logs["learning_rate"])


def rates_of(callback, epochs, model=None):
    model, rates = model or model_with(), Rates()
    model.fit(X, Y, epochs=epochs, callbacks=[callback, rates])
    return rates.seen


@pytest.mark.parametrize(
    ("schedule", "want"),
    [
        (lambda epoch, rate: rate * 0.5, [0.05, 0.025, 0.0125]),
        (lambda epoch: 0.1 / (1 + epoch), [0.1, 0.05, 0.1 / 3]),
        (fd.schedules.InverseTimeDecay(0.2, 1, 1, per="epoch", first=1), [0.1, 0.2 / 3, 0.05]),
    ],
)
def test_scheduler(schedule, want):
    assert rates_of(fd.callbacks.LearningRateScheduler(schedule), 3) == pytest.approx(want, rel=1e-15)


def test_the_rate_of_an_epoch_is_that_of_its_steps():
    scheduled, by_hand = model_with(), model_with()
    scheduled.fit(X, Y, epochs=3, callbacks=[fd.callbacks.LearningRateScheduler(lambda e: 0.1 * 0.5**e)])
    for epoch in range(3):
        by_hand.optimizer.learning_rate = 0.1 * 0.5**epoch
        by_hand.fit(X, Y, epochs=1)
    assert weight_hash(scheduled) == weight_hash(by_hand)


def test_scheduler_goes_on_from_a_state():
    scheduler = fd.callbacks.LearningRateScheduler(lambda epoch: 0.1 * 0.5**epoch)
    model = model_with()
    first = rates_of(scheduler, 2, model)
    again = fd.callbacks.LearningRateScheduler(scheduler.schedule)
    again.set_state(scheduler.get_state())
    assert [*first, *rates_of(again, 2, model)] == [0.1, 0.05, 0.025, 0.0125]
    again.set_state(again.get_state())
    assert rates_of(again, 1, model) == [0.1 * 0.5**4]
    assert rates_of(again, 2) == [0.1, 0.05]  # without a state it begins anew


def test_scheduler_says_what_it_does(capsys):
    rates_of(fd.callbacks.LearningRateScheduler(lambda epoch: 0.5, verbose=1), 2)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"Epoch {i}: LearningRateScheduler setting learning rate to 0.5" for i in (1, 2)]


@pytest.mark.parametrize("rate", [NAN, -0.1, math.inf, None, "0.1"])
def test_a_schedule_that_gives_no_rate(rate):
    model = model_with()
    begin = weight_hash(model)
    with pytest.raises(ValueError, match="the rate that schedule gives"):
        rates_of(fd.callbacks.LearningRateScheduler(lambda epoch: rate), 1, model)
    assert model.optimizer.learning_rate == 0.1
    assert weight_hash(model) == begin


class Plateau(fd.callbacks.ReduceLROnPlateau):
    """Sees given values instead of the training's."""

    def __init__(self, values, **arguments):
        super().__init__("loss", **arguments)
        self.values = list(values)

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, {"loss": self.values[epoch]})


def keras_plateau(values, rate, factor, patience, min_delta, cooldown, min_lr):
    """`keras.callbacks.ReduceLROnPlateau.on_epoch_end`, mode min; the rate after each epoch."""
    best, wait, counter, rates = math.inf, 0, 0, []
    for value in values:
        if counter > 0:
            counter -= 1
            wait = 0
        if value < best - min_delta:
            best, wait = value, 0
        elif not counter > 0:
            wait += 1
            if wait >= patience and rate > min_lr:
                rate = max(rate * factor, min_lr)
                counter, wait = cooldown, 0
        rates.append(rate)
    return rates


def test_plateau_is_keras_s():
    rng = np.random.default_rng(3)
    reduced = 0
    for _ in range(30):
        values = rng.integers(0, 5, 14) / 4 - 0.02 * np.arange(14)
        values[rng.random(14) < 0.1] = NAN
        settings = {
            "factor": float(rng.choice([0.1, 0.5])),
            "patience": int(rng.integers(0, 4)),
            "min_delta": float(rng.choice([0, 1e-4, 0.03])),
            "cooldown": int(rng.integers(0, 3)),
            "min_lr": float(rng.choice([0, 0.02])),
        }
        want = keras_plateau(values, 0.1, **settings)
        assert rates_of_plateau(values, settings) == want
        reduced += want[-1] < 0.1
    assert reduced > 20


def rates_of_plateau(values, settings):
    """The rates after each epoch."""
    model, seen = model_with(), []
    note = fd.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(model.optimizer.learning_rate)
    )
    model.fit(X, Y, epochs=len(values), callbacks=[Plateau(values, **settings), note])
    return seen


def test_plateau_never_raises_a_rate():
    model = model_with(0.01)
    rates_of(Plateau([1, 1, 1], patience=1, min_lr=0.02), 3, model)
    assert model.optimizer.learning_rate == 0.01


def test_plateau_of_what_grows():
    plateau = Plateau([0.1, 0.2, 0.2, 0.3, 0.3], mode="max", patience=1, factor=0.5)
    rates_of(plateau, 5)
    assert plateau.model.optimizer.learning_rate == 0.025
    assert fd.callbacks.ReduceLROnPlateau("val_accuracy").mode == "max"


def test_plateau_says_what_it_does(capsys):
    rates_of(Plateau([1, 1, 1], patience=2, factor=0.5, verbose=1), 3)
    assert capsys.readouterr().out == "Epoch 3: Plateau reducing learning rate to 0.05\n"


def test_plateau_goes_on_from_a_state():
    values = [3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1]
    settings = {"patience": 2, "cooldown": 1, "factor": 0.5}
    whole = model_with()
    plateau = Plateau(values, **settings)
    kept = []

    class Keep(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append((copy.deepcopy(self.model), plateau.get_state()))

    whole.fit(X, Y, epochs=len(values), callbacks=[plateau, Keep()])
    assert whole.optimizer.learning_rate < 0.05
    for done, (model, state) in enumerate(kept[:-1], start=1):
        again = Plateau(values[done:], **settings)
        again.set_state(state)
        model.fit(X, Y, epochs=len(values) - done, callbacks=[again])
        assert weight_hash(model) == weight_hash(whole)
        assert model.optimizer.learning_rate == whole.optimizer.learning_rate


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fd.callbacks.LearningRateScheduler(0.1), r"a schedule\(epoch, learning_rate\)"),
        (lambda: fd.callbacks.ReduceLROnPlateau(factor=1.0), "0 < factor < 1, got 1.0"),
        (lambda: fd.callbacks.ReduceLROnPlateau(patience=-1), "patience"),
        (lambda: fd.callbacks.ReduceLROnPlateau(cooldown=0.5), "cooldown"),
        (lambda: fd.callbacks.ReduceLROnPlateau(min_lr=-1), "min_lr"),
        (lambda: fd.callbacks.ReduceLROnPlateau(min_delta=NAN), "min_delta"),
        (lambda: fd.callbacks.ReduceLROnPlateau(mode="down"), "a mode, one of"),
        (lambda: fd.callbacks.ReduceLROnPlateau().set_state({"best": 1}), "numbers best, wait"),
        (lambda: fd.callbacks.LearningRateScheduler(abs).set_state({"epoch": "x"}), "epoch as a whole"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_figure_that_is_not_there():
    with pytest.raises(ValueError, match=r"val_loss.*validation_data"):
        rates_of(fd.callbacks.ReduceLROnPlateau(), 1)
