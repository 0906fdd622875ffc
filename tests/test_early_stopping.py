"""Early stopping against algorithm 7.1, by epochs and by steps, and going on from a state."""

import copy
import math

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd

X, Y = classification(rows=60)
X_DEV, Y_DEV = classification(rows=40, seed=1)
NAN = float("nan")


def algorithm_7_1(losses, patience):
    """As deck 004 prints it; i counts evaluations. How many were made, and i*."""
    i, j, v, best = 0, 0, math.inf, 0
    while j < patience and i < len(losses):
        i += 1
        value = losses[i - 1]
        if value < v:
            j, best, v = 0, i, value
        else:
            j += 1
    return i, best, v


def sequences(count):
    """Losses that fall and rise, with many ties, NaN and infinities."""
    rng = np.random.default_rng(7)
    for _ in range(count):
        length = int(rng.integers(1, 12))
        losses = rng.integers(0, 6, length) / 2 - np.arange(length) * rng.choice([0, 0.2])
        losses[rng.random(length) < 0.15] = NAN
        losses[rng.random(length) < 0.1] = rng.choice([math.inf, -math.inf])
        yield [float(value) for value in losses], int(rng.integers(1, 4))


class Scripted(fd.callbacks.EarlyStopping):
    """Sees given values instead of the training's, and keeps a hash of the weights at each."""

    def __init__(self, values, **arguments):
        super().__init__(monitor="loss", **arguments)
        self.values = list(values)
        self.hashes = []

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.hashes.append(weight_hash(self.model))

    def _observe(self, epoch, logs):
        value = self.values[len(self.hashes) - 1]
        self.hashes.append(weight_hash(self.model))
        super()._observe(epoch, {"loss": value})


def check(stopper, model, losses, patience):
    evaluations, best, v = algorithm_7_1(losses, patience)
    assert len(stopper.hashes) == 1 + evaluations
    assert stopper.best == v
    assert weight_hash(model) == stopper.hashes[best]
    return best


def test_algorithm_7_1_by_epochs():
    for losses, patience in sequences(60):
        model, stopper = classifier(hidden=()), Scripted(losses, patience=patience)
        model.fit(X, Y, batch_size=20, epochs=len(losses), callbacks=[stopper])
        best = check(stopper, model, losses, patience)
        assert stopper.best_step == 3 * best
        assert stopper.best_epoch == (best - 1 if best else None)


