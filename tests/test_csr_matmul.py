"""Products of sparse rows: exact on whole numbers, in bounds on real ones, safe whatever the indices say."""

import itertools

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SIZES,
    SPECIALS,
    blank,
    fresh_seed,
    integers,
    reals,
    run,
    run_on_threads,
)
from comparator import check, check_bits, roundoff

from fastdnn import _core
from fastdnn._core import kernels
from fastdnn.reference import csr_matmul as reference

BLOCK = 256
VALUE_TYPES = ("?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8")


def entries(rng, rows, width, *, most=6, wide=False, numbers=integers, dtype="float32"):
    """starts, columns, values of random rows: in any order, some columns twice, some rows empty."""
    lengths = rng.integers(0, most + 1, rows) * (width > 0)
    index = np.int64 if wide else np.int32
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(index)
    columns = rng.integers(0, max(width, 1), starts[-1]).astype(index)
    return starts, columns, numbers(rng, (int(starts[-1]),), dtype)


def dense(starts, columns, values, width):
    x = np.zeros((len(starts) - 1, width))
    for r in range(len(x)):
        own = slice(starts[r], starts[r + 1])
        np.add.at(x[r], columns[own], values[own].astype(np.float64))
    return x


def order_of(rng, n, rows):
    return rng.integers(0, rows, n).astype(np.int32)


def forward(x, order, w, bias=None, layout="plain", **options):
    """The product; matrices lie as they like."""
    __tracebackhide__ = True
    y = blank((len(order), w.shape[1]), w.dtype)

    def kernel(y, w, **more):
        assert kernels.csr_matmul(y, *x, order, w, bias, **more)

    return run(kernel, [y], [w], layout, **options)[0]


