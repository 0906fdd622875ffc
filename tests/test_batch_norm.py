"""Batch normalisation: exact on whole numbers, else within a derived bound; no column sees another."""

import math

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    WIDTHS,
    Placed,
    blank,
    diagonals,
    fresh_seed,
    integers,
    reals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, roundoff, smallest

from fastdnn._core import kernels
from fastdnn.reference import batch_norm as reference

CHUNK, SET = 128, 16  # rows whose partial results are stored; rows whose moments are computed at once
ROWS = sorted(
    {n + d for n in (1, SET, 2 * SET, CHUNK, 2 * CHUNK, 3 * CHUNK) for d in (0, 1, 2)} | {127, 5, 383}
)
FIGURES = ("mean", "variance", "rstd")


def some_shapes(layout="plain"):
    return [(rows, cols) for rows, cols in shapes(layout) if rows > 0]


def outputs(x):
    """y, mean, variance, rstd, partial."""
    rows, cols = x.shape
    partial = blank((kernels.batch_norm_partial_rows(rows), cols), x.dtype)
    return [blank(x.shape, x.dtype), *(blank((cols,), x.dtype) for _ in FIGURES), partial]


def forward(x, layout="plain", **options):
    """y, mean, variance, rstd."""
    return run(kernels.batch_norm, outputs(x), [x], layout, **options)[:4]


