"""Every gradient of the reference is the derivative of its function, by finite differences in float64.

For L = Σ g f(x) the five-point stencil (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h is off by
h⁴ f⁽⁵⁾ / 30 and by about eps f / h: 1e-12 each at h = 1e-3 for numbers near 1.
"""

from functools import partial

import numpy as np
import pytest

from fastdnn.reference import (
    activation,
    batch_norm,
    column_sum,
    cross_entropy,
    csr_matmul,
    dropout,
    elementwise_loss,
    embedding,
    gaussian_noise,
    gemm,
    layer_norm,
    log_softmax,
    logistic_normalize,
    maxout,
    normalize,
    penalty,
    prelu,
    probability_cross_entropy,
    softmax,
)

H = 1e-3
TOLERANCE = 1e-9


def derivative(function, x):
    """dL/dx of a scalar function of an array, element by element."""
    slope = np.empty_like(x)
    for index in np.ndindex(x.shape):
        values = []
        for step in (-2, -1, 1, 2):
            moved = x.copy()
            moved[index] += step * H
            values.append(function(moved))
        slope[index] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * H)
    return slope


def relative_error(analytic, numeric):
    return np.linalg.norm(analytic - numeric) / (np.linalg.norm(analytic) + np.linalg.norm(numeric))


def check_gradient(function, x, dy, analytic, smooth=True):
    """analytic: of Σ dy f(x), with respect to x; at least 95 % of it lie where no stencil crosses a kink."""
    __tracebackhide__ = True
    smooth = np.broadcast_to(smooth, x.shape)
    assert smooth.mean() >= 0.95, f"only {smooth.mean():.0%} of the coordinates are off the kinks"
    numeric = np.where(smooth, derivative(lambda moved: float((dy * function(moved)).sum()), x), 0)
    analytic = np.where(smooth, analytic, 0)
    assert analytic.shape == x.shape, f"got shape {analytic.shape}, want {x.shape}"
    assert np.linalg.norm(numeric) > 1e-3, "a function that does not move proves nothing"
    error = relative_error(analytic, numeric)
    assert error <= TOLERANCE, f"relative error {error:.3g}: got {analytic}, want {numeric}"


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def off_the_kink(rng, shape):
    """Numbers further than the stencil's reach from 0."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.1, 2, shape)


def test_matmul(rng):
    x, w, dy = rng.normal(size=(4, 3)), rng.normal(size=(3, 5)), rng.normal(size=(4, 5))
    check_gradient(lambda moved: gemm.matmul(moved, w), x, dy, gemm.matmul_dx(dy, w))
    check_gradient(lambda moved: gemm.matmul(x, moved), w, dy, gemm.matmul_dw(x, dy))


def test_add_bias(rng):
    x, bias, dy = rng.normal(size=(6, 5)), rng.normal(size=5), rng.normal(size=(6, 5))
    check_gradient(lambda moved: activation.add_bias(moved, bias), x, dy, activation.pass_gradient(dy))
    check_gradient(lambda moved: activation.add_bias(x, moved), bias, dy, column_sum.column_sum(dy))


def test_relu(rng):
    x, dy = off_the_kink(rng, (6, 5)), rng.normal(size=(6, 5))
    assert 0 < np.count_nonzero(x > 0) < x.size
    check_gradient(activation.relu, x, dy, activation.relu_backward(activation.relu(x), dy))


def test_relu_at_the_kink_takes_0():
    y = activation.relu(np.array([[0.0, -0.0]]))
    assert activation.relu_backward(y, np.ones((1, 2))).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    "name", ["leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "silu", "gelu", "gelu_tanh"]
)
def test_activations(rng, name):
    """Those of y where the derivative can be told from it, else those of x."""
    x, dy = off_the_kink(rng, (6, 5)), rng.normal(size=(6, 5))
    f, backward = getattr(activation, name), getattr(activation, f"{name}_backward")
    saved = x if name in ("silu", "gelu", "gelu_tanh") else f(x)
    check_gradient(f, x, dy, backward(saved, dy))
    if name in ("leaky_relu", "elu"):
        saved = f(x, 0.3)
        check_gradient(lambda moved: f(moved, 0.3), x, dy, backward(saved, dy, 0.3))


def test_prelu(rng):
    x, alpha, dy = off_the_kink(rng, (6, 5)), rng.normal(size=5), rng.normal(size=(6, 5))
    check_gradient(lambda moved: prelu.prelu(moved, alpha), x, dy, prelu.prelu_backward(x, dy, alpha))
    check_gradient(lambda moved: prelu.prelu(x, moved), alpha, dy, prelu.prelu_dalpha(x, dy))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_maxout(rng, k):
    x, dy = rng.permutation(30 * k).reshape(6, 5 * k) / 10.0, rng.normal(size=(6, 5))
    check_gradient(lambda moved: maxout.maxout(moved, 5), x, dy, maxout.maxout_backward(x, dy))


def test_normalize(rng):
    x, dy = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    mean, std = rng.normal(size=5), rng.uniform(0.5, 2, 5)
    check_gradient(
        lambda moved: normalize.normalize(moved, mean, std), x, dy, normalize.normalize_backward(dy, std)
    )


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_softmax(rng, classes):
    x, dy = rng.normal(size=(4, classes)), rng.normal(size=(4, classes))
    check_gradient(softmax.softmax, x, dy, softmax.softmax_backward(softmax.softmax(x), dy))


@pytest.mark.parametrize("rows", [4, 7, 20])
@pytest.mark.parametrize("relu", [False, True])
def test_batch_norm(rng, rows, relu):
    """Through the batch's own figures. relu: coordinates whose stencil meets the kink are left out."""
    x, dy = rng.normal(size=(rows, 5)), rng.normal(size=(rows, 5))
    gamma, beta = rng.uniform(0.5, 2, 5), rng.normal(size=5)
    options = {"epsilon": 0.1, "relu": relu}
    raw = batch_norm.batch_norm(x, gamma, beta, 0.1)
    # A step of 2 h moves a column's y by less than 4 h γ / √ε, in all.
    far = np.abs(raw) > 4 * H * np.maximum(gamma, 1) / 0.1**0.5 + 4 * H
    dy *= far | (not relu)  # what is near the kink has no part in the loss
    assert far.mean() >= 0.95
    y = batch_norm.batch_norm(x, gamma, beta, **options)
    mean, _, rstd = batch_norm.batch_norm_moments(x, 0.1)
    dx, dgamma, dbeta = batch_norm.batch_norm_backward(y if relu else None, dy, x, mean, rstd, gamma)
    check_gradient(lambda moved: batch_norm.batch_norm(moved, gamma, beta, **options), x, dy, dx)
    check_gradient(lambda moved: batch_norm.batch_norm(x, moved, beta, **options), gamma, dy, dgamma)
    check_gradient(lambda moved: batch_norm.batch_norm(x, gamma, moved, **options), beta, dy, dbeta)


