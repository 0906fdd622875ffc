"""Layers beside Dense, and networks of them: against the reference executor and against their formulas."""

import numpy as np
import pytest
from networks import classification
from random_networks import random_network
from sparse_arrays import Csr

import fastdnn as fd

L = fd.layers


def fitted(layers, x, y, *, seed=0, epochs=3, batch_size=16, backend="native", **fit):
    model = fd.Sequential([L.Input((x.shape[1],)), *layers], seed=seed, dtype="float64")
    model.compile("adam", "mse", backend=backend)
    model.fit(x, y, batch_size=batch_size, epochs=epochs, **fit)
    return model


def data(rows=50, features=7, outputs=3):
    rng = np.random.default_rng(3)
    return rng.normal(size=(rows, features)), rng.normal(size=(rows, outputs))


@pytest.mark.parametrize("seed", range(16))
def test_any_network_is_the_reference(seed):
    x, y = classification(rows=45, features=11, classes=4)
    models = [random_network(seed, dtype="float64", backend=name) for name in ("native", "reference")]
    histories = [model.fit(x, y, batch_size=16, epochs=3, validation_split=0.2).history for model in models]
    for name, native in histories[0].items():
        np.testing.assert_allclose(native, histories[1][name], rtol=1e-9, atol=1e-11, err_msg=name)
    for weight in models[0].weights.weights:
        got, want = (model.weights.read(weight) for model in models)
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10, err_msg=weight)


def test_random_networks_have_every_layer():
    used = {type(layer).__name__ for seed in range(40) for layer in random_network(seed).layers}
    # Embedding has integer inputs and tests of its own.
    assert used >= set(L.__all__) - {"Layer", "Normalization", "ReLU", "Embedding"}


@pytest.mark.parametrize("seed", range(8))
def test_any_network_is_restored_from_its_file(seed, tmp_path):
    x, y = classification(rows=40, features=11, classes=4)
    model = random_network(seed)
    model.fit(x, y, epochs=1)
    model.save(tmp_path / "model.safetensors")
    again = fd.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert [repr(layer) for layer in again.layers] == [repr(layer) for layer in model.layers]


# ---- batch normalisation


def test_running_figures_are_averages_of_the_batches():
    x, y = data(rows=40)
    model = fitted([L.BatchNormalization(momentum=0.8), L.Dense(3)], x, y, epochs=1, shuffle=False)
    mean, variance = np.zeros(7), np.ones(7)
    for rows in (x[:16], x[16:32], x[32:]):  # the last one is shorter
        mean = 0.8 * mean + 0.2 * rows.mean(axis=0)
        variance = 0.8 * variance + 0.2 * rows.var(axis=0)
    _, _, got_mean, got_variance = model.layers[1].get_weights()
    np.testing.assert_allclose(got_mean, mean, rtol=1e-13)
    np.testing.assert_allclose(got_variance, variance, rtol=1e-13)


def test_predict_uses_the_running_figures():
    x, _ = data()
    model = fitted([L.BatchNormalization(epsilon=0.01)], x, np.zeros((50, 7)))
    gamma, beta, mean, variance = model.layers[1].get_weights()
    want = gamma * (x - mean) / np.sqrt(variance + 0.01) + beta
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(model.evaluate(x, np.zeros((50, 7))), (want**2).mean(), rtol=1e-12)


def test_gamma_and_beta_can_undo_it():
    x, _ = data()
    model = fd.Sequential([L.Input((7,)), L.BatchNormalization()], seed=0, dtype="float64")
    mean, variance = x.mean(axis=0), x.var(axis=0)
    model.layers[1].set_weights([np.sqrt(variance + 1e-3), mean, mean, variance])
    np.testing.assert_allclose(model.predict(x), x, rtol=1e-13, atol=1e-14)


def test_a_batch_of_one_gives_beta():
    x, y = data(rows=5)
    model = fitted([L.BatchNormalization(), L.Dense(3)], x, y, batch_size=1)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    np.testing.assert_array_equal(model.layers[1].get_weights()[0], 1)  # x^ is 0: no gradient of gamma


