"""Layers of one's own: as good as the built-in ones, checked, and harmless whatever their code does."""

import copy
import itertools
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from custom_parts import Centre, DenseTanh, Gain, Product, Scale
from networks import regression, weight_hash
from sparse_arrays import Csr

import fastdnn as fd
from fastdnn import _core

L = fd.layers
BACKENDS = ["native", "reference"]


def chain(
    *layers, features=7, loss="mse", optimizer=None, backend="native", dtype="float64", seed=3, **kwargs
):
    model = fd.Sequential([L.Input((features,)), *layers], seed=seed, dtype=dtype)
    model.compile(optimizer or fd.optimizers.SGD(0.1, momentum=0.9), loss, backend=backend, **kwargs)
    return model


def numbers(model):
    """Everything that a fit changes."""
    state = model.compiled.state
    return model.get_weights(), 0 if state is None else state.iterations


def assert_same(a, b, **tolerance):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, **(tolerance or {"rtol": 0, "atol": 0}))


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


# ---- What it gives back


class Returns(Scale):
    """Gives back what it is told to."""

    def __init__(self, forward=None, backward=None):
        super().__init__(name="mine")
        self.given = forward
        self.gradients = backward

    def forward(self, x, training):
        good = super().forward(x, training)
        return good if self.given is None else self.given(*good)

    def backward(self, dy, saved):
        good = super().backward(dy, saved)
        return good if self.gradients is None else self.gradients(*good)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda y, saved: y, r"\[mine.forward\] expected \(y, saved\) to be returned, got ndarray"),
        (lambda y, saved: (y, saved, 1), r"\(y, saved\) to be returned, got a tuple of 3"),
        (lambda y, saved: None, "got NoneType"),
        (
            lambda y, saved: (y[:, :3], saved),
            r"y of shape \(16, 7\), got shape \(16, 3\); compute_output_shape",
        ),
        (lambda y, saved: (y[:-1], saved), r"y of shape \(16, 7\), got shape \(15, 7\)"),
        (lambda y, saved: (y[0], saved), r"got shape \(7,\)"),
        (lambda y, saved: (y + 1j, saved), "y as real numbers, got ndarray of dtype complex128"),
        (lambda y, saved: ("y", saved), "y as real numbers, got str"),
        (lambda y, saved: (None, saved), "y as real numbers, got NoneType of dtype object"),
        (lambda y, saved: ([[1.0], [1.0, 2.0]], saved), "rows of unlike lengths"),
    ],
)
def test_what_forward_gives_is_checked(given, message, backend):
    x, y = regression(rows=16)
    model = chain(Returns(forward=given), L.Dense(2), backend=backend)
    before = weight_hash(model)
    for call in (lambda: model.fit(x, y), lambda: model.predict(x), lambda: model.evaluate(x, y)):
        with pytest.raises(ValueError, match=message):
            call()
    assert weight_hash(model) == before


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (
            lambda dx, g: dx,
            ValueError,
            r"\[mine.backward\] expected \(dx, \{weight: gradient\}\) to be returned",
        ),
        (lambda dx, g: (dx, None), ValueError, "gradients of factor by name, got NoneType"),
        (lambda dx, g: (dx, {}), ValueError, "gradients of factor by name, got those of none"),
        (lambda dx, g: (dx, {**g, "bias": 0}), ValueError, "got those of factor, bias"),
        (lambda dx, g: (dx[:, 1:], g), ValueError, r"dx of shape \(16, 7\), got shape \(16, 6\)"),
        (lambda dx, g: (None, g), ValueError, "dx as real numbers"),
        (
            lambda dx, g: (dx, {"factor": dx}),
            ValueError,
            r"gradient of factor of shape \(7,\), got shape \(16, 7\)",
        ),
        (lambda dx, g: (dx * np.nan, g), FloatingPointError, r"a finite dx, got nan at \(0, 0\)"),
        (
            lambda dx, g: (dx, {"factor": np.full(7, np.inf)}),
            FloatingPointError,
            r"\[mine.backward\] expected a finite gradient of factor, got inf at \(0,\)",
        ),
    ],
)
def test_what_backward_gives_is_checked(given, error, message, backend):
    x, y = regression(rows=16)
    model = chain(L.Dense(7), Returns(backward=given), L.Dense(2), backend=backend)
    before = weight_hash(model)
    with pytest.raises(error, match=message):
        model.fit(x, y)
    assert weight_hash(model) == before


