"""Rows of any type, converted and standardised: the bits of the NumPy expression in the same type."""

import numpy as np
import pytest
from arrays_for_tests import DTYPES, LAYOUTS, SPECIALS, WIDTHS, Placed, blank, run, run_on_threads, shapes
from comparator import check, check_bits, roundoff

from fastdnn._core import kernels
from fastdnn.reference.gather import gather_features as reference

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
SOURCES = (*FLOATS, *INTEGERS, "bool")
SCALINGS = (
    {},
    {"scale": 0.3},
    {"mean": 1},
    {"std": 1},
    {"mean": 1, "std": 1},
    {"mean": 1, "std": 1, "scale": 3.7},
)


def source(rng, shape, dtype):
    """Numbers of the type's whole range, its ends among them."""
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind == "f":
        return rng.standard_normal(shape).astype(dtype)
    info = np.iinfo(dtype)
    x = rng.integers(info.min, info.max, shape, dtype, endpoint=True)
    x >>= rng.integers(0, 8 * x.itemsize, shape, dtype)  # of all sizes
    x.reshape(-1)[:2] = [info.min, info.max][: x.size]
    return x


def scaling(rng, cols, dtype, wanted):
    """The options of a call: random means and deviations where they are wanted."""
    options = dict(wanted)
    if "mean" in wanted:
        options["mean"] = rng.standard_normal(cols).astype(dtype)
    if "std" in wanted:
        options["std"] = (0.1 + rng.random(cols)).astype(dtype)
    return options


def expression(x, order, dtype, mean=None, std=None, scale=1.0):
    """In the type of y, as NumPy would do it."""
    with np.errstate(all="ignore"):
        y = x[order].astype(dtype)
        y = y if mean is None else y - mean
        y = y if std is None else y / std
        return y * np.asarray(scale, dtype)


def gathered(x, order, dtype, layout="plain", **options):
    """y; the kernel's word on whether it is finite must be true."""
    __tracebackhide__ = True
    finite = []

    def kernel(*arguments, **named):
        finite.append(kernels.gather_features(*arguments, **named))

    [y] = run(kernel, [blank((len(order), x.shape[1]), dtype)], [x, order], layout, **options)
    assert finite == [bool(np.isfinite(y).all())], f"called finite: {finite}"
    return y


