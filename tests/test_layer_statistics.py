"""layer_statistics: figures that are NumPy's, diseases that are found, and a model that stays as it is."""

import copy
import math
import pickle

import numpy as np
import pytest
from custom_parts import Scale
from networks import classification, classifier, regression, weight_hash

import fastdnn as fd
from fastdnn.diagnose.inside_advice import Start, advice_of
from fastdnn.diagnose.layer_figures import LayerFigures
from fastdnn.sampling import WatchedLayer

L = fd.layers
statistics = fd.diagnose.layer_statistics


def deep(activation, stddev, layers=8, width=32, optimizer="sgd", features=20):
    start = fd.initializers.RandomNormal(stddev=stddev)
    hidden = [L.Dense(width, activation=activation, kernel_initializer=start) for _ in range(layers)]
    model = fd.Sequential([L.Input((features,)), *hidden, L.Dense(4)], seed=1)
    model.compile(optimizer, fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def kinds(found):
    return [advice.kind for advice in found.advice]


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_figures_are_those_of_layer_outputs(backend):
    x, labels = classification()
    model = classifier(hidden=(33, 17), backend=backend, dtype="float64")
    outputs, found = model.layer_outputs(x), statistics(model, x, labels)
    assert [layer.name for layer in found.layers] == list(outputs)
    for name, given in outputs.items():
        of = found[name]
        assert (of.units, of.rows) == (given.shape[1], 300)
        assert (of.mean, of.std) == pytest.approx((given.mean(), given.std()))
        assert (of.low, of.high) == pytest.approx((given.min(), given.max()))
        assert of.zeros == pytest.approx(np.mean(given == 0))
        if name != "dense_2":
            assert of.dead == pytest.approx(np.mean((given == 0).all(axis=0)))
    assert np.isnan(found["dense_2"].dead)
    assert np.isnan(found["dense"].saturated)


def test_norms_and_loss_are_those_of_loss_and_gradients():
    x, labels = classification()
    model = classifier(hidden=(9,), dtype="float64", regularizer=fd.regularizers.L2(1e-2))
    loss, gradients = model.loss_and_gradients(x, labels)
    found = statistics(model, x, labels)
    assert found.loss == pytest.approx(loss)
    assert found.gradient_norms == pytest.approx({name: np.linalg.norm(g) for name, g in gradients.items()})
    assert found.weight_norms == pytest.approx(
        {name: np.linalg.norm(model.weights.read(name)) for name in model.weights.weights}
    )


def test_gradients_of_outputs_are_those_of_inputs_behind_an_identity():
    x, y = regression(rows=6, features=3, outputs=1)
    same = L.Dense(3, kernel_initializer=fd.initializers.Identity(), name="same")
    layers = [same, L.Activation("tanh", name="t"), L.Dense(1)]
    model = fd.Sequential([L.Input((3,), name="x"), *layers], seed=0, dtype="float64")
    model.compile("sgd", "mse")
    dx = model.loss_and_gradients(x, y, inputs=True)[1]["x"]
    found = statistics(model, x, y)
    assert found["same"].gradient_norm == pytest.approx(np.linalg.norm(dx))
    assert found["t"].gradient_norm == pytest.approx(np.linalg.norm(dx / (1 - np.tanh(x) ** 2)))


def test_gradients_that_no_weight_needs_are_not_there():
    x, y = regression(rows=6, features=3, outputs=1)
    model = fd.Sequential([L.Input((3,)), L.Activation("tanh", name="t"), L.Dense(1, name="d")], seed=0)
    model.compile("sgd", "mse")
    found = statistics(model, x, y)
    assert np.isnan(found["t"].gradient_norm)
    assert np.isfinite(found["d"].gradient_norm)


def test_worked_chains_of_002_explode_and_vanish():
    """A linear chain of 30 layers 1.5 I grows by 1.5³⁰ = 191751.06, of 0.5 I shrinks by 0.5³⁰ = 9.313e-10."""
    x = np.random.default_rng(0).normal(size=(50, 4))
    for factor, kind in ((1.5, "exploding_activations"), (0.5, "vanishing_activations")):
        start = fd.initializers.Identity(gain=factor)
        chain = [L.Dense(4, use_bias=False, kernel_initializer=start) for _ in range(31)]
        model = fd.Sequential([L.Input((4,)), *chain, L.Dense(1)], seed=0, dtype="float64")
        found = statistics(model, x)
        assert found.layers[30].std / found.layers[0].std == pytest.approx(factor**30, rel=1e-9)
        assert kinds(found)[0] == kind


@pytest.mark.parametrize(
    ("activation", "stddev", "kind"),
    [
        ("tanh", 0.01, "vanishing_activations"),
        ("relu", 1.0, "exploding_activations"),
        ("tanh", 3.0, "saturated_units"),
        ("sigmoid", 0.2, "vanishing_gradients"),
        ("relu", 1.0, "exploding_gradients"),
    ],
)
def test_bad_initial_weights_are_found(activation, stddev, kind):
    x, labels = classification()
    model = deep(activation, stddev, 10)
    found = statistics(model, x, labels)
    assert kind in [advice.kind for advice in found.advice if advice.severity == "warning"]
    for advice in found.advice:
        exec(advice.code, {"fd": fd, "np": np, "model": model, "x": x, "y": labels})


def test_initial_weights_by_the_activation_are_good():
    """Deck 004's ten layers."""
    x, labels = classification()
    for activation in ("relu", "tanh"):
        hidden = [L.Dense(64, activation=activation) for _ in range(10)]
        model = fd.Sequential([L.Input((20,)), *hidden, L.Dense(4)], seed=0)
        model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
        found = statistics(model, (x - x.mean(axis=0)) / x.std(axis=0), labels)
        assert {advice.severity for advice in found.advice} == {"good"}


def test_dead_units_that_were_planted_are_found():
    x, labels = classification()
    model = classifier(hidden=(40,))
    kernel, bias, *rest = model.get_weights()
    bias[:10] = -1e4
    model.set_weights([kernel, bias, *rest])
    found = statistics(model, x)
    assert found["dense"].dead == 10 / 40
    assert found.advice[0].kind == "dead_units"
    known = {"fd": fd, "model": model, "x": x, "y": labels}
    exec(found.advice[0].code, known)  # a lower rate alone would not wake them
    better = known["better"]
    assert better.optimizer.learning_rate == pytest.approx(0.1 * model.optimizer.learning_rate)
    assert statistics(better, x)["dense"].dead == 0
    assert kinds(statistics(model, x, dead=0.25)) == ["live_units"]


def test_zero_weights_let_nothing_through():
    x, _ = classification()
    model = classifier(hidden=(8,))
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    assert "no_signal" in kinds(statistics(model, x))


def test_numbers_that_are_not_finite_are_an_error():
    x, _ = classification()
    model = classifier(hidden=(8,))
    model.set_weights([np.full_like(weight, 3e38) for weight in model.get_weights()])
    found = statistics(model, x)
    assert (found.advice[0].kind, found.advice[0].severity) == ("not_finite", "error")
    assert "not_finite" not in str(found)


def test_dropout_and_batch_normalisation_are_as_in_training_or_as_in_use():
    x, _ = classification()
    layers = [L.Dense(50, name="h"), L.BatchNormalization(name="bn"), L.Dropout(0.5, name="drop"), L.Dense(4)]
    model = fd.Sequential([L.Input((20,)), *layers], seed=0)
    training, use = statistics(model, x), statistics(model, x, training=False)
    assert training["bn"].std == pytest.approx(1, abs=1e-2)
    assert use["bn"].std == pytest.approx(use["h"].std, rel=1e-2)
    assert training["drop"].zeros == pytest.approx(0.5, abs=0.03)
    assert use["drop"].zeros < 0.01


def test_at_most_so_many_rows_evenly_spaced_are_looked_at():
    x, labels = classification()
    model = classifier(dtype="float64")
    found = statistics(model, x, labels, max_rows=7)
    rows = np.arange(7) * 300 // 7
    assert found.rows == 7
    assert found["dense"].mean == pytest.approx(model.layer_outputs(x[rows], ["dense"])["dense"].mean())
    assert found.loss == pytest.approx(model.loss_and_gradients(x[rows], labels[rows])[0])
    assert statistics(model, x, max_rows=None).rows == 300


def test_several_inputs_and_outputs_shared_and_custom_layers():
    a, b = fd.Input((3,), name="a"), fd.Input((5,), name="b")
    shared = L.Dense(4, activation="relu", name="shared")
    h = L.Concatenate(name="both")([shared(L.Dense(3)(a)), shared(L.Dense(3)(b)), Scale(name="mine")(b)])
    model = fd.Model([a, b], {"p": L.Dense(1)(h), "q": L.Dense(2, activation="softmax")(h)}, seed=0)
    model.compile("sgd", {"p": "mse", "q": "sparse_categorical_crossentropy"})
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(9, 3)), "b": rng.normal(size=(9, 5))}
    found = statistics(model, x, {"p": np.ones(9), "q": np.ones(9, int)}, {"p": np.ones(9)})
    assert {"shared", "shared:1", "both", "mine"} <= {layer.name for layer in found.layers}
    assert np.isfinite(found["mine"].gradient_norm)
    assert str(found).count("shared") >= 2


