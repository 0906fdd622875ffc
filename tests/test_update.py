"""The optimisers' updates: within the roundings of their formulas, and the same bits for any cut."""

import numpy as np
import pytest
from arrays_for_tests import DTYPES, SIZES, SPECIALS, WIDTHS, integers, reals, run, run_on_threads
from comparator import check, check_bits, roundoff, smallest
from running_error import Bounded
from update_rules import ALL_ON, KINDS

from fastdnn._core import kernels
from fastdnn.reference import update as reference

OPTIONS = {"off": {}, "all on": ALL_ON} | {name: {name: value} for name, value in ALL_ON.items()}
STEPS = (1, 2, 1000, 10**6)
kinds = pytest.mark.parametrize("kind", KINDS)
dtypes = pytest.mark.parametrize("dtype", DTYPES)


def arrays_of(kind, rng, n, dtype):
    """θ and the states; those of squares are large enough beside the others for the centered RMSprop."""
    arrays = [reals(rng, (n,), dtype)]
    for state in kind.states:
        values = None if state is None else reals(rng, (n,), dtype)
        arrays.append(np.abs(values) + 10 if state == "positive" else values)
    return arrays, reals(rng, (n,), dtype)


def bounds_of(kind, arrays, g, t, options):
    exact = [None if a is None else Bounded.exact(a) for a in arrays]
    out = kind.apply(exact, Bounded.exact(g), t, options)
    return [None if x is None else np.broadcast_to(x.error, g.shape) for x in out]


def check_update(kind, got, arrays, g, t=1, options=None, **context):
    __tracebackhide__ = True
    options = options or {}
    want = kind.reference(arrays, g, t, options)
    bounds = bounds_of(kind, arrays, g, t, options)
    for place, (value, expected, bound) in enumerate(zip(got, want, bounds, strict=True)):
        if expected is None:
            assert value is None
        else:
            check(value, expected, bound, n=g.size, t=t, place=place, options=options, **context)


@kinds
@dtypes
@pytest.mark.parametrize("layout", ["plain", "misaligned", "head", "tail"])
def test_sizes_and_layouts(kind, dtype, layout):
    rng, kind = np.random.default_rng(1), KINDS[kind]
    for n in SIZES if layout == "plain" else (0, 1, 3, 17, 67):
        for options in ({}, ALL_ON):
            arrays, g = arrays_of(kind, rng, n, dtype)
            got = run(kind.kernel, arrays, [g], layout, **kind.call(3, options))
            check_update(kind, got, arrays, g, 3, options, layout=layout)


@kinds
@dtypes
def test_steps_and_options(kind, dtype):
    rng, kind = np.random.default_rng(2), KINDS[kind]
    for t in STEPS if kind.has_t else (1,):
        for options in OPTIONS.values():
            arrays, g = arrays_of(kind, rng, 37, dtype)
            if "momentum_decay" in kind.scalars and t > 1000:
                continue  # PyTorch's product takes a loop
            got = run(kind.kernel, arrays, [g], **kind.call(t, options))
            check_update(kind, got, arrays, g, t, options)


@kinds
def test_sixty_steps_are_the_rule_of_the_paper(kind):
    """On a quadratic, in float64, the minimum too far away to be reached: near it a step that overshoots
    would enlarge any rounding."""
    rng, kind = np.random.default_rng(3), KINDS[kind]
    curvature, centre = rng.uniform(0.1, 1, 19), 10 * rng.choice([-1, 1], 19) + rng.standard_normal(19)
    for options in ({}, {"l2": 0.01, "weight_decay": 0.02, "clip_value": 8.0}):
        native = [np.zeros(19), *(None if s is None else np.zeros(19) for s in kind.states)]
        rule, oracle = native, native
        native = [None if a is None else a.copy() for a in native]
        for t in range(1, 61):
            kind.kernel(*native, curvature * (native[0] - centre), **kind.call(t, options))
            rule = kind.apply(rule, curvature * (rule[0] - centre), t, options)
            oracle = kind.reference(oracle, curvature * (oracle[0] - centre), t, options)
        assert np.abs(rule[0]).min() > 0.005, "it moved"
        for got, want in [(native, rule), (oracle, rule)]:
            for place, (a, b) in enumerate(zip(got, want, strict=True)):
                if b is not None:
                    check(a, b, 1e-12 * np.abs(b).max(), place=place, options=options)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_thousand_steps_of_adam(dtype):
    """The errors of the steps add up: each is within its own bound of where it began."""
    rng, kind = np.random.default_rng(4), KINDS["adam"]
    arrays = [reals(rng, (19,), dtype), np.zeros(19, dtype), np.zeros(19, dtype)]
    for t in range(1, 1001):
        g = reals(rng, (19,), dtype)
        before = [a.copy() for a in arrays]
        kind.kernel(*arrays, g, **kind.call(t, {}))
        check_update(kind, arrays, before, g, t)


