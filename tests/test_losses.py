"""Losses of models: formulas, gradients, reductions, weights, targets, files, plans."""

import numpy as np
import pytest
from loss_cases import CASES, Case, K
from networks import weight_hash

import fastdnn as fd
from fastdnn import _core

BACKENDS = ["native", "reference"]
ROWS = 13


def each_case(function):
    return pytest.mark.parametrize("name", CASES)(function)


# ---- Values


@each_case
def test_a_function_of_arrays_is_the_formula(name):
    case = CASES[name]
    x, y = case.data(ROWS)
    predicted = case.model().predict(x)
    want = case.formula(np.asarray(y), predicted)
    np.testing.assert_allclose(case.make(reduction="none")(y, predicted), want, rtol=1e-12)
    np.testing.assert_allclose(case.make()(y, predicted), want.mean(), rtol=1e-12)
    np.testing.assert_allclose(case.make(reduction="sum")(y, predicted), want.sum(), rtol=1e-12)
    weights = np.linspace(0, 2, ROWS)
    weighted = case.make()(y, predicted, weights)
    np.testing.assert_allclose(weighted, (weights * want).mean(), rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@each_case
def test_a_model_has_the_same_losses(name, backend):
    case = CASES[name]
    x, y = case.data(ROWS)
    model, weights = case.model(backend=backend), np.linspace(0, 2, ROWS)
    predicted = model.predict(x)
    np.testing.assert_allclose(model.evaluate(x, y), case.make()(y, predicted), rtol=1e-12)
    got = model.evaluate(x, y, sample_weight=weights, batch_size=4)
    np.testing.assert_allclose(got, case.make()(y, predicted, weights), rtol=1e-12)


# ---- Gradients


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@each_case
def test_gradient_against_finite_differences(name, reduction):
    """By the reference, in float64: five points, an error of h⁴ and 1e-16 / h."""
    case, h = CASES[name], 1e-4
    x, y = case.data(ROWS)
    weights = np.linspace(0.5, 2, ROWS)
    model = case.model(backend="reference", loss=case.make(reduction=reduction))
    _, gradients = model.loss_and_gradients(x, y, weights)
    start = model.get_weights()
    rng = np.random.default_rng(1)
    for number, gradient in enumerate(gradients.values()):
        for flat in rng.choice(gradient.size, size=min(3, gradient.size), replace=False):
            losses = []
            for step in (-2, -1, 1, 2):
                moved = [array.copy() for array in start]
                moved[number].reshape(-1)[flat] += step * h
                model.set_weights(moved)
                losses.append(model.evaluate(x, y, sample_weight=weights))
            got = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * h)
            np.testing.assert_allclose(got, gradient.reshape(-1)[flat], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@each_case
def test_both_executors_train_alike(name, reduction):
    """Weighted steps, the last one short."""
    case = CASES[name]
    x, y = case.data(ROWS)
    weights, results = np.linspace(0, 2, ROWS), []
    for backend in BACKENDS:
        optimizer = fd.optimizers.SGD(0.1 if reduction == "mean" else 0.01)
        loss = case.make(reduction=reduction)
        model = case.model(backend=backend, optimizer=optimizer, loss=loss)
        history = model.fit(x, y, batch_size=5, epochs=3, sample_weight=weights, validation_data=(x, y))
        results.append((history.history, model.get_weights()))
    (native, ours), (reference, theirs) = results
    for figure in ("loss", "val_loss"):
        np.testing.assert_allclose(native[figure], reference[figure], rtol=1e-11, equal_nan=False)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13, equal_nan=False)
    assert native["loss"][-1] < native["loss"][0]


@each_case
def test_float32_is_near(name):
    """By the roundings of a few dozen operations of numbers of order one."""
    case = CASES[name]
    x, y = case.data(ROWS)
    wide, narrow = (case.model(dtype=dtype) for dtype in ("float64", "float32"))
    narrow.set_weights(wide.get_weights())
    np.testing.assert_allclose(narrow.evaluate(x, y), wide.evaluate(x, y), rtol=64 * 2.0**-24)


# ---- Reductions


