"""The elementwise losses and their gradients: one frame, and the function of one element of each."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
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
from fastdnn.reference import elementwise_loss as reference

# Errors in units of u, of functions below 2 ulp.
FUNCTION = 4
EPSILON = 1e-7


# For each loss: its predictions and targets, and the errors of f and f' in units of u, given y, t, f and f'.


def numbers(rng, shape, dtype):
    return 3 * reals(rng, shape, dtype), reals(rng, shape, dtype)


def logits(rng, shape, dtype):
    """Confident ones, too, and targets of 0, of 1 and between."""
    z = reals(rng, shape, dtype) * rng.choice([1, 10], shape).astype(dtype)
    return z, rng.choice([0, 1, 0.25, 0.7], shape).astype(dtype)


def probabilities(rng, shape, dtype):
    """Within and beyond the clipping."""
    y = rng.random(shape) ** rng.choice([1, 30], shape)
    y = np.where(rng.random(shape) < 0.5, y, 1 - y)
    return y.astype(dtype), rng.choice([0, 1, 0.25, 0.7], shape).astype(dtype)


def signs(rng, shape, dtype):
    return 2 * reals(rng, shape, dtype), rng.choice([-1, 0, 1], shape).astype(dtype)


def squared_errors(y, t, f, slope):
    return 3 * f, np.abs(slope)  # the difference, twice, and the product; once


def absolute_errors(y, t, f, slope):
    return f, 0 * slope


def huber_errors(y, t, f, slope):
    return 4 * f, np.abs(slope)  # |d| delta <= 2 f beyond delta: the difference twice; two more operations


def log_cosh_errors(y, t, f, slope):
    """tanh: the error of q = expm1 at most 1.6 times (2 / (2 + q), d <= 0.7), two roundings, and d's.

    f: twice that and the square's, at most 1.3 times, and log1p's; or that of a log1p of f / 0.23, with the
    error of q; and d's twice.
    """
    tanh = 1.6 * FUNCTION + 3
    return (1.3 * (2 * tanh + 1) + FUNCTION + 2) * f, tanh * np.abs(slope)


def unlikely(y, t, likely, smoothing):
    t = t * (1 - smoothing) + smoothing / 2
    return np.where(likely, 1 - t, t)


def binary_errors(z, t, f, slope, smoothing=0.0):
    """s rounds once, and with smoothing by another 2; e = exp(-|z|) and log1p of it; p = e / (1 + e)."""
    s = unlikely(z, t, z > 0, smoothing)
    p = np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z)))
    of_s = s + 2 * (smoothing > 0)
    with np.errstate(invalid="ignore"):
        distance = np.where(of_s == 0, 0, np.abs(z) * of_s)
    return distance + (2 * FUNCTION + 2) * f, of_s + (FUNCTION + 2) * p + np.abs(slope)


def binary_probability_errors(y, t, f, slope, smoothing=0.0):
    """p is exact, but 1e-7 rounds; s as above; two products, two logarithms and a sum."""
    s = unlikely(y, t, y > 0.5, smoothing)
    p = np.maximum(np.where(y > 0.5, 1 - y, y), EPSILON)
    of_s = s + 2 * (smoothing > 0)
    loss = (FUNCTION + 4) * f + s + of_s * (np.abs(np.log(p)) + 1)
    return loss, 4 * np.abs(slope) + np.where(slope == 0, 0, of_s / (p * (1 - p)))


def kl_errors(y, t, f, slope):
    """The quotient of two numbers that clipping may have rounded; its logarithm; t' and the product."""
    return 3 * np.clip(t, EPSILON, 1) + (FUNCTION + 2) * np.abs(f), 3 * np.abs(slope)


def hinge_errors(y, t, f, slope):
    with np.errstate(invalid="ignore"):
        return np.where(f == 0, 0, np.abs(t * y)) + f, 0 * slope


def squared_hinge_errors(y, t, f, slope):
    of_margin = hinge_errors(y, t, np.sqrt(f), slope)[0]
    return 2 * np.sqrt(f) * of_margin + f, np.where(f == 0, 0, 2 * np.abs(t) * of_margin) + 2 * np.abs(slope)


