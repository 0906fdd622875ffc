"""Rows in the order of a permutation: exact, for each type that a feed holds."""

import numpy as np
import pytest
from arrays_for_tests import DTYPES, LAYOUTS, SPECIALS, blank, integers, run, run_on_threads, shapes
from comparator import check_bits

from fastdnn._core import kernels
from fastdnn.reference.gather import gather as reference

TYPES = (*DTYPES, "int32")


def empty(shape, dtype):
    return np.full(shape, -99, dtype) if dtype == "int32" else blank(shape, dtype)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for rows, cols in shapes(layout):
        x = integers(rng, (rows, cols), dtype, limit=1000)
        count = 3 if layout == "far" else 2 * rows
        orders = [rng.integers(0, rows, count), rng.permutation(rows), np.zeros(0)] if rows else [np.zeros(0)]
        for order in orders:
            order = order.astype(np.int32)
            [y] = run(kernels.gather, [empty((len(order), cols), dtype)], [x, order], layout)
            check_bits(y, x[order], shape=x.shape)
            check_bits(y, reference(x, order), shape=x.shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_keep_their_bits(dtype):
    x = np.array([SPECIALS, SPECIALS[::-1]], dtype)
    payload = np.full((1, 4), 1, f"u{x.itemsize}") | x[:1, :1].view(f"u{x.itemsize}")
    x = np.concatenate([x, payload.view(dtype)])  # NaNs with another payload
    y = np.zeros((5, 4), dtype)
    order = np.array([2, 0, 1, 1, 2], np.int32)
    kernels.gather(y, x, order)
    assert y.tobytes() == x[order].tobytes()


@pytest.mark.parametrize("dtype", TYPES)
def test_threads(dtype):
    rng = np.random.default_rng(2)
    for rows, cols in [(1, 5), (5, 33), (100, 3)]:
        x = integers(rng, (rows, cols), dtype)
        order = rng.integers(0, rows, 77).astype(np.int32)
        [y] = run_on_threads(kernels.gather, [empty((77, cols), dtype)], [x, order])
        check_bits(y, x[order])


@pytest.mark.parametrize("row", [-1, 3, 2**31 - 1, -(2**31)])
def test_refuses_rows_out_of_range(row):
    y = np.zeros((2, 4))
    with pytest.raises(
        ValueError, match=rf"\[gather\] expected an order of rows below 3, got {row} at index 1"
    ):
        kernels.gather(y, np.ones((3, 4)), np.array([0, row], np.int32))
    assert not y.any()


def test_refuses_other_shapes_and_types():
    y, x, order = np.zeros((2, 4)), np.ones((3, 4)), np.zeros(2, np.int32)
    for wrong in [(y[:, :3], x, order), (y, x, order[:1]), (y, x, np.zeros((1, 2), np.int32))]:
        with pytest.raises(ValueError, match=r"\[gather\] expected"):
            kernels.gather(*wrong)
    for other in (order.astype(np.int64), order.astype(np.uint32), order.astype(np.float32)):
        with pytest.raises(TypeError):
            kernels.gather(y, x, other)