# ------------------------------------------------------------ exact figures


@dtypes
def test_sgd_on_whole_numbers_is_exact(dtype):
    rng = np.random.default_rng(5)
    forms = [{"form": form, "nesterov": n} for form in ("sum", "ewma", "keras") for n in (False, True)]
    options = {"gradient_scale": 2.0, "clip_value": 6.0, "l2": 0.5, "l1": 0.25, "weight_decay": 0.5}
    for n in SIZES:
        theta, velocity, g = (integers(rng, (n,), dtype) for _ in range(3))
        for chosen in ({}, options, {**options, "proximal_l1": 2.0}):
            named = {"learning_rate": 0.25, "momentum": 0.5}
            core, plain = kernels.UpdateOptions(**chosen), reference.UpdateOptions(**chosen)
            for form in forms:
                got = run(kernels.sgd_update, [theta, velocity], [g], **named, **form, options=core)
                want = reference.sgd_update(theta, velocity, g, **named, **form, options=plain)
                for value, expected in zip(got, want, strict=True):
                    check(value, expected, 0.0, n=n, **form, **chosen)
            [alone, _] = run(kernels.sgd_update, [theta, None], [g], learning_rate=0.25, options=core)
            check(alone, reference.sgd_update(theta, None, g, 0.25, options=plain)[0], 0.0, n=n)


@dtypes
def test_the_first_step_of_adam_is_the_learning_rate(dtype):
    """β₁ = 1/2, β₂ = 3/4 and no ε: all scalars are exact, and the step is α sign(g)."""
    for n in SIZES:
        g = (2.0 ** np.arange(-8, 8)[np.arange(n) % 16] * (-1) ** np.arange(n)).astype(dtype)
        zeros = np.zeros(n, dtype)
        options = {"learning_rate": 0.25, "beta_1": 0.5, "beta_2": 0.75, "epsilon": 0.0, "t": 1}
        for kernel, states in [(kernels.adam_update, 2), (kernels.amsgrad_update, 3)]:
            theta, m, *squares = run(kernel, [zeros] * (states + 1), [g], **options)
            check(theta, -0.25 * np.sign(g), 0.0, n=n)
            check(m, 0.5 * g, 0.0, n=n)
            for v in squares:
                check(v, 0.25 * g**2, 0.0, n=n)


@dtypes
def test_the_first_step_of_rmsprop(dtype):
    """α / √(1 - ρ): with ρ = 0.999 it is 31.6 α."""
    zeros, g = np.zeros(5, dtype), np.array([1, -2, 3e-3, 400, 5], dtype)
    theta, *_ = run(
        kernels.rmsprop_update, [zeros, zeros, None, None], [g], learning_rate=1.0, rho=0.999, epsilon=0.0
    )
    check(theta, -31.622776601683793 * np.sign(g), 31.6 * 8 * roundoff(dtype))


@dtypes
def test_lion_steps_by_signs(dtype):
    m, g = np.array([1, -1, 1, 0, 0, 2, -3], dtype), np.array([1, 1, -1, 0, -4, -2, -3], dtype)
    theta, new_m = run(
        kernels.lion_update, [np.zeros(7, dtype), m], [g], learning_rate=0.5, beta_1=0.5, beta_2=0.75
    )
    assert theta.tolist() == [-0.5, 0, 0, 0, 0.5, 0, 0.5]
    check(new_m, 0.75 * m + 0.25 * g, 0.0)


def test_bias_correction_of_the_reference():
    """m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ), from m = v = 0: a constant gradient has m̂ = g and v̂ = g²."""
    g = np.array([3.0, -0.5])
    theta, m, v = np.zeros(2), np.zeros(2), np.zeros(2)
    for t in range(1, 50):
        theta, m, v = reference.adam_update(theta, m, v, g, 1e-3, t=t)
        check(m / (1 - 0.9**t), g, 1e-14)
        check(v / (1 - 0.999**t), g**2, 1e-12)
        check(theta, -t * 1e-3 * np.sign(g), 1.01 * t * 1e-3 * 1e-8 / np.abs(g))  # ε beside √v̂ = |g|


