"""Batch, mini-batch and stochastic gradient descent: how many steps, of which rows, in which order."""

import numpy as np
import pytest

import fastdnn as fd
from fastdnn.schedules import steps_per_epoch


class Rows(fd.layers.Layer):
    """Passes x on, and notes which rows the steps of training see: their first feature is their number."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, x, training):
        if training:
            self.seen.append([int(number) for number in x[:, 0]])
        return x, None

    def backward(self, dy, saved):
        return dy, {}


def rows_of(examples, batch_size, epochs, seed=0, **fit):
    """Which rows each step saw, epoch by epoch."""
    rows = Rows()
    model = fd.Sequential([fd.layers.Input((2,)), rows, fd.layers.Dense(1)], seed=seed)
    model.compile(fd.optimizers.SGD(0.0), "mse")
    x = np.stack([np.arange(examples), np.ones(examples)], axis=1)
    history = model.fit(x, np.zeros(examples), batch_size=batch_size, epochs=epochs, **fit)
    steps = steps_per_epoch(examples, batch_size)
    assert history.params["steps"] == steps
    assert model.compiled.state.iterations == epochs * steps == len(rows.seen)
    return [rows.seen[epoch * steps : (epoch + 1) * steps] for epoch in range(epochs)]


@pytest.mark.parametrize("batch_size", [1, 7, 32, 50, 99, 100, 1000])
def test_each_example_once_an_epoch(batch_size):
    for epoch in rows_of(100, batch_size, epochs=3):
        assert sorted(number for step in epoch for number in step) == list(range(100))
        assert all(len(step) == min(100, batch_size) for step in epoch[:-1])
        assert len(epoch[-1]) == (100 % batch_size or batch_size if batch_size < 100 else 100)


def test_shuffled_anew_in_each_epoch_by_the_seed():
    first, again, other = rows_of(100, 10, 3), rows_of(100, 10, 3), rows_of(100, 10, 3, seed=1)
    assert first == again
    assert len({str(order) for order in (*first, *other)}) == 6


def test_without_shuffling_the_order_is_the_given_one():
    for epoch in rows_of(25, 10, epochs=2, shuffle=False):
        assert epoch == [list(range(10)), list(range(10, 20)), list(range(20, 25))]


X, Y = np.array([[1.0, 2.0], [-2.0, 5.0], [0.0, 1.0]]), np.array([1.0, 6.0, 1.0])


def neuron(batch_size, bias):
    """One epoch of the exercise with η = 0.01: the mean of squares has 2/m times the gradient of ½ Σ."""
    layer = fd.layers.Dense(1, use_bias=bias)
    model = fd.Sequential([fd.layers.Input((2,)), layer], seed=0, dtype="float64")
    layer.set_weights([np.array([[1.0], [0.5]]), *([np.zeros(1)] if bias else [])])
    model.compile(fd.optimizers.SGD(0.01 * batch_size / 2), "mse")
    assert model.predict(np.array([[2.0, 3.0]]))[0, 0] == pytest.approx(3.5)
    assert loss_of(model) == pytest.approx(15.75)
    model.fit(X, Y, batch_size=batch_size, epochs=1, shuffle=False)
    return model, [array.ravel() for array in layer.get_weights()]


def loss_of(model):
    """½ Σ (y - wᵀx)²."""
    return 3 / 2 * model.evaluate(X, Y)


def test_worked_exercise_of_deck_003_batch():
    model, [w] = neuron(3, bias=False)
    np.testing.assert_allclose(w, [0.88, 0.76], rtol=1e-12)
    assert loss_of(model) == pytest.approx(8.8496)
    model, [w, w0] = neuron(3, bias=True)
    np.testing.assert_allclose([*w0, *w], [0.05, 0.88, 0.76], rtol=1e-12)
    assert loss_of(model) == pytest.approx(8.71335)


def test_worked_exercise_of_deck_003_stochastic():
    model, [w] = neuron(1, bias=False)
    np.testing.assert_allclose(w, [0.8784, 0.76141], rtol=1e-5)
    assert loss_of(model) == pytest.approx(8.8104, rel=1e-5)
    model, [w, w0] = neuron(1, bias=True)
    np.testing.assert_allclose([*w0, *w], [0.047846, 0.8782, 0.761446], rtol=1e-5)
    assert loss_of(model) == pytest.approx(8.67806, rel=1e-6)