def moment_errors(x, epsilon):
    """Bounds of mean and variance, and of rstd relative to it.

    Let u be the roundoff, a = |x - pivot|, A its mean and Q = Σ a²: what is subtracted first leaves u a. The
    mean of 16 rows has 4 roundings of the tree and 2 of the quotient, so 7 u A in all. A join adds w δ to the
    mean, w <= 1/2 and w |δ| <= A; with the roundings of δ, w, product and sum 4 u A more. So after J joins
    the mean is off by E = (7 + 4 J) u A; adding the pivot rounds once more.

    M2 is a sum of squares: of orthogonal contrasts, those in a set of 16, √(ab/(a+b)) δ in a join. In a set
    they are off by at most u (a + 7 A + |x - μ|), in norm 9 u √Q; in a join by √(ab/(a+b)) times the two
    means' errors, in norm at most (7 + 4 J) u √(2 Q of the two). An element is in J joins, so all are off by
    p = u √Q √(81 + 2 J (7 + 4 J)²) in norm, and M2 by 2 p √M2 + p². Its terms are rounded 7 + 5 J times on
    top, and the quotient once. NumPy's float64 sums take the rows one after the other.
    """
    u, rows = roundoff(x.dtype), len(x)
    x = x.astype(np.float64)
    joins = np.ceil(np.log2(max(1, min(-(-rows // SET), CHUNK // SET)))) + np.ceil(np.log2(-(-rows // CHUNK)))
    mean, variance, _ = reference.batch_norm_moments(x, epsilon)
    a = np.abs(x - x[0])
    oracle = rows * 2.0**-53
    error_of_mean = ((7 + 4 * joins) * u + oracle) * a.mean(axis=0) + u * np.abs(mean)
    p = u * np.sqrt((a**2).mean(axis=0) * (81 + 2 * joins * (7 + 4 * joins) ** 2))
    error_of_variance = 2 * p * np.sqrt(variance) + p**2 + ((8 + 5 * joins) * u + oracle) * variance
    low = np.maximum(variance - error_of_variance, 0) + epsilon
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(error_of_variance > 0, error_of_variance / (2 * low), 0) + 3 * u
    tiny = smallest("float32" if u > 1e-10 else "float64")
    return 1.01 * error_of_mean + tiny, 1.01 * error_of_variance + tiny, 1.01 * relative


def forward_bounds(x, gamma=None, beta=None, epsilon=1e-3):
    """y, mean, variance, rstd.

    x - mean is off by the mean's error and its own rounding, the factor γ rstd by rstd's error and one
    rounding; then the product's and the sum's.
    """
    u = roundoff(x.dtype)
    error_of_mean, error_of_variance, relative = moment_errors(x, epsilon)
    mean, _, rstd = reference.batch_norm_moments(x, epsilon)
    scale = rstd if gamma is None else np.abs(gamma.astype(np.float64)) * rstd
    t = np.abs(x.astype(np.float64) - mean)
    y = np.abs(reference.batch_norm(x, gamma, beta, epsilon))
    of_y = scale * (error_of_mean + t * (relative + 3 * u)) + u * y
    return [1.01 * of_y + 2 * smallest(x.dtype), error_of_mean, error_of_variance, relative * rstd]


def check_forward(got, x, gamma=None, beta=None, epsilon=1e-3, relu=False, **context):
    __tracebackhide__ = True
    want = [reference.batch_norm(x, gamma, beta, epsilon, relu), *reference.batch_norm_moments(x, epsilon)]
    for name, one, right, bound in zip(
        ("y", *FIGURES), got, want, forward_bounds(x, gamma, beta, epsilon), strict=True
    ):
        check(one, right, bound, output=name, shape=x.shape, **context)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(1)
    for shape in some_shapes(layout):
        x, cols = reals(rng, shape, dtype), shape[1]
        gamma, beta = reals(rng, (cols,), dtype), reals(rng, (cols,), dtype)
        check_forward(forward(x, layout), x)
        for relu in (False, True):
            got = forward(x, layout, gamma=gamma, beta=beta, epsilon=0.01, relu=relu)
            check_forward(got, x, gamma, beta, 0.01, relu)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_around_the_sets_and_chunks(dtype):
    rng = np.random.default_rng(2)
    for rows in ROWS:
        for cols in (1, 19):
            x = 3 * reals(rng, (rows, cols), dtype) + 2
            check_forward(forward(x), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
def test_whole_numbers_are_exact(dtype, rows):
    """A power of two of rows: all quotients are exact, and so is every sum."""
    rng = np.random.default_rng(3)
    x = integers(rng, (rows, 21), dtype, limit=2)
    _, mean, variance, rstd = forward(x, epsilon=0.25)
    want = reference.batch_norm_moments(x, 0.25)
    check(mean, want[0], 0.0, rows=rows)
    check(variance, want[1], 0.0, rows=rows)
    check_bits(rstd, 1 / np.sqrt(variance + np.asarray(0.25, dtype)), rows=rows)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_expressions_in_bits(dtype):
    """rstd = 1 and γ a power of two: y = (x - mean) γ + β is exact, also where fma rounds twice."""
    rng = np.random.default_rng(4)
    sign = np.where(np.arange(64)[:, None] % 2 == 0, 1, -1).astype(dtype)
    offset = integers(rng, (37,), dtype, limit=1000)
    x = sign + offset  # variance 1
    gamma, beta = (2.0 ** integers(rng, (37,), dtype, limit=3)).astype(dtype), integers(rng, (37,), dtype)
    y, mean, variance, rstd = forward(x, gamma=gamma, beta=beta, epsilon=0.0)
    check_bits(mean, offset)
    check_bits(variance, np.ones(37, dtype))
    check_bits(rstd, np.ones(37, dtype))
    check_bits(y, sign * gamma + beta)
    [y, *_] = forward(x, gamma=gamma, beta=beta, epsilon=0.0, relu=True)
    check(y, np.maximum(sign * gamma + beta, 0), 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_rows_give_beta(dtype):
    """So does a batch of one row. Nothing is left of the offset, whatever rounding its mean would need."""
    rng = np.random.default_rng(5)
    for rows in (1, 2, 3, 17, 100, 300):
        x = np.repeat(1e6 * reals(rng, (1, 21), dtype), rows, axis=0)
        beta = reals(rng, (21,), dtype)
        y, mean, variance, rstd = forward(x, beta=beta, gamma=reals(rng, (21,), dtype))
        check_bits(y, np.repeat(beta[None], rows, axis=0), rows=rows)
        check_bits(mean, x[0], rows=rows)
        check_bits(variance, np.zeros(21, dtype), rows=rows)
        check_bits(rstd, np.full(21, 1 / np.sqrt(np.asarray(1e-3, dtype)), dtype), rows=rows)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["offset", "growing", "pivot far off", "one far off", "small"])
def test_hard_columns(dtype, kind):
    """Mean 1e6, deviation 1: the variance is as good as without the offset; E[x²] - E[x]² would lose it."""
    rng = np.random.default_rng(6)
    for rows in (7, 64, 300, 1000):
        x = reals(rng, (rows, 9), "float64")
        if kind == "offset":
            x += 1e6
        elif kind == "growing":
            x += np.arange(rows)[:, None]
        elif kind == "small":
            x *= 1e-12
        else:
            x[0 if kind == "pivot far off" else rows // 2] = 1e5
        x = x.astype(dtype)
        got = forward(x)
        check_forward(got, x, kind=kind)
        if kind == "offset":
            want = x.astype(np.float64).var(axis=0)
            check(got[2], want, 1e-4 * want, rows=rows, kind="the figure to reach")


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_error_does_not_grow_with_the_rows(dtype):
    """100,000 rows, within four roundings of what they hold."""
    x = (1000 + np.random.default_rng(7).random((100_000, 3))).astype(dtype)
    _, mean, variance, _ = forward(x)
    for column, one, other in zip(x.T.astype(np.float64), mean, variance, strict=True):
        mu = math.fsum(column) / len(column)
        check(one, mu, 1000 * 2 * roundoff(dtype))
        var = math.fsum((column - mu) ** 2) / len(column)
        check(other, var, var * 8 * roundoff(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(dtype):
    rng = np.random.default_rng(8)
    for shape in [(1, 33), (40, 257), (300, 7), (700, 40)]:
        x, dy = reals(rng, shape, dtype), reals(rng, shape, dtype)
        gamma, beta = reals(rng, (shape[1],), dtype), reals(rng, (shape[1],), dtype)
        y, mean, _, rstd, _ = run_on_threads(
            kernels.batch_norm, outputs(x), [x], gamma=gamma, beta=beta, relu=True
        )
        run_on_threads(
            kernels.batch_norm_backward,
            backward_outputs(x, x),
            [y, dy, x, mean, rstd],
            gamma=gamma,
            accumulate=True,
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_column_does_not_see_the_others(dtype):
    rng = np.random.default_rng(9)
    x, dy = reals(rng, (150, 37), dtype), reals(rng, (150, 37), dtype)
    whole = forward(x)
    gradients = backward(None, dy, x, whole[1], whole[3])
    for first, last in [(0, 1), (3, 37), (16, 32), (5, 6), (1, 36)]:
        part = np.ascontiguousarray(x[:, first:last])
        alone = forward(part)
        for one, all_of_them in zip(alone, whole, strict=True):
            check_bits(one, all_of_them[..., first:last], columns=(first, last))
        got = backward(None, np.ascontiguousarray(dy[:, first:last]), part, alone[1], alone[3])
        for one, all_of_them in zip(got, gradients, strict=True):
            check_bits(one, all_of_them[..., first:last], columns=(first, last))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_a_special_value_spoils_its_own_column_only(dtype, special):
    """Every other column has it, in one row or another; then those between."""
    rng = np.random.default_rng(10)
    all_x, all_dy = reals(rng, (20, 67), dtype), reals(rng, (20, 67), dtype)
    for width in WIDTHS:
        x, dy = all_x[:, :width].copy(), all_dy[:, :width].copy()
        clean = forward(x)
        clean_gradients = backward(None, dy, x, clean[1], clean[3])
        for parity in (0, 1):
            spoilt = np.arange(width) % 2 == parity
            rows, cols = np.arange(width)[spoilt] * 7 % 20, np.flatnonzero(spoilt)
            bad_x, bad_dy = x.copy(), dy.copy()
            bad_x[rows, cols] = bad_dy[rows, cols] = special
            got = forward(bad_x)
            context = {"width": width, "parity": parity}
            for name, one, right in zip(("y", *FIGURES), got, clean, strict=True):
                check_bits(one[..., ~spoilt], right[..., ~spoilt], output=name, **context)
                bad = ~np.isfinite(one) if name == "mean" else np.isnan(one)
                assert bad[..., spoilt].all(), f"{name} of columns with {special}, {context}"
            for arguments in ([dy, bad_x, got[1], got[3]], [bad_dy, x, clean[1], clean[3]]):
                for one, right in zip(backward(None, *arguments), clean_gradients, strict=True):
                    check_bits(one[..., ~spoilt], right[..., ~spoilt], **context)
                dx = backward(None, *arguments)[0]
                assert not np.isfinite(dx[:, spoilt]).any(), f"dx of columns with {special}, {context}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_keeps_nan_and_zeros(dtype):
    x = np.array([[1, 2, np.nan], [3, -2, 1]], dtype)
    y, *_ = forward(x, relu=True)
    assert (y[:, :2] >= 0).all()
    assert np.isnan(y[:, 2]).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_gamma_and_beta_restore_the_input(dtype):
    """γ = √(σ² + ε), β = μ: y is x again, within the bound, and so is inference with the batch's figures."""
    rng = np.random.default_rng(11)
    x = (5 * reals(rng, (200, 17), "float64") + 3).astype(dtype)
    mean, variance, _ = reference.batch_norm_moments(x)
    gamma, beta = np.sqrt(variance + 1e-3).astype(dtype), mean.astype(dtype)
    rounding = 4 * roundoff(dtype) * (np.abs(x.astype(np.float64)) + np.abs(mean))  # of γ and β themselves
    got = forward(x, gamma=gamma, beta=beta)
    check(got[0], x, forward_bounds(x, gamma, beta)[0] + rounding)
    scale, shift = fold(gamma, beta, got[1], got[2])
    [y] = run(kernels.batch_norm_inference, [blank(x.shape, dtype)], [x, scale, shift])
    check(y, x, 2 * forward_bounds(x, gamma, beta)[0] + 2 * rounding)


# Backward


def backward_outputs(x, dx=None):
    """dx, dgamma, dbeta, partial."""
    rows, cols = x.shape
    partial = blank((kernels.batch_norm_partial_rows(rows), cols), x.dtype)
    start = blank(x.shape, x.dtype) if dx is None else dx
    return [start, blank((cols,), x.dtype), blank((cols,), x.dtype), partial]


def backward(y, dy, x, mean, rstd, layout="plain", dx=None, **options):
    """dx, dgamma, dbeta."""
    return run(
        kernels.batch_norm_backward, backward_outputs(x, dx), [y, dy, x, mean, rstd], layout, **options
    )[:3]


def backward_bounds(y, dy, x, mean, rstd, gamma=None, before=None):
    """dx, dγ, dβ.

    A row meets up to 32 + 3 roundings in one of four sums, two to join those, one for each level of the
    chunks' tree; NumPy's float64 sum takes the rows one after the other. dγ has three more of each term and
    one of the whole. dx = γ rstd (g - dβ/m - x̂ dγ/m): ten roundings of its terms, and the errors of the sums.
    """
    u, rows = roundoff(x.dtype), len(x)
    steps = min(rows, CHUNK / 4 + 3) + 2 + np.ceil(np.log2(-(-rows // CHUNK)))
    x, mean, rstd = (v.astype(np.float64) for v in (x, mean, rstd))
    g = np.abs(dy.astype(np.float64) if y is None else np.where(y <= 0, 0, dy).astype(np.float64))
    normal = np.abs(x - mean) * rstd
    scale = rstd if gamma is None else rstd * np.abs(gamma.astype(np.float64))
    of_dbeta = (steps * u + rows * 2.0**-53) * g.sum(axis=0)
    of_dgamma = ((steps + 4) * u + rows * 2.0**-53) * (g * normal).sum(axis=0)
    magnitude = scale * (g + (g.sum(axis=0) + normal * (g * normal).sum(axis=0)) / rows)
    of_dx = 10 * u * magnitude + scale * (of_dbeta + normal * of_dgamma) / rows
    if before is not None:
        of_dx = of_dx + u * (np.abs(before.astype(np.float64)) + magnitude)
    return [1.01 * v + 4 * smallest(dy.dtype) for v in (of_dx, of_dgamma, of_dbeta)]


def check_backward(got, arguments, gamma=None, before=None, **context):
    __tracebackhide__ = True
    want = list(reference.batch_norm_backward(*arguments, gamma))
    if before is not None:
        want[0] = want[0] + before
    bounds = backward_bounds(*arguments, gamma, before)
    for name, one, right, bound in zip(("dx", "dgamma", "dbeta"), got, want, bounds, strict=True):
        check(one, right, bound, output=name, shape=arguments[1].shape, **context)


def saved(rng, shape, dtype):
    """dy, x, mean, rstd of any numbers, as if of a forward pass."""
    cols = shape[1:]
    rstd = rng.uniform(0.5, 2, cols).astype(dtype)
    return [reals(rng, shape, dtype), reals(rng, shape, dtype), reals(rng, cols, dtype), rstd]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_backward_sizes_and_layouts(dtype, layout):
    rng = np.random.default_rng(12)
    for shape in some_shapes(layout):
        arguments = [None, *saved(rng, shape, dtype)]
        gamma, y = reals(rng, shape[1:], dtype), integers(rng, shape, dtype, limit=1)
        check_backward(backward(*arguments, layout), arguments)
        arguments[0] = y
        plain = backward(*arguments, layout, gamma=gamma)
        check_backward(plain, arguments, gamma)
        before = reals(rng, shape, dtype)
        added = backward(*arguments, layout, dx=before, gamma=gamma, accumulate=True)
        check_backward(added, arguments, gamma, before)
        for one, other in zip(added, [before + plain[0], *plain[1:]], strict=True):
            check_bits(one, other, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_rows_around_the_chunks(dtype):
    rng = np.random.default_rng(13)
    for rows in ROWS:
        arguments = [None, *saved(rng, (rows, 5), dtype)]
        check_backward(backward(*arguments), arguments)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 4, 64, 256])
def test_backward_of_whole_numbers_is_exact(dtype, rows):
    rng = np.random.default_rng(14)
    shape = (rows, 21)
    dy, x, y = (integers(rng, shape, dtype, limit=3) for _ in range(3))
    mean, rstd = integers(rng, (21,), dtype, limit=1), np.full(21, 0.5, dtype)
    gamma = integers(rng, (21,), dtype, limit=3)
    for relu in (None, y):
        got = backward(relu, dy, x, mean, rstd, gamma=gamma)
        for one, want in zip(got, reference.batch_norm_backward(relu, dy, x, mean, rstd, gamma), strict=True):
            check(one, want, 0.0, rows=rows)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_batch_of_one_has_no_gradient(dtype):
    """x̂ = 0 whatever x is: dx = γ rstd (g - g) = 0, dγ = 0, dβ = g."""
    rng = np.random.default_rng(15)
    x, dy = reals(rng, (1, 19), dtype), reals(rng, (1, 19), dtype)
    _, mean, _, rstd = forward(x)
    dx, dgamma, dbeta = backward(None, dy, x, mean, rstd)
    check(dx, np.zeros((1, 19)), 2 * roundoff(dtype) * rstd * np.abs(dy))
    check(dgamma, np.zeros(19), 0.0)
    check_bits(dbeta, dy[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(dtype):
    rng = np.random.default_rng(16)
    for shape in some_shapes():
        x = reals(rng, shape, dtype)
        gamma = reals(rng, shape[1:], dtype)
        y, mean, _, rstd = forward(x, gamma=gamma)
        own = Placed(x, "misaligned").array
        kernels.batch_norm(own, *outputs(x)[1:], own, gamma=gamma)
        check_bits(own, y, shape=shape)
        own = Placed(x, "misaligned").array
        [want] = run(kernels.batch_norm_inference, [blank(shape, dtype)], [x, gamma, rstd], relu=True)
        kernels.batch_norm_inference(own, own, gamma, rstd, relu=True)
        check_bits(own, want, shape=shape)
        dy = reals(rng, shape, dtype)
        want = backward(None, dy, x, mean, rstd)
        for place in (0, 1):
            arguments = [Placed(v, "misaligned").array for v in (dy, x)]
            rest = backward_outputs(x)[1:]
            kernels.batch_norm_backward(arguments[place], *rest, None, *arguments, mean, rstd)
            for one, right in zip((arguments[place], *rest[:2]), want, strict=True):
                check_bits(one, right, shape=shape, place=place)


# Inference


def fold(gamma, beta, mean, variance, layout="plain", **options):
    cols = [blank(mean.shape, mean.dtype) for _ in range(2)]
    return run(kernels.batch_norm_fold, cols, [gamma, beta, mean, variance], layout, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_inference_sizes_and_layouts(dtype, layout):
    """scale: root and quotient, and half the rounding of the sum. shift and y: a product and a sum."""
    rng, u = np.random.default_rng(17), roundoff(dtype)
    for shape in shapes(layout):
        x, cols = reals(rng, shape, dtype), shape[1:]
        gamma, beta, mean = (reals(rng, cols, dtype) for _ in range(3))
        variance = rng.uniform(0, 2, cols).astype(dtype)
        for parameters in [(None, None), (gamma, None), (gamma, beta)]:
            scale, shift = fold(*parameters, mean, variance, layout, epsilon=0.01)
            want = reference.batch_norm_fold(*parameters, mean, variance, 0.01)
            check(scale, want[0], 3 * u * np.abs(want[0]), shape=shape)
            magnitude = np.abs(mean * want[0]) + np.abs(want[1])
            check(shift, want[1], 5 * u * magnitude, shape=shape)
        for relu in (False, True):
            [y] = run(
                kernels.batch_norm_inference, [blank(shape, dtype)], [x, scale, shift], layout, relu=relu
            )
            want = reference.batch_norm_inference(x, scale, shift, relu)
            check(y, want, 3 * u * (np.abs(x * scale) + np.abs(shift)), shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
def test_inference_of_special_values_at_every_index(dtype):
    rng = np.random.default_rng(18)
    for width in WIDTHS:
        scale, shift = np.full(width, 2, dtype), integers(rng, (width,), dtype)
        for special, x in diagonals(rng, width, dtype):
            for relu in (False, True):
                [y] = run(kernels.batch_norm_inference, [blank(x.shape, dtype)], [x, scale, shift], relu=relu)
                want = reference.batch_norm_inference(x, scale, shift, relu)
                check(y, want, 0.0, width=width, special=special)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_inference_backward(dtype, layout):
    """One product, in the bits of NumPy's."""
    rng = np.random.default_rng(20)
    for shape in shapes(layout):
        dy, before, scale = (reals(rng, size, dtype) for size in (shape, shape, shape[1:]))
        y = integers(rng, shape, dtype, limit=1)
        for relu in (None, y):
            g = dy if relu is None else np.where(relu <= 0, np.zeros((), dtype), dy)
            arguments = [relu, dy, scale]
            [dx] = run(kernels.batch_norm_inference_backward, [blank(shape, dtype)], arguments, layout)
            check_bits(dx, g * scale, shape=shape)
            check(
                dx, reference.batch_norm_inference_backward(*arguments), roundoff(dtype) * np.abs(g * scale)
            )
            [dx] = run(
                kernels.batch_norm_inference_backward, [before], arguments, layout, accumulate=True, threads=3
            )
            check_bits(dx, before + g * scale, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_running_figures(dtype, layout):
    """A product and a sum, and the roundings of momentum and of its rest."""
    rng, u = np.random.default_rng(19), roundoff(dtype)
    for _, cols in shapes(layout):
        arguments = [reals(rng, (cols,), dtype) for _ in range(4)]
        for momentum in (0.0, 0.5, 0.9, 0.99, 1.0):
            got = run(kernels.batch_norm_running, arguments[:2], arguments[2:], layout, momentum=momentum)
            want = reference.batch_norm_running(*arguments, momentum)
            for one, right, old, new in zip(got, want, arguments[:2], arguments[2:], strict=True):
                bound = 0.0 if momentum in (0, 1) else 4 * u * (np.abs(old) + np.abs(new))
                check(one, right, bound, cols=cols, momentum=momentum)
    for threads in (2, 3, 8):
        again = run(
            kernels.batch_norm_running, arguments[:2], arguments[2:], threads=threads, momentum=momentum
        )
        check_bits(again[0], got[0], threads=threads)


def test_random_calls():
    seed = fresh_seed()
    rng = np.random.default_rng(seed)
    for number in range(150):
        shape = tuple(rng.integers(1, [400, 70]))
        dtype = DTYPES[rng.integers(2)]
        layout = LAYOUTS[rng.integers(len(LAYOUTS) - 1)]
        x = (reals(rng, shape, "float64") * 10.0 ** rng.integers(-3, 4) + rng.normal() * 100).astype(dtype)
        check_forward(forward(x, layout, threads=int(rng.integers(1, 5))), x, seed=seed, number=number)


def test_refuses_other_shapes():
    x, v, part = np.zeros((3, 4)), np.zeros(4), np.zeros((2, 4))
    good = [x.copy(), v.copy(), v.copy(), v.copy(), part]
    kernels.batch_norm(*good, x)
    for place, wrong in [
        (0, np.zeros((3, 5))),
        (1, np.zeros(3)),
        (2, np.zeros(5)),
        (3, np.zeros(8)[::2]),
        (4, np.zeros((3, 4))),
        (4, np.zeros((2, 3))),
    ]:
        outs = list(good)
        outs[place] = wrong
        with pytest.raises(ValueError, match=r"\[batch_norm\] expected"):
            kernels.batch_norm(*outs, x)
    nothing = np.zeros((0, 4))
    with pytest.raises(ValueError, match="at least one row"):
        kernels.batch_norm(nothing.copy(), *good[1:4], nothing.copy(), nothing)
    for options in (
        {"gamma": np.zeros(3)},
        {"beta": np.zeros(5)},
        {"epsilon": -1.0},
        {"epsilon": np.nan},
        {"epsilon": np.inf},
    ):
        with pytest.raises(ValueError, match=r"\[batch_norm\] expected"):
            kernels.batch_norm(*good, x, **options)
    for wrong in (np.zeros((3, 5)), np.zeros((2, 4))):
        with pytest.raises(ValueError, match=r"\[batch_norm_backward\] expected"):
            kernels.batch_norm_backward(x.copy(), v.copy(), v.copy(), part, None, wrong, x, v, v)
        with pytest.raises(ValueError, match=r"\[batch_norm_backward\] expected"):
            kernels.batch_norm_backward(x.copy(), v.copy(), v.copy(), part, wrong, x, x, v, v)
        with pytest.raises(ValueError, match=r"\[batch_norm_inference_backward\] expected"):
            kernels.batch_norm_inference_backward(x.copy(), None, wrong, v)
        with pytest.raises(ValueError, match=r"\[batch_norm_inference\] expected"):
            kernels.batch_norm_inference(wrong, x, v, v)
    for momentum in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"\[batch_norm_running\] expected"):
            kernels.batch_norm_running(v.copy(), v.copy(), v, v, momentum)
    with pytest.raises(ValueError, match=r"\[batch_norm_fold\] expected"):
        kernels.batch_norm_fold(v.copy(), v.copy(), None, np.zeros(3), v, v)
    with pytest.raises(TypeError):
        kernels.batch_norm(*good, x.astype(np.float32))
