"""A compiled classifier class by class: what it reads from models of all kinds, and what it advises."""

import numpy as np
import pytest

import fastdnn as fd
from fastdnn.diagnose import evaluate_classes
from fastdnn.reference.softmax import softmax

L = fd.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(240, 4))
Y3 = np.digitize(X[:, 0] + 0.3 * RNG.normal(size=240), [-0.5, 0.7])
Y2 = (X[:, 1] + 0.3 * RNG.normal(size=240) > 0).astype(int)


def network(outputs, activation, loss, y, epochs=15):
    model = fd.Sequential(
        [L.Input((4,)), L.Dense(8, activation="relu"), L.Dense(outputs, activation=activation)], seed=0
    )
    model.compile(fd.optimizers.Adam(0.02), loss)
    if epochs:
        model.fit(X, y, epochs=epochs)
    return model


@pytest.fixture(scope="module")
def three():
    return network(3, "softmax", "sparse_categorical_crossentropy", Y3)


def kinds(found):
    return [advice.kind for advice in found.advice]


def test_all_figures_are_those_of_the_functions(three):
    names = ["low", "middle", "high"]
    found = evaluate_classes(three, X, Y3, classes=names)
    p = three.predict(X).astype(np.float64)
    said = p.argmax(axis=1)
    assert found.classes == tuple(names)
    np.testing.assert_array_equal(found.predicted, said)
    np.testing.assert_allclose(found.probabilities, p, atol=1e-6)
    np.testing.assert_array_equal(found.confusion, fd.diagnose.confusion_matrix(Y3, said, 3))
    assert found.error == (said != Y3).mean()
    assert found.classification_report.text() == fd.diagnose.classification_report(Y3, said, names).text()
    assert found.auc == pytest.approx(fd.diagnose.roc_auc(Y3, p), abs=1e-9)
    assert found.roc_curve("middle").auc == pytest.approx(found.class_auc[1])
    curve = fd.diagnose.precision_recall_curve(Y3, p[:, 2], positive=2)
    assert found.precision_recall_curve("high").average_precision == pytest.approx(curve.average_precision)
    assert found.class_average_precision[2] == pytest.approx(curve.average_precision)
    assert found.calibration.log_loss == pytest.approx(three.evaluate(X, Y3), rel=1e-5)
    assert found.trust.error == found.error
    assert found.top_k.accuracy[0] == 1 - found.error
    low, high = found.error_interval
    assert low < found.error < high
    assert found.guess_error == 1 - np.bincount(Y3).max() / 240
    text = str(found)
    for word in ("low", "weighted avg", "taken for", "ROC-AUC", "temperature", "95 % interval"):
        assert word in text, word


def test_logits_one_hot_labels_and_names_give_the_same(three):
    logits = network(3, None, fd.losses.CategoricalCrossentropy(from_logits=True), np.eye(3)[Y3])
    first = evaluate_classes(logits, X, Y3)
    assert first.calibration.from_logits
    np.testing.assert_allclose(first.probabilities, softmax(logits.predict(X)))
    hot = evaluate_classes(logits, X, np.eye(3)[Y3])
    assert (hot.error, hot.auc) == (first.error, first.auc)
    names = np.array(["a", "b", "c"])
    assert evaluate_classes(three, X, names[Y3], classes=names).error == evaluate_classes(three, X, Y3).error
    assert evaluate_classes(three, X, np.eye(3)[Y3]).error == evaluate_classes(three, X, Y3).error


@pytest.mark.parametrize("from_logits", [False, True])
def test_a_single_output_of_yes_and_no(from_logits):
    loss = fd.losses.BinaryCrossentropy(from_logits=from_logits)
    model = network(1, None if from_logits else "sigmoid", loss, Y2)
    found = evaluate_classes(model, X, Y2, classes=["no", "yes"])
    z = model.predict(X)[:, 0]
    assert found.error == ((z > (0 if from_logits else 0.5)) != Y2).mean()
    assert found.auc == pytest.approx(fd.diagnose.roc_auc(Y2, z))
    assert found.probabilities.shape == (240, 2)
    assert found.calibration.log_loss == pytest.approx(model.evaluate(X, Y2), rel=1e-5)
    assert found.top_k is None
    assert evaluate_classes(model, X, Y2[:, None].astype(bool)).error == found.error