def squares(**arguments):
    return fd.losses.MeanSquaredError(**arguments)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_gradient_of_a_sum_is_not_divided(backend):
    case = CASES["squared"]
    x, y = case.data(ROWS)
    weights = np.linspace(0, 2, ROWS)
    mean, total = (case.model(backend=backend, loss=squares(reduction=word)) for word in ("mean", "sum"))
    (mean_loss, mean_gradients), (loss, gradients) = (
        model.loss_and_gradients(x, y, weights, inputs=True) for model in (mean, total)
    )
    np.testing.assert_allclose(loss, ROWS * mean_loss, rtol=1e-13)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, ROWS * mean_gradients[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sum_is_reported_over_all_examples(backend):
    """Whatever the batches: of an epoch that changes nothing, an evaluation, and validation data."""
    case = CASES["huber"]
    x, y = case.data(ROWS)
    weights = np.linspace(0, 2, ROWS)
    loss = case.make(reduction="sum")
    model = case.model(backend=backend, optimizer=fd.optimizers.SGD(0.0), loss=loss)
    want = loss(y, model.predict(x), weights)
    for batch_size in (1, 4, ROWS, 100):
        fitted = model.fit(
            x, y, batch_size=batch_size, sample_weight=weights, validation_data=(x, y, weights)
        )
        figures = [fitted.history["loss"][0], fitted.history["val_loss"][0]]
        figures.append(model.evaluate(x, y, batch_size=batch_size, sample_weight=weights))
        batches = [(x[i : i + 4], y[i : i + 4], weights[i : i + 4]) for i in range(0, ROWS, 4)]
        figures.append(model.evaluate(iter(batches)))
        np.testing.assert_allclose(figures, want, rtol=1e-12)
    np.testing.assert_allclose(model.train_on_batch(x, y, weights), want, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_mean_and_a_sum_for_two_outputs(backend):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(ROWS, 5)), rng.normal(size=(ROWS, 1))
    first, weights = fd.Input((5,)), {"a": np.linspace(0, 1, ROWS)}
    outputs = {name: fd.layers.Dense(1, name=f"of_{name}")(first) for name in "ab"}
    model = fd.Model(first, outputs, seed=0, dtype="float64")
    losses = {"a": squares(reduction="sum"), "b": squares()}
    model.compile("sgd", losses, loss_weights={"a": 0.5, "b": 3.0}, backend=backend)
    predicted = model.predict(x)
    want = {
        "a_loss": losses["a"](y, predicted["a"], weights["a"]),
        "b_loss": losses["b"](y, predicted["b"]),
    }
    got = model.evaluate(x, {"a": y, "b": y}, sample_weight=weights, batch_size=4, return_dict=True)
    want = {"loss": 0.5 * want["a_loss"] + 3 * want["b_loss"], **want}
    assert got == pytest.approx(want, rel=1e-12)
    total, gradients = model.loss_and_gradients(x, {"a": y, "b": y}, weights)
    assert total == pytest.approx(want["loss"], rel=1e-12)
    slopes = {
        "a": 0.5 * 2 * weights["a"][:, None] * (predicted["a"] - y),
        "b": 3.0 * 2 / ROWS * (predicted["b"] - y),
    }
    for name, slope in slopes.items():
        np.testing.assert_allclose(gradients[f"of_{name}/kernel"], x.T @ slope, rtol=1e-11, atol=1e-13)


def test_words_of_keras_for_reductions():
    assert squares(reduction="sum_over_batch_size").reduction == "mean"
    assert squares(reduction=None).reduction == "none"
    with pytest.raises(ValueError, match=r"\[MeanSquaredError\] expected a reduction, .* got 'average'"):
        squares(reduction="average")


def test_nothing_is_trained_on_losses_that_are_not_reduced():
    case = CASES["huber"]
    model = case.model()
    before = model.compiled
    with pytest.raises(ValueError, match="'mean' or 'sum' of 'huber_loss', got 'none'"):
        model.compile("sgd", fd.losses.Huber(reduction="none"))
    assert model.compiled is before


# ---- Label smoothing, by hand


@pytest.mark.parametrize("kind", ["SparseCategoricalCrossentropy", "CategoricalCrossentropy"])
@pytest.mark.parametrize(
    ("mode", "on", "off"),
    [("k", 1 - 0.1 + 0.1 / 4, 0.1 / 4), ("k-1", 1 - 0.1, 0.1 / 3)],
)
def test_smoothed_labels_by_hand(kind, mode, on, off):
    """Deck 004: 1 becomes 1 - ε and 0 becomes ε / (k - 1); Keras spreads ε over all k."""
    z = np.array([[2.0, -1.0, 0.5, 0.0]])
    p = np.exp(z[0]) / np.exp(z[0]).sum()
    loss = getattr(fd.losses, kind)(from_logits=True, label_smoothing=0.1, label_smoothing_mode=mode)
    want = -(on * np.log(p[2]) + off * np.log(p[[0, 1, 3]]).sum())
    np.testing.assert_allclose(loss([2], z), want, rtol=1e-14)


@pytest.mark.parametrize("mode", ["k", "k-1"])
def test_smoothed_labels_are_what_the_loss_takes(mode):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(ROWS, 4)), rng.integers(4, size=ROWS)
    smoothed = fd.losses.smooth_labels(y, 0.2, mode=mode, classes=4)
    np.testing.assert_array_equal(smoothed, fd.losses.smooth_labels(np.eye(4)[y], 0.2, mode=mode))
    np.testing.assert_allclose(smoothed.sum(axis=1), 1, rtol=1e-14)
    loss = fd.losses.SparseCategoricalCrossentropy(
        from_logits=True, label_smoothing=0.2, label_smoothing_mode=mode
    )
    want = fd.losses.CategoricalCrossentropy(from_logits=True)(smoothed, z)
    np.testing.assert_allclose(loss(y, z), want, rtol=1e-13)
    for wrong, message in [
        (lambda: fd.losses.smooth_labels(y, 0.2), "classes as a whole number >= 1, got None"),
        (lambda: fd.losses.smooth_labels(y, 0.2, classes=2), "labels as whole numbers from 0 to 1"),
        (lambda: fd.losses.smooth_labels(y, 1.0, classes=4), "0 <= label_smoothing < 1"),
        (lambda: fd.losses.smooth_labels(y, 0.2, mode="all", classes=4), "a mode, one of"),
        (lambda: fd.losses.smooth_labels([[1.0]], 0.2, mode="k-1"), "at least two classes"),
    ]:
        with pytest.raises(ValueError, match=message):
            wrong()


