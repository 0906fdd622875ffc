"""The model's face: building, compile, fit, evaluate, predict, weights, names."""

import threading

import numpy as np
import pytest
from networks import classification, classifier, regression, weight_hash

import fastdnn as fd


def test_the_example_of_the_documentation(tmp_path, capsys):
    x, y = fd.data.load_digits()
    x_dev, y_dev = x[1400:], y[1400:]
    model = fd.Sequential(
        [fd.layers.Input((64,)), fd.layers.Dense(128, activation="relu"), fd.layers.Dense(10)], seed=0
    )
    model.compile(
        optimizer=fd.optimizers.Adam(1e-3),
        loss=fd.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(
        x[:1400] / 16,
        y[:1400],
        batch_size=64,
        epochs=50,
        validation_data=(x_dev / 16, y_dev),
        callbacks=[fd.callbacks.EarlyStopping(patience=5)],
    )
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.history["val_accuracy"][-1] > 0.85
    model.summary()
    model.plan()
    assert "9,610" in capsys.readouterr().out
    loss, accuracy = model.evaluate(x_dev / 16, y_dev)
    assert accuracy == pytest.approx(max(0, (model.predict(x_dev / 16).argmax(1) == y_dev).mean()), abs=1e-12)
    assert loss == pytest.approx(min(history.history["val_loss"]), rel=1e-6)
    model.set_weights(model.get_weights())
    model.save(tmp_path / "m.safetensors")
    again = fd.load_model(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.predict(x_dev), model.predict(x_dev))


def test_first_loss_of_an_epoch_without_learning_is_the_evaluation():
    """With α = 0 the weights stay, so an epoch's running loss is the loss: batches are weighted by rows."""
    x, y = classification(rows=101)
    model = classifier(optimizer=fd.optimizers.SGD(0.0))
    before = model.evaluate(x, y)
    history = model.fit(x, y, batch_size=8).history
    np.testing.assert_allclose([history["loss"][0], history["accuracy"][0]], before, rtol=1e-12)


def test_regression_learns():
    x, y = regression(rows=400)
    model = fd.Sequential([fd.layers.Input((7,)), fd.layers.Dense(64, "relu"), fd.layers.Dense(2)], seed=0)
    model.compile("adam", "mse")
    history = model.fit(x, y, epochs=60).history["loss"]
    assert history[-1] < 0.1 * history[0]
    assert model.evaluate(x, y) == pytest.approx(((model.predict(x) - y) ** 2).mean(), rel=1e-5)


def test_003_exercise_by_hand():
    """w = [1, 0.5], η = 0.01, L = ½ Σ (y - wᵀx)²: one batch step gives w = [0.88, 0.76]; one stochastic epoch
    in order [0.8784, 0.76141]. Our loss is the mean, so the rate is scaled by the rows and the ½."""
    x = np.array([[1.0, 2.0], [-2.0, 5.0], [0.0, 1.0]])
    y = np.array([1.0, 6.0, 1.0])

    def trained(batch_size, rate):
        layers = [fd.layers.Input((2,)), fd.layers.Dense(1, use_bias=False)]
        model = fd.Sequential(layers, seed=0, dtype="float64")
        model.compile(fd.optimizers.SGD(rate), "mse")
        model.set_weights([np.array([[1.0], [0.5]])])
        assert model.predict(np.array([[2.0, 3.0]]))[0, 0] == 3.5
        assert model.evaluate(x, y) * 3 / 2 == pytest.approx(15.75, abs=1e-12)
        model.fit(x, y, batch_size=batch_size, shuffle=False)
        return model.get_weights()[0][:, 0], model.evaluate(x, y) * 3 / 2

    w, loss = trained(3, 0.01 * 3 / 2)
    np.testing.assert_allclose(w, [0.88, 0.76], atol=1e-12)
    assert loss == pytest.approx(8.8496, abs=5e-5)
    w, loss = trained(1, 0.01 / 2)
    np.testing.assert_allclose(w, [0.8784, 0.76141], atol=5e-6)
    assert loss == pytest.approx(8.8104, abs=5e-5)


def test_softmax_head_equals_logits():
    x, y = classification()
    logits = classifier(hidden=(16,))
    logits.fit(x, y, epochs=3)
    layers = [fd.layers.Input((20,)), fd.layers.Dense(16, "relu"), fd.layers.Dense(4, "softmax")]
    probabilities = fd.Sequential(layers, seed=0)
    probabilities.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    probabilities.fit(x, y, epochs=3)
    assert weight_hash(logits) == weight_hash(probabilities)
    p = probabilities.predict(x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    z = logits.predict(x).astype(np.float64)
    np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-5, atol=1e-7)


def test_labels_and_one_hot_rows_are_taken_by_both_cross_entropies():
    x, y = classification(rows=80)
    one_hot = np.eye(4)[y]
    results = []
    for loss in (fd.losses.SparseCategoricalCrossentropy, fd.losses.CategoricalCrossentropy):
        for target in (y, one_hot):
            model = classifier(dtype="float64")
            model.compile("adam", loss(from_logits=True), metrics=["accuracy"])
            results.append((*model.fit(x, target, epochs=2).history["loss"], *model.evaluate(x, target)))
    np.testing.assert_allclose(results, [results[0]] * 4, rtol=1e-12)


def test_input_may_come_from_the_data():
    x, y = classification()
    model = fd.Sequential([fd.layers.Dense(8, "relu"), fd.layers.Dense(4)], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match="knows its input"):
        model.summary()
    with pytest.raises(ValueError, match="labels as whole numbers"):
        model.fit(x[:, :5], y + 100)
    history = model.fit(x, y)  # the refused data left no width behind
    assert len(history.history["loss"]) == 1
    assert model.predict(x).shape == (300, 4)


def test_a_layer_used_twice_shares_its_weights():
    shared = fd.layers.Dense(6, "relu")
    layers = [fd.layers.Input((6,)), shared, shared, fd.layers.Dense(2)]
    model = fd.Sequential(layers, seed=0, dtype="float64")
    model.compile(fd.optimizers.SGD(0.1), "mse")
    assert [w.shape for w in model.get_weights()] == [(6, 6), (6,), (6, 2), (2,)]
    x, y = regression(rows=30, features=6)
    twins = fd.Sequential(layers_of_twins(), seed=0, dtype="float64")
    twins.compile(fd.optimizers.SGD(0.1), "mse")
    kernel, bias, head, head_bias = model.get_weights()
    twins.set_weights([kernel, bias, kernel, bias, head, head_bias])
    model.fit(x, y, batch_size=30)
    twins.fit(x, y, batch_size=30)
    # The shared kernel's gradient is the sum of its twins'.
    moved = twins.get_weights()
    np.testing.assert_allclose(model.get_weights()[0] - kernel, moved[0] + moved[2] - 2 * kernel, atol=1e-12)
    np.testing.assert_allclose(model.get_weights()[1] - bias, moved[1] + moved[3] - 2 * bias, atol=1e-12)


def layers_of_twins():
    dense = [fd.layers.Dense(6, "relu"), fd.layers.Dense(6, "relu")]
    return [fd.layers.Input((6,)), *dense, fd.layers.Dense(2)]


def test_a_layer_belongs_to_one_model():
    layer = fd.layers.Dense(3)
    fd.Sequential([fd.layers.Input((2,)), layer])
    with pytest.raises(ValueError, match="layers that no other model holds"):
        fd.Sequential([fd.layers.Input((2,)), layer])


def test_names():
    model = classifier(hidden=(3, 3))
    assert [layer.name for layer in model.layers] == ["input", "dense", "dense_1", "dense_2"]
    assert model.get_layer("dense_1").units == 3
    with pytest.raises(ValueError, match="did you mean 'dense_1'"):
        model.get_layer("dense1")
    with pytest.raises(ValueError, match="'a' 2 times"):
        fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(2, name="a"), fd.layers.Dense(2, name="a")])
    named = [fd.layers.Input((2,)), fd.layers.Dense(2), fd.layers.Dense(2, name="dense")]
    assert [layer.name for layer in fd.Sequential(named).layers] == ["input", "dense_1", "dense"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: fd.Sequential([]), "at least one layer"),
        (lambda: fd.Sequential([fd.layers.Input((2,))]), "at least one layer"),
        (lambda: fd.Sequential([fd.layers.Dense(2), fd.layers.Input((2,))]), "Input as the first layer"),
        (lambda: fd.Sequential(["dense"]), "expected layers, got 'dense'"),
        (lambda: fd.Sequential([fd.layers.Dense(2)], seed=-1), "a seed from 0"),
        (lambda: fd.Sequential([fd.layers.Dense(2)], seed=1.5), "a seed from 0"),
        (lambda: fd.Sequential([fd.layers.Dense(2)], seed=2**64), "a seed from 0"),
        (lambda: fd.Sequential([fd.layers.Dense(2)], dtype="float16"), "dtype 'float32' or 'float64'"),
        (lambda: fd.layers.Input(64), "a shape of one size"),
        (lambda: fd.layers.Input((8, 8)), "reshape other arrays"),
        (lambda: fd.layers.Input((0,)), "a whole number >= 1"),
        (lambda: fd.layers.Dense(0), "units as a whole number >= 1, got 0"),
        (lambda: fd.layers.Dense(2.0), "units as a whole number"),
        (lambda: fd.layers.Dense(True), "units as a whole number"),
        (lambda: fd.layers.Dense(2, "rleu"), "did you mean 'relu'"),
        (lambda: fd.layers.Dense(2, kernel_initializer="he_norml"), "did you mean 'he_normal'"),
        (lambda: fd.layers.Dense(2, use_bias=1), "use_bias as True or False"),
        (lambda: fd.layers.Dense(2, name="a/b"), "a name without"),
        (lambda: fd.layers.Activation("rell"), "did you mean 'relu'"),
        (lambda: fd.optimizers.Adam(-1), "0 <= learning_rate"),
        (lambda: fd.optimizers.Adam(float("nan")), "0 <= learning_rate"),
        (lambda: fd.optimizers.Adam("fast"), "0 <= learning_rate"),
        (lambda: fd.optimizers.Adam(beta_1=1.0), "0 <= beta_1 < 1"),
        (lambda: fd.optimizers.Adam(epsilon=0), "0 < epsilon"),
        (lambda: fd.optimizers.SGD(momentum=-0.1), "0 <= momentum < 1"),
        (lambda: fd.optimizers.SGD(nesterov=True), "momentum > 0"),
    ],
)
def test_bad_arguments_of_the_parts(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"optimizer": 3}, "an optimizer"),
        ({"loss": "sparse_crossentropy"}, "did you mean 'sparse_categorical_crossentropy'"),
        ({"loss": None}, "expected a loss, got none"),
        ({"loss": "sparse_categorical_crossentropy"}, "from_logits=True"),
        ({"loss": "mse", "metrics": ["accuracy"]}, "a cross-entropy as the loss of 'accuracy'"),
        ({"metrics": ["acuracy"]}, "did you mean 'accuracy'"),
        ({"metrics": ["mse"]}, "a loss without labels"),
        ({"metrics": ["accuracy", "accuracy"]}, "each metric once"),
        ({"backend": "referense"}, "did you mean 'reference'"),
    ],
)
def test_bad_arguments_of_compile_leave_the_model_compiled(arguments, message):
    model = classifier()
    before = model.compiled
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    with pytest.raises(ValueError, match=message):
        model.compile(**{"optimizer": "adam", "loss": loss, **arguments})
    assert model.compiled is before


