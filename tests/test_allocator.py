"""The one allocator: what a model takes it gives back, a failed allocation leaves everything usable, and
training neither reads what it did not write nor touches what lies behind its blocks."""

import gc
import mmap
from contextlib import contextmanager

import numpy as np
import pytest
from interpreters import output
from networks import classification, classifier, weight_hash

import fastdnn as fd
from fastdnn._core import testing

OPTIMIZERS = {
    "sgd": lambda: fd.optimizers.SGD(0.05),
    "momentum": lambda: fd.optimizers.SGD(0.05, momentum=0.9),
    "adam": lambda: fd.optimizers.Adam(1e-2),
}
X, Y = classification(rows=70)


@contextmanager
def everything_given_back():
    """The live bytes and blocks after the block are those before it."""
    gc.collect()
    before = testing.live_bytes(), testing.live_blocks()
    yield
    gc.collect()
    after = testing.live_bytes(), testing.live_blocks()
    assert after == before, f"expected {before} live bytes and blocks, got {after}"


@contextmanager
def failing_after(n):
    testing.fail_after(n)
    try:
        yield
    finally:
        testing.fail_after(-1)


def trained(optimizer="adam", dtype="float32", **arguments):
    model = classifier(hidden=(17, 5), dtype=dtype, optimizer=OPTIMIZERS[optimizer]())
    model.fit(X, Y, **{"batch_size": 16, "epochs": 2} | arguments)
    return model


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_model_gives_back_what_it_took(optimizer):
    trained(optimizer)  # what is made once for the process is there now
    with everything_given_back():
        model = trained(optimizer)
        taken = testing.live_bytes()
        assert taken >= 4 * model.count_params()
        model.predict(X)
        model.evaluate(X, Y)
        model.predict(X, threads=4)
        model.fit(X, Y, threads=3)
        del model


def test_a_new_process_holds_nothing():
    code = """
        import fastdnn
        from fastdnn._core import testing
        print(testing.live_bytes(), testing.live_blocks(), testing.total_allocations())
    """
    assert output(code) == "0 0 0"


def test_fits_and_predictions_do_not_pile_up():
    model = trained()
    model.predict(X, threads=2)
    model.evaluate(X, Y, threads=2)
    with everything_given_back():
        for _ in range(20):
            model.fit(X, Y, threads=2)
            model.predict(X, threads=2)
            model.evaluate(X, Y, threads=2)


def test_a_fit_allocates_once_and_not_in_each_step():
    model = trained()
    counts = []
    for epochs in (1, 20):
        before = testing.total_allocations()
        model.fit(X, Y, batch_size=4, epochs=epochs)
        counts.append(testing.total_allocations() - before)
    assert counts[0] == counts[1], f"allocations of 1 and of 20 epochs: {counts}"


def life(model):
    """Trains and uses a model; returns what it predicts and how well."""
    model.fit(X, Y, batch_size=16, epochs=2, threads=2)
    return model.predict(X, threads=2), model.evaluate(X, Y, threads=2)


def allocations_of_a_life():
    before = testing.total_allocations()
    result = life(classifier(hidden=(17, 5)))
    return testing.total_allocations() - before, result


def check_life(model, want, n):
    predictions, figures = life(model)
    np.testing.assert_array_equal(predictions, want[0], err_msg=f"after allocation {n} failed")
    assert figures == want[1], f"after allocation {n} failed"


def fail_in_a_life(n, want):
    """The n-th allocation fails. A model that was made by then, and not trained, lives on as any other."""
    model = None
    with failing_after(n), pytest.raises(MemoryError):  # noqa: PT012 (which of the two failed is asked below)
        model = classifier(hidden=(17, 5))
        life(model)
    if model is not None and model.compiled.epochs_done == 0:
        check_life(model, want, n)