def test_sigmoids_of_several_classes_are_normalised_as_in_001():
    model = network(3, "sigmoid", "binary_crossentropy", np.eye(3)[Y3])
    found = evaluate_classes(model, X, Y3)
    p = model.predict(X).astype(np.float64)
    np.testing.assert_allclose(found.probabilities, p / p.sum(axis=1, keepdims=True))
    assert found.trust.kind == "logistic"
    np.testing.assert_allclose(found.trust.raw, p.max(axis=1))
    assert evaluate_classes(model, X, np.eye(3)[Y3]).error == found.error


def test_classes_of_the_models_table():
    column = fd.data.table_column.Column
    words = np.array(["high", "low", "middle"])
    texts = column("level", "category", np.array([1, 2, 0])[Y3].astype(np.int32), tuple(words))
    columns = {f"x{i}": column(f"x{i}", "number", X[:, i]) for i in range(4)}
    table = fd.data.table.Table({**columns, "level": texts}, "level", "made", np.arange(240))
    encoder = fd.data.TableEncoder().fit(table)
    x, y = encoder.xy(table)
    model = network(3, "softmax", "sparse_categorical_crossentropy", Y3, epochs=0)
    model.fit(x, y, epochs=10)
    model.table = encoder
    found = evaluate_classes(model, x, y)
    assert found.classes == ("high", "low", "middle")
    assert evaluate_classes(model, x, words[y]).error == found.error


