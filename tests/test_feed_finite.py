"""NaN and infinity are met when a batch is gathered: the step is not done, and a fit on arrays never was."""

import threading

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd
from fastdnn import training
from fastdnn.snapshot import Snapshot

X, Y = classification(rows=61)
LAST = (60, 19)


def with_value(value, *places, dtype="f4", x=X):
    data = x.astype(dtype)
    for place in places:
        data[place] = value
    return data


def state_of(model):
    """Every bit that a fit may change."""
    state = model.compiled.state
    if state is None:
        return weight_hash(model), model.compiled.epochs_done, None
    trained = [name for name, weight in model.weights.weights.items() if weight.trainable]
    slots = [state.get(slot, name).tobytes() for slot in state.slot_names for name in trained]
    return weight_hash(model), model.compiled.epochs_done, state.iterations, slots


@pytest.mark.parametrize("threads", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("place", [(0, 0), (0, 19), (60, 0), LAST, (33, 7)])
def test_the_place_is_named_and_the_model_is_as_it_was(place, threads):
    model = classifier()
    model.fit(X, Y, epochs=2)
    before = state_of(model)
    for value in (np.nan, np.inf, -np.inf):
        bad = with_value(value, place)
        for where, call in {
            "fit": lambda bad=bad: model.fit(bad, Y, batch_size=8, epochs=2, threads=threads),
            "evaluate": lambda bad=bad: model.evaluate(bad, Y, batch_size=7, threads=threads),
            "predict": lambda bad=bad: model.predict(bad, batch_size=7, threads=threads),
        }.items():
            with pytest.raises(ValueError, match=rf"{value} in row {place[0]}, column {place[1]};") as caught:
                call()
            assert str(caught.value).startswith(f"[{where}] expected finite x, got ")
        assert state_of(model) == before
    again = classifier()
    again.fit(X, Y, epochs=2)
    again.fit(X, Y)
    model.fit(X, Y)
    assert state_of(model) == state_of(again)


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "g"])
def test_every_float_type(dtype, backend):
    model = classifier(backend=backend)
    before = state_of(model)[:2]
    for bad in (
        with_value(np.nan, LAST, dtype=dtype),
        np.asfortranarray(with_value(np.inf, LAST, dtype=dtype)),
    ):
        with pytest.raises(ValueError, match=r"in row 60, column 19;"):
            model.fit(bad, Y, batch_size=16)
        with pytest.raises(ValueError, match=r"in row 60, column 19;"):
            model.predict(bad)
    assert state_of(model)[:2] == before
    if dtype in ("f8", ">f8", "g"):
        with pytest.raises(ValueError, match=r"got inf in row 60, column 19; .* beyond the dtype's range"):
            model.predict(with_value(1e300, LAST, dtype=dtype))


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_the_lowest_row_of_the_batch_is_named(backend):
    bad = with_value(np.nan, (50, 3), (20, 9), (20, 4), (41, 0))
    for threads in range(1, 9):
        for shuffle in (False, True):
            model = classifier(backend=backend)
            with pytest.raises(ValueError, match="nan in row 20, column 4;"):
                model.fit(bad, Y, batch_size=61, shuffle=shuffle, threads=threads)
            with pytest.raises(ValueError, match="nan in row 20, column 4;"):
                model.predict(bad, threads=threads)


@pytest.mark.parametrize("hidden", [(3,), (300,)], ids=["little", "more than the features"])
@pytest.mark.parametrize("held_out", ["none", "data", "split"])
def test_whatever_there_is_more_of(hidden, held_out):
    """A model that is smaller than the features is copied, else the features are gone through before."""
    x, y = np.tile(X, (3, 1)), np.tile(Y, 3)
    bad = x.copy()
    bad[180, 7] = np.nan
    model = classifier(hidden=hidden)
    model.fit(x, y)
    before = state_of(model)
    if held_out == "data":
        data, more, where = x, {"validation_data": (bad, y)}, r"fit, validation_data"
    else:
        data, more, where = bad, {"validation_split": 0.1 if held_out == "split" else 0.0}, "fit"
    with pytest.raises(ValueError, match=rf"\[{where}\] expected finite x, got nan in row 180, column 7;"):
        model.fit(data, y, batch_size=4, epochs=2, shuffle=False, **more)
    assert state_of(model) == before