def test_every_allocation_fails_once():
    allocations_of_a_life()  # what is made once for the process is there now
    count, want = allocations_of_a_life()
    assert count >= 5, f"a model is made, trained and used with {count} allocations"
    for n in range(count):
        with everything_given_back():
            fail_in_a_life(n, want)
        check_life(classifier(hidden=(17, 5)), want, n)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_fit_that_finds_no_memory_leaves_the_model_as_it_was(optimizer):
    """For every allocation of a second fit: weights and optimiser state stay, and the fit can be repeated."""
    want = trained(optimizer)
    want.fit(X, Y, batch_size=8)
    failed = 0
    for n in range(100):
        model = trained(optimizer)
        before = weight_hash(model)
        try:
            with failing_after(n):
                model.fit(X, Y, batch_size=8)
        except MemoryError:
            assert weight_hash(model) == before, f"allocation {n}"
            model.fit(X, Y, batch_size=8)
            failed += 1
        assert weight_hash(model) == weight_hash(want), f"allocation {n}"
        if failed <= n:
            break
    assert 0 < failed < 100, f"{failed} allocations of a fit failed"


@pytest.fixture
def probe():
    """Poison and guard pages, switched off again."""

    def switch(*, poison, guard_pages):
        testing.set_poison(poison)
        testing.set_guard_pages(guard_pages)

    yield switch
    switch(poison=False, guard_pages=False)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("threads", [1, 3])
def test_poison_and_guard_pages_change_no_bit(probe, dtype, optimizer, threads):
    """New memory is NaN instead of zero, and ends at an inaccessible page: nothing may come of it."""
    results = {}
    for poison in (False, True):
        for guard_pages in (False, True):
            probe(poison=poison, guard_pages=guard_pages)
            for batch_size in (1, 7, 16, 70):
                model = trained(optimizer, dtype, batch_size=batch_size, threads=threads)
                result = weight_hash(model), model.predict(X, threads=threads).tobytes()
                assert results.setdefault(batch_size, result) == result, (
                    f"{poison=} {guard_pages=} {batch_size=}"
                )
            del model


def test_memory_of_models_of_all_kinds_is_written_before_it_is_read(probe):
    x, y = classification(rows=37, features=7, classes=3)
    one_hot = np.eye(3)[y]
    weights = np.linspace(0, 2, 37)
    results = []
    for on in (False, True):
        probe(poison=on, guard_pages=on)
        for loss, head, target in [
            ("mse", None, one_hot),
            ("categorical_crossentropy", "softmax", one_hot),
            ("sparse_categorical_crossentropy", "softmax", y),
        ]:
            scale = fd.layers.Normalization()
            scale.adapt(x)
            layers = [fd.layers.Input((7,)), scale, fd.layers.Dense(19), fd.layers.Activation("relu")]
            model = fd.Sequential([*layers, fd.layers.Dense(3, activation=head)], seed=1)
            model.compile("adam", loss)
            model.fit(x, target, batch_size=16, epochs=2, sample_weight=weights, threads=2)
            results.append(weight_hash(model))
    assert results[:3] == results[3:]


@pytest.mark.parametrize("edge", ["head", "tail"])
def test_guarded_arrays_are_ordinary_memory(edge):
    for shape, dtype in [([0], "float32"), ([3, 5], "float64"), ([5000], "int32"), ([1], "uint8")]:
        array = testing.guarded_array(shape, dtype, edge)
        assert array.shape == tuple(shape)
        assert array.dtype == dtype
        array[...] = 3
        assert (array == 3).all()
        address = array.ctypes.data + (0 if edge == "head" else array.nbytes)
        assert address % mmap.PAGESIZE == 0, f"{edge} of {shape} at {address:#x}"


def test_refuses_guarded_arrays_that_cannot_be():
    for shape, edge in [([2**40], "head"), ([2**31, 2**31], "tail"), ([-1], "head"), ([3], "middle")]:
        with pytest.raises(ValueError, match="expected"):
            testing.guarded_array(shape, "float64", edge)
