"""Metrics of the package: what accuracy means, figures of sums, weights, names, files."""

import copy

import numpy as np
import pytest
from custom_parts import MeanDeviation
from loss_cases import CASES, K
from networks import weight_hash

import fastdnn as fd

BACKENDS = ["native", "reference"]
ROWS = 23
WEIGHTS = np.linspace(0, 3, ROWS)


def each_backend(function):
    return pytest.mark.parametrize("backend", BACKENDS)(function)


def figures(case, metrics, *, weights=None, **compile_with):
    """Of an evaluation in chunks of 5 rows, and of an epoch of steps of 5 that change nothing."""
    x, y = case.data(ROWS)
    model = case.model(optimizer=fd.optimizers.SGD(0.0), metrics=metrics, **compile_with)
    evaluated = model.evaluate(x, y, batch_size=5, sample_weight=weights, return_dict=True)
    history = model.fit(x, y, batch_size=5, sample_weight=weights).history
    assert evaluated == pytest.approx({name: values[0] for name, values in history.items()}, rel=1e-12)
    return evaluated, y, model.predict(x)


# ---- What "accuracy" means


@each_backend
@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("sparse", lambda y, p: p.argmax(axis=1) == y),
        ("sparse of another make", lambda y, p: p.argmax(axis=1) == y),
        ("categorical logits", lambda y, p: p.argmax(axis=1) == y.argmax(axis=1)),
        ("kl", lambda y, p: p.argmax(axis=1) == y.argmax(axis=1)),
        ("binary", lambda y, p: (p > 0.5) == (y > 0.5)),
        ("binary logits", lambda y, p: (p > 0) == (y > 0.5)),
        ("hinge", lambda y, p: (p > 0) == (y > 0)),
        ("hinge of 0 and 1", lambda y, p: (p > 0) == (y > 0)),
        ("squared hinge", lambda y, p: (p > 0) == (y > 0)),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_accuracy_is_what_the_loss_means(name, right, backend):
    got, y, predicted = figures(CASES[name], ["accuracy"], backend=backend)
    assert got["accuracy"] == pytest.approx(right(y, predicted).mean(), rel=1e-12)
    got, y, predicted = figures(CASES[name], None, weighted_metrics=["acc"], backend=backend, weights=WEIGHTS)
    rows = right(y, predicted).reshape(ROWS, -1).mean(axis=1)
    assert got["acc"] == pytest.approx((WEIGHTS * rows).sum() / WEIGHTS.sum(), rel=1e-12)


def test_no_accuracy_where_nothing_is_right():
    for name in ("squared", "huber", "log cosh"):
        with pytest.raises(ValueError, match="a cross-entropy as the loss of 'accuracy', or a hinge"):
            CASES[name].model(metrics=["accuracy"])
    with pytest.raises(ValueError, match="a loss that says what is right"):
        fd.metrics.Accuracy()([1], [1])


@each_backend
def test_thresholds(backend):
    for name, threshold, metric in [
        ("binary", 0.5, "binary_accuracy"),
        ("binary", 0.3, fd.metrics.BinaryAccuracy(0.3)),
        ("binary logits", 0.0, "binary_accuracy"),
        ("binary logits", 0.5, fd.metrics.BinaryAccuracy(0.5)),
        ("squared", 0.5, "binary_accuracy"),
        ("hinge", 0.0, "binary_accuracy"),
    ]:
        got, y, predicted = figures(CASES[name], [metric], backend=backend)
        limit = 0.0 if name == "hinge" else 0.5
        want = ((predicted > threshold) == (y > limit)).mean()
        assert got["binary_accuracy"] == pytest.approx(want, rel=1e-12), name


@each_backend
def test_among_the_k_largest(backend):
    got, y, predicted = figures(
        CASES["sparse"],
        [fd.metrics.SparseTopKCategoricalAccuracy(k=2, name="top2"), "sparse_top_k_categorical_accuracy"],
        backend=backend,
    )
    order = np.argsort(-predicted, axis=1)
    assert got["top2"] == pytest.approx((order[:, :2] == y[:, None]).any(axis=1).mean(), rel=1e-12)
    assert got["sparse_top_k_categorical_accuracy"] == 1.0  # k = 5 of three
    got, y, predicted = figures(
        CASES["categorical"], [fd.metrics.TopKCategoricalAccuracy(2)], backend=backend
    )
    order = np.argsort(-predicted, axis=1)[:, :2]
    want = (order == y.argmax(axis=1)[:, None]).any(axis=1).mean()
    assert got["top_k_categorical_accuracy"] == pytest.approx(want, rel=1e-12)


