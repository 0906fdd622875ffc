"""Batches from generators, iterables and objects like keras.utils.PyDataset: fit, evaluate and predict."""

import collections
import itertools
import threading
import time
import traceback

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd
from fastdnn import _core
from fastdnn.data.prefetch import Prefetch

X, Y = classification(rows=100)
SIZE = 16
SLICES = [slice(begin, begin + SIZE) for begin in range(0, 100, SIZE)]
WEIGHTS = np.linspace(0, 2, 100)


class Dataset:
    """What Keras asks of a PyDataset."""

    def __init__(self, parts=(X, Y), slices=SLICES):
        self.parts = parts
        self.slices = slices
        self.asked = []
        self.ended = 0

    def __len__(self):
        return len(self.slices)

    def __getitem__(self, index):
        self.asked.append(index)
        return tuple(part[self.slices[index]] for part in self.parts)

    def on_epoch_end(self):
        self.ended += 1


class Iterable:
    """A loader without a length."""

    def __init__(self, parts=(X, Y), slices=SLICES):
        self.parts = parts
        self.slices = slices
        self.begun = 0

    def __iter__(self):
        self.begun += 1
        return generator(self.parts, self.slices)


def generator(parts=(X, Y), slices=SLICES):
    for rows in slices:
        yield tuple(part[rows] for part in parts)


def endless(parts=(X, Y)):
    while True:
        yield from generator(parts)


def trained(x, y=None, backend="native", **arguments):
    model = classifier(backend=backend)
    history = model.fit(x, y, **arguments)
    return weight_hash(model), history.history, model.compiled.state.iterations


@pytest.mark.parametrize("prefetch", [0, "auto", 1, 3])
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_batches_are_the_same_as_arrays_in_order(backend, prefetch):
    want = trained(X, Y, backend, batch_size=SIZE, shuffle=False, epochs=3)
    asked = {"epochs": 3, "prefetch": prefetch}
    assert trained(Dataset(), None, backend, shuffle=False, **asked) == want
    assert trained(Iterable(), None, backend, **asked) == want
    assert trained(endless(), None, backend, steps_per_epoch=len(SLICES), **asked) == want
    one = trained(X, Y, backend, batch_size=SIZE, shuffle=False)
    assert trained(generator(), None, backend, prefetch=prefetch) == one


@pytest.mark.parametrize("threads", range(1, 9))
def test_the_same_bits_on_any_number_of_threads(threads):
    assert trained(Dataset(), epochs=2, threads=threads) == trained(Dataset(), epochs=2, threads=1)


def test_weights_of_samples_and_classes():
    want = trained(X, Y, batch_size=SIZE, shuffle=False, sample_weight=WEIGHTS)
    assert trained(generator((X, Y, WEIGHTS))) == want
    want = trained(X, Y, batch_size=SIZE, shuffle=False, class_weight={1: 3.0})
    assert trained(generator(), class_weight={1: 3.0}) == want
    want = trained(X, Y, batch_size=SIZE, shuffle=False, sample_weight=WEIGHTS, class_weight={2: 0.5})
    assert trained(generator((X, Y, WEIGHTS)), class_weight={2: 0.5}) == want
    figures = classifier().evaluate(X, Y, sample_weight=WEIGHTS)
    np.testing.assert_allclose(classifier().evaluate(Dataset((X, Y, WEIGHTS))), figures, rtol=1e-12)


def test_batches_by_index_are_shuffled_by_the_seed_and_the_epoch():
    data = Dataset()
    model = classifier(seed=7)
    model.fit(data, epochs=2)
    model.fit(data)
    orders = [_core.random_permutation(len(SLICES), 7, epoch).tolist() for epoch in range(3)]
    assert data.asked == [index for order in orders for index in order]
    assert data.ended == 3
    in_order = Dataset()
    classifier().fit(in_order, shuffle=False, epochs=2, prefetch=2)
    assert in_order.asked == 2 * list(range(len(SLICES)))


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_batches_of_any_lengths(backend):
    """Also longer ones than the first: each step is that of a fit on its rows alone."""
    cuts = [0, 3, 50, 51, 60, 100]
    slices = [slice(a, b) for a, b in itertools.pairwise(cuts)]
    one_by_one = classifier(backend=backend)
    losses = [
        one_by_one.fit(X[rows], Y[rows], batch_size=100, shuffle=False).history["loss"][0] for rows in slices
    ]
    model = classifier(backend=backend)
    history = model.fit(generator(slices=slices)).history
    assert weight_hash(model) == weight_hash(one_by_one)
    assert history["loss"][0] == pytest.approx(np.dot(losses, np.diff(cuts)) / 100, rel=1e-12)


