"""Learning a few rows by heart."""

import numpy as np
import pytest
from diagnoses import classifier, digits, interrupted, network, run_codes, unchanged
from frames_for_tests import Frame

import fastdnn as fd
from fastdnn.diagnose.loss_range import loss_range
from fastdnn.diagnose.trials import redraw

overfit = fd.diagnose.overfit_subset
X, Y = digits(300)


def kinds(found):
    return [advice.kind for advice in found.advice]


def test_a_network_that_fits():
    found = overfit(classifier(32), X, Y)
    assert found.reached
    assert found.accuracy == 1
    assert found.loss <= 0.05 * found.baseline
    assert (found.rows, found.floor) == (32, 0)
    assert kinds(found) == ["learns_by_heart"]
    assert found.epochs == len(found.history["loss"]) < 500
    assert "learnt by heart" in str(found)


def test_the_copy_begins_anew_by_the_seed():
    fresh, trained = classifier(16), classifier(16)
    trained.fit(X, Y, epochs=5, verbose=0)
    assert overfit(fresh, X, Y).history == overfit(trained, X, Y).history
    assert overfit(fresh, X, Y, seed=1).history != overfit(fresh, X, Y).history


def test_what_is_drawn_anew_and_what_stays():
    scale = fd.layers.Normalization(name="scale")
    scale.adapt(X)
    frozen = fd.layers.Dense(16, name="frozen", trainable=False)
    norm = fd.layers.BatchNormalization(name="norm")
    layers = [fd.layers.Input((64,)), scale, frozen, norm, fd.layers.Dense(10, name="head")]
    model = fd.Sequential(layers, seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y, epochs=2, verbose=0)
    before = model.weights.snapshot()
    redraw(model, 7)
    after = model.weights.snapshot()
    same = {name for name in before if np.array_equal(before[name], after[name])}
    assert same == {"scale/mean", "scale/std", "frozen/kernel", "frozen/bias"}
    np.testing.assert_array_equal(after["norm/gamma"], 1)
    assert not after["head/bias"].any()


def test_frozen_layers_hinder():
    model = classifier(32)
    hidden = model.layers[1]
    hidden.set_weights([np.zeros_like(weight) for weight in hidden.get_weights()])
    assert overfit(model, X, Y).reached
    hidden.trainable = False
    assert not overfit(model, X, Y, epochs=100).reached


def test_the_model_stays_as_it_was():
    model = classifier(16)
    model.fit(X, Y, epochs=2, verbose=0)
    with unchanged(model):
        overfit(model, X, Y)
        overfit(model, X, Y, epochs=3)
    with unchanged(model), pytest.raises(ValueError, match="labels"):
        overfit(model, X, Y + 5)


def test_an_interrupted_one_leaves_the_model_as_it_was(monkeypatch):
    model = classifier(16)
    model.fit(X, Y, epochs=1, verbose=0)
    monkeypatch.setattr(fd.diagnose.subset_trials.Watch, "on_epoch_end", interrupted)
    with unchanged(model), pytest.raises(KeyboardInterrupt):
        overfit(model, X, Y)


def test_regularisation_is_off_unless_it_is_kept():
    hidden = fd.layers.Dense(64, activation="relu", kernel_constraint=fd.constraints.MaxNorm(0.01))
    layers = [fd.layers.Input((64,)), hidden, fd.layers.Dropout(0.9), fd.layers.GaussianNoise(3.0)]
    model = fd.Sequential([*layers, fd.layers.Dense(10)], seed=0)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.AdamW(1e-2, weight_decay=0.5), loss, regularizer=fd.regularizers.L2(1.0))
    assert overfit(model, X, Y).reached
    assert not overfit(model, X, Y, regularization=True, epochs=50, other_rates=False).reached
    assert model.layers[2].rate == 0.9
    assert hidden.kernel_constraint is not None