# ---- Figures that are no means


@each_backend
def test_a_root_of_the_whole_mean(backend):
    got, y, predicted = figures(CASES["squared"], ["rmse"], backend=backend)
    assert got["rmse"] == pytest.approx(np.sqrt(((predicted - y) ** 2).mean()), rel=1e-12)
    got, y, predicted = figures(
        CASES["huber"], None, weighted_metrics=["root_mean_squared_error"], backend=backend, weights=WEIGHTS
    )
    rows = ((predicted - y) ** 2).mean(axis=1)
    want = np.sqrt((WEIGHTS * rows).sum() / WEIGHTS.sum())
    assert got["root_mean_squared_error"] == pytest.approx(want, rel=1e-12)


@each_backend
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_r2_of_an_epoch_is_that_of_all_its_examples(backend, offset):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x @ [1.0, -2.0, 0.5] + rng.normal(size=200) + offset
    model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(1)], seed=0)
    model.compile(fd.optimizers.SGD(0.0), "mae", metrics=["r2"], backend=backend)
    model.set_weights([np.array([[1.0], [-1.5], 0.5 * np.ones(1)]), np.array([offset])])
    predicted = model.predict(x)[:, 0].astype(np.float64)
    y32 = y.astype(np.float32).astype(np.float64)
    want = 1 - ((y32 - predicted) ** 2).sum() / ((y32 - y32.mean()) ** 2).sum()
    history = model.fit(x, y, batch_size=7).history
    got = [history["r2"][0], model.evaluate(x, y, batch_size=9)[1]]
    np.testing.assert_allclose(got, want, atol=2e-6 if offset == 0 else 2e-4)
    assert fd.metrics.R2Score()(y32, predicted) == pytest.approx(want, rel=1e-12)


def test_r2_of_one_output_without_weights():
    with pytest.raises(ValueError, match=r"one output, for the metric 'r2', got 3"):
        CASES["squared"].model(metrics=["r2"])
    model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(1)], seed=0)
    with pytest.raises(ValueError, match="'r2' in metrics, got in weighted_metrics"):
        model.compile(loss="mse", weighted_metrics=["r2"])
    with pytest.raises(ValueError, match="no sample_weight"):
        fd.metrics.R2Score()([1.0, 2.0], [1.0, 2.0], [1.0, 1.0])
    model.compile(loss="mse", metrics=["r2_score"])
    assert model.evaluate(np.ones((4, 3)), np.zeros(4))[1] == 0.0  # y is constant, and not met
    assert fd.metrics.R2Score()([1.0, 1.0], [1.0, 1.0]) == 1.0


# ---- Losses as metrics


@each_backend
def test_losses_as_metrics(backend):
    names = [
        "mse",
        "mean_absolute_error",
        "huber",
        "logcosh",
        fd.losses.Huber(0.3, reduction="sum", name="h"),
    ]
    got, y, predicted = figures(CASES["squared"], names, backend=backend)
    for name, case in [
        ("mse", "squared"),
        ("mean_absolute_error", "absolute"),
        ("huber", "huber"),
        ("logcosh", "log cosh"),
        ("h", "huber 0.3"),
    ]:
        assert got[name] == pytest.approx(CASES[case].formula(y, predicted).mean(), rel=1e-12)
    assert got["mse"] == got["loss"]


@each_backend
def test_logits_are_the_losses(backend):
    for name, string in [
        ("sparse logits", "sparse_categorical_crossentropy"),
        ("sparse", "sparse_categorical_crossentropy"),
        ("categorical logits", "categorical_crossentropy"),
        ("binary logits", "binary_crossentropy"),
        ("binary", "binary_crossentropy"),
    ]:
        got, _, _ = figures(CASES[name], [string], backend=backend)
        assert got[string] == pytest.approx(got["loss"], rel=1e-12)


def test_a_metric_of_the_loss_leaves_the_training_its_bits():
    case = CASES["huber"]
    x, y = case.data(ROWS)
    hashes = set()
    for metrics in (None, ["huber"], [fd.losses.Huber(2.0)], ["mae", "rmse"]):
        model = case.model(metrics=metrics)
        model.fit(x, y, batch_size=5, epochs=2)
        hashes.add(weight_hash(model))
    assert len(hashes) == 1


