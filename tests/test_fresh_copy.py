"""Networks once more from new weights, with one thing changed, and what such trainings tell."""

import numpy as np
import pytest
from pathologies import trained

import fastdnn as fd
from fastdnn.diagnose import fresh_copy
from fastdnn.diagnose.intervention_advice import cause_found, root_of
from fastdnn.diagnose.interventions import Interventions, Trial, intervene
from fastdnn.diagnose.set_of_rows import Rows

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3)) * 50 + 200
Y = X[:, 0] - X[:, 1]
FAR = fd.initializers.RandomNormal(stddev=50.0)


def network(**options):
    layers = [
        fd.Input((3,)),
        fd.layers.Dense(6, "tanh", kernel_initializer=FAR, bias_initializer="ones", name="hidden"),
        fd.layers.BatchNormalization(name="norm"),
        fd.layers.Dense(1, name="head"),
    ]
    model = fd.Sequential(layers, seed=4, **options)
    model.compile(fd.optimizers.SGD(0.1, momentum=0.9), "mse", metrics=["mae"], regularizer="l2")
    return model


def test_it_begins_anew_and_leaves_the_model():
    model = network(dtype="float64")
    model.fit(X, Y / 100, epochs=2, verbose=0)
    before = model.get_weights()
    copy = fresh_copy(model)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    twin = network(dtype="float64")
    assert all((a == b).all() for a, b in zip(twin.get_weights(), copy.get_weights(), strict=True))
    assert copy.dtype == "float64"
    assert copy.optimizer.iterations == 0
    assert copy.optimizer.get_config() == model.optimizer.get_config()
    assert list(copy.fit(X, Y / 100, verbose=0).history) == ["loss", "mae"]
    other = fresh_copy(model, seed=9).get_layer("head").get_weights()[0]
    assert (other != twin.get_layer("head").get_weights()[0]).any()


def widths(model):
    return {layer.name: layer.units for layer in model.layers if isinstance(layer, fd.layers.Dense)}


def test_hidden_layers_are_widened_where_they_can_be():
    assert widths(fresh_copy(network(), widen=2)) == {"hidden": 64, "head": 1}
    D, x = fd.layers.Dense, fd.Input((6,))
    kept = D(6, "relu", name="kept")(x)
    sum_ = fd.layers.Add()([x, kept])
    a, b = D(40, name="a")(sum_), D(40, name="b")(sum_)
    frozen = D(3, name="frozen", trainable=False)(D(5, name="under")(fd.layers.Add()([a, b])))
    wide = D(7, name="wide")(frozen)
    model = fd.Model(x, D(1, name="out")(fd.layers.Concatenate()([wide, kept])), seed=0)
    model.compile("adam", "mse")
    copy = fresh_copy(model, widen=2)
    want = {"kept": 6, "a": 80, "b": 80, "frozen": 3, "under": 5, "wide": 64, "out": 1}
    assert widths(copy) == want
    np.testing.assert_array_equal(
        copy.get_layer("frozen").get_weights()[0], model.get_layer("frozen").get_weights()[0]
    )


def test_layers_in_front_of_the_output():
    x = fd.Input((3,))
    h = fd.layers.Dense(5, "relu")(x)
    model = fd.Model(x, {"a": fd.layers.Dense(2)(h), "b": fd.layers.ReLU()(fd.layers.Dense(1)(h))}, seed=0)
    model.compile("adam", {"a": "mse", "b": "mse"})
    copy = fresh_copy(model, before_output=[fd.layers.Dropout(0.5)])
    assert [type(layer).__name__ for layer in copy.layers].count("Dropout") == 2
    copy.fit(X, {"a": X[:, :2], "b": Y}, verbose=0)
    assert widths(fresh_copy(model, widen=3)) == {"dense": 64, "dense_1": 2, "dense_2": 1}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"widen": 1}, "widen"),
        ({"widen": "2"}, "widen"),
        ({"before_output": []}, "before_output as a list of layers"),
        ({"before_output": [3]}, "before_output as a list of layers"),
        ({"before_output": [fd.layers.Input((3,))]}, "before_output as a list of layers"),
    ],
)
def test_what_cannot_be_put_in_is_refused(more, said):
    with pytest.raises(ValueError, match=rf"\[fresh_copy\] expected .*{said}"):
        fresh_copy(network(), **more)
    frozen = network()
    frozen.trainable = False
    with pytest.raises(ValueError, match="a trained Dense layer"):
        fresh_copy(frozen, before_output=[fd.layers.Dropout(0.1)])