def test_other_forms_of_model_and_data(three):
    a, b = fd.Input((2,), name="a"), fd.Input((2,), name="b")
    end = L.Dense(3, activation="softmax", name="end")(L.Concatenate()([a, b]))
    model = fd.Model([a, b], {"end": end}, seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    x = {"a": X[:, :2], "b": X[:, 2:]}
    said = model.predict(x)["end"].argmax(axis=1)
    assert evaluate_classes(model, x, Y3).error == (said != Y3).mean()
    assert evaluate_classes(model, x, {"end": Y3}).error == (said != Y3).mean()
    sparse = pytest.importorskip("scipy.sparse")
    assert evaluate_classes(three, sparse.csr_matrix(X), Y3).error == evaluate_classes(three, X, Y3).error


class OwnCrossentropy:
    """-log softmax(z)[label], written by a user."""

    name = "own"
    integer_targets = True

    def value_and_gradient(self, y, y_hat):
        p = softmax(y_hat)
        hot = np.eye(3)[y.astype(int)]
        return -np.log((p * hot).sum(axis=1)), p - hot


def test_a_loss_of_ones_own_needs_a_word_on_the_outputs():
    model = network(3, None, OwnCrossentropy(), Y3)
    with pytest.raises(ValueError, match='of a loss of your own say what the model gives: outputs="prob'):
        evaluate_classes(model, X, Y3)
    found = evaluate_classes(model, X, Y3, outputs="logits")
    assert found.error == (model.predict(X).argmax(axis=1) != Y3).mean() < 0.5
    assert evaluate_classes(model, X, np.eye(3)[Y3], outputs="logits").error == found.error
    assert found.smoothed_loss is None
    with pytest.raises(ValueError, match=r'expected probabilities from the model, .*; outputs="logits"'):
        evaluate_classes(model, X, Y3, outputs="probabilities")


def test_the_model_stays_as_it_was(three):
    before = [w.copy() for w in three.get_weights()], three.compiled.epochs_done, three.history
    evaluate_classes(three, X, Y3)
    with pytest.raises(ValueError, match="evaluate_classes"):
        evaluate_classes(three, X, Y3[:5])
    after = three.get_weights(), three.compiled.epochs_done, three.history
    assert all(np.array_equal(a, b) for a, b in zip(before[0], after[0], strict=True))
    assert before[1:] == after[1:]


def test_weights_of_rows(three):
    times = np.arange(240) % 3
    once = evaluate_classes(three, X, Y3, sample_weight=times)
    many = evaluate_classes(three, np.repeat(X, times, axis=0), np.repeat(Y3, times))
    for name in ("error", "auc", "average_precision"):
        assert getattr(once, name) == pytest.approx(getattr(many, name)), name
    assert once.calibration.temperature == pytest.approx(many.calibration.temperature)
    assert once.trust.curve.area == pytest.approx(many.trust.curve.area)
    np.testing.assert_allclose(once.scores.f1, many.scores.f1)


# ------------------------------------------------------------------------------------------- what it advises


def fixed(p, y, classes=None, sample_weight=None):
    """The evaluation of a network that says p (rows, classes), whatever the weights."""
    return evaluate_classes(
        fixed_model(p.shape[1]),
        np.log(np.maximum(p, 1e-6)),
        np.array(y),
        classes=classes,
        sample_weight=sample_weight,
    )


def fixed_model(k):
    model = fd.Sequential([L.Input((k,)), L.Dense(k, use_bias=False)], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.set_weights([np.eye(k)])
    return model


def sure(labels, k, p=0.9):
    found = np.full((len(labels), k), (1 - p) / (k - 1))
    found[np.arange(len(labels)), labels] = p
    return found


def test_the_class_with_the_largest_error_is_named():
    y = np.repeat([0, 1, 2], 50)
    said = y.copy()
    said[100:120] = 0
    found = fixed(sure(said, 3), y, ["ant", "bee", "cat"])
    advice = {each.kind: each for each in found.advice}
    assert "'cat' has the largest error" in advice["worst_class"].text
    assert advice["worst_class"].evidence.startswith("40.0 % of its 50 examples are wrong, of all 13.3 %")
    assert advice["worst_class"].code == (
        "print(x_dev[[100, 101, 102, 103, 104, 105, 106, 107, 108, 109]], "
        "y_dev[[100, 101, 102, 103, 104, 105, 106, 107, 108, 109]])"
    )
    assert "'cat' is taken for 'ant'" in advice["confused_pair"].text
    assert advice["balanced"].severity == "good"


def test_a_rare_class_gets_a_weight():
    y = np.repeat([0, 1], [180, 20])
    said = y.copy()
    said[180:195] = 0
    found = fixed(sure(said, 2), y)
    advice = {each.kind: each for each in found.advice}
    assert advice["imbalance"].severity == "warning"
    assert advice["imbalance"].code == (
        "better = fd.diagnose.fresh_copy(model)\n"
        "better.fit(x, y, epochs=max(20, model.compiled.epochs_done), class_weight={0: 0.556, 1: 5.0})"
    )
    fine = fixed(sure(y, 2), y)
    assert {each.kind: each for each in fine.advice}["imbalance"].severity == "good"


def test_a_network_that_always_says_the_same():
    y = np.repeat([0, 1, 2], [60, 30, 30])
    found = fixed(sure(np.zeros(120, int), 3, 0.5), y)
    advice = {each.kind: each for each in found.advice}
    assert advice["no_better_than_guessing"].severity == "warning"
    assert "never says '1', '2'" in advice["never_predicted"].text
    assert not {"calibrated", "over_confident"} & set(advice)  # nothing to be calibrated


def test_a_perfect_network_is_told_so():
    y = np.repeat([0, 1, 2], 40)
    found = fixed(sure(y, 3, 0.999), y)
    assert {advice.severity for advice in found.advice} == {"good"}
    assert found.error == 0


def test_every_line_of_code_runs(three):
    """With the names model, x, y; over all kinds of outputs, on data that give advice of all kinds."""
    ran = set()
    hot, rare = np.eye(3)[Y3], (Y2 & (np.arange(240) % 6 == 0)).astype(int)
    mixed = np.where(np.arange(240) % 3 == 0, Y3[::-1], Y3)
    cases = [
        (network(3, "softmax", "sparse_categorical_crossentropy", Y3, 150), mixed),
        (network(3, "softmax", "sparse_categorical_crossentropy", Y3, 150), Y3[::-1].copy()),
        (network(3, None, fd.losses.CategoricalCrossentropy(from_logits=True), hot, 150), hot[::-1].copy()),
        (network(3, "sigmoid", "binary_crossentropy", hot, 5), hot),
        (network(1, "sigmoid", "binary_crossentropy", rare, 40), rare),
        (network(1, None, fd.losses.BinaryCrossentropy(from_logits=True), Y2, 100), Y2[::-1].copy()),
    ]
    for model, y in cases:
        for wanted in (None, 0.05):
            found = evaluate_classes(model, X, y, wanted_error=wanted)
            for advice in found.advice:
                names = {"fd": fd, "np": np, "model": model, "x": X, "y": y, "x_dev": X, "y_dev": y}
                exec(advice.code, names)
                if advice.code:
                    ran.add(advice.kind)
    assert ran >= {"over_confident", "label_smoothing", "threshold", "worst_class", "sure_mistakes"}


def test_one_row_or_one_class(three):
    assert evaluate_classes(three, X[:1], Y3[:1]).auc is None
    found = evaluate_classes(three, X[Y3 == 1], Y3[Y3 == 1])
    assert found.average_precision is None
    assert "no_examples" in kinds(found)
    assert str(found)
    with pytest.raises(ValueError, match="rows of '2' and of others"):
        found.roc_curve()


# ----------------------------------------------------------------------------------------- what it refuses


def two_outputs():
    x = fd.Input((4,))
    model = fd.Model(x, [L.Dense(1, name="a")(x), L.Dense(2, name="b")(x)])
    model.compile("adam", "mse")
    return model


def unbuilt():
    model = fd.Sequential([L.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def weights_of_nan():
    model = network(3, "softmax", "sparse_categorical_crossentropy", Y3, 0)
    model.set_weights([w * 0 + 1e38 for w in model.get_weights()])
    return model


@pytest.mark.parametrize(
    ("model", "x", "y", "words"),
    [
        (lambda: 3, X, Y3, "a fastdnn model, got 3"),
        (unbuilt, X, Y3, "a model that is built"),
        (lambda: fd.Sequential([L.Input((4,)), L.Dense(3)]), X, Y3, "a compiled model"),
        (two_outputs, X, Y3, "a model with one output, got 2"),
        (lambda: network(1, None, "hinge", Y2, 0), X, Y2, "a classifier, with a cross-entropy as its loss"),
        (lambda: network(1, None, "mse", Y2, 0), X, Y2, "a classifier, .*got mean_squared_error"),
        (
            lambda: network(1, "softmax", "sparse_categorical_crossentropy", Y2 * 0, 0),
            X,
            Y2 * 0,
            "two outputs at least, .*needs a sigmoid",
        ),
        (
            lambda: network(3, "sigmoid", "binary_crossentropy", np.eye(3)[Y3], 0),
            X,
            np.ones((240, 3)),
            r"y as labels, or rows of zeros and a single 1, got \[1.0, 1.0, 1.0\] in row 0",
        ),
        (
            lambda: network(3, None, fd.losses.BinaryCrossentropy(from_logits=True), np.eye(3)[Y3], 0),
            X,
            Y3,
            "one logit, or sigmoids, got 3 logits",
        ),
        (weights_of_nan, X, Y3, "finite outputs of the model.*lower learning rate"),
    ],
)
def test_models_that_do_not_fit(model, x, y, words):
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match=rf"^\[evaluate_classes\] expected {words}"),
    ):
        evaluate_classes(model(), x, y)


@pytest.mark.parametrize(
    ("x", "y", "options", "words"),
    [
        (X, None, {}, "y, the right labels"),
        (X, Y3[:5], {}, "as many rows in y as in x"),
        (X, Y3 + 1, {}, "labels as whole numbers from 0 to 2, got 3"),
        (X[:, :3], Y3, {}, r"x of shape \(examples, 4\)"),
        (X[:, :, None], Y3, {}, "x of shape"),
        (((X, Y3) for _ in range(1)), Y3, {}, "x as arrays, got what makes batches"),
        (X, Y3, {"classes": ["a", "b"]}, "3 classes, as the model has, got 2"),
        (
            X,
            np.full(240, "d"),
            {"classes": ["a", "b", "c"]},
            "y as labels of the 3 classes, got 'd' in row 0",
        ),
        (X, Y3, {"outputs": "logit"}, "outputs, one of logits, probabilities"),
        (X, Y3, {"sample_weight": np.zeros(240)}, "a sample weight above 0"),
        (X, Y3, {"sample_weight": np.ones(3)}, "sample_weight as one number per example, 240, got 3"),
    ],
)
def test_data_that_do_not_fit(three, x, y, options, words):
    with pytest.raises(ValueError, match=rf"^\[evaluate_classes\] expected {words}"):
        evaluate_classes(three, x, y, **options)


def test_what_guessing_would_do_is_said_as_an_error():
    text = str(fixed(sure(np.zeros(120, int), 3, 0.5), np.repeat([0, 1, 2], [60, 30, 30])))
    assert text.splitlines()[0].endswith("; always guessing '0' errs on 50.00 %")


def test_a_rare_class_that_is_ranked_well_is_learnt():
    """Right no more often than a guess, and yet it knows much."""
    y = np.repeat([0, 1], [190, 10])
    p = np.where(y == 1, 0.4, 0.02)
    advice = {each.kind: each for each in fixed(np.stack([1 - p, p], axis=1), y).advice}
    said = advice["no_better_than_guessing"]
    assert "learnt nothing" not in said.text
    names = {"fd": fd, "model": fixed_model(2), "x_dev": np.log(np.stack([1 - p, p], axis=1)), "y_dev": y}
    exec(said.code, names)
    np.testing.assert_array_equal(names["says_it"], y == 1)  # at that threshold


def test_intervals_do_not_depend_on_the_scale_of_weights(three):
    wrong = Y3.copy()
    wrong[::4] = 0
    plain = evaluate_classes(three, X, wrong)
    scaled = evaluate_classes(three, X, wrong, sample_weight=np.full(240, 0.01))
    half = np.arange(240) % 2
    some = evaluate_classes(three, X, wrong, sample_weight=3 * half)
    kept = evaluate_classes(three, X[half == 1], wrong[half == 1])
    for one, two in ((plain, scaled), (kept, some)):
        np.testing.assert_allclose(one.error_interval, two.error_interval)
        np.testing.assert_allclose(one.class_rows, two.class_rows)
        assert ("worst_class" in kinds(one)) == ("worst_class" in kinds(two))
    assert "worst_class" in kinds(plain)


def test_a_network_that_has_learnt_nothing_is_told_that_alone():
    """Which class is worst, never said or confused is chance then."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        y, z = rng.integers(4, size=400), 0.3 * rng.normal(size=(400, 4))
        found = fixed(softmax(z + np.array([0, 0, 0.4, -3])), y)  # says the last one never
        assert not found.has_learnt
        advice = {each.kind: each for each in found.advice}
        chance = {"worst_class", "confused_pair", "sure_mistakes", "blind_measure", "far_misses"}
        assert not chance & set(advice)
        bad = [each.kind for each in found.advice if each.is_trouble]
        assert set(bad) <= {"no_better_than_guessing"}
        never = advice["never_predicted"]
        assert "has not clearly learnt anything yet" in never.text


def test_a_rare_class_that_is_sometimes_found_is_learnt():
    """Right hardly more often than a guess: 92.5 % of 90 %; but 5 of 5 that it says are right."""
    y = np.repeat([0, 1], [180, 20])
    said = y.copy()
    said[180:195] = 0
    found = fixed(sure(said, 2), y)
    assert not found.calibration.above_guessing
    assert found.has_learnt
    assert found.advice[0].kind == "imbalance"


def test_a_class_without_weight_has_no_curve():
    found = fixed(sure(np.arange(30) % 3, 3), np.arange(30) % 3, sample_weight=(np.arange(30) % 3 != 2) * 1.0)
    assert np.isnan(found.class_auc[2])
    for curve in (found.roc_curve, found.precision_recall_curve):
        with pytest.raises(
            ValueError, match="rows of '2' and of others, got 0 of 20; rows of weight 0 do not"
        ):
            curve(2)


@pytest.mark.parametrize("scale", [1e-200, 1e-3, 1e200])
def test_nothing_said_depends_on_the_scale_of_weights(scale):
    rng = np.random.default_rng(1)
    y, w = rng.integers(3, size=90), rng.uniform(0.5, 2, 90)
    p = softmax(rng.normal(size=(90, 3)) + 2 * np.eye(3)[y])
    one, other = fixed(p, y, sample_weight=w), fixed(p, y, sample_weight=scale * w)
    assert kinds(one) == kinds(other)
    assert one.error_interval == pytest.approx(other.error_interval)
    np.testing.assert_allclose(one.class_auc, other.class_auc)
    assert one.calibration.gap_error == pytest.approx(other.calibration.gap_error)


def test_a_pair_that_is_confused_is_counted_in_rows():
    """A few rows are no pair, whatever they weigh; many are, however light."""
    y = np.repeat([0, 1, 2], 50)
    for rows, wanted in ((2, "spread_confusion"), (20, "confused_pair")):
        said = y.copy()
        said[:rows] = 1
        for weight in (1e-3, 1.0, 1e3):
            assert wanted in kinds(fixed(sure(said, 3), y, sample_weight=np.full(150, weight)))


def test_the_advised_threshold_accepts_the_same_rows(three):
    """Probabilities in float32 have sums beside 1, and thresholds next to 1 all their digits."""
    model = network(3, "softmax", "sparse_categorical_crossentropy", Y3, 300)
    model.set_weights([4 * weight for weight in model.get_weights()])
    for each in (three, model):
        for wanted in (0.0, 0.02, 0.05):
            found = evaluate_classes(each, X, Y3, wanted_error=wanted)
            codes = [advice.code for advice in found.advice if advice.kind == "threshold"]
            for code in codes:
                names = {"fd": fd, "model": each, "x": X}
                exec(code, names)
                np.testing.assert_array_equal(names["sure"], found.trust.accepted)
    assert codes


def test_labels_of_objects_are_numbers_or_texts(three):
    found = evaluate_classes(three, X, Y3.astype(object))
    assert found.error == evaluate_classes(three, X, Y3).error
    with pytest.raises(ValueError, match="None in row 3; leave out rows without a label"):
        evaluate_classes(three, X, np.array([0, 1, 2, None] * 60, object))


def test_advice_that_trains_begins_anew():
    """One epoch more with class weights, on the trained network, makes many frequent ones wrong."""
    y = np.repeat([0, 1, 2], [300, 300, 30])
    p = sure(np.where((y == 2) & (np.arange(630) % 3 > 0), 0, y), 3)
    said = next(each for each in fixed(p, y).advice if each.kind == "imbalance")
    assert said.severity == "warning"
    assert "fresh_copy(model)" in said.code
    assert "epochs=max(20, model.compiled.epochs_done), class_weight=" in said.code
