"""Σ x[i]² in float64: within the depth of its tree; the same bits on any number of threads and any unit."""

import math
from fractions import Fraction

import numpy as np
import pytest
from arrays_for_tests import DTYPES, SIZES, WIDTHS, Placed, fresh_seed, integers, reals
from comparator import check

from fastdnn._core import kernels
from fastdnn.reference import sum_of_squares as reference

PART, PARTS, LANES = 1024, 128, 32
LONG = [PART - 1, PART, PART + 1, 3 * PART + 17, PARTS * PART - 1, PARTS * PART + 1, 200_003]


def depth(n):
    """Roundings on the way of a square: its own, a lane's additions, the trees of lanes and parts."""
    part = max(PART, (n // PARTS // 64 + 1) * 64)
    return 1 + math.ceil(min(part, n) / LANES) + 5 + 7


def bound(x):
    return 1.01 * (depth(x.size) + 1) * 2.0**-53 * reference.sum_of_squares(x)


def on_threads(x):
    """The sum, which is the same on 1 to 8 threads."""
    __tracebackhide__ = True
    sums = {kernels.sum_of_squares(x, threads=threads) for threads in range(1, 9)}
    assert len(sums) == 1, f"n={x.size}: {sums}"
    return sums.pop()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["plain", "misaligned", "head", "tail"])
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for n in [*SIZES, *WIDTHS, *LONG]:
        for fill in (integers, reals):
            x = Placed(fill(rng, (n,), dtype), layout)
            got = kernels.sum_of_squares(x.array)
            want = reference.sum_of_squares(x.array)
            check(got, want, 0.0 if fill is integers else bound(x.array), n=n, layout=layout)
            x.check_around(n=n)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(2)
    for n in (0, 1, 33, *LONG):
        on_threads(reals(rng, (n,), dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_bits_are_those_of_the_tree(dtype):
    """No fused multiply-add, the same lanes on every unit: NumPy's elementwise sums in the same order."""
    rng = np.random.default_rng(3)
    for n in (1, 31, 32, 33, 67, 1000, 5000, 140_000):
        x = reals(rng, (n,), dtype)
        size = max(PART, (n // PARTS // 64 + 1) * 64)
        squares = np.zeros((PARTS, -(-size // LANES), LANES))
        for p in range(PARTS):
            part = x[p * size : (p + 1) * size].astype(np.float64) ** 2
            squares[p].reshape(-1)[: part.size] = part
        sums = np.add.accumulate(squares, axis=1)[:, -1, :]  # one after the other
        while sums.shape[1] > 1:
            sums = sums[:, : sums.shape[1] // 2] + sums[:, sums.shape[1] // 2 :]
        sums = sums[:, 0]
        while sums.size > 1:
            sums = sums[: sums.size // 2] + sums[sums.size // 2 :]
        assert kernels.sum_of_squares(x) == sums[0], f"n={n}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_special_values_at_every_index(dtype, special):
    for n in WIDTHS:
        for j in range(n):
            x = np.ones(n, dtype)
            x[j] = special
            got = kernels.sum_of_squares(x)
            check(got, special * special, 0.0, n=n, index=j)


def test_a_float_cannot_overflow_or_vanish():
    top, low = np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal
    for value in (top, low):
        x = np.full(1000, value, np.float32)
        exact = 1000 * Fraction(float(value)) ** 2
        assert abs(Fraction(kernels.sum_of_squares(x)) / exact - 1) < Fraction(depth(1000), 2**53)


def test_random_sums():
    seed = fresh_seed()
    rng = np.random.default_rng(seed)
    for number in range(200):
        n, dtype = int(rng.integers(0, 300_000 if number % 20 == 0 else 3000)), DTYPES[rng.integers(2)]
        x = reals(rng, (n,), dtype) * np.asarray(10.0 ** rng.integers(-10, 10), dtype)
        got = kernels.sum_of_squares(x, threads=int(rng.integers(1, 4)))
        check(got, reference.sum_of_squares(x), bound(x), seed=seed, number=number, n=n)


def test_clip_scale():
    for function in (kernels.clip_scale, reference.clip_scale):
        assert function(25.0, 5.0) == 1.0
        assert function(25.0, 2.5) == 0.5
        assert function(0.0, 0.0) == 1.0
        assert function(np.inf, 2.0) == 0.0
        assert math.isnan(function(np.nan, 2.0))


def test_refuses_other_shapes():
    for x in (np.zeros((2, 2)), np.zeros(8)[::2], np.zeros(())):
        with pytest.raises(ValueError, match=r"\[sum_of_squares\] expected a contiguous vector"):
            kernels.sum_of_squares(x)
    with pytest.raises(TypeError):
        kernels.sum_of_squares(np.zeros(3, np.int32))