def test_smoothed_yes_and_no_by_hand():
    loss = fd.losses.BinaryCrossentropy(label_smoothing=0.2)
    want = -(0.9 * np.log(0.7) + 0.1 * np.log(0.3))
    np.testing.assert_allclose(loss([1], [0.7]), want, rtol=1e-14)


def test_smoothing_that_cannot_be():
    for kind in (fd.losses.BinaryCrossentropy, fd.losses.CategoricalCrossentropy):
        for wrong in (-0.1, 1.0, np.nan, "some"):
            with pytest.raises(ValueError, match="0 <= label_smoothing < 1"):
                kind(label_smoothing=wrong)
    with pytest.raises(ValueError, match="label_smoothing_mode, one of"):
        fd.losses.CategoricalCrossentropy(label_smoothing_mode="k+1")
    sparse = fd.losses.SparseCategoricalCrossentropy(label_smoothing=0.1)
    with pytest.raises(ValueError, match="logits or a softmax, for label_smoothing of labels"):
        CASES["sparse of another make"].model(loss=sparse)
    with pytest.raises(ValueError, match="logits or a softmax"):
        sparse([1], [[0.5, 0.5]])
    alone = fd.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.1, label_smoothing_mode="k-1"
    )
    model = fd.Sequential([fd.layers.Input((5,)), fd.layers.Dense(1)], seed=0)
    with pytest.raises(ValueError, match="at least two classes"):
        model.compile("sgd", alone)


# ---- Targets


def with_value(case, value, row=7, column=1):
    x, y = case.data(ROWS)
    y = np.array(y, np.float64)
    y[row, column] = value
    return x, y


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("binary", 2.0, r"y as 0 and 1, or probabilities between, got 2.0 in row 7, column 1"),
        ("binary", -1.0, r"got -1.0 in row 7, column 1; -1 and 1 are labels of the hinge losses"),
        ("binary logits", 1.5, r"got 1.5 in row 7, column 1"),
        ("hinge", 0.5, r"labels -1 and 1, or 0 and 1, got 0.5 in row 7, column 1"),
        ("hinge", 0.0, r"got 0.0 in row 7, column 1; there are -1 and 0 in it"),
        ("squared hinge", 2.0, r"got 2.0 in row 7, column 1"),
        ("kl", -0.25, r"y >= 0, a distribution over the outputs, got -0.25 in row 7, column 1"),
        ("kl", 3.0, r"rows of y with the sum 1, got the sum 3\.\d+ in row 7"),
        ("categorical", -0.5, r"y >= 0, a distribution over the classes, got -0.5 in row 7, column 1"),
        ("huber", np.nan, r"finite y, got nan in row 7, column 1"),
    ],
)
def test_values_that_a_loss_is_not_defined_for(name, value, message):
    case = CASES[name]
    x, y = with_value(case, value)
    model = case.model()
    before = weight_hash(model)
    for call in (model.fit, model.evaluate, model.train_on_batch, model.loss_and_gradients):
        with pytest.raises(ValueError, match=message):
            call(x, y)
    with pytest.raises(ValueError, match=message):
        case.make()(y, model.predict(x))
    assert weight_hash(model) == before