def test_noise_of_training_is_off():
    layers = [fd.layers.Dense(32, activation="relu"), fd.layers.GaussianNoise(1e4), fd.layers.Dense(10)]
    model = fd.Sequential([fd.layers.Input((64,)), *layers], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert overfit(model, X, Y).reached


def test_the_accuracy_counts_beside_the_loss():
    found = overfit(classifier(32), X, Y, tolerance=0.99)
    assert found.reached
    assert found.accuracy == 1


@pytest.mark.parametrize("mode", ["k", "k-1"])
def test_smoothed_labels_have_a_floor(mode):
    found = overfit(classifier(32, label_smoothing=0.1, label_smoothing_mode=mode), X, Y)
    smoothed = fd.losses.smooth_labels([3], 0.1, mode=mode, classes=10)[0]
    assert found.floor == pytest.approx(-(smoothed * np.log(smoothed)).sum())
    assert found.reached
    assert found.loss >= found.floor


def test_rows_that_are_alike_with_unlike_targets_have_a_floor():
    x = np.concatenate([X[:10], X[:10]])
    y = np.concatenate([Y[:10], (Y[:10] + 1) % 10])
    found = overfit(classifier(64), x, y)
    assert found.floor == pytest.approx(np.log(2))
    assert found.reached
    assert "conflicting_rows" in kinds(found)
    [said] = [each for each in found.advice if each.kind == "conflicting_rows"]
    more = np.concatenate([x, X[10:30]])
    for targets in (np.concatenate([y, Y[10:30]]), np.eye(10)[np.concatenate([y, Y[10:30]])]):
        names = {"np": np, "x": more, "y": targets}
        exec(said.code, names)
        assert names["clash"].tolist() == [True] * 20 + [False] * 20
        assert len(names["x"]) == len(names["y"]) == 20
    assert found.accuracy == pytest.approx(0.5)
    assert found.best_accuracy == 0.5


def regression(loss, *hidden, activation=None, optimizer="adam", outputs=1):
    model = network(*hidden, features=5, outputs=outputs, activation=activation)
    model.compile(optimizer, loss)
    return model


RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((100, 5))
TARGET = np.sin(TABLE[:, 0]) + TABLE[:, 1]


@pytest.mark.parametrize(
    "loss", ["mse", "mae", "huber", "log_cosh", fd.losses.MeanSquaredError(reduction="sum")]
)
def test_regressions(loss):
    found = overfit(regression(loss, 64, optimizer=fd.optimizers.Adam(0.01)), TABLE, TARGET)
    assert found.reached
    assert found.accuracy is None
    assert found.floor == 0


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "kl_divergence", "hinge"])
def test_the_baseline_is_the_best_constant(loss):
    positive = loss == "kl_divergence"
    y = np.abs(RNG.standard_normal((12, 2))) if positive else np.sign(RNG.standard_normal((12, 2)))
    y = y / y.sum(axis=1, keepdims=True) if positive else y
    model = regression(loss, 8, outputs=2, activation="softmax" if positive else None)
    feed = model.prepare("here", TABLE[:12], y)
    found = loss_range(model, feed)
    function = fd.losses.get(loss)
    constants = RNG.dirichlet([1, 1], 300) if positive else RNG.uniform(-1.5, 1.5, (300, 2))
    tried = [function(y, np.tile(constant, (12, 1))) for constant in constants]
    assert found.baseline <= min(tried) + 1e-9
    assert found.floor == pytest.approx(0, abs=1e-7)


