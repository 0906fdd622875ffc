"""Losses of one's own: as good as the built-in ones, weighted, checked, saved."""

import copy

import numpy as np
import pytest
from custom_parts import CrossEntropy, Pinball, SquaredLoss
from networks import classification, regression, weight_hash

import fastdnn as fd

L = fd.layers
BACKENDS = ["native", "reference"]
LOGITS = fd.losses.SparseCategoricalCrossentropy(from_logits=True)


def model_of(loss, features=7, outputs=2, backend="native", dtype="float64", **kwargs):
    model = fd.Sequential(
        [L.Input((features,)), L.Dense(9, activation="tanh"), L.Dense(outputs)], seed=3, dtype=dtype
    )
    model.compile(fd.optimizers.SGD(0.1, momentum=0.9), loss, backend=backend, **kwargs)
    return model


def assert_alike(a, b, histories):
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS)
def test_squared_error_is_the_built_in_one(backend):
    x, y = regression(rows=90)
    weights = np.random.default_rng(0).uniform(0, 2, 90)
    models = [model_of(loss, backend=backend, metrics=["mse"]) for loss in (SquaredLoss(), "mse")]
    histories = [
        model.fit(x, y, epochs=4, batch_size=16, validation_split=0.2, sample_weight=weights).history
        for model in models
    ]
    assert_alike(*models, histories)
    scores = [model.evaluate(x, y, sample_weight=weights) for model in models]
    np.testing.assert_allclose(*scores, rtol=1e-10)


@pytest.mark.parametrize("backend", BACKENDS)
def test_cross_entropy_of_labels_is_the_built_in_one(backend):
    x, y = classification(rows=90)
    models = [
        model_of(loss, 20, 4, backend=backend, metrics=["accuracy"]) for loss in (CrossEntropy(), LOGITS)
    ]
    histories = [
        model.fit(x, y, epochs=3, validation_data=(x, y), class_weight={1: 3.0, 2: 0.0}).history
        for model in models
    ]
    assert_alike(*models, histories)


@pytest.mark.parametrize("threads", [2, 4])
def test_the_same_bits_on_any_number_of_threads(threads):
    x, y = regression(rows=90)

    def trained(count):
        model = model_of(SquaredLoss(), dtype="float32")
        return model.fit(x, y, epochs=3, threads=count).history, weight_hash(model)

    assert trained(threads) == trained(1)


def test_batches_and_single_steps():
    x, y = regression(rows=64)

    class Batches:
        def __iter__(self):
            return ((x[i : i + 16], y[i : i + 16], np.full(16, 0.5 + i)) for i in range(0, 64, 16))

    models = [model_of(loss) for loss in (SquaredLoss(), "mse")]
    histories = [model.fit(Batches(), epochs=3, validation_data=Batches()).history for model in models]
    assert_alike(*models, histories)
    np.testing.assert_allclose(*(model.train_on_batch(x, y) for model in models), rtol=1e-10)
    losses, gradients = zip(*(model.loss_and_gradients(x, y, inputs=True) for model in models), strict=True)
    np.testing.assert_allclose(*losses, rtol=1e-10)
    for name, gradient in gradients[0].items():
        np.testing.assert_allclose(gradient, gradients[1][name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_float32_arrays_and_shapes():
    seen = []

    class Looks(SquaredLoss):
        def value_and_gradient(self, y, y_hat):
            seen.append((y.shape, y_hat.shape, y.dtype, y_hat.dtype))
            y_hat[0] = np.nan  # a copy
            y[0] = np.nan
            return super().value_and_gradient(np.nan_to_num(y), np.nan_to_num(y_hat))

    x, y = regression(rows=16)
    model = model_of(Looks(), dtype="float32")
    model.fit(x, y)
    assert seen == [((16, 2), (16, 2), np.float32, np.float32)]
    assert np.isfinite(model.predict(x)).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_targets_of_another_width_than_the_outputs(backend):
    """A network that says how sure it is: mean and log σ of a normal distribution."""

    class Gaussian:
        name = "gaussian"
        target_width = 1

        def value_and_gradient(self, y, y_hat):
            mean, log_std = y_hat[:, :1], y_hat[:, 1:]
            z = (mean - y) * np.exp(-log_std)
            return 0.5 * z**2 + log_std, np.hstack([z * np.exp(-log_std), 1 - z**2])

    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 1))
    y = 2 * x[:, 0] + 0.3 * rng.normal(size=400)
    model = fd.Sequential([L.Input((1,)), L.Dense(2, kernel_initializer="zeros")], seed=0)
    model.compile(fd.optimizers.Adam(0.05), Gaussian(), backend=backend)
    model.fit(x, y, epochs=40)
    assert abs(np.exp(model.predict(x)[:, 1]).mean() - 0.3) < 0.05
    with pytest.raises(ValueError, match=r"y of shape \(examples, 1\)"):
        model.fit(x, np.zeros((400, 2)))


