"""Every operation of a program by its name, as a function of its inputs and its options.

Those that draw random numbers take `seed` and `step`, too. An operation of several outputs returns a tuple.
`None` is an input left out.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdnn.data.sparse import CsrRows
from fastdnn.reference import (
    accuracy,
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

Arrays = np.ndarray | tuple[np.ndarray, ...]


def _row(v: np.ndarray) -> np.ndarray:
    return np.reshape(v, (1, -1))


def add_gradient(gradient: np.ndarray) -> np.ndarray:
    """Of parameters: the same numbers."""
    return np.asarray(gradient, np.float64)


def batch_norm_moments(x: np.ndarray, epsilon: float) -> Arrays:
    """μ, σ², 1 / √(σ² + ε)."""
    return tuple(_row(v) for v in batch_norm.batch_norm_moments(x, epsilon))


def batch_norm_running(mean: np.ndarray, variance: np.ndarray, old: Any, momentum: float) -> Arrays:
    """The running figures after a step; `old` are those before."""
    before_mean, before_variance = old
    after = batch_norm.batch_norm_running(before_mean, before_variance, mean, variance, momentum)
    return tuple(_row(v) for v in after)


def batch_norm_forward(
    x: np.ndarray,
    mean: np.ndarray,
    rstd: np.ndarray,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
) -> np.ndarray:
    """y = γ (x - μ) rstd + β."""
    normal = (np.asarray(x, np.float64) - mean) * rstd
    return (1.0 if gamma is None else gamma) * normal + (0.0 if beta is None else beta)


def batch_norm_fold(
    running_mean: np.ndarray,
    running_variance: np.ndarray,
    gamma: np.ndarray | None = None,
    beta: np.ndarray | None = None,
    *,
    epsilon: float,
) -> Arrays:
    """scale, shift."""
    folded = batch_norm.batch_norm_fold(gamma, beta, running_mean[0], running_variance[0], epsilon)
    return tuple(_row(v) for v in folded)


def batch_norm_backward_sums(dy: np.ndarray, x: np.ndarray, mean: np.ndarray, rstd: np.ndarray) -> Arrays:
    """dγ, dβ."""
    _, dgamma, dbeta = batch_norm.batch_norm_backward(None, dy, x, mean, rstd)
    return _row(dgamma), _row(dbeta)


def batch_norm_backward(
    dy: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    rstd: np.ndarray,
    dgamma: np.ndarray,
    dbeta: np.ndarray,
    gamma: np.ndarray | None = None,
) -> np.ndarray:
    """dx."""
    return batch_norm.batch_norm_backward(None, dy, x, mean, rstd, gamma)[0]


def batch_norm_inference_backward(dy: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """dx."""
    return batch_norm.batch_norm_inference_backward(None, dy, scale)


def layer_norm_with_moments(
    x: np.ndarray, gamma: np.ndarray | None = None, beta: np.ndarray | None = None, *, epsilon: float
) -> Arrays:
    """y, μ, rstd."""
    mean, rstd = layer_norm.layer_norm_moments(x, epsilon)
    return layer_norm.layer_norm(x, gamma, beta, epsilon), mean.reshape(-1, 1), rstd.reshape(-1, 1)


def layer_norm_backward_sums(dy: np.ndarray, x: np.ndarray, mean: np.ndarray, rstd: np.ndarray) -> Arrays:
    """dγ, dβ."""
    return tuple(_row(v) for v in layer_norm.layer_norm_backward_sums(dy, x, mean, rstd))


def assign(new: np.ndarray, old: Any) -> np.ndarray:
    """A state's new value."""
    return new


def add(*inputs: np.ndarray) -> np.ndarray:
    """y = Σ inputs."""
    return np.sum([np.asarray(x, np.float64) for x in inputs], axis=0)


def concatenate(*inputs: np.ndarray) -> np.ndarray:
    """The inputs side by side."""
    return np.concatenate([np.asarray(x, np.float64) for x in inputs], axis=1)


def csr_product(x: CsrRows, w: np.ndarray) -> np.ndarray:
    """y = x W."""
    return csr_matmul.csr_matmul(x.starts, x.columns, x.values, np.arange(len(x)), w)


def csr_product_dw(x: CsrRows, dy: np.ndarray) -> np.ndarray:
    """dW."""
    return csr_matmul.csr_matmul_dw(x.starts, x.columns, x.values, np.arange(len(x)), dy, x.width)