def test_a_sum_over_rows_and_several_outputs():
    x = fd.Input((5,))
    h = fd.layers.Dense(64, activation="relu")(x)
    outputs = {"size": fd.layers.Dense(1)(h), "kind": fd.layers.Dense(3, activation="softmax")(h)}
    model = fd.Model(x, outputs, seed=0)
    adam = fd.optimizers.Adam(0.01)
    model.compile(
        adam, {"size": "mse", "kind": "sparse_categorical_crossentropy"}, loss_weights={"size": 0.5}
    )
    y = {"size": TARGET, "kind": np.arange(100) % 3}
    found = overfit(model, TABLE, y)
    assert found.reached
    assert found.accuracy == 1
    possible = loss_range(model, model.prepare("here", TABLE, y))
    of_kinds = -sum(share * np.log(share) for share in np.bincount(y["kind"]) / 100)
    assert possible.baseline == pytest.approx(0.5 * TARGET.var() + of_kinds)
    smoothed = fd.losses.CategoricalCrossentropy(label_smoothing=0.3)
    model.compile(adam, {"size": "mse", "kind": smoothed}, loss_weights={"kind": 0.25})
    possible = loss_range(model, model.prepare("here", TABLE, y))
    assert possible.floor == pytest.approx(0.25 * -(0.8 * np.log(0.8) + 0.2 * np.log(0.1)))


def test_a_loss_of_ones_own():
    class Quartic:
        name = "quartic"

        def value_and_gradient(self, y, y_hat):
            d = y_hat - y
            return (d**4).mean(axis=1), 4 * d**3 / d.shape[1]

    assert overfit(regression(Quartic(), 64), TABLE, TARGET).reached


def test_sparse_rows_and_frames_and_lists():
    sparse = pytest.importorskip("scipy.sparse")
    assert overfit(classifier(32), sparse.csr_matrix(X), Y).reached
    assert overfit(classifier(32), X.tolist(), Y.tolist()).reached


def test_data_frames():
    columns = {f"c{i}": TABLE[:, i] for i in range(5)}
    model = regression("mse", 64, optimizer=fd.optimizers.Adam(0.01))
    by_frame = overfit(model, Frame(columns), TARGET)
    assert by_frame.history == overfit(model, TABLE, TARGET).history


