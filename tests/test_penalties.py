"""Penalties in training: part of the loss and of its gradient, in both executors."""

import copy
import json
import pickle

import numpy as np
import pytest
from custom_parts import DenseTanh
from networks import classification, regression, weight_hash
from sparse_arrays import Csr

import fastdnn as fd
from fastdnn.regularizers import L1, L1L2, L2, ElasticNet, Lq

L = fd.layers
BACKENDS = ["native", "reference"]
ALL = [
    L2(0.3),
    L2(0.3, scale="sum"),
    L2(3.0, scale="batch"),
    L2(3.0, scale="dataset", dataset_size=11),
    L1(0.3),
    L1(3.0, scale="batch"),
    L1(0.3, proximal=True),
    L1L2(0.2, 0.3),
    L1L2(2.0, 3.0, scale="batch"),
    ElasticNet(0.3, ratio=0.4),
    Lq(0.3, q=1.5),
    Lq(0.3, q=3),
]


def linear(own=None, /, *, rate=0.1, inputs=3, outputs=2, backend="native", dtype="float64", **compile_with):
    """One Dense by SGD, which changes nothing but what the loss says."""
    dense = L.Dense(outputs, kernel_regularizer=own, bias_initializer="ones", name="d")
    model = fd.Sequential([L.Input((inputs,)), dense], seed=3, dtype=dtype)
    model.compile(fd.optimizers.SGD(rate), "mse", backend=backend, **compile_with)
    return model


def data(rows=10, inputs=3, outputs=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, inputs)), rng.normal(size=(rows, outputs))


def bare_loss(model, x, y):
    return float(((model.predict(x) - y) ** 2).mean())


