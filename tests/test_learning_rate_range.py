"""The learning-rate range test."""

import numpy as np
import pytest
from diagnoses import classifier, digits, interrupted, network, run_codes, unchanged

import fastdnn as fd
from fastdnn.diagnose.rate_range import _steepest

rate_range = fd.diagnose.learning_rate_range
X, Y = digits(600)


def test_rates_grow_exponentially_and_losses_are_those_of_single_steps():
    model = classifier(16, optimizer=fd.optimizers.SGD(0.1))
    found = rate_range(model, X, Y, low=1e-3, high=1e-1, steps=21)
    np.testing.assert_allclose(found.rates, 1e-3 * 100 ** (np.arange(21) / 20))
    # The same steps by hand, on the batches of the same shuffling.
    by_hand, still = (classifier(16, optimizer=fd.optimizers.SGD(0.1)) for _ in range(2))

    class Losses(fd.callbacks.Callback):
        def __init__(self, rates):
            self.rates, self.seen, self.losses = rates, 0, []

        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = self.rates[len(self.losses) % len(self.rates)]

        def on_train_batch_end(self, batch, logs=None):
            last = min(600, 32 * (batch + 1))
            self.seen = 0.0 if batch == 0 else self.seen
            self.losses.append((logs["loss"] * last - self.seen) / (last - 32 * batch))
            self.seen = logs["loss"] * last

    losses = {}
    for name, each, rates in (("hand", by_hand, found.rates), ("still", still, np.zeros(21))):
        callback = Losses(rates)
        each.fit(X, Y, 32, 2, verbose=0, callbacks=[callback])
        losses[name] = np.array(callback.losses[:21])
    want = losses["hand"] - losses["still"] + losses["still"].mean()
    np.testing.assert_allclose(found.losses, want, rtol=1e-4)
    assert found.untrained == pytest.approx(losses["still"].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("optimizer", "low", "high"),
    [
        (fd.optimizers.SGD, 1e-2, 1.0),
        (fd.optimizers.Adam, 1e-3, 5e-2),
        (fd.optimizers.RMSprop, 3e-4, 3e-2),
        (lambda rate: fd.optimizers.SGD(rate, momentum=0.9), 3e-3, 0.2),
    ],
    ids=["sgd", "adam", "rmsprop", "momentum"],
)
def test_the_suggested_rate_trains_well(optimizer, low, high):
    """Within two points of the best of a grid, on rows that it was not found on."""
    x, y = digits()
    train, dev, _ = fd.data.train_dev_test_split(x, y, dev=0.25, test=0, stratify=y, seed=7)
    suggested = rate_range(classifier(48, optimizer=optimizer(0.01)), *train).suggested
    assert low < suggested < high

    def error(rate):
        model = classifier(48, optimizer=optimizer(rate))
        try:
            model.fit(*train, epochs=12, verbose=0)
        except fd.NonFiniteLossError:
            return 1.0
        return 1 - model.evaluate(*dev)[1]

    best = min(error(10.0**power) for power in np.arange(-4, 1, 0.5))
    assert error(suggested) <= best + 0.02


def test_it_begins_with_the_weights_of_the_model():
    model = classifier(32)
    untrained = rate_range(model, X, Y, steps=40).untrained
    model.fit(X, Y, epochs=20, verbose=0)
    trained = rate_range(model, X, Y, steps=40)
    assert trained.untrained == pytest.approx(model.evaluate(X, Y)[0], rel=0.05)
    assert trained.untrained < 0.3 * untrained


def test_the_model_stays_as_it_was():
    model = classifier(16)
    model.fit(X, Y, epochs=2, verbose=0)
    with unchanged(model):
        rate_range(model, X, Y, steps=30)
    with unchanged(model), pytest.raises(ValueError, match="labels"):
        rate_range(model, X, Y + 5)


def test_an_interrupted_one_leaves_the_model_as_it_was(monkeypatch):
    model = classifier(16)
    model.fit(X, Y, epochs=1, verbose=0)
    monkeypatch.setattr(fd.diagnose.rate_range._Steps, "on_train_batch_end", interrupted)
    with unchanged(model), pytest.raises(KeyboardInterrupt):
        rate_range(model, X, Y)


