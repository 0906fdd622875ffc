"""check_gradients: what it says of wrong gradients."""

import numpy as np
import pytest
from checked_gradients import BACKENDS, L, WrongBias, WrongElement, X, Y, chain, tensor
from custom_parts import DenseTanh, Scale, SquaredLoss

import fastdnn as fd
from fastdnn import autodiff, lowering
from fastdnn.reference.operations import OPERATIONS


class WrongInput(DenseTanh):
    """dx is off by `factor`."""

    factor = 1.5

    def backward(self, dy, saved):
        dx, gradients = super().backward(dy, saved)
        return self.factor * dx, gradients


class WrongLoss(SquaredLoss):
    """The gradient has the wrong sign."""

    def value_and_gradient(self, y, y_hat):
        losses, gradient = super().value_and_gradient(y, y_hat)
        return losses, -gradient


@BACKENDS
def test_a_planted_bug_is_found_and_its_tensor_named(backend):
    model = chain(L.Dense(5, "tanh"), WrongBias(4, name="own"), L.Dense(2), backend=backend)
    found = model.check_gradients(X, Y)
    assert (found.verdict, found.differing) == ("worry", ("own/bias",))
    worst = tensor(found, "own/bias").worst
    assert worst.analytic == pytest.approx(worst.numeric / 2, rel=1e-6)
    assert found.advice[0].kind == "gradients_wrong"
    assert found.advice[0].severity == "error"
    assert "backward of your layer 'own' returns for bias" in found.advice[0].text


def test_the_worst_element_is_named_by_its_index():
    found = chain(WrongElement(4, name="own"), L.Dense(2)).check_gradients(X, Y)
    assert found.differing == ("own/kernel",)
    worst = tensor(found, "own/kernel").worst
    assert worst.index == (2, 1)
    assert worst.analytic - worst.numeric == pytest.approx(1.0, abs=1e-8)
    assert "own/kernel[2, 1]" in found.advice[0].evidence


def test_a_wrong_dx_makes_all_below_it_wrong_and_is_traced_to_its_layer():
    model = chain(L.Dense(5, "tanh", name="below"), WrongInput(4, name="own"), L.Dense(2))
    found = model.check_gradients(X, Y)
    assert found.differing == ("below/kernel", "below/bias")
    assert "the dx of backward of your layer 'own'" in found.advice[0].text


def test_a_wrong_loss_is_blamed_where_every_gradient_is_wrong():
    found = chain(L.Dense(5, "tanh"), L.Dense(2), loss=WrongLoss()).check_gradients(X, Y)
    assert found.ratio == pytest.approx(1.0)
    assert len(found.differing) == 4
    assert "the gradient that your loss 'squared_error' gives" in found.advice[0].text


def test_what_only_the_input_sees():
    model = chain(WrongInput(4, name="own"), L.Dense(2))
    assert model.check_gradients(X, Y).verdict == "great"
    found = model.check_gradients(X, Y, inputs=True)
    assert found.differing == ("input",)
    assert "'own'" in found.advice[0].text


def test_a_little_bug_is_to_be_checked():
    class Slightly(WrongInput):
        factor = 1 + 1e-5

    model = chain(L.Dense(5, "tanh", name="below"), Slightly(4, name="own"), L.Dense(2))
    found = model.check_gradients(X, Y)
    assert found.verdict == "check"
    assert found.differing == ("below/kernel", "below/bias")
    assert 'stencil="five_point"' in found.advice[0].code
    again = model.check_gradients(X, Y, stencil="five_point")
    assert "the dx of backward of your layer 'own'" in again.advice[0].text


