"""Trainings that go well, and that go badly for a known reason."""

from contextlib import suppress
from itertools import pairwise

import numpy as np

import fastdnn as fd
from fastdnn.errors import NonFiniteLossError

# The advice that is right as the first one.
RIGHT = {
    "healthy": {"healthy"},
    "rate too high": {"high_rate", "diverged"},
    "rate / 1000": {"low_rate"},
    "sigmoid tower": {"saturating_activations"},
    "unscaled inputs": {"unscaled_inputs"},
    "tiny training set": {"few_examples", "more_data"},
    "dev of another distribution": {"dev_shift", "dev_test_mismatch"},
}
_TINY = 40
# Times the usual rate. With 100 times Adam's the numbers are learned as well as with the usual one in as many
# epochs (dev errors of 3.2 to 4.4 % of the variance against 5.3 to 6.5 %): that is no pathology yet.
_TOO_HIGH = {"digits": 100.0, "numbers": 300.0}
_TOWER = (64,) * 8


def digits(seed):
    """Train, dev and test set of the digits."""
    x, y = fd.data.load_digits()
    split = fd.data.train_dev_test_split(x.astype(float), y, dev=0.2, test=0.15, stratify=y, seed=seed)
    return [split.train, split.dev, split.test]


def numbers(seed, rows=4000):
    """Sets of a regression: products, waves and squares of six features, with a little noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6))
    y = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + x[:, 3] - 0.5 * x[:, 4] ** 2 + 0.05 * rng.normal(size=rows)
    ends = [0, rows * 3 // 5, rows * 4 // 5, rows]
    return [(x[a:b], y[a:b]) for a, b in pairwise(ends)]


def trained(kind, data, seed, *, optimizer="adam", hidden=(64, 64), epochs=25):
    """A model after its training, and its sets, as (model, train, dev, test)."""
    sets = {"digits": digits, "numbers": numbers}[data](seed)
    rng = np.random.default_rng(seed)
    if kind == "unscaled inputs":
        sets = [(_unscaled(x, data), y) for x, y in sets]
    if kind == "tiny training set":
        sets[0] = tuple(each[:_TINY] for each in sets[0])
    if kind == "dev of another distribution":
        sets[1] = (elsewhere(sets[1][0], data, rng), sets[1][1])
    model = _network(kind, data, sets[0][0], hidden, seed)
    factor = {"rate too high": _TOO_HIGH[data], "rate / 1000": 1e-3}.get(kind, 1.0)
    classes = data == "digits"
    rate = {
        "adam": fd.optimizers.Adam(1e-3 * factor),
        "sgd": fd.optimizers.SGD(0.01 * factor, momentum=0.9),
    }[optimizer]
    model.compile(rate, "sparse_categorical_crossentropy" if classes else "mse")
    with suppress(NonFiniteLossError):
        model.fit(*sets[0], epochs=epochs, validation_data=sets[1], verbose=0)
    return model, *sets


def _unscaled(x, data):
    """Pixels from 0 to 255, or features of scales from 0.1 to 1000."""
    if data == "digits":
        return np.round(x * 255 / 16)
    scales = 10.0 ** np.linspace(-1, 3, x.shape[1])
    return x * scales + scales


def elsewhere(x, data, rng):
    """The same targets from other features: a negative with noise, or a shift of two features."""
    if data == "digits":
        return np.clip(16 - 0.7 * x + rng.normal(size=x.shape) * 2, 0, 16)
    return x + np.array([2.0, -2.0] + [0.0] * (x.shape[1] - 2))


def _network(kind, data, x, hidden, seed):
    layers = [fd.Input((x.shape[1],))]
    if kind != "unscaled inputs":
        mean = x.mean(axis=0)
        layers.append(fd.layers.Normalization(mean, np.full_like(mean, (x - mean).std())))
    activation, initial = "relu", "auto"
    if kind == "sigmoid tower":
        hidden, activation, initial = _TOWER, "sigmoid", fd.initializers.RandomNormal(stddev=0.01)
    layers += [fd.layers.Dense(units, activation, kernel_initializer=initial) for units in hidden]
    layers.append(fd.layers.Dense(10, "softmax") if data == "digits" else fd.layers.Dense(1))
    return fd.Sequential(layers, seed=seed)
