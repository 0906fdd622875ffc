"""check_gradients: where a function has no slope, nothing is called wrong, and no mistake is excused."""

import numpy as np
import pytest
from checked_gradients import BACKENDS, L, OwnRelu, X, Y, chain, kinds, tensor
from custom_parts import Pinball

import fastdnn as fd
from fastdnn import autodiff
from fastdnn.diagnose import gradient_check_kinks as kinks_module


def at_a_kink(loss, activation, kernel, bias, x, y, **options):
    model = fd.Sequential([fd.Input((len(x[0]),)), L.Dense(len(bias), activation)], seed=0)
    model.compile("sgd", loss, **options)
    model.set_weights([np.asarray(kernel, float), np.asarray(bias, float)])
    return model.check_gradients(np.asarray(x, float), np.asarray(y, float), epsilon=1e-5)


RELU = ("mse", "relu", [[1.0, -1.0], [0.5, 2.0]], [0.0, 0.0], [[2.0, -4.0], [0.3, 1.1]], np.ones((2, 2)))
KINKED = {
    "relu": RELU,
    "leaky_relu": ("mse", "leaky_relu", *RELU[2:]),
    "selu": ("mse", "selu", *RELU[2:]),
    "absolute": ("mae", None, [[1.0], [0.0]], [0.5], [[1.0, 0.0], [2.0, 1.0]], [[1.5 + 4e-6], [0.0]]),
    "huber": (fd.losses.Huber(1.0), None, [[1.0], [0.0]], [0.5], [[1.0, 0.0], [2.0, 1.0]], [[0.5], [2.0]]),
    "hinge": ("hinge", None, [[1.0], [0.0]], [0.0], [[1.0, 0.0], [0.2, 1.0]], [[1.0], [1.0]]),
    "squared hinge": ("squared_hinge", None, [[1.0], [0.0]], [0.0], [[1.0, 0.0], [0.2, 1.0]], [[1.0], [1.0]]),
}


@BACKENDS
@pytest.mark.parametrize("name", KINKED)
def test_points_at_a_kink_are_skipped_and_counted(name, backend, monkeypatch):
    found = at_a_kink(*KINKED[name], backend=backend)
    assert found.verdict == "great"
    assert found.kinks > 0
    assert found.checked > 0
    assert "many_kinks" in kinds(found)
    if name not in ("huber", "squared hinge"):  # whose slopes do not jump
        monkeypatch.setattr(kinks_module, "_RULES", {})
        blind = at_a_kink(*KINKED[name], backend=backend)
        assert blind.kinks == 0
        assert blind.verdict == "worry" or blind.refined_from[1] > 1e-3


def test_pieces_of_a_maxout_that_are_alike():
    model = fd.Sequential([fd.Input((1,)), L.Maxout(2, 2)], seed=0)
    model.compile("sgd", "mse")
    model.set_weights([np.array([[1.0, 3.0, 2.0, 1.0]]), np.array([1.0, 0.0, 0.0, 0.0])])
    found = model.check_gradients(np.array([[1.0], [3.0]]), np.zeros((2, 2)))
    assert (found.verdict, found.kinks, found.checked) == ("great", 4, 4)


def test_a_slope_that_is_learned():
    model = fd.Sequential([fd.Input((2,)), L.PReLU(fd.initializers.Constant(0.25))], seed=0)
    model.compile("sgd", "mse")
    found = model.check_gradients(np.array([[0.0, -1.0]]), np.ones((1, 2)), inputs=True)
    assert (found.verdict, found.kinks) == ("great", 1)
    assert tensor(found, "input").kinks == 1


@pytest.mark.parametrize("name", ["l1", fd.regularizers.Lq(0.1, 1.5), fd.regularizers.ElasticNet(0.1)])
def test_weights_that_are_0_lie_at_the_kink_of_their_penalty(name):
    model = chain(L.Dense(2), regularizer=name)
    kernel, bias = model.get_weights()
    kernel[::2] = 0
    model.set_weights([kernel, bias])
    found = model.check_gradients(X, Y)
    assert (found.verdict, found.kinks) == ("great", 6)
    even = chain(L.Dense(2), regularizer=fd.regularizers.Lq(0.1, 4))
    even.set_weights([kernel, bias])
    assert even.check_gradients(X, Y).kinks == 0


def test_chances_that_are_clipped():
    """From 1 - 1e-7 on the loss of a probability does not grow."""
    model = fd.Sequential([fd.Input((1,)), L.Dense(1, "relu")], seed=0)
    model.compile("sgd", fd.losses.BinaryCrossentropy())
    model.set_weights([np.array([[0.5]]), np.array([0.5 - 1e-7])])
    found = model.check_gradients(np.array([[1.0], [0.2]]), np.array([[0.0], [1.0]]), epsilon=1e-7)
    assert found.kinks == 2
    assert found.verdict != "worry"