CASES = {
    "squared_error": (numbers, squared_errors, [{}, {"half": True}, {"outputs": "sum"}]),
    "absolute_error": (numbers, absolute_errors, [{}, {"outputs": "sum"}]),
    "huber": (numbers, huber_errors, [{}, {"delta": 0.5}, {"delta": 2.0, "outputs": "sum"}]),
    "log_cosh": (numbers, log_cosh_errors, [{}, {"outputs": "sum"}]),
    "binary_cross_entropy": (logits, binary_errors, [{}, {"label_smoothing": 0.125}, {"outputs": "sum"}]),
    "binary_probability_cross_entropy": (
        probabilities,
        binary_probability_errors,
        [{}, {"label_smoothing": 0.125}, {"outputs": "sum"}],
    ),
    "kl_divergence": (probabilities, kl_errors, [{}, {"outputs": "mean"}]),
    "hinge": (signs, hinge_errors, [{}, {"outputs": "sum"}]),
    "squared_hinge": (signs, squared_hinge_errors, [{}, {"outputs": "sum"}]),
}
NAMES = tuple(CASES)


def outputs_of(y):
    return [blank(y.shape[:1], y.dtype), blank(y.shape, y.dtype)]


def call(name, y, target, layout="plain", **options):
    return run(getattr(kernels, name), outputs_of(y), [y, target], layout, **options)


def alone(function, y, target, *arguments, **options):
    """A function of the reference with each element as a row of its own: f or f'."""
    one = function(y.reshape(-1, 1), target.reshape(-1, 1), *arguments, **options | {"outputs": "sum"})
    return one.reshape(y.shape)


def check_results(got, name, y, target, weights=None, scale=1.0, **options):
    """Within the errors of f, of the sum and its division; of f', and three more roundings: w scale c, and
    times f'."""
    __tracebackhide__ = True
    forward, backward = getattr(reference, name), getattr(reference, f"{name}_backward")
    u, n = roundoff(y.dtype), y.shape[1]
    mean = options.get("outputs", "sum" if name == "kl_divergence" else "mean") == "mean"
    arguments = {key: value for key, value in options.items() if key == "label_smoothing"}
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        loss, dy = forward(y, target, **options)[:, 0], backward(y, target, weights, scale, **options)
        f, slope = alone(forward, y, target, **options), alone(backward, y, target, None, 1.0, **options)
        wide = y.astype(np.float64), target.astype(np.float64)
        of_f, of_slope = CASES[name][1](*wide, f, slope, *arguments.values())
        of_f = (u * of_f + (row_sum_error(n, y.dtype) + u) * np.abs(f)).sum(axis=1) / (n if mean else 1)
        factor = np.abs(scale * (1.0 if weights is None else weights.astype(np.float64)[:, None]))
        of_slope = u * (of_slope + 3 * np.abs(slope)) * factor / (n if mean else 1)
    for array, want, bound in zip(got, (loss, dy), (of_f, of_slope), strict=True):
        if array is not None:
            bound = 1.01 * bound + 4 * smallest(y.dtype)
            check(array, want, bound, name=name, shape=y.shape, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_sizes_and_options(name, dtype):
    rng = np.random.default_rng(1)
    make, _, all_options = CASES[name]
    for number, shape in enumerate(shapes()):
        if shape[1] > 0:
            y, target = make(rng, shape, dtype)
            options = all_options[number % len(all_options)]
            weights = (2 * rng.random(shape[0])).astype(dtype) if number % 2 else None
            named = {"weights": weights, "scale": 0.125, **options}
            got = call(name, y, target, **named)
            check_results(got, name, y, target, **named)
            loss, _ = run(getattr(kernels, name), [outputs_of(y)[0], None], [y, target], **named)
            check_bits(loss, got[0], name=name, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, dtype):
    """One loss stands for all, which share the loop over rows."""
    rng = np.random.default_rng(2)
    for number, shape in enumerate(shapes(layout)):
        if shape[1] > 0:
            y, target = logits(rng, shape, dtype)
            weights = (2 * rng.random(shape[0])).astype(dtype) if number % 2 else None
            got = call("binary_cross_entropy", y, target, layout, weights=weights, scale=0.125)
            check_results(got, "binary_cross_entropy", y, target, weights, 0.125)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_one_column_has_the_bits_of_a_row(name, dtype):
    """(n, 1) without gaps is taken as a column; with gaps row by row."""
    rng = np.random.default_rng(3)
    for rows in (1, 2, 7, 16, 33, 67):
        y, target = CASES[name][0](rng, (rows, 1), dtype)
        y[0] = target[0]  # no difference: a loss of 0, not of -0
        weights = rng.random(rows).astype(dtype)
        want = call(name, y, target, "strided", weights=weights, scale=0.1)
        for layout in ("plain", "misaligned", "head", "tail"):
            got = call(name, y, target, layout, weights=weights, scale=0.1)
            for one, other in zip(got, want, strict=True):
                check_bits(one, other, name=name, layout=layout, rows=rows)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["absolute_error", "squared_error", "huber", "hinge", "squared_hinge"])
