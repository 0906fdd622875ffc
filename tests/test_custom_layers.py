"""Layers of one's own: as good as the built-in ones, and checked."""

import itertools

import numpy as np
import pytest
from custom_networks import BACKENDS, L, assert_same, chain
from custom_parts import Centre, DenseTanh, Gain, Product, Scale
from networks import regression, weight_hash

import fastdnn as fd
from fastdnn import _core

# ---- The same as built-in layers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_dense_layer_is_the_built_in_one(backend, dtype):
    x, y = regression(rows=160)
    models = [
        chain(layer, L.Dense(2), backend=backend, dtype=dtype)
        for layer in (DenseTanh(9), L.Dense(9, activation="tanh"))
    ]
    histories = [model.fit(x, y, epochs=4, validation_split=0.2).history for model in models]  # 20 steps
    assert_same(
        *models, rtol=1e-4 if dtype == "float32" else 1e-11, atol=1e-6 if dtype == "float32" else 1e-12
    )
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(models[0].predict(x), models[1].predict(x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_the_same_bits_on_any_number_of_threads(threads):
    x, y = regression(rows=130)

    def trained(count):
        model = chain(L.Dense(33, activation="relu"), DenseTanh(9), L.BatchNormalization(), L.Dense(2))
        history = model.fit(x, y, epochs=3, threads=count, validation_split=0.1)
        assert history.params["threads"] == (count if _core.build_info()["threading"] != "serial" else 1)
        return weight_hash(model), history.history

    assert trained(threads) == trained(1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_used_twice(backend):
    x, y = regression(rows=64)

    def trained(kind):
        source = fd.Input((7,))
        shared, first = kind(7), L.Dense(7)(source)
        model = fd.Model(source, L.Dense(2)(shared(shared(first))), seed=1, dtype="float64")
        model.compile(fd.optimizers.SGD(0.1), "mse", backend=backend)
        model.fit(x, y, epochs=5)
        return model

    # The built-in one draws by "auto"; the same initialiser here.
    built_in = trained(lambda units: L.Dense(units, activation="tanh", kernel_initializer="lecun_normal"))
    assert_same(trained(DenseTanh), built_in, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_in_branches_with_several_inputs(backend):
    """By finite differences: x and a go into several layers, so that their gradients are sums."""
    x, y = regression(rows=20, features=5, outputs=5)
    source = fd.Input((5,), name="x")
    a, b = L.Dense(5, activation="tanh")(source), DenseTanh(5)(source)
    joined = L.Add()([Product()([a, b]), Product()([a, source]), source])
    model = fd.Model(source, joined, seed=1, dtype="float64")
    model.compile("adam", "mse", backend=backend)
    check_gradients(model, x, y)


def check_gradients(model, x, y, h=1e-3, loss=None):
    """Every gradient, with respect to weights and inputs, by a stencil of five points; `loss` of x is that of
    use, unless another is given.
    """
    measure = loss or (lambda x: model.evaluate(x, y))
    _, gradients = model.loss_and_gradients(x, y, inputs=True)
    rng = np.random.default_rng(0)

    def compare(array, gradient, loss):
        for flat in rng.choice(array.size, size=min(20, array.size), replace=False):
            losses = []
            for steps in (-2, -1, 1, 2):
                moved = array.copy()
                moved.reshape(-1)[flat] += steps * h
                losses.append(loss(moved))
            five_point = (losses[0] - 8 * losses[1] + 8 * losses[2] - losses[3]) / (12 * h)
            assert abs(five_point - gradient.reshape(-1)[flat]) <= 1e-9 * max(1.0, abs(five_point))

    for name, array in model.weights.snapshot().items():
        if name not in gradients:
            continue

        def loss(moved, name=name):
            model.weights.write({name: moved})
            return measure(x)

        compare(array, gradients[name], loss)
        model.weights.write({name: array})
    compare(x, gradients["x"], measure)


def test_gradients_by_finite_differences():
    x, y = regression(rows=15)
    source = fd.Input((7,), name="x")
    shared = DenseTanh(7)
    model = fd.Model(source, L.Dense(2)(shared(Scale()(shared(source)))), seed=1, dtype="float64")
    model.compile("adam", "mse")
    check_gradients(model, x, y)


def test_a_wrong_gradient_is_found_by_finite_differences():
    """That the test above can fail."""

    class Wrong(DenseTanh):
        def backward(self, dy, saved):
            dx, gradients = super().backward(dy, saved)
            return 1.001 * dx, gradients

    x, y = regression(rows=15)
    source = fd.Input((7,), name="x")
    model = fd.Model(source, L.Dense(2)(Wrong(7)(source)), seed=1, dtype="float64")
    model.compile("adam", "mse")
    with pytest.raises(AssertionError):
        check_gradients(model, x, y)


@pytest.mark.parametrize("backend", BACKENDS)
def test_frozen_layers(backend):
    """A frozen one passes gradients on, and below the lowest trained layer none is asked for."""
    x, y = regression(rows=40)
    asked = []
    below = Scale(back=lambda layer: asked.append("below"), trainable=False)
    above = Scale(back=lambda layer: asked.append("above"), trainable=False)
    model = chain(below, L.Dense(4), above, L.Dense(2), backend=backend)
    before = model.get_weights()
    model.fit(x, y, epochs=1)
    assert asked == ["above"] * 2
    for index, (a, b) in enumerate(zip(before, model.get_weights(), strict=True)):
        assert (a == b).all() == (index in (0, 3)), index


# ---- Weights


@pytest.mark.parametrize("backend", BACKENDS)
def test_stored_weights_move_with_the_steps(backend):
    x, y = regression(rows=40)
    model = chain(Centre(), L.Dense(2), backend=backend)
    model.fit(x, y, epochs=1, batch_size=16, shuffle=False, validation_split=0.2)
    mean = np.zeros(7)
    for rows in (x[:16], x[16:32]):
        mean = 0.5 * mean + 0.5 * rows.mean(axis=0)
    np.testing.assert_allclose(model.layers[1].get_weights()[0], mean, rtol=1e-12)
    kernel, bias = model.layers[2].get_weights()
    np.testing.assert_allclose(model.predict(x), (x - mean) @ kernel + bias, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_uses_assign_one_after_the_other(backend):
    x, y = regression(rows=8)
    source = fd.Input((7,))
    centre = Centre()
    model = fd.Model(source, L.Dense(2)(centre(centre(source))), seed=0, dtype="float64")
    model.compile(loss="mse", backend=backend)
    model.fit(x, y, epochs=1)
    once = 0.5 * x.mean(axis=0)  # what the second use sees: x still, since the first subtracted 0
    np.testing.assert_allclose(centre.get_weights()[0], 0.5 * once + 0.5 * x.mean(axis=0), rtol=1e-12)


def test_a_frozen_layer_keeps_what_it_has_stored():
    x, y = regression(rows=8)
    model = chain(Centre(trainable=False), L.Dense(2))
    model.fit(x, y, epochs=2)
    assert not model.layers[1].get_weights()[0].any()


def gains(backend, uses=2, trainable=True):
    source = fd.Input((7,), name="x")
    gain, h = Gain(trainable=trainable), L.Dense(7, name="below")(source)
    for _ in range(uses):
        h = gain(h)
    model = fd.Model(source, L.Dense(2)(h), seed=1, dtype="float64")
    model.compile(fd.optimizers.SGD(0.1), "mse", backend=backend)
    return model, gain


@pytest.mark.parametrize("uses", [1, 2, 3])
@pytest.mark.parametrize("backend", BACKENDS)
def test_stored_weights_above_trained_ones(backend, uses):
    """What a layer stores depends on what is trained below and in it, and has no gradient for all that."""
    x, y = regression(rows=40)
    model, gain = gains(backend, uses)
    before = model.get_weights()
    model.fit(x, y, epochs=2, batch_size=10)
    w, c = gain.get_weights()
    assert c == 0.5 ** (8 * uses)
    assert (w != 1).all()
    assert (model.get_weights()[0] != before[0]).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backward_sees_the_stored_weights_of_its_forward(backend):
    """By finite differences of the loss in training: c is 1 in the first use and 0.5 in the second."""
    x, y = regression(rows=12)
    model, gain = gains(backend)
    loss, gradients = model.loss_and_gradients(x, y, inputs=True)
    names = ["below/kernel", "below/bias", "gain/w", "dense/kernel", "dense/bias", "x"]
    assert sorted(gradients) == sorted(names)
    check_gradients(model, x, y, loss=lambda x: model.loss_and_gradients(x, y)[0])
    assert gain.get_weights()[1] == 1  # none of this was a step
    kernel, bias, w, _, last_kernel, last_bias = model.get_weights()
    error = 0.5 * w * w * (x @ kernel + bias) @ last_kernel + last_bias - y
    np.testing.assert_allclose(loss, (error**2).mean(), rtol=1e-12)


def test_both_backends_see_the_same_stored_weights():
    x, y = regression(rows=40)
    models = [gains(backend, uses=3)[0] for backend in BACKENDS]
    for model in models:
        model.fit(x, y, epochs=2, batch_size=10)
    assert_same(*models, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_frozen_layer_shows_nobody_what_it_assigns(backend):
    x, y = regression(rows=12)
    model, gain = gains(backend, trainable=False)
    kernel, bias, w, c, last_kernel, last_bias = model.get_weights()
    error = c * c * w * w * (x @ kernel + bias) @ last_kernel + last_bias - y
    np.testing.assert_allclose(model.train_on_batch(x, y), (error**2).mean(), rtol=1e-12)
    assert (gain.get_weights()[0] == w).all()
    assert gain.get_weights()[1] == c


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stopped_step_leaves_stored_weights(backend):
    x, y = regression(rows=8)
    model = chain(Centre(), L.Dense(2), backend=backend)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(fd.NonFiniteLossError):
        model.fit(x, y * 1e200, epochs=1)
    assert not model.layers[1].get_weights()[0].any()


def test_weights_are_those_of_the_step_and_read_only():
    x, y = regression(rows=32)
    seen = []

    def look(layer, training):
        factor = layer.weight("factor")
        assert factor.shape == (7,)
        with pytest.raises(ValueError, match="read-only"):
            factor += 1
        seen.append(factor)

    model = chain(Scale(hook=look), L.Dense(2), dtype="float32")
    model.fit(x, y, epochs=3, batch_size=16)
    assert len(seen) == 6
    assert seen[0].dtype == np.float32
    assert (seen[0] == 1).all()
    assert all((a != b).any() for a, b in itertools.pairwise(seen))  # kept arrays stay as they were
    np.testing.assert_array_equal(model.layers[1].weight("factor"), model.layers[1].get_weights()[0])


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4), (1,)])
def test_weights_of_any_shape(shape):
    class Sum(L.Layer):
        def build(self, input_shape):
            self.add_weight("w", shape, "ones")

        def forward(self, x, training):
            assert self.weight("w").shape == shape
            return x + self.weight("w").sum(), None

        def backward(self, dy, saved):
            return dy, {"w": np.full(shape, dy.sum())}

    x, y = regression(rows=8, features=2)
    model = chain(Sum(), features=2, optimizer=fd.optimizers.SGD(0.5))
    before = model.evaluate(x, y)
    model.fit(x, y, epochs=1)
    assert model.get_weights()[0].shape == shape
    assert len(np.unique(model.get_weights()[0])) == 1
    assert model.evaluate(x, y) != before


def test_auto_goes_by_the_activation_that_follows():
    class Linear(DenseTanh):
        def build(self, input_shape):
            self.add_weight("kernel", (input_shape[-1], self.units))
            self.add_weight("bias", (self.units,), "zeros")

    model = chain(Linear(4), L.Activation("relu"), Linear(3), L.Activation("tanh"))
    assert [w.initializer.name for w in model.layers[1].weights] == ["he_normal", "zeros"]
    assert [w.initializer.name for w in model.layers[3].weights] == ["lecun_normal", "zeros"]


# ---- How a class is written


def test_super_init_must_be_called():
    class Forgetful(L.Layer):
        def __init__(self):
            self.units = 3

        def forward(self, x, training):
            return x, None

    with pytest.raises(ValueError, match=r"super\(\).__init__"):
        chain(Forgetful())


def test_a_layer_without_forward_or_backward():
    class Nothing(L.Layer):
        pass

    class OneWay(Scale):
        pass

    OneWay.backward = L.Layer.backward
    x, y = regression(rows=16)
    with pytest.raises(ValueError, match=r"a forward\(self, x, training\)"):
        chain(Nothing(), L.Dense(2))
    model = chain(OneWay(), L.Dense(2))
    assert model.predict(x).shape == (16, 2)
    with pytest.raises(ValueError, match=r"a backward\(self, dy, saved\), to be trained"):
        model.fit(x, y)
    model.layers[1].trainable = False
    model.fit(x, y)


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_native_layers_have_no_forward_to_override(method):
    with pytest.raises(TypeError, match=f"subclass of Layer itself to define {method}, got one of Dense"):
        type("Mine", (L.Dense,), {method: lambda self, *_: None})
    type("Mine", (L.Dense,), {"get_config": lambda self: {}})  # anything else is welcome


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a/b", (1,)), "name without '/'"),
        (("w", 3), "shape of w as a tuple"),
        (("w", ()), "shape of w as a tuple"),
        (("w", (0,)), "each size of w as a whole number >= 1"),
        (("w", (2.5,)), "each size of w"),
        (("w", (1,), "magic"), "an initializer"),
        (("w", (1,), "zeros", "yes"), "positional"),
    ],
)
def test_weights_are_checked(arguments, message):
    class Mine(Scale):
        def build(self, input_shape):
            self.add_weight(*arguments)

    with pytest.raises((ValueError, TypeError), match=message):
        chain(Mine())


@pytest.mark.parametrize("first", [False, True])
def test_weights_are_declared_in_build(first):
    class Early(Scale):
        def __init__(self):
            if first:
                self.add_weight("factor", (7,), "ones")
            super().__init__()
            self.add_weight("factor", (7,), "ones")

    with pytest.raises(ValueError, match=r"\[Early\] .*; declare weights in build\(self, input_shape\)"):
        Early()
    model = chain(Scale(name="mine"), L.Dense(2))
    with pytest.raises(ValueError, match=r"\[mine\] expected add_weight in build, got a call outside"):
        model.layers[1].add_weight("more", (7,))
    assert len(model.layers[1].weights) == 1


def test_weights_have_distinct_names():
    class Mine(Scale):
        def build(self, input_shape):
            super().build(input_shape)
            super().build(input_shape)

    with pytest.raises(ValueError, match="'factor' twice"):
        chain(Mine())


@pytest.mark.parametrize("shape", [3, (3,), (None, 0), (None, "a"), None])
def test_output_shapes_are_checked(shape):
    class Mine(Scale):
        def compute_output_shape(self, input_shape):
            return shape

    with pytest.raises(ValueError, match="compute_output_shape"):
        chain(Mine())


def test_weight_and_assign_say_what_there_is():
    x, y = regression(rows=8)
    layer = Centre(name="centre")
    with pytest.raises(ValueError, match="weight"):
        layer.weight("mean")
    model = chain(layer, L.Dense(2))
    with pytest.raises(ValueError, match="a weight, one of mean, got 'maen'; did you mean 'mean'"):
        layer.weight("maen")
    with pytest.raises(ValueError, match="in forward in training"):
        layer.assign("mean", np.zeros(7))

    class Careless(Centre):
        value = 0.0

        def forward(self, x, training):
            self.assign("mean", self.value)
            return x, None

    model = chain(Careless(), L.Dense(2))
    with pytest.raises(ValueError, match=r"a stored weight \(mean\), in forward in training"):
        model.predict(x)
    with pytest.raises(ValueError, match=r"mean of shape \(7,\), got shape \(\)"):
        model.fit(x, y)
    Careless.value = np.full(7, np.nan)
    with pytest.raises(FloatingPointError, match="finite mean"):
        model.fit(x, y)
