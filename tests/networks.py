"""Small networks and data that several tests train."""

import hashlib

import numpy as np

import fastdnn as fd


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
