"""Gaussian noise: each deviate is a function of (seed, stream, step, row, column), and they are normal."""

import math
from functools import lru_cache

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SPECIALS,
    WIDTHS,
    Placed,
    blank,
    integers,
    reals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, roundoff, smallest

from fastdnn import _core
from fastdnn._core import kernels
from fastdnn.reference import gaussian_noise as reference

ONES = 2**32 - 1
KEY = {"seed": 0x299F31D0_A4093822, "stream": 260, "step": 7}


@lru_cache(maxsize=1)
def many_deviates():
    """Those of the rows and columns that most tests use."""
    return reference.normal_deviates(67, 270, **KEY)


def bound(y, z, stddev, dtype):
    """12 roundings of z, to which those of stddev and of their product come, and y's own.

    v = min(u, 1 - u) has two, which ln v makes up to 2.9 of the square (|v / ((1 - v) ln(1 - v))| is at most
    1.443); ln's own are four (2 ulp): half of them, and the root's one, are the radius's, 4.5. The angle has
    four, which neither sin nor cos makes more within an eighth of a turn; their own are two. And the product.
    """
    return 1.01 * roundoff(dtype) * (np.abs(y) + 14 * stddev * np.abs(z)) + smallest(dtype)


def noise(shape, dtype="float64", stddev=1.0, **key):
    """Noise alone."""
    y = blank(shape, dtype)
    kernels.gaussian_noise(y, np.zeros(shape, dtype), stddev, **KEY | key)
    return y


