"""Networks with layers of one's own."""

import numpy as np

import fastdnn as fd

L = fd.layers
BACKENDS = ["native", "reference"]


def chain(
    *layers, features=7, loss="mse", optimizer=None, backend="native", dtype="float64", seed=3, **kwargs
):
    model = fd.Sequential([L.Input((features,)), *layers], seed=seed, dtype=dtype)
    model.compile(optimizer or fd.optimizers.SGD(0.1, momentum=0.9), loss, backend=backend, **kwargs)
    return model


def numbers(model):
    """Everything that a fit changes."""
    state = model.compiled.state
    return model.get_weights(), 0 if state is None else state.iterations


def assert_same(a, b, **tolerance):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, **(tolerance or {"rtol": 0, "atol": 0}))