def test_a_bug_beneath_the_error_of_a_stencil_comes_out():
    """With ε = 0.03 most of the difference is the stencil's; with less the mistake stays."""

    class Slightly(WrongInput):
        factor = 1 + 1e-4

    model = chain(L.Dense(5, "tanh", name="below"), Slightly(4, name="own"), L.Dense(2))
    found = model.check_gradients(X, Y, epsilon=0.03)
    assert found.refined_from[0] == 0.03
    assert found.epsilon < 0.03
    assert (found.verdict, found.differing) == ("check", ("below/kernel", "below/bias"))
    assert tensor(found, "below/kernel").ratio == pytest.approx(5e-5, rel=0.2)


def only_first(op, dy, gradients):
    gradients.add(op.inputs[0], "pass_gradient", dy)


def first_columns(op, dy, gradients):
    for x in op.inputs:
        gradients.add(x, "slice_columns", dy, options={"begin": 0})


def slope_of_silu(op, dy, gradients):
    gradients.add(op.inputs[0], "silu_backward", op.inputs[0], dy)


def branches(join):
    x = fd.Input((6,))
    model = fd.Model(x, L.Dense(2)(join([L.Dense(4, "gelu")(x), L.Dense(4, "tanh")(x)])), seed=0)
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("operation", "rule", "join", "differing"),
    [
        ("add", only_first, L.Add, ()),
        ("concatenate", first_columns, L.Concatenate, ("dense_1/kernel", "dense_1/bias")),
        ("gelu", slope_of_silu, L.Add, ("dense/kernel", "dense/bias")),
    ],
)
def test_a_bug_in_the_engine_would_be_found(operation, rule, join, differing, monkeypatch):
    """A rule of differentiation that is wrong; where no gradient reaches a branch, there is none to check."""
    monkeypatch.setitem(autodiff._RULES, operation, rule)
    found = branches(join()).check_gradients(X, Y, inputs=True)
    assert found.verdict == "worry"
    assert set(differing) <= set(found.differing)
    assert found.differing[-1] == "input"
    assert "mistake of fastdnn" in found.advice[0].text


def test_a_forgotten_penalty_is_found(monkeypatch):
    """Deck 002, "Gradient Checking Notes": remember regularization."""
    whole = lowering.differentiate
    monkeypatch.setattr(
        lowering, "differentiate", lambda p, terms, sources=(), _=(): whole(p, terms, sources)
    )
    found = chain(L.Dense(3, "tanh"), L.Dense(2), regularizer="l2").check_gradients(X, Y)
    assert found.differing == ("dense/kernel", "dense_1/kernel")


def test_a_bug_in_the_reference_is_found_by_its_backend(monkeypatch):
    monkeypatch.setitem(OPERATIONS, "tanh_backward", lambda y, dy: dy * (1 - y))
    assert chain(L.Dense(3, "tanh"), L.Dense(2)).check_gradients(X, Y).verdict == "great"
    found = chain(L.Dense(3, "tanh"), L.Dense(2), backend="reference").check_gradients(X, Y)
    assert found.differing == ("dense/kernel", "dense/bias")


def test_a_bug_whose_gradient_is_a_small_part_of_the_whole_is_found():
    class Tiny(DenseTanh):
        def forward(self, x, training):
            y, saved = super().forward(x, training)
            return 1e-6 * y, saved

        def backward(self, dy, saved):
            dx, gradients = super().backward(1e-6 * dy, saved)
            return dx, gradients | {"kernel": 2 * gradients["kernel"]}

    found = chain(Tiny(4, name="own"), L.Dense(2)).check_gradients(X, Y)
    assert found.ratio < 1e-5
    assert (found.verdict, found.differing) == ("worry", ("own/kernel",))


def test_a_layer_that_draws_random_numbers_is_told():
    rng = np.random.default_rng(0)

    class Noisy(Scale):
        def forward(self, x, training):
            y, saved = super().forward(x, training)
            return y + 0.1 * rng.normal(size=y.shape), saved

    found = chain(Noisy(), L.Dense(2)).check_gradients(X, Y)
    assert found.is_random
    assert found.advice[0].kind == "random_loss"
