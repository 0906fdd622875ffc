"""Initial weights: moments, limits, "auto", and that they depend on seed and place alone."""

import math

import numpy as np
import pytest

import fastdnn as fd
from fastdnn import initializers

SHAPE = (400, 300)
VARIANCE = {
    "glorot_uniform": 2 / 700,
    "glorot_normal": 2 / 700,
    "he_uniform": 2 / 400,
    "he_normal": 2 / 400,
    "lecun_uniform": 1 / 400,
    "lecun_normal": 1 / 400,
}


@pytest.mark.parametrize("name", VARIANCE)
def test_moments_and_limits(name):
    w = initializers.get(name)(initializers.Random(0, 0), SHAPE)
    std = math.sqrt(VARIANCE[name])
    n = w.size
    assert w.shape == SHAPE
    assert abs(w.mean()) < 4 * std / math.sqrt(n)
    assert w.var() == pytest.approx(VARIANCE[name], rel=4 * math.sqrt(2 / n))
    limit = math.sqrt(3) * std if name.endswith("uniform") else 2 * std / 0.87962566103423978
    assert np.abs(w).max() <= limit
    assert np.abs(w).max() > 0.98 * limit


def test_constants():
    random = initializers.Random(0, 0)
    assert (initializers.get("zeros")(random, (3, 2)) == 0).all()
    assert (initializers.get("ones")(random, (3,)) == 1).all()


def test_auto_goes_by_the_activation_that_follows():
    layers = [
        fd.layers.Input((4,)),
        fd.layers.Dense(4, "relu"),
        fd.layers.Dense(4),
        fd.layers.Normalization(),
        fd.layers.Activation("relu"),
        fd.layers.Dense(4),
        fd.layers.Dense(4, "softmax"),
    ]
    model = fd.Sequential(layers, seed=0)
    kernels = [w.initializer for w in model.graph.weights if w.name.endswith("kernel")]
    assert kernels == ["he_normal", "he_normal", "glorot_uniform", "glorot_uniform"]
    assert model.get_layer("dense").get_config()["kernel_initializer"] == "auto"


def test_weights_depend_on_seed_and_place():
    def kernels(seed, dtype="float64"):
        layers = [fd.layers.Input((5,)), fd.layers.Dense(5), fd.layers.Dense(5)]
        return fd.Sequential(layers, seed=seed, dtype=dtype).get_weights()[::2]

    a, b = kernels(0)
    assert not np.array_equal(a, b)
    assert not np.array_equal(a, kernels(1)[0])
    np.testing.assert_array_equal(a, kernels(0)[0])
    np.testing.assert_array_equal(a.astype(np.float32), kernels(0, "float32")[0])


def test_zero_initialisation_keeps_units_equal():
    """Deck 004: units that start alike stay alike."""
    rng = np.random.default_rng(0)
    layers = [
        fd.layers.Input((3,)),
        fd.layers.Dense(6, "relu", kernel_initializer="ones"),
        fd.layers.Dense(1, kernel_initializer="ones"),
    ]
    model = fd.Sequential(layers, seed=0)
    model.compile("adam", "mse")
    model.fit(rng.normal(size=(50, 3)), rng.normal(size=50), epochs=3)
    kernel = model.get_weights()[0]
    assert (kernel == kernel[:, :1]).all()
    assert not (kernel == 1).all()