def test_the_model_stays_as_it_is():
    x, labels = classification()
    layers = [L.BatchNormalization(), L.Dense(8, activation="relu"), L.Dropout(0.5), L.Dense(4)]
    model = fd.Sequential([L.Input((20,)), *layers], seed=0)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, labels)
    twin, before = copy.deepcopy(model), weight_hash(model)
    statistics(model, x, labels)
    assert weight_hash(model) == before
    for one in (model, twin):
        one.fit(x, labels, epochs=2)
    assert weight_hash(model) == weight_hash(twin)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_rows": 0}, "max_rows"),
        ({"max_rows": 2.5}, "max_rows"),
        ({"dead": 1.5}, "dead"),
        ({"dead": float("nan")}, "dead"),
        ({"training": 1}, "training as True or False"),
        ({"threads": 0}, "threads"),
        ({"sample_weight": np.ones(300)}, "no sample_weight without y"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    x, _ = classification()
    with pytest.raises(ValueError, match=rf"layer_statistics\] expected.*{message}"):
        statistics(classifier(), x, **arguments)


def test_wrong_data_is_refused_by_name():
    x, labels = classification()
    model = classifier()
    bad = x.copy()
    bad[42, 2] = np.nan  # one of those that are looked at
    with pytest.raises(
        ValueError, match=r"\[layer_statistics\] expected finite x, got nan in row 42, column 2"
    ):
        statistics(model, bad, max_rows=7)
    with pytest.raises(ValueError, match=r"\[layer_statistics"):
        statistics(model, x[:, :3], labels)
    with pytest.raises(ValueError, match=r"\[layer_statistics"):
        statistics(model, x[:0])
    with pytest.raises(ValueError, match=r"\[layer_statistics\] expected a model, got str"):
        statistics("model", x)
    plain = fd.Sequential([L.Input((20,)), L.Dense(4)])
    with pytest.raises(ValueError, match="call compile"):
        statistics(plain, x, labels)
    assert statistics(plain, x).rows == 300


def test_results_are_pickled_and_drawn():
    x, labels = classification()
    found = statistics(classifier(), x, labels)
    again = pickle.loads(pickle.dumps(found))
    assert str(again) == str(found)
    axes = again.plot()
    assert [one.get_title() for one in axes] == ["dense", "dense_1"]
    heights = axes[0].patches[0].get_data().values
    assert heights.sum() == pytest.approx(1)
    with pytest.raises(ValueError, match=r"\[layers\] expected axes for 2 layers, got 1"):
        found.plot(axes[:1])


def test_a_layer_that_is_not_there_is_named_with_those_that_are():
    x, _ = classification()
    found = statistics(classifier(hidden=(8,)), x)
    with pytest.raises(
        ValueError,
        match=r"\[layer_statistics\] expected a layer with figures, one of dense, .*'dens'.*'dense'",
    ):
        found["dens"]


@pytest.mark.parametrize("layers", [4, 6])
def test_lines_against_small_initial_weights_mend_them(layers):
    """The initial weights of deck 004's example, N(0, 0.01²): no rate makes up for them."""
    x, labels = fd.data.load_digits()
    x = x / 16
    model = deep("relu", 0.01, layers, 64, fd.optimizers.SGD(0.1), 64)
    said = statistics(model, x, labels % 4).advice[0]
    assert said.kind == "vanishing_activations"
    names = {"fd": fd, "model": model, "x": x, "y": labels % 4}
    exec(said.code, names)
    better = names["better"]
    assert better.optimizer.learning_rate == 0.1
    assert np.mean(better.predict(x).argmax(axis=1) != labels % 4) < 0.1


def figures(name, std, activation="relu", dead=0.0, output=False):
    layer = WatchedLayer(name, "Dense", activation, output, (f"{name}/kernel",), (f"{name}/kernel",))
    return LayerFigures(layer, 8, 32, 0.0, std, -1.0, 1.0, 0.5, dead, math.nan, (1.0,))


def test_a_signal_that_is_lost_on_the_way_is_not_steady():
    """The last layer's biases are alive: its outputs spread, but tell nothing of the input."""
    stds = [0.031, 0.0012, 0.0008, 0.024]
    lost = [figures(f"d{i}", std) for i, std in enumerate(stds)]
    said = {advice.kind: advice for advice in advice_of(lost, Start(compiled=False))}
    assert "steady_signal" not in said
    assert "0.0008 in 'd2'" in said["vanishing_activations"].evidence
    mixed = [figures("a", 3.0), figures("b", 0.2, "sigmoid"), figures("c", 1.0)]
    assert "steady_signal" in [advice.kind for advice in advice_of(mixed, Start(compiled=False))]


def test_units_that_rest_for_a_batch_are_neither_alive_nor_dead():
    layers = [figures("d", 1.0, dead=0.4)]
    (said,) = advice_of(layers, Start(compiled=True), 0.5, 0.2)
    assert (said.kind, said.severity) == ("idle_units", "hint")
    (said,) = advice_of([figures("d", 1.0, dead=0.1)], Start(compiled=True), 0.5, 0.2)
    assert said.kind == "live_units"


# ------------------------------------------------------------------------------------- what comes before what


def tower(stddev=None, layers=10, **options):
    """Of ReLUs, with initial weights of this deviation, or the usual ones."""
    initial = "auto" if stddev is None else fd.initializers.RandomNormal(stddev=stddev)
    hidden = [L.Dense(64, activation="relu", kernel_initializer=initial) for _ in range(layers)]
    model = fd.Sequential([L.Input((20,)), *hidden, L.Dense(4)], seed=0, **options)
    model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


@pytest.mark.parametrize(
    ("stddev", "kind"),
    [(1.0, "exploding_activations"), (0.01, "vanishing_activations"), (None, "dead_units")],
)
def test_the_scale_of_the_signal_comes_before_the_units_that_it_kills(stddev, kind):
    x, labels = classification()
    model = tower(stddev)
    weights = model.get_weights()
    for bias in weights[1:20:2]:
        bias[:20] = -1e30  # dead, whatever comes
    model.set_weights(weights)
    first, *others = statistics(model, x, labels).advice
    assert (first.kind, first.severity) == (kind, "warning")
    dead = next(each for each in (first, *others) if each.kind == "dead_units")
    assert ("at a lower learning rate" in dead.text) == (kind == "dead_units")  # else the rate killed none
    exec(first.code, {"fd": fd, "model": model, "x": x, "y": labels})


def test_a_layer_that_is_all_dead_is_told_before_that_nothing_comes_after_it():
    x, labels = classification()
    model = tower(layers=3)
    weights = model.get_weights()
    weights[3][:] = -1e30
    model.set_weights(weights)
    found = statistics(model, x, labels).advice
    assert [each.kind for each in found[:2]] == ["dead_units", "no_signal"]
    assert "all its units are dead" in found[1].text


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("factor", [1e155, 1e300, 1e-155, 1e-300])
def test_squares_beyond_float64_are_measured(factor):
    x, _ = classification()
    model = tower(layers=2, dtype="float64")
    usual = statistics(model, x)
    weights = model.get_weights()
    model.set_weights([factor * weights[0], weights[1], *weights[2:]])
    found = statistics(model, x)
    for of, one in zip(found.layers, usual.layers, strict=True):
        assert of.std == pytest.approx(factor * one.std, rel=1e-12)
        assert of.mean == pytest.approx(factor * one.mean, rel=1e-12)
        assert of.histogram == pytest.approx(one.histogram)
    name = "dense/kernel" if "dense/kernel" in found.weight_norms else next(iter(found.weight_norms))
    assert found.weight_norms[name] == pytest.approx(factor * usual.weight_norms[name], rel=1e-12)
    assert kinds(found) == kinds(usual)
    assert "inf" not in str(found)
    assert "nan" not in str(found)
