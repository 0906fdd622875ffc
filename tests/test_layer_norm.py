"""Layer normalisation: within its derived bound, whatever the offset of a row; rows do not see each other."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    SIZES,
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
from comparator import check, check_bits, roundoff, row_sum_error, smallest

from fastdnn._core import kernels
from fastdnn.reference import layer_norm as reference

CHUNK = 256


def wide_shapes(layout="plain"):
    return [(rows, cols) for rows, cols in shapes(layout) if cols > 0]


def outputs(x):
    """y, mean, rstd."""
    return [blank(x.shape, x.dtype), blank(x.shape[:1], x.dtype), blank(x.shape[:1], x.dtype)]


def forward(x, layout="plain", **options):
    """y, mean, rstd."""
    return run(kernels.layer_norm, outputs(x), [x], layout, **options)


def forward_bounds(x, gamma=None, beta=None, epsilon=1e-3):
    """y, mean, rstd.

    Let u be the roundoff, a = |x - x[0]|, A its mean, Q = Σ a² and R the sum's error: x[0] is subtracted
    first, so the centre is off by E = (R + 2 u) A, and a difference to it by u a + E + u |x - μ|. The
    differences are then off by p <= √Q (R + 4 u) in norm, since A² k <= Q, and M2 by 2 p √M2 + p², its sum by
    R + 2 u on top. rstd has half the relative error of σ² + ε and three roundings. y multiplies difference,
    rstd and γ, and adds β. Only the saved mean has an error of the size of the offset, u |μ|.
    """
    u, r = roundoff(x.dtype), row_sum_error(x.shape[1], x.dtype)
    x = x.astype(np.float64)
    mean, rstd = (v[:, None] for v in reference.layer_norm_moments(x, epsilon))
    variance = ((x - mean) ** 2).mean(axis=1, keepdims=True)
    a, t = np.abs(x - x[:, :1]), np.abs(x - mean)
    centre = (r + 2 * u) * a.mean(axis=1, keepdims=True)
    p = (r + 4 * u) * np.sqrt((a**2).mean(axis=1, keepdims=True))
    of_variance = 2 * p * np.sqrt(variance) + p**2 + (r + 3 * u) * variance
    low = np.maximum(variance - of_variance, 0) + epsilon
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(of_variance > 0, of_variance / (2 * low), 0) + 3 * u
    scale = rstd * (1.0 if gamma is None else np.abs(gamma.astype(np.float64)))
    y = np.abs(reference.layer_norm(x, gamma, beta, epsilon))
    of_y = scale * (u * a + centre + t * (4 * u + relative)) + u * y
    bounds = [of_y, (centre + u * np.abs(mean))[:, 0], (relative * rstd)[:, 0]]
    return [1.01 * v + 4 * smallest("float32" if u > 1e-10 else "float64") for v in bounds]


def check_forward(got, x, gamma=None, beta=None, epsilon=1e-3, **context):
    __tracebackhide__ = True
    want = [reference.layer_norm(x, gamma, beta, epsilon), *reference.layer_norm_moments(x, epsilon)]
    bounds = forward_bounds(x, gamma, beta, epsilon)
    for name, one, right, bound in zip(("y", "mean", "rstd"), got, want, bounds, strict=True):
        check(one, right, bound, output=name, shape=x.shape, **context)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for shape in wide_shapes(layout):
        x, gamma, beta = reals(rng, shape, dtype), *(reals(rng, shape[1:], dtype) for _ in range(2))
        check_forward(forward(x, layout), x)
        for parameters in ({"gamma": gamma}, {"beta": beta}, {"gamma": gamma, "beta": beta}):
            check_forward(forward(x, layout, epsilon=0.01, **parameters), x, epsilon=0.01, **parameters)
        whole = forward(x, layout)
        y, *nothing = run(kernels.layer_norm, [blank(shape, dtype), None, None], [x], layout)
        check_bits(y, whole[0], shape=shape)
        assert nothing == [None, None]


@pytest.mark.parametrize("dtype", DTYPES)
def test_whole_numbers_are_exact(dtype):
    """A power of two of columns: mean and variance are exact, so at variance 1 all is."""
    rng = np.random.default_rng(2)
    for cols in (2, 4, 8, 16, 64, 256):
        sign = np.where(np.arange(cols) % 2 == 0, 1, -1).astype(dtype) * np.ones((5, 1), dtype)
        offset = integers(rng, (5, 1), dtype, limit=1000)
        gamma, beta = (
            (2.0 ** integers(rng, (cols,), dtype, limit=3)).astype(dtype),
            integers(rng, (cols,), dtype),
        )
        y, mean, rstd = forward(sign + offset, gamma=gamma, beta=beta, epsilon=0.0)
        check_bits(y, sign * gamma + beta, cols=cols)
        check_bits(mean, offset[:, 0], cols=cols)
        check_bits(rstd, np.ones(5, dtype), cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_features_give_beta(dtype):
    rng = np.random.default_rng(3)
    for cols in [*WIDTHS, 257]:
        x = np.repeat(1e6 * reals(rng, (3, 1), dtype), cols, axis=1)
        beta = reals(rng, (cols,), dtype)
        y, mean, rstd = forward(x, beta=beta)
        check_bits(y, np.repeat(beta[None], 3, axis=0), cols=cols)
        check_bits(mean, x[:, 0], cols=cols)
        check_bits(rstd, np.full(3, 1 / np.sqrt(np.asarray(1e-3, dtype)), dtype), cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["offset", "growing", "pivot far off", "one far off", "small"])
def test_hard_rows(dtype, kind):
    """Mean 1e6 and deviation 1: y is as good as without the offset."""
    rng = np.random.default_rng(4)
    for cols in (7, 64, 300, 1000):
        x = reals(rng, (9, cols), "float64")
        if kind == "offset":
            x += 1e6
        elif kind == "growing":
            x += np.arange(cols)
        elif kind == "small":
            x *= 1e-12
        else:
            x[:, 0 if kind == "pivot far off" else cols // 2] = 1e5
        x = x.astype(dtype)
        got = forward(x)
        check_forward(got, x, kind=kind)
        if kind == "offset":
            check(got[0], reference.layer_norm(x), 2000 * roundoff(dtype), kind="the figure to reach")


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(dtype):
    """NaN or infinity makes its row NaN, and no other."""
    rng = np.random.default_rng(5)
    for width in WIDTHS:
        for special, x in diagonals(rng, width, dtype):
            got = forward(x)
            if special == 0:
                check_forward(got, x, special=special)
            else:
                assert np.isnan(got[0]).all(), f"{special} in each row of {width}"
            mixed = integers(rng, x.shape, dtype)
            clean = forward(mixed)
            mixed[width // 2] = x[width // 2]
            others = np.arange(width) != width // 2
            for one, right in zip(forward(mixed), clean, strict=True):
                check_bits(one[others], right[others], special=special, width=width)


@pytest.mark.parametrize("dtype", DTYPES)
def test_gamma_and_beta_restore_the_row(dtype):
    """γ = √(σ² + ε), β = μ, here of a single row."""
    x = (5 * reals(np.random.default_rng(6), (1, 100), "float64") + 3).astype(dtype)
    mean, rstd = reference.layer_norm_moments(x)
    gamma, beta = np.full(100, 1 / rstd[0], dtype), np.full(100, mean[0], dtype)
    rounding = 4 * roundoff(dtype) * (np.abs(x.astype(np.float64)) + np.abs(mean))
    check(forward(x, gamma=gamma, beta=beta)[0], x, forward_bounds(x, gamma, beta)[0] + rounding)


# Backward


def saved(rng, shape, dtype):
    """dy, x, mean, rstd of any numbers, as if of a forward pass."""
    rows = shape[:1]
    rstd = rng.uniform(0.5, 2, rows).astype(dtype)
    return [reals(rng, shape, dtype), reals(rng, shape, dtype), reals(rng, rows, dtype), rstd]


def backward_bound(dy, x, mean, rstd, gamma=None, before=None):
    """rstd (h - Σ h / k - x̂ Σ h x̂ / k): twelve roundings of its terms, and the errors of the sums."""
    u, r = roundoff(x.dtype), row_sum_error(x.shape[1], x.dtype) + row_sum_error(x.shape[1], "float64")
    dy, x, mean, rstd = (v.astype(np.float64) for v in (dy, x, mean[:, None], rstd[:, None]))
    h = np.abs(dy) * (1.0 if gamma is None else np.abs(gamma.astype(np.float64)))
    normal = np.abs(x - mean) * rstd
    sums = h.mean(axis=1, keepdims=True) + normal * (h * normal).mean(axis=1, keepdims=True)
    error = rstd * (12 * u * h + (r + 12 * u) * sums)
    if before is not None:
        error = error + u * (np.abs(before) + rstd * (h + sums))
    return 1.01 * error + 4 * smallest("float32" if u > 1e-10 else "float64")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_backward_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(7)
    for shape in wide_shapes(layout):
        arguments, gamma = saved(rng, shape, dtype), reals(rng, shape[1:], dtype)
        for options in ({}, {"gamma": gamma}):
            want = reference.layer_norm_backward(*arguments, **options)
            [dx] = run(kernels.layer_norm_backward, [blank(shape, dtype)], arguments, layout, **options)
            check(dx, want, backward_bound(*arguments, **options), shape=shape)
        before = reals(rng, shape, dtype)
        [added] = run(kernels.layer_norm_backward, [before], arguments, layout, accumulate=True, gamma=gamma)
        check_bits(added, before + dx, shape=shape)
        check(added, before + want, backward_bound(*arguments, gamma, before), shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_of_whole_numbers_is_exact(dtype):
    rng = np.random.default_rng(8)
    for cols in (1, 2, 4, 16, 64, 256):
        dy, x = (integers(rng, (5, cols), dtype, limit=3) for _ in range(2))
        mean, rstd = integers(rng, (5,), dtype, limit=1), np.full(5, 0.5, dtype)
        gamma = integers(rng, (cols,), dtype, limit=2)
        [dx] = run(kernels.layer_norm_backward, [blank(x.shape, dtype)], [dy, x, mean, rstd], gamma=gamma)
        check(dx, reference.layer_norm_backward(dy, x, mean, rstd, gamma), 0.0, cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_of_special_values(dtype):
    """Whatever comes in at any index, its own row is not finite and the others are."""
    rng = np.random.default_rng(9)
    for width in WIDTHS:
        for special in SPECIALS[:3]:
            dy, x, mean, rstd = saved(rng, (3, width), dtype)
            for place, matrix in enumerate((dy, x)):
                arguments = [dy.copy(), x.copy(), mean, rstd]
                arguments[place][1, width - 1] = special
                [dx] = run(kernels.layer_norm_backward, [blank(x.shape, dtype)], arguments)
                assert np.isfinite(dx[[0, 2]]).all(), f"{special} in {matrix.shape}"
                assert not np.isfinite(dx[1]).any(), f"{special} in {matrix.shape}"


def sums_bounds(dy, x, mean, rstd, before=(0.0, 0.0)):
    """As of column_sum: up to 64 rows and a rest of 3 in one of four sums, two to join those, one for each
    chunk; a term of dγ has three more.
    """
    rows = len(x)
    u = roundoff(x.dtype)
    steps = min(rows, CHUNK / 4 + 3) + 2 + -(-rows // CHUNK)
    dy, x, mean, rstd = (v.astype(np.float64) for v in (dy, x, mean[:, None], rstd[:, None]))
    terms = [np.abs(dy * (x - mean) * rstd).sum(axis=0), np.abs(dy).sum(axis=0)]
    factors = [(steps + 3) * u + rows * 2.0**-53, steps * u + rows * 2.0**-53]
    return [1.01 * f * (t + np.abs(b)) for f, t, b in zip(factors, terms, before, strict=True)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sums_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(10)
    extra = [] if layout == "far" else [(255, 3), (256, 5), (257, 3), (515, 19)]
    for shape in [*shapes(layout), *extra]:
        arguments = saved(rng, shape, dtype)
        want = reference.layer_norm_backward_sums(*arguments)
        empty = [blank(shape[1:], dtype) for _ in range(2)]
        got = run(kernels.layer_norm_backward_sums, empty, arguments, layout)
        for one, right, bound in zip(got, want, sums_bounds(*arguments), strict=True):
            check(one, right, bound, shape=shape)
        for place in (0, 1):
            alone = [empty[0], empty[1]]
            alone[place] = None
            [other] = [
                v for v in run(kernels.layer_norm_backward_sums, alone, arguments, layout) if v is not None
            ]
            check_bits(other, got[1 - place], shape=shape)
        before = [reals(rng, shape[1:], dtype) for _ in range(2)]
        got = run(kernels.layer_norm_backward_sums, before, arguments, layout, accumulate=True)
        bounds = sums_bounds(*arguments, before)
        for one, right, start, bound in zip(got, want, before, bounds, strict=True):
            check(one, start + right, bound, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(11)
    for shape in [(1, 33), (40, 257), (300, 7)]:
        x, dy, gamma = reals(rng, shape, dtype), reals(rng, shape, dtype), reals(rng, shape[1:], dtype)
        _, mean, rstd = run_on_threads(kernels.layer_norm, outputs(x), [x], gamma=gamma, beta=gamma)
        arguments = [dy, x, mean, rstd]
        run_on_threads(kernels.layer_norm_backward, [x], arguments, gamma=gamma, accumulate=True)
        empty = [blank(shape[1:], dtype) for _ in range(2)]
        run_on_threads(kernels.layer_norm_backward_sums, empty, arguments)


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    rng = np.random.default_rng(12)
    for rows, cols in [(3, n) for n in SIZES if n > 0]:
        x, dy = reals(rng, (rows, cols), dtype), reals(rng, (rows, cols), dtype)
        y, mean, rstd = forward(x)
        own = Placed(x, "misaligned").array
        kernels.layer_norm(own, None, None, own)
        check_bits(own, y, cols=cols)
        [dx] = run(kernels.layer_norm_backward, [blank(x.shape, dtype)], [dy, x, mean, rstd])
        for place in (0, 1):
            arguments = [Placed(v, "misaligned").array for v in (dy, x)]
            kernels.layer_norm_backward(arguments[place], *arguments, mean, rstd)
            check_bits(arguments[place], dx, cols=cols, place=place)


def test_refuses_other_shapes():
    x, v, r = np.zeros((3, 4)), np.zeros(4), np.zeros(3)
    for wrong in [
        (np.zeros((3, 5)), r, r, x),
        (x, np.zeros(4), r, x),
        (x, r, np.zeros(2), x),
        (np.zeros((3, 0)), None, None, np.zeros((3, 0))),
    ]:
        with pytest.raises(ValueError, match=r"\[layer_norm\] expected"):
            kernels.layer_norm(*wrong)
    for options in ({"gamma": np.zeros(3)}, {"beta": np.zeros(5)}, {"epsilon": -1.0}, {"epsilon": np.nan}):
        with pytest.raises(ValueError, match=r"\[layer_norm\] expected"):
            kernels.layer_norm(x.copy(), None, None, x, **options)
    for wrong in (np.zeros((3, 5)), np.zeros((2, 4))):
        with pytest.raises(ValueError, match=r"\[layer_norm_backward\] expected"):
            kernels.layer_norm_backward(x.copy(), wrong, x, r, r)
        with pytest.raises(ValueError, match=r"\[layer_norm_backward_sums\] expected"):
            kernels.layer_norm_backward_sums(v.copy(), v.copy(), wrong, x, r, r)
    with pytest.raises(ValueError, match=r"\[layer_norm_backward\] expected"):
        kernels.layer_norm_backward(x.copy(), x, x, v, r)
    with pytest.raises(ValueError, match=r"\[layer_norm_backward_sums\] expected"):
        kernels.layer_norm_backward_sums(r, None, x, x, r, r)
