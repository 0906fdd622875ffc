"""Optimisers: names of weights, velocity in files, small epsilons, one model each, numbers that are none."""

import copy
import gc
import pickle

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd

O = fd.optimizers  # noqa: E741
X, Y = classification(rows=70)


# ---- Names of weights


def named(optimizer):
    """Layers "data" and "a": "a/kernel" is a part of "data/kernel"."""
    layers = [fd.Input((20,)), fd.layers.Dense(5, name="data"), fd.layers.Dense(4, name="a")]
    model = fd.Sequential(layers, seed=0)
    model.compile(optimizer, fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def options(model, key):
    names = [name for name, weight in model.weights.weights.items() if weight.trainable]
    return {name: model.compiled.state.options(name)[key] for name in names}


@pytest.mark.parametrize("way", ["as it is", "config", "file"])
def test_weights_that_are_given_are_meant_alone(way, tmp_path):
    optimizer = O.AdamW(0.1)
    weights = named("sgd").get_layer("a").weights
    optimizer.exclude_from_weight_decay(var_list=weights)
    optimizer.scale_learning_rate(0.5, var_list=weights[:1])
    optimizer.scale_learning_rate(0.25, var_names=["a/kernel"])
    if way == "config":
        optimizer = O.from_config("AdamW", optimizer.get_config())
    model = named(optimizer)
    if way == "file":
        model.save(tmp_path / "m")
        model = fd.load_model(tmp_path / "m")
        assert model.optimizer.get_config() == optimizer.get_config()
    model.fit(X, Y, epochs=1)
    decay = {"data/kernel": True, "data/bias": True, "a/kernel": False, "a/bias": False}
    assert options(model, "decay") == decay
    scales = {"data/kernel": 0.25, "data/bias": 1.0, "a/kernel": 0.125, "a/bias": 1.0}
    assert options(model, "lr_scale") == scales


def test_factors_of_one_name_are_multiplied_too():
    optimizer = O.SGD(0.1)
    for _ in range(2):
        optimizer.scale_learning_rate(0.5, var_names=["a/"])
    again = O.from_config("SGD", optimizer.get_config())
    model = named(again)
    model.fit(X, Y, epochs=1)
    assert options(model, "lr_scale")["a/bias"] == 0.25
    for _ in range(2):
        optimizer.scale_learning_rate(1e200, var_names=["a/"])
    with pytest.raises(ValueError, match="lr_scale"):
        named(optimizer).fit(X, Y)


def test_names_that_fit_no_weight_are_refused_once_these_are_known():
    first, second = O.SGD(0.1), O.SGD(0.1)
    first.exclude_from_weight_decay(var_names=["bias", "biass"])
    second.scale_learning_rate(0.0, var_list=classifier().get_layer("dense").weights)
    for optimizer, text in [
        (first, "got 'biass', which"),
        (second, "got 'dense/kernel', 'dense/bias', which"),
    ]:
        model = named(optimizer)
        before = weight_hash(model)
        with pytest.raises(ValueError, match=rf"\[SGD\] expected .*data/kernel, .*{text} fit none"):
            model.fit(X, Y)
        assert weight_hash(model) == before
    stored = O.SGD(0.1)  # figures that are no trained weights are names, too
    layers = [fd.Input((20,)), fd.layers.BatchNormalization(), fd.layers.Dense(4)]
    model = fd.Sequential(layers, seed=0)
    stored.exclude_from_weight_decay(var_list=layers[1].weights)
    model.compile(stored, fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, Y)


@pytest.mark.parametrize("given", [{}, {"var_list": []}, {"var_list": [3]}, {"var_names": [""]}])
def test_what_names_no_weight_is_refused(given):
    with pytest.raises(ValueError, match=r"\[SGD.exclude_from_weight_decay\] expected weights, or names"):
        O.SGD().exclude_from_weight_decay(**given)


@pytest.mark.parametrize(
    "config",
    [
        {"excluded_from_weight_decay": "bias"},
        {"excluded_from_weight_decay": [{"weight": 3}]},
        {"excluded_from_weight_decay": [{"name": "bias"}]},
        {"learning_rate_scales": [["a", -1.0]]},
        {"learning_rate_scales": [[["a"], 1.0]]},
        {"velocity": 1, "momentum": 0.0},
        {"velocity": True, "momentum": 0.9},
    ],
)
def test_configurations_of_rules_are_checked(config):
    with pytest.raises(ValueError, match=r"\[SGD\] expected"):
        O.from_config("SGD", config)


def test_an_ensemble_means_the_weights_of_all_members():
    optimizer = O.SGD(0.1)
    optimizer.scale_learning_rate(0.5, var_list=named("sgd").get_layer("a").weights)
    model = fd.Ensemble([named(optimizer), named("sgd")])
    model.fit(X, Y)
    halved = {name for name, scale in options(model, "lr_scale").items() if scale == 0.5}
    assert halved == {f"member_{k}_a/{name}" for k in (0, 1) for name in ("kernel", "bias")}


# ---- The look-ahead of a corrected average


def test_nesterovs_step_with_bias_correction_is_the_documented_one():
    """A gradient of -1 at the bias at all steps."""
    model = fd.Sequential([fd.Input((1,)), fd.layers.Dense(1)], seed=0, dtype="float64")
    model.compile(O.SGD(0.1, 0.9, nesterov=True, momentum_form="ewma", bias_correction=True), "mae")
    v, g, rho = 0.0, -1.0, 0.9
    for t in range(1, 6):
        before = model.get_weights()[1][0]
        model.train_on_batch(np.ones((1, 1)), [100.0])
        v = rho * v + (1 - rho) * g
        step = -0.1 * ((1 - rho) * g / (1 - rho**t) + rho * v / (1 - rho ** (t + 1)))
        assert model.get_weights()[1][0] - before == pytest.approx(step, rel=1e-12)


# ---- Momentum set to 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: O.SGD(0.1, 0.9, nesterov=True),
        lambda: O.SGD(0.1, 0.9),
        lambda: O.RMSprop(0.001, momentum=0.9, epsilon=1e-3),
    ],
)
def test_a_velocity_stays_in_files_where_momentum_is_0(make, tmp_path):
    model = classifier(optimizer=make())
    model.fit(X, Y, epochs=1)
    model.optimizer.momentum = 0
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m")
    assert again.optimizer.momentum == 0
    assert again.optimizer.get_config() == model.optimizer.get_config()
    again.fit(X, Y, epochs=1)
    again.optimizer.momentum = 0.9
    again.fit(X, Y, epochs=1)
    model.optimizer.momentum = 0.9
    assert "velocity" not in model.optimizer.get_config()
    assert "velocity" not in O.SGD(0.1).get_config()


