"""Penalties on weights, and their gradients: l1 and l2 exact, other powers in the bound of exp and log."""

import math

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SIZES,
    SPECIALS,
    WIDTHS,
    Placed,
    integers,
    reals,
    run,
    run_on_threads,
)
from comparator import check, check_bits, roundoff, smallest

from fastdnn._core import kernels
from fastdnn.reference import penalty as reference

LANES, CHUNK = 32, 4096
ONE_TERM = ({"l1": 0.5}, {"l2": 0.25}, {"lq": 2.0, "q": 3.0}, {"lq": 0.5, "q": 1.5}, {"lq": 1.0, "q": 1.0001})
TERMS = (*ONE_TERM, {"l1": 0.5, "l2": 0.25}, {"l1": 0.125, "l2": 2.0, "lq": 0.5, "q": 2.5}, {})
EXACT = ({"l1": 0.5}, {"l2": 0.25}, {"l1": 2.0, "l2": 0.5}, {"lq": 4.0, "q": 1.0}, {"lq": 0.25, "q": 2.0})


def power_error(w, options):
    """Relative, of |w|^q and its gradient: the logarithm, its product, exp, and the products around it."""
    if options.get("lq", 0) == 0 or options["q"] in (1, 2):
        return 0.0
    size = np.abs(w.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.abs((options["q"] - 1) * np.log(size))
    return (4 * np.where(np.isfinite(exponent), exponent, 0) + 4) * 2.0**-53


def check_penalty(value, gradient, before, w, options, *, exact=False, **context):
    """Each term takes at most six roundings in float64, here and in the reference; the gradient one more."""
    __tracebackhide__ = True
    options = {"l1": 0.0, "l2": 0.0, "lq": 0.0, "q": 1.0} | options
    with np.errstate(invalid="ignore", over="ignore"):
        error = power_error(w, options) + 12 * 2.0**-53
        want = reference.penalty(w, **options)
        each = np.array([reference.penalty(w[i : i + 1], **options) for i in range(w.size)])
        chunks = -(-w.size // CHUNK)
        sums = min(w.size, CHUNK) / LANES + 5 + 8 + math.log2(max(chunks, 1))
        bound = (each * error).sum() + want * sums * 2.0**-53
        check(value, want, 0.0 if exact else 1.01 * bound if np.isfinite(want) else 0.0, **options, **context)
        if gradient is None:
            return
        slope = reference.penalty_backward(w, **options)
        want = before.astype(np.float64) + slope
        rounding = np.finfo(w.dtype).eps / 2 * np.abs(want) + 2.0**-53 * (np.abs(before) + np.abs(slope))
        bound = np.where(np.isfinite(want), rounding + np.abs(slope) * error + smallest(w.dtype), 0)
        check(gradient, want, 0.0 if exact else 1.01 * bound, **options, **context)


def penalty(before, w, layout="plain", **options):
    """(value, gradient); the same value without a gradient."""
    __tracebackhide__ = True
    values = []

    def kernel(*arguments, **named):
        values.append(kernels.penalty(*arguments, **named))

    [gradient] = run(kernel, [before], [w], layout, **options)
    run(kernel, [None], [w], layout, **options)
    check_bits(values[0], values[1], n=w.size, **options)
    return values[0], gradient


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if "strided" not in name and name != "far"])
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for n in SIZES:
        w, before = reals(rng, (n,), dtype), reals(rng, (n,), dtype)
        for options in TERMS:
            value, gradient = penalty(before, w, layout, **options)
            check_penalty(value, gradient, before, w, options, n=n)


@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_numbers_are_exact(dtype):
    rng = np.random.default_rng(2)
    for n in (*range(68), CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 17):
        w, before = integers(rng, (n,), dtype), integers(rng, (n,), dtype)
        for options in EXACT:
            value, gradient = penalty(before, w, **options)
            check_penalty(value, gradient, before, w, options, exact=True, n=n)


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers_of_one_and_two_are_l1_and_l2(dtype):
    rng = np.random.default_rng(3)
    w, before = reals(rng, (777,), dtype), reals(rng, (777,), dtype)
    for name, q in [("l1", 1.0), ("l2", 2.0)]:
        value, gradient = penalty(before, w, lq=0.3, q=q)
        other, same = penalty(before, w, **{name: 0.3})
        check_bits(gradient, same)
        check_bits(value, other)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("q", [1.0 + 2.0**-40, 1.25, 1.5, 3.0, 4.0, 17.5])
