"""The optimisers' updates: within the roundings of their formulas, and the same bits for any cut."""

import numpy as np
import pytest
from arrays_for_tests import DTYPES, LAYOUTS, SIZES, SPECIALS, WIDTHS, Placed, integers, reals, run
from comparator import check, check_bits, roundoff

from fastdnn._core import kernels
from fastdnn.reference import update as reference

# (momentum, nesterov, whether there is a velocity)
SGD = {
    "plain": (0.0, False, False),
    "momentum": (0.9, False, True),
    "nesterov": (0.9, True, True),
    "momentum 0": (0.0, False, True),
}
ADAM = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
STEPS = (1, 2, 1000, 10**6)


def sizes(layout="plain"):
    return [5, 67] if layout == "far" else SIZES


def sgd(theta, velocity, g, layout="plain", *, rate, momentum, nesterov):
    options = {"learning_rate": rate, "momentum": momentum, "nesterov": nesterov}
    return run(kernels.sgd_update, [theta, velocity], [g], layout, **options)


def sgd_bounds(theta, velocity, g, rate, momentum, nesterov):
    """Of θ and v. In v = ρ v + g ρ itself, the product and the sum round, likewise in the look-ahead; in
    θ - α d α itself, the product and the difference."""
    u = roundoff(theta.dtype)
    theta, g = np.abs(theta.astype(np.float64)), np.abs(g.astype(np.float64))
    if velocity is None:
        return u * (theta + 3 * rate * g), None
    v = momentum * np.abs(velocity.astype(np.float64)) + g
    of_v = 3 * u * v
    step, of_step = v, of_v
    if nesterov:
        step = g + momentum * v
        of_step = momentum * of_v + 3 * u * step
    return 1.01 * (rate * of_step + u * (theta + 3 * rate * step)), of_v


@pytest.mark.parametrize("kind", SGD)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sgd(kind, dtype, layout):
    rng = np.random.default_rng(1)
    momentum, nesterov, has_velocity = SGD[kind]
    for n in sizes(layout):
        theta, g = reals(rng, (n,), dtype), reals(rng, (n,), dtype)
        velocity = reals(rng, (n,), dtype) if has_velocity else None
        options = {"rate": 0.05, "momentum": momentum, "nesterov": nesterov}
        got = sgd(theta, velocity, g, layout, **options)
        want = reference.sgd_update(theta, velocity, g, *options.values())
        bounds = sgd_bounds(theta, velocity, g, *options.values())
        check(got[0], want[0], bounds[0], n=n, layout=layout)
        if has_velocity:
            check(got[1], want[1], bounds[1], n=n, layout=layout)
        else:
            assert got[1] is None


@pytest.mark.parametrize("kind", SGD)
@pytest.mark.parametrize("dtype", DTYPES)
def test_sgd_on_whole_numbers_is_exact(kind, dtype):
    rng = np.random.default_rng(2)
    momentum, nesterov, has_velocity = SGD[kind]
    for n in sizes():
        theta, g = integers(rng, (n,), dtype), integers(rng, (n,), dtype)
        velocity = integers(rng, (n,), dtype) if has_velocity else None
        options = {"rate": 0.25, "momentum": 0.5 if momentum else 0.0, "nesterov": nesterov}
        for got, want in zip(
            sgd(theta, velocity, g, **options),
            reference.sgd_update(theta, velocity, g, *options.values()),
            strict=True,
        ):
            if want is not None:
                check(got, want, 0.0, n=n)


def adam_bounds(theta, m, v, g, t, *, learning_rate, beta_1, beta_2, epsilon):
    """Of θ, m and v.

    A term of m rounds three times (its factor, the product, the sum), one of v four times (g² too). The
    step takes those of m, half of those of v, and six: √, ε, their sum, α, α m, the quotient. Its scalars
    hold 1 - βᵗ in float64: up to t roundings of βᵗ by repeated squaring, amplified by the difference.
    """
    u = roundoff(theta.dtype)
    theta, m, v, g = (np.abs(x.astype(np.float64)) for x in (theta, m, v, g))
    new_m = beta_1 * m + (1 - beta_1) * g
    new_v = beta_2 * v + (1 - beta_2) * g**2
    powers = [(t * beta**t + 2) / (1 - beta**t) * 2.0**-53 for beta in (beta_1, beta_2)]
    denominator = np.sqrt(new_v / (1 - beta_2**t)) + epsilon
    step = learning_rate * new_m / (1 - beta_1**t) / denominator
    of_step = step * ((3 + 4 / 2 + 6) * u + sum(powers))
    return 1.01 * (of_step + u * (theta + step)), 1.01 * 3 * u * new_m, 1.01 * 4 * u * new_v