def test_batch_norm_without_parameters(rng):
    x, dy = rng.normal(size=(6, 5)), rng.normal(size=(6, 5))
    mean, _, rstd = batch_norm.batch_norm_moments(x)
    dx, _, _ = batch_norm.batch_norm_backward(None, dy, x, mean, rstd)
    check_gradient(batch_norm.batch_norm, x, dy, dx)


def test_batch_norm_has_no_gradient_where_the_input_cannot_matter(rng):
    """A batch of one, and the same number added to all rows: dx = 0, and Σ dx = 0."""
    x, dy = rng.normal(size=(1, 5)), rng.normal(size=(1, 5))
    mean, _, rstd = batch_norm.batch_norm_moments(x)
    assert not batch_norm.batch_norm_backward(None, dy, x, mean, rstd)[0].any()
    x, dy = rng.normal(size=(7, 5)), rng.normal(size=(7, 5))
    mean, _, rstd = batch_norm.batch_norm_moments(x)
    dx, _, _ = batch_norm.batch_norm_backward(None, dy, x, mean, rstd)
    assert np.abs(dx.sum(axis=0)).max() < 1e-14


def test_batch_norm_inference(rng):
    """Folded, it is the formula. With relu the kink is where y = 0."""
    x, gamma, beta, mean = rng.normal(size=(6, 5)), *rng.normal(size=(3, 5))
    variance = rng.uniform(0.1, 2, 5)
    y = batch_norm.batch_norm_inference(x, *batch_norm.batch_norm_fold(gamma, beta, mean, variance, 0.1))
    np.testing.assert_allclose(y, gamma * (x - mean) / np.sqrt(variance + 0.1) + beta, rtol=1e-13, atol=1e-14)
    scale, shift, dy = rng.uniform(0.5, 2, 5), rng.normal(size=5), rng.normal(size=(6, 5))
    for relu in (False, True):
        y = batch_norm.batch_norm_inference(x, scale, shift, relu)
        far = np.abs(x * scale + shift) > 4 * H
        assert far.mean() >= 0.95
        dx = batch_norm.batch_norm_inference_backward(y if relu else None, dy * far, scale)
        moved_y = partial(batch_norm.batch_norm_inference, scale=scale, shift=shift, relu=relu)
        check_gradient(moved_y, x, dy * far, dx)