@pytest.mark.parametrize("name", ["binary", "hinge of 0 and 1", "squared", "huber"])
def test_forms_of_targets_of_one_output(name):
    """(n,) and (n, 1), booleans, small integers and floats."""
    case = CASES[name]
    x = case.data(ROWS)[0]
    y = np.arange(ROWS) % 2
    losses = set()
    for target in (y, y[:, None], y.astype(bool), y.astype(np.uint8), y.astype(np.float32), y.tolist()):
        layers = [fd.layers.Input((5,)), fd.layers.Dense(1, activation=case.activation)]
        model = fd.Sequential(layers, seed=0)
        model.compile("sgd", case.make())
        losses.add((model.evaluate(x, target), *model.fit(x, target, epochs=2).history["loss"]))
        assert case.make()(target, model.predict(x)) == pytest.approx(model.evaluate(x, target), rel=1e-6)
    assert len(losses) == 1


def test_a_column_of_labels():
    for name in ("sparse", "categorical"):
        case = CASES[name]
        x, y = case.data(ROWS)
        labels = y if y.ndim == 1 else y.argmax(axis=1)
        model = case.model()
        assert model.evaluate(x, labels[:, None]) == model.evaluate(x, labels) == model.evaluate(x, y)


def test_class_weights_of_yes_and_no():
    """A chance above 1/2 counts as yes."""
    is_one = np.arange(ROWS) % 2 == 1
    for name, yes, no in [("binary", 1, 0), ("binary", 0.6, 0.4), ("hinge", 1, -1), ("hinge", 1, 0)]:
        case, y = CASES[name], np.where(is_one, yes, no)
        x, results = case.data(ROWS)[0], []
        weights = np.where(is_one, 3.0, 0.5)
        for given in ({"class_weight": {0: 0.5, 1: 3.0}}, {"sample_weight": weights}):
            layers = [fd.layers.Input((5,)), fd.layers.Dense(1, activation=case.activation)]
            model = fd.Sequential(layers, seed=0)
            model.compile("sgd", case.make())
            results.append((model.fit(x, y, epochs=2, **given).history["loss"], weight_hash(model)))
        assert results[0] == results[1]
        with pytest.raises(ValueError, match="classes from 0 to 1 in class_weight, got 2"):
            model.fit(x, y, class_weight={2: 1.0})


# ---- Probabilities and logits


def test_a_sigmoid_is_seen_through():
    """The loss of a sigmoid's output has the bits of that of its input, and does not saturate."""
    case = CASES["binary"]
    x, y = case.data(ROWS)
    with_sigmoid, of_logits = case.model(), CASES["binary logits"].model()
    assert with_sigmoid.evaluate(100 * x, y) == of_logits.evaluate(100 * x, y)
    for model in (with_sigmoid, of_logits):
        model.fit(x, y, epochs=2)
    assert weight_hash(with_sigmoid) == weight_hash(of_logits)


@pytest.mark.parametrize(
    "kind", ["BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy"]
)
def test_outputs_that_are_not_what_from_logits_says(kind):
    for activation in ("softmax", "sigmoid", "logistic_normalize"):
        with pytest.raises(ValueError, match=f"logits from the last layer, got probabilities .{activation}"):
            Case(kind, None, activation=activation).model(loss=getattr(fd.losses, kind)(from_logits=True))
    for activation in (None, "tanh", "log_softmax", "gelu"):
        with pytest.raises(ValueError, match=r"probabilities from a .* or from_logits=True"):
            Case(kind, None, activation=activation).model()