# ---- Weights


def error(y, y_hat):
    return np.abs(y - y_hat).max(axis=1)


@each_backend
def test_metrics_do_not_mind_weights_and_weighted_metrics_do(backend):
    """Keras's rule, for metrics of the package and of one's own."""
    plain, weighted = MeanDeviation(name="a"), MeanDeviation(name="b")
    seen = {"a": [], "b": []}
    for metric in (plain, weighted):
        metric.update = lambda y, y_hat, w, metric=metric: (
            seen[metric.name].append(w),
            setattr(metric, "rows", 1),
        )
    got, y, predicted = figures(
        CASES["squared"],
        ["mae", error, plain],
        weighted_metrics=["mae", "huber", error, weighted],
        backend=backend,
        weights=WEIGHTS,
    )
    names = ["mae", "error", "a", "weighted_mae", "huber", "weighted_error", "b"]
    assert list(got) == ["loss", *names]
    errors = CASES["absolute"].formula(y, predicted)
    share = WEIGHTS / WEIGHTS.sum()
    assert got["mae"] == pytest.approx(errors.mean(), rel=1e-12)
    assert got["weighted_mae"] == pytest.approx(share @ errors, rel=1e-12)
    assert got["error"] == pytest.approx(error(y, predicted).mean(), rel=1e-12)
    assert got["weighted_error"] == pytest.approx(share @ error(y, predicted), rel=1e-12)
    assert all(w is None for w in seen["a"])
    np.testing.assert_allclose(np.concatenate(seen["b"][:5]), WEIGHTS)


@each_backend
def test_weighted_metrics_without_weights_or_with_none_above_zero(backend):
    got, y, predicted = figures(CASES["squared"], None, weighted_metrics=["mae"], backend=backend)
    want = CASES["absolute"].formula(y, predicted).mean()
    assert got["mae"] == pytest.approx(want, rel=1e-12)
    got, _, _ = figures(
        CASES["squared"], None, weighted_metrics=["mae", error], backend=backend, weights=np.zeros(ROWS)
    )
    assert (got["mae"], got["error"]) == (0.0, 0.0)


def test_class_weights_are_weights():
    case = CASES["sparse"]
    x, y = case.data(ROWS)
    model = case.model(optimizer=fd.optimizers.SGD(0.0), metrics=["acc"], weighted_metrics=["acc"])
    right = model.predict(x).argmax(axis=1) == y
    history = model.fit(x, y, class_weight={0: 0.0, 1: 5.0}).history
    weights = np.array([0.0, 5.0, 1.0])[y]
    assert history["acc"][0] == pytest.approx(right.mean())
    assert history["weighted_acc"][0] == pytest.approx((weights * right).sum() / weights.sum())


def test_a_mean_of_a_batch_cannot_be_weighted():
    def mean(y, y_hat):
        return np.abs(y - y_hat).mean()

    case = CASES["squared"]
    x, y = case.data(ROWS)
    model = case.model(weighted_metrics=[mean])
    model.evaluate(x, y)
    with pytest.raises(ValueError, match=r"\[mean\] expected a number, to be weighted, for each of 23 rows"):
        model.evaluate(x, y, sample_weight=WEIGHTS)


@each_backend
def test_batches_with_and_without_weights_in_one_evaluation(backend):
    case = CASES["squared"]
    x, y = case.data(ROWS)
    model = case.model(metrics=["mae"], weighted_metrics=["mae"], backend=backend)
    whole = model.evaluate(x, y, sample_weight=np.append(np.full(10, 2.0), np.ones(13)), return_dict=True)
    batches = [(x[:10], y[:10], np.full(10, 2.0)), (x[10:], y[10:])]
    assert model.evaluate(iter(batches), return_dict=True) == pytest.approx(whole, rel=1e-12)


@each_backend
def test_several_outputs(backend):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 1))
    first = fd.Input((4,))
    model = fd.Model(first, {name: fd.layers.Dense(1)(first) for name in "ab"}, seed=0, dtype="float64")
    model.compile(
        "sgd",
        "mse",
        metrics={"a": ["mae"]},
        weighted_metrics={"a": ["mae"], "b": ["mae", "rmse"]},
        backend=backend,
    )
    got = model.evaluate(x, {"a": y, "b": y}, sample_weight={"b": WEIGHTS}, return_dict=True)
    assert list(got) == ["loss", "a_loss", "b_loss", "a_mae", "a_weighted_mae", "b_mae", "b_rmse"]
    predicted = {name: np.abs(p - y)[:, 0] for name, p in model.predict(x).items()}
    assert got["a_mae"] == got["a_weighted_mae"] == pytest.approx(predicted["a"].mean(), rel=1e-12)
    assert got["b_mae"] == pytest.approx(WEIGHTS @ predicted["b"] / WEIGHTS.sum(), rel=1e-12)


