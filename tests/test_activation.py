"""Bias, piecewise linear activations and gradients told from y: the bits of the same expression in NumPy."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SPECIALS,
    WIDTHS,
    Placed,
    blank,
    diagonals,
    integers,
    reals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, roundoff

from fastdnn._core import kernels
from fastdnn.reference import activation

LAMBDA, LAMBDA_ALPHA = 1.0507009873554804934, 1.7580993408473768600


# Each kernel as the expression that it rounds like, in the kernel's own type.
EXPRESSIONS = {
    "add_bias": lambda x, bias: x + bias,
    "relu": lambda x: np.where(x < 0, x.dtype.type(0), x),
    "relu_backward": lambda y, dy: np.where(y <= 0, y.dtype.type(0), dy),
    "leaky_relu": lambda x: np.where(x < 0, x.dtype.type(0.1) * x, x),
    "leaky_relu_backward": lambda y, dy: np.where(y <= 0, y.dtype.type(0.1) * dy, dy),
    "elu_backward": lambda y, dy: np.where(y <= 0, dy * (y + y.dtype.type(1)), dy),
    "selu_backward": lambda y, dy: (
        dy * np.where(y <= 0, y + y.dtype.type(LAMBDA_ALPHA), y.dtype.type(LAMBDA))
    ),
    "sigmoid_backward": lambda y, dy: dy * (y * (1 - y)),
    "tanh_backward": lambda y, dy: dy * ((1 - y) * (1 + y)),
    "pass_gradient": lambda dy: dy.copy(),
}
GRADIENTS = tuple(name for name in EXPRESSIONS if name.endswith(("_backward", "gradient")))
ROUNDINGS = {  # of the expression on real numbers, relative to the reference's terms
    "add_bias": 1,
    "leaky_relu": 2,
    "leaky_relu_backward": 2,
    "elu_backward": 2,
    "selu_backward": 4,
    "sigmoid_backward": 3,
    "tanh_backward": 4,
}


def inputs_of(name, rng, fill, shape, dtype):
    if name == "add_bias":
        return [fill(rng, shape, dtype), fill(rng, shape[1:], dtype)]
    if name.endswith("_backward"):
        return [integers(rng, shape, dtype, limit=1), fill(rng, shape, dtype)]  # a third of y is 0
    return [fill(rng, shape, dtype)]


def bound_of(name, want, inputs):
    """Of the terms: 1 + y and the like are no larger than 3 for y in [-1, 1], and lambda alpha is below 2."""
    dtype = inputs[0].dtype
    terms = 4 * np.abs(inputs[1]) if name.endswith("_backward") else np.abs(want)
    return ROUNDINGS.get(name, 0) * roundoff(dtype) * terms.astype(np.float64)


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(name, dtype, layout):
    rng = np.random.default_rng(1)
    for fill in (integers, reals):
        for shape in shapes(layout):
            inputs = inputs_of(name, rng, fill, shape, dtype)
            [y] = run(getattr(kernels, name), [blank(shape, dtype)], inputs, layout)
            check_bits(y, EXPRESSIONS[name](*inputs), shape=shape)
            want = getattr(activation, name)(*inputs)
            check(y, want, bound_of(name, want, inputs), shape=shape)


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_accumulate(name, dtype, layout):
    rng = np.random.default_rng(2)
    for shape in shapes(layout):
        inputs, before = inputs_of(name, rng, reals, shape, dtype), reals(rng, shape, dtype)
        [dx] = run(getattr(kernels, name), [before], inputs, layout, accumulate=True)
        check_bits(dx, before + EXPRESSIONS[name](*inputs), shape=shape)


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(name, dtype):
    rng = np.random.default_rng(3)
    for shape in [(1, 33), (5, 257), (67, 19)]:
        inputs = inputs_of(name, rng, reals, shape, dtype)
        [y] = run_on_threads(getattr(kernels, name), [blank(shape, dtype)], inputs)
        check_bits(y, EXPRESSIONS[name](*inputs), shape=shape)


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(name, dtype):
    rng = np.random.default_rng(4)
    for width in WIDTHS:
        for special, x in diagonals(rng, width, dtype):
            inputs = inputs_of(name, rng, integers, x.shape, dtype)
            for place in range(1 if name == "add_bias" else len(inputs)):
                arguments = [*inputs[:place], x, *inputs[place + 1 :]]
                [y] = run(getattr(kernels, name), [blank(x.shape, dtype)], arguments)
                with np.errstate(invalid="ignore"):
                    want = getattr(activation, name)(*arguments)
                    check_bits(y, EXPRESSIONS[name](*arguments), width=width, special=special, argument=place)
                    bound = np.nan_to_num(bound_of(name, want, arguments), nan=0.0, posinf=0.0)
                check(y, want, bound, width=width, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_in_the_bias_at_every_index(dtype):
    x = np.ones((1, 67), dtype)
    for special in SPECIALS:
        for width in WIDTHS:
            for j in range(width):
                bias = np.zeros(width, dtype)
                bias[j] = special
                [y] = run(kernels.add_bias, [blank((1, width), dtype)], [x[:, :width], bias])
                check_bits(y, x[:, :width] + bias, width=width, column=j)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_edges_of_relu(dtype):
    tiny, nan, inf = np.finfo(dtype).smallest_subnormal, np.nan, np.inf
    x = np.array([[-inf, -1, -tiny, -0.0, 0.0, tiny, 1, inf, nan]], dtype)
    [y] = run(kernels.relu, [blank(x.shape, dtype)], [x])
    check_bits(y, np.array([[0, 0, 0, -0.0, 0, tiny, 1, inf, nan]], dtype))
    for value in (3.0, nan):
        dy = np.full_like(x, value)
        [dx] = run(kernels.relu_backward, [blank(x.shape, dtype)], [x, dy])
        check_bits(dx, np.array([[0] * 5 + [value] * 4], dtype))  # NaN passes: it has not been cut off


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(name, dtype):
    rng = np.random.default_rng(5)
    for shape in shapes():
        inputs = inputs_of(name, rng, reals, shape, dtype)
        want = EXPRESSIONS[name](*inputs)
        places = [0] if name == "add_bias" else range(len(inputs))  # x, y or dy may be the output
        for place in places:
            arguments = [Placed(array, "misaligned") for array in inputs]
            getattr(kernels, name)(arguments[place].array, *(p.array for p in arguments))
            check_bits(arguments[place].array, want, shape=shape, argument=place)
            arguments[place].check_around(shape=shape)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_refuses_other_shapes(name):
    inputs = inputs_of(name, np.random.default_rng(6), reals, (3, 4), "float32")
    kernel = getattr(kernels, name)
    for shape in [(3, 5), (4, 4), (4, 3), (12,), (1, 3, 4)]:
        with pytest.raises(ValueError, match=rf"\[{name}\] expected"):
            kernel(np.zeros(shape, np.float32), *inputs)
    with pytest.raises(TypeError):
        kernel(np.zeros((3, 4)), *inputs)