@pytest.mark.parametrize("label", [-1, 4, 1.5])
def test_labels_are_checked(label):
    x, y = classification(rows=20)
    y = y.astype(float)
    y[5] = label
    with pytest.raises(ValueError, match="in row 5"):
        model_of(CrossEntropy(), 20, 4).fit(x, y)


class Returns:
    """Gives what it is told to."""

    name = "mine"

    def __init__(self, given):
        self.given = given

    def value_and_gradient(self, y, y_hat):
        return self.given(*SquaredLoss().value_and_gradient(y, y_hat))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (
            lambda loss, g: loss,
            ValueError,
            r"\[mine.value_and_gradient\] expected \(losses of the rows, gradient\)",
        ),
        (
            lambda loss, g: (loss.mean(), g),
            ValueError,
            r"losses of the rows of shape \(16,\), got shape \(\)",
        ),
        (lambda loss, g: (loss[1:], g), ValueError, r"got shape \(15,\)"),
        (
            lambda loss, g: (loss, g[:, :1]),
            ValueError,
            r"gradient with respect to y_hat of shape \(16, 2\), got",
        ),
        (lambda loss, g: (loss, None), ValueError, "gradient with respect to y_hat as real numbers"),
        (lambda loss, g: (loss, g * np.inf), FloatingPointError, "a finite gradient with respect to y_hat"),
        (lambda loss, g: (loss * np.nan, g * np.nan), fd.NonFiniteLossError, "a finite loss"),
    ],
)
def test_what_it_gives_is_checked(given, error, message, backend):
    x, y = regression(rows=16)
    model = model_of(Returns(given), backend=backend)
    before = weight_hash(model)
    with pytest.raises(error, match=message):
        model.fit(x, y)
    assert weight_hash(model) == before


def test_a_column_of_losses_will_do():
    x, y = regression(rows=16)
    models = [model_of(Returns(lambda loss, g: (loss[:, None], g))), model_of("mse")]
    assert_alike(*models, [model.fit(x, y, epochs=2).history for model in models])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("step", [0, 3])
def test_an_exception_leaves_the_last_whole_step(step, backend):
    x, y = regression(rows=64)
    calls = []

    class Fails(SquaredLoss):
        def value_and_gradient(self, y, y_hat):
            calls.append(1)
            if len(calls) == step + 1:
                raise KeyboardInterrupt
            return super().value_and_gradient(y, y_hat)

    model, whole = model_of(Fails(), backend=backend), model_of("mse", backend=backend)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=16, shuffle=False)
    for first in range(0, 16 * step, 16):
        whole.train_on_batch(x[first : first + 16], y[first : first + 16])
    assert_alike(model, whole, [{}, {}])


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (SquaredLoss, "a loss of fastdnn.losses or its name"),
        (object(), "value_and_gradient"),
        (type("A", (), {"value_and_gradient": lambda self, y, y_hat: None})(), "a name of A"),
        (type("A", (SquaredLoss,), {"name": 3})(), "a name of A"),
        (type("A", (SquaredLoss,), {"target_width": 0})(), "target_width as a whole number >= 1"),
        (type("A", (CrossEntropy,), {"target_width": 1})(), "beside targets that are no labels"),
    ],
)
def test_what_is_no_loss(loss, message):
    with pytest.raises(ValueError, match=message):
        model_of(loss)