def test_logits_and_probabilities_are_not_confused():
    layers = [fd.layers.Input((3,)), fd.layers.Dense(2, "softmax")]
    with pytest.raises(ValueError, match="drop from_logits=True"):
        fd.Sequential(layers).compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))


def test_uncompiled_models_say_so():
    model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(2)])
    x = np.zeros((4, 3))
    assert model.predict(x).shape == (4, 2)
    for call in (lambda: model.fit(x, [0, 1, 0, 1]), lambda: model.evaluate(x, [0, 1, 0, 1])):
        with pytest.raises(ValueError, match=r"call compile\(\.\.\.\) first"):
            call()


X, Y = classification(rows=24)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size as a whole number >= 1, got 0"),
        ({"batch_size": 2.5}, "batch_size"),
        ({"epochs": 0}, "epochs as a whole number >= 1"),
        ({"verbose": 3}, "verbose"),
        ({"threads": 0}, "threads from 1 to 1024, got 0"),
        ({"threads": 10**6}, "threads from 1 to 1024"),
        ({"callbacks": ["stop"]}, "callbacks of fastdnn.callbacks"),
        ({"callbacks": [fd.callbacks.EarlyStopping()]}, "validation_data"),
        ({"callbacks": [fd.callbacks.EarlyStopping("los")]}, "did you mean 'loss'"),
        ({"validation_split": 1.0}, "0 <= validation_split < 1"),
        ({"validation_split": 0.99}, "leave rows on both sides"),
        ({"validation_data": X}, "validation_data as"),
        ({"validation_data": (X[:, 1:], Y)}, "fit, validation_data"),
        ({"validation_data": (X, Y[1:])}, "as many rows"),
        ({"sample_weight": np.ones(3)}, "as many rows in sample_weight"),
        ({"sample_weight": -np.ones(24)}, "sample weights >= 0"),
        ({"sample_weight": np.full(24, np.nan)}, "finite sample_weight"),
        ({"class_weight": {7: 1.0}}, "classes from 0 to 3 in class_weight, got 7"),
    ],
)
def test_bad_arguments_of_fit_leave_the_model_as_it_was(arguments, message):
    model = classifier()
    before = weight_hash(model)
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y, **arguments)
    assert weight_hash(model) == before


