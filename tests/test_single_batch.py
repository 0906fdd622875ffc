"""A batch at a time: steps of a loop of one's own, and the gradients that a step would use."""

import copy

import numpy as np
import pytest
from networks import classification, classifier, regression, weight_hash

import fastdnn as fd

X, Y = classification(96)


def regularised(optimizer="adam", backend="native", dtype="float64"):
    """Batch normalisation, dropout and a skip connection."""
    x = fd.Input((20,), name="x")
    h = fd.layers.Dense(12, activation="relu", name="hidden")(x)
    h = fd.layers.Dropout(0.3)(fd.layers.BatchNormalization()(h))
    h = fd.layers.Add()([h, fd.layers.Dense(12, activation="tanh")(h)])
    model = fd.Model(x, fd.layers.Dense(4, activation="softmax", name="out")(h), seed=1, dtype=dtype)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], backend=backend)
    return model


def test_steps_are_those_of_fit():
    fitted, stepped = regularised(), regularised()
    fitted.fit(X, Y, batch_size=32, epochs=2, shuffle=False, verbose=0)
    for begin in [0, 32, 64] * 2:
        stepped.train_on_batch(X[begin : begin + 32], Y[begin : begin + 32])
    assert weight_hash(fitted) == weight_hash(stepped)


def test_steps_of_any_length_with_and_without_weights_beside_fits():
    model, twin = regularised(), regularised()
    weights = np.linspace(0, 2, 96)
    for rows in (5, 40, 1, 96):
        model.train_on_batch(X[:rows], Y[:rows])
        twin.fit(X[:rows], Y[:rows], batch_size=96, shuffle=False, verbose=0)
        model.train_on_batch(X[:rows], Y[:rows], weights[:rows])
        twin.fit(X[:rows], Y[:rows], batch_size=96, shuffle=False, sample_weight=weights[:rows], verbose=0)
    assert weight_hash(model) == weight_hash(twin)


def test_class_weights_are_sample_weights():
    model, twin = regularised(), regularised()
    model.train_on_batch(X, Y, class_weight={0: 3.0})
    twin.train_on_batch(X, Y, np.where(Y == 0, 3.0, 1.0))
    assert weight_hash(model) == weight_hash(twin)


def test_the_figures_are_of_this_batch_before_the_step():
    model = classifier()
    for begin in (0, 32):
        want = model.test_on_batch(X[begin : begin + 32], Y[begin : begin + 32], return_dict=True)
        got = model.train_on_batch(X[begin : begin + 32], Y[begin : begin + 32], return_dict=True)
        assert got == pytest.approx(want, rel=1e-6)
    assert model.train_on_batch(X, Y) == pytest.approx(list(model.evaluate(X, Y)), abs=0.1)