# --------------------------------------------------------------------------------------------------- the loss


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("regularizer", ALL, ids=repr)
def test_the_loss_has_the_penalty_everywhere(regularizer, backend):
    x, y = data(rows=10)
    model = linear(regularizer, backend=backend)
    want = bare_loss(model, x, y) + regularizer(model.get_weights()[0], rows=10)
    np.testing.assert_allclose(model.evaluate(x, y), want, rtol=1e-12)
    np.testing.assert_allclose(model.test_on_batch(x, y), want, rtol=1e-12)
    np.testing.assert_allclose(model.loss_and_gradients(x, y)[0], want, rtol=1e-12)
    np.testing.assert_allclose(model.train_on_batch(x, y), want, rtol=1e-12)
    want = bare_loss(model, x, y) + regularizer(model.get_weights()[0], rows=10)
    history = model.fit(x, y, batch_size=10, validation_data=(x, y)).history
    np.testing.assert_allclose(history["loss"], [want], rtol=1e-12)
    want = bare_loss(model, x, y) + regularizer(model.get_weights()[0], rows=10)
    np.testing.assert_allclose(history["val_loss"], [want], rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("regularizer", [L2(0.3), L2(3.0, scale="batch"), L1(3.0, scale="dataset")], ids=repr)
def test_an_evaluation_does_not_depend_on_how_it_is_cut(regularizer, backend):
    """m is the number of its rows, whatever is computed at a time."""
    x, y = data(rows=23)
    model = linear(regularizer, backend=backend)
    model.fit(x, y)
    want = bare_loss(model, x, y) + regularizer(model.get_weights()[0], rows=23)
    listener = fd.callbacks.LambdaCallback(on_test_batch_end=lambda batch, logs: seen.append(logs["loss"]))
    for batch_size in (1, 5, 23, 256):
        seen = []
        whole = model.evaluate(x, y, batch_size=batch_size)
        np.testing.assert_allclose(whole, want, rtol=1e-12)
        assert model.evaluate(x, y, batch_size=batch_size, callbacks=[listener]) == whole == seen[-1]
    batches = [(x[:5], y[:5]), (x[5:20], y[5:20]), (x[20:], y[20:])]
    np.testing.assert_allclose(model.evaluate(iter(batches)), want, rtol=1e-12)
    assert seen == [whole]


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_loss_of_an_epoch_is_that_of_its_batches(backend):
    """Each batch's, weighted by its rows; the last one is short."""
    x, y = data(rows=10)
    regularizer = L2(3.0, scale="batch")
    model, twin = linear(regularizer, backend=backend), linear(regularizer, backend=backend)
    history = model.fit(x, y, batch_size=4, shuffle=False).history
    total = 0.0
    for begin, end in ((0, 4), (4, 8), (8, 10)):
        part = x[begin:end], y[begin:end]
        bare = bare_loss(twin, *part)
        loss = twin.train_on_batch(*part)
        total += (end - begin) * loss
        assert loss > bare
    np.testing.assert_allclose(history["loss"], [total / 10], rtol=1e-12)
    for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_sample_weights_do_not_scale_it(backend):
    x, y = data()
    weights = np.linspace(0, 3, 10)
    with_it, without = linear(L2(0.3), backend=backend), linear(backend=backend)
    penalty = L2(0.3)(without.get_weights()[0])
    for model, more in ((with_it, penalty), (without, 0.0)):
        bare = float(((model.predict(x) - y) ** 2).mean(axis=1) @ weights / 10)
        np.testing.assert_allclose(model.evaluate(x, y, sample_weight=weights), bare + more, rtol=1e-12)
        np.testing.assert_allclose(model.train_on_batch(x, y, weights), bare + more, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_counts_once_beside_several_losses_and_uses(backend):
    """Of a layer that is used twice, too."""
    x = fd.Input((3,), name="x")
    shared = L.Dense(3, kernel_regularizer=L1(0.5), name="shared")
    h = shared(shared(x))
    outputs = {"a": L.Dense(1, name="a")(h), "b": L.Dense(2, name="b")(h)}
    model = fd.Model(x, outputs, seed=0, dtype="float64")
    model.compile("sgd", "mse", loss_weights={"a": 0.1, "b": 7.0}, metrics={"b": ["mse"]}, backend=backend)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), {"a": rng.normal(size=(6, 1)), "b": rng.normal(size=(6, 2))}
    given = model.predict(x)
    losses = {name: float(((given[name] - y[name]) ** 2).mean()) for name in y}
    penalty = L1(0.5)(model.get_layer("shared").get_weights()[0])
    figures = model.evaluate(x, y, return_dict=True)
    np.testing.assert_allclose(figures["loss"], 0.1 * losses["a"] + 7 * losses["b"] + penalty, rtol=1e-12)
    np.testing.assert_allclose([figures["a_loss"], figures["b_loss"]], list(losses.values()), rtol=1e-12)
    assert list(figures) == ["loss", "a_loss", "b_loss", "b_mse"]
    np.testing.assert_allclose(list(model.fit(x, y).history["loss"]), [figures["loss"]], rtol=1e-12)


def test_frozen_layers_are_not_counted():
    x, y = data()
    model = fd.Sequential(
        [L.Input((3,)), L.Dense(4, name="a"), L.Dense(2, name="b")], seed=0, dtype="float64"
    )
    model.compile("sgd", "mse", regularizer=L2(0.3))
    model.get_layer("a").trainable = False
    kernel = model.get_layer("b").get_weights()[0]
    np.testing.assert_allclose(model.evaluate(x, y), bare_loss(model, x, y) + L2(0.3)(kernel), rtol=1e-12)
    before = model.get_layer("a").get_weights()
    model.fit(x, y)
    np.testing.assert_array_equal(model.get_layer("a").get_weights()[0], before[0])


# ----------------------------------------------------------------------------------------------- its gradient


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("regularizer", ALL, ids=repr)
def test_the_gradient_of_the_whole_loss_against_differences(regularizer, backend):
    """A five-point formula; no weight comes near 0, where some have a kink."""
    x, y = data(rows=11)
    layers = [
        L.Input((3,)),
        L.Dense(4, "tanh", kernel_regularizer=regularizer, bias_regularizer=regularizer),
        L.BatchNormalization(gamma_regularizer=regularizer, beta_regularizer=regularizer),
        L.PReLU("ones", alpha_regularizer=regularizer),
        L.LayerNormalization(gamma_regularizer=regularizer, beta_regularizer=regularizer),
        DenseTanh(5),
        L.Dense(2),
    ]
    model = fd.Sequential(layers, seed=0, dtype="float64")
    model.compile("sgd", "mse", regularizer=regularizer, backend=backend)
    rng = np.random.default_rng(1)
    far = [
        np.sign(rng.normal(size=w.shape)) * rng.uniform(0.2, 1.0, w.shape)
        if w.trainable
        else np.ones(w.shape)
        for w in model.graph.weights
    ]
    model.set_weights(far)
    _, gradients = model.loss_and_gradients(x, y)
    step = 1e-3
    for number, weight in enumerate(model.graph.weights):
        if not weight.trainable:
            continue
        for flat in rng.choice(far[number].size, size=min(3, far[number].size), replace=False):
            losses = []
            for steps in (-2, -1, 1, 2):
                moved = [w.copy() for w in far]
                moved[number].reshape(-1)[flat] += steps * step
                model.set_weights(moved)
                losses.append(model.loss_and_gradients(x, y)[0])
            slope = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * step)
            assert abs(slope - gradients[weight.name].reshape(-1)[flat]) <= 1e-8 * max(1.0, abs(slope))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("regularizer", "factor"),
    [
        (L2(0.4, scale="batch"), lambda m: 0.1 * 0.4 / m),  # decks 001 to 003
        (L2(0.4), lambda m: 0.1 * 0.4),  # deck 004: coupled weight decay
        (L2(0.4, scale="sum"), lambda m: 0.1 * 2 * 0.4),
        (L2(0.4, scale="dataset"), lambda m: 0.1 * 0.4 / 7),
    ],
)
def test_a_step_shrinks_the_weights_before_the_gradient(regularizer, factor, backend):
    """W <- (1 - αλ/m) W - α ∇L with the rows of each step, the last of which is short; the bias as ever."""
    x, y = data(rows=7)
    model = linear(regularizer, rate=0.1, backend=backend)
    w, b = model.get_weights()
    for begin, end in ((0, 5), (5, 7)):
        xs, ys = x[begin:end], y[begin:end]
        dy = (xs @ w + b - ys) * 2 / ys.size
        w, b = (1 - factor(end - begin)) * w - 0.1 * xs.T @ dy, b - 0.1 * dy.sum(axis=0)
    model.fit(x, y, batch_size=5, shuffle=False)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-12)
    np.testing.assert_allclose(model.get_weights()[1], b, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_weight_that_no_loss_needs_only_shrinks(backend):
    x = fd.Input((3,))
    outputs = [L.Dense(1, name="a")(x), L.Dense(2, name="b")(x)]
    model = fd.Model(x, outputs, seed=0, dtype="float64")
    model.compile(fd.optimizers.SGD(0.1), ["mse", None], regularizer=L2(0.5), backend=backend)
    before = model.get_layer("b").get_weights()[0]
    model.fit(np.ones((4, 3)), [np.ones((4, 1)), None], batch_size=4)
    np.testing.assert_allclose(model.get_layer("b").get_weights()[0], 0.95 * before, rtol=1e-12)


def everywhere(backend, dtype="float64"):
    """A penalty on each kind of weight, tables and kernels of sparse inputs among them."""
    words, x = fd.Input((2,), dtype="int32", name="words"), fd.Input((6,), name="x")
    table = L.Embedding(9, 4, embeddings_regularizer=L1L2(0.01, 0.02))(words)
    h = L.Dense(8, kernel_regularizer=ElasticNet(0.03), bias_regularizer=L2(0.1, "batch"), name="first")(x)
    h = L.Concatenate()([table, L.PReLU("ones", alpha_regularizer="l2")(h)])
    h = L.BatchNormalization(gamma_regularizer=L2(0.1), beta_regularizer=Lq(0.1, 3))(DenseTanh(7)(h))
    h = L.LayerNormalization(gamma_regularizer=L1(0.02), beta_regularizer=L2(0.2, "dataset"))(h)
    model = fd.Model({"words": words, "x": x}, L.Dense(3)(h), seed=0, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], regularizer=Lq(0.01, 1.5), backend=backend)
    return model