def test_weights_of_samples_and_classes():
    x, y = classification(rows=60)
    doubled = classifier(dtype="float64", optimizer=fd.optimizers.SGD(0.1))
    rows = np.concatenate([np.arange(60), np.flatnonzero(y == 1)])
    doubled.fit(x[rows], y[rows], batch_size=len(rows), shuffle=False)
    scale = len(rows) / 60  # Σ w l / n: the same sum over another count
    for arguments in ({"class_weight": {1: 2.0}}, {"sample_weight": np.where(y == 1, 2.0, 1.0)}):
        weighted = classifier(dtype="float64", optimizer=fd.optimizers.SGD(0.1 / scale))
        history = weighted.fit(x, y, batch_size=60, shuffle=False, **arguments)
        for a, b in zip(weighted.get_weights(), doubled.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
        assert history.history["accuracy"][0] <= 1.0
    weights = np.linspace(0, 1, 60)
    loss = classifier(dtype="float64").evaluate(x, y, sample_weight=weights)[0]
    z = classifier(dtype="float64").predict(x)
    rows_loss = np.log(np.exp(z).sum(axis=1)) - z[np.arange(60), y]
    assert loss == pytest.approx((weights * rows_loss).mean(), rel=1e-12)


def test_validation_split_takes_the_tail_and_warns_of_missing_classes():
    x, y = classification(rows=100)
    split = classifier()
    split.fit(x, y, validation_split=0.2)
    given = classifier()
    history = given.fit(x[:80], y[:80], validation_data=(x[80:], y[80:]))
    assert weight_hash(split) == weight_hash(given)
    assert history.history["val_loss"] == split.history.history["val_loss"]
    order = np.argsort(y)
    with pytest.warns(UserWarning, match=r"classes \[.*\] are in only one of the two parts"):
        classifier().fit(x[order], y[order], validation_split=0.2)


def test_non_finite_loss_stops_and_keeps_the_last_whole_step():
    x, y = regression(rows=32)
    layers = [fd.layers.Input((7,)), fd.layers.Dense(16, "relu"), fd.layers.Dense(2)]
    model = fd.Sequential(layers, seed=0)
    model.compile(fd.optimizers.SGD(1e6), "mse")
    with pytest.raises(
        fd.NonFiniteLossError, match=r"epoch \d+, step \d+ of 2; the model is that of the step before"
    ):
        model.fit(x, y, batch_size=16, epochs=50)
    steps = model.compiled.state.iterations
    again = fd.Sequential(layers_like(), seed=0)
    again.compile(fd.optimizers.SGD(1e6), "mse")
    again.fit(x, y, batch_size=16, epochs=steps // 2)
    if steps % 2 == 0:
        assert weight_hash(again) == weight_hash(model)
    assert steps >= 1
    model.optimizer.learning_rate = 1e-3
    model.set_weights(fd.Sequential(layers_like(), seed=0).get_weights())
    model.fit(x, y)


def layers_like():
    return [fd.layers.Input((7,)), fd.layers.Dense(16, "relu"), fd.layers.Dense(2)]


def test_set_weights_is_all_or_nothing():
    model = classifier(hidden=(3,))
    before = weight_hash(model)
    good = model.get_weights()
    with pytest.raises(
        ValueError, match="4 arrays: dense/kernel, dense/bias, dense_1/kernel, dense_1/bias, got 3"
    ):
        model.set_weights(good[:3])
    with pytest.raises(ValueError, match=r"dense_1/bias of shape \(4,\), got shape \(5,\)"):
        model.set_weights([*(0 * w for w in good[:3]), np.zeros(5)])
    with pytest.raises(ValueError, match="dtype <U"):
        model.set_weights([*good[:3], np.array(["a"] * 4)])
    assert weight_hash(model) == before
    model.get_layer("dense").set_weights([np.ones((20, 3)), np.zeros(3)])
    assert (model.get_weights()[0] == 1).all()
    copy = model.get_weights()[0]
    copy[:] = 7
    assert (model.get_weights()[0] == 1).all()
    with pytest.raises(ValueError, match="one without weights"):
        fd.layers.Dense(3).get_weights()


def test_seed_none_draws_one_and_keeps_it():
    a, b = (fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(2)]) for _ in range(2))
    assert a.seed != b.seed
    again = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(2)], seed=a.seed)
    assert weight_hash(a) == weight_hash(again)
    x, y = regression(features=3)
    a.compile("sgd", "mse")
    assert a.fit(x, y).params["seed"] == a.seed


