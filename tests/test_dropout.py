"""Inverted dropout: the mask is a function of (seed, stream, step, row, column), the same bits everywhere."""

from functools import lru_cache

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    WIDTHS,
    Placed,
    blank,
    integers,
    reals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, roundoff

from fastdnn import _core
from fastdnn._core import kernels
from fastdnn.reference import dropout as reference

ONES = 2**32 - 1
KEY = {"seed": 0x299F31D0_A4093822, "stream": 259, "step": 7}


@lru_cache(maxsize=1)
def many_bits():
    """The bits of the rows and columns that most tests use."""
    return reference.dropout_bits(67, 270, **KEY)


def kept(shape, rate):
    return many_bits()[: shape[0], : shape[1]] >= reference.dropout_threshold(rate)


def expected(x, rate):
    """The same bits by NumPy in the kernel's type: one multiplication by the rounded quotient."""
    scale = np.asarray(1 / reference.dropout_keep_prob(rate), x.dtype)
    return np.where(kept(x.shape, rate), x * scale, np.zeros((), x.dtype))


def dropped(shape, dtype="float32", rate=0.5, **key):
    """Where the kernel drops."""
    y = blank(shape, dtype)
    kernels.dropout(y, np.ones(shape, dtype), rate, **KEY | key)
    return y == 0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "far"])
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for shape in shapes(layout):
        for rate in (0.5, 0.1):
            x, before = reals(rng, shape, dtype), reals(rng, shape, dtype)
            want = expected(x, rate)
            [y] = run(kernels.dropout, [blank(shape, dtype)], [x], layout, rate=rate, **KEY)
            check_bits(y, want, shape=shape, rate=rate)
            [dx] = run(kernels.dropout_backward, [blank(shape, dtype)], [x], layout, rate=rate, **KEY)
            check_bits(dx, want, shape=shape, rate=rate)
            [dx] = run(kernels.dropout_backward, [before], [x], layout, rate=rate, accumulate=True, **KEY)
            check_bits(dx, before + want, shape=shape, rate=rate)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_far_apart(dtype):
    x = reals(np.random.default_rng(2), (3, 17), dtype)
    [y] = run(kernels.dropout, [blank(x.shape, dtype)], [x], "far", rate=0.3, **KEY)
    check_bits(y, expected(x, 0.3))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_reference_within_its_roundings(dtype):
    x = reals(np.random.default_rng(3), (5, 150), dtype)
    for rate in (0.0, 0.2, 0.5, 0.9, 1 - 2**-16):
        want = reference.dropout(x, rate, **KEY)
        [y] = run(kernels.dropout, [blank(x.shape, dtype)], [x], rate=rate, **KEY)
        check(y, want, 2 * roundoff(dtype) * np.abs(want), rate=rate)
        assert np.array_equal(reference.dropout_backward(x, rate, **KEY), want)


@pytest.mark.parametrize(
    ("seed", "stream", "step", "first_row"),
    [(0, 0, 0, 0), (2**64 - 1, ONES, ONES, 2**32 - 3), (1, 2, 3, 2**31), (2**32, 1, 0, 5)],
)
def test_corners_of_the_counter(seed, stream, step, first_row):
    key = {"seed": seed, "stream": stream, "step": step, "first_row": first_row}
    for dtype in DTYPES:
        got = dropped((3, 300), dtype, rate=0.4, **key)
        want = reference.dropout_bits(3, 300, **key) < reference.dropout_threshold(0.4)
        assert np.array_equal(got, want), f"{key} {dtype}"


