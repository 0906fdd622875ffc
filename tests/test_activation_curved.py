"""The curved activations: their bits depend neither on place nor cut nor company; gradients within bounds.

How near they come to their functions is for test_activation_accuracy.py.
"""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    WIDTHS,
    Placed,
    blank,
    diagonals,
    reals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, roundoff, smallest

from fastdnn._core import kernels
from fastdnn.reference import activation

CURVED = ("elu", "selu", "sigmoid", "tanh", "softplus", "silu", "gelu", "gelu_tanh")
FROM_X = ("silu", "gelu", "gelu_tanh")
CURVED_LAYOUTS = ("strided", "head", "strided tail", "far")  # rows that are joined, and rows that are not
CALLS = [*CURVED, *(f"{name}_backward" for name in CURVED)]


def alone(name, *inputs):
    """Every element as the first of a vector: the expression of a curved kernel."""
    flat = [np.ascontiguousarray(x).reshape(-1, 1) for x in inputs]
    wide = [np.repeat(x, 17, axis=1)[:, :1] for x in flat]  # a gap after each, so that rows are not joined
    y = np.full((len(flat[0]), 3), np.nan, inputs[0].dtype)[:, :1]
    getattr(kernels, name)(y, *wide)
    return np.ascontiguousarray(y).reshape(inputs[0].shape)


def curved_inputs(name, rng, shape, dtype):
    x = (3 * reals(rng, shape, dtype)).astype(dtype)
    return [x, reals(rng, shape, dtype)] if name.endswith("_backward") else [x]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", CURVED_LAYOUTS)
def test_curved_sizes_and_layouts(name, dtype, layout):
    rng = np.random.default_rng(7)
    for shape in shapes(layout):
        inputs = curved_inputs(name, rng, shape, dtype)
        want = alone(name, *inputs)
        [y] = run(getattr(kernels, name), [blank(shape, dtype)], inputs, layout)
        check_bits(y, want, shape=shape)
        if name.endswith("_backward"):
            before = reals(rng, shape, dtype)
            [dx] = run(getattr(kernels, name), [before], inputs, layout, accumulate=True)
            check_bits(dx, before + want, shape=shape)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_curved_threads_and_in_place(name, dtype):
    rng = np.random.default_rng(8)
    for shape in [(1, 33), (5, 257), (67, 19)]:
        inputs = curved_inputs(name, rng, shape, dtype)
        [y] = run_on_threads(getattr(kernels, name), [blank(shape, dtype)], inputs)
        for place in range(len(inputs)):
            arguments = [Placed(array, "misaligned") for array in inputs]
            getattr(kernels, name)(arguments[place].array, *(p.array for p in arguments))
            check_bits(arguments[place].array, y, shape=shape, argument=place)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_curved_special_values_at_every_index(name, dtype):
    rng = np.random.default_rng(9)
    for width in WIDTHS:
        for special, x in diagonals(rng, width, dtype):
            inputs = curved_inputs(name, rng, x.shape, dtype)
            for place in range(len(inputs)):
                arguments = [*inputs[:place], x, *inputs[place + 1 :]]
                [y] = run(getattr(kernels, name), [blank(x.shape, dtype)], arguments)
                check_bits(y, alone(name, *arguments), width=width, special=special)
                if np.isnan(special) and not (name in ("elu_backward", "selu_backward") and place == 0):
                    assert np.isnan(y.diagonal()).all()


def slope_error(name, x):
    """What bounds the error of f'(x), in roundoffs; the oracle rounds x^2 in an exponent, too."""
    if name == "softplus":
        s = activation.sigmoid(x)
        return 8 * s
    if name == "silu":  # s, and 1 - s as a difference from 1
        s = activation.sigmoid(x)
        return 14 * s * (1 + np.abs(x))
    if name == "gelu":
        density = np.exp(-(x**2) / 2) * 0.4
        return (10 + 2 * x**2) * (activation.normal_cdf(x) + np.abs(x) * density)
    swing = np.abs(x) * (1.6 + 0.22 * x**2)  # |x| times the slope of the exponent
    s = activation.sigmoid(1.5957691216057308 * (x + 0.044715 * x**3))
    return (12 + 4 * swing) * s * (1 + swing * (1 - s))


@pytest.mark.parametrize("name", ["softplus", *FROM_X])
@pytest.mark.parametrize("dtype", DTYPES)
def test_curved_gradients(name, dtype):
    rng = np.random.default_rng(10)
    x = (
        np.concatenate([rng.uniform(-e, e, 4000) for e in (0.01, 1, 4, 15, 40)])
        .astype(dtype)
        .reshape(100, -1)
    )
    dy = reals(rng, x.shape, dtype)
    saved = x if name in FROM_X else activation.softplus(x).astype(dtype)
    [dx] = run(getattr(kernels, f"{name}_backward"), [blank(x.shape, dtype)], [saved, dy])
    want = getattr(activation, f"{name}_backward")(saved, dy)
    long_x, long_dy = x.astype(np.float64), np.abs(dy.astype(np.float64))
    error = roundoff(dtype) * slope_error(name, long_x)
    lost = smallest(dtype) * (1 + np.abs(long_x)) * (3 + long_x**2)  # by gradual underflow, times x and y'(x)
    check(dx, want, long_dy * (error + lost) + smallest(dtype))


@pytest.mark.parametrize("name", ["softplus", *FROM_X])
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_at_infinity(name, dtype):
    x = np.array([[-np.inf, np.inf]], dtype)
    saved = x if name in FROM_X else np.array([[0, np.inf]], dtype)
    [dx] = run(getattr(kernels, f"{name}_backward"), [blank(x.shape, dtype)], [saved, np.full_like(x, 3)])
    assert np.abs(dx).tolist() == [[0, 3]]


@pytest.mark.parametrize("name", ["leaky_relu", "elu"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_alpha(name, dtype):
    rng = np.random.default_rng(11)
    x, dy = reals(rng, (7, 19), dtype), reals(rng, (7, 19), dtype)
    for alpha in (0.0, 0.25, 0.3, 1.0, 2.5):
        [y] = run(getattr(kernels, name), [blank(x.shape, dtype)], [x], alpha=alpha)
        want = getattr(activation, name)(x, float(np.dtype(dtype).type(alpha)))
        check(y, want, 4 * roundoff(dtype) * np.abs(want), alpha=alpha)
        [dx] = run(getattr(kernels, f"{name}_backward"), [blank(x.shape, dtype)], [y, dy], alpha=alpha)
        want = getattr(activation, f"{name}_backward")(y, dy, float(np.dtype(dtype).type(alpha)))
        check(dx, want, 4 * roundoff(dtype) * (1 + alpha) * np.abs(dy), alpha=alpha)
    for wrong in (-0.1, np.nan, np.inf):
        for kernel, arguments in [(name, [x]), (f"{name}_backward", [x, dy])]:
            with pytest.raises(ValueError, match=rf"\[{kernel}\] expected a finite alpha"):
                getattr(kernels, kernel)(x.copy(), *arguments, alpha=wrong)


@pytest.mark.parametrize("name", CALLS)
def test_curved_refuse_other_shapes(name):
    inputs = curved_inputs(name, np.random.default_rng(12), (3, 4), "float32")
    for shape in [(3, 5), (4, 4), (12,)]:
        with pytest.raises(ValueError, match=rf"\[{name}\] expected"):
            getattr(kernels, name)(np.zeros(shape, np.float32), *inputs)
    with pytest.raises(TypeError):
        getattr(kernels, name)(np.zeros((3, 4)), *inputs)
