"""Standardisation: one subtraction and one division, the bits of NumPy's expression in the same type."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SPECIALS,
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
from comparator import check, check_bits, roundoff

from fastdnn._core import kernels
from fastdnn.reference import normalize as reference


def figures(rng, cols, dtype, exact=False):
    """Means, and deviations of one sign: powers of two where the result is to be exact."""
    if exact:
        return integers(rng, (cols,), dtype), 2.0 ** integers(rng, (cols,), dtype, limit=3)
    return reals(rng, (cols,), dtype), (0.1 + rng.random(cols)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("exact", [True, False])
def test_sizes_and_layouts(dtype, layout, exact):
    rng = np.random.default_rng(1)
    for shape in shapes(layout):
        x = (integers if exact else reals)(rng, shape, dtype)
        mean, std = figures(rng, shape[1], dtype, exact)
        [y] = run(kernels.normalize, [blank(shape, dtype)], [x, mean, std], layout)
        check_bits(y, (x - mean) / std, shape=shape)
        want = reference.normalize(x, mean, std)
        check(y, want, 0.0 if exact else 2.01 * roundoff(dtype) * np.abs(want), shape=shape)

        [dx] = run(kernels.normalize_backward, [blank(shape, dtype)], [x, std], layout)
        check_bits(dx, x / std, shape=shape)
        want = reference.normalize_backward(x, std)
        check(dx, want, 0.0 if exact else roundoff(dtype) * np.abs(want), shape=shape)

        before = reals(rng, shape, dtype)
        [dx] = run(kernels.normalize_backward, [before], [x, std], layout, accumulate=True)
        check_bits(dx, before + x / std, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(2)
    for shape in [(1, 33), (5, 257), (67, 19)]:
        x, (mean, std) = reals(rng, shape, dtype), figures(rng, shape[1], dtype)
        [y] = run_on_threads(kernels.normalize, [blank(shape, dtype)], [x, mean, std])
        check_bits(y, (x - mean) / std, shape=shape)
        [dx] = run_on_threads(kernels.normalize_backward, [x], [x, std], accumulate=True)
        check_bits(dx, x + x / std, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype):
    rng = np.random.default_rng(3)
    for width in WIDTHS:
        mean, std = figures(rng, width, dtype, exact=True)
        for special, x in diagonals(rng, width, dtype):
            [y] = run(kernels.normalize, [blank(x.shape, dtype)], [x, mean, std])
            check_bits(y, (x - mean) / std, width=width, special=special)
            check(y, reference.normalize(x, mean, std), 0.0, width=width, special=special)
            [dx] = run(kernels.normalize_backward, [blank(x.shape, dtype)], [x, std])
            check_bits(dx, x / std, width=width, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_figures_at_every_index(dtype, special):
    rng = np.random.default_rng(4)
    for width in WIDTHS:
        x = integers(rng, (2, width), dtype)
        for j in range(0, width, 5):
            mean, std = figures(rng, width, dtype, exact=True)
            mean[j] = special
            [y] = run(kernels.normalize, [blank(x.shape, dtype)], [x, mean, std])
            check_bits(y, (x - mean) / std, width=width, column=j)
            mean[j], std[j] = 0.5, special
            with np.errstate(divide="ignore", invalid="ignore"):
                want = (x - mean) / std, x / std
            [y] = run(kernels.normalize, [blank(x.shape, dtype)], [x, mean, std])
            [dx] = run(kernels.normalize_backward, [blank(x.shape, dtype)], [x, std])
            check_bits(y, want[0], width=width, column=j)
            check_bits(dx, want[1], width=width, column=j)


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    rng = np.random.default_rng(5)
    for shape in shapes():
        x, (mean, std) = reals(rng, shape, dtype), figures(rng, shape[1], dtype)
        y, dx = Placed(x, "misaligned"), Placed(x, "misaligned")
        kernels.normalize(y.array, y.array, mean, std)
        check_bits(y.array, (x - mean) / std, shape=shape)
        kernels.normalize_backward(dx.array, dx.array, std)
        check_bits(dx.array, x / std, shape=shape)
        for placed in (y, dx):
            placed.check_around(shape=shape)


def test_refuses_other_shapes():
    x, mean, std = np.zeros((3, 4)), np.zeros(4), np.ones(4)
    for y, *rest in [
        (np.zeros((3, 5)), x, mean, std),
        (x, np.zeros((4, 4)), mean, std),
        (x, x, np.zeros(3), std),
        (x, x, mean, np.ones(5)),
        (x, x, mean, np.ones((1, 4))),
        (x, x, np.zeros(8)[::2], std),
    ]:
        with pytest.raises(ValueError, match=r"\[normalize\] expected"):
            kernels.normalize(y, *rest)
    with pytest.raises(ValueError, match=r"\[normalize_backward\] expected"):
        kernels.normalize_backward(x, x, np.ones(3))
