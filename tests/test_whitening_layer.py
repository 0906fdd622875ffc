"""Whitening as a layer: adapted before or after it is in a model, saved, not trained, with a gradient."""

import copy
import json

import numpy as np
import pytest
from networks import regression

import fastdnn as fd
from fastdnn.io import read_safetensors, write_safetensors

L = fd.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4)) @ RNG.normal(size=(4, 4)) + [0, 100, -5, 0.1]


@pytest.mark.parametrize("order", ["before", "after"])
@pytest.mark.parametrize(("method", "units"), [("pca", None), ("pca", 2), ("zca", None)])
def test_adapt_before_or_after_the_model_is_made(order, method, units):
    white = L.Whitening(method, units=units)
    if order == "before":
        white.adapt(X)
    model = fd.Sequential([L.Input((4,)), white], dtype="float64")
    if order == "after":
        np.testing.assert_array_equal(model.predict(X), X[:, : units or 4])
        white.adapt(X)
    z = model.predict(X)
    np.testing.assert_allclose(np.cov(z, rowvar=False, bias=True), np.eye(units or 4), atol=1e-9)
    want = fd.data.Whitening(method, n_components=units).fit_transform(X)
    np.testing.assert_allclose(z, want, atol=1e-9)


@pytest.mark.parametrize("adapted", [False, True])
def test_it_is_saved_copied_and_not_trained(adapted, tmp_path):
    x, y = regression(features=4)
    white = L.Whitening("pca", units=3, epsilon=0.01)
    if adapted:
        white.adapt(x)
    model = fd.Sequential([L.Input((4,)), white, L.Dense(8, "relu"), L.Dense(2)], seed=0)
    model.compile("adam", "mse")
    before = white.get_weights()
    model.fit(x, y, epochs=2)
    assert all(np.array_equal(a, b) for a, b in zip(white.get_weights(), before, strict=True))
    model.save(tmp_path / "m")
    for again in (fd.load_model(tmp_path / "m"), copy.deepcopy(model)):
        np.testing.assert_array_equal(again.predict(x), model.predict(x))
        layer = again.get_layer("whitening")
        assert layer.get_config() == white.get_config() | {"name": "whitening"}
        layer.adapt(2 * x)
        twice = L.Whitening("pca", units=3, epsilon=0.01)
        twice.adapt(2 * x)
        alone = fd.Sequential([L.Input((4,)), twice])
        np.testing.assert_array_equal(again.layer_outputs(2 * x)["whitening"], alone.predict(2 * x))


def test_the_gradient_flows_through_it():
    x, y = regression(features=4)
    results = []
    for backend in ("native", "reference"):
        white = L.Whitening("zca")
        white.adapt(x @ np.array([[1, 0.5, 0, 0], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 1, 1]]))
        layers = [L.Input((4,)), L.Dense(4), white, L.Dense(2)]
        model = fd.Sequential(layers, seed=0, dtype="float64")
        model.compile(fd.optimizers.SGD(0.01), "mse", backend=backend)
        model.fit(x, y, epochs=2)
        results.append(model.get_weights())
    for native, reference in zip(*results, strict=True):
        np.testing.assert_allclose(native, reference, rtol=1e-11, atol=1e-13)
    assert not np.array_equal(
        results[0][0], fd.Sequential([L.Input((4,)), L.Dense(4)], seed=0).get_weights()[0]
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("method", "pac"),
        ("method", ["pca"]),
        ("epsilon", -1),
        ("epsilon", "0"),
        ("units", 0),
        ("units", 3),
        ("units", 5),
        ("units", 2.0),
        ("more", 1),
    ],
)
def test_a_damaged_file_is_a_format_error(key, value, tmp_path):
    path = str(tmp_path / "m")
    fd.Sequential([L.Input((4,)), L.Whitening(units=2)], seed=0).save(path)
    tensors, metadata = read_safetensors(path)
    config = json.loads(metadata["config"])
    assert config["layers"][1]["config"]["units"] == 2
    config["layers"][1]["config"][key] = value
    write_safetensors(path, tensors, metadata | {"config": json.dumps(config)})
    with pytest.raises(fd.FormatError):
        fd.load_model(path)


def test_what_does_not_fit():
    with pytest.raises(ValueError, match="units as a whole number >= 1"):
        L.Whitening(units=0)
    with pytest.raises(ValueError, match="at least 5 features, its units, got 4"):
        fd.Sequential([L.Input((4,)), L.Whitening(units=5)])
    white = L.Whitening()
    white.adapt(X)
    with pytest.raises(ValueError, match="4 features, as adapted, got 3"):
        fd.Sequential([L.Input((3,)), white])
    fresh = L.Whitening()
    fd.Sequential([L.Input((3,)), fresh])
    with pytest.raises(ValueError, match=r"x of shape \(examples, 3\), got 4 features"):
        fresh.adapt(X)
    with pytest.raises(ValueError, match="nan in row 0"):
        fresh.adapt(np.full((5, 3), np.nan))