def test_whole_numbers_are_exact(name, dtype):
    rng = np.random.default_rng(4)
    options = {"delta": 2.0} if name == "huber" else {}
    for cols in WIDTHS:
        y = integers(rng, (3, cols), dtype)
        target = integers(rng, (3, cols), dtype, limit=1 if "hinge" in name else 8)
        named = {"weights": np.array([1, 0, 4], dtype), "scale": 0.5, "outputs": "sum"} | options
        loss, dy = call(name, y, target, **named)
        check(loss, getattr(reference, name)(y, target, outputs="sum", **options)[:, 0], 0.0, cols=cols)
        check(dy, getattr(reference, f"{name}_backward")(y, target, **named), 0.0, cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_mean_of_whole_numbers_is_rounded_once(dtype):
    """By the division, of an exact sum."""
    rng = np.random.default_rng(8)
    for cols in WIDTHS:
        y, target = integers(rng, (3, cols), dtype), integers(rng, (3, cols), dtype)
        loss, _ = call("squared_error", y, target)
        check_bits(loss, ((y - target) ** 2).sum(axis=1) / np.asarray(cols, dtype), cols=cols)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_special_values_at_every_index(name, dtype):
    rng = np.random.default_rng(5)
    widths = WIDTHS if name in ("binary_cross_entropy", "hinge") else (1, 2, 3, 5, 9, 15, 16, 17, 33, 67)
    for width in widths:
        for special, special_values in diagonals(rng, width, dtype):
            y, target = CASES[name][0](rng, special_values.shape, dtype)
            for place in (0, 1):
                arguments = [y.copy(), target.copy()]
                np.fill_diagonal(arguments[place], special)
                loss, dy = got = call(name, *arguments)
                check_results(got, name, *arguments)
                if np.isnan(special):
                    assert np.isnan(loss).all(), f"{name}: expected NaN, got {loss}"
                    if place == 0:
                        assert np.isnan(np.diag(dy)).all(), f"{name}: expected NaN, got {np.diag(dy)}"
                    off = ~np.eye(width, dtype=bool)
                    assert np.isfinite(dy[off]).all(), f"{name}: NaN has spread"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_nan_stays_in_its_row(name, dtype):
    rng = np.random.default_rng(6)
    for shape in [(5, 1), (5, 17), (33, 1)]:
        y, target = CASES[name][0](rng, shape, dtype)
        want_loss, want_dy = call(name, y, target)
        y[3, 0] = np.nan
        loss, dy = call(name, y, target)
        rest = np.arange(shape[0]) != 3
        assert np.isnan(loss[3]), f"{name}: expected NaN, got {loss[3]}"
        check_bits(loss[rest], want_loss[rest], name=name)
        check_bits(dy[rest], want_dy[rest], name=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_threads_and_in_place(name, dtype):
    rng = np.random.default_rng(7)
    for shape in [(1, 33), (5, 257), (67, 10), (67, 1)]:
        y, target = CASES[name][0](rng, shape, dtype)
        named = {"weights": rng.random(shape[0]).astype(dtype), "scale": 0.1}
        loss, dy = run_on_threads(getattr(kernels, name), outputs_of(y), [y, target], **named)
        own, own_loss = Placed(y, "misaligned"), blank(shape[:1], dtype)
        getattr(kernels, name)(own_loss, own.array, own.array, target, **named)
        check_bits(own.array, dy, name=name, shape=shape)
        check_bits(own_loss, loss, name=name, shape=shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_weights_and_scale_are_factors_of_the_gradient_only(name, dtype):
    rng = np.random.default_rng(8)
    y, target = CASES[name][0](rng, (6, 19), dtype)
    loss, dy = call(name, y, target, outputs="sum")
    weights = np.array([0, 1, 0.5, 4, 0, 1024], dtype)  # powers of two: products are exact
    weighted_loss, weighted_dy = call(name, y, target, outputs="sum", weights=weights, scale=0.5)
    check_bits(weighted_loss, loss)
    check(weighted_dy, 0.5 * weights[:, None] * dy.astype(np.float64), 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_huber_at_the_kink(dtype):
    y = np.array([[-2, -1, -0.0, 0, 1, 2, 1e30]], dtype)
    loss, dy = call("huber", y, np.zeros_like(y), outputs="sum")
    assert dy.tolist() == [[-1, -1, 0, 0, 1, 1, 1]]
    check_bits(loss, (np.array([1.5 + 0.5 + 0.5 + 1.5 + 1e30], dtype)))
    _, dy = call("absolute_error", y, np.zeros_like(y), outputs="sum")
    assert dy.tolist() == [[-1, -1, 0, 0, 1, 1, 1]]


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_cosh_is_relatively_exact_from_small_to_large(dtype):
    d = np.concatenate([10.0 ** np.arange(-15, 6, 0.01), np.arange(0.5, 1, 1e-3)]).astype(dtype)
    y = np.stack([d, -d])
    for values in (y, y.reshape(-1, 1)):
        got = call("log_cosh", values, np.zeros_like(values))
        check_results(got, "log_cosh", values, np.zeros_like(values))
    loss, dy = call("log_cosh", np.array([[1e-6], [1e30], [-np.inf]], dtype), np.zeros((3, 1), dtype))
    check(loss, [5e-13, 1e30, np.inf], [1e-18, 1e24, 0])
    check(dy[:, 0], [1e-6, 1, -1], [1e-12, 0, 0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_cross_entropy_of_confident_logits(dtype):
    """Right ones have the loss and the gradient exp(-|z|), wrong ones |z| and 1."""
    z = np.array([[50], [-50], [50], [-50], [np.inf], [-np.inf], [np.inf], [0]], dtype)
    t = np.array([[1], [0], [0], [1], [1], [0], [0], [0.5]], dtype)
    loss, dz = call("binary_cross_entropy", z, t)
    little = np.exp(-50.0)
    want = np.array([little, little, 50, 50, 0, 0, np.inf, np.log(2)])
    check(loss, want, 8 * roundoff(dtype) * np.where(np.isfinite(want), want, 0))
    want = np.array([-little, little, 1, -1, 0, 0, 1, 0])
    check(dz[:, 0], want, 8 * roundoff(dtype) * np.abs(want))


@pytest.mark.parametrize("dtype", DTYPES)
def test_binary_probability_cross_entropy_is_clipped_as_by_keras(dtype):
    y = np.array([[0.0], [1.0], [-3.0], [7.0], [0.5], [1e-6]], dtype)
    u = roundoff(dtype)
    for t in (0.0, 1.0):
        loss, dy = call("binary_probability_cross_entropy", y, np.full_like(y, t))
        right, wrong = -np.log1p(-1e-7), -np.log(1e-7)
        p = float(y[5, 0])
        want = np.array([right, wrong, right, wrong, np.log(2), -np.log1p(-p)])
        if t == 1:
            want = np.array([wrong, right, wrong, right, np.log(2), -np.log(p)])
        check(loss, want, 8 * u * np.maximum(want, 1e-7) + (want > 1) * 2 * u)
        check(dy[:4, 0], np.zeros(4), 0.0)
        check(dy[4:, 0], [2, 1 / (1 - p)] if t == 0 else [-2, -1 / p], 4 * u * np.array([2, 1 / p]))


def test_examples():
    """Of Keras's documentation and of arithmetic."""
    y = np.array([[0.6, 0.4], [0.4, 0.6]])
    loss, _ = call("huber", y, np.array([[0.0, 1], [0, 0]]))
    check(loss.mean(), 0.155, 1e-15)
    loss, _ = call("squared_error", np.array([[3.5, 1.0]]), np.array([[1.5, 2.0]]), half=True, outputs="sum")
    assert loss.tolist() == [2.5]
    loss, _ = call("hinge", y, np.array([[0.0, 1], [0, 0]]))
    check(loss, [1.1, 1.5], 1e-15)
    loss, _ = call("kl_divergence", np.array([[0.25, 0.75]]), np.array([[0.5, 0.5]]))
    check(loss, [0.5 * np.log(4 / 3)], 1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_refuses_what_does_not_fit(name):
    y, loss, kernel = np.zeros((3, 4)), np.zeros(3), getattr(kernels, name)
    for wrong in [
        (np.zeros(4), None, y, y),
        (loss, np.zeros((3, 5)), y, y),
        (loss, None, y, np.zeros((4, 3))),
        (loss, None, np.zeros((3, 0)), np.zeros((3, 0))),
    ]:
        with pytest.raises(ValueError, match=rf"\[{name}\] expected"):
            kernel(*wrong)
    for wrong in [{"weights": np.zeros(2)}, {"outputs": "none"}]:
        with pytest.raises(ValueError, match=rf"\[{name}\] expected"):
            kernel(loss, None, y, y, **wrong)
    for option, values in [("delta", (0, -1, np.nan)), ("label_smoothing", (-0.1, 1.1, np.nan))]:
        if any(option in options for options in CASES[name][2]):
            for value in values:
                with pytest.raises(ValueError, match=rf"\[{name}\] expected {option}"):
                    kernel(loss, None, y, y, **{option: value})