def test_algorithm_7_1_by_steps():
    for losses, patience in sequences(60):
        n = len(losses) % 5 + 1  # of 3 steps an epoch
        model, stopper = classifier(hidden=()), Scripted(losses, patience=patience, every_n_steps=n)
        history = model.fit(X, Y, batch_size=20, epochs=n * len(losses) // 3 or 1, callbacks=[stopper])
        done = min(len(losses), history.params["epochs"] * 3 // n)
        best = check(stopper, model, losses[:done], patience)
        assert stopper.best_step == n * best
        assert stopper.best_epoch == ((n * best - 1) // 3 if best else None)


def test_patience_one_is_the_first_rise():
    losses = [5.0, 4.0, 3.0, 3.0, 1.0]
    for patience in (0, 1):
        model, stopper = classifier(), Scripted(losses, patience=patience)
        history = model.fit(X, Y, epochs=5, callbacks=[stopper])
        assert len(history.epoch) == 4
        assert (stopper.best_epoch, stopper.stopped_epoch, stopper.wait) == (2, 3, 1)


def test_where_nothing_is_better_the_first_weights_come_back():
    model = classifier()
    begin = weight_hash(model)
    stopper = Scripted([NAN, math.inf, NAN], patience=2)
    history = model.fit(X, Y, epochs=3, callbacks=[stopper])
    assert len(history.epoch) == 2
    assert weight_hash(model) == begin
    assert (stopper.best_epoch, stopper.best_step) == (None, 0)


def test_what_it_sees_is_the_held_out_data_after_n_steps():
    """By hand: n steps, an evaluation, n steps, ..."""
    seen = []

    class Watch(fd.callbacks.EarlyStopping):
        def on_evaluation(self, step, logs):
            seen.append((step, logs["val_loss"], logs["val_accuracy"], weight_hash(self.model)))
            super().on_evaluation(step, logs)

    model = classifier()
    model.fit(
        X,
        Y,
        batch_size=10,
        epochs=3,
        shuffle=False,
        validation_data=(X_DEV, Y_DEV),
        callbacks=[Watch(patience=99, every_n_steps=4)],
    )
    by_hand, want = classifier(), []
    for step in range(1, 19):
        rows = slice(10 * ((step - 1) % 6), 10 * ((step - 1) % 6) + 10)
        by_hand.train_on_batch(X[rows], Y[rows])
        if step % 4 == 0:
            want.append((step, *by_hand.evaluate(X_DEV, Y_DEV), weight_hash(by_hand)))
    assert seen == want


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_evaluations_between_steps_change_no_bits(backend):
    models = [classifier(backend=backend) for _ in range(2)]
    stopper = fd.callbacks.EarlyStopping(patience=99, every_n_steps=4, restore_best_weights=False)
    for model, callbacks in zip(models, ([stopper], []), strict=True):
        model.fit(X, Y, batch_size=10, epochs=3, validation_data=(X_DEV, Y_DEV), callbacks=callbacks)
    assert weight_hash(models[0]) == weight_hash(models[1])
    assert models[0].history.history == models[1].history.history
    assert stopper.best_step in (4, 8, 12, 16)


def test_batches_of_an_iterator_by_steps():
    def batches():
        for first in range(0, 60, 10):
            yield X[first : first + 10], Y[first : first + 10]

    class Batches:
        def __iter__(self):
            return batches()

    stoppers = [fd.callbacks.EarlyStopping("loss", patience=1, every_n_steps=4) for _ in range(2)]
    models = [classifier(optimizer=fd.optimizers.SGD(0.5)) for _ in range(2)]
    models[0].fit(X, Y, batch_size=10, epochs=20, shuffle=False, callbacks=[stoppers[0]])
    models[1].fit(Batches(), epochs=20, callbacks=[stoppers[1]])
    assert stoppers[0].stopped_epoch is not None
    assert weight_hash(models[0]) == weight_hash(models[1])
    assert stoppers[0].best_step == stoppers[1].best_step


def test_held_out_data_of_an_iterator_by_steps():
    """Each evaluation takes the next `validation_steps` batches, also in the middle of an epoch."""
    made = []

    def held_out():
        while True:
            for first in range(0, 40, 20):
                made.append(first)
                yield X_DEV[first : first + 20], Y_DEV[first : first + 20]

    stoppers = [fd.callbacks.EarlyStopping(patience=2, every_n_steps=4) for _ in range(2)]
    models = [classifier(optimizer=fd.optimizers.SGD(0.5)) for _ in range(2)]
    models[0].fit(X, Y, batch_size=10, epochs=20, validation_data=(X_DEV, Y_DEV), callbacks=[stoppers[0]])
    fit = {"validation_data": held_out(), "validation_steps": 2, "prefetch": 0}
    models[1].fit(X, Y, batch_size=10, epochs=20, callbacks=[stoppers[1]], **fit)
    assert stoppers[0].stopped_epoch is not None
    assert weight_hash(models[0]) == weight_hash(models[1])
    assert stoppers[0].best == pytest.approx(stoppers[1].best, rel=1e-6)
    assert len(made) > 2 * len(models[1].history.epoch)


def test_a_progress_line_changes_nothing(monkeypatch, capsys):
    stoppers = [fd.callbacks.EarlyStopping(patience=2, every_n_steps=4) for _ in range(2)]
    models = [classifier(optimizer=fd.optimizers.SGD(0.5)) for _ in range(2)]
    fit = {"batch_size": 10, "epochs": 20, "validation_data": (X_DEV, Y_DEV)}
    models[0].fit(X, Y, callbacks=[stoppers[0]], **fit)
    monkeypatch.setattr("fastdnn.training._PROGRESS_SECONDS", 1e-9)  # pauses after every step
    listener = fd.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    models[1].fit(X, Y, verbose=1, callbacks=[stoppers[1]], **fit)
    models.append(classifier(optimizer=fd.optimizers.SGD(0.5)))
    models[2].fit(X, Y, callbacks=[listener, stoppers[1]], **fit)
    assert len({weight_hash(model) for model in models}) == 1
    assert models[0].history.history == models[1].history.history == models[2].history.history


def test_an_accuracy_is_maximised():
    stopper = fd.callbacks.EarlyStopping("val_accuracy", patience=3)
    model = classifier()
    history = model.fit(X, Y, epochs=30, validation_data=(X_DEV, Y_DEV), callbacks=[stopper])
    accuracies = history.history["val_accuracy"]
    assert stopper.best == max(accuracies)
    assert stopper.best_epoch == int(np.argmax(accuracies))
    assert model.evaluate(X_DEV, Y_DEV)[1] == max(accuracies)


def test_it_says_when_it_stops(capsys):
    classifier().fit(X, Y, epochs=9, callbacks=[Scripted([3, 2, 2, 2], patience=2, verbose=1)])
    assert capsys.readouterr().out == "Epoch 4: early stopping; the best weights are those of epoch 2\n"


def test_held_out_data_that_is_not_finite_leaves_the_model_as_it_was():
    x = np.repeat(X_DEV, 20, axis=0)  # more than the model's numbers: met when it is evaluated
    x[-1, 3] = NAN
    model = classifier(hidden=())
    begin = weight_hash(model)
    stopper = fd.callbacks.EarlyStopping(patience=2, every_n_steps=4)
    with pytest.raises(ValueError, match=r"validation_data\] .* row 799"):
        model.fit(
            X, Y, batch_size=10, validation_data=(x, np.repeat(Y_DEV, 20)), callbacks=[stopper], epochs=3
        )
    assert weight_hash(model) == begin
    assert model.compiled.epochs_done == 0


# ---- Going on from a state

ARGUMENTS = [
    {"patience": 2},
    {"patience": 3, "every_n_steps": 4},
    {"patience": 2, "every_n_steps": 7, "min_delta": 0.01},
    {"patience": 2, "start_from_epoch": 3},
    {"patience": 1, "restore_best_weights": False},
    {"monitor": "val_accuracy", "patience": 2, "baseline": 0.3},
]
FIT = {"batch_size": 12, "validation_data": (X_DEV, Y_DEV)}


def fresh():
    return classifier(optimizer=fd.optimizers.SGD(0.3, momentum=0.9), seed=3)


class Checkpoints(fd.callbacks.Callback):
    """The model and the other callback's state after each epoch."""

    def __init__(self, stopper):
        self.stopper = stopper
        self.kept = []

    def on_epoch_end(self, epoch, logs=None):
        self.kept.append((copy.deepcopy(self.model), self.stopper.get_state()))


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=repr)
def test_going_on_is_as_if_never_interrupted(arguments):
    whole, stopper = fresh(), fd.callbacks.EarlyStopping(**arguments)
    checkpoints = Checkpoints(stopper)
    whole.fit(X, Y, epochs=20, callbacks=[stopper, checkpoints], **FIT)
    assert stopper.stopped_epoch is not None  # else the test is too short
    for epoch, (model, state) in enumerate(checkpoints.kept):
        again = fd.callbacks.EarlyStopping(**arguments)
        again.set_state(state)
        model.fit(X, Y, epochs=19 - epoch, callbacks=[again], **FIT)
        assert weight_hash(model) == weight_hash(whole)
        for name in ("best", "best_epoch", "best_step", "stopped_epoch", "wait"):
            assert getattr(again, name) == getattr(stopper, name), name


def test_a_state_is_numbers_and_arrays():
    stopper = fd.callbacks.EarlyStopping(patience=2)
    checkpoints = Checkpoints(stopper)
    model = fresh()
    model.fit(X, Y, epochs=2, callbacks=[stopper, checkpoints], **FIT)
    state = checkpoints.kept[-1][1]
    arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
    assert set(arrays) == {f"weights/{name}" for name in model.weights.weights}
    assert all(type(value) in (int, float) for name, value in state.items() if name not in arrays)
    as_arrays = {name: np.asarray(value) for name, value in state.items()}  # as a file may give them
    again = fd.callbacks.EarlyStopping(patience=2)
    again.set_state(as_arrays)
    for _ in range(2):
        kept = again.get_state()
        assert kept.keys() == state.keys()
        assert all(kept[name] == state[name] for name in state if name not in arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(kept[name], array)
            kept[name][:] = 0  # a copy: the callback keeps its own


def test_one_that_had_stopped_does_not_train_on():
    model, stopper = fresh(), Scripted([3, 2, 2, 2], patience=2)
    checkpoints = Checkpoints(stopper)
    model.fit(X, Y, epochs=9, callbacks=[stopper, checkpoints])
    last, state = checkpoints.kept[-1]
    again = fd.callbacks.EarlyStopping("loss", patience=2)
    again.set_state(state)
    history = last.fit(X, Y, epochs=5, callbacks=[again])
    assert history.epoch == []
    assert weight_hash(last) == weight_hash(model)


def test_bad_states():
    stopper = fd.callbacks.EarlyStopping()
    good = stopper.get_state()
    for key, value, message in [
        ("wait", 1.5, "wait as a whole number"),
        ("wait", -2, "wait as a whole number"),
        ("best", NAN, "best as a number"),
        ("best", "low", "best as a number"),
        ("best", np.zeros(2), "best as a number"),
        ("best", 10**400, "best as a number"),
        ("wait", np.zeros(2, int), "wait as a whole number"),
        ("weights/dense/bias", "heavy", "weights/dense/bias as real numbers, got str"),
        (
            "weights/dense/bias",
            np.array([1j]),
            "weights/dense/bias as real numbers, got ndarray of dtype complex",
        ),
        (1, 1, "expected numbers best, "),
        ("more", 1, "expected numbers best, "),
    ]:
        with pytest.raises(ValueError, match=message):
            stopper.set_state({**good, key: value})
        assert stopper.get_state() == good
    with pytest.raises(ValueError, match="got none"):
        stopper.set_state({})
    for nothing in (None, "state", [1]):
        with pytest.raises(ValueError, match="expected numbers best, "):
            stopper.set_state(nothing)
    assert stopper.get_state() == good
    stopper.set_state({**good, "weights/other": np.zeros(3)})
    model = classifier()
    begin = weight_hash(model)
    with pytest.raises(ValueError, match=r"best weights of .*'other'"):
        model.fit(X, Y, validation_data=(X_DEV, Y_DEV), callbacks=[stopper])
    assert weight_hash(model) == begin
    weights = {f"weights/{name}": np.full(w.shape, 1e300) for name, w in model.weights.weights.items()}
    stopper.set_state({**good, **weights})
    with pytest.raises(ValueError, match=r"EarlyStopping, set_state.* of numbers within float32"):
        model.fit(X, Y, validation_data=(X_DEV, Y_DEV), callbacks=[stopper])
    assert weight_hash(model) == begin


def test_other_callbacks_have_no_state():
    plain = fd.callbacks.Callback()
    assert plain.get_state() == {}
    plain.set_state({})
    with pytest.raises(ValueError, match="expected no state, got wait"):
        plain.set_state({"wait": 1})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every_n_steps": 0}, "every_n_steps as a whole number >= 1, got 0"),
        ({"every_n_steps": 1.5}, "every_n_steps"),
        ({"baseline": NAN}, "baseline"),
        ({"min_delta": math.inf}, "finite 0 <= min_delta, got inf"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        fd.callbacks.EarlyStopping(**arguments)


# ---- The hook by itself


class Every(fd.callbacks.Callback):
    """Asks for evaluations after given numbers of steps."""

    def __init__(self, waits):
        self.waits = list(waits)
        self.seen = []
        self.left = self.waits.pop(0)
        self.last = 0

    def steps_to_evaluation(self):
        done = int(self.model.compiled.state.iterations) - self.last
        return None if self.left is None else self.left - done

    def on_evaluation(self, step, logs):
        self.seen.append((step, sorted(logs)))
        self.last = step
        self.left = self.waits.pop(0) if self.waits else None


def test_several_callbacks_are_each_told_at_their_steps():
    one, other = Every([4, 2, 1, 5]), Every([6, 6])
    model = classifier()
    model.fit(X, Y, batch_size=10, epochs=2, validation_data=(X_DEV, Y_DEV), callbacks=[one, other])
    figures = ["accuracy", "learning_rate", "loss", "val_accuracy", "val_loss"]
    assert one.seen == [(step, figures) for step in (4, 6, 7, 12)]
    assert other.seen == [(step, figures) for step in (6, 12)]


def test_native_calls_end_at_the_evaluations(monkeypatch):
    from fastdnn.backend import _NativeTrainer

    calls = []
    run = _NativeTrainer.run
    monkeypatch.setattr(
        _NativeTrainer, "run", lambda *given, **named: calls.append(1) or run(*given, **named)
    )
    classifier().fit(X, Y, batch_size=10, epochs=2, callbacks=[Every([4, 6])])  # 6 steps an epoch
    assert len(calls) == 4  # up to 4, 6, 10, 12
    evaluated = []
    evaluate = fd.Model.evaluate_prepared
    monkeypatch.setattr(
        fd.Model,
        "evaluate_prepared",
        lambda *given, **named: evaluated.append(1) or evaluate(*given, **named),
    )
    classifier().fit(
        X, Y, batch_size=10, epochs=2, validation_data=(X_DEV, Y_DEV), callbacks=[Every([4, 2, 6])]
    )
    assert len(evaluated) == 3  # once at the end of an epoch, whoever wants it


def test_a_wrong_number_of_steps_is_refused():
    wrong = type("Wrong", (fd.callbacks.Callback,), {"steps_to_evaluation": lambda self: 0})()
    with pytest.raises(
        ValueError, match=r"\[Wrong\] expected steps_to_evaluation\(\) as a whole number >= 1"
    ):
        classifier().fit(X, Y, callbacks=[wrong])