@dtypes
def test_forms_of_momentum_agree(dtype):
    """ewma at α is sum at α (1 - ρ); keras is sum while α stays; Nesterov's θ looks ahead of sum's."""
    rng = np.random.default_rng(6)
    theta = {form: np.zeros(19) for form in ("sum", "ewma", "keras")}
    velocity = {form: np.zeros(19) for form in theta}
    ahead, ahead_velocity = np.zeros(19), np.zeros(19)
    for _ in range(60):
        g = rng.standard_normal(19)
        for form in theta:
            rate = 0.5 if form == "ewma" else 0.05
            kernels.sgd_update(theta[form], velocity[form], g, rate, 0.9, form=form)
        kernels.sgd_update(ahead, ahead_velocity, g, 0.05, 0.9, True)
        check(theta["ewma"], theta["sum"], 1e-12)
        check(theta["keras"], theta["sum"], 1e-12)
        check(ahead, theta["sum"] - 0.05 * 0.9 * velocity["sum"], 1e-12)


# ------------------------------------------------------------ options


@dtypes
def test_l2_of_a_batch_shrinks_the_weights(dtype):
    """L2(λ, scale="batch") in SGD is W ← (1 - α λ / m) W - α g."""
    rng = np.random.default_rng(7)
    alpha, penalty, rows = 0.1, 0.7, 32
    w, g = reals(rng, (67,), dtype), reals(rng, (67,), dtype)
    for options in ({"l2": penalty / rows}, {"weight_decay": penalty / rows}):
        [got, _] = run(
            kernels.sgd_update, [w, None], [g], learning_rate=alpha, options=kernels.UpdateOptions(**options)
        )
        shrunk = (1 - alpha * penalty / rows) * w.astype(np.float64) - alpha * g.astype(np.float64)
        size = np.abs(w) + alpha * np.abs(
            g
        )  # roundings: the scalars, and at most two of θ and two of g's part
        check(got, shrunk, 4 * roundoff(dtype) * size, **options)


@dtypes
def test_clipping(dtype):
    rng = np.random.default_rng(8)
    zeros = np.zeros(67, dtype)
    g = 3 * reals(rng, (67,), dtype)
    g[:3] = np.inf, -np.inf, np.nan
    options = kernels.UpdateOptions(clip_value=1.5)
    [got, _] = run(kernels.sgd_update, [zeros, None], [g], learning_rate=1.0, options=options)
    check_bits(got, 0 - np.clip(g, -1.5, 1.5).astype(dtype))
    g = g[3:].copy()
    norm = kernels.l2_norm(g)
    for limit in (norm / 4, 2 * norm):
        scale = kernels.clip_scale(kernels.l2_norm(g), limit)
        options = kernels.UpdateOptions(gradient_scale=scale)
        [got, _] = run(kernels.sgd_update, [zeros[3:], None], [g], learning_rate=1.0, options=options)
        check(got, -g.astype(np.float64) * scale, 3 * roundoff(dtype) * np.abs(g))
        check(np.linalg.norm(got.astype(np.float64)), min(norm, limit), 4 * roundoff(dtype) * norm)
    check_bits(got, -g)


@dtypes
def test_the_proximal_step_reaches_zero_exactly(dtype):
    threshold = 0.25
    theta = np.array(
        [-1, -0.25, -0.1, -0.0, 0.0, 1e-30, 0.2, 0.25, 0.2501, 3, np.inf, -np.inf, np.nan], dtype
    )
    options = kernels.UpdateOptions(proximal_l1=0.5)
    [got, _] = run(
        kernels.sgd_update, [theta, None], [np.zeros_like(theta)], learning_rate=0.5, options=options
    )
    want = np.where(np.abs(theta) <= threshold, 0, theta - np.copysign(threshold, theta)).astype(dtype)
    check_bits(got, want)
    assert not np.signbit(got[1:8]).any()


@kinds
@dtypes
def test_the_proximal_step_comes_last(kind, dtype):
    rng, kind = np.random.default_rng(9), KINDS[kind]
    arrays, g = arrays_of(kind, rng, 67, dtype)
    threshold = float(np.median(np.abs(arrays[0])))
    plain = run(kind.kernel, arrays, [g], **kind.call(2, {}))
    got = run(kind.kernel, arrays, [g], **kind.call(2, {"proximal_l1": threshold / kind.rate}))
    t = np.asarray(kind.rate * (threshold / kind.rate), dtype)
    check_bits(got[0], np.where(np.abs(plain[0]) <= t, 0, plain[0] - np.copysign(t, plain[0])).astype(dtype))
    assert 10 < np.count_nonzero(got[0]) < 57
    for a, b in zip(got[1:], plain[1:], strict=True):
        assert a is b is None or a.tobytes() == b.tobytes()