def test_a_stopped_step_leaves_the_running_figures():
    x, y = data()
    model = fitted([L.BatchNormalization(), L.Dense(3)], x, y)
    before = model.get_weights()
    with pytest.raises(fd.NonFiniteLossError):
        model.fit(x, y * 1e200, epochs=1)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_frozen_one_keeps_all_its_weights_and_uses_the_running_figures():
    x, y = data()

    def layers():
        # No bias: its gradient is 0 but for rounding, which Adam would blow up.
        return [L.Dense(5, use_bias=False), L.BatchNormalization(), L.Activation("relu"), L.Dense(3)]

    model = fitted(layers(), x, y)
    frozen = model.layers[2]
    frozen.trainable = False
    before = frozen.get_weights()
    model.fit(x, y, epochs=2, batch_size=16)
    for a, b in zip(before, frozen.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    again = fitted(layers(), x, y, backend="reference")
    again.layers[2].trainable = False
    again.fit(x, y, epochs=2, batch_size=16)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


# ---- freezing


def test_nothing_is_computed_below_the_lowest_trained_layer(capsys):
    x, y = data()
    model = fitted([L.Dense(5, activation="tanh"), L.Dense(4, activation="tanh"), L.Dense(3)], x, y, epochs=1)
    model.plan(16)
    whole = capsys.readouterr().out
    model.layers[1].trainable = model.layers[2].trainable = False
    before = model.get_weights()
    model.fit(x, y, epochs=1)
    after = model.get_weights()
    model.plan(16)
    frozen = capsys.readouterr().out
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [True] * 4 + [False] * 2
    assert whole.count("matmul_dx") == 2
    assert frozen.count("matmul_dx") == frozen.count("tanh_backward") == 0
    assert frozen.count("matmul_dw") == 1


def test_trainable_is_true_or_false():
    with pytest.raises(ValueError, match=r"\[Dense\] expected trainable as True or False, got 1"):
        L.Dense(3, trainable=1)


# ---- dropout


def test_dropout_drops_in_training_only():
    x = np.ones((4000, 1))
    model = fd.Sequential([L.Input((1,)), L.Dropout(0.3)], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    loss = model.fit(x, np.zeros((4000, 1)), batch_size=4000, epochs=1).history["loss"][0]
    # The mean of (1 / 0.7)^2 over those that are kept is 1 / 0.7 within five deviations.
    assert abs(loss - 1 / 0.7) < 5 * np.sqrt(0.3 * 0.7 / 4000) / 0.49
    np.testing.assert_array_equal(model.predict(x), x)
    assert model.evaluate(x, x) == 0


def test_masks_differ_between_layers_steps_and_seeds():
    def losses(seed, layers):
        model = fd.Sequential([L.Input((64,)), *layers], seed=seed, dtype="float64")
        model.compile("sgd", "mse")
        x = np.ones((32, 64))
        return model.fit(x, 0 * x, batch_size=32, epochs=3).history["loss"]

    once = losses(0, [L.Dropout(0.5)])
    assert len(set(once)) == 3
    assert once == losses(0, [L.Dropout(0.5)]) != losses(1, [L.Dropout(0.5)])
    twice = losses(0, [L.Dropout(0.5), L.Dropout(0.5)])
    # About 4 times once's if the masks were the same, else about twice.
    assert all(b < 3 * a for a, b in zip(once, twice, strict=True))


# ---- noise


def test_noise_is_added_in_training_only():
    x = np.zeros((4000, 1))
    model = fd.Sequential([L.Input((1,)), L.GaussianNoise(0.3)], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    loss = model.fit(x, x, batch_size=4000, epochs=1).history["loss"][0]
    assert abs(loss - 0.09) < 5 * 0.09 * np.sqrt(2 / 4000)
    np.testing.assert_array_equal(model.predict(x + 1), x + 1)
    assert model.evaluate(x, x) == 0


def test_noise_differs_between_layers_steps_and_seeds():
    def losses(seed, layers):
        model = fd.Sequential([L.Input((64,)), *layers], seed=seed, dtype="float64")
        model.compile("sgd", "mse")
        x = np.zeros((32, 64))
        return model.fit(x, x, batch_size=32, epochs=3).history["loss"]

    once = losses(0, [L.GaussianNoise(1.0)])
    assert len(set(once)) == 3
    assert once == losses(0, [L.GaussianNoise(1.0)]) != losses(1, [L.GaussianNoise(1.0)])
    twice = losses(0, [L.GaussianNoise(1.0), L.GaussianNoise(1.0)])
    # 4 times once's if the noise were the same, else about twice.
    assert all(b < 3 * a for a, b in zip(once, twice, strict=True))


def test_the_gradient_passes_noise():
    """Below noise that is negligible beside x the weights move as without it."""
    x, y = data()
    weights = []
    for stddev in (0.0, 1e-9):
        layers = [L.Dense(5, activation="tanh"), L.GaussianNoise(stddev), L.Dense(3)]
        weights.append(fitted(layers, x, y).get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


# ---- branches and weights


def test_a_layer_used_twice_gets_both_gradients():
    x, y = data()
    results = []
    for backend in ("native", "reference"):
        shared = L.Dense(7, activation="tanh")
        start = fd.Input((7,))
        model = fd.Model(start, L.Dense(3)(shared(shared(start))), seed=0, dtype="float64")
        model.compile("adam", "mse", backend=backend)
        model.fit(x, y, epochs=3)
        results.append(model.get_weights())
    assert model.count_params() == 7 * 7 + 7 + 7 * 3 + 3
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


def test_a_relu_that_two_layers_read_gets_both_gradients():
    """Its mask belongs behind the sum of them, not into the first product."""
    x, y = data()
    kernels = []
    for backend in ("native", "reference"):
        start = fd.Input((7,))
        h = L.Dense(8, activation="relu")(start)
        both = L.Concatenate()([L.Dense(3, activation=name)(h) for name in ("tanh", "sigmoid")])
        model = fd.Model(start, L.Dense(3)(both), seed=0, dtype="float64")
        model.compile(fd.optimizers.SGD(0.1), "mse", backend=backend)
        before = model.get_weights()[0]
        model.fit(x, y, batch_size=50, epochs=1)
        kernels.append(model.get_weights()[0] - before)
    np.testing.assert_allclose(kernels[0], kernels[1], rtol=1e-11, atol=1e-14)


def test_inputs_are_written_as_in_keras():
    x, _ = data()
    models = [
        fd.Sequential([fd.Input((7,)), L.Dense(2)], seed=0),
        fd.Sequential([L.Input((7,)), L.Dense(2)], seed=0),
    ]
    start = L.Input((7,))
    models.append(fd.Model(start, L.Dense(2)(start), seed=0))
    for model in models:
        np.testing.assert_array_equal(model.predict(x), models[0].predict(x))


def test_a_refused_width_is_forgotten():
    model = fd.Sequential([L.Dropout(0.1), L.Normalization(np.zeros(6), np.ones(6)), L.Dense(3)])
    with pytest.raises(ValueError, match="expected 6 features, as adapted, got 4"):
        model.predict(np.ones((1, 4)))
    assert model.predict(np.ones((1, 6))).shape == (1, 3)


def test_deep_and_wide_graphs_are_walked_once():
    start = fd.Input((2,))
    x = start
    for _ in range(3000):  # more than Python's stack is deep
        x = L.Dropout(0.1)(x)
    assert fd.Model(start, L.Dense(1)(x), seed=0).predict(np.ones((1, 2))).shape == (1, 1)
    start = x = fd.Input((2**16,))
    for _ in range(15):
        x = L.Concatenate()([x, x])
    with pytest.raises(ValueError, match=r"\[concatenate_14\] expected at most 2147483647 features"):
        fd.Model(start, x)


@pytest.mark.parametrize("layer", [L.Add, L.Average, L.Concatenate])
def test_many_inputs_are_joined(layer):
    x, _ = data()
    start = fd.Input((7,))
    parts = [L.Dense(2, use_bias=False)(start) for _ in range(19)]  # more than one operation takes
    model = fd.Model(start, layer()(parts), seed=0, dtype="float64")
    outputs = [x @ kernel for kernel in model.get_weights() if kernel.ndim == 2]
    ways = {L.Add: sum, L.Average: lambda parts: np.mean(parts, axis=0)}
    want = ways.get(layer, lambda parts: np.concatenate(parts, axis=1))(outputs)
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-12, atol=1e-13)


def test_refusals_say_what_to_do():
    x = fd.Input((7,))
    h = L.Dense(3)(x)
    for make, message in [
        (lambda: fd.Model(x, L.Add()([x, h])), r"\[add\] expected inputs of one width, got 7, 3; bring them"),
        (lambda: fd.Model(x, L.Add()(h)), r"\[add\] expected two inputs or more, got 1"),
        (lambda: fd.Model(x, L.Dense(2)([x, h])), r"expected one input, got 2 inputs; join them"),
        (lambda: L.Dense(2)(np.ones((3, 7))), r"\[Dense\] expected the output of a layer"),
        (lambda: fd.Model(fd.Input((7,)), h), r"outputs that need no other inputs .*; add it to inputs"),
        (lambda: fd.Model(h, L.Dense(1)(h)), r"\[Model\] expected inputs as fastdnn.Input gave them"),
        (lambda: L.Input((3,))(x), r"\[Input\] expected no input of an Input"),
        (lambda: fd.Model(x), r"\[Model\] expected outputs as the output of a layer, got None"),
        (
            lambda: fd.Model().predict(np.ones((1, 2))),
            r"\[Model\] expected a network, got one without layers",
        ),
        (lambda: L.Dropout(1.0), r"\[Dropout\] expected 0 <= rate < 1, got 1.0"),
        (lambda: L.GaussianNoise(-1), r"\[GaussianNoise\] expected 0 <= stddev < 1e\+30, got -1"),
        (lambda: L.BatchNormalization(momentum=1.1), r"\[BatchNormalization\] expected 0 <= momentum"),
        (lambda: L.BatchNormalization(gamma_initializer="auto"), r"does not depend on other layers"),
        (lambda: L.LayerNormalization(epsilon=-1), r"\[LayerNormalization\] expected 0 <= epsilon"),
        (lambda: L.Maxout(0), r"\[Maxout\] expected units as a whole number >= 1"),
        (lambda: L.Maxout(2, 0), r"\[Maxout\] expected pieces as a whole number >= 1"),
        (lambda: L.Maxout(2, activation="relu"), r"expected no activation, got 'relu'; the largest"),
        (lambda: L.Maxout(2, kernel_initializer="he_norml"), r"\[Maxout\] .*did you mean 'he_normal'"),
        (lambda: L.Average([1, -1]), r"\[Average\] expected 0 <= each of weights, got -1"),
        (lambda: L.Average([0, 0]), r"\[Average\] expected weights of a finite sum > 0"),
        (lambda: L.Average([1]), r"\[Average\] expected weights as a list of two numbers or more"),
        (lambda: fd.Model(x, L.Average([1, 2, 3])([x, x])), r"expected 3 inputs, as weights, got 2"),
        (lambda: fd.Model(x, L.Average()([x, h])), r"\[average\] expected inputs of one width, got 7, 3"),
        (lambda: fd.Model(x, L.Average()(x)), r"\[average\] expected two inputs or more, got 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()


# ---- maxout and averages


def test_maxout_is_the_largest_of_its_pieces():
    x, _ = data()
    model = fd.Sequential([L.Input((7,)), L.Maxout(3, pieces=4)], seed=0, dtype="float64")
    model.set_weights([w + 0.1 * i for i, w in enumerate(model.get_weights())])
    kernel, bias = model.get_weights()
    assert (kernel.shape, bias.shape) == ((7, 12), (12,))
    pieces = [x @ kernel[:, 3 * p : 3 * p + 3] + bias[3 * p : 3 * p + 3] for p in range(4)]
    np.testing.assert_allclose(model.predict(x), np.max(pieces, axis=0), rtol=1e-12, atol=1e-13)


def test_maxout_of_one_piece_is_a_dense_layer():
    x, y = data()
    first = [L.Maxout(5, 1), L.Dense(5, kernel_initializer="lecun_normal")]
    models = [fitted([layer, L.Dense(3)], x, y) for layer in first]
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(a, b)


def test_maxout_learns_the_absolute_value():
    """Two pieces are enough; a ReLU needs two units."""
    x = np.linspace(-1, 1, 101)[:, None]
    model = fd.Sequential([L.Input((1,)), L.Maxout(1)], seed=1)
    model.compile(fd.optimizers.Adam(0.05), "mse")
    model.fit(x, np.abs(x), batch_size=101, epochs=300)
    assert model.evaluate(x, np.abs(x)) < 1e-4


def test_maxout_reads_sparse_rows():
    x, _ = data()
    x = np.where(x > 0.5, x, 0)
    model = fd.Sequential([L.Input((7,)), L.Maxout(3)], seed=0, dtype="float64")
    np.testing.assert_allclose(model.predict(Csr.of(x)), model.predict(x), rtol=1e-12, atol=1e-13)


def test_maxout_keeps_the_size_of_signals():
    """E[max(a, b)²] = E[a²] for two independent symmetric numbers: the default weights keep it."""
    x = np.random.default_rng(0).normal(size=(500, 300))
    layers = [L.Maxout(300, use_bias=False) for _ in range(6)]
    model = fd.Sequential([L.Input((300,)), *layers], seed=0)
    assert 0.7 < float((model.predict(x) ** 2).mean()) < 1.4


def test_an_average_is_weighted():
    x, _ = data()
    start = fd.Input((7,))
    parts = [L.Dense(2, use_bias=False)(start) for _ in range(3)]
    model = fd.Model(start, L.Average([1, 0, 3])(parts), seed=0, dtype="float64")
    a, _, c = (x @ kernel for kernel in model.get_weights()[:3])
    np.testing.assert_allclose(model.predict(x), a / 4 + 3 * c / 4, rtol=1e-12, atol=1e-13)
    assert model.get_layer("average").get_config() == {"weights": [1.0, 0.0, 3.0], "name": "average"}
