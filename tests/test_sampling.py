"""Sampled steps of a fit: the figures of NumPy, of any step, on both backends, and no bit changed."""

import signal

import numpy as np
import pytest
from custom_parts import DenseTanh, Scale
from networks import classification, classifier, weight_hash
from random_networks import data_for, random_heads, random_network
from sparse_arrays import Csr

import fastdnn as fd
from fastdnn.sampling import saturation_limits

L = fd.layers
BACKENDS = ["native", "reference"]


class Looks(fd.callbacks.Callback):
    """Looks into the steps that a function of (steps done, next steps) chooses, from 1."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.steps, self.rates, self.figures = [], [], []

    def steps_to_sample(self, steps):
        done = self.model.optimizer.iterations
        return [number for number in range(1, steps + 1) if self.chosen(done + number)]

    def on_samples(self, samples):
        self.layout = samples.layout
        self.steps += samples.steps
        self.rates += samples.learning_rates
        self.figures.append(samples.figures)

    @property
    def samples(self):
        return self.layout.read(np.concatenate(self.figures))


def all_steps():
    return Looks(lambda step: True)


def chain(*layers, features=20, backend="native", dtype="float64", optimizer=None, loss="mse", seed=3):
    model = fd.Sequential([L.Input((features,)), *layers], seed=seed, dtype=dtype)
    model.compile(optimizer or fd.optimizers.SGD(0.1), loss, backend=backend)
    return model


# ---- Figures


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("rows", [1, 2, 255, 257, 700])
def test_figures_of_layers_are_those_of_numpy(backend, rows):
    widths = [1, 3, 17, 65]
    names = ["relu", "sigmoid", "tanh", "linear"]
    hidden = [L.Dense(width, activation=name, name=name) for width, name in zip(widths, names, strict=True)]
    rng = np.random.default_rng(rows)
    x, y = 6 * rng.normal(size=(rows, 20)) + 1, rng.normal(size=rows)
    model = chain(*hidden, L.Dense(1, name="out"), backend=backend)
    outputs = model.layer_outputs(x)
    looks = all_steps()
    model.fit(x, y, batch_size=rows, callbacks=[looks], shuffle=False)
    samples = looks.samples
    for name, given in outputs.items():
        low, high = saturation_limits(name if name in ("sigmoid", "tanh") else "linear")
        wanted = {
            "mean": given.mean(),
            "std": given.std(),
            "min": given.min(),
            "max": given.max(),
            "zeros": np.mean(given == 0),
            "dead": np.mean(np.all(given == 0, axis=0)),
            "saturated": np.mean((given < low) | (given > high)),
        }
        for figure, number in wanted.items():
            found = samples[f"{figure}/{name}"]
            assert found == pytest.approx([number], rel=1e-9, abs=1e-12), (figure, name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_histograms_are_those_of_numpy(backend):
    x, labels = classification(rows=90)
    model = chain(L.Dense(31, activation="tanh", name="h"), L.Dense(1), backend=backend)
    given = model.layer_outputs(x, ["h"])["h"]
    looks = all_steps()
    model.fit(x, labels, batch_size=90, callbacks=[looks], shuffle=False)
    counts, _ = np.histogram(given, 16, (given.min(), given.max()))
    assert np.abs(looks.samples["histogram/h"][0] - counts / given.size).max() <= 2 / given.size  # at an edge


def test_histograms_of_large_layers_are_of_some_rows():
    x, labels = classification(rows=300)
    figures = []
    for backend in BACKENDS:
        model = chain(L.Dense(257, activation="tanh", name="h"), L.Dense(1), backend=backend)
        looks = all_steps()
        model.fit(x, labels, batch_size=300, callbacks=[looks], shuffle=False)
        figures.append(looks.samples["histogram/h"][0])
    assert figures[0].sum() == pytest.approx(1)
    assert figures[0] == pytest.approx(figures[1], abs=1e-3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_norms_are_those_of_weights_gradients_and_updates(backend):
    x, labels = classification(rows=64)
    model = chain(L.Dense(33, activation="relu", name="h"), L.Dense(1, name="out"), backend=backend)
    model.fit(x, labels, batch_size=64)
    before = dict(model.weights.snapshot())
    loss, gradients = model.loss_and_gradients(x, labels)
    looks = all_steps()
    model.fit(x, labels, batch_size=64, callbacks=[looks], shuffle=False)
    after, samples = model.weights.snapshot(), looks.samples
    assert samples["loss"] == pytest.approx([loss])
    assert set(gradients) == {"h/kernel", "h/bias", "out/kernel", "out/bias"}
    for name, gradient in gradients.items():
        update = np.linalg.norm(after[name] - before[name])
        assert samples[f"weight_norm/{name}"] == pytest.approx([np.linalg.norm(before[name])])
        assert samples[f"gradient_norm/{name}"] == pytest.approx([np.linalg.norm(gradient)])
        assert samples[f"update_norm/{name}"] == pytest.approx([update])
        assert samples[f"ratio/{name}"] == pytest.approx([update / np.linalg.norm(before[name])])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ratio_of_sgd_is_rate_times_gradient_over_weight(dtype):
    x, labels = classification()
    model = classifier(hidden=(33, 17), optimizer=fd.optimizers.SGD(0.03), dtype=dtype)
    looks = all_steps()
    model.fit(x, labels, epochs=2, callbacks=[looks])
    samples, within = looks.samples, 1e-3 if dtype == "float32" else 1e-9
    for name in model.weights.weights:
        known = samples[f"weight_norm/{name}"] > 0
        assert known.sum() >= len(known) - 1  # biases begin at 0, where there is no ratio
        assert np.isnan(samples[f"ratio/{name}"][~known]).all()
        ratio = 0.03 * samples[f"gradient_norm/{name}"][known] / samples[f"weight_norm/{name}"][known]
        assert samples[f"ratio/{name}"][known] == pytest.approx(ratio, rel=within)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_of_activations_of_one_row_are_those_of_the_bias(backend):
    x, labels = classification(rows=1)
    model = chain(L.Dense(5, name="h"), L.Activation("tanh", name="t"), L.Dense(1), backend=backend)
    _, gradients = model.loss_and_gradients(x, labels)
    looks = all_steps()
    model.fit(x, labels, callbacks=[looks])
    of_bias = np.linalg.norm(gradients["h/bias"])  # of one row: dL/dy itself
    assert looks.samples["activation_gradient/h"] == pytest.approx([of_bias])


def test_dead_units_that_were_planted_are_counted():
    x, labels = classification()
    model = classifier(hidden=(40,))
    kernel, bias, *rest = model.get_weights()
    bias[:10] = -1e4
    model.set_weights([kernel, bias, *rest])
    looks = all_steps()
    model.fit(x, labels, batch_size=300, callbacks=[looks])
    assert looks.samples["dead/dense"] == pytest.approx([10 / 40])


def test_the_loss_of_a_step_is_that_of_its_batch():
    x, labels = classification(rows=96)
    model = classifier(regularizer=fd.regularizers.L2(1e-2))
    same = classifier(regularizer=fd.regularizers.L2(1e-2))
    looks = all_steps()
    model.fit(x, labels, batch_size=32, shuffle=False, callbacks=[looks])
    losses = [same.train_on_batch(x[i : i + 32], labels[i : i + 32])[0] for i in (0, 32, 64)]
    assert looks.samples["loss"] == pytest.approx(losses, rel=1e-6)
    assert looks.samples["rows"].tolist() == [32, 32, 32]


def test_numbers_that_are_not_finite_are_told():
    model = chain(
        L.Dense(3, name="h", activation="relu"), L.Dense(1), dtype="float32", optimizer=fd.optimizers.SGD(0.0)
    )
    kernel, bias, out, last = model.get_weights()
    kernel[:] = 3e38
    out[:] = 0
    model.set_weights([kernel, bias, out, last])
    looks = all_steps()
    x = np.full((4, 20), 0.01)
    x[0] = 100.0
    try:
        model.fit(x, np.zeros(4), callbacks=[looks])
    except fd.NonFiniteLossError:  # 0 times infinity
        assert not looks.steps
    else:
        assert looks.samples["max/h"] == [np.inf]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("scale", [1e25, 3e38])
def test_numbers_whose_squares_are_beyond_float32_are_finite(scale, backend):
    model = chain(
        L.Dense(3, name="h"), L.Dense(1), features=1, dtype="float32", backend=backend, optimizer="sgd"
    )
    model.set_weights([np.ones((1, 3)), np.zeros(3), np.zeros((3, 1)), np.zeros(1)])
    x = scale * np.linspace(-1, 1, 600)[:, None]
    looks = all_steps()
    model.fit(x, np.zeros(600), batch_size=600, callbacks=[looks], shuffle=False)
    y = np.tile(x, 3).astype(np.float32).astype(np.float64)
    assert looks.samples["mean/h"] == pytest.approx([y.mean()], abs=1e-6 * scale)
    assert looks.samples["std/h"] == pytest.approx([y.std()], rel=1e-6)
    assert looks.samples["histogram/h"].sum() == pytest.approx(1)


# ---- The same training


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(6))
def test_no_bit_of_a_random_network_changes(seed, dtype, threads):
    x, y = classification(rows=75, features=11)
    found = []
    for callbacks in ([], [Looks(lambda step: step % 3 == 1)]):
        model = random_network(seed, dtype=dtype)
        history = model.fit(x, y, batch_size=16, epochs=2, callbacks=callbacks, threads=threads)
        found.append((weight_hash(model), history.history))
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", range(4))
def test_no_bit_of_several_inputs_and_outputs_changes(seed):
    found = []
    for callbacks in ([], [Looks(lambda step: step % 2 == 1)]):
        model = random_heads(seed)
        x, y, weights = data_for(model, 50)
        trained = [head.name for head in model.compiled.heads if head.loss is not None]
        y = {name: y[name] for name in trained}
        history = model.fit(x, y, batch_size=16, epochs=2, sample_weight=weights, callbacks=callbacks)
        found.append((weight_hash(model), history.history))
    assert found[0] == found[1]


@pytest.mark.parametrize("seed", [2, 3, 5])
def test_figures_have_the_same_bits_on_any_number_of_threads(seed):
    x, y = classification(rows=75, features=11)
    found = []
    for threads in (1, 2, 5):
        model, looks = random_network(seed), all_steps()
        model.fit(x, y, batch_size=32, callbacks=[looks], threads=threads)
        found.append(np.concatenate(looks.figures))
    assert all(np.array_equal(found[0], other, equal_nan=True) for other in found[1:])


@pytest.mark.parametrize("seed", range(3))
def test_both_backends_tell_the_same(seed):
    x, y = classification(rows=60, features=11)
    found = []
    for backend in BACKENDS:
        model, looks = random_network(seed, dtype="float64", backend=backend), all_steps()
        model.fit(x, y, batch_size=16, callbacks=[looks])
        found.append(looks.samples)
    assert list(found[0]) == list(found[1])
    for name, native in found[0].items():
        if not name.startswith("histogram/"):  # an output may fall to the other side of an edge
            assert native == pytest.approx(found[1][name], rel=1e-6, abs=1e-9, nan_ok=True), name


@pytest.mark.parametrize("backend", BACKENDS)
def test_code_of_the_users_runs_as_often_and_sees_the_same(backend):
    found = []
    for callbacks in ([], [all_steps()]):
        seen = []
        scale = Scale(
            hook=lambda layer, training, seen=seen: seen.append((training, layer.weight("factor").sum()))
        )
        model = chain(DenseTanh(6), scale, L.Dense(1), backend=backend)
        x, labels = classification(rows=64)
        model.fit(x, labels, epochs=2, callbacks=callbacks)
        found.append((weight_hash(model), seen))
    assert found[0] == found[1]
    assert "mean/scale" in callbacks[0].samples


def test_frozen_weights_are_not_told_of():
    x, labels = classification()
    model = chain(L.Dense(8, name="h", trainable=False), L.Dense(1, name="out"))
    looks = all_steps()
    model.fit(x, labels, callbacks=[looks])
    assert looks.layout.weights == ["out/kernel", "out/bias"]
    assert "activation_gradient/h" not in looks.samples
    assert "mean/h" in looks.samples


def test_sparse_features():
    x, labels = classification(rows=64)
    x[x < 1] = 0
    samples = []
    for given in (x, Csr.of(x)):
        model, looks = classifier(), all_steps()
        model.fit(given, labels, callbacks=[looks])
        samples.append(looks.samples)
    assert samples[0]["mean/dense"] == pytest.approx(samples[1]["mean/dense"], rel=1e-5)


# ---- Interrupts


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_that_never_began_tells_of_no_steps(backend, monkeypatch):
    from fastdnn import backend as native
    from fastdnn.reference import executor

    class Refuses:
        def __init__(self, *arguments):
            raise MemoryError

    class Last(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                monkeypatch.setattr(native, "Caller", Refuses)
                monkeypatch.setattr(executor, "Caller", Refuses)

    x, labels = classification(rows=64)
    model, looks = chain(L.Dense(1), backend=backend, optimizer=fd.optimizers.SGD(1e-3)), all_steps()
    with pytest.raises(MemoryError):
        model.fit(x, labels, batch_size=16, epochs=3, callbacks=[looks, Last()])
    assert looks.steps == list(range(1, 9))
    assert model.optimizer.iterations == 8


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ctrl_c_after_a_run_loses_no_samples(backend, monkeypatch):
    from fastdnn.optimizers.optimizer import Optimizer

    rate_in = Optimizer.rate_in

    def interrupted(self, *arguments):
        signal.raise_signal(signal.SIGINT)
        return rate_in(self, *arguments)

    x, labels = classification(rows=64)
    model, looks = chain(L.Dense(1), backend=backend, optimizer=fd.optimizers.SGD(1e-3)), all_steps()
    monkeypatch.setattr(Optimizer, "rate_in", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, labels, batch_size=16, callbacks=[looks])
    assert looks.steps == [1, 2, 3, 4]


def test_a_ctrl_c_before_it_is_held_loses_no_samples(monkeypatch):
    from fastdnn.interrupts import _signal

    getsignal, asked = _signal.getsignal, []

    def interrupted(number):
        asked.append(number)
        if len(asked) == 1:
            signal.raise_signal(signal.SIGINT)
        return getsignal(number)

    x, labels = classification(rows=64)
    model, looks = chain(L.Dense(1)), all_steps()
    monkeypatch.setattr(_signal, "getsignal", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, labels, batch_size=16, callbacks=[looks])
    assert looks.steps == [1, 2, 3, 4]


# ---- Which steps


@pytest.mark.parametrize("kind", [np.array, tuple, lambda steps: iter(steps)])
def test_steps_in_anything_that_holds_numbers(kind):
    x, labels = classification(rows=64)
    model, looks = classifier(), all_steps()
    looks.steps_to_sample = lambda steps: kind([1, steps])
    model.fit(x, labels, batch_size=16, callbacks=[looks])
    assert looks.steps == [1, 4]


def test_steps_over_epochs_of_any_length():
    x, labels = classification(rows=100)
    for batch_size, epochs in [(32, 5), (100, 9), (7, 2)]:
        model, looks = classifier(), Looks(lambda step: step % 4 == 2)
        model.fit(x, labels, batch_size=batch_size, epochs=epochs, callbacks=[looks])
        total = epochs * -(-100 // batch_size)
        assert looks.steps == [step for step in range(1, total + 1) if step % 4 == 2]


def test_more_samples_than_a_native_call_keeps():
    x, labels = classification(rows=300)
    model, looks = classifier(hidden=(3,)), all_steps()
    model.fit(x, labels, batch_size=1, callbacks=[looks], epochs=2)
    assert looks.steps == list(range(1, 601))


def test_several_who_look_get_their_own():
    x, labels = classification(rows=100)
    model = classifier()
    one, other, none = (
        Looks(choose) for choose in (lambda s: s % 2 == 0, lambda s: s % 3 == 0, lambda s: False)
    )
    model.fit(x, labels, batch_size=10, callbacks=[one, none, other])
    assert (one.steps, other.steps, none.steps) == ([2, 4, 6, 8, 10], [3, 6, 9], [])
    assert np.array_equal(one.figures[0][2], other.figures[0][1])  # of step 6


def test_batches_of_any_length_from_a_generator():
    x, labels = classification(rows=100)
    lengths = [8, 30, 5, 40]

    def batches():
        for length in lengths:
            yield x[:length], labels[:length]

    model, looks = classifier(), all_steps()
    model.fit(batches(), callbacks=[looks])
    assert looks.samples["rows"].tolist() == lengths


def test_beside_evaluations_and_listeners():
    x, labels = classification(rows=200)
    found = []
    for more in ([], [Looks(lambda step: step % 3 == 1)]):
        stop = fd.callbacks.EarlyStopping(patience=2, every_n_steps=4)
        seen = []
        listen = fd.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs, seen=seen: seen.append(logs["loss"])
        )
        model = classifier()
        model.fit(x, labels, batch_size=16, epochs=3, validation_split=0.2, callbacks=[stop, *more, listen])
        found.append((weight_hash(model), stop.best_step, seen))
    assert found[0] == found[1]
    assert more[0].steps == [step for step in range(1, len(seen) + 1) if step % 3 == 1]


def test_learning_rates_are_those_of_the_steps():
    x, labels = classification(rows=100)
    model, looks = classifier(optimizer=fd.optimizers.SGD(lambda step: 0.1 / (1 + step))), all_steps()
    model.fit(x, labels, batch_size=25, callbacks=[looks])
    assert looks.rates == pytest.approx([0.1, 0.05, 0.1 / 3, 0.025])


def test_what_was_seen_before_a_loss_that_is_not_finite_is_told():
    x, labels = classification(rows=100)
    model, looks = classifier(optimizer=fd.optimizers.SGD(1e30)), all_steps()
    with pytest.raises(fd.NonFiniteLossError):
        model.fit(x, labels, batch_size=10, epochs=3, callbacks=[looks])
    assert looks.steps == list(range(1, model.optimizer.iterations + 1))
    assert looks.steps


@pytest.mark.parametrize("wrong", [[0], [2, 1], [1, 1], [10**6], [1.5], None, 3, "12", np.eye(2, dtype=int)])
def test_wrong_steps_are_refused(wrong):
    x, labels = classification(rows=100)
    callback = type("Wrong", (fd.callbacks.Callback,), {"steps_to_sample": lambda self, steps: wrong})()
    with pytest.raises(ValueError, match=r"\[Wrong.steps_to_sample\] expected"):
        classifier().fit(x, labels, callbacks=[callback])
