"""Softmax cross-entropy from logits with its gradient, for labels and for distributions."""

import numpy as np
import pytest
from arrays_for_tests import (
    DTYPES,
    LAYOUTS,
    WIDTHS,
    Placed,
    blank,
    diagonals,
    reals,
    run,
    run_on_threads,
    shapes,
)
from comparator import check, check_bits, exp_error, roundoff, row_sum_error, smallest

from fastdnn._core import kernels
from fastdnn.reference import cross_entropy as reference
from fastdnn.reference.softmax import log_sum_exp, softmax

KINDS = ("sparse", "categorical")


def kernel_of(kind):
    return getattr(kernels, f"{kind}_cross_entropy")


class Batch:
    """Logits, targets and weights, with the reference's results and their bounds."""

    def __init__(self, kind, rng, z, *, weighted=True, scale=0.125, smoothing=None):
        rows, cols = z.shape
        self.kind, self.z, self.scale, self.smoothing = kind, z, scale, smoothing or {}
        self.target = rng.integers(cols, size=rows).astype(np.int32)
        if kind == "categorical":  # not always of sum 1
            self.target = (rng.random(z.shape) * (rng.random(z.shape) < 0.7)).astype(z.dtype)
        self.weights = (2 * rng.random(rows)).astype(z.dtype) if weighted else None

    def outputs(self):
        return [blank(self.z.shape[:1], self.z.dtype), blank(self.z.shape, self.z.dtype)]

    def run(self, layout="plain", **options):
        named = {"weights": self.weights, "scale": self.scale, **self.smoothing}
        return run(kernel_of(self.kind), self.outputs(), [self.z, self.target], layout, **named, **options)

    def want(self):
        with np.errstate(invalid="ignore"):
            loss = getattr(reference, f"{self.kind}_cross_entropy")(self.z, self.target, **self.smoothing)
            backward = getattr(reference, f"{self.kind}_cross_entropy_backward")
            return loss[:, 0], backward(self.z, self.target, self.weights, self.scale, **self.smoothing)

    def dense_target(self):
        """After smoothing, and its rounding errors: of slope and offset, of their product and sum."""
        t = self.target
        if self.kind == "sparse":
            t = reference.one_hot(t, self.z.shape[1])
        t = reference.smooth_labels(t, **self.smoothing)
        off = self.smoothing.get("label_smoothing", 0) / max(1, self.z.shape[1] - 1)
        return t, 4 * roundoff(self.z.dtype) * (t + off) * bool(self.smoothing)

    def bounds(self):
        """Of loss and gradient; see the terms."""
        u, n = roundoff(self.z.dtype), self.z.shape[1]
        each, of_sum = exp_error(self.z, self.z.dtype)
        z, (t, of_t) = self.z.astype(np.float64), self.dense_target()
        with np.errstate(invalid="ignore", over="ignore"):
            below = z.max(axis=1, keepdims=True) - z
            log_sum = log_sum_exp(z - z.max(axis=1, keepdims=True))
            # log turns the sum's relative error into an absolute one and adds its own 2 ulp.
            of_log = of_sum + 4 * u * log_sum
            mass = t.sum(axis=1, keepdims=True)
            of_mass = row_sum_error(n, self.z.dtype) * mass + of_t.sum(axis=1, keepdims=True)
            terms = np.where(t == 0, 0, t * below)  # the difference and the product round
            of_terms = (2 * u + row_sum_error(n, self.z.dtype)) * terms + np.where(t == 0, 0, of_t * below)
            loss = (mass * of_log + of_mass * log_sum)[:, 0] + of_terms.sum(axis=1)
            loss += 2 * u * (mass * log_sum + terms.sum(axis=1, keepdims=True))[:, 0]
            # p M - t: M / Σ exp and the product round; - t and the weight round.
            p = softmax(z)
            gradient = p * (mass * (each + of_sum + 3 * u) + of_mass) + 3 * u * (p * mass + t) + of_t
        w = np.abs(reference.row_scale(len(z), self.weights, self.scale))
        underflow = 4 * (1 + w * (1 + mass)) * smallest(self.z.dtype)  # of exp, then times w M
        return 1.01 * loss, 1.01 * w * gradient + underflow

    def check(self, got, **context):
        __tracebackhide__ = True
        context |= {"kind": self.kind, "shape": self.z.shape}
        for array, want, bound in zip(got, self.want(), self.bounds(), strict=True):
            check(array, want, bound, **context)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sizes_and_layouts(kind, dtype, layout):
    rng = np.random.default_rng(1)
    for number, shape in enumerate(shapes(layout)):
        if shape[1] > 0:
            batch = Batch(kind, rng, 3 * reals(rng, shape, dtype), weighted=number % 2 == 0)
            batch.check(batch.run(layout), layout=layout)