def test_what_is_frozen_between_steps_stays():
    model = regularised()
    model.train_on_batch(X, Y)
    hidden = model.get_layer("hidden")
    hidden.trainable = False
    before = hidden.get_weights()
    model.train_on_batch(X, Y)
    for a, b in zip(before, hidden.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    hidden.trainable = True
    model.train_on_batch(X, Y)
    assert (before[0] != hidden.get_weights()[0]).any()


def test_compile_begins_the_optimizer_afresh():
    model = regularised()
    for _ in range(3):
        model.train_on_batch(X, Y)
    twin = regularised()
    twin.set_weights(model.get_weights())
    model.compile("adam", "sparse_categorical_crossentropy")
    for network in (model, twin):
        network.train_on_batch(X, Y)
    assert weight_hash(model) == weight_hash(twin)


@pytest.mark.parametrize("copies", [copy.deepcopy, copy.copy])
def test_copies_go_on_by_themselves(copies):
    model = regularised()
    model.train_on_batch(X, Y)
    other = copies(model)
    before = weight_hash(model)
    other.train_on_batch(X, Y)
    assert weight_hash(model) == before
    model.train_on_batch(X, Y)
    assert weight_hash(model) == weight_hash(other)


def test_a_refused_batch_changes_nothing():
    model = regularised()
    model.train_on_batch(X, Y)
    before = weight_hash(model)
    bad = X.copy()
    bad[7, 3] = np.nan
    with pytest.raises(ValueError, match=r"\[train_on_batch\] expected finite x, got nan in row 7, column 3"):
        model.train_on_batch(bad, Y)
    with pytest.raises(ValueError, match="labels as whole numbers from 0 to 3"):
        model.train_on_batch(X, Y + 4)
    with pytest.raises(ValueError, match="as many rows in y as in x"):
        model.train_on_batch(X, Y[:-1])
    assert weight_hash(model) == before
    model.train_on_batch(X, Y)
    assert weight_hash(model) != before


def test_a_loss_that_overflows_changes_nothing():
    x, _ = regression(8)
    model = fd.Sequential([fd.layers.Input((7,)), fd.layers.Dense(2)], seed=0)
    model.compile("sgd", "mse")
    before = weight_hash(model)
    with pytest.raises(fd.NonFiniteLossError, match="this batch"):
        model.train_on_batch(x, np.full((8, 2), 3e38))
    assert weight_hash(model) == before


def test_an_unbuilt_model_is_built_by_its_first_batch_unless_that_is_refused():
    model = fd.Sequential([fd.layers.Dense(4, activation="softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="labels"):
        model.train_on_batch(X, Y + 4)
    assert not model.is_built
    model.train_on_batch(X, Y)
    assert model.input_shape == (None, 20)


def test_no_step_inside_a_fit():
    model = classifier()

    class Stepping(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            self.model.train_on_batch(X, Y)

    with pytest.raises(RuntimeError, match="train_on_batch"):
        model.fit(X, Y, verbose=0, callbacks=[Stepping()])


# ------------------------------------------------------------------------------------------------- gradients


def test_a_step_of_gradient_descent_by_hand():
    model, twin = (regularised(fd.optimizers.SGD(0.1)) for _ in range(2))
    for _ in range(3):  # other dropout masks each time
        loss, gradients = model.loss_and_gradients(X, Y)
        want = twin.train_on_batch(X, Y)[0]
        model.train_on_batch(X, Y)  # for the running figures and the count of steps
        assert loss == want
        trained = {w.name: (layer, w) for layer in twin.layers for w in layer.weights if w.trainable}
        assert list(gradients) == list(trained)
    for name, gradient in gradients.items():
        assert gradient.shape == trained[name][1].shape
        assert gradient.dtype == np.float64


def by_hand(model, gradients, rate):
    names = [w.name for layer in model.layers for w in layer.weights]
    weights = dict(zip(names, model.get_weights(), strict=True))
    return [w - rate * gradients[name] if name in gradients else w for name, w in weights.items()]


def test_the_gradients_are_those_of_the_step():
    model = classifier(optimizer=fd.optimizers.SGD(0.5), dtype="float64")
    _, gradients = model.loss_and_gradients(X, Y)
    want = by_hand(model, gradients, 0.5)
    model.train_on_batch(X, Y)
    for got, expected in zip(model.get_weights(), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-15)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_gradients_of_inputs_against_differences(training, weighted):
    model = regularised()
    model.fit(X, Y, epochs=2, verbose=0)
    x, y = X[:9].astype(np.float64), Y[:9]
    weights = np.linspace(0.5, 2, 9) if weighted else None
    loss, gradients = model.loss_and_gradients(x, y, weights, inputs=True, training=training)

    def loss_at(moved):
        return model.loss_and_gradients(moved, y, weights, training=training)[0]

    assert loss == loss_at(x)
    rng = np.random.default_rng(0)
    for _ in range(5):
        direction = rng.normal(size=x.shape)
        h = 1e-4
        five_point = (
            loss_at(x - 2 * h * direction)
            - 8 * loss_at(x - h * direction)
            + 8 * loss_at(x + h * direction)
            - loss_at(x + 2 * h * direction)
        ) / (12 * h)
        assert (gradients["x"] * direction).sum() == pytest.approx(five_point, rel=1e-6)


def test_in_use_the_loss_is_that_of_evaluate():
    model = regularised()
    model.fit(X, Y, verbose=0)
    loss, _ = model.loss_and_gradients(X, Y, training=False)
    assert loss == pytest.approx(model.evaluate(X, Y)[0], rel=1e-12)


@pytest.mark.parametrize("training", [False, True])
def test_both_backends_agree(training):
    native, reference = regularised(), regularised(backend="reference")
    loss, gradients = native.loss_and_gradients(X, Y, inputs=True, training=training)
    want_loss, want = reference.loss_and_gradients(X, Y, inputs=True, training=training)
    assert loss == pytest.approx(want_loss, rel=1e-12)
    assert list(gradients) == list(want)
    for name in want:
        np.testing.assert_allclose(gradients[name], want[name], rtol=1e-9, atol=1e-12)


def test_the_same_bits_on_any_number_of_threads():
    model = regularised(dtype="float32")
    runs = [model.loss_and_gradients(X, Y, inputs=True, threads=threads) for threads in range(1, 9)]
    for loss, gradients in runs[1:]:
        assert loss == runs[0][0]
        for name, gradient in gradients.items():
            np.testing.assert_array_equal(gradient, runs[0][1][name])


def test_frozen_layers_have_no_gradient():
    model = regularised()
    model.get_layer("hidden").trainable = False
    _, gradients = model.loss_and_gradients(X, Y, inputs=True)
    assert not any(name.startswith("hidden/") for name in gradients)
    assert np.abs(gradients["x"]).max() > 0


def test_two_paths_from_the_input_with_nothing_between():
    x = fd.Input((3,), name="x")
    model = fd.Model(x, fd.layers.Add()([x, x]), seed=0, dtype="float64")
    model.compile("sgd", "mse")
    data, target = np.arange(6.0).reshape(2, 3), np.zeros((2, 3))
    loss, gradients = model.loss_and_gradients(data, target, inputs=True)
    assert list(gradients) == ["x"]
    np.testing.assert_allclose(gradients["x"], 2 * (2 * data) / 3 * 2 / 2)
    assert loss == pytest.approx(((2 * data) ** 2).mean())


def test_gradients_of_what_is_not_finite():
    bad = X.copy()
    bad[2, 1] = np.inf
    with pytest.raises(ValueError, match=r"\[loss_and_gradients\] expected finite x, got inf in row 2"):
        classifier().loss_and_gradients(bad, Y)


def test_an_uncompiled_model_has_no_loss():
    model = fd.Sequential([fd.layers.Input((20,)), fd.layers.Dense(4)], seed=0)
    with pytest.raises(ValueError, match=r"call compile\(...\) first"):
        model.loss_and_gradients(X, Y)


# --------------------------------------------------------------------------------------------- inner outputs


def by_layers(model, x):
    w1, b1, w2, b2 = model.get_weights()
    hidden = np.maximum(x @ w1 + b1, 0)
    return hidden, hidden @ w2 + b2


def test_layer_outputs_against_the_formula():
    model = classifier(dtype="float64")
    x = X.astype(np.float64)
    hidden, logits = by_layers(model, x)
    got = model.layer_outputs(x, batch_size=7)
    assert list(got) == ["dense", "dense_1"]
    np.testing.assert_allclose(got["dense"], hidden, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got["dense_1"], logits, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_the_last_layer_gives_the_prediction(backend):
    model = regularised(backend=backend)
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.layer_outputs(X, ["out"])["out"], model.predict(X))


def test_a_layer_used_twice_and_one_that_does_nothing_in_use():
    x = fd.Input((3,), name="x")
    shared = fd.layers.Dense(3, name="shared")
    model = fd.Model(x, fd.layers.Dropout(0.5, name="drop")(shared(shared(x))), seed=0)
    got = model.layer_outputs(X[:, :3])
    assert list(got) == ["shared", "shared:1", "drop"]
    np.testing.assert_array_equal(got["drop"], got["shared:1"])
    np.testing.assert_array_equal(got["drop"], model.predict(X[:, :3]))
    assert (got["shared"] != got["shared:1"]).any()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["dens"], r"expected a layer.*got 'dens'"),
        (["dense", "dense"], "each layer once"),
        ([], "at least one"),
    ],
)
def test_layers_that_are_not_there(layers, message):
    with pytest.raises(ValueError, match=message):
        classifier().layer_outputs(X, layers)


# ----------------------------------------------------------------------------------------------------- plans


def test_plans_of_many_batch_sizes_are_not_kept_for_ever():
    model = classifier()
    want = model.predict(X)
    for size in range(1, 40):
        np.testing.assert_array_equal(model.predict(X, batch_size=size), want)
    assert len(model._inferences._runners) <= 8


def slope_seen(model):
    return model.predict(np.array([[-1.0]]))[0, 0]


def test_settings_of_layers_hold_from_the_next_call_on():
    slope = fd.layers.LeakyReLU(0.5)
    model = fd.Sequential([fd.layers.Input((1,)), slope], seed=0)
    assert slope_seen(model) == -0.5
    slope.negative_slope = 0.25
    assert slope_seen(model) == -0.25
    assert model.layer_outputs(np.array([[-1.0]]), [slope.name])[slope.name][0, 0] == -0.25

    noise, dropout = fd.layers.GaussianNoise(0.1), fd.layers.Dropout(0.0)
    model = fd.Sequential([fd.layers.Input((20,)), noise, dropout, fd.layers.Dense(4)], seed=0)
    model.compile(fd.optimizers.SGD(1e-9), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = [model.train_on_batch(X, Y), model.loss_and_gradients(X, Y)[0]]
    noise.stddev = 100.0
    losses += [model.train_on_batch(X, Y), model.loss_and_gradients(X, Y)[0]]
    assert min(losses[2:]) > 3 * max(losses[:2])
    noise.stddev, dropout.rate = 0.0, 0.9
    assert model.train_on_batch(X, Y) != pytest.approx(losses[0], rel=0.1)


def test_a_compilation_during_an_evaluation_is_not_mistaken_for_the_old_one():
    model = fd.Sequential([fd.layers.Input((20,)), fd.layers.Dense(4)], seed=0)
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))

    class Compiling(fd.callbacks.Callback):
        def on_test_batch_begin(self, batch, logs=None):
            if batch == 0:
                self.model.compile("sgd", "mse")

    before = model.evaluate(X, Y, batch_size=32, callbacks=[Compiling()])
    targets = np.zeros((len(X), 4))
    assert model.evaluate(X, targets, batch_size=32) == pytest.approx(
        (model.predict(X) ** 2).mean(), rel=1e-5
    )
    assert before > 0


def test_inputs_without_a_gradient_are_named_with_their_kinds():
    words, x = fd.Input((2,), dtype="int32", name="words"), fd.Input((3,), name="x")
    joined = fd.layers.Concatenate()([fd.layers.Embedding(5, 2)(words), fd.layers.Dense(2)(x)])
    model = fd.Model([words, x], fd.layers.Dense(1)(joined), seed=0)
    model.compile("sgd", "mse")
    given = {"words": np.ones((4, 2), int), "x": np.ones((4, 3))}
    _, gradients = model.loss_and_gradients(given, np.ones(4), inputs=True)
    assert "x" in gradients
    assert "words" not in gradients
    only = fd.Sequential([fd.Input((2,), dtype="int32", name="words"), fd.layers.Embedding(5, 2)], seed=0)
    only.compile("sgd", "mse")
    with pytest.raises(ValueError, match="'words': integers"):
        only.loss_and_gradients(given["words"], np.ones((4, 4)), inputs=True)