def test_what_is_given_is_changed():
    copy = fresh_copy(
        network(),
        learning_rate=0.01,
        optimizer="adam",
        activation="relu",
        regularizer=fd.regularizers.L1(0.5),
    )
    assert type(copy.optimizer) is fd.optimizers.Adam
    assert copy.optimizer.learning_rate == 0.01
    assert copy.compiled.regularizer == fd.regularizers.L1(0.5)
    hidden = copy.get_layer("hidden")
    assert hidden.activation == "relu"
    kernel, bias = hidden.get_weights()
    assert abs(kernel).max() < 5
    assert (bias == 0).all()
    assert copy.get_layer("head").activation == "linear"


def test_without_regularization_and_with_the_usual_weights():
    model = network()
    model.compile(fd.optimizers.AdamW(weight_decay=0.5), "mse", regularizer="l2")
    plain = fresh_copy(model, unregularized=True)
    assert plain.compiled.regularizer is None
    assert not plain.optimizer.weight_decay
    assert model.optimizer.weight_decay == 0.5
    assert abs(plain.get_layer("hidden").get_weights()[0]).max() > 5  # all else is as it was
    some = fresh_copy(model, unregularized=True, regularizer=fd.regularizers.L1(0.5))
    assert some.compiled.regularizer == fd.regularizers.L1(0.5)
    kernel, bias = fresh_copy(model, kernel_initializer="auto").get_layer("hidden").get_weights()
    assert abs(kernel).max() < 5
    assert (bias == 0).all()


def test_the_code_for_poor_weights_and_for_regularization_trains_another_model():
    for name in ("weights", "regularization", "relu", "inputs", "adam"):
        found = cause_found(tried(Trial(name, name, 0.1, 0.1)))
        names = {"fd": fd, "np": np, "model": network(), "x": X, "y": Y / 100}
        exec(found.code, names)
        assert names["better"].optimizer.iterations > 0, name


def test_what_is_learned_by_heart_without_regularization_is_no_cause():
    better = Trial("regularization", "none", 0.1, 0.1, 1.0, 1.0, 0.5, 0.9)
    worse = Trial("regularization", "none", 0.1, 0.1, 1.0, 1.0, 1.5, 0.9)
    assert cause_found(tried(better)).kind == "too_much_regularization"
    assert cause_found(tried(worse)) is None


def test_a_schedule_becomes_a_constant():
    model = network()
    model.compile(fd.optimizers.Adam(fd.schedules.ExponentialDecay(0.1, 10, 0.5)), "mse")
    assert fresh_copy(model).optimizer.schedules
    copy = fresh_copy(model, learning_rate=0.2)
    assert not copy.optimizer.schedules
    assert copy.optimizer.learning_rate == 0.2


