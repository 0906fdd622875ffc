"""What the gradient is at a kink itself, where finite differences cannot tell: one of those on either side,
and the same one by both backends and in both types.
"""

import numpy as np
import pytest

import fastdnn as fd

L, losses = fd.layers, fd.losses
SELU_SLOPE = 1.0507009873554804934 * 1.6732632423543772848

EITHER = pytest.mark.parametrize("backend", ["native", "reference"])
TYPE = pytest.mark.parametrize("dtype", ["float32", "float64"])


def gradients(layers, loss, x, y, dtype, backend):
    """The gradients of a chain, by name."""
    model = fd.Sequential([fd.Input((np.shape(x)[1],), name="x"), *layers], seed=0, dtype=dtype)
    model.compile("sgd", loss, backend=backend)
    return model.loss_and_gradients(x, y, inputs=True)[1]


@EITHER
@TYPE
@pytest.mark.parametrize(
    ("layer", "slope"),
    [
        (lambda: L.ReLU(), 0.0),
        (lambda: L.Activation("relu"), 0.0),
        (lambda: L.LeakyReLU(0.25), 0.25),
        (lambda: L.ELU(0.75), 0.75),
        (lambda: L.Activation("selu"), SELU_SLOPE),
        (lambda: L.PReLU(fd.initializers.Constant(0.25)), 0.25),
    ],
    ids=["ReLU", "relu", "LeakyReLU", "ELU", "selu", "PReLU"],
)
def test_activations_at_0_have_the_slope_of_the_left(layer, slope, dtype, backend):
    """Of -0.0, too, and of 17 columns: whole vectors and a tail."""
    x = np.tile([[0.0], [-0.0]], 17)
    loss = losses.MeanSquaredError(half=True, outputs="sum", reduction="sum")
    found = gradients([layer()], loss, x, np.full((2, 17), -1.0), dtype, backend)  # dy = y + 1 = 1
    np.testing.assert_allclose(found["x"], np.full((2, 17), slope), rtol=1e-6)


@EITHER
@TYPE
def test_of_pieces_that_are_alike_the_first_one_wins(dtype, backend):
    maxout = L.Maxout(1, 3, name="maxout")
    model = fd.Sequential([fd.Input((1,), name="x"), maxout], seed=0, dtype=dtype)
    loss = losses.MeanSquaredError(half=True, outputs="sum", reduction="sum")
    model.compile("sgd", loss, backend=backend)
    model.set_weights([np.array([[-1.0, 2.0, 2.0]]), np.array([0.0, 1.0, 1.0])])
    found = model.loss_and_gradients(np.array([[1.0]]), np.array([[2.0]]), inputs=True)[1]
    assert found["maxout/kernel"].tolist() == [[0.0, 1.0, 0.0]]
    assert found["maxout/bias"].tolist() == [0.0, 1.0, 0.0]
    assert found["x"].tolist() == [[2.0]]


SUM = {"outputs": "sum", "reduction": "sum"}


@EITHER
@TYPE
@pytest.mark.parametrize(
    ("loss", "y_hat", "y", "slope"),
    [
        (losses.MeanAbsoluteError(**SUM), 0.5, 0.5, 0.0),
        (losses.Huber(0.5, **SUM), 1.0, 0.5, 0.5),
        (losses.Huber(0.5, **SUM), 0.0, 0.5, -0.5),
        (losses.Hinge(reduction="sum"), 1.0, 1.0, 0.0),
        (losses.Hinge(reduction="sum"), -1.0, -1.0, 0.0),
        (losses.Hinge(reduction="sum"), -1.0, 0.0, 0.0),  # 0 counts as -1
        (losses.SquaredHinge(reduction="sum"), 1.0, 1.0, 0.0),
        (losses.KLDivergence(reduction="sum"), 1.0, 1 / 17, -1 / 17),  # clipped above 1
    ],
    ids=["absolute", "huber right", "huber left", "hinge +1", "hinge -1", "hinge 0", "squared hinge", "kl"],
)
def test_losses_at_their_kinks(loss, y_hat, y, slope, dtype, backend):
    x = np.full((2, 17), y_hat)
    found = gradients([L.Activation("linear")], loss, x, np.full((2, 17), y), dtype, backend)
    np.testing.assert_allclose(found["x"], np.full((2, 17), slope), rtol=1e-6)


@EITHER
@TYPE
@pytest.mark.parametrize(
    "penalty", [fd.regularizers.L1(0.5), fd.regularizers.Lq(0.5, 1.0), fd.regularizers.Lq(0.5, 1.5)]
)
def test_the_penalty_of_a_weight_that_is_0_has_the_slope_0(penalty, dtype, backend):
    dense = L.Dense(17, kernel_initializer="zeros", kernel_regularizer=penalty, name="dense")
    loss = losses.MeanSquaredError(reduction="sum")
    found = gradients([dense], loss, np.zeros((2, 3)), np.zeros((2, 17)), dtype, backend)
    assert not found["dense/kernel"].any()