def _row_vector(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A function of a vector of parameters, for one that is stored as a row."""
    return lambda *inputs: function(*inputs[:-1], np.reshape(inputs[-1], -1))


def _terms(l1: float, l2: float, lq: float, q: float, over_rows: bool, batch: int) -> dict[str, float]:
    divisor = batch if over_rows else 1
    return {"l1": l1 / divisor, "l2": l2 / divisor, "lq": lq / divisor, "q": q}


def penalty_of_step(w: np.ndarray, **options: Any) -> np.ndarray:
    """The penalty, (1, 1); `batch` is the number of rows."""
    return np.full((1, 1), penalty.penalty(w, **_terms(**options)))


def penalty_backward(w: np.ndarray, **options: Any) -> np.ndarray:
    """dw."""
    return penalty.penalty_backward(w, **_terms(**options))


_NAMED = (
    gemm.matmul,
    gemm.matmul_dx,
    gemm.matmul_dw,
    activation.add_bias,
    activation.pass_gradient,
    column_sum.column_sum,
    normalize.normalize,
    normalize.normalize_backward,
    add_gradient,
    batch_norm_moments,
    batch_norm_running,
    batch_norm_forward,
    batch_norm_fold,
    batch_norm.batch_norm_inference,
    batch_norm_inference_backward,
    batch_norm_backward_sums,
    batch_norm_backward,
    layer_norm.layer_norm_backward,
    layer_norm_backward_sums,
    softmax.softmax,
    softmax.softmax_backward,
    log_softmax.log_softmax,
    log_softmax.log_softmax_backward,
    logistic_normalize.logistic_normalize,
    logistic_normalize.logistic_normalize_backward,
    maxout.maxout_backward,
    maxout.hardmax,
    accuracy.sparse_accuracy,
    accuracy.categorical_accuracy,
    accuracy.sparse_top_k_accuracy,
    accuracy.categorical_top_k_accuracy,
    accuracy.binary_accuracy,
    add,
    assign,
    concatenate,
    dropout.dropout,
    dropout.dropout_backward,
    gaussian_noise.gaussian_noise,
    embedding.embedding,
    penalty_backward,
)
_POINTWISE = (
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "sigmoid",
    "tanh",
    "softplus",
    "silu",
    "gelu",
    "gelu_tanh",
)
_LOSSES = {
    cross_entropy: ("sparse_cross_entropy", "categorical_cross_entropy"),
    probability_cross_entropy: (
        "sparse_probability_cross_entropy",
        "categorical_probability_cross_entropy",
    ),
    elementwise_loss: (
        "squared_error",
        "absolute_error",
        "huber",
        "log_cosh",
        "binary_cross_entropy",
        "binary_probability_cross_entropy",
        "kl_divergence",
        "hinge",
        "squared_hinge",
    ),
}
# Those that draw.
RANDOM = frozenset({"dropout", "dropout_backward", "gaussian_noise"})


def _weighted(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """The gradient of a loss that counts `loss_weight` in the sum, by its mean or sum over the rows."""

    def gradient(
        prediction: np.ndarray,
        target: np.ndarray,
        weights: np.ndarray | None = None,
        *,
        loss_weight: float,
        reduction: str,
        **options: Any,
    ) -> np.ndarray:
        scale = loss_weight / len(prediction) if reduction == "mean" else loss_weight
        return function(prediction, target, weights, scale, **options)

    return gradient


def _all() -> dict[str, Callable[..., Arrays]]:
    table: dict[str, Callable[..., Arrays]] = {function.__name__: function for function in _NAMED}
    table["layer_norm"] = layer_norm_with_moments
    table["penalty"] = penalty_of_step
    table["slice_columns"] = lambda dy, *, begin, cols: np.asarray(dy, np.float64)[:, begin : begin + cols]
    table |= {"csr_matmul": csr_product, "csr_matmul_dw": csr_product_dw}
    table["embedding_gradient"] = lambda index, dy, *, rows: embedding.embedding_backward(dy, index, rows)
    table["maxout"] = lambda x, *, cols: maxout.maxout(x, cols)
    table["prelu"] = _row_vector(prelu.prelu)
    table["prelu_backward"] = _row_vector(prelu.prelu_backward)
    table["prelu_dalpha"] = lambda x, dy: _row(prelu.prelu_dalpha(x, dy))
    for name in _POINTWISE:
        for full in (name, f"{name}_backward"):
            table[full] = getattr(activation, full)
    for module, names in _LOSSES.items():
        for name in names:
            table[name] = getattr(module, name)
            table[f"{name}_backward"] = _weighted(getattr(module, f"{name}_backward"))
    return table


OPERATIONS = _all()
# Those whose output is not as wide as an input says: they get its width as `cols`.
TAKES_WIDTH = frozenset({"slice_columns", "maxout"})
# Those that get the number of the batch's rows as `batch`.
TAKES_BATCH = frozenset({"penalty", "penalty_backward"})
# Those whose output has more rows than an input says: they get their number as `rows`.
TAKES_HEIGHT = frozenset({"embedding_gradient"})
