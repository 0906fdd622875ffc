"""A step of a fit that `Monitor` looks into, beside the same without it; see conftest.py."""

import numpy as np
import pytest

import fastdnn as fd

EVERY = 50
CASES = {  # hidden layers, batch size
    "64-32-10": ((32,), 32),
    "64-10x64-10": ((64,) * 10, 32),
    "64-512-10": ((512,), 64),
    "64-512-512-10": ((512, 512), 64),
}


def classifier(sizes):
    """Of the digits, from 0 steps."""
    layers = [fd.layers.Dense(size, activation="relu") for size in sizes]
    model = fd.Sequential([fd.layers.Input((64,)), *layers, fd.layers.Dense(10)], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def check(sizes, batch_size):
    """The weights have the bits of a fit without it, and the samples are every 50 steps."""
    x, y = fd.data.load_digits()
    monitor, models = fd.callbacks.Monitor(EVERY), []
    for callbacks in ([], [monitor]):
        models.append(classifier(sizes))
        models[-1].fit(x / 16, y, batch_size, 4, verbose=0, callbacks=callbacks)
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)
    steps = 4 * -(-len(x) // batch_size)
    np.testing.assert_array_equal(monitor.samples["step"], np.arange(1, steps + 1, EVERY))


@pytest.mark.parametrize("watched", [False, True], ids=["alone", "watched"])
@pytest.mark.parametrize("case", CASES)
def test_monitor(time_calls, case, watched):
    sizes, batch_size = CASES[case]
    x, y = fd.data.load_digits()
    x = (x / 16).astype(np.float32)
    model = classifier(sizes)
    callbacks = [fd.callbacks.Monitor(EVERY)] if watched else []

    def repeat(fits):  # of 10 epochs, so that the beginning of a fit counts for what it does
        for _ in range(fits):
            model.fit(x, y, batch_size, 10, verbose=0, callbacks=callbacks)

    time_calls(lambda: check(sizes, batch_size), repeat, 10 * -(-len(x) // batch_size))
