"""Metrics of one's own: they see each kept step once, and no run disturbs another's figures."""

import contextlib
import copy
import functools
import signal
import threading

import numpy as np
import pytest
from custom_parts import CrossEntropy, MeanDeviation, Scale, SquaredLoss
from networks import classification, regression, weight_hash

import fastdnn as fd
from fastdnn.io import read_safetensors, write_safetensors

L = fd.layers
BACKENDS = ["native", "reference"]


class MeanSquares(MeanDeviation):
    def __init__(self, name="squares"):
        super().__init__(name)

    def update(self, y, y_hat, sample_weight):
        self.calls += 1
        self.total += ((y - y_hat) ** 2).mean(axis=1).sum()
        self.rows += len(y)


def absolute(y, y_hat):
    return np.abs(y - y_hat).mean(axis=1)


def mean_of_batch(y, y_hat):
    return np.abs(y - y_hat).mean()


def model_of(
    *metrics, loss="mean_squared_error", features=7, outputs=2, backend="native", layers=(), weighted=None
):
    model = fd.Sequential(
        [L.Input((features,)), L.Dense(9, activation="tanh"), *layers, L.Dense(outputs)],
        seed=3,
        dtype="float64",
    )
    optimizer = fd.optimizers.SGD(0.1)
    model.compile(optimizer, loss, metrics=list(metrics), weighted_metrics=weighted, backend=backend)
    return model


