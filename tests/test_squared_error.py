"""The mean squared error of each row, and its gradient."""

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
from comparator import check, check_bits, roundoff, row_sum_error

from fastdnn._core import kernels
from fastdnn.reference import squared_error as reference


def outputs(y):
    return [blank(y.shape[:1], y.dtype), blank(y.shape, y.dtype)]


def check_results(got, y, target, weights=None, scale=1.0, *, exact=False, **context):
    """A square rounds twice by its difference and once itself, the mean once; the gradient rounds four times:
    scale w, / k, the difference, their product."""
    __tracebackhide__ = True
    u = roundoff(y.dtype)
    with np.errstate(invalid="ignore"):
        loss = reference.squared_error(y, target)[:, 0]
        dy = reference.squared_error_backward(y, target, weights, scale)
        bounds = (row_sum_error(y.shape[1], y.dtype) + 4 * u) * loss, 5 * u * np.abs(dy)
    for array, want, bound in zip(got, (loss, dy), bounds, strict=True):
        if array is not None:
            check(array, want, 0.0 if exact else 1.01 * bound, shape=y.shape, **context)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for number, shape in enumerate(shapes(layout)):
        if shape[1] > 0:
            y, target = reals(rng, shape, dtype), reals(rng, shape, dtype)
            weights = (2 * rng.random(shape[0])).astype(dtype) if number % 2 else None
            named = {"weights": weights, "scale": 0.125}
            got = run(kernels.squared_error, outputs(y), [y, target], layout, **named)
            check_results(got, y, target, **named)
            alone = run(kernels.squared_error, [outputs(y)[0], None], [y, target], layout, **named)
            check_bits(alone[0], got[0], shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_numbers_are_exact(dtype):
    rng = np.random.default_rng(2)
    for cols in (1, 2, 4, 8, 16, 32, 64, 128, 256):  # the mean is exact, too
        y, target = integers(rng, (3, cols), dtype), integers(rng, (3, cols), dtype)
        named = {"weights": np.array([1, 0, 4], dtype), "scale": 0.5}
        got = run(kernels.squared_error, outputs(y), [y, target], **named)
        check_results(got, y, target, exact=True, **named)
    for cols in WIDTHS:  # of an exact sum, one rounding by the division
        y, target = integers(rng, (3, cols), dtype), integers(rng, (3, cols), dtype)
        loss, _ = run(kernels.squared_error, outputs(y), [y, target])
        check_bits(loss, ((y - target) ** 2).sum(axis=1) / np.asarray(cols, dtype), cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(3)
    for shape in [(1, 33), (5, 257), (67, 10)]:
        y, target = reals(rng, shape, dtype), reals(rng, shape, dtype)
        weights = rng.random(shape[0]).astype(dtype)
        run_on_threads(kernels.squared_error, outputs(y), [y, target], weights=weights, scale=0.1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype):
    rng = np.random.default_rng(4)
    for width in WIDTHS:
        for special, y in diagonals(rng, width, dtype):
            other = integers(rng, y.shape, dtype)
            for arguments in ([y, other], [other, y], [y, y]):
                got = run(kernels.squared_error, outputs(y), arguments)
                check_results(got, *arguments, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    rng = np.random.default_rng(5)
    for shape in shapes():
        if shape[1] > 0:
            y, target = reals(rng, shape, dtype), reals(rng, shape, dtype)
            target = Placed(target, "plain").array  # also without rows
            loss, dy = run(kernels.squared_error, outputs(y), [y, target])
            own, own_loss = Placed(y, "misaligned"), blank(shape[:1], dtype)
            kernels.squared_error(own_loss, own.array, own.array, target)
            check_bits(own.array, dy, shape=shape)
            check_bits(own_loss, loss, shape=shape)


def test_refuses_other_shapes():
    y, loss = np.zeros((3, 4)), np.zeros(3)
    for wrong in [
        (np.zeros(4), None, y, y),
        (loss, np.zeros((3, 5)), y, y),
        (loss, None, y, np.zeros((4, 3))),
        (loss, None, np.zeros((3, 0)), np.zeros((3, 0))),
    ]:
        with pytest.raises(ValueError, match=r"\[squared_error\] expected"):
            kernels.squared_error(*wrong)
    with pytest.raises(ValueError, match=r"\[squared_error\] expected"):
        kernels.squared_error(loss, None, y, y, weights=np.zeros(2))