def test_numbers_of_any_type_are_taken():
    x, y = regression(rows=16)
    kinds = (np.float16, np.float64, np.longdouble, np.int64, bool, list)
    for kind in kinds:

        def convert(dx, kind=kind):
            return dx.tolist() if kind is list else dx.astype(kind)

        layer = Returns(
            lambda y, s, c=convert: (c(y), s), lambda dx, g, c=convert: (c(dx), {"factor": c(g["factor"])})
        )
        model = chain(L.Dense(7), layer, L.Dense(2), dtype="float32")
        model.fit(x, y)
        assert np.isfinite(model.predict(x)).all()


def test_a_non_finite_output_is_a_non_finite_loss():
    """The blame is the forward's: backward is given NaN and may give NaN back."""
    x, y = regression(rows=16)
    model = chain(Returns(forward=lambda y, saved: (y * np.nan, saved)), L.Dense(2))
    with pytest.raises(fd.NonFiniteLossError):
        model.fit(x, y)


def test_features_that_are_not_finite_never_reach_it():
    x, y = regression(rows=16)
    x[3, 2] = np.nan
    seen = []
    model = chain(Scale(hook=lambda layer, training: seen.append(training)), L.Dense(2))
    for call in (lambda: model.fit(x, y), lambda: model.predict(x)):
        with pytest.raises(ValueError, match="finite x, got nan in row 3, column 2"):
            call()
    assert not seen


def test_dx_may_be_left_out_where_nobody_needs_it():
    x, y = regression(rows=16)
    chain(Returns(backward=lambda dx, g: (None, g)), L.Dense(2)).fit(x, y)


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


# ---- What its code does