def test_batches_of_any_type_and_layout():
    doubles = (np.asfortranarray(X.astype("f8")), Y.astype("u1"))
    assert trained(generator(doubles)) == trained(generator())
    lists = ([X[rows].tolist(), Y[rows].tolist()] for rows in SLICES)
    assert trained(lists) == trained(generator())


def test_steps_go_on_where_the_last_epoch_ended():
    whole = trained(endless(), steps_per_epoch=14)
    data = Iterable()
    assert trained(data, steps_per_epoch=14)[0] == whole[0]
    assert data.begun == 2
    data = Iterable()
    assert trained(data, steps_per_epoch=2, epochs=7)[0] == whole[0]
    assert data.begun == 2
    source = endless()
    model = classifier()
    for _ in range(7):
        model.fit(source, steps_per_epoch=2, prefetch=2)  # nothing is made that is not used
    assert weight_hash(model) == whole[0]


def test_data_that_runs_out_ends_training_with_a_warning():
    with pytest.warns(UserWarning, match=r"\[fit\] the data ran out after 3 of 4 batches"):
        weights, history, iterations = trained(generator(), steps_per_epoch=4, epochs=5)
    assert (len(history["loss"]), iterations) == (2, 7)
    with pytest.warns(UserWarning, match="ran out after 0 of"):
        again, history, iterations = trained(generator(), epochs=3)
    assert (len(history["loss"]), iterations) == (1, 7)
    assert again == weights
    with pytest.raises(ValueError, match=r"\[fit\] expected at least one batch, got none"):
        classifier().fit(iter([]))
    with pytest.raises(ValueError, match="at least one batch, got len"):
        classifier().fit(Dataset(slices=[]))


@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_error_of_the_generator_comes_with_its_traceback(prefetch):
    def failing():
        yield from generator(slices=SLICES[:3])
        raise OSError("the disk is gone")

    model = classifier()
    with pytest.raises(OSError, match="the disk is gone") as caught:
        model.fit(failing(), prefetch=prefetch)
    assert "failing" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    steps = classifier()
    steps.fit(generator(slices=SLICES[:3]))
    assert weight_hash(model) == weight_hash(steps)
    assert model.compiled.state.iterations == 3
    assert not [thread for thread in threading.enumerate() if thread.name == "fastdnn-prefetch"]


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("prefetch", [0, 2])
def test_a_bad_batch_is_named_and_the_last_whole_step_stays(prefetch, backend):
    nan = X.copy()
    nan[50, 4] = np.nan
    label = Y.copy()
    label[50] = 9
    steps = classifier(backend=backend)
    steps.fit(generator(slices=SLICES[:3]))
    for parts, message in (
        ((nan, Y), r"\[fit, epoch 1, batch 4\] expected finite x, got nan in row 2, column 4;"),
        ((X, label), r"\[fit, epoch 1, batch 4\] expected labels .*, got 9 in row 2;"),
        ((X[:, :19], Y), r"\[fit, epoch 1, batch 4\] expected x of shape \(examples, 20\)"),
        ((X,), r"\[fit, epoch 1, batch 4\] expected y as"),
        (
            (X, Y, WEIGHTS),
            r"batch 4\] expected no sample_weight, as in the first batch, got one sample_weight",
        ),
        ((X, Y, Y, Y), r"\[fit, epoch 1, batch 4\] expected a batch as x, \(x, y\) or"),
    ):
        model = classifier(backend=backend)
        batches = [*generator(slices=SLICES[:3]), *generator(parts, SLICES[3:])]
        with pytest.raises(ValueError, match=message):
            model.fit(iter(batches), prefetch=prefetch)
        assert weight_hash(model) == weight_hash(steps)
        assert model.compiled.state.iterations == 3


def test_no_thread_is_left_behind():
    model = classifier()
    bad = X.copy()
    bad[20, 4] = np.nan
    held_out = Dataset((bad, Y))
    errors = []
    for call in (
        lambda: model.fit(generator((X, Y + 4)), prefetch=2),
        lambda: model.fit(generator((bad, Y)), prefetch=2),
        lambda: model.fit(generator(), prefetch=2, validation_data=held_out),
        lambda: model.fit(generator(), prefetch=2, validation_data=(X, Y[1:])),
        lambda: model.evaluate(held_out, prefetch=2),
        lambda: model.predict(held_out, prefetch=2),
    ):
        with pytest.raises(ValueError, match="expected") as caught:
            call()
        errors.append(caught.value)  # with the frames that it came through
        assert not [thread for thread in threading.enumerate() if thread.name == "fastdnn-prefetch"]


