"""deepcopy and pickle of models: arrays and settings, no pointers; training goes on with the same bits."""

import copy
import pickle
import threading

import numpy as np
import pytest
from interpreters import output
from networks import classification, classifier, weight_hash
from random_networks import random_network

import fastdnn as fd

X, Y = classification(rows=70)
COPIES = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    **{
        f"pickle {protocol}": lambda model, protocol=protocol: pickle.loads(pickle.dumps(model, protocol))
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    },
}
by_every_way = pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
OPTIMIZERS = [
    fd.optimizers.SGD(0.05),
    fd.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    fd.optimizers.Adam(0.01),
]


def state_of(model):
    """The optimiser's state as bytes."""
    native = model.compiled.state
    names = [name for name, *_ in model.weights.native.segments("theta")]
    return {(slot, name): native.get(slot, name).tobytes() for slot in native.slot_names for name in names}


@by_every_way
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_copy_trains_on_with_the_same_bits(way, optimizer, dtype):
    model = classifier(optimizer=copy.copy(optimizer), dtype=dtype)
    model.fit(X, Y, batch_size=16, epochs=2)
    twin = way(model)
    assert weight_hash(twin) == weight_hash(model)
    assert state_of(twin) == state_of(model)
    assert twin.compiled.state.iterations == model.compiled.state.iterations == 10
    before = weight_hash(model)
    one, other = twin.fit(X, Y, batch_size=16, epochs=3), None
    assert weight_hash(model) == before  # they share nothing
    other = model.fit(X, Y, batch_size=16, epochs=3)
    assert weight_hash(twin) == weight_hash(model)
    assert one.history == other.history
    assert state_of(twin) == state_of(model)


@by_every_way
@pytest.mark.parametrize("seed", range(6))
def test_networks_with_branches_train_on_with_the_same_bits(way, seed):
    """With running figures, dropout, and the optimiser's state; as in one go."""
    x, y = classification(rows=70, features=11)
    model = random_network(seed)
    model.fit(x, y, batch_size=16, epochs=2)
    twin = way(model)
    assert state_of(twin) == state_of(model)
    assert [repr(layer) for layer in twin.layers] == [repr(layer) for layer in model.layers]
    np.testing.assert_array_equal(twin.predict(x), model.predict(x))
    one, other = (each.fit(x, y, batch_size=16, epochs=2) for each in (twin, model))
    assert weight_hash(twin) == weight_hash(model)
    assert state_of(twin) == state_of(model)
    assert one.history == other.history
    whole = random_network(seed)
    whole.fit(x, y, batch_size=16, epochs=4)
    assert weight_hash(twin) == weight_hash(whole)


@by_every_way
def test_a_layer_that_is_used_twice_stays_one(way):
    x, shared = fd.Input((20,)), fd.layers.Dense(20, "tanh")
    model = fd.Model(x, fd.layers.Dense(2)(shared(shared(x))), seed=0)
    model.layers[1].trainable = False
    twin = way(model)
    assert len(twin.layers) == len(model.layers) == 3
    assert not twin.layers[1].trainable
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


@by_every_way
def test_what_is_copied(way):
    model = classifier(hidden=(8, 9), seed=7)
    model.fit(X, Y, epochs=2, validation_split=0.3)
    twin = way(model)
    assert type(twin) is fd.Sequential
    assert (twin.seed, twin.dtype) == (7, "float32")
    assert [repr(layer) for layer in twin.layers] == [repr(layer) for layer in model.layers]
    assert not set(map(id, twin.layers)) & set(map(id, model.layers))
    assert twin.history.history == model.history.history
    assert twin.history.epoch == [0, 1]
    assert twin.history.params == model.history.params
    assert twin.history.model is twin
    assert twin.evaluate(X, Y) == model.evaluate(X, Y)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


@by_every_way
def test_models_that_are_not_built_or_not_compiled(way):
    bare = way(fd.Sequential([fd.layers.Dense(3)], seed=5))
    bare.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    built = fd.Sequential([fd.layers.Dense(3)], seed=5)
    built.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    compiled = way(built)
    for model in (bare, built, compiled):
        model.fit(X, Y % 3)
    assert weight_hash(bare) == weight_hash(built) == weight_hash(compiled)
    plain = fd.Sequential([fd.layers.Input((20,)), fd.layers.Dense(3)], seed=5)
    with pytest.raises(ValueError, match="a compiled model"):
        way(plain).fit(X, Y)


