"""log_softmax and its gradient: within the errors of exp, log, of one sum and two differences."""

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
from comparator import check, check_bits, exp_error, roundoff, row_sum_error, smallest

from fastdnn._core import kernels
from fastdnn.reference import log_softmax as reference


def forward_bound(x, y):
    """y: of the reference. log turns the sum's relative error into an absolute one and adds its own 2 ulp;
    x - max and its difference from that round."""
    u = roundoff(x.dtype)
    with np.errstate(invalid="ignore"):
        below = x.max(axis=1, keepdims=True) - x.astype(np.float64)
        of_log = exp_error(x, x.dtype)[1] + 4 * u * np.abs(y.max(axis=1, keepdims=True))
        return 1.01 * np.where(np.isfinite(y), of_log + u * (below + np.abs(y)), 0)


def backward_bound(y, dy, before=None):
    """dx = dy - exp(y) sum dy: 2 ulp of exp, its product and the sum's error, the difference; + before."""
    u, n = roundoff(y.dtype), y.shape[1]
    with np.errstate(invalid="ignore"):
        p, dy = np.exp(y.astype(np.float64)), np.abs(dy.astype(np.float64))
        total = dy.sum(axis=1, keepdims=True)
        bound = p * total * (row_sum_error(n, y.dtype) + 6 * u) + u * (dy + p * total)
    if before is not None:
        bound = bound + u * (np.abs(before) + dy + p * total)
    return 1.01 * bound + 2 * smallest(y.dtype) * (1 + total)


def wide_shapes(layout="plain"):
    return [(rows, cols) for rows, cols in shapes(layout) if cols > 0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for shape in wide_shapes(layout):
        x = 3 * reals(rng, shape, dtype)
        want = reference.log_softmax(x)
        [y] = run(kernels.log_softmax, [blank(shape, dtype)], [x], layout)
        check(y, want, forward_bound(x, want), shape=shape)
        dy = reals(rng, shape, dtype)
        want = reference.log_softmax_backward(y, dy)
        [dx] = run(kernels.log_softmax_backward, [blank(shape, dtype)], [y, dy], layout)
        check(dx, want, backward_bound(y, dy), shape=shape)
        [added] = run(kernels.log_softmax_backward, [dy], [y, dy], layout, accumulate=True)
        check_bits(added, dy + dx, shape=shape)
        check(added, dy + want, backward_bound(y, dy, before=dy), shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_cases(dtype):
    """One value far above the others has the logarithm 0, the others their distance."""
    for classes in WIDTHS:
        x = np.full((classes, classes), -1000.0, dtype)
        np.fill_diagonal(x, 24)
        [y] = run(kernels.log_softmax, [blank(x.shape, dtype)], [x])
        check(y, x - np.asarray(24, dtype), 0.0)
        whole = integers(np.random.default_rng(2), x.shape, dtype)
        [dx] = run(kernels.log_softmax_backward, [blank(x.shape, dtype)], [y, whole])
        check(dx, whole - np.eye(classes) * whole.sum(axis=1, keepdims=True), 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_values_give_minus_log_n_within_2_ulp(dtype):
    for n in [*WIDTHS, 128, 257, 1000, 1025]:
        for value in (0.0, -3.25, 1e30):
            [y] = run(kernels.log_softmax, [blank((2, n), dtype)], [np.full((2, n), value, dtype)])
            want = -np.log(np.float64(n))
            ulp = float(np.spacing(np.asarray(-want, dtype))) if n > 1 else 0.0
            check(y, np.full((2, n), want), (2 if dtype == "float32" else 3) * ulp, n=n)


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_and_small_values(dtype):
    rng = np.random.default_rng(3)
    for scale in (1e-30, 1e-3, 30.0, 1e4, 1e30, float(np.finfo(dtype).max) / 8):
        for cols in (1, 2, 10, 257):
            x = (scale * rng.uniform(-1, 1, (20, cols))).astype(dtype)
            want = reference.log_softmax(x)
            [y] = run(kernels.log_softmax, [blank(x.shape, dtype)], [x])
            assert np.isfinite(y).all(), f"{y} at {scale}"
            check(y, want, forward_bound(x, want), scale=scale, cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_in_place(dtype):
    rng = np.random.default_rng(4)
    for shape in [(1, 33), (5, 257), (67, 10), (3, 1025)]:
        x, dy = reals(rng, shape, dtype), reals(rng, shape, dtype)
        [y] = run_on_threads(kernels.log_softmax, [blank(shape, dtype)], [x])
        run_on_threads(kernels.log_softmax_backward, [x], [y, dy], accumulate=True)
        own = Placed(x, "misaligned")
        kernels.log_softmax(own.array, own.array)
        check_bits(own.array, y, shape=shape)
        [dx] = run(kernels.log_softmax_backward, [blank(shape, dtype)], [y, dy])
        for place in (0, 1):
            arguments = [Placed(y, "misaligned"), Placed(dy, "misaligned")]
            kernels.log_softmax_backward(arguments[place].array, *(p.array for p in arguments))
            check_bits(arguments[place].array, dx, shape=shape, place=place)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_does_not_see_the_others(dtype):
    """Rows of one block share a logarithm."""
    rng = np.random.default_rng(5)
    for cols in (2, 10, 21, 67, 300):
        x = reals(rng, (37, cols), dtype)
        [want] = run(kernels.log_softmax, [blank(x.shape, dtype)], [x])
        for r in range(37):
            [alone] = run(kernels.log_softmax, [blank((1, cols), dtype)], [x[[r]]])
            check_bits(alone, want[[r]], row=r)
        for special in (np.nan, np.inf):
            broken = x.copy()
            broken[5, cols - 1] = special
            [y] = run(kernels.log_softmax, [blank(x.shape, dtype)], [broken])
            assert np.isnan(y[5]).all(), f"expected NaN for {special}, got {y[5]}"
            check_bits(np.delete(y, 5, axis=0), np.delete(want, 5, axis=0), special=special)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype):
    rng = np.random.default_rng(6)
    for width in WIDTHS:
        for special, x in diagonals(rng, width, dtype):
            want = reference.log_softmax(x)
            [y] = run(kernels.log_softmax, [blank(x.shape, dtype)], [x])
            check(y, want, forward_bound(x, want), width=width, special=special)
            if special == -np.inf and width > 1:
                assert (np.diag(y) == -np.inf).all()
            numbers = integers(rng, x.shape, dtype)
            for arguments in ([x, numbers], [-np.abs(numbers), x]):
                if special == np.inf and arguments[0] is x:
                    continue  # no logarithm of a probability
                with np.errstate(invalid="ignore"):
                    want = reference.log_softmax_backward(*arguments)
                [dx] = run(kernels.log_softmax_backward, [blank(x.shape, dtype)], arguments)
                bound = np.where(np.isfinite(want), backward_bound(*arguments), 0)
                check(dx, want, bound, width=width, special=special)


def test_refuses_other_shapes():
    x = np.zeros((3, 4))
    for wrong in [(np.zeros((3, 5)), x), (np.zeros((2, 4)), x), (np.zeros((3, 0)), np.zeros((3, 0)))]:
        with pytest.raises(ValueError, match=r"\[log_softmax\] expected"):
            kernels.log_softmax(*wrong)
    for wrong in [(np.zeros((3, 5)), x, x), (x, np.zeros((2, 4)), x), (x, x, np.zeros((3, 5)))]:
        with pytest.raises(ValueError, match=r"\[log_softmax_backward\] expected"):
            kernels.log_softmax_backward(*wrong)
