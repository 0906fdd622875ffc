"""The bits of a training run do not depend on the number of threads, or on how often it is interrupted."""

import numpy as np
import pytest
from networks import classification, classifier, weight_hash
from random_networks import data_for, random_heads, random_network

from fastdnn import _core


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", [(), (1,), (33,), (64, 17, 5)])
@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_one_hash_for_1_to_8_threads(dtype, hidden, batch_size):
    x, y = classification(rows=101)
    hashes = {}
    for threads in range(1, 9):
        model = classifier(hidden=hidden, dtype=dtype)
        history = model.fit(x, y, batch_size=batch_size, epochs=2, threads=threads)
        ran = history.params["threads"]
        assert ran == threads or _core.build_info()["threading"] == "serial"
        hashes[threads] = weight_hash(model), tuple(history.history["loss"])
    assert len(set(hashes.values())) == 1, hashes


@pytest.mark.parametrize("seed", range(20))
def test_one_hash_for_any_network(seed):
    """50 steps; batch 32 of 150 rows leaves one of 22, and the chunks of batch normalisation are crossed."""
    x, y = classification(rows=150, features=11, classes=4)
    batch_size = (32, 150)[seed % 4 == 0]
    epochs = 10 if batch_size == 32 else 50
    hashes = {}
    for threads in range(1, 9):
        model = random_network(seed)
        history = model.fit(x, y, batch_size=batch_size, epochs=epochs, threads=threads)
        hashes[threads] = weight_hash(model), tuple(history.history["loss"])
    assert len(set(hashes.values())) == 1, hashes


@pytest.mark.parametrize("seed", range(10))
def test_one_hash_for_several_inputs_and_outputs(seed):
    hashes = {}
    for threads in range(1, 9):
        model = random_heads(seed)
        x, y, weights = data_for(model, 101)
        fitted = model.fit(x, y, batch_size=32, epochs=5, sample_weight=weights, threads=threads)
        outputs = model.predict(x, threads=threads)
        bits = [fitted.history, *[array.tobytes() for array in outputs.values()]]
        hashes[threads] = weight_hash(model), repr(bits), repr(model.evaluate(x, y, threads=threads))
    assert len(set(hashes.values())) == 1, hashes


def test_one_hash_where_products_are_cut_by_columns():
    """Weights of a megabyte or more."""
    x, y = classification(rows=40, features=512)
    hashes = set()
    for threads in range(1, 9):
        model = classifier(features=512, hidden=(600, 520))
        model.fit(x, y, batch_size=16, epochs=1, threads=threads)
        hashes.add((weight_hash(model), model.predict(x, threads=threads).tobytes()))
    assert len(hashes) == 1


def test_predictions_do_not_depend_on_threads_or_neighbours():
    x, y = classification(rows=700)
    model = classifier(hidden=(33, 9))
    model.fit(x, y, epochs=1)
    whole = model.predict(x, threads=1)
    for threads in range(2, 9):
        np.testing.assert_array_equal(model.predict(x, threads=threads), whole)
        assert model.evaluate(x, y, threads=threads) == model.evaluate(x, y, threads=1)
    for rows in (1, 2, 3, 5, 17, 255, 256, 257):
        np.testing.assert_array_equal(model.predict(x[:rows]), whole[:rows])
    for rows in (1, 7, 10**6):
        np.testing.assert_array_equal(model.predict(x, batch_size=rows), whole)
    np.testing.assert_array_equal(model.predict(x[::-1])[::-1], whole)


def trainer_of(model, x, y, batch_size):
    compiled = model.compiled
    program = model.training_program()
    plan = _core.Plan(program.to_native(), model.weights.native, batch_size)
    optimizer = compiled.optimizer.make_state(model.weights.native)
    arrays = model.prepare("test", x, y).arrays
    return _core.Trainer(plan, model.weights.native, optimizer, arrays, batch_size, True, 5)


def test_an_epoch_in_slices_is_the_same_epoch():
    x, y = classification(rows=500)
    one = classifier()
    trainer = trainer_of(one, x, y, 16)
    scalars = one.optimizer.table(0, 1, 0)
    assert trainer.run(scalars, 0.0, 2, False)[0] == "epoch_done"
    sliced = classifier()
    again = trainer_of(sliced, x, y, 16)
    ends = []
    while not ends or ends[-1][0] != "epoch_done":
        ends.append(again.run(scalars, 1e-9, 2, False))  # the time is over after each step
    assert [end[:2] for end in ends[:-1]] == [("paused", i + 1) for i in range(31)]
    assert weight_hash(one) == weight_hash(sliced)
    assert (trainer.sums, trainer.rows_done) == (again.sums, 500)


def test_fits_of_one_epoch_each_are_one_fit():
    x, y = classification()
    whole = classifier()
    whole.fit(x, y, epochs=4)
    parts = classifier()
    for _ in range(4):
        parts.fit(x, y, epochs=1)
    assert weight_hash(whole) == weight_hash(parts)


def test_seed_decides_and_layout_does_not():
    x, y = classification()

    def trained(seed, data):
        model = classifier(seed=seed)
        model.fit(data, y, epochs=2)
        return weight_hash(model)

    wide = np.zeros((300, 40), np.float32)
    wide[:, ::2] = x
    layouts = [
        x,
        np.asfortranarray(x),
        x.astype(np.float64),
        x.astype(">f4"),
        wide[:, ::2],
        x[::-1][::-1],
        x.tolist(),
    ]
    assert len({trained(1, data) for data in layouts}) == 1
    assert trained(1, x) != trained(2, x)


def test_shuffle_false_keeps_the_order():
    x, y = classification(rows=60)
    in_order = classifier()
    in_order.fit(x, y, batch_size=10, shuffle=False)
    again = classifier()
    for i in range(6):
        again.fit(x[10 * i : 10 * i + 10], y[10 * i : 10 * i + 10], batch_size=10, shuffle=False)
    assert weight_hash(in_order) == weight_hash(again)