def words_and_numbers(rows=50, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 6)) * (rng.random((rows, 6)) < 0.5)
    return {"words": rng.integers(9, size=(rows, 2)), "x": x}, rng.integers(3, size=rows)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_both_backends_agree(is_sparse):
    x, y = words_and_numbers()
    if is_sparse:
        x["x"] = Csr.of(x["x"])
    models = [everywhere(backend) for backend in BACKENDS]
    histories = [model.fit(x, y, batch_size=16, epochs=4, validation_data=(x, y)).history for model in models]
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-9, err_msg=name)
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_hash_for_1_to_8_threads(dtype):
    x, y = words_and_numbers()
    hashes = {}
    for threads in range(1, 9):
        model = everywhere("native", dtype)
        history = model.fit(x, y, batch_size=16, epochs=3, validation_data=(x, y), threads=threads).history
        hashes[threads] = weight_hash(model), repr(history)
    assert len(set(hashes.values())) == 1, hashes


@pytest.mark.parametrize("regularizer", [L2(1e-4), Lq(1e-4, 1.5)], ids=repr)
def test_one_hash_where_a_weight_is_many_chunks(regularizer):
    """Weights of a megabyte or more, whose sums are cut into chunks."""
    x, y = classification(rows=40, features=512)
    hashes = set()
    for threads in (1, 2, 3, 5, 8):
        layers = [L.Input((512,)), L.Dense(601, "relu"), L.Dense(4)]
        model = fd.Sequential(layers, seed=0)
        loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, regularizer=regularizer)
        history = model.fit(x, y, batch_size=16, threads=threads).history
        hashes.add((weight_hash(model), repr(history), model.evaluate(x, y, threads=threads)))
    assert len(hashes) == 1


