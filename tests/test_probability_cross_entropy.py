"""Cross-entropy from probabilities with its gradient, for labels and for distributions."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    WIDTHS,
    Placed,
    blank,
    diagonals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, roundoff, row_sum_error

from fastdnn._core import kernels
from fastdnn.reference import probability_cross_entropy as reference
from fastdnn.reference.cross_entropy import one_hot, row_scale, smooth_labels

KINDS = ("sparse", "categorical")
EPSILON = 1e-7
SMOOTHINGS = [{}, {"label_smoothing": 0.125}, {"label_smoothing": 0.125, "label_smoothing_mode": "k-1"}]


def outputs_of(y):
    return [blank(y.shape[:1], y.dtype), blank(y.shape, y.dtype)]


def call(kind, y, target, layout="plain", **options):
    return run(
        getattr(kernels, f"{kind}_probability_cross_entropy"), outputs_of(y), [y, target], layout, **options
    )


def probabilities(rng, shape, dtype):
    """Of any sum; some are so small that they are clipped, but none so large that it nearly is."""
    y = rng.uniform(0.05, 1, shape)
    if shape[1] >= 4:
        y[rng.random(shape) < 0.1] = 1e-9
        y[:, :2] = rng.uniform(0.3, 1, (shape[0], 2))
    return y.astype(dtype)


def targets(kind, rng, y):
    if kind == "sparse":
        return rng.integers(y.shape[1], size=len(y)).astype(np.int32)
    return (rng.random(y.shape) * (rng.random(y.shape) < 0.7)).astype(y.dtype)  # not always of sum 1


def check_results(got, kind, y, target, weights=None, scale=1.0, **options):
    """q is off by the sum's error and a rounding, log q absolutely by as much, by 1 u where 1e-7 or 1 - 1e-7
    round, and by its own 2 ulp. Within as much of the clipping the gradient may be either; see near."""
    __tracebackhide__ = True
    u, n = roundoff(y.dtype), y.shape[1]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        module = f"{kind}_probability_cross_entropy"
        loss = getattr(reference, module)(y, target, **options)[:, 0]
        dy = getattr(reference, f"{module}_backward")(y, target, weights, scale, **options)
        t = np.abs(one_hot(target, n) if kind == "sparse" else smooth_labels(target, **options))
        t_error = 4 * u * (t + 1) * bool(options)
        wide = y.astype(np.float64)
        total = wide.sum(axis=1, keepdims=True)
        q = wide / total
        of_q = row_sum_error(n, y.dtype) + u
        logs = -np.log(np.clip(q, EPSILON, 1 - EPSILON))
        terms = t * (of_q + u + 4 * u * logs) + (t + t_error) * logs * (u + row_sum_error(n, y.dtype))
        of_loss = (terms + t_error * logs).sum(axis=1)
        active = np.where((q >= EPSILON) & (q <= 1 - EPSILON), t, 0)
        mass = active.sum(axis=1, keepdims=True) / total
        own = np.where(active == 0, 0, active / wide)
        t_own = np.where(active == 0, 0, t_error / wide)
        of_dy = mass * (of_q + row_sum_error(n, y.dtype) + u) + 3 * u * (mass + own) + 2 * u * own
        of_dy += t_own + n * t_error.max(initial=0) / total
        of_dy = of_dy * np.abs(row_scale(len(y), weights, scale))
        near = (np.abs(q / EPSILON - 1) < 4 * of_q) | (np.abs(q - (1 - EPSILON)) < 4 * of_q)
    clear = ~near.any(axis=1)
    assert clear.sum() >= 0.95 * len(y), f"only {clear.sum()} of {len(y)} rows are off the clipping"
    check(got[0], loss, 1.01 * of_loss, kind=kind, shape=y.shape, **options)
    if got[1] is not None:
        check(got[1][clear], dy[clear], 1.01 * of_dy[clear], kind=kind, shape=y.shape, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(kind, dtype, layout):
    rng = np.random.default_rng(1)
    for number, shape in enumerate(shapes(layout)):
        if shape[1] > 1:
            y = probabilities(rng, shape, dtype)
            target = targets(kind, rng, y)
            weights = (2 * rng.random(shape[0])).astype(dtype) if number % 2 else None
            options = SMOOTHINGS[number % 3] if kind == "categorical" else {}
            named = {"weights": weights, "scale": 0.125, **options}
            got = call(kind, y, target, layout, **named)
            check_results(got, kind, y, target, **named)
            kernel = getattr(kernels, f"{kind}_probability_cross_entropy")
            loss, _ = run(kernel, [outputs_of(y)[0], None], [y, target], layout, **named)
            check_bits(loss, got[0], shape=shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_many_rows(kind, dtype):
    rng = np.random.default_rng(2)
    for cols in (2, 10, 67):
        y = probabilities(rng, (1000, cols), dtype)
        target = targets(kind, rng, y)
        check_results(call(kind, y, target), kind, y, target)


@pytest.mark.parametrize("dtype", DTYPES)
def test_clipping(dtype):
    """Below 1e-7 the loss is that of 1e-7; a probability of 1 has that of 1 - 1e-7; and no gradient."""
    y = np.array([[0, 1], [1, 0], [0.5, 0.5], [3, 1]], dtype)
    loss, dy = call("sparse", y, np.zeros(4, np.int32))
    u = roundoff(dtype)
    check(loss, [-np.log(1e-7), -np.log1p(-1e-7), np.log(2), -np.log(0.75)], [80 * u, 2 * u, 4 * u, 4 * u])
    assert dy.tolist()[:3] == [[0, 0], [0, 0], [-1, 1]]
    check(dy[3], [0.25 - 1 / 3, 0.25], 2 * u)
    same_loss, same_dy = call("categorical", y, np.eye(2, dtype=dtype)[[0] * 4])
    check_bits(same_loss, loss)
    check(same_dy, dy.astype(np.float64), 2 * u)


@pytest.mark.parametrize("dtype", DTYPES)
def test_both_kinds_agree(dtype):
    rng = np.random.default_rng(3)
    for cols in (2, 10, 67, 257):
        y = rng.uniform(0.1, 1, (40, cols)).astype(dtype)
        labels = rng.integers(cols, size=40).astype(np.int32)
        sparse = call("sparse", y, labels)
        categorical = call("categorical", y, one_hot(labels, cols).astype(dtype))
        check_bits(categorical[0], sparse[0])
        check(categorical[1], sparse[1].astype(np.float64), 8 * roundoff(dtype) * np.abs(sparse[1]).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_in_place(kind, dtype):
    rng = np.random.default_rng(4)
    kernel = getattr(kernels, f"{kind}_probability_cross_entropy")
    for shape in [(1, 33), (5, 257), (67, 10)]:
        y = probabilities(rng, shape, dtype)
        target = targets(kind, rng, y)
        named = {"weights": rng.random(shape[0]).astype(dtype), "scale": 0.1}
        loss, dy = run_on_threads(kernel, outputs_of(y), [y, target], **named)
        own, own_loss = Placed(y, "misaligned"), blank(shape[:1], dtype)
        kernel(own_loss, own.array, own.array, target, **named)
        check_bits(own.array, dy, shape=shape)
        check_bits(own_loss, loss, shape=shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_at_every_index(kind, dtype):
    rng = np.random.default_rng(5)
    for width in WIDTHS:
        for special, special_values in diagonals(rng, width, dtype):
            y = probabilities(rng, special_values.shape, dtype)
            target = targets(kind, rng, y)
            np.fill_diagonal(y, special)
            got = call(kind, y, target)
            if np.isfinite(special) and width == 2:
                continue  # the other one has the probability 1, which is clipped, or not, by a rounding
            if np.isfinite(special):
                check_results(got, kind, y, target)
            else:
                for array in got:
                    assert np.isnan(array).all(), f"expected NaN for {special}, got {array}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_does_not_see_the_others(kind, dtype):
    rng = np.random.default_rng(6)
    y = probabilities(rng, (37, 10), dtype)
    target = targets(kind, rng, y)
    want = call(kind, y, target)
    for broken in (np.nan, np.inf, 0.0):
        y[5] = broken
        got = call(kind, y, target)
        for one, other in zip(got, want, strict=True):
            assert np.isnan(one[5]).all(), f"expected NaN for {broken}, got {one[5]}"
            check_bits(np.delete(one, 5, axis=0), np.delete(other, 5, axis=0))


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_what_does_not_fit(kind):
    kernel = getattr(kernels, f"{kind}_probability_cross_entropy")
    y, loss = np.ones((3, 4)), np.zeros(3)
    target = np.zeros(3, np.int32) if kind == "sparse" else np.ones((3, 4))
    none = np.zeros(3, np.int32) if kind == "sparse" else np.ones((3, 0))
    for wrong in [
        (np.zeros(4), None, y, target),
        (loss, np.zeros((3, 5)), y, target),
        (loss, None, y, target[:2].copy()),
        (loss, None, np.ones((3, 0)), none),
    ]:
        with pytest.raises(ValueError, match=rf"\[{kind}_probability_cross_entropy\] expected"):
            kernel(*wrong)
    if kind == "sparse":
        for label in (-1, 4, 2**31 - 1):
            with pytest.raises(ValueError, match=rf"below 4, got {label} in row 1"):
                kernel(loss, None, y, np.array([0, label, 3], np.int32))