def test_several_inputs_as_a_list_and_by_name():
    inputs = [fd.Input((32,), name=name) for name in ("left", "right")]
    h = fd.layers.Dense(32, activation="relu")(fd.layers.Concatenate()(inputs))
    model = fd.Model(inputs, fd.layers.Dense(10)(h), seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    halves = [X[:, :32], X[:, 32:]]
    by_list = overfit(model, halves, Y)
    by_name = overfit(model, dict(zip(("left", "right"), halves, strict=True)), Y)
    assert by_list.reached
    assert by_list.history == by_name.history


def test_indices():
    model = fd.Sequential(
        [fd.layers.Input((3,), dtype="int32"), fd.layers.Embedding(20, 8), fd.layers.Dense(2)], seed=0
    )
    model.compile(fd.optimizers.Adam(0.01), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = RNG.integers(0, 20, (200, 3))
    assert overfit(model, x, x[:, 0] % 2).reached


@pytest.mark.parametrize(("rate", "kind"), [(1e-7, "low_rate"), (1e4, "high_rate")])
def test_a_rate_that_is_far_off_is_told_from_a_network_that_cannot(rate, kind):
    found = overfit(classifier(32, optimizer=fd.optimizers.SGD(rate)), X, Y)
    assert not found.reached
    assert kinds(found)[0] == kind
    assert "not_learnt" not in kinds(found)
    better = found.advice[0].code
    names = {"fd": fd, "model": classifier(32, optimizer=fd.optimizers.SGD(rate)), "x": X, "y": Y}
    exec(better.replace("x, y, ", "x, y, verbose=0, "), names)
    assert overfit(names["better"], X, Y).reached


@pytest.mark.parametrize("first", [fd.schedules.Warmup(1e3, 20), fd.schedules.Warmup(1e3, 20, per="epoch")])
def test_a_schedule_that_begins_at_0(first):
    found = overfit(classifier(32, optimizer=fd.optimizers.SGD(first)), X, Y)
    assert (found.rate, found.reached) == (1e3, False)
    assert kinds(found)[0] == "high_rate"


def test_a_scheduled_rate():
    schedule = fd.schedules.ExponentialDecay(1e-8, 10, 0.5)
    found = overfit(classifier(32, optimizer=fd.optimizers.Adam(schedule)), X, Y)
    assert "low_rate" in kinds(found)


def test_rows_that_are_all_right_are_learnt_where_the_loss_falls_still():
    y = np.random.default_rng(0).integers(0, 10, len(X))
    model = classifier(64, optimizer=fd.optimizers.Adam(1e-3))
    found = overfit(model, X, y, epochs=210)
    assert found.accuracy == 1
    assert 0.05 * found.baseline < found.loss < 0.25 * found.baseline
    assert found.reached
    assert kinds(found) == ["learns_by_heart"]
    early = overfit(model, X, y, epochs=170, other_rates=False)
    assert (early.accuracy, early.reached) == (1, False)  # the loss is not low yet


def test_the_code_sets_a_rate_beside_a_schedule():
    model = classifier(32, optimizer=fd.optimizers.Adam(fd.schedules.ExponentialDecay(1e-8, 10, 0.5)))
    names = {"fd": fd, "model": model, "x": X, "y": Y}
    exec(overfit(model, X, Y).advice[0].code.replace("x, y, ", "x, y, verbose=0, "), names)
    assert overfit(names["better"], X, Y).reached


def test_rows_without_weight_are_not_drawn():
    weights = np.zeros(300)
    weights[:40] = np.linspace(0.1, 9, 40)
    found = overfit(classifier(32), X, Y, sample_weight=weights)
    assert found.history == overfit(classifier(32), X[:40], Y[:40]).history
    assert (
        overfit(classifier(32), X, Y, sample_weight=np.ones(300)).history
        == overfit(classifier(32), X, Y).history
    )
    with pytest.raises(ValueError, match=r"\[overfit_subset\] expected a row of a weight above 0"):
        overfit(classifier(32), X, Y, sample_weight=np.zeros(300))
    with pytest.raises(ValueError, match="rows in sample_weight"):
        overfit(classifier(32), X, Y, sample_weight=[1.0])


def test_an_output_that_cannot_take_the_targets():
    found = overfit(regression("mse", 32, activation="sigmoid"), TABLE, 3 * TARGET)
    (advice,) = [advice for advice in found.advice if advice.kind == "output_activation"]
    assert "sigmoid gives 0 to 1" in advice.evidence
    assert kinds(found)[0] == "not_learnt"
    assert found.advice[0].code == advice.code


@pytest.mark.parametrize(
    ("loss", "outputs", "better"),
    [
        ("sparse_categorical_crossentropy", 10, 'activation="softmax"'),
        ("binary_crossentropy", 1, 'activation="sigmoid"'),
        (fd.losses.SparseCategoricalCrossentropy(from_logits=True), 10, "output_shape[1])"),
    ],
)
def test_classes_behind_a_relu(loss, outputs, better):
    model = network(32, outputs=outputs, activation="relu")
    model.compile(fd.optimizers.SGD(1e-6), loss)
    y = Y if outputs == 10 else Y % 2
    found = overfit(model, X, y, epochs=10)
    (advice,) = [advice for advice in found.advice if advice.kind == "output_activation"]
    assert better in advice.code
    run_codes(found, model, X, y)


def test_a_network_that_is_too_small():
    found = overfit(classifier(1), X, Y)
    assert "small_network" in kinds(found)
    assert "narrowest hidden layer has 1 units" in str(found)


def test_features_far_from_scaled():
    scale = np.array([1e5, 1e-3, 1, 1, 1])
    found = overfit(regression("mse", 32, optimizer=fd.optimizers.SGD(0.01)), TABLE * scale, TARGET)
    assert not found.reached
    assert "unscaled_inputs" in kinds(found)


def test_features_that_say_nothing():
    with pytest.raises(ValueError, match="rows of unlike features, got the same features in all rows"):
        overfit(classifier(32), np.zeros_like(X), Y)


@pytest.mark.filterwarnings("ignore::fastdnn.EqualUnitsWarning")
def test_no_gradient():
    layers = [fd.layers.Dense(8, "relu", bias_initializer=fd.initializers.Constant(-1e3)), fd.layers.Dense(1)]
    model = fd.Sequential([fd.layers.Input((5,)), *layers], seed=0)
    layers[1].trainable = False
    model.compile("adam", "mse")
    found = overfit(model, TABLE, TARGET)
    assert "no_gradient" in kinds(found)


def test_every_line_of_code_runs():
    told = run_codes(
        overfit(regression("mse", 32, activation="sigmoid"), TABLE, 3 * TARGET, epochs=20),
        regression("mse", 32, activation="sigmoid"),
        TABLE,
        3 * TARGET,
    )
    told += run_codes(overfit(classifier(1), X, Y, epochs=20), classifier(1), X, Y)
    wide = TABLE * np.array([1e5, 1e-3, 1, 1, 1])
    sgd = regression("mse", 32, optimizer=fd.optimizers.SGD(0.01))
    told += run_codes(overfit(sgd, wide, TARGET, epochs=20), sgd, wide, TARGET)
    assert len({advice.kind for advice in told}) >= 4


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"rows": 1}, "rows as a whole number >= 2, got 1"),
        ({"epochs": 0}, "epochs as a whole number >= 1, got 0"),
        ({"tolerance": 0}, "0 < tolerance < 1, got 0"),
        ({"tolerance": np.nan}, "0 < tolerance < 1"),
        ({"regularization": 1}, "regularization"),
        ({"other_rates": None}, "other_rates"),
        ({"seed": -1}, "seed as a whole number >= 0"),
        ({"verbose": 3}, "verbose"),
        ({"threads": 0}, "threads"),
    ],
)
def test_bad_arguments(more, said):
    with pytest.raises(ValueError, match=said):
        overfit(classifier(8), X, Y, **more)