def test_scales_go_behind_those_that_are_there():
    scaled = fresh_copy(network(), scale=X)
    assert [type(layer).__name__ for layer in scaled.layers][:3] == ["Input", "Normalization", "Dense"]
    np.testing.assert_allclose(scaled.layers[1].mean, X.mean(axis=0), rtol=1e-6)
    given = fd.layers.Normalization(np.full(3, 100.0), np.full(3, 2.0), name="given")
    model = fd.Sequential([fd.Input((3,)), given, fd.layers.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    twice = fresh_copy(model, scale=X)
    assert [layer.name for layer in twice.layers][1] == "given"
    out = twice.layer_outputs(X, [twice.layers[2].name])[twice.layers[2].name]
    np.testing.assert_allclose([out.mean(axis=0), out.std(axis=0)], [[0] * 3, [1] * 3], atol=1e-4)
    assert (twice.layers[1].mean == 100).all()


def test_frozen_layers_and_graphs_are_kept():
    x = fd.Input((3,), name="x")
    frozen = fd.layers.Dense(4, "relu", name="frozen", trainable=False)
    h = frozen(x)
    model = fd.Model(x, fd.layers.Dense(1, name="y")(fd.layers.Concatenate()([h, x])), seed=0)
    model.compile("sgd", "mse")
    model.set_weights([np.full_like(w, 3.0) for w in model.get_weights()])
    copy = fresh_copy(model, scale=X)
    assert (copy.get_layer("frozen").get_weights()[0] == 3).all()
    assert (copy.get_layer("y").get_weights()[0] != 3).any()
    assert copy.predict(X).shape == (300, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0}, r"\[fresh_copy\] expected 0 < learning_rate|finite 0 < learning_rate"),
        ({"optimizer": "adamm"}, r"\[fresh_copy\] expected an optimizer"),
        ({"activation": "rel"}, r"\[fresh_copy\] expected an activation"),
        ({"regularizer": "l9"}, r"\[fresh_copy\]"),
        ({"scale": X[:, :2]}, "3"),
        ({"seed": -1}, "a seed from 0"),
        ({"unregularized": 1}, "unregularized as True or False"),
        ({"kernel_initializer": "hee"}, r"\[fresh_copy\]"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fresh_copy(network(), **options)


# -------------------------------------------------------------------------------- trainings with one change


def tried(*trials, as_it_is=1.0, now=1.0, steps_done=None):
    first = Trial("as_it_is", "as it is", as_it_is, 0.1)
    return Interventions((first, *trials), now, 2.0, steps_done, 200, 100)


def test_of_two_changes_that_help_the_deeper_one_is_the_cause():
    scaled, slower = Trial("inputs", "scaled", 0.2, 0.1), Trial("rate", "slower", 0.1, 0.01, 0.1)
    assert root_of(tried(scaled, slower)) is scaled
    far_slower = Trial("rate", "slower", 0.01, 0.01, 0.1)
    assert root_of(tried(scaled, far_slower)) is far_slower


def test_what_helps_by_less_than_half_is_no_cause():
    assert root_of(tried(Trial("relu", "relu", 0.6, 0.1))) is None
    assert cause_found(tried(Trial("relu", "relu", 0.6, 0.1))) is None


def test_of_rates_that_do_as_well_the_nearest_is_advised():
    rates = [Trial("rate", "rate", loss, 0.1 * f, f) for f, loss in ((0.1, 0.11), (0.01, 0.1), (10.0, 5.0))]
    found = cause_found(tried(*rates))
    assert found.kind == "high_rate"
    assert "learning_rate=0.01)" in found.code


def test_a_training_that_ended_too_early_is_told_from_one_that_went_wrong():
    faster, scaled = Trial("rate", "rate", 0.001, 1.0, 10.0), Trial("inputs", "scaled", 0.001, 0.1)
    early = tried(faster, scaled, as_it_is=0.05, now=1.5, steps_done=50)
    assert cause_found(early).kind == "train_longer"
    few = tried(faster, as_it_is=0.5, now=1.5, steps_done=5)  # of 200, which do not suffice either
    assert cause_found(few).kind == "train_longer"
    late = tried(faster, scaled, as_it_is=0.05, now=1.5, steps_done=5000)
    assert cause_found(late).kind == "unscaled_inputs"
    slower = Trial("rate", "rate", 0.01, 0.01, 0.1)
    assert cause_found(tried(slower, as_it_is=0.05, now=1.5, steps_done=50)).kind == "high_rate"


def test_no_low_rate_makes_numbers_that_are_not_finite():
    faster = Trial("rate", "rate", 0.01, 1.0, 10.0)
    assert cause_found(tried(faster, now=1.0)).kind == "low_rate"
    assert cause_found(tried(faster, now=float("inf"))) is None


def test_the_trials_of_a_sigmoid_tower():
    model, train, *_ = trained("sigmoid tower", "numbers", 0, epochs=1)
    rows = Rows.of("train", train, model)
    found = intervene(model, rows, 32, steps_done=10)
    names = {trial.name for trial in found.trials}
    assert names == {"as_it_is", "rate", "relu", "weights"}
    assert found.effective()[0].name == "relu"
    assert "ReLU in hidden layers" in str(found)
    again = intervene(model, rows, 32, steps_done=10)
    assert again == found


class _OwnAdam(fd.optimizers.Adam):
    pass


@pytest.mark.parametrize(
    "optimizer",
    [
        fd.optimizers.SGD(lambda step: 0.1),
        fd.optimizers.Adam(fd.schedules.Manual(lambda step: 0.01)),
        _OwnAdam(0.01),
    ],
)
def test_optimizers_of_ones_own_are_copied(optimizer):
    model = fd.Sequential([fd.Input((4,)), fd.layers.Dense(8, "relu"), fd.layers.Dense(1)], seed=0)
    model.compile(optimizer, "mse")
    again = fd.diagnose.fresh_copy(model, learning_rate=0.5)
    assert type(again.optimizer) is type(optimizer)
    assert again.optimizer is not optimizer
    assert float(again.optimizer.learning_rate) == 0.5
    assert float(model.optimizer.learning_rate) != 0.5
    x = np.random.default_rng(0).normal(size=(60, 4))
    model.fit(x, x[:, 0] * 100)
    assert fd.diagnose.report(model, (x, x[:, 0] * 100), (x, x[:, 0] * 100), verbose=0).advice