@pytest.mark.parametrize("mode", ["k", "k-1"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_label_smoothing(kind, mode, dtype):
    rng = np.random.default_rng(11)
    for shape in shapes():
        for epsilon in (0.1, 1.0):
            if shape[1] > (mode == "k-1"):
                smoothing = {"label_smoothing": epsilon, "label_smoothing_mode": mode}
                batch = Batch(kind, rng, 3 * reals(rng, shape, dtype), smoothing=smoothing)
                batch.check(batch.run(), **smoothing)
    named = {"label_smoothing": 0.0, "label_smoothing_mode": mode}
    batch = Batch(kind, rng, reals(rng, (7, 10), dtype))
    for one, other in zip(batch.run(**named), batch.run(), strict=True):
        check_bits(one, other)


@pytest.mark.parametrize("dtype", DTYPES)
def test_label_smoothing_of_equal_logits(dtype):
    """Four classes and epsilon 0.25: 1 becomes 13/16 and 0 becomes 1/16 by k, 3/4 and 1/12 by k - 1."""
    z, labels = np.zeros((1, 4), dtype), np.array([2], np.int32)
    for mode, on, off in [("k", 13 / 16, 1 / 16), ("k-1", 3 / 4, 1 / 12)]:
        for kernel, target in [
            (kernels.sparse_cross_entropy, labels),
            (kernels.categorical_cross_entropy, np.eye(4, dtype=dtype)[[2]]),
        ]:
            outputs = [blank((1,), dtype), blank(z.shape, dtype)]
            named = {"label_smoothing": 0.25, "label_smoothing_mode": mode}
            loss, dz = run(kernel, outputs, [z, target], **named)
            check(loss, [np.log(4)], 8 * roundoff(dtype), mode=mode, kernel=kernel)
            want = 0.25 - np.array([[off, off, on, off]])
            check(dz, want, 4 * roundoff(dtype), mode=mode, kernel=kernel)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_in_place(kind, dtype):
    rng = np.random.default_rng(12)
    for shape in [(1, 1), (3, 5), (37, 10), (5, 257), (2, 1025)]:
        for smoothing in ({}, {"label_smoothing": 0.1}):
            batch = Batch(kind, rng, reals(rng, shape, dtype), smoothing=smoothing)
            loss, dz = batch.run()
            own, own_loss = Placed(batch.z, "misaligned"), blank(shape[:1], dtype)
            named = {"weights": batch.weights, "scale": batch.scale, **smoothing}
            kernel_of(kind)(own_loss, own.array, own.array, batch.target, **named)
            check_bits(own.array, dz, shape=shape)
            check_bits(own_loss, loss, shape=shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_does_not_see_the_others(kind, dtype):
    """Rows of one block share a logarithm."""
    rng = np.random.default_rng(13)
    for cols in (2, 10, 67, 300):
        batch = Batch(kind, rng, reals(rng, (37, cols), dtype))
        want = batch.run()
        batch.z[5, cols - 1] = np.nan
        for one, other in zip(batch.run(), want, strict=True):
            assert np.isnan(one[5]).all(), f"expected NaN, got {one[5]}"
            check_bits(np.delete(one, 5, axis=0), np.delete(other, 5, axis=0), cols=cols)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [1, 2, 10, 257])
def test_stable_for_large_and_small_logits(kind, dtype, classes):
    rng = np.random.default_rng(2)
    for scale in (1e-30, 1e-3, 30.0, 1e4, 1e30):
        batch = Batch(kind, rng, (scale * rng.uniform(-1, 1, (20, classes))).astype(dtype))
        loss, dz = batch.run()
        assert np.isfinite(loss).all(), f"loss {loss} at {scale}"
        assert np.isfinite(dz).all(), f"gradient {dz} at {scale}"
        batch.check([loss, dz], scale=scale)


@pytest.mark.parametrize("dtype", DTYPES)
def test_exact_cases(dtype):
    """One logit far above the others: softmax is 0 and 1, and the loss the distance."""
    for classes in (2, 3, 10, 67, 257):
        z = np.full((classes, classes), -1000.0, dtype)
        z[:, classes // 2] = 0
        labels = np.arange(classes, dtype=np.int32)
        want_loss = np.where(labels == classes // 2, 0, 1000).astype(dtype)
        want_dz = 0.25 * ((z == 0).astype(dtype) - np.eye(classes, dtype=dtype))
        outputs = [blank((classes,), dtype), blank(z.shape, dtype)]
        for kernel, target in [
            (kernels.sparse_cross_entropy, labels),
            (kernels.categorical_cross_entropy, np.eye(classes, dtype=dtype)),
        ]:
            loss, dz = run(kernel, outputs, [z, target], scale=0.25)
            check(loss, want_loss, 0.0, classes=classes, kernel=kernel)
            check(dz, want_dz, 0.0, classes=classes, kernel=kernel)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_logits_have_the_loss_log_n_within_2_ulp(dtype):
    for n in [*WIDTHS, 128, 257, *range(2048, 4097, 3)]:  # the mantissas of one octave
        z, label = np.full((1, n), 0.0, dtype), np.array([n // 2], np.int32)
        loss, _ = run(kernels.sparse_cross_entropy, [blank((1,), dtype), blank(z.shape, dtype)], [z, label])
        want = np.log(np.float64(n))
        ulp = float(np.spacing(np.asarray(want, dtype))) if n > 1 else 0.0
        check(loss, [want], (2 if dtype == "float32" else 3) * ulp, n=n)  # one of float64's is NumPy's


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_of_sums_between_1_and_2(dtype):
    """Two logits 0 and -d: exp(-d) is off by 2 ulp, the sum S rounds once, and log S is off by 2 ulp."""
    z = np.zeros((20_000, 2), dtype)
    z[:, 1] = -np.random.default_rng(8).uniform(0, 16, len(z))
    loss = blank((len(z),), dtype)
    kernels.sparse_cross_entropy(loss, None, z, np.zeros(len(z), np.int32))
    e, u = np.exp(z[:, 1].astype(np.float64)), roundoff(dtype)
    check(loss, np.log1p(e), 1.01 * (4 * u * e / (1 + e) + u + 4 * u * np.log1p(e)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_one_class_has_no_loss(kind, dtype):
    z = np.array([[3.0], [-1e4], [1e30]], dtype)
    batch = Batch(kind, np.random.default_rng(3), z)
    for array in batch.run():
        assert not array.any(), f"expected zeros, got {array}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_loss_alone_has_the_same_bits(kind, dtype, layout):
    rng = np.random.default_rng(4)
    for shape in [(3, 1), (3, 5), (3, 67)]:
        batch = Batch(kind, rng, reals(rng, shape, dtype))
        loss, _ = batch.run()
        outputs = [blank(shape[:1], dtype), None]
        alone, nothing = run(kernel_of(kind), outputs, [batch.z, batch.target], layout)
        assert nothing is None
        check_bits(alone, loss, shape=shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_weights(kind, dtype):
    rng = np.random.default_rng(5)
    batch = Batch(kind, rng, reals(rng, (6, 19), dtype), scale=1.0)
    batch.weights = None
    loss, dz = batch.run()
    batch.weights = np.array([0, 1, 0.5, 4, 0, 1024], dtype)  # powers of two: products are exact
    weighted_loss, weighted_dz = batch.run()
    check_bits(weighted_loss, loss)  # has no weight
    check(weighted_dz, batch.weights[:, None] * dz.astype(np.float64), 0.0)
    batch.weights, batch.scale = None, 0.5
    check_bits(batch.run()[1], dz * np.asarray(0.5, dtype))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads(kind, dtype):
    rng = np.random.default_rng(6)
    for shape in [(1, 33), (5, 257), (67, 10)]:
        batch = Batch(kind, rng, reals(rng, shape, dtype))
        named = {"weights": batch.weights, "scale": batch.scale}
        run_on_threads(kernel_of(kind), batch.outputs(), [batch.z, batch.target], **named)
        run_on_threads(kernel_of(kind), [batch.outputs()[0], None], [batch.z, batch.target], **named)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_special_logits_at_every_index(kind, dtype):
    rng = np.random.default_rng(7)
    for width in WIDTHS:
        for special, z in diagonals(rng, width, dtype):
            batch = Batch(kind, rng, z)
            got = batch.run()
            batch.check(got, special=special)
            if np.isnan(special) or special > 0:
                for array in got:
                    assert np.isnan(array).all(), f"expected NaN for {special}, got {array}"


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_label_of_probability_0(dtype):
    z = np.array([[1.0, -np.inf, 0.0]], dtype)
    loss, dz = run(
        kernels.sparse_cross_entropy,
        [blank((1,), dtype), blank(z.shape, dtype)],
        [z, np.array([1], np.int32)],
    )
    assert loss[0] == np.inf
    assert np.isfinite(dz).all()
    assert dz[0, 1] == -1


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_probability_of_0_that_nobody_wants_costs_nothing(dtype):
    z, target = np.array([[1.0, -np.inf, 1.0]], dtype), np.array([[1, 0, 0]], dtype)
    outputs = [blank((1,), dtype), blank(z.shape, dtype)]
    for kernel, wanted in [
        (kernels.categorical_cross_entropy, target),
        (kernels.sparse_cross_entropy, np.array([0], np.int32)),
    ]:
        loss, dz = run(kernel, outputs, [z, wanted])
        check(loss, [np.log(2)], 4 * roundoff(dtype))
        assert dz.tolist() == [[-0.5, 0, 0.5]]
        loss, _ = run(kernel, outputs, [z, wanted], label_smoothing=0.1)
        assert loss[0] == np.inf


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_wrong_smoothing(kind):
    z, loss = np.zeros((3, 4)), np.zeros(3)
    target = np.zeros(3, np.int32) if kind == "sparse" else z
    for named, words in [
        ({"label_smoothing": -0.1}, "label_smoothing in 0..1, got -0.1"),
        ({"label_smoothing": np.nan}, "label_smoothing in 0..1"),
        ({"label_smoothing_mode": "K"}, "label_smoothing_mode"),
    ]:
        with pytest.raises(ValueError, match=words):
            kernel_of(kind)(loss, None, z, target, **named)
    one = np.zeros((3, 1))
    target = target if kind == "sparse" else one
    with pytest.raises(ValueError, match="two columns"):
        kernel_of(kind)(loss, None, one, target, label_smoothing=0.1, label_smoothing_mode="k-1")


@pytest.mark.parametrize("label", [-1, 4, 2**31 - 1, -(2**31)])
def test_refuses_labels_out_of_range(label):
    z, loss = np.zeros((3, 4)), np.zeros(3)
    labels = np.array([0, label, 3], np.int32)
    with pytest.raises(ValueError, match=rf"below 4, got {label} in row 1"):
        kernels.sparse_cross_entropy(loss, None, z, labels)


def test_refuses_other_shapes_and_types():
    z, t, loss, labels = np.zeros((3, 4)), np.zeros((3, 4)), np.zeros(3), np.zeros(3, np.int32)
    for wrong in [
        (np.zeros(4), None, z, labels),
        (loss, np.zeros((3, 5)), z, labels),
        (loss, None, z, np.zeros(2, np.int32)),
        (loss, None, np.zeros((3, 0)), labels),
    ]:
        with pytest.raises(ValueError, match=r"\[sparse_cross_entropy\] expected"):
            kernels.sparse_cross_entropy(*wrong)
    with pytest.raises(ValueError, match=r"\[sparse_cross_entropy\] expected"):
        kernels.sparse_cross_entropy(loss, None, z, labels, weights=np.zeros(4))
    for wrong in [
        (np.zeros(4), None, z, t),
        (loss, np.zeros((2, 4)), z, t),
        (loss, None, z, np.zeros((3, 3))),
    ]:
        with pytest.raises(ValueError, match=r"\[categorical_cross_entropy\] expected"):
            kernels.categorical_cross_entropy(*wrong)
    with pytest.raises(TypeError):
        kernels.sparse_cross_entropy(loss, None, z, np.zeros(3, np.int64))