def test_validation_from_batches():
    train, tail = (X[:64], Y[:64]), (X[64:], Y[64:])
    arrays = classifier()
    want = arrays.fit(*train, epochs=2, validation_data=tail).history
    sources = {
        "by index": (Dataset(slices=SLICES[4:]), None),
        "by index, in steps": (Dataset(slices=SLICES[4:]), 3),
        "a list's iterator": (generator(slices=2 * SLICES[4:]), 3),
        "endless": (itertools.cycle(generator(slices=SLICES[4:])), 3),
        "loader": (Iterable(tail, SLICES[:3]), None),
    }
    for held_out, steps in sources.values():
        model = classifier()
        got = model.fit(*train, epochs=2, validation_data=held_out, validation_steps=steps).history
        assert weight_hash(model) == weight_hash(arrays)
        for name in ("val_loss", "val_accuracy"):
            np.testing.assert_allclose(got[name], want[name], rtol=1e-12)
        assert getattr(held_out, "ended", 2) == 2
    both = classifier().fit(Dataset(slices=SLICES[:4]), epochs=2, validation_data=tail)
    assert len(both.history["val_loss"]) == 2


@pytest.mark.parametrize("prefetch", [0, 2, "auto"])
def test_evaluate_and_predict(prefetch):
    model = classifier()
    model.fit(X, Y)
    loss, accuracy = model.evaluate(X, Y)
    for source in (Dataset(), Iterable(), generator()):
        got = model.evaluate(source, return_dict=True, prefetch=prefetch)
        assert got == pytest.approx({"loss": loss, "accuracy": accuracy}, rel=1e-12)
    assert model.evaluate(endless(), steps=len(SLICES), prefetch=prefetch) == pytest.approx([loss, accuracy])
    want = model.predict(X)
    for source in (Dataset(), Dataset((X,)), Iterable(), generator(), (X[rows] for rows in SLICES)):
        np.testing.assert_array_equal(model.predict(source, prefetch=prefetch), want)
    np.testing.assert_array_equal(model.predict(endless(), steps=2), want[: 2 * SIZE])
    bad = X.copy()
    bad[50, 4] = np.inf
    with pytest.raises(
        ValueError, match=r"\[predict, batch 4\] expected finite x, got inf in row 2, column 4"
    ):
        model.predict(Dataset((bad,)))
    with pytest.raises(ValueError, match=r"\[evaluate, batch 4\] expected finite x, got inf in row 2"):
        model.evaluate(Dataset((bad, Y)))


def test_a_model_is_built_by_the_first_batch():
    model = fd.Sequential([fd.layers.Dense(33, "relu"), fd.layers.Dense(4)], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match=r"\[fit, epoch 1, batch 1\] expected labels"):
        model.fit(generator((X, Y + 4)))
    assert not model.is_built
    model.fit(generator())
    assert weight_hash(model) == trained(generator())[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": Y}, "no y beside an x that makes batches"),
        ({"batch_size": 4}, "no batch_size beside"),
        ({"sample_weight": WEIGHTS}, "no sample_weight beside"),
        ({"validation_split": 0.2}, "no validation_split beside"),
        ({"steps_per_epoch": 0}, "steps_per_epoch as a whole number >= 1"),
        ({"prefetch": -1}, 'prefetch as "auto" or a number of batches >= 0, got -1'),
        ({"prefetch": "always"}, "prefetch as"),
        ({"prefetch": True}, "prefetch as"),
        ({"validation_data": generator()}, "validation_steps for an iterator, got none"),
        ({"validation_data": (X, Y), "validation_steps": 2}, "no validation_steps beside arrays"),
        ({"class_weight": {9: 1.0}}, "classes from 0 to 3 in class_weight, got 9"),
        (
            {"class_weight": "balanced"},
            "class_weight as a dict .* with batches, got 'balanced'; no batch has",
        ),
    ],
)
def test_bad_arguments(arguments, message):
    model = classifier()
    before = weight_hash(model)
    with pytest.raises(ValueError, match=message):
        model.fit(generator(), **arguments)
    assert weight_hash(model) == before


