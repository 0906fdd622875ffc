"""logistic_normalize and its gradient: within the errors of exp, of one sum and of two divisions."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    WIDTHS,
    Placed,
    blank,
    diagonals,
    reals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, roundoff, row_sum_error, smallest

from fastdnn._core import kernels
from fastdnn.reference import logistic_normalize as reference

S = 4 + 2  # units of error of s(x): exp is good to 2 ulp; 1 + exp and the division round


def forward_bound(x, y):
    """y: of the reference. In each term S, in the sum its own, and the division; a shift rounds x first. What
    underflows gradually is divided by a sum of exp(-18), or exp(-38) in float64, at least."""
    u, n = roundoff(x.dtype), x.shape[1]
    least = 4 * smallest(x.dtype) * np.exp(18 if x.dtype == np.float32 else 38)
    with np.errstate(invalid="ignore"):
        top = x.astype(np.float64).max(axis=1, keepdims=True)
        shifted = (top < -18) & np.isfinite(x)
        each = (S + 2 * np.where(shifted, np.abs(x.astype(np.float64)) + 40, 0)) * u
        mean = np.where(y == 0, 0, y * each).sum(axis=1, keepdims=True)
    return 1.01 * y * (each + mean + row_sum_error(n, x.dtype) + u) + least


def backward_bound(y, dy, before=None):
    """dx = y s(-x) (dy - dot): the product's and sum's error of dot, then S and three roundings."""
    u, n = roundoff(y.dtype), y.shape[1]
    with np.errstate(invalid="ignore"):
        y, dy = np.abs(y.astype(np.float64)), np.abs(dy.astype(np.float64))
        dot = (y * dy).sum(axis=1, keepdims=True)
        bound = y * dot * (n / 8 + 9) * u + (S + 3) * u * y * (dy + dot)
        if before is not None:
            bound = bound + u * (np.abs(before) + y * (dy + dot))
        return 1.01 * bound + 4 * smallest("float32" if u > 1e-10 else "float64") * (1 + dy + dot)


def wide_shapes(layout="plain"):
    return [(rows, cols) for rows, cols in shapes(layout) if cols > 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_examples(dtype):
    """The winning margins of outputs 0.06, 0.98, 0.04, 0.92 and of 0.14, 0.88, 0.12, 0.06."""
    for outputs, want, margin in [
        ([0.06, 0.98, 0.04, 0.92], [0.03, 0.49, 0.02, 0.46], 0.03),
        ([0.14, 0.88, 0.12, 0.06], [0.117, 0.733, 0.1, 0.05], 0.617),
    ]:
        s = np.array([outputs])
        x = np.log(s / (1 - s)).astype(dtype)
        [y] = run(kernels.logistic_normalize, [blank(x.shape, dtype)], [x])
        check(y, [want], 5e-4)
        best = np.sort(y[0])
        check(best[-1] - best[-2], margin, 5e-4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_values_give_one_over_n(dtype):
    for n in WIDTHS:
        for value in (0.0, -3.25, 1e30, -1e30, -50.0):
            [y] = run(kernels.logistic_normalize, [blank((2, n), dtype)], [np.full((2, n), value, dtype)])
            bound = 1.01 * (row_sum_error(n, dtype) + roundoff(dtype)) / n
            check(y, np.full((2, n), 1 / n), bound, n=n, value=value)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for shape in wide_shapes(layout):
        x = 3 * reals(rng, shape, dtype)
        want = reference.logistic_normalize(x)
        [y] = run(kernels.logistic_normalize, [blank(shape, dtype)], [x], layout)
        check(y, want, forward_bound(x, want), shape=shape)
        dy = reals(rng, shape, dtype)
        want = reference.logistic_normalize_backward(y, x, dy)
        [dx] = run(kernels.logistic_normalize_backward, [blank(shape, dtype)], [y, x, dy], layout)
        check(dx, want, backward_bound(y, dy), shape=shape)
        [added] = run(kernels.logistic_normalize_backward, [dy], [y, x, dy], layout, accumulate=True)
        check_bits(added, dy + dx, shape=shape)
        check(added, dy + want, backward_bound(y, dy, before=dy), shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_and_small_values(dtype):
    """Rows far below 0 are shifted and become those of softmax."""
    rng = np.random.default_rng(2)
    for center in (0, 20, 1e4, -20, -39.5, -41, -90, -200, -1e4, -1e30):
        for scale in (1e-3, 3.0, 30.0):
            for cols in (1, 2, 10, 67):
                x = (center + scale * rng.uniform(-1, 1, (20, cols))).astype(dtype)
                want = reference.logistic_normalize(x)
                [y] = run(kernels.logistic_normalize, [blank(x.shape, dtype)], [x])
                assert np.isfinite(y).all(), f"{y} at {center}"
                check(y, want, forward_bound(x, want), center=center, scale=scale, cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_in_place(dtype):
    rng = np.random.default_rng(3)
    for shape in [(1, 33), (5, 257), (67, 10)]:
        x, dy = reals(rng, shape, dtype), reals(rng, shape, dtype)
        [y] = run_on_threads(kernels.logistic_normalize, [blank(shape, dtype)], [x])
        run_on_threads(kernels.logistic_normalize_backward, [x], [y, x, dy], accumulate=True)
        own = Placed(x, "misaligned")
        kernels.logistic_normalize(own.array, own.array)
        check_bits(own.array, y, shape=shape)
        [dx] = run(kernels.logistic_normalize_backward, [blank(shape, dtype)], [y, x, dy])
        for place in (0, 1, 2):
            arguments = [Placed(array, "misaligned") for array in (y, x, dy)]
            kernels.logistic_normalize_backward(arguments[place].array, *(p.array for p in arguments))
            check_bits(arguments[place].array, dx, shape=shape, place=place)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype):
    rng = np.random.default_rng(4)
    for width in WIDTHS:
        for special, x in diagonals(rng, width, dtype):
            want = reference.logistic_normalize(x)
            broken = np.isnan(special) or (width == 1 and special == -np.inf)
            assert np.isnan(want).all() if broken else np.isfinite(want).all()
            [y] = run(kernels.logistic_normalize, [blank(x.shape, dtype)], [x])
            check(y, want, np.where(np.isfinite(want), forward_bound(x, want), 0), special=special)
            numbers = reals(rng, x.shape, dtype)
            p = rng.random(x.shape).astype(dtype)
            for arguments in ([x, numbers, numbers], [p, x, numbers], [p, numbers, x]):
                with np.errstate(invalid="ignore"):
                    want = reference.logistic_normalize_backward(*arguments)
                [dx] = run(kernels.logistic_normalize_backward, [blank(x.shape, dtype)], arguments)
                bound = np.where(np.isfinite(want), backward_bound(arguments[0], arguments[2]), 0)
                check(dx, want, bound, width=width, special=special)


def test_refuses_other_shapes():
    x, other = np.zeros((3, 4)), np.zeros((3, 5))
    for wrong in [(other, x), (np.zeros((2, 4)), x), (np.zeros((3, 0)), np.zeros((3, 0)))]:
        with pytest.raises(ValueError, match=r"\[logistic_normalize\] expected"):
            kernels.logistic_normalize(*wrong)
    for wrong in [(other, x, x, x), (x, other, x, x), (x, x, other, x), (x, x, x, other)]:
        with pytest.raises(ValueError, match=r"\[logistic_normalize_backward\] expected"):
            kernels.logistic_normalize_backward(*wrong)
