"""The rectifier with a learned slope, its gradients with respect to x and to the slopes."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
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
from fastdnn.reference import prelu as reference


def forward(x, alpha):
    return np.where(x < 0, alpha * x, x)


def backward(x, dy, alpha):
    return np.where(x <= 0, alpha * dy, dy)


def inputs_of(rng, fill, shape, dtype):
    return integers(rng, shape, dtype, 2), fill(rng, shape, dtype), fill(rng, shape[1:], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for shape in shapes(layout):
        for fill in (integers, reals):
            x, dy, alpha = inputs_of(rng, fill, shape, dtype)
            [y] = run(kernels.prelu, [blank(shape, dtype)], [x, alpha], layout)
            check_bits(y, forward(x, alpha), shape=shape)
            check(y, reference.prelu(x, alpha), roundoff(dtype) * np.abs(x * alpha), shape=shape)
            [dx] = run(kernels.prelu_backward, [blank(shape, dtype)], [x, dy, alpha], layout)
            check_bits(dx, backward(x, dy, alpha), shape=shape)
            want = reference.prelu_backward(x, dy, alpha)
            check(dx, want, roundoff(dtype) * np.abs(want), shape=shape)
            [added] = run(kernels.prelu_backward, [dy], [x, dy, alpha], layout, accumulate=True)
            check_bits(added, dy + dx, shape=shape)
        x, dy, before = inputs_of(rng, integers, shape, dtype)
        [dalpha] = run(kernels.prelu_dalpha, [blank(shape[1:], dtype)], [x, dy], layout)
        check(dalpha, reference.prelu_dalpha(x, dy), 0.0, shape=shape)
        [dalpha] = run(kernels.prelu_dalpha, [before], [x, dy], layout, accumulate=True)
        check(dalpha, before + reference.prelu_dalpha(x, dy), 0.0, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_dalpha_is_the_column_sum_of_the_products(dtype):
    """The same chunks, so the same bits."""
    rng = np.random.default_rng(2)
    for rows in (1, 3, 255, 256, 257, 700):
        x, dy = reals(rng, (rows, 19), dtype), reals(rng, (rows, 19), dtype)
        [dalpha] = run_on_threads(kernels.prelu_dalpha, [blank((19,), dtype)], [x, dy])
        [want] = run(kernels.column_sum, [blank((19,), dtype)], [np.where(x > 0, x.dtype.type(0), x * dy)])
        check_bits(dalpha, want, rows=rows)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(3)
    for shape in [(1, 33), (5, 257), (67, 19)]:
        x, dy, alpha = inputs_of(rng, reals, shape, dtype)
        run_on_threads(kernels.prelu, [blank(shape, dtype)], [x, alpha])
        run_on_threads(kernels.prelu_backward, [dy], [x, dy, alpha], accumulate=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype):
    rng = np.random.default_rng(4)
    for width in WIDTHS:
        for special, x in diagonals(rng, width, dtype):
            _, other, alpha = inputs_of(rng, integers, x.shape, dtype)
            with np.errstate(invalid="ignore"):
                [y] = run(kernels.prelu, [blank(x.shape, dtype)], [x, alpha])
                check_bits(y, forward(x, alpha), width=width, special=special)
                for value, dy in ((x, other), (other, x)):
                    [dx] = run(kernels.prelu_backward, [blank(x.shape, dtype)], [value, dy, alpha])
                    check_bits(dx, backward(value, dy, alpha), width=width, special=special)
                    [dalpha] = run(kernels.prelu_dalpha, [blank((width,), dtype)], [value, dy])
                    check(dalpha, reference.prelu_dalpha(value, dy), 0.0, width=width, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    rng = np.random.default_rng(5)
    x, dy, alpha = inputs_of(rng, reals, (5, 21), dtype)
    own = Placed(x, "misaligned").array
    kernels.prelu(own, own, alpha)
    check_bits(own, forward(x, alpha))
    for place in (0, 1):
        arguments = [Placed(x, "misaligned").array, Placed(dy, "misaligned").array]
        kernels.prelu_backward(arguments[place], *arguments, alpha)
        check_bits(arguments[place], backward(x, dy, alpha), place=place)


def test_refuses_other_shapes():
    x, alpha = np.zeros((3, 4)), np.zeros(4)
    for y, slopes in [(np.zeros((3, 5)), alpha), (x.copy(), np.zeros(3)), (x.copy(), np.zeros(8)[::2])]:
        with pytest.raises(ValueError, match=r"\[prelu\] expected"):
            kernels.prelu(y, x, slopes)
        with pytest.raises(ValueError, match=r"\[prelu_backward\] expected"):
            kernels.prelu_backward(y, x, x, slopes)
    for dalpha, dy in [(np.zeros(3), x), (alpha.copy(), np.zeros((4, 4)))]:
        with pytest.raises(ValueError, match=r"\[prelu_dalpha\] expected"):
            kernels.prelu_dalpha(dalpha, x, dy)
