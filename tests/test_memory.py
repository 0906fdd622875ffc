"""Memory does not grow with the steps; tests/deep/memory_growth.py takes ten thousand of them."""

import gc

import memory
import pytest
from networks import classification, classifier

import fastdnn as fd
from fastdnn._core import testing

LIMIT = 512  # bytes a step: one small array that is left behind is more


def test_resident_memory_does_not_grow_with_the_steps():
    tries = []
    while len(tries) < 3:  # a page or a stack that the system gives late is no leak: it comes once
        tries.append(memory.growth(1500))
        if max(tries[-1]) <= LIMIT:
            return
    raise AssertionError(tries)


def test_a_leak_would_be_seen():
    """A kilobyte a step, kept, is found by the same measure."""
    leaking = memory.CODE.replace("batch, logs: None", "batch, logs: kept.append(bytes(1024))")
    leaking = leaking.replace("    model = classifier()", "    model, kept = classifier(), []", 1)
    slopes = [float(word) for word in memory.output(leaking, "1500").split()]
    assert slopes[1] > LIMIT, slopes


def functional():
    """As `classifier`, made of tensors."""
    x = fd.Input((20,))
    model = fd.Model(x, fd.layers.Dense(4)(fd.layers.Dense(33, activation="relu")(x)), seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


@pytest.mark.parametrize("make", [classifier, functional])
def test_models_are_freed_without_the_garbage_collector(make):
    """It counts objects, not the megabytes behind them: a model must not be part of a circle."""
    x, y = classification()

    def use():
        model = make()
        model.fit(x, y, epochs=2, validation_data=(x, y))
        model.evaluate(x, y)
        model.predict(x)
        return model.history

    gc.collect()
    before = testing.live_blocks()
    gc.disable()
    try:
        history = use()
        assert testing.live_blocks() == before
    finally:
        gc.enable()
    assert history.model is None
    assert history.epoch == [0, 1]