@pytest.mark.parametrize("cols", [2, 3, 20])
@pytest.mark.parametrize("parameters", [False, True])
def test_layer_norm(rng, cols, parameters):
    x, dy = rng.normal(size=(4, cols)), rng.normal(size=(4, cols))
    gamma, beta = (rng.uniform(0.5, 2, cols), rng.normal(size=cols)) if parameters else (None, None)
    saved = layer_norm.layer_norm_moments(x, 0.1)
    dx = layer_norm.layer_norm_backward(dy, x, *saved, gamma)
    check_gradient(lambda moved: layer_norm.layer_norm(moved, gamma, beta, 0.1), x, dy, dx)
    if parameters:
        dgamma, dbeta = layer_norm.layer_norm_backward_sums(dy, x, *saved)
        check_gradient(lambda moved: layer_norm.layer_norm(x, moved, beta, 0.1), gamma, dy, dgamma)
        check_gradient(lambda moved: layer_norm.layer_norm(x, gamma, moved, 0.1), beta, dy, dbeta)


def test_dropout(rng):
    key = {"rate": 0.3, "seed": 5, "stream": 3, "step": 7, "first_row": 2}
    x, dy = rng.normal(size=(6, 20)), rng.normal(size=(6, 20))
    check_gradient(lambda moved: dropout.dropout(moved, **key), x, dy, dropout.dropout_backward(dy, **key))


def test_gaussian_noise(rng):
    """What is added does not depend on x: the gradient passes."""
    key = {"stddev": 0.3, "seed": 5, "stream": 4, "step": 7, "first_row": 2}
    x, dy = rng.normal(size=(4, 20)), rng.normal(size=(4, 20))
    check_gradient(lambda moved: gaussian_noise.gaussian_noise(moved, **key), x, dy, dy)


def test_csr_matmul(rng):
    """With an empty row, a row taken twice, and a column that stands twice in a row."""
    starts, columns = np.array([0, 3, 3, 5]), np.array([4, 0, 4, 2, 1])
    values, order = rng.normal(size=5), np.array([2, 0, 1, 0])
    w, bias, dy = rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=(4, 3))
    product = partial(csr_matmul.csr_matmul, starts, columns, values, order)
    analytic = csr_matmul.csr_matmul_dw(starts, columns, values, order, dy, 6)
    check_gradient(lambda moved: product(moved, bias), w, dy, analytic)
    check_gradient(lambda moved: product(w, moved), bias, dy, dy.sum(axis=0))


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_log_softmax(rng, classes):
    x, dy = rng.normal(size=(4, classes)), rng.normal(size=(4, classes))
    y = log_softmax.log_softmax(x)
    check_gradient(log_softmax.log_softmax, x, dy, log_softmax.log_softmax_backward(y, dy))


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_logistic_normalize(rng, classes):
    x, dy = rng.normal(size=(4, classes)), rng.normal(size=(4, classes))
    x[3] -= 60  # all of this row's s(x) are below 1e-25
    y = logistic_normalize.logistic_normalize(x)
    analytic = logistic_normalize.logistic_normalize_backward(y, x, dy)
    check_gradient(logistic_normalize.logistic_normalize, x, dy, analytic)