class BoomError(Exception):
    pass


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("error", [BoomError, ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["forward", "backward"])
@pytest.mark.parametrize("step", [0, 1, 5])
def test_an_exception_ends_the_fit_after_the_last_whole_step(step, where, error, backend):
    x, y = regression(rows=64)
    calls = []

    def fail(*_):
        calls.append(1)
        if len(calls) == step + 1:
            raise error("mine")

    layer = Scale(hook=fail) if where == "forward" else Scale(back=fail)
    model = chain(L.Dense(7), layer, L.Dense(2), L.BatchNormalization(), backend=backend)
    with pytest.raises(error, match="mine"):
        model.fit(x, y, epochs=2, batch_size=16, shuffle=False)
    whole = chain(L.Dense(7), Scale(), L.Dense(2), L.BatchNormalization(), backend=backend)
    for first in range(step):
        whole.train_on_batch(*(array[16 * (first % 4) :][:16] for array in (x, y)))
    assert_same(model, whole)
    assert numbers(model)[1] == step
    model.fit(x, y)  # and it goes on


def test_a_value_error_in_validation_is_no_refusal_of_data():
    """A fit goes back to its start for NaN in the held-out data, and for nothing else."""
    x, y = regression(rows=64)

    def fail(layer, training):
        if not training:
            raise ValueError("mine")

    model = chain(Scale(hook=fail), L.Dense(2))
    before = weight_hash(model)
    with pytest.raises(ValueError, match="mine"):
        model.fit(x, y, validation_split=0.5)
    assert weight_hash(model) != before


def test_it_may_predict_with_the_model_that_is_trained():
    x, y = regression(rows=48)
    outputs = []

    def predict(layer, training):
        if training:
            outputs.append((model.predict(x[:4]), model.evaluate(x, y), copy.deepcopy(model).predict(x[:4])))

    model = chain(L.Dense(7), Scale(hook=predict), L.Dense(2))
    plain = chain(L.Dense(7), Scale(), L.Dense(2))
    for fitted in (model, plain):
        fitted.fit(x, y, epochs=2, batch_size=16, threads=2)
    assert_same(model, plain)
    assert len(outputs) == 6
    first = chain(L.Dense(7), Scale(), L.Dense(2))
    np.testing.assert_array_equal(outputs[0][0], first.predict(x[:4]))  # of the last whole step
    for output in outputs:
        np.testing.assert_array_equal(output[0], output[2])


@pytest.mark.parametrize(
    "call",
    [
        lambda model, layer, x, y: model.fit(x, y),
        lambda model, layer, x, y: model.train_on_batch(x, y),
        lambda model, layer, x, y: model.compile(loss="mse"),
        lambda model, layer, x, y: model.set_weights(model.get_weights()),
        lambda model, layer, x, y: layer.set_weights(layer.get_weights()),
    ],
    ids=["fit", "train_on_batch", "compile", "set_weights", "layer.set_weights"],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_it_may_not_train_the_model_that_is_trained(call, backend):
    x, y = regression(rows=16)
    model = chain(Scale(hook=lambda layer, training: call(model, layer, x, y)), L.Dense(2), backend=backend)
    before = weight_hash(model)
    with pytest.raises(
        RuntimeError, match=r"expected a (model that is not being fitted|call between two steps)"
    ):
        model.fit(x, y)
    assert weight_hash(model) == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_prediction_may_change_the_weights_it_does_not_see(backend):
    x, _ = regression(rows=600)

    def set_all(layer, training):
        model.set_weights([weight + 1 for weight in model.get_weights()])

    model = chain(L.Dense(5), Scale(hook=set_all), L.Dense(2), backend=backend)
    kernel, bias, factor, last_kernel, last_bias = model.get_weights()
    got = model.predict(x)  # three chunks
    if backend == "native":  # weights of one moment; the reference reads them for each chunk
        want = ((x @ kernel + bias) * factor) @ last_kernel + last_bias
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(model.get_weights()[1], bias + 3)


def test_a_prediction_may_fit_the_model():
    x, y = regression(rows=32)
    depth = []

    def fit(layer, training):
        if not depth:
            depth.append(1)
            model.fit(x, y)

    model = chain(Scale(hook=fit), L.Dense(2))
    before = weight_hash(model)
    model.predict(x)
    assert weight_hash(model) != before


def test_it_may_use_threads_and_processes():
    x, y = regression(rows=16)
    found = []

    def work(layer, training):
        layer.hook = None
        thread = threading.Thread(target=lambda: found.append(model.predict(x[:2]).shape))
        thread.start()
        thread.join()
        found.append(
            subprocess.run([sys.executable, "-c", "print(7)"], capture_output=True, check=True).stdout
        )
        child = os.fork()
        if child == 0:
            os._exit(0 if model.predict(x[:2], threads=2).shape == (2, 2) else 1)
        found.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    model = chain(Scale(hook=work), L.Dense(2))
    model.fit(x, y, threads=2)
    assert found == [(2, 2), b"7\n", 0]


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_may_be_kept_and_overwritten(backend):
    x, y = regression(rows=48)
    kept = []

    class Keeper(Scale):
        def forward(self, x, training):
            out, saved = super().forward(x, training)
            kept.append((x, x.copy(), out, out.copy()))
            return out, saved.copy()

        def backward(self, dy, saved):
            result = super().backward(dy, saved)
            kept.append((dy, dy.copy()))
            return result

    class Vandal(Scale):
        def forward(self, x, training):
            out, saved = super().forward(x, training)
            saved = saved.copy()
            x[:] = np.nan  # a copy: nobody else's
            return out, saved

        def backward(self, dy, saved):
            result = super().backward(dy, saved)
            dy[:] = np.nan
            return result

    models = [
        chain(L.Dense(7), layer, L.Dense(2), backend=backend) for layer in (Keeper(), Vandal(), Scale())
    ]
    for model in models:
        model.fit(x, y, epochs=2, batch_size=16)
    assert_same(models[0], models[2])
    assert_same(models[1], models[2])
    for arrays in kept:
        for array, copied in zip(arrays[::2], arrays[1::2], strict=True):
            np.testing.assert_array_equal(array, copied)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_list_of_inputs_is_its_own(backend):
    class Pops(Product):
        def forward(self, x, training):
            a, b = x.pop(0), x.pop(0)
            return a * b, [a, b]

        def backward(self, dy, saved):
            a, b = saved.pop(0), saved.pop(0)
            return [dy * b, dy * a], {}

    x, y = regression(rows=16)

    def trained(kind):
        source = fd.Input((7,))
        branches = [L.Dense(5)(source), L.Dense(5)(source)]
        model = fd.Model(source, L.Dense(2)(kind()(branches)), seed=1, dtype="float64")
        model.compile(fd.optimizers.SGD(0.1), "mse", backend=backend)
        model.fit(x, y, epochs=3)
        return model

    assert_same(trained(Pops), trained(Product))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gradient_that_is_not_finite_is_found_where_dy_was_overwritten(backend):
    class Overwrites(Scale):
        def backward(self, dy, saved):
            dx, gradients = super().backward(dy, saved)
            dy[:] = np.nan
            return dx * np.nan, gradients

    x, y = regression(rows=16)
    with pytest.raises(FloatingPointError, match="a finite dx"):
        chain(L.Dense(7), Overwrites(), L.Dense(2), backend=backend).fit(x, y)


def test_many_predictions_at_once():
    """What forward saves and the weights of a step belong to one run."""
    x, _ = regression(rows=700)

    class Slow(Scale):
        def forward(self, x, training):
            before = self.weight("factor")
            threading.Event().wait(0.001)
            assert self.weight("factor") is before
            return super().forward(x, training)

    model = chain(L.Dense(7), Slow(), L.Dense(2))
    want = model.predict(x)
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(lambda _: model.predict(x, threads=2), range(24)):
            np.testing.assert_array_equal(got, want)


def test_predictions_during_a_fit_see_whole_steps():
    x, y = regression(rows=64)
    model = chain(DenseTanh(9), L.Dense(2))
    over = threading.Event()
    seen = []

    def predict():
        while not over.is_set():
            seen.append(np.isfinite(model.predict(x)).all())

    threads = [threading.Thread(target=predict) for _ in range(2)]
    for thread in threads:
        thread.start()
    model.fit(x, y, epochs=15, batch_size=16)
    over.set()
    for thread in threads:
        thread.join()
    other = chain(DenseTanh(9), L.Dense(2))
    other.fit(x, y, epochs=15, batch_size=16)
    assert seen
    assert all(seen)
    assert_same(model, other)


def test_training_flag():
    x, y = regression(rows=32)
    flags = []
    model = chain(Scale(hook=lambda layer, training: flags.append(training)), L.Dense(2))
    model.fit(x, y, epochs=1, batch_size=16, validation_split=0.5)
    model.predict(x)
    assert flags == [True, False, False]


def test_nothing_is_kept_after_a_run():
    """Neither what was saved for backward, nor a batch."""
    import gc
    import weakref

    x, y = regression(rows=32)
    alive = []

    class Token:
        pass

    class Saving(Scale):
        def forward(self, x, training):
            out, saved = super().forward(x, training)
            token = Token()
            alive.append(weakref.ref(token))
            if len(alive) == 4:
                raise BoomError
            return out, (saved, token)

        def backward(self, dy, saved):
            return super().backward(dy, saved[0])

    model = chain(Saving(), L.Dense(2))
    with pytest.raises(BoomError):
        model.fit(x, y, batch_size=8)
    model.predict(x)
    gc.collect()
    assert len(alive) == 5
    assert all(reference() is None for reference in alive)


# ---- Around it


def test_batches_and_callbacks_and_early_stopping():
    x, y = regression(rows=64)
    built_in, mine = (chain(layer, L.Dense(2)) for layer in (L.Dense(9, activation="tanh"), DenseTanh(9)))

    class Batches:
        def __iter__(self):
            return ((x[i : i + 16], y[i : i + 16]) for i in range(0, 64, 16))

    told = []
    histories = []
    for model in (built_in, mine):
        stop = fd.callbacks.EarlyStopping(patience=1, min_delta=0.05)
        each = fd.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: told.append(logs["loss"]))
        histories.append(
            model.fit(Batches(), epochs=12, validation_data=(x, y), callbacks=[stop, each]).history[
                "val_loss"
            ]
        )
    np.testing.assert_allclose(*histories, rtol=1e-9)
    assert len(histories[0]) < 12
    assert len(told) == 8 * len(histories[0])


def test_copies_train_on_with_the_same_bits():
    x, y = regression(rows=48)
    model = chain(Centre(), DenseTanh(9), L.Dense(2))
    model.fit(x, y, epochs=2)
    copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    model.fit(x, y, epochs=2)
    for other in copies:
        other.fit(x, y, epochs=2)
        assert weight_hash(other) == weight_hash(model)


def test_a_saved_model_needs_its_classes(tmp_path):
    x, y = regression(rows=48)
    path = tmp_path / "m.safetensors"
    model = chain(Centre(name="c"), DenseTanh(9, trainable=False), L.Dense(2))
    model.fit(x, y)
    model.save(path)
    with pytest.raises(
        ValueError, match=r"'Centre' among custom_objects, got none; pass it: .*custom_objects=\{'Centre'"
    ):
        fd.load_model(path)
    with pytest.raises(ValueError, match="'DenseTanh' among custom_objects, got Centre"):
        fd.load_model(path, {"Centre": Centre})
    again = fd.load_model(path, custom_objects={"Centre": Centre, "DenseTanh": DenseTanh})
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert [repr(layer) for layer in again.layers] == [repr(layer) for layer in model.layers]
    with pytest.raises(ValueError, match=r"a class that takes \{'units': 9"):
        fd.load_model(path, {"Centre": Centre, "DenseTanh": Centre})


def test_a_class_named_like_a_layer_of_the_package_is_not_taken_for_it(tmp_path):
    dense = type("Dense", (Centre,), {})
    model = chain(dense(), L.Dense(2))
    model.save(tmp_path / "m")
    with pytest.raises(ValueError, match="'Dense' among custom_objects"):
        fd.load_model(tmp_path / "m")
    assert type(fd.load_model(tmp_path / "m", {"Dense": dense}).layers[1]) is dense


def test_a_configuration_that_would_not_load_is_not_saved(tmp_path):
    class NoConfig(DenseTanh):
        get_config = L.Layer.get_config

    class NoJson(DenseTanh):
        def get_config(self):
            return {"units": self}

    for kind, message in ((NoConfig, "missing a required argument: 'units'"), (NoJson, "JSON")):
        with pytest.raises(ValueError, match=message):
            chain(kind(3), L.Dense(2)).save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


class Times(L.Layer):
    def __init__(self, k=1.0, **kwargs):
        super().__init__(**kwargs)
        self.k = k

    def forward(self, x, training):
        return self.k * x, None

    def backward(self, dy, saved):
        return self.k * dy, {}


class TimesWithConfig(Times):
    def get_config(self):
        return {"k": self.k, **super().get_config()}


class TimesWithoutName(Times):
    def get_config(self):
        return {"k": self.k}


def test_arguments_that_a_file_would_lose_are_not_saved(tmp_path):
    path = tmp_path / "m"
    hint = r'write get_config\(self\) as \{"k": self.k'
    with pytest.raises(ValueError, match=rf"\[save, layer 'times'\] .* got one without k; {hint}"):
        chain(Times(5.0), L.Dense(2)).save(path)
    assert not list(tmp_path.iterdir())
    x, _ = regression(rows=8)
    model = chain(TimesWithConfig(5.0), L.Dense(2))
    model.save(path)
    again = fd.load_model(path, {"TimesWithConfig": TimesWithConfig})
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize("arguments", [{}, {"name": "mine"}, {"name": "mine", "trainable": False}])
def test_a_file_keeps_name_and_trainable_whatever_the_config_says(arguments, tmp_path):
    x, y = regression(rows=8)
    model = chain(L.Dense(7), TimesWithoutName(0.5, **arguments), L.Dense(2))
    model.fit(x, y)
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m", {"TimesWithoutName": TimesWithoutName})
    for layer in (model.layers[2], again.layers[2]):
        assert layer.name == arguments.get("name", "timeswithoutname")
        assert layer.trainable == arguments.get("trainable", True)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_what_a_layer_of_the_package_leaves_to_the_tensors_a_subclass_does(tmp_path):
    kind = type("Mine", (L.Normalization,), {})
    x, _ = regression(rows=8)
    model = chain(kind(mean=x.mean(axis=0), std=x.std(axis=0)), L.Dense(2))
    model.save(tmp_path / "m")
    np.testing.assert_array_equal(fd.load_model(tmp_path / "m", {"Mine": kind}).predict(x), model.predict(x))


class RefusesToBuild(Times):
    def build(self, input_shape):
        raise ValueError("mine")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"TimesWithConfig": lambda k, name: 1 / 0},
            r"layer TimesWithConfig\] .* \{'k': 2.0.* ZeroDivisionError: division",
        ),
        ({"TimesWithConfig": lambda k, name: 3}, "a class that makes a layer, got 3; custom_objects has"),
        (
            [TimesWithConfig],
            r"\[load_model\] expected custom_objects as \{name: class or function\}, got list",
        ),
        ({"TimesWithConfig": lambda k, name: RefusesToBuild()}, "or custom_objects are not those"),
    ],
)
def test_what_is_wrong_with_a_class_is_not_blamed_on_the_file(given, message, tmp_path):
    chain(TimesWithConfig(2.0), L.Dense(2)).save(tmp_path / "m")
    with pytest.raises(ValueError, match=message) as found:
        fd.load_model(tmp_path / "m", given)
    assert ("damaged" in str(found.value)) == ("are not those" in message)


