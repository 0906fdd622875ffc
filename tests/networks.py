"""Small networks and data that several tests train."""

import hashlib

import numpy as np

import fastdnn as fd
from fastdnn import _core


def classification(rows=300, features=20, classes=4, seed=0):
    """Points of `classes` overlapping clouds: features (rows, features) and labels."""
    rng = np.random.default_rng(seed)
    centres = 1.5 * rng.normal(size=(classes, features))
    labels = rng.integers(classes, size=rows)
    return (centres[labels] + rng.normal(size=(rows, features))).astype(np.float32), labels


def regression(rows=300, features=7, outputs=2, seed=0):
    """A smooth function with noise: features and targets (rows, outputs)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    weights = rng.normal(size=(features, outputs))
    return x, np.tanh(x @ weights) + 0.1 * rng.normal(size=(rows, outputs))


def classifier(
    features=20, classes=4, hidden=(33,), *, seed=0, dtype="float32", optimizer="adam", **compile_with
):
    """A compiled multi-layer perceptron with logits."""
    layers = [fd.layers.Input((features,))]
    layers += [fd.layers.Dense(units, activation="relu") for units in hidden]
    model = fd.Sequential([*layers, fd.layers.Dense(classes)], seed=seed, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"], **compile_with)
    return model


def weight_hash(model):
    """One string for the bits of all weights."""
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(array.tobytes())
    return digest.hexdigest()


def wide_classifier():
    """One whose steps of 300 rows are worth several threads, and their data."""
    return classifier(features=300, hidden=(512, 512)), *classification(features=300)


def threads_of_wide_fit(**arguments):
    """How many threads a fit takes, whatever else the machine is doing.

    Where other programs take the cores, a default is fewer for a while: that is forgotten, and the most of
    several fits is taken.
    """
    model, x, y = wide_classifier()
    counts = []
    for _ in range(8):
        _core.testing.forget_crowd()
        counts.append(model.fit(x, y, batch_size=300, **arguments).params["threads"])
    return max(counts)
