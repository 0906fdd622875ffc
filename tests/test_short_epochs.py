"""Several short epochs in one native call: the same as each by itself, however it ends."""

import copy
import threading
import time

import numpy as np
import pytest
from interpreters import output
from networks import classification, classifier, weight_hash

import fastdnn as fd
from fastdnn import short_epochs, training

X, Y = classification(rows=60)


class Listens(fd.callbacks.Callback):
    """Hears of each epoch at its end: each is a call of its own."""

    def on_epoch_end(self, epoch, logs=None):
        pass


class Late(fd.callbacks.Callback):
    """Hears of epochs some hundredths of a second late; `act` is called with their numbers."""

    takes_epochs_late = True

    def __init__(self, act):
        self.act = act

    def on_epoch_end(self, epoch, logs=None):
        self.act(epoch)


@pytest.fixture
def counts(monkeypatch):
    """How many epochs each native call of several was asked for."""
    asked = []

    def counting(model, trainer, threads, count, tell):
        asked.append(count)
        return run_epochs(model, trainer, threads, count, tell)

    run_epochs = training.run_epochs
    monkeypatch.setattr(training, "run_epochs", counting)
    monkeypatch.setattr(short_epochs, "_SECONDS", 5.0)  # a reference's epoch is short, too
    return asked


def regularised(**compile_with):
    layers = [fd.Input((20,)), fd.layers.Dense(8, "relu", kernel_regularizer="l2"), fd.layers.Dropout(0.3)]
    model = fd.Sequential([*layers, fd.layers.BatchNormalization(), fd.layers.Dense(4)], seed=4)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.Adam(0.01), loss, metrics=["accuracy"], **compile_with)
    return model


