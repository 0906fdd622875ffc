"""Σ_r x[r][j]: exact on whole numbers, bounded by the depth of its tree, the same bits for any cut."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SIZES,
    WIDTHS,
    blank,
    fresh_seed,
    integers,
    reals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, roundoff

from fastdnn._core import kernels
from fastdnn.reference.column_sum import column_sum as reference

CHUNK = 256
ROWS = sorted({n * CHUNK + d for n in (1, 2, 4) for d in range(-5, 6)} | set(SIZES))


def bound(x, before=0.0):
    """Roundings on the way of a row to the sum: up to 64 rows and a rest of 3 in one of four sums, two to
    join those, then one for each chunk. NumPy's float64 sum takes the rows one after the other.
    """
    rows = len(x)
    steps = min(rows, CHUNK / 4 + 3) + 2 + -(-rows // CHUNK)
    u = 1.01 * (steps * roundoff(x.dtype) + rows * 2.0**-53)
    return u * (np.abs(x.astype(np.float64)).sum(axis=0) + np.abs(before))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("accumulate", [False, True])
def test_rows_around_the_chunks(dtype, accumulate):
    rng = np.random.default_rng(1)
    for rows in ROWS:
        for cols in (1, 5, 19):
            for fill in (integers, reals):
                x = fill(rng, (rows, cols), dtype)
                before = fill(rng, (cols,), dtype) if accumulate else blank((cols,), dtype)
                [sums] = run(kernels.column_sum, [before], [x], accumulate=accumulate)
                start = before if accumulate else np.zeros(cols)
                want = start + reference(x)
                check(sums, want, 0.0 if fill is integers else bound(x, start), rows=rows, cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(2)
    for rows, cols in shapes(layout):
        x, before = integers(rng, (rows, cols), dtype), integers(rng, (cols,), dtype)
        [sums] = run(kernels.column_sum, [blank((cols,), dtype)], [x], layout)
        check(sums, reference(x), 0.0, shape=x.shape)
        [sums] = run(kernels.column_sum, [before], [x], layout, accumulate=True)
        check(sums, before + reference(x), 0.0, shape=x.shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_cuts(dtype):
    rng = np.random.default_rng(3)
    for shape in [(1, 33), (300, 257), (700, 19)]:
        x = reals(rng, shape, dtype)
        [whole] = run_on_threads(kernels.column_sum, [blank(shape[1:], dtype)], [x])
        check(whole, reference(x), bound(x), shape=shape)
        for first, last in rng.integers(0, shape[1] + 1, (20, 2)):
            part = blank((max(0, last - first),), dtype)
            kernels.column_sum(part, x[:, first : max(first, last)])
            check_bits(part, whole[first : max(first, last)], shape=shape, cols=(first, last))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_special_values_at_every_index(dtype, special):
    rng = np.random.default_rng(4)
    numbers = integers(rng, (7, 67), dtype)
    for width in WIDTHS:
        for j in range(width):
            x = numbers[:, :width].copy()
            x[j % 7, j] = special
            [sums] = run(kernels.column_sum, [blank((width,), dtype)], [x])
            check(sums, reference(x), 0.0, width=width, column=j)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_error_does_not_grow_with_the_rows(dtype):
    """Summed one after the other, 0.1 is off by far more than the bound at this many rows."""
    x = np.full((20_000, 3), 0.1, dtype)
    [sums] = run(kernels.column_sum, [blank((3,), dtype)], [x])
    exact = np.full(3, 20_000 * float(x[0, 0]))
    check(sums, exact, bound(x), rows=20_000)
    one_by_one = np.add.accumulate(x[:, 0])[-1]
    assert abs(float(one_by_one) - exact[0]) > 2 * np.abs(sums.astype(np.float64) - exact).max()


@pytest.mark.parametrize("dtype", DTYPES)
def test_more_than_2_to_31_elements(dtype):
    """A row that is there 2^20 times without taking memory; the sums are whole numbers of float32."""
    rows, cols = 2**20, 2**11 + 3
    row = np.where(np.arange(cols) % 3 == 0, -2.0, 1.0).astype(dtype)
    sums = blank((cols,), dtype)
    kernels.column_sum(sums, np.broadcast_to(row, (rows, cols)), threads=3)
    check(sums, rows * row.astype(np.float64), 0.0)


def test_random_sums():
    seed = fresh_seed()
    rng = np.random.default_rng(seed)
    for number in range(500):
        rows, cols = rng.integers(0, [600, 70])
        dtype, exact = DTYPES[rng.integers(2)], bool(rng.integers(2))
        x = (integers if exact else reals)(rng, (rows, cols), dtype)
        layout = LAYOUTS[rng.integers(len(LAYOUTS) - 1)]
        [sums] = run(kernels.column_sum, [blank((cols,), dtype)], [x], layout)
        context = {"seed": seed, "number": number, "shape": x.shape, "layout": layout, "dtype": dtype}
        check(sums, reference(x), 0.0 if exact else bound(x), **context)


def test_refuses_other_shapes():
    x = np.zeros((3, 4))
    for sums in (np.zeros(3), np.zeros(5), np.zeros((1, 4)), np.zeros(8)[::2]):
        with pytest.raises(ValueError, match=r"\[column_sum\] expected"):
            kernels.column_sum(sums, x)
    with pytest.raises(TypeError):
        kernels.column_sum(np.zeros(4, np.float32), x)