def test_the_gradient_of_a_normalised_logistic_output_is_not_that_of_softmax(rng):
    """dL/dz of the cross-entropy of logistic_normalize(z) differs from y - t, which holds for softmax."""
    z, target = rng.normal(size=(4, 3)), np.eye(3)[[0, 1, 2, 0]]
    y = logistic_normalize.logistic_normalize(z)
    dy = probability_cross_entropy.categorical_probability_cross_entropy_backward(y, target, None, 1.0)
    dz = logistic_normalize.logistic_normalize_backward(y, z, dy)
    check_gradient(
        lambda moved: probability_cross_entropy.categorical_probability_cross_entropy(
            logistic_normalize.logistic_normalize(moved), target
        ),
        z,
        np.ones((4, 1)),
        dz,
    )
    assert np.abs(dz - (y - target)).min() > 1e-3


def not_of_sum_1(rng, shape):
    """Far enough from 0 for the stencil: the fifth derivative of log y is 24 / y⁵."""
    return rng.uniform(0.5, 2, shape)


def some_clipped(rng, shape):
    """Probabilities, one in 20 beyond the clipping, where the gradient is 0."""
    y = rng.uniform(0.3, 0.7, shape)
    return np.where(rng.random(shape) < 0.05, rng.choice([-0.5, 1.5], shape), y)


def labels(rng, shape):
    return rng.integers(shape[1], size=shape[0])


def normal(rng, shape):
    return rng.normal(size=shape)


def uniform(rng, shape):
    return rng.random(shape)  # of a categorical target the sum is not 1: M counts


def binary(rng, shape):
    return rng.choice([0.0, 1.0], shape)