def test_powers_of_the_whole_range(dtype, q):
    """From the denormal numbers on, to where the power overflows; each weight by itself."""
    info = np.finfo(dtype)
    high = math.log(info.max) / q if dtype == "float64" else min(math.log(info.max), 700 / q)
    exponents = np.linspace(math.log(float(info.smallest_subnormal)) + 1, high - 1, 301)
    w = (np.exp(exponents) * np.where(np.arange(301) % 2, 1, -1)).astype(dtype)
    zeros = np.zeros_like(w)
    gradient = zeros.copy()
    kernels.penalty(gradient, w, lq=1.0, q=q)
    options = {"lq": 1.0, "q": q}
    with np.errstate(over="ignore", under="ignore"):
        slope = reference.penalty_backward(w, **options)
        bound = np.abs(slope) * (power_error(w, options) + 12 * 2.0**-53 + info.eps / 2)
        slope = slope.astype(dtype).astype(np.float64)  # beyond float32 infinity
        bound = bound + np.where(np.isfinite(slope), np.abs(slope) * info.eps / 2, 0)
    check(gradient, slope, np.where(np.isfinite(slope), 1.01 * bound + 4 * smallest(dtype), 0), q=q)
    for i in range(0, 301, 7):
        want = reference.penalty(w[i : i + 1], **options)
        error = (power_error(w[i : i + 1], options)[0] + 12 * 2.0**-53) * want
        check(kernels.penalty(None, w[i : i + 1], **options), want, error + 4 * smallest("float64"), w=w[i])


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_alignment(dtype):
    rng = np.random.default_rng(4)
    for n in (5, CHUNK + 1, 11 * CHUNK - 3):
        w, before = reals(rng, (n + 9,), dtype), reals(rng, (n + 9,), dtype)
        for options in ({"l1": 0.1, "l2": 0.3}, {"l2": 0.3, "lq": 0.7, "q": 1.7}):
            want = kernels.penalty(None, w[:n].copy(), **options)
            for threads in range(1, 9):
                check_bits(
                    kernels.penalty(None, w[:n], threads=threads, **options), want, n=n, threads=threads
                )
            [gradient] = run_on_threads(kernels.penalty, [before[:n]], [w[:n]], **options)
            for shift in range(1, 10):
                moved, slopes = np.empty(n + 9, dtype), np.empty(n + 9, dtype)
                moved[shift : shift + n], slopes[shift : shift + n] = w[:n], before[:n]
                part = slice(shift, shift + n)
                check_bits(kernels.penalty(slopes[part], moved[part], **options), want, shift=shift)
                check_bits(slopes[part], gradient, shift=shift)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_at_every_index(dtype, special):
    """One term each, so that no infinity meets another; a factor of 0 makes no NaN of infinity."""
    rng = np.random.default_rng(5)
    for n in WIDTHS:
        w, before = integers(rng, (n,), dtype), integers(rng, (n,), dtype)
        for options in ONE_TERM:
            calm = Placed(before, "plain")
            kernels.penalty(calm.array, w, **options)
            for j in range(0, n, 1 if n < 20 else 7):
                wild, slopes = w.copy(), before.copy()
                wild[j] = special
                value = kernels.penalty(slopes, wild, **options)
                with np.errstate(invalid="ignore", over="ignore"):
                    slope = reference.penalty_backward(wild[[j]], **options) if special != 0 else np.zeros(1)
                    check(slopes[[j]], before[j] + slope, 0.0, index=j, n=n, **options)
                    if special != 0:
                        assert np.isnan(value) if np.isnan(special) else value == np.inf
                check_bits(np.delete(slopes, j), np.delete(calm.array, j), index=j, n=n, **options)


@pytest.mark.parametrize("dtype", DTYPES)
def test_zero_has_no_slope(dtype):
    w = np.array([0.0, -0.0] * 20, dtype)
    for options in TERMS:
        value, gradient = penalty(np.arange(40).astype(dtype), w, **options)
        check_bits(gradient, np.arange(40).astype(dtype))
        assert value == 0
    _, gradient = penalty(np.zeros(2, dtype), np.array([1, -1], dtype) * smallest(dtype), l1=3.0)
    assert gradient.tolist() == [3, -3], "the smallest number has a sign"


@pytest.mark.parametrize("dtype", DTYPES)
def test_without_terms_nothing_happens(dtype):
    w, before = np.array([*SPECIALS, 1] * 7, dtype), np.arange(35).astype(dtype)
    for options in ({}, {"q": 3.0}, {"lq": 0.0, "q": 2.0}):
        value, gradient = penalty(before, w, **options)
        check_bits(gradient, before)
        assert value == 0


def test_one_step_of_weight_decay():
    """A step of SGD with λ/(2m) Σw² is W ← (1 - α λ / m) W - α ∇L."""
    rng = np.random.default_rng(6)
    w, g = rng.normal(size=50), rng.normal(size=50)
    alpha, decay, m = 0.1, 0.7, 32
    slopes = g.copy()
    kernels.penalty(slopes, w, l2=decay / (2 * m))
    check(
        w - alpha * slopes,
        (1 - alpha * decay / m) * w - alpha * g,
        8 * roundoff("float64") * (np.abs(w) + np.abs(g)),
    )


def test_refusals():
    w = np.zeros(4)
    for gradient, weights in [
        (np.zeros(5), w),
        (np.zeros(8)[::2], w),
        (np.zeros((1, 4)), w),
        (None, np.zeros((2, 2))),
        (None, np.zeros(8)[::2]),
    ]:
        with pytest.raises(ValueError, match=r"\[penalty\] expected"):
            kernels.penalty(gradient, weights, l1=1.0)
    for options in (
        {"q": 0.5},
        {"q": np.nan},
        {"q": np.inf},
        {"l1": np.nan},
        {"l2": np.inf},
        {"lq": -np.inf},
    ):
        with pytest.raises(ValueError, match=r"\[penalty\] expected"):
            kernels.penalty(None, w, **options)
    with pytest.raises(TypeError):
        kernels.penalty(np.zeros(4, np.float32), w)
    frozen = np.zeros(4)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match=r"\[penalty\] expected an array that can be written"):
        kernels.penalty(frozen, w)