def test_evaluate_forms(capsys):
    x, y = classification()
    model = classifier()
    loss, accuracy = model.evaluate(x, y)
    assert model.evaluate(x, y, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    model.evaluate(x, y, verbose=2)
    assert f"loss: {loss:.4f} - accuracy: {accuracy:.4f}" in capsys.readouterr().out
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert model.evaluate(x, y) == pytest.approx(loss)


def test_predictions_run_during_a_fit():
    """Every prediction during a fit is that of some whole step: all outputs are of one moment."""
    x, _ = classification(rows=64)
    layers = [fd.layers.Input((20,)), fd.layers.Dense(16, use_bias=False), fd.layers.Dense(1, use_bias=False)]
    model = fd.Sequential(layers, seed=0)
    model.compile(fd.optimizers.SGD(1e-3), "mse")
    same = np.repeat(
        x[:1], 3000, axis=0
    )  # equal rows, many chunks: equal outputs if the weights stay the same
    apart, stop = [], threading.Event()

    def predict():
        while not stop.is_set():
            output = model.predict(same)
            apart.append(float(output.max() - output.min()))

    workers = [threading.Thread(target=predict) for _ in range(3)]
    for worker in workers:
        worker.start()
    try:
        model.fit(x, np.zeros(64), batch_size=1, epochs=30)
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    assert len(apart) >= 3
    assert max(apart) == 0.0


def test_repr_makes_the_layer_again():
    layer = fd.layers.Dense(8, "relu", name="hidden")
    assert repr(layer) == (
        "Dense(units=8, activation='relu', use_bias=True, kernel_initializer='auto', "
        "bias_initializer='zeros', name='hidden')"
    )
