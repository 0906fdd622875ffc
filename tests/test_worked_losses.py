"""The worked numbers of the lecture decks that losses and output functions give."""

import numpy as np
import pytest

import fastdnn as fd

A = fd.activations


def test_worked_softmax():
    """Deck 002: z = (5, 2, -1, 3)."""
    z = np.array([5.0, 2.0, -1.0, 3.0])
    np.testing.assert_allclose(np.exp(z).sum(), 176.3, atol=0.05)
    np.testing.assert_allclose(A.softmax(z), [0.842, 0.042, 0.002, 0.114], atol=5e-4)
    assert A.hardmax(z).tolist() == [1, 0, 0, 0]
    assert A.softmax([1000, 1000]).tolist() == [0.5, 0.5]


def test_worked_softmax_of_a_model():
    model = fd.Sequential([fd.layers.Input((4,)), fd.layers.Activation("softmax")], seed=0)
    got = model.predict([[5.0, 2.0, -1.0, 3.0], [1000.0, 1000.0, -1000.0, 0.0]])
    np.testing.assert_allclose(got[0], [0.842, 0.042, 0.002, 0.114], atol=5e-4)
    np.testing.assert_allclose(got[1], [0.5, 0.5, 0, 0])


@pytest.mark.parametrize(
    ("outputs", "normalised", "margin"),
    [
        ([0.06, 0.98, 0.04, 0.92], [0.03, 0.49, 0.02, 0.46], 0.03),
        ([0.14, 0.88, 0.12, 0.06], [0.117, 0.733, 0.1, 0.05], 0.617),
    ],
)
def test_worked_logistic_outputs_normalised(outputs, normalised, margin):
    """Deck 001: logistic outputs divided by their sum, and by how much the first wins."""
    z = np.log(np.array(outputs) / (1 - np.array(outputs)))
    np.testing.assert_allclose(A.sigmoid(z), outputs, rtol=1e-12)
    got = A.logistic_normalize(z)
    np.testing.assert_allclose(got, normalised, atol=5e-4)
    first, second = np.sort(got)[:-3:-1]
    np.testing.assert_allclose(first - second, margin, atol=5e-4)
    model = fd.Sequential([fd.layers.Input((4,)), fd.layers.Activation("logistic_normalize")], seed=0)
    np.testing.assert_allclose(model.predict(z[None, :])[0], normalised, atol=5e-4)


def test_worked_softmax_of_two_classes_is_logistic_regression():
    """Deck 002: probabilities, loss and gradient of z = (0, z₁ - z₀)."""
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(20, 2)), rng.integers(2, size=20)
    difference = z[:, 1] - z[:, 0]
    np.testing.assert_allclose(A.softmax(z)[:, 1], A.sigmoid(difference), rtol=1e-14)
    two = fd.losses.SparseCategoricalCrossentropy(from_logits=True)(y, z)
    one = fd.losses.BinaryCrossentropy(from_logits=True)(y, difference)
    np.testing.assert_allclose(two, one, rtol=1e-13)

    x, slopes = rng.normal(size=(20, 3)), []
    kernel = rng.normal(size=(3, 2))
    for units, loss in [(2, "sparse_categorical_crossentropy"), (1, "binary_crossentropy")]:
        layers = [fd.layers.Input((3,)), fd.layers.Dense(units, use_bias=False, name="z")]
        layers.append(fd.layers.Activation("softmax" if units == 2 else "sigmoid"))
        model = fd.Sequential(layers, seed=0, dtype="float64")
        model.compile("sgd", loss)
        model.set_weights([kernel if units == 2 else kernel[:, 1:] - kernel[:, :1]])
        slopes.append(model.loss_and_gradients(x, y)[1]["z/kernel"])
    np.testing.assert_allclose(slopes[0][:, 1:], slopes[1], rtol=1e-12)
    np.testing.assert_allclose(slopes[0][:, :1], -slopes[1], rtol=1e-12)


def test_worked_tanh():
    """tanh(x) = 2 σ(2x) - 1."""
    x = np.linspace(-5, 5, 101)
    np.testing.assert_allclose(A.tanh(x), 2 * A.sigmoid(2 * x) - 1, atol=1e-15)