# ---- Epsilon


TINY = float(np.finfo(np.float32).tiny)


@pytest.mark.parametrize(
    ("make", "least"),
    [
        (lambda e: O.Adam(epsilon=e), TINY / 0.001**0.5),
        (lambda e: O.Adam(epsilon=e, amsgrad=True, epsilon_mode="inside"), TINY / 0.001),
        (lambda e: O.Adam(epsilon=e, epsilon_mode="hat"), TINY),
        (lambda e: O.Adam(epsilon=e, bias_correction=False), TINY),
        (lambda e: O.Nadam(epsilon=e), TINY / 0.001**0.5),
        (lambda e: O.RMSprop(epsilon=e), TINY),
        (lambda e: O.Adagrad(epsilon=e), TINY),
        (lambda e: O.Adadelta(epsilon=e), TINY),
    ],
)
def test_an_epsilon_that_is_0_in_the_models_type_is_refused(make, least):
    zeros = np.zeros_like(X)  # with gradients of 0
    model = classifier(optimizer=make(1.01 * least))
    model.fit(zeros, Y, epochs=3)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    for small in (0.9 * least, 1e-46):
        refused = classifier(optimizer=make(small))
        with pytest.raises(ValueError, match=r"expected epsilon >= .* in float32, got .*e-.*; what is"):
            refused.fit(zeros, Y)
        classifier(optimizer=make(small), dtype="float64").fit(zeros, Y)
    model.optimizer.epsilon = 1e-46
    before = weight_hash(model)
    with pytest.raises(ValueError, match="expected epsilon >= "):
        model.fit(zeros, Y)
    assert weight_hash(model) == before


