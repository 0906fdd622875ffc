"""Whether a row's largest output is the right one: the first of equals, and never a NaN."""

from itertools import product

import numpy as np
import pytest
from arrays_for_tests import DTYPES, LAYOUTS, SIZES, WIDTHS, blank, integers, reals, run, run_on_threads
from comparator import check_bits

from fastdnn._core import kernels
from fastdnn.reference import accuracy as reference

NAN, INF = np.nan, np.inf


def first_largest(row):
    """By the definition, or -1 for a row of NaN, in which none is the largest."""
    best = -1
    for j, value in enumerate(row):
        if not np.isnan(value) and (best < 0 or value > row[best]):
            best = j
    return best


def right_answers(z):
    """The labels that are right for z."""
    return np.array([first_largest(row) for row in z], np.int32)


def check_both(z, labels, layout="plain"):
    """Kernels and references against the definition: sparse on labels, categorical on their distributions."""
    __tracebackhide__ = True
    rows = len(z)
    want = (right_answers(z) == labels).astype(z.dtype)
    target = np.full(z.shape, 0.1, z.dtype)
    target[np.arange(rows), labels] = 0.7
    for kernel, oracle, answer in [
        (kernels.sparse_accuracy, reference.sparse_accuracy, labels.astype(np.int32)),
        (kernels.categorical_accuracy, reference.categorical_accuracy, target),
    ]:
        [got] = run(kernel, [blank((rows,), z.dtype)], [z, answer], layout)
        shown = z[:1] if z.size < 20 else z.shape
        check_bits(got, want, kernel=kernel, z=shown)
        check_bits(oracle(z, answer)[:, 0].astype(z.dtype), want, reference=oracle, z=shown)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for cols in SIZES[1:] if layout != "far" else (5, 17):
        for rows in (0, 1, 3, 17) if layout != "far" else (3,):
            for fill in (integers, reals):  # many ties, and none
                z = fill(rng, (rows, cols), dtype)
                labels = np.where(rng.random(rows) < 0.5, right_answers(z), rng.integers(cols, size=rows))
                check_both(z, labels.astype(np.int32), layout)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_first_of_equals(dtype):
    for width in (1, 2, 3, 4, 5, 15, 16, 17, 35):
        for j in range(width):
            z = np.zeros((width, width), dtype)
            z[:, j:] = 2  # all from j on are equal
            check_both(z, np.arange(width))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [1, 2, 3])
def test_every_row_of_edge_values(dtype, width):
    for row in product((NAN, -INF, -1.0, -0.0, 0.0, INF), repeat=width):
        if not np.isnan(row).all():
            z = np.tile(np.array([row], dtype), (width, 1))
            check_both(z, np.arange(width))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_a_row_of_nan_is_never_right(dtype, width):
    z = np.full((width, width), NAN, dtype)
    check_both(z, np.arange(width))
    [got] = run(kernels.categorical_accuracy, [blank((width,), dtype)], [z, z])
    assert not got.any(), f"expected no right row, got {got}"
    assert not reference.categorical_accuracy(z, z).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_at_every_index(dtype):
    rng = np.random.default_rng(2)
    for width in WIDTHS[1:]:
        z = integers(rng, (width, width), dtype)
        np.fill_diagonal(z, NAN)
        check_both(z, right_answers(z))
        check_both(z, np.arange(width))


@pytest.mark.parametrize("dtype", DTYPES)
def test_ties_in_the_target(dtype):
    z = np.array([[0, 3, 3], [1, 0, 0], [0, 0, 1]], dtype)
    target = np.array([[0, 0.5, 0.5], [0.5, 0.5, 0], [0, 0.5, 0.5]], dtype)
    [got] = run(kernels.categorical_accuracy, [blank((3,), dtype)], [z, target])
    assert got.tolist() == [1, 1, 0]
    assert reference.categorical_accuracy(z, target)[:, 0].tolist() == [1, 1, 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_labels_that_are_no_class_are_never_right(dtype):
    z = np.zeros((4, 3), dtype)
    labels = np.array([-1, 3, 2**31 - 1, -(2**31)], np.int32)
    [got] = run(kernels.sparse_accuracy, [blank((4,), dtype)], [z, labels])
    assert got.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(3)
    z, target = integers(rng, (67, 10), dtype), integers(rng, (67, 10), dtype)
    labels = rng.integers(10, size=67).astype(np.int32)
    run_on_threads(kernels.sparse_accuracy, [blank((67,), dtype)], [z, labels])
    run_on_threads(kernels.categorical_accuracy, [blank((67,), dtype)], [z, target])


def test_refuses_other_shapes():
    z, correct, labels = np.zeros((3, 4)), np.zeros(3), np.zeros(3, np.int32)
    for wrong in [(np.zeros(4), z, labels), (correct, z, labels[:2]), (correct, z[:, :0], labels)]:
        with pytest.raises(ValueError, match=r"\[sparse_accuracy\] expected"):
            kernels.sparse_accuracy(*wrong)
    for wrong in [(np.zeros(4), z, z), (correct, z, z[:, :3]), (correct, z[:, :0], z[:, :0])]:
        with pytest.raises(ValueError, match=r"\[categorical_accuracy\] expected"):
            kernels.categorical_accuracy(*wrong)