def test_a_float32_penalty_is_summed_in_float64():
    """Half a million squares: their sum in float32 would be far off by then."""
    x, y = classification(rows=4, features=900)
    model = fd.Sequential([L.Input((900,)), L.Dense(600), L.Dense(4)], seed=0)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    without = model.evaluate(x, y)
    model.compile("sgd", loss, regularizer=L2(1.0))
    kernels = [w.astype(np.float64) for w in model.get_weights() if w.ndim == 2]
    want = without + sum(0.5 * (w**2).sum() for w in kernels)
    np.testing.assert_allclose(model.evaluate(x, y), want, rtol=1e-13)


# ------------------------------------------------------------------------------------------------ exact zeros


def lasso_data(rows=200, features=12, relevant=3, seed=0):
    """Targets that `relevant` features alone decide."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    return x, x[:, :relevant] @ np.array([[1.5], [-2.0], [1.0]]) + 0.01 * rng.normal(size=(rows, 1))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scale", ["sum", "dataset"])
@pytest.mark.parametrize("by_layer", [True, False])
def test_a_proximal_l1_reaches_zeros_and_a_subgradient_does_not(by_layer, scale, backend):
    x, y = lasso_data()
    kernels = []
    for proximal in (True, False):
        regularizer = L1(0.2 if scale == "sum" else 0.2 * 2 * 200, scale, proximal=proximal)
        own, default = (regularizer, None) if by_layer else (None, regularizer)
        model = linear(own, inputs=12, outputs=1, backend=backend, regularizer=default)
        model.fit(x, y, batch_size=50, epochs=40)
        kernels.append(model.get_weights()[0][:, 0])
    exact, near = kernels
    assert (exact[3:] == 0).all()
    assert (np.abs(exact[:3]) > 0.5).all()
    assert (near[3:] != 0).any()
    np.testing.assert_allclose(near, exact, atol=0.1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ridge_regression_comes_to_its_closed_form(backend):
    """Of mean (Xw - y)² + λ/2 w'w: w = (X'X + n λ/2)⁻¹ X'y."""
    x, y = lasso_data(rows=40, features=4)
    layers = [L.Input((4,)), L.Dense(1, use_bias=False, kernel_regularizer=L2(0.3))]
    model = fd.Sequential(layers, seed=0, dtype="float64")
    model.compile(fd.optimizers.SGD(0.2), "mse", backend=backend)
    model.fit(x, y, batch_size=40, epochs=200)
    want = np.linalg.solve(x.T @ x + 40 * 0.15 * np.eye(4), x.T @ y)
    np.testing.assert_allclose(model.get_weights()[0], want, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_proximal_l1_comes_to_the_lasso(backend):
    """Its conditions: the slope of mean (Xw - y)² is -λ sign(w) where w is not 0, else at most λ."""
    x, y = lasso_data(rows=40)
    layers = [L.Input((12,)), L.Dense(1, use_bias=False, kernel_regularizer=L1(0.4, proximal=True))]
    model = fd.Sequential(layers, seed=0, dtype="float64")
    model.compile(fd.optimizers.SGD(0.2), "mse", backend=backend)
    model.fit(x, y, batch_size=40, epochs=400)
    w = model.get_weights()[0]
    slope = 2 / 40 * x.T @ (x @ w - y)
    np.testing.assert_allclose(slope[w != 0], -0.4 * np.sign(w[w != 0]), rtol=1e-9)
    assert (np.abs(slope[w == 0]) <= 0.4).all()
    assert 3 <= np.count_nonzero(w) < 8


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_proximal_step_by_hand(backend):
    x, y = data()
    model = linear(L1(0.5, proximal=True), rate=0.1, backend=backend)
    w, b = model.get_weights()
    dy = (x @ w + b - y) * 2 / y.size
    plain = w - 0.1 * x.T @ dy
    loss = model.train_on_batch(x, y)
    np.testing.assert_allclose(loss, ((x @ w + b - y) ** 2).mean() + 0.5 * np.abs(w).sum(), rtol=1e-12)
    want = np.sign(plain) * np.maximum(np.abs(plain) - 0.1 * 0.5, 0)
    np.testing.assert_allclose(model.get_weights()[0], want, rtol=1e-12, atol=1e-15)


# -------------------------------------------------------------------------------------- which weights have it


def test_the_models_own_is_for_kernels_and_tables_without_one():
    words, x = fd.Input((1,), dtype="int32"), fd.Input((3,))
    table = L.Embedding(4, 3, name="table")(words)
    h = L.Add()([table, L.Dense(3, kernel_regularizer=L1(0.1), name="own")(x)])
    h = L.BatchNormalization(name="bn")(L.PReLU("ones", name="prelu")(h))
    h = L.Dense(3, kernel_regularizer=L2(0), bias_regularizer=L2(0.7), name="free")(h)
    model = fd.Model([words, x], DenseTanh(2, name="mine")(h), seed=0)
    model.compile("sgd", "mse", regularizer="l2")
    assert {penalty.weight: penalty.terms.l1 or penalty.terms.l2 for penalty in model.penalties("test")} == {
        "table/embeddings": 0.005,
        "own/kernel": 0.1,
        "free/bias": 0.35,
        "mine/kernel": 0.005,
    }


def test_settings_hold_from_the_next_call_on():
    x, y = data()
    model = linear()
    assert model.evaluate(x, y) == bare_loss(model, x, y)
    model.get_layer("d").kernel_regularizer = L2(0.3)
    want = bare_loss(model, x, y) + L2(0.3)(model.get_weights()[0])
    np.testing.assert_allclose(model.evaluate(x, y), want, rtol=1e-12)
    np.testing.assert_allclose(model.train_on_batch(x, y), want, rtol=1e-12)
    model.get_layer("d").kernel_regularizer = None
    np.testing.assert_allclose(model.train_on_batch(x, y), model.evaluate(x, y), rtol=0.5)
    np.testing.assert_allclose(model.evaluate(x, y), bare_loss(model, x, y), rtol=1e-12)


def test_own_layers_say_it_in_build():
    class Penalised(DenseTanh):
        def build(self, input_shape):
            shape = (input_shape[-1], self.units)
            self.add_weight("kernel", shape, "lecun_normal", regularizer=L1(0.5))
            self.add_weight("bias", (self.units,), "ones", regularizer="l2")

    x, y = data()
    losses = []
    for backend in BACKENDS:
        model = fd.Sequential([L.Input((3,)), Penalised(2)], seed=0, dtype="float64")
        model.compile("sgd", "mse", backend=backend)
        kernel, bias = model.get_weights()
        want = bare_loss(model, x, y) + L1(0.5)(kernel) + L2()(bias)
        np.testing.assert_allclose(model.evaluate(x, y), want, rtol=1e-12)
        losses.append(model.fit(x, y, batch_size=4, epochs=3, shuffle=False).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-10)

    class Stored(L.Layer):
        def build(self, input_shape):
            self.add_weight("mean", (3,), trainable=False, regularizer="l2")

    with pytest.raises(
        ValueError, match=r"expected a trained weight, beside a regularizer or constraint, got mean"
    ):
        fd.Sequential([L.Input((3,)), Stored()], seed=0)


def test_bad_ones_change_nothing():
    x, y = data()
    model = linear(L2(0.3))
    before = model.evaluate(x, y)
    with pytest.raises(ValueError, match=r"\[compile\] expected a regularizer, one of .*, got 'l3'"):
        model.compile("sgd", "mse", regularizer="l3")
    assert model.evaluate(x, y) == before


# ----------------------------------------------------------------------------------------- the dataset's size


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_datasets_size_is_that_of_the_fit(backend, tmp_path):
    x, y = data(rows=12)
    model = linear(L2(3.0, scale="dataset"), backend=backend)
    for call in (model.evaluate, model.train_on_batch, model.loss_and_gradients):
        with pytest.raises(
            ValueError, match=r"expected the size of the training set, for L2\(scale='dataset'\)"
        ):
            call(x, y)
    with pytest.raises(ValueError, match=r"\[fit\] expected the size of the training set"):
        model.fit(iter([(x, y)]))
    model.plan(print_fn=lambda text: None)
    history = model.fit(x, y, batch_size=5, validation_split=0.25).history  # 9 rows are trained on
    want = bare_loss(model, x[9:], y[9:]) + 3 / 18 * (model.get_weights()[0] ** 2).sum()
    np.testing.assert_allclose(history["val_loss"], [want], rtol=1e-12)
    np.testing.assert_allclose(model.evaluate(x[9:], y[9:]), want, rtol=1e-12)
    model.save(tmp_path / "m.safetensors")
    for other in (fd.load_model(tmp_path / "m.safetensors"), copy.deepcopy(model)):
        np.testing.assert_allclose(other.evaluate(x[9:], y[9:]), want, rtol=1e-12)


def test_single_steps_take_the_size_of_the_last_fit():
    x, y = data(rows=12)
    model = linear(L2(3.0, scale="dataset"))
    for rows in (12, 6):
        model.fit(x[:rows], y[:rows])
        want = bare_loss(model, x, y) + 3 / (2 * rows) * (model.get_weights()[0] ** 2).sum()
        np.testing.assert_allclose(model.loss_and_gradients(x, y)[0], want, rtol=1e-12)
        np.testing.assert_allclose(model.train_on_batch(x, y), want, rtol=1e-12)


def test_a_refused_fit_leaves_the_datasets_size():
    x, y = data(rows=12)
    model = linear(L2(3.0, scale="dataset"))
    model.fit(x, y)
    before = model.evaluate(x, y)
    wrong = np.tile(x, (50, 1))
    wrong[411] = np.nan
    with pytest.raises(ValueError, match="nan"):
        model.fit(wrong, np.tile(y, (50, 1)), shuffle=False)
    assert model.evaluate(x, y) == before


@pytest.mark.parametrize("repeats", [1, 200], ids=["gone through before", "met in training"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_refused_fit_leaves_the_update_as_it_was(backend, repeats):
    """Proximal L1's strength is of the training set's size."""
    x, y = data(rows=12)

    def trained(refused):
        model = linear(L1(3.0, scale="dataset", proximal=True), backend=backend)
        model.fit(x, y)
        model.train_on_batch(x, y)
        if refused:
            wrong = np.tile(x, (repeats, 1))
            wrong[-1] = np.nan
            with pytest.raises(ValueError, match="nan"):
                model.fit(wrong, np.tile(y, (repeats, 1)), shuffle=False)
        model.train_on_batch(x, y)
        return weight_hash(model)

    assert trained(refused=True) == trained(refused=False)


def test_a_refused_first_fit_leaves_an_optimiser_without_state():
    x, y = data(rows=12)
    for repeats in (1, 200):
        model = linear(L2(0.1))
        wrong = np.tile(x, (repeats, 1))
        wrong[-1] = np.nan
        with pytest.raises(ValueError, match="nan"):
            model.fit(wrong, np.tile(y, (repeats, 1)), shuffle=False)
        assert model.compiled.state is None
        model.optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_a_given_size_counts_for_batches():
    x, y = data(rows=12)
    model = linear(L2(3.0, scale="dataset", dataset_size=100))
    w = model.get_weights()[0]
    want = bare_loss(model, x, y) + 3 / 200 * (w**2).sum()
    np.testing.assert_allclose(model.fit(iter([(x, y)])).history["loss"], [want], rtol=1e-12)


# -------------------------------------------------------------------------------------------- files, and ends


def test_saved_copied_and_pickled(tmp_path):
    x, y = words_and_numbers()
    model = everywhere("native")
    model.fit(x, y, batch_size=16)
    want = model.evaluate(x, y)
    path = tmp_path / "m.safetensors"
    model.save(path)
    loaded = fd.load_model(path, custom_objects={"DenseTanh": DenseTanh})
    copies = [loaded, copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    for other in copies:
        assert other.evaluate(x, y) == want
        assert other.compiled.regularizer == Lq(0.01, 1.5)
        assert other.get_layer("first").bias_regularizer == L2(0.1, "batch")
    after = model.fit(x, y, batch_size=16).history
    for other in copies[1:]:
        assert other.fit(x, y, batch_size=16).history == after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"class_name": "L2", "config": {"l2": 0.3', '"class_name": "L9", "config": {"l2": 0.3'),
        ('"config": {"l2": 0.3', '"config": {"l2": -0.3'),
        ('"config": {"l2": 0.3', '"config": {"l5": 0.3'),
        ('"class_name": "Lq", "config": {"strength": 0.5', '"class_name": "Lq", "config": {"strength": null'),
        ('"dataset_size": 7', '"dataset_size": -7'),
        ('"dataset_size": 7', '"dataset_size": "seven"'),
    ],
)
def test_damaged_files_are_format_errors(old, new, tmp_path):
    x, y = data(rows=7)
    model = linear(L2(0.3), regularizer=Lq(0.5, 2))
    model.fit(x, y)
    path = tmp_path / "m.safetensors"
    model.save(path)
    text = path.read_bytes()
    old, new = (json.dumps(part)[1:-1].encode() for part in (old, new))
    assert text.count(old) == 1
    header = int.from_bytes(text[:8], "little")
    changed = text[8 : 8 + header].replace(old, new).rstrip()
    changed += b" " * (-len(changed) % 8)
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + text[8 + header :])
    with pytest.raises(fd.FormatError):
        fd.load_model(path)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_penalty_that_overflows_ends_the_fit(backend):
    x, y = data()
    model = linear(Lq(1.0, 30), backend=backend)
    model.set_weights([np.full((3, 2), 1e-9), np.zeros(2)])
    model.fit(x, y)
    huge = [np.full((3, 2), 1e200), np.zeros(2)]
    model.set_weights(huge)
    with pytest.raises(fd.NonFiniteLossError, match="expected a finite loss"):
        model.fit(np.zeros_like(x), y)
    for one, other in zip(model.get_weights(), huge, strict=True):
        np.testing.assert_array_equal(one, other)


# --------------------------------------------------------------------------------------------------- the plan


def steps_of(model, program):
    plan = fd.backend.NativeBackend(model.weights.native).plan(program, 16)
    return plan.describe()


def test_a_penalty_costs_one_pass_and_no_barrier():
    x, _ = regression()
    plain, regularized = (
        fd.Sequential([L.Input((x.shape[1],)), L.Dense(9, "relu"), L.Dense(2)], seed=0) for _ in range(2)
    )
    plain.compile("adam", "mse")
    regularized.compile("adam", "mse", regularizer=L2(0.1))
    before, after = (steps_of(model, model.training_program()) for model in (plain, regularized))
    assert sum(step["barrier_before"] for step in after) == sum(step["barrier_before"] for step in before)
    penalties = [step for step in after if step["kind"] == "penalty"]
    assert [step["ops"] for step in penalties] == [["penalty", "penalty_backward"]] * 2
    assert not any(step["barrier_before"] for step in penalties)
    assert len(after) == len(before) + 2 + 2  # and their sums
    texts = []
    regularized.plan(16, print_fn=texts.append)
    assert "penalty + penalty_backward" in texts[0]


def test_figures_are_read_by_results_alone():
    from fastdnn.program import Program

    program = Program()
    program.source("x", 2)
    w = program.bound("parameter", "w", 2, 2, 0)
    options = {"l1": 0.0, "l2": 1.0, "lq": 0.0, "q": 1.0, "over_rows": False}
    value = program.write("penalty", (w,), program.computed("p", 1, rows=1), options=options)
    program.add_result("p", value, None, loss=True)
    program.to_native()
    program.write("add_gradient", (value,), program.computed("q", 1, rows=1))
    with pytest.raises(ValueError, match="expected 'p', a figure of the step, to be read by results only"):
        program.to_native()
    wrong = Program()
    wrong.source("x", 2)
    w = wrong.bound("parameter", "w", 2, 2, 0)
    wrong.write("penalty", (w,), wrong.computed("p", 1, rows=1), options={**options, "q": 0.5})
    with pytest.raises(ValueError, match="expected factors >= 0 and q >= 1 for penalty"):
        wrong.to_native()