def test_an_epsilon_that_falls_to_0_by_a_schedule():
    model = classifier(optimizer=O.Adam(epsilon=lambda step: 1e-8 if step < 4 else 1e-45))
    with pytest.raises(ValueError, match=r"expected epsilon >= .* in float32, got 1e-45"):
        model.fit(X, Y, batch_size=16, epochs=1)
    assert model.optimizer.iterations == 0


# ---- Schedules by epoch


class Settable:
    per = "epoch"
    rate = 0.1

    def __call__(self, epoch):
        return self.rate


def test_a_schedule_by_epoch_that_was_changed_counts_from_the_next_single_step():
    schedule = Settable()
    model = classifier(optimizer=O.SGD(schedule))
    for rate in (0.1, 0.0, 0.2):
        schedule.rate = rate
        before = weight_hash(model)
        model.train_on_batch(X, Y)
        assert model.optimizer.learning_rate == model.compiled.last_learning_rate == rate
        assert (weight_hash(model) == before) == (rate == 0)


# ---- One model each


def test_an_optimizer_of_two_models_is_refused():
    optimizer = O.Adam()
    one, other = classifier(optimizer=optimizer), classifier(optimizer=optimizer)
    one.fit(X, Y)
    before = weight_hash(other)
    for train in (other.fit, other.train_on_batch):
        with pytest.raises(ValueError, match=r"\[Adam\] expected an optimizer of one model.*deepcopy"):
            train(X, Y)
    assert weight_hash(other) == before
    one.fit(X, Y)
    one.train_on_batch(X, Y)
    one.compile("sgd", one.compiled.loss)  # which sets it free
    other.fit(X, Y)
    assert optimizer.iterations == 3
    del other, train
    one.compile(optimizer, one.compiled.loss)
    one.fit(X, Y)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_and_a_model_compiled_again_have_their_own(way):
    model = classifier(optimizer=O.Adam())
    model.fit(X, Y)
    model.train_on_batch(X, Y)
    twin = way(model)
    for each in (model, twin, model):
        each.fit(X, Y)
    optimizer = model.optimizer
    model.compile(optimizer, model.compiled.loss)
    assert optimizer.iterations == 0
    model.fit(X, Y)
    assert optimizer.iterations == 3
    model.evaluate(X, Y)
    model.profile(X, Y, seconds=0.001, print_fn=lambda text: None)


def test_a_model_that_is_gone_sets_its_optimizer_free():
    optimizer = O.SGD(0.1)
    gc.disable()
    try:
        for _ in range(3):
            model = classifier(optimizer=optimizer)
            model.itself = model  # only the garbage collector frees it
            model.fit(X, Y)
            assert optimizer.iterations == 3
            del model
    finally:
        gc.enable()


# ---- Numbers


@pytest.mark.parametrize(
    "value",
    [
        np.True_,
        np.array(True),
        np.complex128(0.1),
        np.array(0.1 + 0j),
        0.1j,
        10**400,
        10**5000,
        np.timedelta64(1),
        np.array([0.1]),
        "0.1",
    ],
    ids=lambda value: type(value).__name__,
)
def test_numbers_that_are_none(value):
    with pytest.raises(ValueError, match=r"\[SGD\] expected 0 <= learning_rate"):
        O.SGD(value)
    with pytest.raises(ValueError, match=r"\[SGD\] expected learning_rate as a schedule of 1 numbers"):
        O.SGD(lambda step: value)


@pytest.mark.parametrize(
    "value", [1, np.float32(0.5), np.float64(0.5), np.int8(1), np.array(0.5), np.longdouble(1)]
)
def test_numbers_of_every_type(value):
    assert O.SGD(value).learning_rate == O.SGD(lambda step: value).learning_rate == float(value)


def test_attributes_that_an_optimizer_does_not_have():
    optimizer = O.SGD(0.1)
    with pytest.raises(AttributeError, match=r"\[SGD\] expected one of its numbers, learning_rate, .*got lr"):
        optimizer.lr = 5

    class Own(O.SGD):
        pass

    own = Own(0.1)
    own.note = "mine"
    assert (copy.deepcopy(own).note, own.learning_rate) == ("mine", 0.1)
