"""Norms in float64 over chunks of a fixed size: the same bits in every unit, for any cut and alignment."""

import math

import numpy as np
import pytest
from arrays_for_tests import DTYPES, LAYOUTS, SIZES, SPECIALS, WIDTHS, integers, reals, run
from comparator import check, check_bits

from fastdnn._core import kernels
from fastdnn.reference import norm as reference

NORMS = ("l1_norm", "l2_norm", "max_abs")
LANES, CHUNK = 32, 4096
AROUND_CHUNKS = [n * CHUNK + d for n in (1, 2, 3) for d in (-17, -1, 0, 1, 15, 16, 17)]


def bound(name, x):
    """Relative: the chains in the lanes, their tree, that of the chunks; the squares of float64 round, too.

    A square root halves the error and rounds once. A scaled norm rounds nothing more but its last division.
    """
    if name == "max_abs":
        return 0.0
    chunks = -(-x.size // CHUNK)
    additions = min(x.size, CHUNK) / LANES + math.log2(LANES) + 8 + math.log2(max(chunks, 1))
    return 1.01 * (additions + 4) * 2.0**-53


def check_norms(x, *, exact=False, **context):
    __tracebackhide__ = True
    for name in NORMS:
        want = getattr(reference, name)(x)
        got = getattr(kernels, name)(x)
        relative = 2.0**-52 if exact and name == "l2_norm" else 0.0 if exact else bound(name, x)
        check(got, want, relative * abs(want), norm=name, n=x.size, **context)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if "strided" not in name and name != "far"])
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for n in (*SIZES, *range(68)):
        for fill in (integers, reals):
            x = fill(rng, (n,), dtype)
            run(lambda array, f=fill: check_norms(array, exact=f is integers), [], [x], layout)


@pytest.mark.parametrize("dtype", DTYPES)
def test_around_the_chunks(dtype):
    rng = np.random.default_rng(2)
    for n in AROUND_CHUNKS:
        for fill in (integers, reals):
            check_norms(fill(rng, (n,), dtype), exact=fill is integers)


@pytest.mark.parametrize("name", NORMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_bits_depend_on_no_thread_and_no_alignment(name, dtype):
    kernel = getattr(kernels, name)
    rng = np.random.default_rng(3)
    for n in (5, CHUNK + 1, 11 * CHUNK - 3):
        x = reals(rng, (n + 9,), dtype)
        want = kernel(x[:n].copy())
        for threads in range(1, 9):
            check_bits(kernel(x[:n], threads=threads), want, n=n, threads=threads)
        for shift in range(1, 10):
            moved = np.empty(n + 9, dtype)
            moved[shift : shift + n] = x[:n]
            check_bits(kernel(moved[shift : shift + n], threads=1 + shift % 3), want, n=n, shift=shift)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_sums_are_those_of_the_lanes(dtype):
    """Spelled out in NumPy, to the bit: so all units agree."""
    rng = np.random.default_rng(4)
    for n in (1, 15, 16, 17, 100, CHUNK):
        x = reals(rng, (n,), dtype)
        for name, terms in [("l1_norm", np.abs), ("l2_norm", np.square)]:
            padded = np.zeros(-(-n // LANES) * LANES)
            padded[:n] = terms(x.astype(np.float64))
            lanes = np.add.accumulate(padded.reshape(-1, LANES))[-1]
            for half in (16, 8, 4, 2, 1):
                lanes = lanes[:half] + lanes[half:]
            want = float(lanes[0]) if terms is np.abs else math.sqrt(lanes[0])
            check_bits(getattr(kernels, name)(x), want, n=n, norm=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_at_every_index(dtype, special):
    rng = np.random.default_rng(5)
    for n in WIDTHS:
        for j in range(n):
            x = integers(rng, (n,), dtype)
            x[j] = special
            check_norms(x, exact=True, index=j)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_beside_infinity_is_nan(dtype):
    for n in (2, 17, CHUNK + 2, 3 * CHUNK):
        for nan, infinity in [(0, n - 1), (n - 1, 0), (n // 2, 0)]:
            x = np.zeros(n, dtype)
            x[infinity], x[nan] = -np.inf, -np.nan
            for name in NORMS:
                assert math.isnan(getattr(kernels, name)(x, threads=2)), f"{name} of {n}"


@pytest.mark.parametrize(
    "exponent", [-1074, -1073, -1060, -1022, -1000, -600, -451, 0, 500, 511, 512, 1000, 1022]
)
def test_the_norm_of_float64_has_its_whole_range(exponent):
    """3, 4 and 12 times a power of two have norm 13: exact wherever it can be."""
    for n in (3, 20, CHUNK + 5):
        x = np.zeros(n)
        x[[0, n // 2, n - 1]] = np.ldexp([3.0, -4.0, 12.0], exponent - (4 if exponent > 1000 else 0))
        want = math.ldexp(13.0, exponent - (4 if exponent > 1000 else 0))
        for threads in (1, 3):
            check(kernels.l2_norm(x, threads=threads), want, 0.0, exponent=exponent, n=n)
    largest = np.finfo(np.float64).max
    assert kernels.l2_norm(np.array([largest, largest])) == np.inf
    assert kernels.l2_norm(np.array([largest, 0.0])) == largest


def test_squares_of_float32_neither_overflow_nor_underflow():
    info = np.finfo(np.float32)
    for x in (info.max, info.tiny, info.smallest_subnormal):
        assert kernels.l2_norm(np.full(16, x, np.float32)) == 4 * float(x)
        check_norms(np.full(50, x, np.float32))


@pytest.mark.parametrize("name", NORMS)
def test_refusals(name):
    kernel = getattr(kernels, name)
    for wrong in (np.zeros(8)[::2], np.zeros((2, 2)), np.zeros(())):
        with pytest.raises(ValueError, match=rf"\[{name}\] expected a contiguous vector"):
            kernel(wrong)
    for other in (np.zeros(3, np.int32), np.zeros(3, np.float16), [1.0]):
        with pytest.raises(TypeError):
            kernel(other)


def test_clip_scale():
    for function in (kernels.clip_scale, reference.clip_scale):
        assert function(5.0, 5.0) == 1.0
        assert function(5.0, 2.5) == 0.5
        assert function(0.0, 0.0) == 1.0
        assert function(np.inf, 2.0) == 0.0
        assert math.isnan(function(np.nan, 2.0))