def orders(rng, rows, layout="plain"):
    count = 3 if layout == "far" else 2 * rows
    return [o.astype(np.int32) for o in (rng.integers(0, max(rows, 1), count), rng.permutation(rows)[:40])]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", FLOATS + INTEGERS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, of, layout):
    rng = np.random.default_rng(1)
    for number, shape in enumerate(shapes(layout)):
        x = source(rng, shape, of)
        options = scaling(rng, shape[1], dtype, SCALINGS[number % len(SCALINGS)])
        for order in orders(rng, shape[0], layout)[number % 2 :][:1]:
            y = gathered(x, order, dtype, layout, **options)
            check_bits(y, expression(x, order, dtype, **options), source=of, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", SOURCES)
def test_every_scaling_of_every_width(dtype, of):
    rng = np.random.default_rng(2)
    for cols in WIDTHS:
        x = source(rng, (5, cols), of)
        order = np.array([4, 0, 3, 3], np.int32)
        for wanted in SCALINGS:
            options = scaling(rng, cols, dtype, wanted)
            y = blank((4, cols), dtype)
            finite = kernels.gather_features(y, x, order, **options)
            check_bits(y, expression(x, order, dtype, **options), source=of, cols=cols, options=wanted)
            assert finite is bool(np.isfinite(y).all())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", ["uint8", "float16", "float32", "int64"])
def test_against_the_reference(dtype, of):
    """The conversion, two operations and a product round once each; the figures are given in y's type.

    What cancels in x - mean leaves the rounding of x.
    """
    rng = np.random.default_rng(3)
    u = roundoff(dtype)
    for cols in (1, 7, 40):
        x = source(rng, (9, cols), of)
        order = rng.integers(0, 9, 20).astype(np.int32)
        options = scaling(rng, cols, dtype, {"mean": 1, "std": 1}) | {"scale": 0.375}
        want = reference(x, order, **options)
        y = gathered(x, order, dtype, **options)
        size = np.abs(x[order].astype(np.float64)) / options["std"] * 0.375
        check(y, want, 1.01 * u * (size + 3 * np.abs(want)), source=of, cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_of_float16(dtype):
    """NaN, infinities and denormal numbers among them."""
    x = np.arange(2**16).astype(np.uint16).view(np.float16)
    for shape in [(2**16 // 32, 32), (2**16, 1), (2**15, 2)]:
        rows = x.reshape(shape)
        order = np.arange(shape[0], dtype=np.int32)
        y = blank(shape, dtype)
        assert kernels.gather_features(y, rows, order) is False
        check_bits(y, rows.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", ["uint8", "int8", "uint16", "int16"])
def test_every_number_of_small_integers(dtype, of):
    x = np.arange(2**16).astype(np.uint16).view(of).reshape(-1, 64)
    y = blank(x.shape, dtype)
    assert kernels.gather_features(y, x, np.arange(len(x), dtype=np.int32)) is True
    check_bits(y, x.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_byte_of_a_bool(dtype):
    """All but 0 are true, as for NumPy; views of masks of 0 and 255 have them."""
    x = np.arange(256).astype(np.uint8).view(bool)
    for shape in [(4, 64), (256, 1), (37, 6)]:
        rows = x[: shape[0] * shape[1]].reshape(shape)
        y = blank(shape, dtype)
        assert kernels.gather_features(y, rows, np.arange(shape[0], dtype=np.int32)) is True
        check_bits(y, (rows.view(np.uint8) != 0).astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", ["uint32", "int32", "uint64", "int64"])
def test_large_integers_round_once(dtype, of):
    """Neighbours of the middle between two numbers of float32, float64: 64 bits go through neither."""
    signed = np.dtype(of).kind == "i"
    powers = [2**k for k in range(23, np.iinfo(of).bits - signed)]
    middles = [p + p // 2**24 + d for p in powers for d in (-2, -1, 0, 1, 2)]
    middles += [p + p // 2**53 + d for p in powers for d in (-1, 0, 1)]
    x = np.array([sign * m for m in middles for sign in ((1, -1) if signed else (1,))], of)
    order = np.arange(x.size, dtype=np.int32)
    for shape in [(x.size, 1), (1, x.size)]:
        rows = x.reshape(shape)
        y = blank(shape, dtype)
        kernels.gather_features(y, rows, order[: shape[0]])
        check_bits(y, rows.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", FLOATS)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_at_every_index(dtype, of, special):
    """Also that they are seen, and that those in rows that are not asked for are not."""
    rng = np.random.default_rng(4)
    for width in WIDTHS:
        x = rng.integers(-8, 9, (width + 1, width)).astype(of)
        np.fill_diagonal(x, special)
        y = blank((width, width), dtype)
        order = np.arange(width, dtype=np.int32)
        assert kernels.gather_features(y, x, order) is (special == 0)
        check_bits(y, x[:-1].astype(dtype), width=width)
        one = blank((1, width), dtype)
        for row in range(width):
            assert kernels.gather_features(one, x, order[row : row + 1]) is (special == 0), f"row {row}"
        assert kernels.gather_features(one, x, np.array([width], np.int32)) is True


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_scaling_makes_of_finite_numbers_is_seen(dtype):
    largest = np.finfo(dtype).max
    x, order = np.full((1, 21), largest, dtype), np.zeros(1, np.int32)
    for j in range(21):
        calm = {"mean": np.zeros(21, dtype), "std": np.ones(21, dtype)}
        assert kernels.gather_features(blank((1, 21), dtype), x, order, **calm) is True
        for name, value in [("std", 0.0), ("std", 0.5), ("mean", -largest), ("mean", np.nan)]:
            wild = {key: array.copy() for key, array in calm.items()}
            wild[name][j] = value
            y = blank((1, 21), dtype)
            assert kernels.gather_features(y, x, order, **wild) is False, f"{name} = {value} at {j}"
            check_bits(y, expression(x, order, dtype, **wild))
    assert kernels.gather_features(blank((1, 21), dtype), x, order, scale=2) is False


def test_float64_that_overflows_float32_is_seen():
    y = blank((2, 3), "float32")
    assert kernels.gather_features(y, np.full((2, 3), 1e39), np.array([0, 1], np.int32)) is False
    assert np.isinf(y).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", SOURCES)
def test_any_strides(dtype, of):
    rng = np.random.default_rng(5)
    for rows, cols in [(1, 1), (5, 1), (1, 9), (7, 3), (6, 40)]:
        base = source(rng, (2 * rows, 3 * cols), of)
        views = {
            "F": np.asfortranarray(base),
            "transposed": base.T,
            "back": base[::-1],
            "mirrored": base[:, ::-1],
            "both": base[::-2, ::-3],
            "every third column": base[:, 1::3],
            "every other row": base[1::2],
            "one row again and again": np.broadcast_to(base[0], base.shape),
            "one column again and again": np.broadcast_to(base[:, :1], base.shape),
            "a column": base[:, 2:3],
        }
        for name, x in views.items():
            order = rng.integers(0, len(x), 11).astype(np.int32)
            options = scaling(rng, x.shape[1], dtype, {"mean": 1, "std": 1})
            y = Placed(blank((11, x.shape[1]), dtype), "strided")
            assert kernels.gather_features(y.array, x, order, **options) is True
            check_bits(y.array, expression(x, order, dtype, **options), view=name, shape=x.shape, source=of)
            y.check_around(view=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("of", ["uint8", "float32"])
def test_threads(dtype, of):
    rng = np.random.default_rng(6)
    for shape in [(1, 5), (5, 33), (100, 3)]:
        x = source(rng, shape, of)
        order = rng.integers(0, shape[0], 77).astype(np.int32)
        options = scaling(rng, shape[1], dtype, {"mean": 1, "std": 1})
        [y] = run_on_threads(kernels.gather_features, [blank((77, shape[1]), dtype)], [x, order], **options)
        check_bits(y, expression(x, order, dtype, **options))


@pytest.mark.parametrize("row", [0, 38, 76])
def test_every_thread_says_what_it_saw(row):
    x = np.ones((77, 5), np.float32)
    x[row, 3] = np.nan
    for threads in range(1, 9):
        y = blank(x.shape, "float32")
        assert kernels.gather_features(y, x, np.arange(77, dtype=np.int32), threads=threads) is False


def test_refuses_rows_out_of_range():
    for row in (-1, 3, 2**31 - 1, -(2**31)):
        y = np.zeros((2, 4))
        with pytest.raises(
            ValueError, match=rf"\[gather_features\] expected an order of rows below 3, got {row} at"
        ):
            kernels.gather_features(y, np.ones((3, 4), np.uint8), np.array([0, row], np.int32))
        assert not y.any()


def test_refuses_other_shapes_and_types():
    y, x, order = np.zeros((2, 4)), np.ones((3, 4), np.uint8), np.zeros(2, np.int32)
    unaligned = np.zeros(3 * 4 * 4 + 1, np.uint8)[1:].view(np.float32).reshape(3, 4)
    fields = np.zeros((3, 4), np.dtype([("a", np.uint8), ("b", np.float32)]))["b"]
    for wrong in [
        (y[:, :3], x, order),
        (y, x, order[:1]),
        (y, x, np.zeros((1, 2), np.int32)),
        (y, x[0], order),
        (y, np.ones((3, 4, 1), np.uint8), order),
        (y, np.ones((3, 4), np.float32).astype(">f4"), order),
        (y, np.ones((3, 4), np.longdouble), order),
        (y, np.ones((3, 4), np.complex64), order),
        (y, np.full((3, 4), "a"), order),
        (y, np.full((3, 4), None), order),
        (y, unaligned, order),
        (y, fields, order),
    ]:
        with pytest.raises(ValueError, match=r"\[gather_features\] expected"):
            kernels.gather_features(*wrong)
    for name in ("mean", "std"):
        for wrong in (np.ones(3), np.ones((1, 4)), np.ones(8)[::2]):
            with pytest.raises(ValueError, match=r"\[gather_features\] expected"):
                kernels.gather_features(y, x, order, **{name: wrong})
    for other in (order.astype(np.int64), order.astype(np.uint32)):
        with pytest.raises(TypeError):
            kernels.gather_features(y, x, other)