# ---- Deck 003, exercise 1.1: h(x) = wᵀx, L = ½ Σ (y - h(x))², η = 0.01

X, Y = np.array([[1.0, 2.0], [-2.0, 5.0], [0.0, 1.0]]), np.array([1.0, 6.0, 1.0])


def exercise(backend, *, bias=False):
    model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1, use_bias=bias)], seed=0, dtype="float64")
    loss = fd.losses.MeanSquaredError(half=True, outputs="sum", reduction="sum")
    model.compile(fd.optimizers.SGD(0.01), loss, backend=backend)
    model.set_weights([np.array([[1.0], [0.5]]), *([np.zeros(1)] if bias else [])])
    return model


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_worked_exercise_of_gradient_descent(backend):
    model = exercise(backend)
    assert model.predict([[2.0, 3.0]]).tolist() == [[3.5]]
    assert model.evaluate(X, Y) == 15.75
    history = model.fit(X, Y, batch_size=3, shuffle=False)
    assert history.history["loss"] == [15.75]
    np.testing.assert_allclose(model.get_weights()[0][:, 0], [0.88, 0.76], rtol=1e-12)
    np.testing.assert_allclose(model.evaluate(X, Y), 8.8496, rtol=1e-12)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_worked_exercise_point_by_point(backend):
    model = exercise(backend)
    model.fit(X, Y, batch_size=1, shuffle=False)
    np.testing.assert_allclose(model.get_weights()[0][:, 0], [0.8784, 0.76141], atol=5e-6)
    np.testing.assert_allclose(model.evaluate(X, Y), 8.8104, atol=5e-5)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_worked_exercise_with_a_bias(backend):
    model = exercise(backend, bias=True)
    model.fit(X, Y, batch_size=3, shuffle=False)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose([*kernel[:, 0], *bias], [0.88, 0.76, 0.05], rtol=1e-12)
    np.testing.assert_allclose(model.evaluate(X, Y), 8.71335, rtol=1e-12)
    model = exercise(backend, bias=True)
    model.fit(X, Y, batch_size=1, shuffle=False)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose([*kernel[:, 0], *bias], [0.8782, 0.761446, 0.047846], atol=5e-7)
    np.testing.assert_allclose(model.evaluate(X, Y), 8.67806, atol=5e-6)


# ---- Activations as functions of arrays


def test_activations_are_what_layers_compute():
    x = np.random.default_rng(0).normal(size=(7, 6))
    for name in fd.activations.NAMES:
        model = fd.Sequential([fd.layers.Input((6,)), fd.layers.Activation(name)], seed=0, dtype="float64")
        got = getattr(A, name)(x)
        np.testing.assert_allclose(got, model.predict(x), rtol=1e-12, atol=1e-15, err_msg=name)
        np.testing.assert_array_equal(getattr(A, name)(x.reshape(7, 2, 3)).shape, (7, 2, 3))
        np.testing.assert_array_equal(getattr(A, name)(x[0]), got[0])
        layer = fd.layers.Activation(getattr(A, name))
        assert layer.activation == name


def test_activations_of_numbers_and_of_nothing():
    assert float(A.relu(-3.0)) == 0.0
    assert A.leaky_relu(-2.0) == pytest.approx(-0.2)
    assert A.leaky_relu(-2.0, negative_slope=0.5) == -1.0
    assert A.elu(-1.0, alpha=2.0) == pytest.approx(2 * np.expm1(-1))
    assert A.softmax(np.zeros((0, 3))).shape == (0, 3)
    for wrong, message in [
        (lambda: A.relu("text"), r"\[relu\] expected an array of real numbers"),
        (lambda: A.elu(1.0, alpha=-1.0), "alpha"),
        (lambda: fd.layers.Activation(A.hardmax), "an activation, one of"),
        (lambda: fd.layers.Activation(np.tanh), "an activation, one of"),
    ]:
        with pytest.raises(ValueError, match=message):
            wrong()