def test_plan_profile_and_summary_show_it():
    x, y = regression(rows=32)
    model = chain(L.Dense(7), Scale(name="mine"), L.Dense(2))
    lines = []
    model.plan(print_fn=lines.append)
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    for shown in ("python", "mine.forward", "mine.backward", "none: Python", "Scale"):
        assert shown in text
    profile = model.profile(x, y, seconds=0.01, print_fn=lines.append)
    calls = [row for row in profile.rows if row.step == "python"]
    assert [row.operations for row in calls] == [("mine.forward",), ("mine.backward",)]
    assert all(row.seconds > 0 for row in calls)
    prediction = model.profile(x, seconds=0.01, print_fn=lines.append)
    assert ("mine.forward",) in [row.operations for row in prediction.rows]
    assert set(model.layer_outputs(x)) == {"dense", "mine", "dense_1"}


def test_a_model_that_ends_in_it():
    x, y = regression(rows=32, outputs=2)
    model = chain(L.Dense(2), Scale())
    model.fit(x, y)
    kernel, bias, factor = model.get_weights()
    np.testing.assert_allclose(model.predict(x), (x @ kernel + bias) * factor, rtol=1e-12)


def test_plans_without_calls_are_one_region():
    """What nobody asked for costs nothing: no step of such a plan leaves the engine."""
    from fastdnn.backend import NativeBackend

    model = chain(L.Dense(9, activation="tanh"), L.Dense(2), metrics=["mse"])
    plan = NativeBackend(model.weights.native).plan(model.training_program(), 32)
    assert all(step["call"] == -1 for step in plan.describe())
    assert not plan.describe_observers()