@pytest.mark.parametrize("t", STEPS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_adam(t, dtype, layout):
    rng = np.random.default_rng(3)
    for n in sizes(layout):
        theta, m, g = (reals(rng, (n,), dtype) for _ in range(3))
        v = reals(rng, (n,), dtype) ** 2
        for learning_rate, beta_1, beta_2, epsilon in [
            (1e-3, 0.9, 0.999, 1e-8),
            (0.1, 0.5, 0.9, 1e-3),
            (1.0, 0.0, 0.0, 1e-8),
            (1e-5, 0.99, 0.9999, 1e-7),
        ]:
            options = {"learning_rate": learning_rate, "beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
            got = run(kernels.adam_update, [theta, m, v], [g], layout, **options, t=t)
            want = reference.adam_update(theta, m, v, g, **options, t=t)
            bounds = adam_bounds(theta, m, v, g, t, **options)
            for name, array, value, bound in zip("θmv", got, want, bounds, strict=True):
                check(array, value, bound, name=name, n=n, t=t, layout=layout, **options)


def test_the_reference_is_the_formula_with_bias_correction():
    """m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ), from m = v = 0: a constant gradient has m̂ = g and v̂ = g²."""
    g = np.array([3.0, -0.5])
    theta, m, v = np.zeros(2), np.zeros(2), np.zeros(2)
    for t in range(1, 50):
        theta, m, v = reference.adam_update(theta, m, v, g, **ADAM, t=t)
        check(m / (1 - 0.9**t), g, 1e-14)
        check(v / (1 - 0.999**t), g**2, 1e-12)
        check(theta, -t * 1e-3 * np.sign(g), 1.01 * t * 1e-3 * 1e-8 / np.abs(g))  # ε beside √v̂ = |g|


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_first_step_of_adam_is_the_learning_rate(dtype):
    """β₁ = 1/2, β₂ = 3/4 and no ε: all scalars are exact, and the step is α sign(g)."""
    for n in sizes():
        g = (2.0 ** np.arange(-8, 8)[np.arange(n) % 16] * (-1) ** np.arange(n)).astype(dtype)
        zeros = np.zeros(n, dtype)
        options = {"learning_rate": 0.25, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.0, "t": 1}
        theta, m, v = run(kernels.adam_update, [zeros, zeros, zeros], [g], **options)
        check(theta, -0.25 * np.sign(g), 0.0, n=n)
        check(m, 0.5 * g, 0.0, n=n)
        check(v, 0.25 * g**2, 0.0, n=n)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_thousand_steps_of_adam(dtype):
    """The errors of the steps add up: each is within its own bound of where it began."""
    rng = np.random.default_rng(4)
    theta, m, v = reals(rng, (19,), dtype), np.zeros(19, dtype), np.zeros(19, dtype)
    for t in range(1, 1001):
        g = reals(rng, (19,), dtype)
        before = theta.copy(), m.copy(), v.copy()
        kernels.adam_update(theta, m, v, g, **ADAM, t=t)
        want = reference.adam_update(*before, g, **ADAM, t=t)
        for got, value, bound in zip((theta, m, v), want, adam_bounds(*before, g, t, **ADAM), strict=True):
            check(got, value, bound, t=t)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_gradient_no_step(dtype):
    theta = reals(np.random.default_rng(5), (67,), dtype)
    zeros = np.zeros(67, dtype)
    for got in (
        sgd(theta, None, zeros, rate=0.1, momentum=0.0, nesterov=False)[0],
        sgd(theta, zeros, zeros, rate=0.1, momentum=0.9, nesterov=True)[0],
        run(kernels.adam_update, [theta, zeros, zeros], [zeros], **ADAM, t=1)[0],
    ):
        check_bits(got, theta)


@pytest.mark.parametrize("dtype", DTYPES)
def test_tiny_and_huge_gradients_of_adam(dtype):
    """g² underflows to 0, or overflows to infinity: the step stays finite, and small."""
    info = np.finfo(dtype)
    g = np.array([info.smallest_subnormal, info.tiny, -np.sqrt(info.tiny) / 4, np.sqrt(info.max) * 4], dtype)
    zeros = np.zeros(4, dtype)
    theta, _, v = run(kernels.adam_update, [zeros, zeros, zeros], [g], **ADAM, t=1)
    assert np.isinf(v).tolist() == [False, False, False, True]
    assert np.isfinite(theta).all()
    assert (np.abs(theta) <= 1e-3).all(), f"steps {theta}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_bits_do_not_depend_on_the_cut(dtype):
    """Threads take ranges of the vector."""
    rng = np.random.default_rng(6)
    arrays = [reals(rng, (67,), dtype) for _ in range(3)] + [reals(rng, (67,), dtype) ** 2]
    theta, g, m, v = arrays
    options = {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
    whole_sgd = run(kernels.sgd_update, [theta, m], [g], **options)
    whole_adam = run(kernels.adam_update, [theta, m, v], [g], **ADAM, t=3)
    for cut in range(68):
        parts_sgd, parts_adam = [theta.copy(), m.copy()], [theta.copy(), m.copy(), v.copy()]
        for part in (slice(0, cut), slice(cut, 67)):
            kernels.sgd_update(*(a[part] for a in parts_sgd), g[part], **options)
            kernels.adam_update(*(a[part] for a in parts_adam), g[part], **ADAM, t=3)
        for got, want in zip(parts_sgd + parts_adam, whole_sgd + whole_adam, strict=True):
            check_bits(got, want, cut=cut)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("special", SPECIALS)
def test_special_values_at_every_index(dtype, special):
    """One in the gradient stays where it is, in each width of vector and tail."""
    rng = np.random.default_rng(7)
    for n in WIDTHS:
        theta, m, g, v = (np.abs(integers(rng, (n,), dtype)) + 1 for _ in range(4))
        calm = sgd(theta, m, g, rate=0.5, momentum=0.5, nesterov=True)
        calm += run(kernels.adam_update, [theta, m, v], [g], **ADAM, t=2)
        for j in range(n):
            wild = g.copy()
            wild[j] = special
            places = [Placed(a, "plain") for a in (theta, m, theta, m, v)]
            arrays = [p.array for p in places]
            kernels.sgd_update(arrays[0], arrays[1], wild, learning_rate=0.5, momentum=0.5, nesterov=True)
            kernels.adam_update(*arrays[2:], wild, **ADAM, t=2)
            with np.errstate(invalid="ignore"):
                want = reference.sgd_update(theta[[j]], m[[j]], wild[[j]], 0.5, 0.5, True)
                want += reference.adam_update(theta[[j]], m[[j]], v[[j]], wild[[j]], **ADAM, t=2)
            for got, other, value in zip(arrays, calm, want, strict=True):
                check(got[[j]], value, 16 * roundoff(dtype) * np.abs(value), n=n, column=j, special=special)
                check_bits(np.delete(got, j), np.delete(other, j), n=n, column=j, special=special)


def test_refuses_other_shapes():
    x, other, strided = np.zeros(4), np.zeros(5), np.zeros(8)[::2]
    matrix, sgd_scalars = np.zeros((1, 4)), {"learning_rate": 0.1, "momentum": 0.9, "nesterov": False}
    for kernel, count, scalars in [
        (kernels.sgd_update, 3, sgd_scalars),
        (kernels.adam_update, 4, ADAM | {"t": 1}),
    ]:
        for place in range(count):
            for bad in (other, strided, matrix):
                arrays = [x] * count
                arrays[place] = bad
                with pytest.raises(ValueError, match=r"_update\] expected a contiguous vector of"):
                    kernel(*arrays, **scalars)