def test_the_bits_are_those_of_random_words():
    """Row 0 of the reference against the core's scalar Philox."""
    words = _core.random_words(**KEY, n=4 * 48).reshape(3, 16, 4)  # 128 columns, block, word
    bits = np.empty((3, 2, 4, 16), np.uint32)  # 128 columns, half, word, block
    for half in (0, 1):
        bits[:, half] = words.swapaxes(1, 2) >> np.uint32(16 * half) & np.uint32(0xFFFF)
    assert np.array_equal(bits.reshape(-1)[:270], many_bits()[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_cut_in_rows(dtype):
    x = reals(np.random.default_rng(4), (67, 200), dtype)
    for rate in (0.2, 0.5):
        [whole] = run_on_threads(kernels.dropout, [blank(x.shape, dtype)], [x], rate=rate, **KEY)
        check_bits(whole, expected(x, rate))
        run_on_threads(kernels.dropout_backward, [x], [x], rate=rate, accumulate=True, **KEY)
        for first, last in [(0, 1), (1, 67), (13, 14), (66, 67), (20, 50)]:
            part = blank((last - first, 200), dtype)
            kernels.dropout(part, x[first:last], rate, **KEY, first_row=first)
            check_bits(part, whole[first:last], rows=(first, last))
    for cols in (1, 17, 130):
        narrow = blank((67, cols), dtype)
        kernels.dropout(narrow, x[:, :cols], rate, **KEY)
        check_bits(narrow, whole[:, :cols], cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rate_0_is_the_identity(dtype):
    x = reals(np.random.default_rng(5), (3, 200), dtype)
    x[0, :4] = [np.nan, np.inf, -np.inf, -0.0]
    for rate in (0.0, 2.0**-18):  # rounds to nothing
        [y] = run(kernels.dropout, [blank(x.shape, dtype)], [x], rate=rate, **KEY)
        check_bits(y, x, rate=rate)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, -0.0])
def test_special_values_at_every_index(dtype, special):
    """What is dropped is +0, whatever it was; what is kept stays."""
    rng = np.random.default_rng(6)
    for width in WIDTHS:
        x = integers(rng, (width, width), dtype)
        np.fill_diagonal(x, special)
        for rate in (0.5,):
            [y] = run(kernels.dropout, [blank(x.shape, dtype)], [x], rate=rate, **KEY)
            check_bits(y, expected(x, rate), width=width, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    rng = np.random.default_rng(7)
    for shape in [(3, 1), (5, 67), (2, 257)]:
        x = reals(rng, shape, dtype)
        own = Placed(x, "misaligned").array
        kernels.dropout(own, own, 0.25, **KEY)
        check_bits(own, expected(x, 0.25), shape=shape)
        own = Placed(x, "misaligned").array
        kernels.dropout_backward(own, own, 0.25, **KEY)
        check_bits(own, expected(x, 0.25), shape=shape)


def test_thresholds():
    for rate, threshold in [(0, 0), (0.5, 32768), (0.2, 13107), (2**-17, 1), (2**-18, 0), (0.9999999, 65535)]:
        assert reference.dropout_threshold(rate) == threshold
    for rate in (0.0, 0.1, 0.2, 1 / 3, 0.5, 0.999):
        assert abs(1 - rate - reference.dropout_keep_prob(rate)) <= 2**-17
    x = np.ones((4, 257))
    for rate in (0.1, 0.9999999):  # what is kept shows the threshold, to the last bit of its 16
        y = np.empty_like(x)
        kernels.dropout(y, x, rate, **KEY)
        assert set(np.unique(y)) <= {0.0, 65536 / (65536 - reference.dropout_threshold(rate))}


def test_the_edges_of_the_threshold():
    """An element whose bits are k is kept at threshold k and dropped at k + 1."""
    bits = many_bits()[0].astype(int)
    for j in range(0, 270, 7):
        at, above = (dropped((1, 270), rate=(bits[j] + d) / 65536)[0, j] for d in (0, 1))
        assert not at, f"column {j} with bits {bits[j]}"
        assert above, f"column {j} with bits {bits[j]}"


def test_the_share_that_is_kept():
    """Of 2^20 elements, to five deviations; and the mean of y is that of x."""
    for rate in (0.2, 0.5, 0.9):
        off = dropped((1024, 1024), rate=rate).mean()
        p = 1 - reference.dropout_keep_prob(rate)
        assert abs(off - p) <= 5 * (p * (1 - p)) ** 0.5 / 1024, f"rate {rate}: {off}"
    y = blank((1024, 1024), "float64")
    kernels.dropout(y, np.ones(y.shape), 0.3, **KEY)
    assert abs(y.mean() - 1) <= 5 * (0.3 / 0.7) ** 0.5 / 1024


def test_keep_prob_08_of_100_units_drops_about_20():
    """Over 4096 samples: 20 off on average, with the deviation 4 of a binomial; all columns alike."""
    off = dropped((4096, 100), rate=0.2)
    counts = off.sum(axis=1)
    assert abs(counts.mean() - 20) <= 5 * 4 / 64
    assert abs(counts.std() - 4) <= 0.3
    assert np.abs(off.mean(axis=0) - 0.2).max() <= 5 * 0.4 / 64


def test_rows_columns_steps_and_streams_are_independent():
    """The share of elements that two masks agree on is one half, to five deviations."""
    base = dropped((256, 512))
    others = {name: dropped((256, 512), **{name: KEY[name] + 1}) for name in KEY}
    others["row"] = dropped((256, 512), first_row=256)
    others["column"] = dropped((256, 1024))[:, 512:]
    for shift in (1, 2, 4, 8, 16, 64, 128):
        others[f"{shift} columns on"] = np.roll(base, shift, axis=1)
        others[f"{shift} rows on"] = np.roll(base, shift, axis=0)
    for name, other in others.items():
        agree = (base == other).mean()
        assert abs(agree - 0.5) <= 5 * 0.5 / base.size**0.5, f"{name}: {agree}"


def test_refuses_what_it_cannot_do():
    x = np.zeros((3, 4))
    for kernel, name in ((kernels.dropout, "dropout"), (kernels.dropout_backward, "dropout_backward")):
        for wrong in (np.zeros((3, 5)), np.zeros((2, 4))):
            with pytest.raises(ValueError, match=rf"\[{name}\] expected"):
                kernel(wrong, x, 0.5, **KEY)
        for rate in (-0.1, 1.0, 1.5, np.nan, np.inf):
            with pytest.raises(ValueError, match=rf"\[{name}\] expected 0 <= rate < 1"):
                kernel(x.copy(), x, rate, **KEY)
        for first_row in (-1, 2**32 - 2, 2**62):
            with pytest.raises(ValueError, match=rf"\[{name}\] expected rows and columns below 2\^32"):
                kernel(x.copy(), x, 0.5, **KEY, first_row=first_row)
        for key in ({"seed": -1}, {"seed": 2**64}, {"stream": 2**32}, {"step": -1}):
            with pytest.raises(TypeError):
                kernel(x.copy(), x, 0.5, **KEY | key)