def test_metrics_that_do_not_fit():
    with pytest.raises(ValueError, match="accuracy"):
        model_of(SquaredLoss(), metrics=["accuracy"])
    with pytest.raises(ValueError, match="without labels"):
        model_of(CrossEntropy(), metrics=["mse"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sum_over_the_examples(backend):
    class Total(SquaredLoss):
        reduction = "sum"

    x, y = regression(rows=32)
    weights = np.linspace(0, 2, 32)
    total, mean = (model_of(loss(), backend=backend) for loss in (Total, SquaredLoss))
    (loss, gradients), (mean_loss, mean_gradients) = (
        model.loss_and_gradients(x, y, weights) for model in (total, mean)
    )
    np.testing.assert_allclose(loss, 32 * mean_loss, rtol=1e-12)
    np.testing.assert_allclose(total.evaluate(x, y, 5, sample_weight=weights), loss, rtol=1e-12)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, 32 * mean_gradients[name], rtol=1e-10, atol=1e-12)
    Total.reduction = "none"
    with pytest.raises(ValueError, match="a reduction, one of mean, sum, got 'none'"):
        model_of(Total())


def test_saved_and_loaded(tmp_path):
    x, y = regression(rows=32)
    path = tmp_path / "m"
    model = model_of(Pinball(0.9))
    model.fit(x, y)
    model.save(path)
    with pytest.raises(
        ValueError, match=r"the loss 'Pinball' among custom_objects.*custom_objects=\{'Pinball'"
    ):
        fd.load_model(path)
    again = fd.load_model(path, custom_objects={"Pinball": Pinball})
    assert again.evaluate(x, y) == model.evaluate(x, y)
    twins = [copy.deepcopy(model), model]
    for twin in twins:
        twin.fit(x, y, epochs=2)
    assert weight_hash(twins[0]) == weight_hash(twins[1])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_metric_of_the_package_needs_targets_as_wide_as_the_outputs(backend):
    class First(SquaredLoss):
        target_width = 1

        def value_and_gradient(self, y, y_hat):
            losses, gradient = super().value_and_gradient(y, y_hat[:, :1])
            return losses, np.hstack([gradient, np.zeros_like(gradient)])

    message = (
        r"\[compile\] .* as wide as the 2 outputs, for the metric 'mse', got those .* 'squared_error', 1 wide"
    )
    x, y = regression(rows=16, outputs=1)
    for name in ("mse", "mean_squared_error"):
        with pytest.raises(ValueError, match=message.replace("mse", name)):
            model_of(First(), backend=backend, metrics=[name])
    unbuilt = fd.Sequential([L.Dense(2)], seed=0)
    unbuilt.compile(loss=First(), metrics=["mse"], backend=backend)
    with pytest.raises(ValueError, match=message):
        unbuilt.fit(x, y)
    loss, figure = model_of(SquaredLoss(), outputs=1, backend=backend, metrics=["mse"]).evaluate(x, y)
    np.testing.assert_allclose(figure, loss)


def test_arguments_that_a_file_would_lose_are_not_saved(tmp_path):
    class Slope(SquaredLoss):
        def __init__(self, slope=1.0):
            self.slope = slope

    with pytest.raises(ValueError, match=r"\[save, loss 'squared_error'\] .* got one without slope"):
        model_of(Slope(2.0)).save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("other", [lambda q: L.ReLU(), lambda q: SquaredLoss, lambda q: q / 0])
def test_another_class_under_its_name_is_not_blamed_on_the_file(other, tmp_path):
    model_of(Pinball(0.9)).save(tmp_path / "m")
    with pytest.raises(ValueError, match="loss Pinball") as found:
        fd.load_model(tmp_path / "m", {"Pinball": other})
    assert "damaged" not in str(found.value)


def test_the_plan_shows_it():
    lines = []
    model_of(SquaredLoss()).plan(print_fn=lines.append)
    assert "squared_error.value_and_gradient" in lines[0]
    assert "squared_error.value_and_gradient, scaled" in lines[0]
