"""Maxout, its gradient to the first of the largest, and hardmax: exact."""

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
from comparator import check_bits

from fastdnn._core import kernels
from fastdnn.reference import maxout as reference


def wide(rng, shape, k, dtype, fill=integers):
    return (
        fill(rng, (shape[0], k * shape[1]), dtype)
        if fill is reals
        else fill(rng, (shape[0], k * shape[1]), dtype, 2)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_sizes_and_layouts(dtype, layout, k):
    rng = np.random.default_rng(1)
    for shape in shapes(layout):
        if shape[1] == 0:
            continue
        x, dy = wide(rng, shape, k, dtype), reals(rng, shape, dtype)  # small whole numbers: many are equal
        [y] = run(kernels.maxout, [blank(shape, dtype)], [x], layout)
        check_bits(y, reference.maxout(x, shape[1]).astype(dtype) + 0, shape=shape)
        want = reference.maxout_backward(x, dy).astype(dtype)
        [dx] = run(kernels.maxout_backward, [blank(x.shape, dtype)], [x, dy], layout)
        check_bits(dx, want, shape=shape)
        [added] = run(kernels.maxout_backward, [x], [x, dy], layout, accumulate=True)
        check_bits(added, x + want, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_hardmax_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(2)
    for shape in shapes(layout):
        if shape[1] > 0:
            for x in (
                integers(rng, shape, dtype, 2),
                reals(rng, shape, dtype),
                np.full(shape, -np.inf, dtype),
            ):
                [y] = run(kernels.hardmax, [blank(shape, dtype)], [x], layout)
                check_bits(y, reference.hardmax(x).astype(dtype), shape=shape)


def test_examples():
    x = np.array([[1.0, 5, 2, 5, 1, 2], [np.nan, 0, 3, 1, np.nan, 3]])  # k = 2 pieces of n = 3
    [y] = run(kernels.maxout, [blank((2, 3), "float64")], [x])
    check_bits(y, np.array([[5.0, 5, 2], [np.nan, np.nan, 3]]))
    [dx] = run(kernels.maxout_backward, [blank(x.shape, "float64")], [x, np.full((2, 3), 7.0)])
    check_bits(dx, np.array([[0.0, 7, 7, 7, 0, 0], [7, 0, 7, 0, 7, 0]]))
    [y] = run(kernels.hardmax, [blank(x.shape, "float64")], [x])
    check_bits(y, np.array([[0.0, 1, 0, 0, 0, 0], [np.nan] * 6]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype):
    rng = np.random.default_rng(3)
    for width in WIDTHS:
        for special, special_x in diagonals(rng, width, dtype):
            other = integers(rng, special_x.shape, dtype)
            for x in (np.hstack([special_x, other]), np.hstack([other, special_x])):
                [y] = run(kernels.maxout, [blank(other.shape, dtype)], [x])
                check_bits(y + 0, reference.maxout(x, width).astype(dtype) + 0, width=width, special=special)
                [dx] = run(kernels.maxout_backward, [blank(x.shape, dtype)], [x, other])
                check_bits(
                    dx, reference.maxout_backward(x, other).astype(dtype), width=width, special=special
                )
            [y] = run(kernels.hardmax, [blank(other.shape, dtype)], [special_x])
            check_bits(y, reference.hardmax(special_x).astype(dtype), width=width, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_in_place(dtype):
    rng = np.random.default_rng(4)
    for shape in [(1, 33), (5, 257), (67, 19)]:
        x, dy = wide(rng, shape, 3, dtype), reals(rng, shape, dtype)
        run_on_threads(kernels.maxout, [blank(shape, dtype)], [x])
        [dx] = run_on_threads(kernels.maxout_backward, [blank(x.shape, dtype)], [x, dy])
        own = Placed(x, "misaligned").array
        kernels.maxout_backward(own, own, dy)
        check_bits(own, dx, shape=shape)
        [y] = run_on_threads(kernels.hardmax, [blank(x.shape, dtype)], [x])
        own = Placed(x, "misaligned").array
        kernels.hardmax(own, own)
        check_bits(own, y, shape=shape)


def test_refuses_other_shapes():
    for y, x in [((3, 4), (3, 6)), ((3, 4), (2, 8)), ((3, 4), (3, 0)), ((3, 0), (3, 4)), ((3, 4), (3, 2))]:
        with pytest.raises(ValueError, match=r"\[maxout\] expected"):
            kernels.maxout(np.zeros(y), np.zeros(x))
        with pytest.raises(ValueError, match=r"\[maxout_backward\] expected"):
            kernels.maxout_backward(np.zeros(x), np.zeros(x), np.zeros(y))
    kernels.maxout(np.zeros((3, 0)), np.zeros((3, 0)))
    for y, x in [((3, 4), (3, 5)), ((3, 0), (3, 0))]:
        with pytest.raises(ValueError, match=r"\[hardmax\] expected"):
            kernels.hardmax(np.zeros(y), np.zeros(x))