def test_outputs_normalised_by_logistic_functions_have_their_own_gradient():
    """Deck 001; ŷ - y does not hold there: the slope is ŷ_j s(-z_j) (...), which vanishes for large z."""
    case = CASES["sparse of another make"]
    x, y = case.data(ROWS)
    _, gradients = case.model().loss_and_gradients(x, y)
    difference = (case.model().predict(x) - np.eye(K)[y]) / ROWS
    assert np.abs(gradients["last/bias"] - difference.sum(axis=0)).max() > 0.01


# ---- Not finite


@each_case
def test_a_loss_that_is_not_finite_changes_nothing(name):
    case = CASES[name]
    x, y = case.data(ROWS)
    model = case.model()
    broken = [np.full_like(array, np.nan) for array in model.get_weights()]
    model.set_weights(broken)
    with pytest.raises(fd.NonFiniteLossError, match="epoch 1, step 1"):
        model.fit(x, y, batch_size=5)
    assert np.isnan(model.evaluate(x, y))
    assert np.isnan(case.make()(y, np.full((ROWS, K), np.nan)))


# ---- Names, files, plans


@each_case
def test_saved_and_loaded(name, tmp_path):
    case = CASES[name]
    x, y = case.data(ROWS)
    loss = case.make(reduction="sum", name="mine")
    model = case.model(loss=loss, optimizer=fd.optimizers.SGD(0.01))
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m")
    assert type(again.compiled.loss) is type(loss)
    assert again.compiled.loss.get_config() == loss.get_config()
    assert fd.losses.from_config(type(loss).__name__, loss.get_config()).get_config() == loss.get_config()
    for one in (model, again):
        one.fit(x, y, epochs=2)
    assert weight_hash(model) == weight_hash(again)


def test_loaded_without_what_compile_settled(tmp_path):
    case = CASES["huber"]
    x, _ = case.data(ROWS)
    model = case.model(metrics=["mae"])
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m", compile=False)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    with pytest.raises(ValueError, match="a compiled model"):
        again.evaluate(x, x)


def test_names():
    for string, kind in {
        "mse": "MeanSquaredError",
        "mean_absolute_error": "MeanAbsoluteError",
        "MeanAbsoluteError": "MeanAbsoluteError",
        "mae": "MeanAbsoluteError",
        "MAE": "MeanAbsoluteError",
        "huber": "Huber",
        "log_cosh": "LogCosh",
        "binary_crossentropy": "BinaryCrossentropy",
        "kl_divergence": "KLDivergence",
        "kld": "KLDivergence",
        "hinge": "Hinge",
        "squared_hinge": "SquaredHinge",
    }.items():
        assert type(fd.losses.get(string)).__name__ == kind
    for wrong, message in {
        "hubert": "did you mean 'huber'",
        "sparse_crossentropy": "did you mean 'sparse_categorical_crossentropy'",
        3: "a loss of fastdnn.losses or its name",
        fd.losses.Huber: "write it with parentheses",
    }.items():
        with pytest.raises(ValueError, match=message):
            fd.losses.get(wrong)
    with pytest.raises(ValueError, match="arguments of Huber"):
        fd.losses.from_config("Huber", {"gamma": 1})
    with pytest.raises(ValueError, match="a loss, one of"):
        fd.losses.from_config("Pinball", {})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fd.losses.Huber(0.0), r"\[Huber\] expected a finite 0 < delta, got 0.0"),
        (lambda: fd.losses.Huber(np.inf), "delta"),
        (lambda: squares(outputs="max"), r"outputs, one of mean, sum, got 'max'"),
        (lambda: squares(name=""), "name as a string"),
        (lambda: squares()([1.0], [[[1.0]]]), r"y_pred of shape \(examples, outputs\)"),
        (lambda: squares()([1.0], ["one"]), "y_pred as an array of numbers"),
        (lambda: squares()([1.0, 2.0], [1.0]), "as many rows in y as in x, 1, got 2"),
        (lambda: squares()([1.0], [1.0], [-1.0]), "sample weights >= 0"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@each_case
def test_loss_and_gradient_are_one_pass(name, reduction):
    case = CASES[name]
    model = case.model(loss=case.make(reduction=reduction))
    plan = _core.Plan(model.training_program().to_native(), model.weights.native, 8)
    passes = [step["ops"] for step in plan.describe() if case.operation in step["ops"]]
    assert passes == [[case.operation, f"{case.operation}_backward"]]


def test_a_text_of_the_plan_names_the_pass():
    lines = []
    CASES["huber"].model().plan(print_fn=lines.append)
    assert "huber + huber_backward" in lines[0]
