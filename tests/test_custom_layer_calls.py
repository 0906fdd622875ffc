"""Layers of one's own: harmless whatever their code does and gives back."""

import copy
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from custom_networks import BACKENDS, L, assert_same, chain, numbers
from custom_parts import DenseTanh, Product, Scale
from networks import regression, weight_hash

import fastdnn as fd

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