def test_few_rows_and_several_inputs():
    assert rate_range(classifier(16), X[:20], Y[:20]).falls
    inputs = [fd.Input((32,), name=name) for name in ("left", "right")]
    h = fd.layers.Dense(32, activation="relu")(fd.layers.Concatenate()(inputs))
    model = fd.Model(inputs, fd.layers.Dense(10)(h), seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert rate_range(model, {"left": X[:, :32], "right": X[:, 32:]}, Y).falls


def test_it_stops_where_the_loss_explodes():
    found = rate_range(classifier(32, optimizer=fd.optimizers.SGD(0.1)), X, Y, high=1e4)
    assert found.diverged
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 200
    assert np.isfinite(found.smoothed).all()
    assert "until the loss exploded" in str(found)
    tiny = rate_range(classifier(32, optimizer=fd.optimizers.SGD(0.1)), X, Y, high=1e-3)
    assert not tiny.diverged
    assert tiny.advice[0].kind == ("higher_range" if tiny.falls else "no_rate")


def test_a_loss_that_is_not_finite_ends_it_and_is_no_error():
    model = network(8, outputs=1)
    model.compile(fd.optimizers.SGD(0.1), "mse")
    found = rate_range(model, 1e3 * X, 1e3 * Y, high=1e6)
    assert found.diverged
    assert np.isfinite(found.losses).all()
    assert found.suggested < 1e-6


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_regression_by_mean_and_by_sum(reduction):
    model = network(32, outputs=1)
    model.compile(fd.optimizers.SGD(0.1), fd.losses.MeanSquaredError(reduction=reduction))
    rates = rate_range(model, X[:576], Y[:576] / 9)  # whole batches
    assert rates.falls
    rows = 32 if reduction == "sum" else 1
    assert 1e-3 < rates.suggested * rows < 1
    if reduction == "sum":
        assert rates.untrained == pytest.approx(
            32 * np.mean((Y[:576] / 9 - model.predict(X[:576])[:, 0]) ** 2), rel=0.05
        )


def test_dropout_and_schedules_and_weights():
    layers = [fd.layers.Dense(32, "relu"), fd.layers.Dropout(0.5), fd.layers.BatchNormalization()]
    model = fd.Sequential([fd.layers.Input((64,)), *layers, fd.layers.Dense(10)], seed=0)
    schedule = fd.schedules.CosineDecay(1e-3, 1000)
    model.compile(fd.optimizers.Adam(schedule), fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    found = rate_range(model, X, Y, sample_weight=np.linspace(0.5, 1.5, 600))
    assert found.falls
    assert model.optimizer.schedules["learning_rate"] is schedule
    smooth = np.abs(np.diff(found.losses[:40])).max()
    assert smooth < 0.05  # of the same batches and masks the differences are exact


def test_nothing_to_be_learnt():
    model = classifier(8)
    noise = np.random.default_rng(0).standard_normal((600, 64)) * 1e-6
    found = rate_range(model, noise, np.zeros(600, int) + np.arange(600) % 10, high=1e-3)
    assert not found.falls
    assert found.advice[0].kind == "no_rate"


def test_the_steepest_place_of_a_curve():
    curve = -np.tanh((np.arange(100) - 40) / 5)
    assert abs(_steepest(curve, 4) - 40) <= 1
    assert _steepest(curve[:5], 4) == 4


def test_every_line_of_code_runs():
    model = classifier(16, optimizer=fd.optimizers.SGD(0.1))
    told = run_codes(rate_range(model, X, Y), model, X, Y)
    told += run_codes(rate_range(model, X, Y, high=3e-2), model, X, Y)
    adam = classifier(16)
    told += run_codes(rate_range(adam, X, Y, low=0.03, high=3), adam, X, Y)
    assert {"suggested_rate", "higher_range", "lower_range"} <= {advice.kind for advice in told}


def test_the_code_sets_a_rate_beside_a_schedule():
    model = classifier(16, optimizer=fd.optimizers.Adam(fd.schedules.CosineDecay(1e-3, 100)))
    found = rate_range(model, X, Y)
    exec(found.advice[0].code, {"fd": fd, "model": model})
    assert model.optimizer.learning_rate == pytest.approx(found.suggested, rel=0.05)
    model.fit(X, Y, verbose=0)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"low": 0}, "low, got 0"),
        ({"low": -1.0}, "low, got -1"),
        ({"high": 1e-9}, "high, got 1e-09"),
        ({"low": np.nan}, "low, got nan"),
        ({"steps": 10}, "steps as a whole number >= 20, got 10"),
        ({"steps": 50.5}, "steps as a whole number"),
        ({"batch_size": 0}, "batch_size as a whole number >= 1, got 0"),
        ({"verbose": "loud"}, "verbose"),
        ({"sample_weight": [1.0]}, "rows in sample_weight"),
    ],
)
def test_bad_arguments(more, said):
    with pytest.raises(ValueError, match=said):
        rate_range(classifier(8), X, Y, **more)


def test_what_cannot_be_asked():
    with pytest.raises(ValueError, match=r"\[learning_rate_range\] expected a model, got None"):
        rate_range(None, X, Y)
    with pytest.raises(ValueError, match="a compiled model"):
        rate_range(network(8), X, Y)
    with pytest.raises(ValueError, match="finite x"):
        rate_range(classifier(8), np.where(X > 0.99, np.nan, X), Y)
    with pytest.raises(ValueError, match="x and y as arrays"):
        rate_range(classifier(8), iter([(X, Y)]), None)
    frozen = classifier(8)
    frozen.trainable = False
    with pytest.raises(ValueError, match="weights that are trained"):
        rate_range(frozen, X, Y)


def test_the_picture():
    pytest.importorskip("matplotlib")
    found = rate_range(classifier(16), X, Y)
    ax = found.plot()
    assert ax.get_xscale() == "log"
    lines = ax.get_lines()
    np.testing.assert_array_equal(lines[1].get_ydata(), found.smoothed)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert f"suggested, steepest: {found.suggested:.2g}" in texts


def test_spoilt_weights_are_told_as_such():
    model = classifier(16)
    weights = model.get_weights()
    weights[0][0, 0] = np.nan
    model.set_weights(weights)
    with pytest.raises(
        fd.errors.NonFiniteLossError, match=r"finite weights, got NaN .* in .*kernel; .*fresh_copy"
    ):
        rate_range(model, X, Y)