def test_what_cannot_be_asked():
    with pytest.raises(ValueError, match=r"\[overfit_subset\] expected a model, got 3"):
        overfit(3, X, Y)
    with pytest.raises(ValueError, match="a compiled model"):
        overfit(network(8), X, Y)
    with pytest.raises(ValueError, match="the same targets in all rows"):
        overfit(classifier(8), X, np.zeros(300, int))
    with pytest.raises(ValueError, match="finite x"):
        overfit(classifier(8), np.where(X > 0.99, np.nan, X), Y)
    with pytest.raises(ValueError, match="x and y as arrays"):
        overfit(classifier(8), iter([(X, Y)]), None)
    frozen = classifier(8)
    frozen.trainable = False
    with pytest.raises(ValueError, match="weights that are trained"):
        overfit(frozen, X, Y)


def test_a_model_that_is_not_built_yet_stays_so():
    model = fd.Sequential([fd.layers.Dense(32, "relu"), fd.layers.Dense(10)], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert overfit(model, X, Y).reached
    assert not model.is_built


def test_progress(capsys):
    overfit(classifier(32), X, Y, verbose=2)
    assert "overfit_subset: 32 rows, learning rate 0.001, epoch" in capsys.readouterr().out
    overfit(classifier(32), X, Y)
    assert capsys.readouterr().out == ""


def test_the_picture():
    pytest.importorskip("matplotlib")
    found = overfit(classifier(32), X, Y)
    ax = found.plot()
    assert list(ax.get_lines()[0].get_ydata()) == found.history["loss"]
    assert "constant output" in ax.get_legend().get_texts()[1].get_text()


def test_the_legend_of_a_narrow_panel_covers_no_line():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3), layout="constrained")
    panels = figure.subplots(1, 4)
    found = overfit(classifier(32), X, Y)
    found.plot(panels[0])
    figure.draw_without_rendering()
    box = panels[0].get_legend().get_window_extent()
    curve, constant, _ = panels[0].lines
    assert panels[0].transData.transform((1, constant.get_ydata()[0]))[1] < box.y0
    assert not box.count_contains(panels[0].transData.transform(curve.get_xydata()))
