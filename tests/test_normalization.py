"""Standardisation as a layer: figures of the training set, kept in the model."""

import numpy as np
import pytest
from networks import regression

import fastdnn as fd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)) * [1, 10, 0.1, 0] + [0, 100, -5, 0.1]


@pytest.mark.parametrize("order", ["before", "after"])
def test_adapt_before_or_after_the_model_is_made(order):
    scale = fd.layers.Normalization()
    if order == "before":
        scale.adapt(X)
    model = fd.Sequential([fd.layers.Input((4,)), scale], dtype="float64")
    if order == "after":
        np.testing.assert_array_equal(model.predict(X), X)
        scale.adapt(X)
    z = model.predict(X)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(z.std(axis=0), [1, 1, 1, 0], atol=1e-12)


def test_a_constant_feature_becomes_zero_and_a_new_value_stays_finite():
    scale = fd.layers.Normalization()
    scale.adapt(X)
    assert scale.std[3] == 1
    assert scale.mean[3] == X[0, 3]
    model = fd.Sequential([fd.layers.Input((4,)), scale])
    assert model.predict([[0, 100, -5, 2.1]])[0, 3] == pytest.approx(2.0)


def test_figures_are_saved_not_trained_and_predict_takes_raw_values(tmp_path):
    x, y = regression(features=4)
    x = x * [1, 10, 100, 1000] + 7
    scale = fd.layers.Normalization()
    scale.adapt(x)
    model = fd.Sequential(
        [fd.layers.Input((4,)), scale, fd.layers.Dense(8, "relu"), fd.layers.Dense(2)], seed=0
    )
    model.compile("adam", "mse")
    figures = [scale.mean, scale.std]
    model.fit(x, y, epochs=2)
    np.testing.assert_array_equal([scale.mean, scale.std], figures)
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    np.testing.assert_array_equal(again.get_layer("normalization").mean, scale.mean)


def test_the_gradient_flows_through_it():
    x, y = regression(features=4)
    middle = fd.layers.Normalization(mean=np.arange(4.0), std=np.array([0.5, 1, 2, 4]))
    layers = [fd.layers.Input((4,)), fd.layers.Dense(4), middle, fd.layers.Dense(2)]
    results = []
    for backend in ("native", "reference"):
        model = fd.Sequential(
            [
                fd.layers.Input((4,)),
                fd.layers.Dense(4),
                fd.layers.Normalization(mean=np.arange(4.0), std=np.array([0.5, 1, 2, 4])),
                fd.layers.Dense(2),
            ],
            seed=0,
            dtype="float64",
        )
        model.compile(fd.optimizers.SGD(0.01), "mse", backend=backend)
        model.fit(x, y, epochs=2)
        results.append(model.get_weights())
    for native, reference in zip(*results, strict=True):
        np.testing.assert_allclose(native, reference, rtol=1e-12, atol=1e-14)
    assert len(layers) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mean": [1.0]}, "both mean and std"),
        ({"mean": [1.0], "std": [0.0]}, "std > 0"),
        ({"mean": [1.0], "std": [1.0, 2.0]}, "one length"),
        ({"mean": [np.nan], "std": [1.0]}, "mean as a finite vector"),
        ({"mean": [[1.0]], "std": [[1.0]]}, "mean as a finite vector"),
    ],
)
def test_bad_figures(arguments, message):
    with pytest.raises(ValueError, match=message):
        fd.layers.Normalization(**arguments)


def test_widths_must_agree():
    scale = fd.layers.Normalization()
    scale.adapt(X)
    with pytest.raises(ValueError, match="4 features, as adapted, got 3"):
        fd.Sequential([fd.layers.Input((3,)), scale])
    fresh = fd.layers.Normalization()
    fd.Sequential([fd.layers.Input((3,)), fresh])
    with pytest.raises(ValueError, match=r"x of shape \(examples, 3\)"):
        fresh.adapt(X)
    with pytest.raises(ValueError, match="nan in row 0"):
        fresh.adapt(np.full((5, 3), np.nan))