@by_every_way
def test_layers_with_figures_of_their_own(way):
    """What a layer was made with does not come back over what the model holds now."""
    layer = fd.layers.Normalization(mean=np.zeros(20), std=np.ones(20))
    model = fd.Sequential([fd.layers.Input((20,)), layer, fd.layers.Dense(2)], seed=0)
    layer.adapt(X)
    twin = way(model)
    np.testing.assert_array_equal(twin.layers[1].mean, layer.mean)
    assert abs(layer.mean).max() > 0
    early = fd.layers.Normalization()
    early.adapt(X)
    unbuilt = way(fd.Sequential([early, fd.layers.Dense(2)], seed=0))
    np.testing.assert_array_equal(unbuilt.predict(X), way(unbuilt).predict(X))
    np.testing.assert_array_equal(unbuilt.layers[1].mean, layer.mean)


class Noted(fd.Sequential):
    """A model with an attribute of its own."""

    note = None


@by_every_way
def test_a_subclass_keeps_its_attributes(way):
    model = Noted([fd.layers.Input((20,)), fd.layers.Dense(2)], seed=0)
    model.note = {"tried": [1, 2]}
    twin = way(model)
    assert type(twin) is Noted
    assert twin.note == {"tried": [1, 2]}


def test_a_layer_is_copied_without_its_model():
    model = classifier()
    layer = copy.deepcopy(model.layers[1])
    assert not layer.attached
    other = fd.Sequential([fd.layers.Input((20,)), layer, fd.layers.Dense(2)], seed=0)
    assert other.get_weights()[0].shape == (20, 33)


def test_a_history_is_pickled_without_the_model():
    model = classifier(hidden=(400,))
    history = model.fit(X, Y)
    written = pickle.dumps(history)
    assert len(written) < 5000
    assert pickle.loads(written).history == history.history


def test_a_pickle_holds_no_pointers():
    """Two pickles of equal models are the same bytes, in whatever place of memory these are."""

    def written():
        model = classifier()
        model.fit(X, Y, epochs=2, threads=1)
        return pickle.dumps(model)

    assert written() == written()


def test_a_pickle_goes_to_another_process():
    code = """
        import pickle, sys
        from networks import classification, weight_hash
        model = pickle.load(open(sys.argv[1], "rb"))
        x, y = classification(rows=70)
        model.fit(x, y, epochs=2)
        print(weight_hash(model))
    """
    import tempfile

    model = classifier()
    model.fit(X, Y)
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        pickle.dump(model, file)
        file.flush()
        got = output(code, file.name)
    model.fit(X, Y, epochs=2)
    assert got == weight_hash(model)


@pytest.mark.parametrize("form", [0, 2, None, "3"])
def test_pickles_of_another_form_are_refused(form, monkeypatch):
    model = classifier()
    monkeypatch.setattr("fastdnn.io.pickling.FORM", form)
    written = pickle.dumps(model)
    monkeypatch.undo()
    with pytest.raises(
        fd.FormatError, match=rf"\[pickle\] expected a model pickled in form 3, got form {form!r}, by fastdnn"
    ):
        pickle.loads(written)


@by_every_way
def test_a_copy_from_a_callback_is_that_of_the_step(way):
    copies = []

    class Take(fd.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            copies.append((way(self.model), weight_hash(self.model)))

        def on_epoch_end(self, epoch, logs=None):
            copies.append((way(self.model), weight_hash(self.model)))

    model, whole = classifier(), classifier()
    model.fit(X, Y, batch_size=35, epochs=2, callbacks=[Take()])
    assert len(copies) == 6
    for twin, want in copies:
        assert weight_hash(twin) == want
    assert [twin.compiled.state.iterations for twin, _ in copies] == [1, 2, 2, 3, 4, 4]
    copies[2][0].fit(X, Y, batch_size=35, epochs=3)  # from the end of the first epoch on
    whole.fit(X, Y, batch_size=35, epochs=4)
    assert weight_hash(copies[2][0]) == weight_hash(whole)


def test_copies_from_another_thread_are_of_whole_steps():
    """Weights, optimiser state and step number of one step: the same as those of a run of so many steps."""
    hashes = {}

    class Note(fd.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            hashes[self.model.compiled.state.iterations] = (weight_hash(self.model), state_of(self.model))

    noted = classifier(hidden=(64, 64))
    first = weight_hash(noted)
    noted.fit(X, Y, batch_size=7, epochs=30, callbacks=[Note()])
    model = classifier(hidden=(64, 64))
    copies, over = [], threading.Event()

    def take():
        while not over.is_set() or not copies:
            copies.append(copy.deepcopy(model))

    taker = threading.Thread(target=take)
    taker.start()
    try:
        model.fit(X, Y, batch_size=7, epochs=30)
    finally:
        over.set()
        taker.join()
    for twin in copies:
        state = twin.compiled.state
        if state is None or state.iterations == 0:
            assert weight_hash(twin) == first
        else:
            assert (weight_hash(twin), state_of(twin)) == hashes[state.iterations]
