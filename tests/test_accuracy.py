"""Accuracies: the first of equals is the largest, and a NaN is never right."""

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


# ---- Among the k largest


def is_among(row, right, k):
    """By the definition."""
    return 0 <= right < len(row) and not np.isnan(row[right]) and sum(v > row[right] for v in row) < k


def check_top_k(z, labels, k, layout="plain"):
    __tracebackhide__ = True
    target = np.full(z.shape, 0.1, z.dtype)
    target[np.arange(len(z)), labels] = 0.7
    want = np.array([is_among(row, right, k) for row, right in zip(z, labels, strict=True)], z.dtype)
    for kernel, oracle, answer in [
        (kernels.sparse_top_k_accuracy, reference.sparse_top_k_accuracy, labels.astype(np.int32)),
        (kernels.categorical_top_k_accuracy, reference.categorical_top_k_accuracy, target),
    ]:
        [got] = run(kernel, [blank((len(z),), z.dtype)], [z, answer], layout, k=k)
        check_bits(got, want, kernel=kernel, shape=z.shape, k=k)
        check_bits(oracle(z, answer, k)[:, 0].astype(z.dtype), want, reference=oracle, shape=z.shape, k=k)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_top_k(dtype, layout):
    rng = np.random.default_rng(4)
    for cols in SIZES[1:] if layout != "far" else (5, 17):
        for rows in (1, 3, 17) if layout != "far" else (3,):
            for fill in (integers, reals):  # many ties, and none
                z = fill(rng, (rows, cols), dtype)
                labels = rng.integers(cols, size=rows).astype(np.int32)
                check_top_k(z, labels, int(rng.integers(1, cols + 2)), layout)


@pytest.mark.parametrize("dtype", DTYPES)
def test_top_k_of_nan_and_of_no_class(dtype):
    z = np.array([[NAN, 1, 2], [NAN, 1, 2], [INF, -INF, 0], [NAN, NAN, NAN]], dtype)
    check_top_k(z, np.array([0, 1, 1, 2]), 2)
    check_top_k(z, np.array([1, 2, 0, 0]), 1)
    labels = np.array([-1, 3, 2**31 - 1, -(2**31)], np.int32)
    [got] = run(kernels.sparse_top_k_accuracy, [blank((4,), dtype)], [z, labels], k=3)
    assert got.tolist() == [0, 0, 0, 0]
    assert not reference.sparse_top_k_accuracy(z, labels, 3).any()


# ---- On the right side


def check_binary(z, target, layout="plain", **thresholds):
    """Shares of whole counts: one rounding, by the division."""
    __tracebackhide__ = True
    limits = thresholds.get("threshold", 0.5), thresholds.get("target_threshold", 0.5)
    right = ((z > limits[0]) == (target > limits[1])) & (z == z)
    want = right.sum(axis=1).astype(z.dtype) / np.asarray(z.shape[1], z.dtype)
    [got] = run(kernels.binary_accuracy, [blank((len(z),), z.dtype)], [z, target], layout, **thresholds)
    check_bits(got, want, shape=z.shape)
    got = reference.binary_accuracy(z, target, **thresholds)[:, 0]
    check_bits(got.astype(z.dtype), want, shape=z.shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_binary(dtype, layout):
    rng = np.random.default_rng(5)
    for cols in SIZES[1:] if layout != "far" else (5, 17):
        for rows in (0, 1, 3, 17, 67) if layout != "far" else (3,):
            target = rng.integers(2, size=(rows, cols)).astype(dtype)
            check_binary(rng.random((rows, cols)).astype(dtype), target, layout)
            signs = 2 * target - 1
            check_binary(
                integers(rng, (rows, cols), dtype), signs, layout, threshold=0.0, target_threshold=0.0
            )


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_of_edge_values(dtype):
    values = np.array([NAN, -INF, -1.0, -0.0, 0.0, 0.5, np.nextafter(0.5, 1, dtype=dtype), INF], dtype)
    for width in (1, 2, 8):
        z = np.array(list(product(values, repeat=min(width, 2))), dtype)
        z = np.tile(z, (1, width // z.shape[1]))
        for target in (np.zeros_like(z), np.ones_like(z)):
            check_binary(z, target)
            check_binary(z, target, threshold=0.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_of_the_other_accuracies(dtype):
    rng = np.random.default_rng(6)
    z, target = integers(rng, (67, 10), dtype), integers(rng, (67, 10), dtype)
    labels = rng.integers(10, size=67).astype(np.int32)
    run_on_threads(kernels.sparse_top_k_accuracy, [blank((67,), dtype)], [z, labels], k=3)
    run_on_threads(kernels.categorical_top_k_accuracy, [blank((67,), dtype)], [z, target], k=3)
    run_on_threads(kernels.binary_accuracy, [blank((67,), dtype)], [z, target])


def test_the_other_accuracies_refuse_what_does_not_fit():
    z, correct, labels = np.zeros((3, 4)), np.zeros(3), np.zeros(3, np.int32)
    for k in (0, -1):
        with pytest.raises(ValueError, match=r"\[sparse_top_k_accuracy\] expected k >= 1"):
            kernels.sparse_top_k_accuracy(correct, z, labels, k)
        with pytest.raises(ValueError, match=r"\[categorical_top_k_accuracy\] expected k >= 1"):
            kernels.categorical_top_k_accuracy(correct, z, z, k)
    for wrong in [(np.zeros(4), z, z), (correct, z, z[:, :3]), (correct, z[:, :0], z[:, :0])]:
        with pytest.raises(ValueError, match=r"\[binary_accuracy\] expected"):
            kernels.binary_accuracy(*wrong)
        with pytest.raises(ValueError, match=r"\[categorical_top_k_accuracy\] expected"):
            kernels.categorical_top_k_accuracy(*wrong, 1)
    with pytest.raises(ValueError, match=r"\[sparse_top_k_accuracy\] expected"):
        kernels.sparse_top_k_accuracy(correct, z, labels[:2], 1)