def deviates_of_row_0(columns):
    """By NumPy, from the core's scalar Philox; `columns` are whole groups of 64."""
    words = _core.random_words(**KEY, n=columns).reshape(-1, 16, 2, 2)  # group, block, pair, (radius, angle)
    words = words.transpose(0, 2, 1, 3).astype(np.int64)
    u = words[..., 0]
    near = np.minimum(u, ONES - u) + 0.5
    log = np.where(u < 2**31, np.log(near / 2**32), np.log1p(-near / 2**32))
    signed = words[..., 1] - (words[..., 1] >> 31 << 32)
    quarters = (signed + 2**29) >> 30
    x = 2 * np.pi * ((signed - (quarters << 30)) + 0.5) / 2**32
    c, s = np.cos(x), np.sin(x)
    turned = [(c, s), (-s, c), (-c, -s), (s, -c)]
    ends = [np.choose(quarters % 4, [pair[end] for pair in turned]) for end in (0, 1)]
    return np.stack([np.sqrt(-2 * log) * end for end in ends], axis=2).reshape(-1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "far"])
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for shape in shapes(layout):
        z = many_deviates()[: shape[0], : shape[1]]
        for stddev in (1.0, 0.1, 30.0):
            x = reals(rng, shape, dtype)
            want = x.astype(np.float64) + stddev * z
            [y] = run(kernels.gaussian_noise, [blank(shape, dtype)], [x], layout, stddev=stddev, **KEY)
            check(y, want, bound(want, z, stddev, dtype), shape=shape, stddev=stddev)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_far_apart(dtype):
    x = reals(np.random.default_rng(2), (3, 17), dtype)
    [y] = run(kernels.gaussian_noise, [blank(x.shape, dtype)], [x], "far", stddev=0.3, **KEY)
    z = many_deviates()[:3, :17]
    want = x.astype(np.float64) + 0.3 * z
    check(y, want, bound(want, z, 0.3, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_million_deviates(dtype):
    """Words near 0 and 1, angles near the axes: relative to each deviate, however small."""
    z = deviates_of_row_0(1 << 20)
    assert np.abs(z).min() < 1e-5
    assert np.abs(z).max() > 4.5
    y = noise((1, z.size), dtype)[0]
    check(y, z, 1.01 * 12 * roundoff(dtype) * np.abs(z))
    check(z[:270], many_deviates()[0], 0.0)


@pytest.mark.parametrize(
    ("seed", "stream", "step", "first_row"),
    [(0, 0, 0, 0), (2**64 - 1, ONES, ONES, 2**32 - 3), (1, 2, 3, 2**31), (2**32, 1, 0, 5)],
)
def test_corners_of_the_counter(seed, stream, step, first_row):
    key = {"seed": seed, "stream": stream, "step": step, "first_row": first_row}
    z = reference.normal_deviates(3, 150, **key)
    for dtype in DTYPES:
        check(noise((3, 150), dtype, **key), z, 1.01 * 12 * roundoff(dtype) * np.abs(z), **key)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_cut_in_rows(dtype):
    x = reals(np.random.default_rng(4), (67, 200), dtype)
    options = {"stddev": 0.7, **KEY}
    [whole] = run_on_threads(kernels.gaussian_noise, [blank(x.shape, dtype)], [x], **options)
    for first, last in [(0, 1), (1, 67), (13, 14), (66, 67), (20, 50)]:
        part = blank((last - first, 200), dtype)
        kernels.gaussian_noise(part, x[first:last], **options, first_row=first)
        check_bits(part, whole[first:last], rows=(first, last))
    for cols in (1, 17, 32, 33, 64, 65, 130):
        narrow = blank((67, cols), dtype)
        kernels.gaussian_noise(narrow, x[:, :cols], **options)
        check_bits(narrow, whole[:, :cols], cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", ["misaligned", "strided", "tail"])
def test_the_same_bits_in_any_layout(dtype, layout):
    rng = np.random.default_rng(5)
    for shape in shapes():
        x = reals(rng, shape, dtype)
        [plain] = run(kernels.gaussian_noise, [blank(shape, dtype)], [x], stddev=0.3, **KEY)
        [other] = run(kernels.gaussian_noise, [blank(shape, dtype)], [x], layout, stddev=0.3, **KEY)
        check_bits(other, plain, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_deviation_is_the_identity(dtype):
    x = reals(np.random.default_rng(5), (3, 200), dtype)
    [y] = run(kernels.gaussian_noise, [blank(x.shape, dtype)], [x], stddev=0.0, **KEY)
    check_bits(y, x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_at_every_index(dtype, special):
    """NaN and infinities pass, and their neighbours do not notice."""
    rng = np.random.default_rng(6)
    for width in WIDTHS:
        x = integers(rng, (width, width), dtype)
        [plain] = run(kernels.gaussian_noise, [blank(x.shape, dtype)], [x], stddev=0.5, **KEY)
        np.fill_diagonal(x, special)
        [y] = run(kernels.gaussian_noise, [blank(x.shape, dtype)], [x], stddev=0.5, **KEY)
        diagonal = np.diagonal(y).copy()
        np.fill_diagonal(y, 0)
        np.fill_diagonal(plain, 0)
        check_bits(y, plain, width=width, special=special)
        if special == 0:
            z = np.diagonal(many_deviates())[:width]
            check(diagonal, 0.5 * z, bound(0.5 * z, z, 0.5, dtype), width=width)
        else:
            check_bits(diagonal, np.full(width, special, dtype), width=width, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    rng = np.random.default_rng(7)
    for shape in [(3, 1), (5, 67), (2, 257)]:
        x = reals(rng, shape, dtype)
        [want] = run(kernels.gaussian_noise, [blank(shape, dtype)], [x], stddev=0.25, **KEY)
        own = Placed(x, "misaligned").array
        kernels.gaussian_noise(own, own, 0.25, **KEY)
        check_bits(own, want, shape=shape)


# ---- the distribution, of one seed, to five deviations of each figure


def normal_cdf(z):
    return 0.5 * (1 + np.vectorize(math.erf)(z / math.sqrt(2)))


def test_moments():
    z = noise((1024, 1024))
    n = z.size
    for power, want, variance in [(1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10395 - 225)]:
        assert abs((z**power).mean() - want) <= 5 * (variance / n) ** 0.5, f"moment {power}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_kolmogorov_smirnov(dtype):
    """sup |F_n - F| √n is above 1.95 once in a thousand; as a whole, and of columns of each kind."""
    z = noise((512, 512), dtype).astype(np.float64)
    parts = [z, z[:, ::64], z[:, 16::64], z[:, 32::64], z[:, 48::64], z[0], z[:, 0]]
    for number, part in enumerate(parts):
        values = np.sort(part, axis=None)
        n = values.size
        cdf = normal_cdf(values)
        distance = max((np.arange(1, n + 1) / n - cdf).max(), (cdf - np.arange(n) / n).max())
        assert distance * n**0.5 < 1.95, f"part {number}: {distance * n**0.5}"


def test_tails():
    z = noise((2048, 2048), "float32")
    for limit in (1, 2, 3, 4, 4.5, 5):
        for name, beyond in (("above", z > limit), ("below", z < -limit)):
            want = z.size * 0.5 * math.erfc(limit / math.sqrt(2))
            got = np.count_nonzero(beyond)
            assert abs(got - want) <= 5 * want**0.5 + 1, f"{got} {name} {limit}, not {want:.1f}"
    assert 4.9 < np.abs(z).max() < 6.77


def test_rows_columns_steps_and_streams_are_independent():
    """Correlations of two sets of deviates, and of their squares: Box and Muller's pairs share a radius."""
    base = noise((256, 512))
    others = {name: noise((256, 512), **{name: KEY[name] + 1}) for name in KEY}
    others["row"] = noise((256, 512), first_row=256)
    others["column"] = noise((256, 1024))[:, 512:]
    for shift in (1, 2, 4, 8, 16, 32, 48, 64, 128):
        others[f"{shift} columns on"] = np.roll(base, shift, axis=1)
        others[f"{shift} rows on"] = np.roll(base, shift, axis=0)
    for name, other in others.items():
        for what, (a, b), variance in (
            ("values", (base, other), 1),
            ("squares", (base**2 - 1, other**2 - 1), 2),
        ):
            covariance = (a * b).mean()
            assert abs(covariance) <= 5 * variance / base.size**0.5, f"{what}, {name}: {covariance}"


def test_refuses_what_it_cannot_do():
    x = np.zeros((3, 4))
    for wrong in (np.zeros((3, 5)), np.zeros((2, 4))):
        with pytest.raises(ValueError, match=r"\[gaussian_noise\] expected"):
            kernels.gaussian_noise(wrong, x, 0.5, **KEY)
    for stddev in (-0.1, np.nan, np.inf, 1e30):
        with pytest.raises(ValueError, match=r"\[gaussian_noise\] expected 0 <= stddev < 1e30"):
            kernels.gaussian_noise(x.copy(), x, stddev, **KEY)
    for first_row in (-1, 2**32 - 2, 2**62):
        with pytest.raises(ValueError, match=r"\[gaussian_noise\] expected rows and columns below 2\^32"):
            kernels.gaussian_noise(x.copy(), x, 0.5, **KEY, first_row=first_row)
    for key in ({"seed": -1}, {"seed": 2**64}, {"stream": 2**32}, {"step": -1}):
        with pytest.raises(TypeError):
            kernels.gaussian_noise(x.copy(), x, 0.5, **KEY | key)
