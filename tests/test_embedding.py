"""Rows of a table by index, and their gradient: exact, or in bits the same sums in NumPy."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SIZES,
    SPECIALS,
    WIDTHS,
    blank,
    fresh_seed,
    integers,
    reals,
    run,
    run_on_threads,
)
from comparator import check, check_bits, roundoff

from fastdnn._core import kernels
from fastdnn.reference import embedding as reference

CHUNK = 256
CASES = ((0, 5), (1, 1), (1, 5), (7, 1), (40, 3), (3, 0))  # rows of the batch, indices in each


def indices(rng, n, per_row, table_rows):
    """Of one dimension where a row has one index."""
    index = rng.integers(0, table_rows, (n, per_row)).astype(np.int32)
    return index[:, 0] if per_row == 1 and n % 2 else index


def summed(dy, index, table_rows, dim):
    """The sums in the type of dy, spelled out: chunks of 256 places in order, chunk after chunk."""
    flat = index.reshape(-1)
    placed = dy.reshape(flat.size, dim)
    dense = np.zeros((table_rows, dim), dy.dtype)
    with np.errstate(invalid="ignore"):
        for row in np.unique(flat):
            mine = placed[flat == row]
            chunks = [np.add.accumulate(mine[i : i + CHUNK])[-1] for i in range(0, len(mine), CHUNK)]
            dense[row] = np.add.accumulate(chunks)[-1]
    return dense


def backward(dy, index, table_rows, dim, layout="plain", threads=1):
    """Both forms of the gradient, which must agree to the bit; returns the dense one."""
    __tracebackhide__ = True
    options = {"threads": threads}
    shape = (table_rows, dim)
    [dense] = run(kernels.embedding_backward, [blank(shape, dy.dtype)], [dy, index], layout, **options)
    lists = []

    def rows_kernel(*arguments, **named):
        lists.append(kernels.embedding_backward_rows(*arguments, **named))

    places = blank((index.size, dim), dy.dtype)
    [rows] = run(rows_kernel, [places], [dy, index], layout, table_rows=table_rows, **options)
    listed = np.unique(index)
    check_bits(lists[0], listed.astype(np.int32))
    check_bits(rows[: len(listed)], dense[listed], dim=dim)
    assert np.isnan(rows[len(listed) :]).all(), "a row behind the list was written"
    check_bits(np.delete(dense, listed, axis=0), np.zeros((table_rows - len(listed), dim), dy.dtype))
    return dense


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "far"])
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for number, dim in enumerate(SIZES):
        n, per_row = CASES[number % len(CASES)]
        table = reals(rng, (9, dim), dtype)
        index = np.ascontiguousarray(indices(rng, n, per_row, 9))
        y = blank((n, per_row * dim), dtype)
        # The indices lie contiguously, in the plain layout; the matrices lie as they like.
        [got] = run(lambda y, table, i=index: kernels.embedding(y, table, i), [y], [table], layout)
        check_bits(got, table[index].reshape(y.shape), dim=dim, n=n, per_row=per_row)
        check(got, reference.embedding(table, index), 0.0, dim=dim)

        dy = reals(rng, y.shape, dtype)
        shape = (9, dim)
        [dense] = run(
            lambda d, dy, i=index: kernels.embedding_backward(d, dy, i), [blank(shape, dtype)], [dy], layout
        )
        check_bits(dense, summed(dy, index, 9, dim), dim=dim, n=n, per_row=per_row)
        before = reals(rng, shape, dtype)
        [dense] = run(
            lambda d, dy, i=index: kernels.embedding_backward(d, dy, i, accumulate=True),
            [before],
            [dy],
            layout,
        )
        listed = np.isin(np.arange(9), index)[:, None]
        check_bits(dense, np.where(listed, before + summed(dy, index, 9, dim), before), dim=dim, n=n)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["plain", "misaligned", "head", "tail"])
def test_both_forms_agree(dtype, layout):
    rng = np.random.default_rng(2)
    for dim in SIZES:
        for n, per_row in CASES:
            index = indices(rng, n, per_row, 9)
            dy = integers(rng, (n, per_row * dim), dtype)
            dense = backward(dy, np.ascontiguousarray(index), 9, dim, layout)
            want = reference.embedding_backward(dy, index, 9) if per_row else np.zeros((9, dim))
            check(dense, want, 0.0, dim=dim, n=n, per_row=per_row)


@pytest.mark.parametrize("dtype", DTYPES)
def test_places_around_the_chunks(dtype):
    rng = np.random.default_rng(3)
    for count in (1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5):
        for dim in (3, 70):
            index = rng.permutation(np.repeat(np.array([2, 0], np.int32), [count, 7]))
            dy = reals(rng, (index.size, dim), dtype)
            dense = backward(dy, index, 4, dim)
            check_bits(dense, summed(dy, index, 4, dim), count=count, dim=dim)
            want = reference.embedding_backward(dy, index, 4)
            sizes = reference.embedding_backward(np.abs(dy), index, 4)
            steps = min(count, CHUNK) + -(-count // CHUNK) + count * 2.0**-29  # NumPy's sum in float64, too
            check(dense, want, 1.01 * steps * roundoff(dtype) * sizes, count=count, dim=dim)


@pytest.mark.parametrize("table_rows", [1, 2, 255, 256, 257, 65536, 65537, 2**24 + 1])
def test_tables_of_any_height(table_rows):
    """Each digit of an index counts in the order of the list; the table has no memory but of its rows."""
    rng = np.random.default_rng(4)
    index = rng.integers(0, table_rows, 300).astype(np.int32)
    index[::7] >>= 9
    index[3], index[150], index[299] = table_rows - 1, 0, table_rows - 1
    dy = integers(rng, (300, 3), "float32")
    rows = blank((300, 3), "float32")
    listed = kernels.embedding_backward_rows(rows, dy, index, table_rows)
    want, sums = reference.embedding_backward_rows(dy, index)
    check_bits(listed, want)
    check(rows[: len(want)], sums, 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(5)
    for n, per_row, table_rows, dim in [(1, 1, 3, 5), (77, 3, 11, 33), (300, 2, 1000, 7), (90, 1, 1, 40)]:
        index = rng.integers(0, table_rows, (n, per_row)).astype(np.int32)
        index[: n // 2] = table_rows // 2  # one that half of the places have
        table = reals(rng, (table_rows, dim), dtype)
        y = blank((n, per_row * dim), dtype)
        [y] = run_on_threads(kernels.embedding, [y], [table, index])
        check_bits(y, table[index].reshape(y.shape))
        dy = reals(rng, y.shape, dtype)
        want = summed(dy, index, table_rows, dim)
        for threads in range(1, 9):
            check_bits(backward(dy, index, table_rows, dim, threads=threads), want, threads=threads)
        run_on_threads(kernels.embedding_backward, [table], [dy, index], accumulate=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_at_every_index(dtype, special):
    rng = np.random.default_rng(6)
    index = np.array([1, 0, 1], np.int32)
    for dim in WIDTHS:
        table = np.concatenate([integers(rng, (2, dim), dtype), np.full((1, dim), special, dtype)])
        for j in range(dim):
            table[1], table[1, j] = 1, special
            y = blank((3, dim), dtype)
            kernels.embedding(y, table, index)
            check_bits(y, table[index], dim=dim, column=j)
            dtable = blank((3, dim), dtype)
            kernels.embedding_backward(dtable, y, index)
            check_bits(dtable, summed(y, index, 3, dim), dim=dim, column=j)


def test_payloads_of_nan_are_copied():
    table = np.array([[np.nan, -np.nan, 1, 2, 3]])
    table.view(np.uint64)[0, 0] |= 0x1234
    y = np.zeros((2, 5))
    kernels.embedding(y, table, np.zeros(2, np.int32))
    assert y.tobytes() == 2 * table.tobytes()


def test_random_gradients():
    seed = fresh_seed()
    rng = np.random.default_rng(seed)
    for number in range(200):
        n, per_row, table_rows, dim = (int(v) for v in rng.integers([0, 1, 1, 0], [60, 5, 70, 70]))
        index = rng.integers(0, table_rows, (n, per_row)).astype(np.int32)
        dtype = DTYPES[number % 2]
        dy = reals(rng, (n, per_row * dim), dtype)
        dense = backward(dy, index, table_rows, dim, threads=1 + number % 3)
        check_bits(dense, summed(dy, index, table_rows, dim), seed=seed, number=number)


def test_refusals():
    table, index = np.zeros((3, 4)), np.array([[0, 2], [1, 1]], np.int32)
    y = np.zeros((2, 8))
    for bad in (-1, 3, 2**31 - 1, -(2**31)):
        wrong = index.copy()
        wrong[1, 0] = bad
        for name, call in [
            ("embedding", lambda i: kernels.embedding(y, table, i)),
            ("embedding_backward", lambda i: kernels.embedding_backward(table, y, i)),
            ("embedding_backward_rows", lambda i: kernels.embedding_backward_rows(np.zeros((4, 4)), y, i, 3)),
        ]:
            with pytest.raises(
                ValueError, match=rf"\[{name}\] expected indices below 3, got {bad} at index 2"
            ):
                call(wrong)
            for other in (index[:, ::2], index[0], index[:, :1], index[None], np.array(0, np.int32)):
                with pytest.raises(ValueError, match=rf"\[{name}\] expected"):
                    call(other)
            with pytest.raises(TypeError):
                call(index.astype(np.int64))
    with pytest.raises(ValueError, match=r"\[embedding_backward_rows\] expected at least 3 rows, got 2"):
        kernels.embedding_backward_rows(np.zeros((2, 4)), y, index, 3)
    with pytest.raises(ValueError, match=r"\[embedding_backward_rows\] expected indices below -1"):
        kernels.embedding_backward_rows(np.zeros((4, 4)), y, index, -1)