@kinds
@dtypes
def test_options_that_do_nothing_change_no_bit(kind, dtype):
    """A limit that is never reached takes the other loop."""
    rng, kind = np.random.default_rng(10), KINDS[kind]
    for n in (5, 67):
        arrays, g = arrays_of(kind, rng, n, dtype)
        plain = run(kind.kernel, arrays, [g], **kind.call(5, {}))
        for a, b in zip(
            run(kind.kernel, arrays, [g], **kind.call(5, {"clip_value": 1e6})), plain, strict=True
        ):
            assert a is b is None or a.tobytes() == b.tobytes()


def test_decay_is_not_rounded_away_from_1():
    """θ (1 - decay) with a rounded 1 - decay would be off by up to two roundoffs of θ; this is by one."""
    theta = reals(np.random.default_rng(15), (1000,), "float32")
    rate, decay = 1e-3, 1e-2
    options = kernels.UpdateOptions(weight_decay=decay)
    [got, _] = run(
        kernels.sgd_update, [theta, None], [np.zeros_like(theta)], learning_rate=rate, options=options
    )
    want = theta.astype(np.float64) * (1 - rate * decay)
    check(got, want, roundoff("float32") * np.abs(want) * (1 + 3 * rate * decay))


# ------------------------------------------------------------ cuts and specials


@kinds
@dtypes
def test_bits_do_not_depend_on_the_cut(kind, dtype):
    """Threads take ranges of the vector."""
    rng, kind = np.random.default_rng(11), KINDS[kind]
    for options in ({}, ALL_ON):
        arrays, g = arrays_of(kind, rng, 67, dtype)
        named = kind.call(3, options)
        whole = run_on_threads(kind.kernel, arrays, [g], **named)
        for cut in range(0, 68, 3):
            parts = [None if a is None else a.copy() for a in arrays]
            for part in (slice(0, cut), slice(cut, 67)):
                kind.kernel(*(None if a is None else a[part] for a in parts), g[part], **named)
            for got, want in zip(parts, whole, strict=True):
                if want is not None:
                    check_bits(got, want, cut=cut)


def specials_at(kind, dtype, widths, options):
    """One special value in the gradient, at every index: there it acts as alone, elsewhere not at all."""
    __tracebackhide__ = True
    named = kind.call(2, options)

    def alone(value):
        states = [None if s is None else np.full(1, 10 if s == "positive" else 1, dtype) for s in kind.states]
        arrays = [np.full(1, 3, dtype), *states]
        return arrays, run(kind.kernel, arrays, [np.full(1, value, dtype)], **named)

    _, calm = alone(2)
    for special in SPECIALS:
        arrays, wild = alone(special)
        with np.errstate(invalid="ignore"):
            want = kind.reference(arrays, np.full(1, special), 2, options)
        for a, b in zip(wild, want, strict=True):
            if b is not None:
                check(a, b, 64 * roundoff(dtype) * np.abs(b) + smallest(dtype), special=special)
        for n in widths:
            gradients = np.full((n, n), 2, dtype)
            np.fill_diagonal(gradients, special)
            for j in range(n):
                own = [None if a is None else np.full(n, a[0], dtype) for a in arrays]
                kind.kernel(*own, gradients[j], **named)
                for got, one, other in zip(own, wild, calm, strict=True):
                    if got is not None:
                        check_bits(
                            got, np.where(np.arange(n) == j, one, other), n=n, column=j, special=special
                        )


@kinds
@dtypes
def test_special_values_at_every_index(kind, dtype):
    specials_at(KINDS[kind], dtype, (5, 35), {})
    specials_at(KINDS[kind], dtype, (19,), ALL_ON)


@dtypes
def test_special_values_at_every_index_of_every_width(dtype):
    specials_at(KINDS["adam"], dtype, WIDTHS, {})


