"""Logistic outputs normalised to the sum 1 as the last layer of a network (deck 001), end to end."""

import numpy as np
import pytest

import fastdnn as fd

L = fd.layers
H = 1e-3


def network(backend="native"):
    layers = [L.Input((6,)), L.Dense(5, "tanh"), L.Dense(4, "logistic_normalize")]
    model = fd.Sequential(layers, seed=3, dtype="float64")
    model.compile("sgd", "mse", backend=backend)
    return model


def data(rows=20):
    rng = np.random.default_rng(5)
    return rng.normal(size=(rows, 6)), np.eye(4)[rng.integers(4, size=rows)]


def numeric_gradients(model, x, y):
    """By the five-point stencil, through `evaluate`, all weights one by one."""
    weights, gradients = model.get_weights(), {}
    for number, name in enumerate(model.weights.weights):
        slope = np.empty_like(weights[number])
        for index in np.ndindex(slope.shape):
            values = []
            for step in (-2, -1, 1, 2):
                moved = [array.copy() for array in weights]
                moved[number][index] += step * H
                model.set_weights(moved)
                values.append(model.evaluate(x, y))
            slope[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * H)
        gradients[name] = slope
    model.set_weights(weights)
    return gradients


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_gradients_are_the_derivatives(backend):
    model, (x, y) = network(backend), data(8)
    loss, gradients = model.loss_and_gradients(x, y)
    assert loss == pytest.approx(model.evaluate(x, y), rel=1e-12)
    for name, numeric in numeric_gradients(network(), x, y).items():
        error = np.linalg.norm(gradients[name] - numeric)
        assert error <= 1e-9 * (np.linalg.norm(gradients[name]) + np.linalg.norm(numeric)), name


def test_the_gradient_is_not_that_of_softmax():
    """ŷ - y, as for softmax with cross-entropy, does not hold: s(-z) stays in it."""
    model, (x, y) = network(), data()
    _, gradients = model.loss_and_gradients(x, y)
    y_hat = model.predict(x)
    h = model.layer_outputs(x, ["dense"])["dense"]
    kernel, bias = model.layers[2].get_weights()
    z = h @ kernel + bias
    dy = 2 * (y_hat - y) / y.size
    dz = y_hat * (1 / (1 + np.exp(z))) * (dy - (dy * y_hat).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(gradients["dense_1/bias"], dz.sum(axis=0), rtol=1e-10, atol=1e-14)
    assert np.abs(gradients["dense_1/bias"] - dy.sum(axis=0)).max() > 1e-2


def test_it_is_trained():
    model, (x, y) = network(), data()
    model.compile(fd.optimizers.Adam(0.03), "mse")
    losses = model.fit(x, y, epochs=150).history["loss"]
    assert losses[-1] < 0.1 * losses[0]
    np.testing.assert_allclose(model.predict(x).sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("outputs", "normalised", "margin"),
    [
        ([0.06, 0.98, 0.04, 0.92], [0.03, 0.49, 0.02, 0.46], 0.03),
        ([0.14, 0.88, 0.12, 0.06], [0.117, 0.733, 0.1, 0.05], 0.617),
    ],
)
def test_worked_logistic_outputs_normalised(outputs, normalised, margin):
    """Deck 001: from the logistic outputs of a network to its trust in the winner."""
    layer = L.Dense(4, "logistic_normalize", kernel_initializer=fd.initializers.Identity())
    model = fd.Sequential([L.Input((4,)), layer], seed=0, dtype="float64")
    y = model.predict(np.log(np.array([outputs]) / (1 - np.array([outputs]))))[0]
    np.testing.assert_allclose(y, normalised, atol=5e-4 if margin > 0.1 else 1e-12)
    best = np.sort(y)
    assert best[-1] - best[-2] == pytest.approx(margin, abs=5e-4)