MODELS = {
    "plain": classifier,
    "momentum, float64": lambda: classifier(optimizer=fd.optimizers.SGD(0.1, momentum=0.9), dtype="float64"),
    "dropout, batch norm, l2": regularised,
    "reference": lambda: regularised(backend="reference"),
}
DATA = {
    "rows of a last batch": {"batch_size": 16},
    "in order": {"shuffle": False, "batch_size": 7},
    "weights": {"sample_weight": np.linspace(0.5, 2, 60), "class_weight": {0: 1.0, 1: 2.0, 2: 0.5}},
    "two threads": {"threads": 2},
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("arguments", DATA.values(), ids=DATA)
def test_the_same_as_each_by_itself(make, arguments, counts):
    x = X.astype(make().dtype)
    one, other = make(), make()
    by_itself = one.fit(x, Y, epochs=12, verbose=0, callbacks=[Listens()], **arguments)
    assert counts == []
    together = other.fit(x, Y, epochs=12, verbose=0, **arguments)
    assert counts, "no call ran several epochs"
    assert weight_hash(one) == weight_hash(other)
    assert together.history == by_itself.history
    assert together.epoch == by_itself.epoch == list(range(12))
    assert together.params == by_itself.params
    assert one.compiled.epochs_done == other.compiled.epochs_done == 12
    one.fit(x, Y, epochs=3, verbose=0, **arguments)  # the orders of epochs 12, 13, 14
    other.fit(x, Y, epochs=3, verbose=0, callbacks=[Listens()], **arguments)
    assert weight_hash(one) == weight_hash(other)


def schedule(step):
    return 0.1 / (1 + step)


@pytest.mark.parametrize(
    "arguments",
    [
        {"callbacks": [fd.callbacks.EarlyStopping("loss", patience=3)]},
        {"callbacks": [fd.callbacks.LambdaCallback(on_epoch_begin=lambda *_: None)]},
        {"callbacks": [fd.callbacks.LambdaCallback(on_train_batch_end=lambda *_: None)]},
        {"callbacks": [fd.diagnose.Monitor(every=5)]},
        {"validation_data": (X, Y)},
        {"validation_split": 0.2},
        {"verbose": 2},
    ],
    ids=["early stopping", "epoch begin", "batch end", "monitor", "validation", "split", "lines"],
)
def test_not_where_somebody_waits_for_them(arguments, counts, capsys):
    classifier().fit(X, Y, epochs=20, **{"verbose": 0, **arguments})
    assert counts == []
    capsys.readouterr()


def test_not_with_what_python_gives_in_each_epoch(counts):
    classifier(optimizer=fd.optimizers.SGD(schedule)).fit(X, Y, epochs=20, verbose=0)
    model = classifier()
    model.compile("adam", model.compiled.loss, metrics=[lambda y, y_hat: float(len(y))])
    model.fit(X, Y, epochs=20, verbose=0)
    assert counts == []


def test_derived_from_one_that_takes_them_late_it_does_not(counts):
    class Derived(Late):
        pass

    heard = []
    classifier().fit(X, Y, epochs=20, verbose=0, callbacks=[Derived(heard.append)])
    assert counts == []
    assert heard == list(range(20))


def test_who_takes_them_late_hears_of_all(counts):
    heard = []
    classifier().fit(X, Y, epochs=50, verbose=0, callbacks=[Late(heard.append)])
    assert counts
    assert heard == list(range(50))


def test_another_thread_may_stop_it():
    model = classifier()
    timer = threading.Timer(0.3, lambda: setattr(model, "stop_training", True))
    timer.start()
    begun = time.monotonic()
    history = model.fit(X, Y, epochs=10**8, verbose=0)
    assert time.monotonic() - begun < 20
    assert len(history.epoch) == model.compiled.epochs_done > 1
    assert model.optimizer.iterations == 2 * model.compiled.epochs_done


def test_an_error_in_the_middle_leaves_all_epochs_that_were_run():
    def fail(epoch):
        if epoch == 4:
            raise RuntimeError("enough")

    model = classifier()
    with pytest.raises(RuntimeError, match="enough"):
        model.fit(X, Y, epochs=1000, verbose=0, callbacks=[Late(fail)])
    done = model.compiled.epochs_done
    assert 5 < done < 1000
    assert model.optimizer.iterations == 2 * done
    whole = classifier()
    whole.fit(X, Y, epochs=done, verbose=0)
    assert weight_hash(model) == weight_hash(whole)


def exploding():
    """Each step about doubles the error, where inputs are about 1000."""
    model = fd.Sequential([fd.Input((1,)), fd.layers.Dense(1)], seed=0)
    model.compile(fd.optimizers.SGD(1e-6), "mse")
    return model


def test_a_loss_that_is_not_finite_is_told_as_ever(counts):
    x = X * np.float32(1e3)
    told = []
    for callbacks in ([Listens()], []):
        model = exploding()
        with pytest.raises(fd.errors.NonFiniteLossError) as error:
            model.fit(x[:, :1], x[:, :1], epochs=200, batch_size=20, verbose=0, callbacks=callbacks)
        told.append((str(error.value), weight_hash(model), model.compiled.epochs_done, model.history.history))
    assert counts
    assert told[0][:3] == told[1][:3]
    assert told[0][3] == told[1][3]
    assert told[0][2] > 1, "it came in the first epochs, which are calls of their own"


def test_a_number_that_becomes_nan_meanwhile_takes_the_fit_back():
    x = X.copy()

    def write(epoch):
        x[3, 2] = np.nan

    model = classifier(hidden=(2,))
    before = weight_hash(model)
    with pytest.raises(ValueError, match="row 3"):
        model.fit(x, Y, epochs=1000, verbose=0, callbacks=[Late(write)])
    assert weight_hash(model) == before
    assert model.compiled.epochs_done == 0


def test_a_schedule_that_another_thread_gives_ends_them(monkeypatch):
    """In the moment before the native call."""
    model = classifier(optimizer=fd.optimizers.SGD(0.1))
    table = fd.optimizers.SGD.table

    def late(self, *arguments):
        if self.iterations > 0 and not self.schedules:
            self.change("learning_rate", schedule)
        return table(self, *arguments)

    monkeypatch.setattr(fd.optimizers.SGD, "table", late)
    assert len(model.fit(X, Y, epochs=200, verbose=0).epoch) == 200
    assert model.optimizer.schedules


def test_a_copy_in_the_middle_has_the_epochs_of_its_steps():
    model = classifier()
    thread = threading.Thread(target=lambda: model.fit(X, Y, epochs=10**8, verbose=0))
    thread.start()
    copies = []
    try:
        while len(copies) < 20:
            time.sleep(0.02)
            if model.optimizer.iterations > 0:
                copies.append(copy.deepcopy(model))
    finally:
        model.stop_training = True
        thread.join()
    differences = [each.optimizer.iterations / 2 - each.compiled.epochs_done for each in copies[1:]]
    assert max(map(abs, differences)) <= 1, differences
    assert copies[-1].compiled.epochs_done > copies[0].compiled.epochs_done


CTRL_C = """
    import os, signal, sys, threading, time
    import fastdnn as fd
    from networks import classification, classifier, weight_hash
    x, y = classification(rows=60)
    over = threading.Event()
    def send():
        while not over.wait(0.02):
            os.kill(os.getpid(), signal.SIGINT)
    def once_it_trains(model, then):
        def wait():
            while model.optimizer.iterations < 10:
                time.sleep(0.001)
            then()
        threading.Thread(target=wait, daemon=True).start()
    def trained(epochs):
        model = classifier()
        history = model.fit(x, y, epochs=epochs, verbose=0)
        return weight_hash(model), history.history, history.epoch, model.optimizer.iterations
"""


def test_ctrl_c_leaves_whole_steps_and_all_epochs_in_the_history():
    code = """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in range(8):
        model = classifier()
        def interrupt():
            time.sleep(0.01 * number)
            os.kill(os.getpid(), signal.SIGINT)
        once_it_trains(model, interrupt)
        try:
            model.fit(x, y, epochs=10**8, verbose=0)
        except KeyboardInterrupt:
            pass
        done, steps = model.compiled.epochs_done, model.optimizer.iterations
        assert done == len(model.history.epoch) == len(model.history.history["loss"]) > 1
        assert 2 * done <= steps < 2 * done + 2, (done, steps)
        whole = classifier()
        whole.fit(x, y, epochs=done, verbose=0)
        assert whole.history.history == model.history.history
        assert steps > 2 * done or weight_hash(whole) == weight_hash(model)
    print("good")
    """
    assert output(CTRL_C + code) == "good"


def test_a_swallowed_ctrl_c_changes_nothing():
    code = """
    caught = []
    want = trained(20000)
    signal.signal(signal.SIGINT, lambda *_: caught.append(1))
    sender = threading.Thread(target=send)
    sender.start()
    try:
        assert all(trained(20000) == want for _ in range(3))
    finally:
        over.set()
        sender.join()
    assert len(caught) > 5, len(caught)
    print("good")
    """
    assert output(CTRL_C + code) == "good"


def test_a_handler_that_raises_loses_no_epoch_of_the_history():
    code = """
    class Late(Exception):
        pass
    def late(*_):
        raise Late
    signal.signal(signal.SIGALRM, late)
    for number in range(30):
        model = classifier()
        once_it_trains(model, lambda: signal.setitimer(signal.ITIMER_REAL, 0.001 + 0.003 * number))
        try:
            model.fit(x, y, epochs=10**8, verbose=0)
        except Late:
            pass
        done = model.compiled.epochs_done
        assert abs(done - len(model.history.epoch)) <= 1, (done, len(model.history.epoch))
        assert abs(2 * done - model.optimizer.iterations) <= 3
    print("good")
    """
    assert output(CTRL_C + code) == "good"