@pytest.mark.parametrize(("offset", "kinks"), [(0.0, 2), (2e-7, 2), (-4e-7, 2), (1.1e-7, 2), (2e-6, 0)])
def test_kinks_in_code_of_ones_own_are_told_by_a_slope_that_jumps(offset, kinks):
    """At the kink, and at several distances from it within a tenth of the stencil; κ = 1/9 is missed by one
    k of two. From farther away the tenth gives the derivative.
    """
    model = fd.Sequential([fd.Input((1,)), L.Dense(2, name="dense"), OwnRelu()], seed=0)
    model.compile("sgd", "mse")
    model.set_weights([np.array([[1.0, 1.0]]), np.array([offset - 1.0, 0.5])])
    data = np.array([[1.0], [2.0]]), np.full((2, 2), 3.0)
    found = model.check_gradients(*data, epsilon=1e-5)
    assert found.verdict == "great"
    assert found.kinks == kinks


class Wave(L.Layer):
    """sin(3000 f x) / 3000, whose slope a long stencil cannot tell from one that jumps."""

    def __init__(self, factor, **options):
        super().__init__(**options)
        self.factor = factor

    def build(self, input_shape):
        self.add_weight("f", (input_shape[-1],), fd.initializers.Constant(0.7))

    def forward(self, x, training):
        return np.sin(3000 * x * self.weight("f")) / 3000, x

    def backward(self, dy, saved):
        slope = np.cos(3000 * saved * self.weight("f")) * dy
        return slope * self.weight("f"), {"f": self.factor * (saved * slope).sum(axis=0)}


@pytest.mark.parametrize(("factor", "differing"), [(1.0, ()), (0.5, ("wave/f",))])
def test_no_curvature_excuses_a_mistake_as_kinks(factor, differing):
    model = fd.Sequential([fd.Input((6,)), Wave(factor, name="wave"), L.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    found = model.check_gradients(X / 10, Y[:, :1], stencil="five_point")
    assert found.differing == differing
    assert found.kinks == 0


@pytest.mark.parametrize("weight", ["dense/bias", "p_re_lu/alpha"])
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_a_forgotten_gradient_differs(weight, backend, monkeypatch):
    """Of a weight that training therefore never moves."""

    kind = {"dense/bias": "add_bias", "p_re_lu/alpha": "prelu"}[weight]
    rule = autodiff._RULES[kind]

    class Forgetful:
        def __init__(self, gradients):
            self.gradients = gradients

        def add(self, target, *arguments, **options):
            if target.name != weight:
                self.gradients.add(target, *arguments, **options)

    model = fd.Sequential([fd.Input((6,)), L.Dense(4), L.PReLU(name="p_re_lu"), L.Dense(1)], seed=0)
    model.compile("sgd", "mse", backend=backend)
    monkeypatch.setitem(autodiff._RULES, kind, lambda op, dy, own: rule(op, dy, Forgetful(own)))
    found = model.check_gradients(X, Y[:, :1])
    assert found.verdict == "worry"
    assert found.differing == (weight,)


def test_dropout_and_noise_are_checked_where_they_are_not_silenced(monkeypatch):

    layers = [fd.Input((6,)), L.Dense(8, "tanh"), L.Dropout(0.5), L.GaussianNoise(0.3), L.Dense(1)]
    model = fd.Sequential(layers, seed=0)
    model.compile("sgd", "mse")
    found = model.check_gradients(X, Y[:, :1], silence=False)
    assert found.verdict == "great"
    assert not found.is_random
    assert found.silenced == ()
    assert found.loss != model.check_gradients(X, Y[:, :1]).loss
    monkeypatch.setitem(autodiff._RULES, "dropout", autodiff._RULES["gaussian_noise"])
    assert model.check_gradients(X, Y[:, :1]).verdict == "great"
    assert model.check_gradients(X, Y[:, :1], silence=False).verdict == "worry"
    with pytest.raises(ValueError, match=r"\[check_gradients\] expected silence"):
        model.check_gradients(X, Y[:, :1], silence=2)


def test_a_loss_of_ones_own_with_a_kink():
    model = chain(L.Dense(2), loss=Pinball(0.3))
    x, y = X[:4].astype(np.float32), Y[:4].copy()
    y[0, 0] = model.predict(x)[0, 0]
    found = model.check_gradients(x, y)
    assert found.verdict == "great"
    assert found.kinks > 0


def test_a_bug_beside_kinks_is_not_excused():
    class WrongRelu(OwnRelu):
        def backward(self, dy, saved):
            return 1.01 * dy * (saved > 0), {}

    found = chain(L.Dense(8), WrongRelu(), L.Dense(2)).check_gradients(X, Y)
    assert (found.verdict, found.differing) == ("worry", ("dense/kernel", "dense/bias"))


def test_the_default_takes_a_smaller_epsilon_where_a_kink_is_near():
    model = fd.Sequential([fd.Input((1,)), L.Dense(1, "relu")], seed=0)
    model.compile("sgd", "mse")
    model.set_weights([np.array([[1.0]]), np.array([5e-7])])
    data = np.array([[0.0]]), np.array([[1.0]])
    assert model.check_gradients(*data).kinks == 0
    assert model.check_gradients(*data, epsilon=1e-5).kinks == 1