def backward(x, order, dy, width, layout="plain", before=None, **options):
    __tracebackhide__ = True
    dw = blank((width, dy.shape[1]), dy.dtype) if before is None else before

    def kernel(dw, dy, **more):
        assert kernels.csr_matmul_dw(dw, *x, order, dy, accumulate=before is not None, **more)

    return run(kernel, [dw], [dy], layout, **options)[0]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "far"])
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for number, cols in enumerate(SIZES):
        rows, width, n = [(1, 1, 1), (3, 7, 5), (17, 40, 17), (5, 3, 0)][number % 4]
        x = entries(rng, rows, width, wide=number % 3 == 0, dtype=dtype)
        order, full = order_of(rng, n, rows), dense(*x, width)
        w, bias = integers(rng, (width, cols), dtype), integers(rng, (cols,), dtype)
        check(forward(x, order, w, bias, layout), full[order] @ w + bias, 0.0, cols=cols)
        check(forward(x, order, w, None, layout), reference.csr_matmul(*x, order, w), 0.0, cols=cols)
        dy, before = integers(rng, (n, cols), dtype), integers(rng, (width, cols), dtype)
        want = full[order].T @ dy
        check(reference.csr_matmul_dw(*x, order, dy, width), want, 0.0)
        check(backward(x, order, dy, width, layout), want, 0.0, cols=cols)
        check(backward(x, order, dy, width, layout, before), before + want, 0.0, cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_real_numbers_within_a_rounding_for_each_term(dtype):
    rng = np.random.default_rng(2)
    for most in (5, 700):
        for cols in (1, 19, 70):
            x = entries(rng, 9, 300, most=most, numbers=reals, dtype=dtype)
            order, full = order_of(rng, 20, 9), dense(*x, 300)
            w, bias, dy = (
                reals(rng, (300, cols), dtype),
                reals(rng, (cols,), dtype),
                reals(rng, (20, cols), dtype),
            )
            sizes = reference.csr_matmul(*x[:2], np.abs(x[2]), order, np.abs(w), np.abs(bias))
            bound = 1.01 * 2 * (most + 2) * roundoff(dtype)  # portable rounds product and sum
            check(forward(x, order, w, bias), full[order] @ w + bias, bound * sizes, most=most)
            sizes = reference.csr_matmul_dw(*x[:2], np.abs(x[2]), order, np.abs(dy), 300)
            bound = 1.01 * 2 * (20 * most + 2) * roundoff(dtype)
            check(backward(x, order, dy, 300), full[order].T @ dy, bound * sizes, most=most)


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_element_is_one_chain(dtype):
    """Rows around the blocks of 256 entries: the bits of the same row in pieces, each adding to the last."""
    rng = np.random.default_rng(3)
    w = reals(rng, (50, 21), dtype)
    zero = np.zeros(1, np.int32)
    for count in (1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7):
        columns, values = rng.integers(0, 50, count).astype(np.int32), reals(rng, (count,), dtype)
        whole = forward((np.array([0, count], np.int32), columns, values), zero, w)
        parts = np.zeros(21, dtype)
        for e in range(count):
            one = (np.array([0, 1], np.int32), columns[e : e + 1], values[e : e + 1])
            parts = forward(one, zero, w, parts)[0]
        check_bits(whole[0], parts, count=count)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(4)
    for rows, width, cols, n in [(1, 1, 1, 1), (7, 100, 33, 5), (50, 11, 16, 64), (30, 2000, 3, 40)]:
        x = entries(rng, rows, width, most=300, numbers=reals, dtype=dtype)
        order, w, dy = order_of(rng, n, rows), reals(rng, (width, cols), dtype), reals(rng, (n, cols), dtype)

        def product(y, w, *, threads, x=x, order=order):
            assert kernels.csr_matmul(y, *x, order, w, threads=threads)

        def gradient(dw, dy, *, threads, accumulate=False, x=x, order=order):
            assert kernels.csr_matmul_dw(dw, *x, order, dy, accumulate, threads)

        run_on_threads(product, [blank((n, cols), dtype)], [w])
        run_on_threads(gradient, [blank((width, cols), dtype)], [dy])
        run_on_threads(gradient, [w], [dy], accumulate=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", VALUE_TYPES)
def test_values_of_every_type_are_rounded_once(dtype, kind):
    rng = np.random.default_rng(5)
    starts, columns, _ = entries(rng, 20, 30, most=20)
    if np.dtype(kind).kind == "f":
        values = (rng.standard_normal(len(columns)) * 3).astype(kind)
    else:
        high = 2 if kind == "?" else np.iinfo(kind).max
        values = rng.integers(0, high, len(columns), dtype=np.uint64).astype(kind)
    order, w = np.arange(20, dtype=np.int32), integers(rng, (30, 5), dtype)
    got = forward((starts, columns, values), order, w)
    check_bits(got, forward((starts, columns, values.astype(dtype)), order, w), kind=kind)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values(dtype, special):
    """Of an entry: seen, and in its row of y alone; of a weight: only where an entry meets it."""
    rng = np.random.default_rng(6)
    x = starts, columns, values = entries(rng, 12, 9, most=300, dtype=dtype)
    order, w = np.arange(12, dtype=np.int32), integers(rng, (9, 20), dtype) + np.asarray(0.5, dtype)
    want = forward(x, order, w)
    for at in (0, 1, 17, len(values) - 1):
        bad = values.copy()
        bad[at] = special
        row = np.searchsorted(starts, at, side="right") - 1
        y, dw = blank(want.shape, dtype), blank((9, 20), dtype)
        assert kernels.csr_matmul(y, starts, columns, bad, order, w) == np.isfinite(special)
        assert kernels.csr_matmul_dw(dw, starts, columns, bad, order, want) == np.isfinite(special)
        check_bits(np.delete(y, row, axis=0), np.delete(want, row, axis=0))
        assert np.isfinite(y[row]).all() == np.isfinite(special)
        assert np.isfinite(dw[columns[at]]).all() == np.isfinite(special)
    w[4] = special
    y = forward(x, order, w)
    met = np.array([4 in columns[starts[r] : starts[r + 1]] for r in range(12)])
    check_bits(y[~met], want[~met])
    assert np.isfinite(y[met]).all() == np.isfinite(special)


@pytest.mark.parametrize("edge", ["head", "tail"])
def test_nothing_is_read_beyond_the_arrays(edge):
    """Indices, values and order between inaccessible pages."""

    def placed(array):
        guarded = _core.testing.guarded_array(list(array.shape), array.dtype.name, edge)
        guarded[...] = array
        return guarded

    rng = np.random.default_rng(7)
    for dtype in DTYPES:
        for most, cols in [(0, 3), (1, 1), (5, 17), (300, 4)]:
            x = entries(rng, 6, 11, most=most, wide=most == 5, dtype=dtype)
            order, w = order_of(rng, 4, 6), integers(rng, (11, cols), dtype)
            x_placed, order_placed = tuple(map(placed, x)), placed(order)
            check_bits(forward(x_placed, order_placed, w), forward(x, order, w))
            dy = integers(rng, (4, cols), dtype)
            check_bits(backward(x_placed, order_placed, dy, 11), backward(x, order, dy, 11))


def is_safe(starts, columns, width):
    """Whether the rows' entries are within the arrays, and in columns that there are."""
    for begin, end in itertools.pairwise(starts.tolist()):
        if not 0 <= begin <= end <= len(columns):
            return False
        if not ((columns[begin:end] >= 0) & (columns[begin:end] < width)).all():
            return False
    return True


@pytest.mark.parametrize("wide", [False, True])
def test_hostile_indices_are_told_and_harmless(wide):
    """As if they had been changed after a check: between inaccessible pages nothing outside is touched."""
    rng = np.random.default_rng(8)
    index = np.int64 if wide else np.int32
    limits = np.iinfo(index)
    for dtype in DTYPES:
        for number in range(400):
            starts, columns, values = entries(rng, 5, 7, wide=wide, dtype=dtype)
            if len(columns) == 0:
                continue
            hostile = [limits.min, limits.max, -1, len(columns) + 1, 7, 2**31 - 1]
            part = (starts, columns)[number % 2]
            part[rng.integers(len(part))] = hostile[int(rng.integers(len(hostile)))]
            x = []
            for array in (starts, columns, values):
                guarded = _core.testing.guarded_array(list(array.shape), array.dtype.name, "tail")
                guarded[...] = array
                x.append(guarded)
            y, dw, order = blank((5, 3), dtype), blank((7, 3), dtype), np.arange(5, dtype=np.int32)
            for threads in (1, 3):
                told = kernels.csr_matmul(y, *x, order, integers(rng, (7, 3), dtype), threads=threads)
                assert told == is_safe(starts, columns, 7), f"starts {starts}, columns {columns}"
                assert np.isfinite(y).all()
                told_too = kernels.csr_matmul_dw(dw, *x, order, y, threads=threads)
                assert told_too == told


def test_random_calls():
    seed = fresh_seed()
    rng = np.random.default_rng(seed)
    for number in range(200):
        rows, width, n, cols, most = (int(v) for v in rng.integers([1, 1, 0, 1, 0], [20, 60, 30, 70, 60]))
        dtype = DTYPES[number % 2]
        x = entries(rng, rows, width, most=most, wide=number % 3 == 0, dtype=dtype)
        order, full = order_of(rng, n, rows), dense(*x, width)
        w, dy = integers(rng, (width, cols), dtype), integers(rng, (n, cols), dtype)
        threads = 1 + number % 3
        check(forward(x, order, w, threads=threads), full[order] @ w, 0.0, seed=seed)
        check(backward(x, order, dy, width, threads=threads), full[order].T @ dy, 0.0, seed=seed)


def test_refusals():
    starts, columns, values = np.array([0, 1, 3], np.int32), np.array([0, 1, 2], np.int32), np.ones(3)
    w, y, order = np.ones((4, 5)), np.ones((2, 5)), np.array([0, 1], np.int32)
    kernels.csr_matmul(y, starts, columns, values, order, w)
    for wrong in (
        (starts.astype(np.int64), columns, values),
        (starts, columns.astype(np.uint32), values),
        (starts, columns[:2], values),
        (starts[None], columns, values),
        (starts, np.repeat(columns, 2)[::2], values),
        (starts[:0], columns, values),
        (starts, columns, values.astype(complex)),
    ):
        for name, matrix in (("csr_matmul", y), ("csr_matmul_dw", w)):
            with pytest.raises(ValueError, match=rf"\[{name}\] expected"):
                getattr(kernels, name)(matrix, *wrong, order, w if matrix is y else y)
    for bad in (-1, 2):
        with pytest.raises(ValueError, match=r"\[csr_matmul\] expected an order of rows below 2"):
            kernels.csr_matmul(y, starts, columns, values, np.array([0, bad], np.int32), w)
    with pytest.raises(ValueError, match=r"\[csr_matmul\] expected 5 columns, got 4"):
        kernels.csr_matmul(np.ones((2, 4)), starts, columns, values, order, w)