def test_steps_beside_arrays_are_refused():
    model = classifier()
    for call, name in (
        (lambda: model.fit(X, Y, steps_per_epoch=2), "steps_per_epoch"),
        (lambda: model.evaluate(X, Y, steps=2), "steps"),
        (lambda: model.predict(X, steps=2), "steps"),
    ):
        with pytest.raises(ValueError, match=f"no {name} beside arrays"):
            call()


def test_a_generator_that_a_fit_left_goes_on():
    class StopAfterOne(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            self.model.stop_training = True

    source = ((X[rows], Y[rows], number) for number, rows in enumerate(SLICES))
    pairs = ((x, y) for x, y, _ in source)
    classifier().fit(pairs, steps_per_epoch=2, epochs=5, callbacks=[StopAfterOne()])
    assert next(source)[2] == 2


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_no_more_is_made_ahead_than_asked_for(ahead):
    made, seen = [], []

    def source():
        for number in range(20):
            made.append((number, threading.current_thread().name, fd.get_num_threads()))
            yield number

    with fd.threads(3):
        for number in Prefetch("test", ahead).read(source()):
            deadline = time.monotonic() + 10
            while len(made) < min(20, number + 1 + ahead) and time.monotonic() < deadline:
                time.sleep(1e-4)  # until the thread has made all that it may
            time.sleep(1e-3)
            seen.append((number, len(made)))
    assert seen == [(number, min(20, number + 1 + ahead)) for number in range(20)]
    assert {row[1:] for row in made} == {("fastdnn-prefetch", 3)}


def decided(*times):
    """What "auto" makes of (waited, making, step) of each batch, in milliseconds."""
    prefetch = Prefetch("test", "auto")
    for row in times:
        prefetch._measure(*(1e-3 * ms for ms in row))
    return prefetch.ahead


def test_auto_takes_a_thread_where_waiting_overlaps_with_steps():
    first = (500, 500, 500)  # not counted
    assert decided(first, *[(5, 5, 5)] * 7) is None  # still measuring
    assert decided(first, *[(5, 5, 5)] * 8) == 2
    assert decided(first, *[(0, 5, 5)] * 8) == 0  # it computes: no gain
    assert decided(first, *[(5, 5, 0.1)] * 8) == 0  # nothing to overlap with
    assert decided(first, *[(0.3, 9, 9)] * 8) == 0  # a sixtieth of the time
    assert decided(first, *[(0.1, 0.1, 0.1)] * 8) == 0  # the hand-over costs as much
    assert decided((0, 0, 0), *[(-0.1, 0.0, 1)] * 8) == 0


def test_auto_measures_by_the_clock_of_the_thread():
    def waiting():
        for number in range(12):
            time.sleep(5e-3)
            yield number, threading.current_thread().name

    names = []
    for _, name in Prefetch("test", "auto").read(waiting()):
        time.sleep(5e-3)
        names.append(name)
    assert names[:9] == ["MainThread"] * 9
    assert names[9:] == ["fastdnn-prefetch"] * 3


def test_the_live_line_without_a_known_length(capsys):
    classifier().fit(generator(), verbose=1)
    assert "steps/s" in capsys.readouterr().out
    history = classifier().fit(generator())
    assert (history.params["steps"], history.params["samples"]) == (7, None)


def test_what_numpy_reads_is_no_iterator_of_batches():
    model = classifier()
    want = model.predict(X[:5])
    rows = collections.deque(X[:5].tolist())
    for given in (rows, memoryview(X[:5]), X[:5].tolist()):
        np.testing.assert_array_equal(model.predict(given), want)


def test_class_weights_are_not_for_what_is_held_out():
    """A tail that is split off has the loss of the same rows as validation_data."""
    split, given = classifier(), classifier()
    weights = {1: 5.0}
    a = split.fit(X, Y, validation_split=0.25, class_weight=weights, epochs=2).history
    n = len(X) - round(0.25 * len(X))
    b = given.fit(X[:n], Y[:n], validation_data=(X[n:], Y[n:]), class_weight=weights, epochs=2).history
    assert a == b


def test_a_validation_iterator_that_ends_leaves_the_training():
    model = classifier()
    one = iter([(X[:5], Y[:5])])
    with pytest.raises(ValueError, match="batch"):
        model.fit(X, Y, epochs=3, validation_data=one, validation_steps=1)
    assert model.compiled.epochs_done == 2
    assert model.compiled.state.iterations > 0