SMOOTHINGS = [{}, {"label_smoothing": 0.1}, {"label_smoothing": 0.1, "label_smoothing_mode": "k-1"}]
OUTPUTS = [{"outputs": "mean"}, {"outputs": "sum"}]
BINARY = [*OUTPUTS, {"label_smoothing": 0.1}]
# Module, prediction, target, options, and the distance of (y, t) from the nearest kink.
LOSSES = {
    "sparse_cross_entropy": (cross_entropy, normal, labels, SMOOTHINGS, None),
    "categorical_cross_entropy": (cross_entropy, normal, uniform, SMOOTHINGS, None),
    "sparse_probability_cross_entropy": (probability_cross_entropy, not_of_sum_1, labels, [{}], None),
    "categorical_probability_cross_entropy": (
        probability_cross_entropy,
        not_of_sum_1,
        uniform,
        SMOOTHINGS,
        None,
    ),
    "squared_error": (elementwise_loss, normal, normal, [*OUTPUTS, {"half": True}], None),
    "absolute_error": (elementwise_loss, normal, normal, OUTPUTS, lambda y, t: np.abs(y - t)),
    "huber": (
        elementwise_loss,
        normal,
        normal,
        [*OUTPUTS, {"delta": 1.0}],
        lambda y, t: np.abs(np.abs(y - t) - 1),
    ),
    "log_cosh": (elementwise_loss, normal, normal, OUTPUTS, None),
    "binary_cross_entropy": (elementwise_loss, normal, uniform, BINARY, None),
    "binary_probability_cross_entropy": (elementwise_loss, some_clipped, uniform, BINARY, None),
    "kl_divergence": (elementwise_loss, some_clipped, uniform, OUTPUTS, None),
    "hinge": (
        elementwise_loss,
        normal,
        binary,
        OUTPUTS,
        lambda y, t: np.abs(1 - np.where(t == 0, -1, t) * y),
    ),
    "squared_hinge": (
        elementwise_loss,
        normal,
        binary,
        OUTPUTS,
        lambda y, t: np.abs(1 - np.where(t == 0, -1, t) * y),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [None, 0.3])
@pytest.mark.parametrize("shape", [(1, 2), (5, 4), (3, 10)])
def test_losses(rng, name, weighted, scale, shape):
    """The batch's loss is Σ_r scale w_r row_loss[r], where scale is 1 / n unless given."""
    module, predictions, targets, all_options, kinks = LOSSES[name]
    z, target = predictions(rng, shape), targets(rng, shape)
    smooth = True if kinks is None else kinks(z, target) > 2 * H
    weights = rng.uniform(0.5, 2, shape[0]) if weighted else None
    factor = (1 / shape[0] if scale is None else scale) * (np.ones(shape[0]) if weights is None else weights)
    for options in all_options:
        analytic = getattr(module, f"{name}_backward")(z, target, weights, scale, **options)
        loss = partial(getattr(module, name), target=target, **options)
        if "sparse" in name:
            loss = partial(getattr(module, name), labels=target, **options)
        check_gradient(loss, z, factor[:, None], analytic, smooth)


@pytest.mark.parametrize("shape", [(6,), (5, 3)])
def test_embedding(rng, shape):
    """An index that stands twice, in one row or two, gets both gradients."""
    table, index = rng.normal(size=(4, 3)), rng.integers(0, 3, shape)
    assert len(np.unique(index)) < index.size
    dy = rng.normal(size=(shape[0], 3 * (index.size // shape[0])))
    analytic = embedding.embedding_backward(dy, index, 4)
    check_gradient(lambda moved: embedding.embedding(moved, index), table, dy, analytic)


@pytest.mark.parametrize(
    "options",
    [
        {"l1": 0.3},
        {"l2": 0.4},
        {"lq": 0.5, "q": 1.5},
        {"lq": 0.5, "q": 3},
        {"l1": 0.3, "l2": 0.4, "lq": 0.5, "q": 1.2},
    ],
)
def test_penalty(rng, options):
    w = off_the_kink(rng, (7,))
    analytic = penalty.penalty_backward(w, **options)
    check_gradient(lambda moved: np.array(penalty.penalty(moved, **options)), w, np.array(1.0), analytic)


@pytest.mark.parametrize("epilogue", ["none", "bias", "bias_relu", "accumulate"])
def test_epilogues(rng, epilogue):
    """The gradient of a fused product is that of its parts."""
    a, b, dy = rng.normal(size=(4, 3)), rng.normal(size=(3, 5)), rng.normal(size=(4, 5))
    options = {"bias": rng.normal(size=5), "c": rng.normal(size=(4, 5))}
    y = gemm.gemm(a, b, epilogue=epilogue, **options)
    reach = 2 * H * max(np.abs(a).max(), np.abs(b).max())
    assert np.abs(gemm.gemm(a, b, epilogue="bias", **options)).min() > reach, "too near to the kink"
    d = activation.relu_backward(y, dy) if epilogue == "bias_relu" else dy
    for x, function, analytic in [
        (a, lambda moved: gemm.gemm(moved, b, epilogue=epilogue, **options), gemm.matmul_dx(d, b)),
        (b, lambda moved: gemm.gemm(a, moved, epilogue=epilogue, **options), gemm.matmul_dw(a, d)),
    ]:
        check_gradient(function, x, dy, analytic)


def test_the_stencil_sees_an_error_of_one_part_in_ten_million(rng):
    x, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    right = softmax.softmax_backward(softmax.softmax(x), dy)
    for wrong in (right * (1 + 1e-7), right + 1e-7, -right, right.T.reshape(4, 3)):
        with pytest.raises(AssertionError, match="relative error"):
            check_gradient(softmax.softmax, x, dy, wrong)