@kinds
@dtypes
def test_nan_in_theta_or_a_state_stays_there(kind, dtype):
    rng, kind = np.random.default_rng(12), KINDS[kind]
    for options in ({}, ALL_ON):
        arrays, g = arrays_of(kind, rng, 35, dtype)
        calm = run(kind.kernel, arrays, [g], **kind.call(2, options))
        for place, array in enumerate(arrays):
            for j in range(0, 35, 5) if array is not None else ():
                wild = [None if a is None else a.copy() for a in arrays]
                wild[place][j] = np.nan
                got = run(kind.kernel, wild, [g], **kind.call(2, options))
                want = kind.reference([None if a is None else a[[j]] for a in wild], g[[j]], 2, options)
                for a, b, c in zip(got, want, calm, strict=True):
                    if a is not None:
                        assert np.isnan(a[j]) == np.isnan(b[0])
                        check_bits(np.delete(a, j), np.delete(c, j), place=place, column=j)


@dtypes
def test_the_centered_variance_is_never_below_zero(dtype):
    """A constant gradient has s = a² but for roundings: the step is α g / ε at the most, never NaN."""
    rng = np.random.default_rng(13)
    g = reals(rng, (257,), dtype)
    theta, s, average = np.zeros(257, dtype), g**2, g.copy()
    for _ in range(50):
        kernels.rmsprop_update(theta, s, average, None, g, 1e-3, 0.9, 1e-4)
    assert np.isfinite(theta).all()
    assert (np.abs(theta) <= 50 * 1.01 * 1e-3 * np.abs(g) / 1e-4).all()


@dtypes
def test_amsgrad_keeps_the_largest(dtype):
    theta, m, v, v_max = (np.zeros(3, dtype) for _ in range(4))
    for t, g in enumerate([4.0, 1.0, 0.0, 0.0], 1):
        kernels.amsgrad_update(theta, m, v, v_max, np.full(3, g, dtype), 0.0, 0.5, 0.5, 1e-8, t)
        assert v_max.tolist() == [8.0] * 3
    assert (v < 2).all()


@kinds
@dtypes
def test_no_gradient_no_step(kind, dtype):
    kind = KINDS[kind]
    theta = reals(np.random.default_rng(14), (67,), dtype)
    zeros = np.zeros(67, dtype)
    states = [None if s is None else zeros for s in kind.states]
    for got in run(kind.kernel, [theta, *states], [zeros], **kind.call(1, {}))[:1]:
        check_bits(got, theta)


@dtypes
def test_tiny_and_huge_gradients_of_adam(dtype):
    """g² underflows to 0, or overflows to infinity: the step stays finite, and small."""
    info = np.finfo(dtype)
    g = np.array([info.smallest_subnormal, info.tiny, -np.sqrt(info.tiny) / 4, np.sqrt(info.max) * 4], dtype)
    zeros = np.zeros(4, dtype)
    theta, _, v = run(kernels.adam_update, [zeros, zeros, zeros], [g], **KINDS["adam"].call(1, {}))
    assert np.isinf(v).tolist() == [False, False, False, True]
    assert np.isfinite(theta).all()
    assert (np.abs(theta) <= 1e-3).all(), f"steps {theta}"


# ------------------------------------------------------------ refusals


@kinds
def test_refuses_other_shapes(kind):
    kind = KINDS[kind]
    x, other, strided, matrix = np.zeros(4), np.zeros(5), np.zeros(8)[::2], np.zeros((1, 4))
    arrays = [x, *(None if s is None else x for s in kind.states), x]
    for place, array in enumerate(arrays):
        for bad in (other, strided, matrix) if array is not None else ():
            changed = [*arrays[:place], bad, *arrays[place + 1 :]]
            with pytest.raises(ValueError, match=r"_update\] expected a contiguous vector of"):
                kind.kernel(*changed, **kind.call(1, {}))
    read_only = x.copy()
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="can be written"):
        kind.kernel(read_only, *arrays[1:], **kind.call(1, {}))


def test_refuses_other_options():
    nothing = np.zeros(0)
    for bad in (
        {"clip_value": -1.0},
        {"clip_value": np.nan},
        {"l2": np.inf},
        {"l1": -1.0},
        {"weight_decay": np.nan},
    ):
        with pytest.raises(ValueError, match=r"\[UpdateOptions\] expected"):
            kernels.UpdateOptions(**bad)
    with pytest.raises(ValueError, match=r"\[epsilon_mode\] expected"):
        kernels.adagrad_update(nothing, nothing, nothing, 0.1, 1e-8, "between")
    with pytest.raises(ValueError, match=r"\[momentum_form\] expected"):
        kernels.sgd_update(nothing, nothing, nothing, 0.1, 0.9, form="heavy")
    with pytest.raises(ValueError, match=r"\[rmsprop_update\] expected form"):
        kernels.rmsprop_update(nothing, nothing, None, None, nothing, 0.1, 0.9, 1e-8, form="ewma")