def test_only_a_model_that_is_smaller_than_the_features_is_copied(monkeypatch):
    copies = []
    monkeypatch.setattr(training, "Snapshot", lambda model: copies.append(model))
    training.Snapshot.bytes_of = Snapshot.bytes_of
    for hidden in (3, 300):
        classifier(hidden=(hidden,)).fit(np.tile(X, (3, 1)), np.tile(Y, 3))
    assert [model.layers[1].weights[0].shape for model in copies] == [(20, 3)]


def test_rows_that_no_step_uses_are_not_looked_at():
    """Those of the held-out tail are met by the first evaluation, and counted as in x."""
    model = classifier()
    before = state_of(model)[:2]
    with pytest.raises(ValueError, match=r"\[fit\] expected finite x, got nan in row 58, column 2;"):
        model.fit(with_value(np.nan, (58, 2)), Y, validation_split=0.2)
    bad = with_value(np.nan, (5, 2))
    with pytest.raises(ValueError, match=r"\[fit, validation_data\] expected finite x, got nan in row 5,"):
        model.fit(X, Y, validation_data=(bad, Y), epochs=3)
    assert state_of(model)[:2] == before
    assert model.compiled.state is None


def test_a_model_that_was_not_built_is_not_built_afterwards():
    layers = [fd.layers.Dense(4)]
    model = fd.Sequential(layers, seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    bad = with_value(np.nan, LAST)
    for call in (
        lambda: model.fit(bad[:, 10:], Y),
        lambda: model.evaluate(bad[:, 10:], Y),
        lambda: model.predict(bad[:, 10:]),
    ):
        with pytest.raises(ValueError, match="nan in row 60, column 9"):
            call()
        assert not model.is_built
    model.fit(X, Y)
    twin = classifier(hidden=())
    twin.fit(X, Y)
    assert weight_hash(model) == weight_hash(twin)


def test_targets_and_weights_are_checked_before_anything_is_trained():
    model = fd.Sequential([fd.layers.Input((20,)), fd.layers.Dense(2)], seed=0)
    model.compile("sgd", "mse")
    before = weight_hash(model)
    target = np.zeros((61, 2), "f2")
    target[60, 1] = np.nan
    with pytest.raises(ValueError, match=r"\[fit\] expected finite y, got nan in row 60, column 1;"):
        model.fit(X, target, batch_size=1)
    with pytest.raises(ValueError, match="finite y, got inf in row 3, column 0"):
        model.fit(X, with_value(1e300, (3, 0), dtype="f8")[:, :2])
    with pytest.raises(ValueError, match="finite sample_weight, got nan in row 60"):
        model.fit(X, np.zeros((61, 2)), sample_weight=with_value(np.nan, LAST)[:, 19])
    assert weight_hash(model) == before
    assert model.compiled.state is None


@pytest.mark.parametrize("threads", [1, 3])
def test_arrays_that_another_thread_writes_meanwhile(threads):
    """The numbers are anyone's guess; each call ends with a history or an error that says what it met."""
    x = np.tile(X, (20, 1)).astype("f8")
    y = np.tile(Y, 20)
    targets = np.zeros((len(x), 2), "f4")
    stop = threading.Event()

    def write():
        while not stop.is_set():
            for value in (np.nan, 0.0, np.inf, 1.0):
                x[::7, 3] = value
                y[::3] = 10**9 if value else 0
                targets[::5] = value

    writer = threading.Thread(target=write)
    writer.start()
    try:
        model = classifier()
        regressor = fd.Sequential([fd.layers.Input((20,)), fd.layers.Dense(2)], seed=0)
        regressor.compile("sgd", "mse")
        for _ in range(10):
            for call in (
                lambda: model.fit(x, y, threads=threads),
                lambda: model.evaluate(x, y, threads=threads),
                lambda: model.predict(x, threads=threads),
                lambda: regressor.fit(X.repeat(20, axis=0), targets, threads=threads),
            ):
                try:
                    call()
                except (ValueError, fd.NonFiniteLossError) as error:
                    assert "expected" in str(error)  # noqa: PT017
    finally:
        stop.set()
        writer.join()
    assert all(np.isfinite(w).all() for m in (model, regressor) for w in m.get_weights())