def test_sparse_rows_and_integers_are_not_for_it():
    x, _ = regression(rows=8)
    model = chain(Scale(name="mine"), L.Dense(2))
    with pytest.raises(ValueError, match=r"a dense x, got a sparse one, which 'mine' would read"):
        model.predict(Csr.of(x))
    with pytest.raises(ValueError, match="Embedding reads integers"):
        fd.Sequential([fd.Input((3,), dtype="int32"), Scale()], seed=0)


def test_behind_layers_that_read_sparse_rows_or_integers():
    """Their inputs' sources are beside those of the calls."""
    x, y = regression(rows=32)
    x[x < 0.5] = 0
    dense, sparse = (chain(L.Dense(7), Scale(), L.Dense(2)) for _ in range(2))
    dense.fit(x, y, epochs=3)
    sparse.fit(Csr.of(x), y, epochs=3)
    assert_same(dense, sparse, rtol=1e-10, atol=1e-12)
    source = fd.Input((2,), dtype="int32")
    model = fd.Model(source, L.Dense(2)(DenseTanh(5)(L.Embedding(9, 3)(source))), seed=0, dtype="float64")
    model.compile(fd.optimizers.SGD(0.5), "mse")
    before = model.get_weights()[0]
    model.fit(np.arange(64).reshape(32, 2) % 7, y)
    changed = (model.get_weights()[0] != before).any(axis=1)
    assert changed.tolist() == [True] * 7 + [False] * 2
