"""The max-norm constraint: rescaled to the limit within the roundings of a norm, or not touched at all."""

import numpy as np
import pytest
from arrays_for_tests import DTYPES, LAYOUTS, WIDTHS, diagonals, integers, reals, run, run_on_threads, shapes
from comparator import check, check_bits, roundoff, row_sum_error, smallest

from fastdnn._core import kernels
from fastdnn.reference.max_norm import max_norm as reference

CHUNK = 256
both_axes = pytest.mark.parametrize("axis", [0, 1])


def bound(w, limit, axis):
    """Half the relative error of the sum of squares, then √, the quotient, the limit and the product round.

    A norm that falls on the other side of the limit is off by no more: min(1, limit / norm) is continuous.
    """
    n, u = w.shape[axis], roundoff(w.dtype)
    if axis == 0:  # as of column_sum; NumPy's sum in float64 takes the rows one after the other
        of_sum = (min(n, CHUNK / 4 + 3) + 2 + -(-n // CHUNK)) * u + n * 2.0**-53
    else:
        of_sum = row_sum_error(n, w.dtype)
    relative = 1.01 * ((of_sum + u) / 2 + 4 * u)
    return relative * np.abs(reference(w, limit, axis)) + smallest(w.dtype)


@both_axes
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout, axis):
    rng = np.random.default_rng(1)
    for shape in [*shapes(layout), *([] if layout == "far" else [(CHUNK - 1, 19), (2 * CHUNK + 5, 3)])]:
        w = reals(rng, shape, dtype) * np.asarray(2.0 ** rng.integers(-3, 4), dtype)
        norms = np.linalg.norm(w.astype(np.float64), axis=axis)
        for limit in (0.0, 1.0, float(np.median(norms)) if norms.size else 1.0, 1e9):
            [got] = run(kernels.max_norm, [w], [], layout, limit=limit, axis=axis)
            check(got, reference(w, limit, axis), bound(w, limit, axis), shape=shape, limit=limit)


@both_axes
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_within_keeps_its_bits(dtype, axis):
    """Norms 5 (3, 4) and 13 (5, 12): exact, and 5 is not above 5."""
    w = np.zeros((2, 35), dtype)
    w[:, ::2], w[:, 1::2] = [[3], [4]], [[5], [-12]]
    w = w if axis == 0 else np.ascontiguousarray(w.T)
    [same] = run(kernels.max_norm, [w], [], limit=13.0, axis=axis)
    check_bits(same, w)
    [got] = run(kernels.max_norm, [w], [], limit=6.5, axis=axis)
    inside = np.abs(w) < 4.5
    check_bits(got, np.where(inside, w, w / 2).astype(dtype))


@both_axes
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype, axis):
    rng = np.random.default_rng(2)
    for shape in [(1, 33), (5, 257), (300, 67), (67, 10)]:
        run_on_threads(kernels.max_norm, [reals(rng, shape, dtype)], [], limit=1.0, axis=axis)


@both_axes
@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype, axis):
    """A NaN leaves its column or row as it is; an infinity becomes NaN, the rest of its column or row 0."""
    rng = np.random.default_rng(3)
    for width in WIDTHS:
        for special, w in diagonals(rng, width, dtype):
            [got] = run(kernels.max_norm, [w], [], limit=4.0, axis=axis)
            with np.errstate(invalid="ignore"):
                want = reference(w, 4.0, axis)
                limits = np.where(np.isfinite(want), bound(w, 4.0, axis), 0)
            check(got, want, np.nan_to_num(limits), width=width, special=special)


@both_axes
def test_a_column_or_row_does_not_see_the_others(axis):
    w = integers(np.random.default_rng(4), (67, 67), "float32")
    [whole] = run(kernels.max_norm, [w], [], limit=3.0, axis=axis)
    for first, last in [(0, 1), (3, 20), (16, 48), (66, 67)]:
        part = (slice(None), slice(first, last)) if axis == 0 else (slice(first, last), slice(None))
        [alone] = run(kernels.max_norm, [w[part]], [], limit=3.0, axis=axis)
        check_bits(alone, whole[part])


def test_refuses_other_arguments():
    w = np.zeros((3, 4))
    for limit, axis in [(-1.0, 0), (np.nan, 0), (1.0, 2), (1.0, -1)]:
        with pytest.raises(ValueError, match=r"\[max_norm\] expected"):
            kernels.max_norm(w, limit, axis)
    with pytest.raises(ValueError, match=r"\[max_norm\] expected"):
        kernels.max_norm(np.zeros((2, 2, 2)), 1.0)
    with pytest.raises(TypeError):
        kernels.max_norm(w.astype(np.int32), 1.0)
