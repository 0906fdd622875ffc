"""Softmax and its gradient: within the errors of exp, of one sum and of one division."""

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
from fastdnn.reference import softmax as reference


def forward_bound(x, y):
    """y: of the reference. One more rounding by the division; gradual underflow loses a few numbers."""
    each, of_sum = exp_error(x, x.dtype)
    return 1.01 * y * (each + of_sum + roundoff(x.dtype)) + 4 * smallest(x.dtype)


def backward_bound(y, dy, before=0.0):
    """dx = y (dy - dot) + before: the product's and sum's error of dot, then three roundings. Gradual
    underflow takes a smallest number of dx and of each product of dot."""
    u, n, least = roundoff(y.dtype), y.shape[1], smallest(y.dtype)
    y, dy = np.abs(y.astype(np.float64)), np.abs(dy.astype(np.float64))
    dot = (y * dy).sum(axis=1, keepdims=True)
    product = y * (dy + dot)
    error = y * dot * (row_sum_error(n, "float64") + u * (n / 8 + 9)) + 2 * u * product
    underflow = least * (1 + n * y)
    return 1.01 * (error + u * (product + np.abs(before)) * (np.ndim(before) > 0)) + underflow


def wide_shapes(layout="plain"):
    return [(rows, cols) for rows, cols in shapes(layout) if cols > 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_examples(dtype):
    x = np.array([[5, 2, -1, 3]], dtype)
    [y] = run(kernels.softmax, [blank(x.shape, dtype)], [x])
    assert np.round(y, 3).tolist() == np.array([[0.842, 0.042, 0.002, 0.114]], dtype).tolist()
    for same in (1000.0, -1000.0, 0.0):
        [y] = run(kernels.softmax, [blank((1, 2), dtype)], [np.full((1, 2), same, dtype)])
        assert y.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_values_give_one_over_n_exactly(dtype):
    for n in [*WIDTHS, 128, 257, 1000]:
        for value in (0.0, -3.25, 1e30):
            [y] = run(kernels.softmax, [blank((2, n), dtype)], [np.full((2, n), value, dtype)])
            check_bits(y, np.full((2, n), 1 / np.asarray(n, dtype), dtype), n=n, value=value)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for shape in wide_shapes(layout):
        x = 3 * reals(rng, shape, dtype)
        want = reference.softmax(x)
        [y] = run(kernels.softmax, [blank(shape, dtype)], [x], layout)
        check(y, want, forward_bound(x, want), shape=shape)

        dy = reals(rng, shape, dtype)
        want = reference.softmax_backward(y, dy)
        [dx] = run(kernels.softmax_backward, [blank(shape, dtype)], [y, dy], layout)
        check(dx, want, backward_bound(y, dy), shape=shape)
        [added] = run(kernels.softmax_backward, [dy], [y, dy], layout, accumulate=True)
        check_bits(added, dy + dx, shape=shape)
        check(added, dy + want, backward_bound(y, dy, before=dy), shape=shape)

        whole = integers(rng, shape, dtype)
        [dx] = run(kernels.softmax_backward, [blank(shape, dtype)], [whole, whole], layout)
        check(dx, reference.softmax_backward(whole, whole), 0.0, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_and_small_values(dtype):
    rng = np.random.default_rng(2)
    top = float(np.finfo(dtype).max)
    for scale in (1e-30, 1e-3, 30.0, 100.0, 1e4, 1e30, top / 8):
        for cols in (1, 2, 10, 257):
            x = (scale * rng.uniform(-1, 1, (20, cols))).astype(dtype)
            want = reference.softmax(x)
            [y] = run(kernels.softmax, [blank(x.shape, dtype)], [x])
            check(y, want, forward_bound(x, want), scale=scale, cols=cols)
            check(y.sum(axis=1, dtype=np.float64), np.ones(20), 2 * cols * roundoff(dtype), scale=scale)
    [y] = run(kernels.softmax, [blank((1, 3), dtype)], [np.array([[top, -top, top]], dtype)])
    assert y.tolist() == [[0.5, 0, 0.5]]


@pytest.mark.parametrize(("dtype", "lowest", "highest"), [("float32", -110, -17), ("float64", -760, -38)])
def test_exp_is_within_2_ulp(dtype, lowest, highest):
    """In a row [0, x] the sum is 1 for these x: y[1] is exp(x) itself, gradual underflow included."""
    rng = np.random.default_rng(3)
    x = np.zeros((100_000, 2), dtype)
    x[:, 1] = rng.uniform(lowest, highest, len(x))
    y = blank(x.shape, dtype)
    kernels.softmax(y, x)
    want = np.exp(x[:, 1].astype(np.float64))
    ulp = np.spacing(want.astype(dtype)).astype(np.float64)
    check(y[:, 1], want, (2 if dtype == "float32" else 3) * ulp)  # one of float64's is NumPy's
    zeros = np.count_nonzero(y[:, 1] == 0)
    assert 0 < zeros < len(x), f"expected some of {len(x)} to underflow, got {zeros}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(4)
    for shape in [(1, 33), (5, 257), (67, 10)]:
        x, dy = reals(rng, shape, dtype), reals(rng, shape, dtype)
        [y] = run_on_threads(kernels.softmax, [blank(shape, dtype)], [x])
        run_on_threads(kernels.softmax_backward, [x], [y, dy], accumulate=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_does_not_see_the_others(dtype):
    rng = np.random.default_rng(5)
    x = reals(rng, (9, 21), dtype)
    [whole] = run(kernels.softmax, [blank(x.shape, dtype)], [x])
    for r in range(9):
        [alone] = run(kernels.softmax, [blank((1, 21), dtype)], [x[[r]]])
        check_bits(alone, whole[[r]], row=r)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype):
    rng = np.random.default_rng(6)
    for width in WIDTHS:
        for special, x in diagonals(rng, width, dtype):
            want = reference.softmax(x)
            broken = special in (np.inf,) or np.isnan(special) or (width == 1 and special == -np.inf)
            assert np.isnan(want).all() if broken else np.isfinite(want).all()
            [y] = run(kernels.softmax, [blank(x.shape, dtype)], [x])
            check(y, want, forward_bound(x, want), width=width, special=special)
            numbers = integers(rng, x.shape, dtype)
            for arguments in ([x, numbers], [numbers, x]):
                with np.errstate(invalid="ignore"):
                    want = reference.softmax_backward(*arguments)
                [dx] = run(kernels.softmax_backward, [blank(x.shape, dtype)], arguments)
                check(dx, want, 0.0, width=width, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    rng = np.random.default_rng(7)
    for shape in wide_shapes():
        x, dy = reals(rng, shape, dtype), reals(rng, shape, dtype)
        [y] = run(kernels.softmax, [blank(shape, dtype)], [x])
        own = Placed(x, "misaligned")
        kernels.softmax(own.array, own.array)
        check_bits(own.array, y, shape=shape)
        [dx] = run(kernels.softmax_backward, [blank(shape, dtype)], [y, dy])
        for place in (0, 1):
            arguments = [Placed(y, "misaligned"), Placed(dy, "misaligned")]
            kernels.softmax_backward(arguments[place].array, *(p.array for p in arguments))
            check_bits(arguments[place].array, dx, shape=shape, place=place)


def test_refuses_other_shapes():
    x = np.zeros((3, 4))
    for wrong in [(np.zeros((3, 5)), x), (np.zeros((2, 4)), x), (np.zeros((3, 0)), np.zeros((3, 0)))]:
        with pytest.raises(ValueError, match=r"\[softmax\] expected"):
            kernels.softmax(*wrong)
    for wrong in [(np.zeros((3, 5)), x, x), (x, np.zeros((2, 4)), x), (x, x, np.zeros((3, 5)))]:
        with pytest.raises(ValueError, match=r"\[softmax_backward\] expected"):
            kernels.softmax_backward(*wrong)