# ---- Functions of arrays


def test_functions_of_arrays():
    rng = np.random.default_rng(0)
    y, p = rng.integers(2, size=(ROWS, K)), rng.random((ROWS, K))
    right = ((p > 0.5) == (y == 1)).mean(axis=1)
    assert fd.metrics.BinaryAccuracy()(y, p, WEIGHTS) == pytest.approx((WEIGHTS @ right) / WEIGHTS.sum())
    rmse = np.sqrt(((y - p) ** 2).mean())
    assert fd.metrics.RootMeanSquaredError()(y, p) == pytest.approx(rmse)
    assert fd.metrics.LossMetric(fd.losses.MeanSquaredError())(y, p) == pytest.approx(rmse**2)
    labels = rng.integers(K, size=ROWS)
    want = (p.argmax(axis=1) == labels).mean()
    assert fd.metrics.SparseCategoricalAccuracy()(labels, p) == pytest.approx(want)
    with pytest.raises(ValueError, match=r"labels as whole numbers from 0 to 2, got 3 in row 0"):
        fd.metrics.SparseCategoricalAccuracy()([3], [[0.1, 0.2, 0.7]])


# ---- Names and files


@pytest.mark.parametrize(
    ("name", "metric", "message"),
    [
        ("squared", "sparse_categorical_accuracy", "a loss of labels beside 'sparse_categorical_accuracy'"),
        ("sparse", "categorical_accuracy", "a loss without labels beside 'categorical_accuracy'"),
        ("sparse", "rmse", "a loss without labels beside 'rmse'"),
        ("squared", "sparse_categorical_crossentropy", "a loss of labels"),
        ("squared", "rsme", "did you mean 'rmse'"),
        ("squared", fd.metrics.RootMeanSquaredError, "write it with parentheses"),
        ("squared", "binary_crossentropy", "probabilities from a sigmoid, or another"),
    ],
)
def test_metrics_that_do_not_fit(name, metric, message):
    with pytest.raises(ValueError, match=message):
        CASES[name].model(metrics=[metric])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fd.metrics.TopKCategoricalAccuracy(0), "k as a whole number >= 1, got 0"),
        (lambda: fd.metrics.TopKCategoricalAccuracy(2.5), "k as a whole number >= 1, got 2.5"),
        (lambda: fd.metrics.BinaryAccuracy(np.nan), "a finite threshold"),
        (lambda: fd.metrics.RootMeanSquaredError(name=3), "name as a string in UTF-8, got 3"),
        (lambda: fd.metrics.from_config("Pinball", {}), "a metric, one of"),
        (
            lambda: fd.metrics.get("AUC", fd.losses.get("mse")),
            "got 'AUC'; fd.diagnose.evaluate_classes tells it",
        ),
        (lambda: fd.metrics.from_config("R2Score", {"k": 1}), "arguments of R2Score"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("name", "metrics", "weighted"),
    [
        ("binary logits", ["accuracy", fd.metrics.BinaryAccuracy(0.3), "binary_crossentropy"], ["rmse"]),
        ("sparse", ["acc", fd.metrics.SparseTopKCategoricalAccuracy(2)], ["acc"]),
        ("categorical", ["categorical_accuracy"], [fd.metrics.TopKCategoricalAccuracy(2)]),
        ("squared", [fd.losses.Huber(0.3), "mae"], ["huber", "mae"]),
    ],
)
def test_saved_loaded_and_copied(name, metrics, weighted, tmp_path):
    case = CASES[name]
    x, y = case.data(ROWS)
    model = case.model(metrics=metrics, weighted_metrics=weighted)
    model.save(tmp_path / "m")
    want = model.evaluate(x, y, sample_weight=WEIGHTS, return_dict=True)
    assert len(want) == 1 + len(metrics) + len(weighted)
    for again in (fd.load_model(tmp_path / "m"), copy.deepcopy(model)):
        assert again.evaluate(x, y, sample_weight=WEIGHTS, return_dict=True) == want