@pytest.mark.parametrize("backend", BACKENDS)
def test_figures_are_those_of_numpy(backend):
    x, y = regression(rows=50)
    given = MeanDeviation()
    model = model_of(given, "mse", absolute, mean_of_batch, backend=backend)
    figures = model.evaluate(x, y, return_dict=True, batch_size=16)
    assert list(figures) == ["loss", "mean_deviation", "mse", "absolute", "mean_of_batch"]
    error = model.predict(x) - y
    np.testing.assert_allclose(figures["mse"], (error**2).mean(), rtol=1e-12)
    for name in ("mean_deviation", "absolute", "mean_of_batch"):  # the last batch is shorter
        np.testing.assert_allclose(figures[name], np.abs(error).mean(), rtol=1e-12, err_msg=name)
    assert given.calls == 4
    assert given.result() == figures["mean_deviation"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_training_figures(backend):
    """Of an epoch: each batch with the weights before its step, as the loss."""
    x, y = regression(rows=48)
    squared = MeanSquares()
    model = model_of(squared, backend=backend)
    history = model.fit(x, y, epochs=3, batch_size=16, validation_split=0.25).history
    np.testing.assert_allclose(history["squares"], history["loss"], rtol=1e-10)
    np.testing.assert_allclose(history["val_squares"], history["val_loss"], rtol=1e-10)
    assert list(history) == ["loss", "squares", "val_loss", "val_squares"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_it_is_given(backend):
    x, y = classification(rows=40)
    weights = np.linspace(0, 1, 40)
    seen = []

    class Looks(MeanDeviation):
        def update(self, y, y_hat, sample_weight):
            seen.append((y, y_hat, sample_weight))
            self.rows = 1

    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    for chosen in (loss, CrossEntropy()):
        seen.clear()
        model = model_of(loss=chosen, features=20, outputs=4, backend=backend, weighted=[Looks()])
        model.evaluate(x, y)
        model.evaluate(x, y, sample_weight=weights)
        (labels, y_hat, none), (_, _, given) = seen
        np.testing.assert_array_equal(labels, y)
        np.testing.assert_allclose(y_hat, model.predict(x))
        assert none is None
        np.testing.assert_allclose(given, weights)


def test_weights_of_samples_and_classes():
    x, y = classification(rows=40)
    metric = MeanDeviation()
    metric.update = lambda y, y_hat, w: setattr(metric, "rows", 1.0) or setattr(metric, "total", w.sum())
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = model_of(loss=loss, features=20, outputs=4, weighted=[metric])
    history = model.fit(x, y, batch_size=40, sample_weight=np.full(40, 2.0), class_weight={0: 0.0}).history
    assert history["mean_deviation"] == [2.0 * (y != 0).sum()]


def test_the_same_bits_whoever_looks_on():
    x, y = regression(rows=64)

    def trained(*metrics, **fit):
        model = model_of(*metrics)
        return model.fit(x, y, epochs=3, batch_size=16, **fit).history["loss"], weight_hash(model)

    plain = trained()
    for threads in (1, 2, 3):
        assert trained(MeanDeviation(), threads=threads) == plain


@pytest.mark.parametrize("backend", BACKENDS)
def test_validation_and_evaluations_do_not_disturb_the_training_figures(backend):
    x, y = regression(rows=64)
    metric = MeanSquares()
    model = model_of(metric, backend=backend)
    told = []

    def evaluate(batch, logs):
        before = logs["squares"]
        assert model.evaluate(x, y, return_dict=True)["squares"] > 0
        told.append((before, logs["loss"]))

    each = fd.callbacks.LambdaCallback(on_train_batch_end=evaluate)
    history = model.fit(
        x, y, epochs=2, batch_size=16, validation_data=(x[:8], y[:8]), callbacks=[each]
    ).history
    np.testing.assert_allclose(history["squares"], history["loss"], rtol=1e-10)
    np.testing.assert_allclose(*zip(*told, strict=True), rtol=1e-10)
    assert metric.rows == 64  # the user's own is the training's
    assert metric.result() == history["squares"][-1]
    model.evaluate(x[:8], y[:8])
    assert metric.rows == 8  # and then the evaluation's


def test_two_models_may_share_an_object():
    x, y = regression(rows=32)
    metric = MeanSquares()
    other = model_of(metric)
    model = model_of(metric)
    inner = []
    each = fd.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: inner.append(other.fit(x, y).history)
    )
    history = model.fit(x, y, batch_size=8, callbacks=[each]).history
    np.testing.assert_allclose(history["squares"], history["loss"], rtol=1e-10)
    for figures in inner:
        np.testing.assert_allclose(figures["squares"], figures["loss"], rtol=1e-10)


def test_evaluations_at_once():
    x, y = regression(rows=400)
    model = model_of(MeanSquares())
    found = []

    def evaluate(rows):
        found.extend(model.evaluate(x[:rows], y[:rows], batch_size=16) for _ in range(10))

    threads = [threading.Thread(target=evaluate, args=(rows,)) for rows in (50, 200, 400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 30
    for loss, squares in found:
        np.testing.assert_allclose(squares, loss, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_single_steps_and_batches_and_early_stopping(backend):
    x, y = regression(rows=64)
    metric = MeanSquares()
    model = model_of(metric, backend=backend)
    for rows in (16, 32, 8):
        loss, squares = model.train_on_batch(x[:rows], y[:rows])
        np.testing.assert_allclose(squares, loss, rtol=1e-12)
    loss, squares = model.test_on_batch(x[:5], y[:5])
    np.testing.assert_allclose(squares, loss, rtol=1e-12)
    assert metric.rows == 5  # nobody else has it any more

    class Batches:
        def __iter__(self):
            return ((x[i : i + 16], y[i : i + 16]) for i in range(0, 64, 16))

    stop = fd.callbacks.EarlyStopping(monitor="val_squares", patience=1, min_delta=0.05)
    history = model.fit(Batches(), epochs=20, validation_data=Batches(), callbacks=[stop]).history
    assert len(history["loss"]) < 20
    np.testing.assert_allclose(history["squares"], history["loss"], rtol=1e-10)
    np.testing.assert_allclose(history["val_squares"], history["val_loss"], rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_that_are_not_kept_are_not_seen(backend):
    x, y = regression(rows=32)
    y[20] = 1e200
    metric = MeanSquares()
    model = model_of(metric, backend=backend)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(fd.NonFiniteLossError):
        model.fit(x, y, batch_size=8, shuffle=False)
    assert (metric.calls, metric.rows) == (2, 16)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_comes_after_a_whole_step(error, backend):
    x, y = regression(rows=64)

    class Fails(MeanDeviation):
        def update(self, y, y_hat, sample_weight):
            super().update(y, y_hat, sample_weight)
            if self.calls == 3:
                raise error("mine")

    model, whole = model_of(Fails(), backend=backend), model_of(backend=backend)
    with pytest.raises(error, match="mine"):
        model.fit(x, y, batch_size=16, shuffle=False)
    for first in range(0, 48, 16):
        whole.train_on_batch(x[first : first + 16], y[first : first + 16])
    assert model.compiled.state.iterations == 3
    for a, b in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_a_metric_raises_comes_after_a_single_step(backend):
    x, y = regression(rows=16)
    metric = MeanDeviation()
    metric.update = lambda *_: 1 / 0
    model, whole = model_of(metric, backend=backend), model_of(backend=backend)
    with pytest.raises(ZeroDivisionError):
        model.train_on_batch(x, y)
    whole.train_on_batch(x, y)
    assert weight_hash(model) == weight_hash(whole)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_swallowed_interrupt_repeats_no_row(backend):
    """The step that a Ctrl-C stops in the engine is begun again where a handler swallows it."""
    x, y = regression(rows=600)

    calls = []

    def interrupt(layer, training):
        calls.append(training)
        if len(calls) in (2, 5):
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)

    metric = MeanSquares()
    model = model_of(metric, backend=backend, layers=[Scale(hook=interrupt)])
    model.fit(x, y, batch_size=200)
    assert metric.rows == 600
    plain = model_of(backend=backend, layers=[Scale()])
    plain.fit(x, y, batch_size=200)
    assert weight_hash(model) == weight_hash(plain)
    calls.clear()
    model.evaluate(x, y, batch_size=100)
    assert metric.rows == 600


def test_it_may_use_the_model():
    x, y = regression(rows=32)

    class Curious(MeanDeviation):
        def update(self, y, y_hat, sample_weight):
            super().update(y, y_hat, sample_weight)
            after = model.predict(x)  # the step is kept by now
            assert after.shape == (32, 2)

    metric = Curious()
    metric.__deepcopy__ = lambda memo: MeanDeviation()
    model = model_of(metric)
    model.fit(x, y, batch_size=8, validation_split=0.25)


def test_beside_a_layer_of_ones_own():
    x, y = regression(rows=40)
    metric = MeanSquares()
    model = model_of(metric, layers=[Scale()])
    history = model.fit(x, y, epochs=3, batch_size=16, threads=2).history
    np.testing.assert_allclose(history["squares"], history["loss"], rtol=1e-10)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (MeanDeviation, "write it with parentheses"),
        (object(), "a metric, one of"),
        (3, "a metric, one of"),
        (MeanDeviation(name=None), "a name of MeanDeviation"),
        (MeanDeviation(name="\ud800"), r"a name of MeanDeviation, a string in UTF-8, got '\\ud800'"),
        (MeanDeviation(name="loss"), "distinct names"),
        (MeanDeviation(name="mse"), "each metric once"),
    ],
)
def test_what_is_no_metric(metric, message):
    with pytest.raises(ValueError, match=message):
        model_of("mse", metric)


class Quantile:
    """Of the absolute error of a batch: an object that is called."""

    def __init__(self, q):
        self.q = q
        self.name = f"q{q}"

    def __call__(self, y, y_hat):
        return np.quantile(np.abs(y - y_hat), self.q)


def test_an_object_that_is_called_has_a_name():
    x, y = regression(rows=40)
    partial = functools.partial(lambda q, y, y_hat: np.quantile(np.abs(y - y_hat), q), 0.5)
    with pytest.raises(
        ValueError, match="a name of partial, a string in UTF-8, got None; set its attribute name"
    ):
        model_of(partial)
    partial.name = "median"
    model = model_of(Quantile(0.25), Quantile(0.5), partial, absolute)
    figures = model.evaluate(x, y, return_dict=True)
    assert list(figures) == ["loss", "q0.25", "q0.5", "median", "absolute"]
    error = np.abs(model.predict(x) - y)
    for name, q in {"q0.25": 0.25, "q0.5": 0.5, "median": 0.5}.items():
        np.testing.assert_allclose(figures[name], np.quantile(error, q), rtol=1e-12)


@pytest.mark.parametrize("is_called", [False, True])
def test_metrics_of_keras_are_told_what_is_missing(is_called):
    methods = {"name": "kl", "update_state": lambda *_: None, "result": lambda *_: 0, "reset_state": print}
    if is_called:
        methods["__call__"] = lambda self, y, y_hat: 0.0
    kind = type("Divergence", (), methods)
    with pytest.raises(
        ValueError, match=r"update\(y, y_hat, sample_weight\), .* Divergence with update_state"
    ):
        model_of(kind())


@pytest.mark.parametrize("given", [np.zeros(3), np.zeros((16, 2)), None, "a", 1j])
def test_what_a_function_gives_is_checked(given):
    x, y = regression(rows=16)
    model = model_of(lambda y, y_hat: given)
    with pytest.raises(ValueError, match="a number, or one for each of 16 rows"):
        model.evaluate(x, y)


@pytest.mark.parametrize("given", [None, "a", np.zeros(2)])
def test_results_are_numbers(given):
    x, y = regression(rows=16)
    metric = MeanDeviation()
    metric.result = lambda: given
    with pytest.raises(ValueError, match=r"\[mean_deviation.result\] expected a number"):
        model_of(metric).evaluate(x, y)


class Once:
    """One batch."""

    def __init__(self, x, y):
        self.batch = x, y

    def __iter__(self):
        return iter([self.batch])


def test_a_metric_that_cannot_be_copied():
    x, y = regression(rows=16)
    metric = MeanDeviation()
    metric.lock = threading.Lock()
    model = model_of(metric)
    model.fit(x, y)
    model.evaluate(x, y)  # alone it needs no copy
    before = weight_hash(model)
    for held_out in ({"validation_split": 0.5}, {"validation_data": (x, y)}, {"validation_data": Once(x, y)}):
        with pytest.raises(
            TypeError, match=r"\[mean_deviation\] expected a metric that copy.deepcopy can copy"
        ):
            model.fit(x, y, **held_out)
        assert weight_hash(model) == before
    with pytest.raises(
        TypeError, match=r"\[profile\] expected a model that copy.deepcopy can copy.*_thread.lock"
    ):
        model.profile(x, y, seconds=0.01)


def test_validations_of_a_fit_have_one_copy_of_it():
    """Made before the first epoch: what it collects in training is not copied."""
    x, y = regression(rows=48)
    copied = []

    class Collects(MeanSquares):
        def reset(self):
            super().reset()
            self.rows_seen = []

        def update(self, y, y_hat, sample_weight):
            super().update(y, y_hat, sample_weight)
            self.rows_seen.append(y)

        def __deepcopy__(self, memo):
            copied.append(len(self.rows_seen))
            return type(self)()

    metric = Collects()
    model = model_of(metric)
    history = model.fit(x, y, epochs=3, validation_split=0.5).history
    model.fit(x, y, epochs=2, validation_data=Once(x, y))
    model.fit(x, y)
    assert copied == [0, 1]
    np.testing.assert_allclose(history["val_squares"], history["val_loss"], rtol=1e-10)
    assert metric.rows == 48


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_refused_reset_holds_nothing(backend):
    """Nobody else has the object then, whoever keeps the error."""
    x, y = regression(rows=16)

    class Refuses(MeanDeviation):
        refuses = False

        def reset(self):
            if self.refuses:
                raise RuntimeError("mine")
            super().reset()

    first, second = MeanSquares(), Refuses()
    model = model_of(first, second, backend=backend)
    errors = []
    for call in (model.evaluate, model.fit, model.train_on_batch):
        second.refuses = True
        with pytest.raises(RuntimeError, match="mine") as found:
            call(x, y)
        errors.append(found.value)
        second.refuses = False
        first.rows = second.rows = 0
        model.evaluate(x, y)
        assert (first.rows, second.rows) == (16, 16)


def test_saved_and_copied(tmp_path):
    x, y = regression(rows=16)
    path = tmp_path / "m"
    model = model_of(MeanDeviation(name="mine"), absolute, "mse")
    model.fit(x, y)
    model.save(path)
    with pytest.raises(ValueError, match="the metric 'MeanDeviation' among custom_objects"):
        fd.load_model(path)
    with pytest.raises(ValueError, match="the metric 'absolute' among custom_objects, got MeanDeviation"):
        fd.load_model(path, {"MeanDeviation": MeanDeviation})
    again = fd.load_model(path, {"MeanDeviation": MeanDeviation, "absolute": absolute})
    assert again.evaluate(x, y, return_dict=True) == model.evaluate(x, y, return_dict=True)
    copied = copy.deepcopy(model)
    assert copied.fit(x, y).history == model.fit(x, y).history


def test_a_name_that_a_file_would_lose_is_not_saved(tmp_path):
    kind = type("Nameless", (MeanDeviation,), {"get_config": lambda self: {}})
    with pytest.raises(ValueError, match=r"\[save, metric 'mine'\] .* got one without name"):
        model_of(kind(name="mine")).save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "given",
    [
        {"MeanDeviation": lambda name: L.ReLU(), "absolute": absolute},
        {"MeanDeviation": MeanDeviation, "absolute": 3},
    ],
)
def test_something_else_under_its_name_is_not_blamed_on_the_file(given, tmp_path):
    model_of(MeanDeviation(), absolute).save(tmp_path / "m")
    with pytest.raises(ValueError, match="custom_objects has another one under this name") as found:
        fd.load_model(tmp_path / "m", given)
    assert "damaged" not in str(found.value)


def test_a_name_in_a_file_that_utf_8_cannot_hold(tmp_path):
    """The native core would refuse it by a TypeError, and only when the next fit begins."""
    model_of(MeanDeviation(name="mine")).save(tmp_path / "m")
    tensors, metadata = read_safetensors(tmp_path / "m")
    metadata["config"] = metadata["config"].replace('"mine"', '"\\ud800"')
    write_safetensors(tmp_path / "m", tensors, metadata)
    with pytest.raises(fd.FormatError, match=r"a string in UTF-8, got '\\ud800'"):
        fd.load_model(tmp_path / "m", {"MeanDeviation": MeanDeviation})


def test_the_plan_shows_it():
    lines = []
    model_of(MeanDeviation(), absolute).plan(print_fn=lines.append)
    assert "then, in Python: mean_deviation.update, absolute" in lines[0]


def test_several_outputs_have_states_of_their_own():
    """One object, and one function, for two outputs; losses in Python beside built-in ones, with weights."""
    x, y = regression(rows=48)

    def trained(*losses):
        source = fd.Input((7,))
        hidden = L.Dense(9, activation="tanh")(source)
        heads = {"a": L.Dense(2)(hidden), "b": Scale()(L.Dense(2)(hidden))}
        model = fd.Model(source, heads, seed=1, dtype="float64")
        metric = MeanSquares()
        both = {name: [metric, absolute] for name in heads}
        model.compile(
            fd.optimizers.SGD(0.1),
            dict(zip("ab", losses, strict=True)),
            loss_weights={"b": 0.3},
            metrics=both,
        )
        targets, weights = {"a": y, "b": -3 * y}, {"b": np.linspace(0, 1, 48)}
        return model.fit(
            x, targets, epochs=3, batch_size=16, sample_weight=weights, validation_data=(x, targets)
        )

    histories = [trained(*losses).history for losses in (("mse", "mse"), (SquaredLoss(), SquaredLoss()))]
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-9, err_msg=name)
    for history in histories:
        np.testing.assert_allclose(history["a_squares"], history["a_loss"], rtol=1e-10)
        np.testing.assert_allclose(history["val_b_squares"], history["val_b_loss"], rtol=1e-10)
        assert (np.array(history["b_absolute"]) > np.array(history["a_absolute"])).all()


def test_losses_of_one_output_twice_add_their_gradients():
    x, y = regression(rows=32)

    def gradients(loss):
        source = fd.Input((7,))
        output = L.Dense(2)(source)
        model = fd.Model(source, [output, output], seed=1, dtype="float64")
        model.compile("adam", [loss, loss], loss_weights=[1.0, 2.0])
        return model.loss_and_gradients(x, [y, -y])

    (loss, want), (other, got) = gradients("mse"), gradients(SquaredLoss())
    np.testing.assert_allclose(other, loss, rtol=1e-12)
    for name, gradient in want.items():
        np.testing.assert_allclose(got[name], gradient, rtol=1e-10, atol=1e-13, err_msg=name)
