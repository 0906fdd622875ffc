"""check_gradients: what it says of right gradients, and that it leaves all as it was."""

import copy
import inspect

import numpy as np
import pytest
from checked_gradients import BACKENDS, L, OwnRelu, WrongBias, WrongElement, X, Y, chain, kinds, tensor, usual
from custom_parts import DenseTanh, Gain, Scale, SquaredLoss
from networks import classification, classifier, weight_hash

import fastdnn as fd
from fastdnn.diagnose import central_difference, five_point_difference, forward_difference

# -------------------------------------------------------------------------------------------------- stencils


def cube(theta):
    return theta**3


def test_worked_stencils_of_002():
    """Deck 002, "Numerical Approximation of Gradients": θ³ at 1 with ε = 0.01."""
    assert central_difference(cube, 1.0, 0.01) == pytest.approx(3.0001, abs=1e-12)
    assert forward_difference(cube, 1.0, 0.01) == pytest.approx(3.0301, abs=1e-12)
    assert five_point_difference(cube, 1.0, 0.01) == pytest.approx(3.0, abs=1e-12)


def test_stencils_take_any_function_also_of_arrays():
    x = np.linspace(-2, 2, 9)
    for stencil, error in [
        (forward_difference, 1e-7),
        (central_difference, 1e-9),
        (five_point_difference, 1e-12),
    ]:
        np.testing.assert_allclose(stencil(np.sin, x), np.cos(x), atol=error)


@pytest.mark.parametrize(
    ("stencil", "order"), [(forward_difference, 1), (central_difference, 2), (five_point_difference, 4)]
)
def test_the_error_of_a_stencil_goes_with_its_power_of_epsilon(stencil, order):
    errors = [abs(stencil(np.exp, 0.3, epsilon) - np.exp(0.3)) for epsilon in (0.1, 0.05)]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.1)


# ------------------------------------------------------------------------------------------- right gradients


@BACKENDS
@pytest.mark.parametrize("epsilon", [None, 1e-7, 1e-4])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_right_network_is_great_by_the_epsilons_of_both_decks(activation, epsilon, backend):
    found = usual(activation, backend=backend).check_gradients(X, Y, epsilon=epsilon)
    assert found.verdict == "great"
    assert found.ratio <= 1e-7
    assert found.differing == ()
    assert kinds(found)[0] == "gradients_right"
    assert found.silenced == ("drop", "gaussiannoise")


def test_classes_are_great_by_both_epsilons_too():
    x, y = classification(60)
    for epsilon in (None, 1e-7, 1e-4):
        assert classifier(hidden=(20, 10)).check_gradients(x, y, epsilon=epsilon).verdict == "great"


def test_the_default_is_better_than_either_deck():
    ratios = [usual().check_gradients(X, Y, epsilon=epsilon).ratio for epsilon in (None, 1e-7, 1e-4)]
    assert ratios[0] < min(ratios[1:]) / 10


def test_the_method_takes_what_the_function_takes():
    method, function = (
        [(p.name, p.default, p.kind) for p in inspect.signature(each).parameters.values()][1:]
        for each in (fd.Model.check_gradients, fd.diagnose.check_gradients)
    )
    assert method == function


def test_an_epsilon_with_which_the_stencil_errs_is_refined():
    """Pixels from 0 to 16 make the loss curved; a tenth of ε, a hundredth of the error."""
    x, y = fd.data.load_digits()
    model = fd.Sequential([fd.Input((64,)), L.Dense(8, "tanh"), L.Dense(10, "softmax")], seed=0)
    model.compile("adam", "sparse_categorical_crossentropy")
    for asked in (1e-3, 1e-4):
        found = model.check_gradients(x, y, epsilon=asked)
        assert found.verdict == "great"
        assert found.ratio <= 1e-7
        if asked == 1e-3:
            assert found.refined_from[0] == asked
            assert found.refined_from[1] > 1e-7
            assert found.epsilon < asked
            assert "epsilon_refined" in kinds(found)
    assert model.check_gradients(x, y).refined_from is None


def test_the_ratio_is_that_of_the_formula():
    """Of the gradients that loss_and_gradients gives, and differences of its losses."""
    model = chain(L.Dense(3, "tanh"), L.Dense(2), dtype="float64", regularizer=fd.regularizers.L2(0.3))
    found = model.check_gradients(X, Y, rows=None, epsilon=1e-4)
    loss, gradients = model.loss_and_gradients(X, Y)
    weights, numeric = model.get_weights(), {}
    for place, name in enumerate(gradients):
        numeric[name] = np.empty(weights[place].shape)
        for index in np.ndindex(weights[place].shape):

            def loss_at(value, place=place, index=index):
                moved = [weight.copy() for weight in weights]
                moved[place][index] = value
                model.set_weights(moved)
                return model.loss_and_gradients(X, Y)[0]

            numeric[name][index] = central_difference(loss_at, weights[place][index], 1e-4)
    got, want = (np.concatenate([each[n].ravel() for n in gradients]) for each in (gradients, numeric))
    ratio = np.linalg.norm(got - want) / (np.linalg.norm(got) + np.linalg.norm(want))
    assert found.ratio == pytest.approx(ratio, rel=1e-2)
    assert found.loss == pytest.approx(loss, rel=1e-14)
    assert found.checked == got.size
    for name in gradients:
        assert tensor(found, name).norm == pytest.approx(np.linalg.norm(gradients[name]), rel=1e-12)


@pytest.mark.parametrize("stencil", ["two_point", "five_point"])
def test_float32_is_checked_in_float64(stencil):
    assert usual(dtype="float32").check_gradients(X, Y, stencil=stencil).ratio < 1e-9


def test_the_penalty_is_part_of_it():
    """Without its part the gradient would be wrong: it is most of it."""
    heavy = fd.regularizers.L2(100.0)
    found = chain(L.Dense(2), regularizer=heavy).check_gradients(X, Y)
    bare = chain(L.Dense(2)).check_gradients(X, Y)
    assert found.verdict == "great"
    assert tensor(found, "dense/kernel").norm > 10 * tensor(bare, "dense/kernel").norm


def test_batch_normalisation_takes_the_batch_and_the_bias_before_it_has_no_gradient():
    """Its derivative is 0: what rounding leaves of it says nothing, and is no error."""
    model = chain(L.Dense(5, name="before"), L.BatchNormalization(), L.Activation("tanh"), L.Dense(2))
    model.fit(X, Y, epochs=1, verbose=0)
    found = model.check_gradients(X, Y)
    bias = tensor(found, "before/bias")
    assert found.verdict == bias.verdict == "great"
    assert bias.ratio > 1e-3
    assert not bias.is_beyond_rounding
    assert "rounding" in str(found)


def test_weighted_rows_and_classes_of_several_outputs():
    x = fd.Input((6,))
    h = L.Dense(5, "gelu")(x)
    outputs = {"price": L.Dense(2)(h), "kind": L.Dense(3, "softmax")(h), "aside": L.Dense(1, name="aside")(h)}
    model = fd.Model(x, outputs, seed=0)
    losses = {"price": fd.losses.MeanSquaredError(reduction="sum"), "kind": "sparse_categorical_crossentropy"}
    model.compile("adam", losses, loss_weights={"price": 0.1})
    weights = {"kind": np.linspace(0, 2, 40)}
    found = model.check_gradients(X, {"price": Y, "kind": np.arange(40) % 3}, weights, inputs=True)
    assert found.verdict == "great"
    aside = {each.name: (each.norm, each.difference) for each in found.tensors if each.layer == "aside"}
    assert aside == {"aside/kernel": (0, 0), "aside/bias": (0, 0)}  # no loss depends on it


def test_frozen_layers_are_not_checked_and_that_is_said():
    model = usual()
    model.get_layer("dense").trainable = False
    found = model.check_gradients(X, Y)
    assert not [each for each in found.tensors if each.layer == "dense"]
    assert "frozen_not_checked" in kinds(found)
    model.trainable = False
    with pytest.raises(ValueError, match=r"\[check_gradients\] expected trained weights, got none"):
        model.check_gradients(X, Y)
    assert [each.name for each in model.check_gradients(X, Y, inputs=True).tensors] == ["input"]


@pytest.mark.parametrize("kind", ["u1", "i4", "i8", "f4", "?"])
def test_features_of_any_type_are_moved_as_real_numbers(kind):
    x = (np.arange(24).reshape(8, 3) % 5).astype(kind)
    model = fd.Sequential([fd.Input((3,), name="x"), L.Dense(3, "tanh"), L.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    found = model.check_gradients(x, np.arange(8) % 2, inputs=True)
    assert found.verdict == "great"
    assert tensor(found, "x").checked == 24


def test_layers_and_losses_of_ones_own():
    model = chain(DenseTanh(4), Gain(), Scale(), L.Dense(2), loss=SquaredLoss())
    assert model.check_gradients(X, Y, inputs=True).verdict == "great"


def test_after_some_training():
    model = usual("relu")
    found = model.check_gradients(X, Y, after_epochs=2)
    assert found.trained.epochs == 2
    assert found.verdict == found.trained.verdict == "great"
    assert found.trained.loss < found.loss
    assert "after 2 epochs" in str(found)


# --------------------------------------------------------------------------------------------------- samples


def test_large_tensors_are_sampled_and_that_is_said():
    model = chain(L.Dense(30, "tanh", name="big"), L.Dense(2))
    found = model.check_gradients(X, Y, max_per_tensor=59, samples=50, directions=3)
    assert found.verdict == "great"
    assert found.sampled == ("big/kernel", "dense/kernel")
    assert tensor(found, "big/kernel").checked == 50
    assert tensor(found, "big/kernel").direction_ratio <= 1e-7
    assert np.isnan(tensor(found, "big/bias").direction_ratio)
    assert found.direction_ratio <= 1e-7
    assert "gradients_sampled" in kinds(found)
    whole = model.check_gradients(X, Y)
    assert whole.sampled == ()
    assert np.isnan(whole.direction_ratio)
    assert "gradients_sampled" not in kinds(whole)


def test_directions_find_what_a_sample_misses():
    """One wrong element of 400, and a sample of five that has not got it."""
    model = chain(WrongElement(4, name="own"), L.Dense(2))
    missed = [model.check_gradients(X, Y, max_per_tensor=5, seed=seed) for seed in range(8)]
    missed = [found for found in missed if tensor(found, "own/kernel").ratio <= 1e-7]
    assert missed
    for found in missed:
        assert found.verdict == "worry"
        assert found.differing == ("own/kernel",)


def test_half_of_a_sample_has_a_gradient():
    """Of a table of 500 rows four are looked up."""
    table = L.Embedding(500, 4, name="table")
    model = fd.Sequential([fd.Input((2,), dtype="int32"), table, L.Dense(1)], seed=0)
    model.compile("sgd", "mse")
    found = model.check_gradients(np.array([[1, 2], [3, 400]]), np.ones(2), max_per_tensor=32)
    assert tensor(found, "table/embeddings").norm > 0
    _, gradients = model.loss_and_gradients(np.array([[1, 2], [3, 400]]), np.ones(2))
    want = np.linalg.norm(gradients["table/embeddings"])
    assert tensor(found, "table/embeddings").norm == pytest.approx(want, rel=1e-5)  # all sixteen


def test_rows_are_drawn_by_the_seed():
    model = usual()
    found = model.check_gradients(X, Y)
    assert (found.rows, found.rows_given) == (32, 40)
    assert found.loss == model.check_gradients(X, Y).loss
    assert found.loss != model.check_gradients(X, Y, seed=1).loss
    assert model.check_gradients(X, Y, rows=None).rows == 40
    assert "32 of 40 rows" in str(found)


# ---------------------------------------------------------------------------------------- nothing is changed


@BACKENDS
def test_the_model_stays_bit_for_bit(backend):
    def training():
        model = usual("relu", backend=backend, metrics=["mae"])
        model.fit(X, Y, epochs=2, verbose=0)
        return model

    model, twin = training(), training()
    x, y = X.copy(), Y.copy()
    model.check_gradients(x, y, inputs=True, after_epochs=1)
    model.check_gradients(x, y, stencil="five_point")
    assert weight_hash(model) == weight_hash(twin)
    assert model.history.history == twin.history.history
    assert model.get_layer("drop").rate == 0.5
    for network in (model, twin):
        network.fit(X, Y, epochs=2, verbose=0)
    assert weight_hash(model) == weight_hash(twin)
    assert model.optimizer.learning_rate == twin.optimizer.learning_rate
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_also_after_an_error():
    class Raising(Scale):
        calls = 0

        def forward(self, x, training):
            type(self).calls += 1
            if type(self).calls > 50:
                raise KeyboardInterrupt
            return super().forward(x, training)

    model = chain(L.Dense(5), Raising(), L.Dense(2))
    before = weight_hash(model)
    with pytest.raises(KeyboardInterrupt):
        model.check_gradients(X, Y)
    assert weight_hash(model) == before


def test_an_unbuilt_model_stays_unbuilt():
    model = fd.Sequential([L.Dense(4, "tanh"), L.Dense(2)], seed=0)
    model.compile("adam", "mse")
    assert model.check_gradients(X, Y).verdict == "great"
    assert not model.is_built


def test_inside_a_fit():
    found = []

    class Checking(fd.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            found.append(self.model.check_gradients(X, Y))

    model, twin = usual(), usual()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[Checking()])
    twin.fit(X, Y, epochs=2, verbose=0)
    assert [each.verdict for each in found] == ["great", "great"]
    assert weight_hash(model) == weight_hash(twin)


def test_the_same_on_any_number_of_threads():
    model = chain(L.Dense(3, "tanh"), L.Dense(2))
    assert len({model.check_gradients(X, Y, threads=threads).ratio for threads in (1, 3)}) == 1


# ----------------------------------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stencil": "three_point"}, "a stencil, one of five_point, two_point, got 'three_point'"),
        ({"epsilon": 0}, "0 < epsilon < 1, got 0"),
        ({"epsilon": np.nan}, "0 < epsilon < 1, got nan"),
        ({"epsilon": "small"}, "0 < epsilon < 1, got 'small'"),
        ({"inputs": 1}, "inputs as True or False, got 1"),
        ({"after_epochs": -1}, "after_epochs as a whole number >= 0, got -1"),
        ({"rows": 0}, "rows as a whole number >= 1, got 0"),
        ({"max_per_tensor": 0}, "max_per_tensor as a whole number >= 1, got 0"),
        ({"samples": 0}, "samples as a whole number >= 1, got 0"),
        ({"directions": 1.5}, "directions as a whole number >= 0, got 1.5"),
        ({"seed": -1}, "seed as a whole number >= 0, got -1"),
        ({"threads": 0}, "threads"),
        ({"verbose": 3}, 'verbose as "auto", 0 or 1, got 3'),
    ],
)
def test_arguments_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=r"\[check_gradients\] expected .*") as raised:
        usual().check_gradients(X, Y, **options)
    assert message in str(raised.value)


def test_data_that_does_not_fit():
    model, bad = usual(), X.copy()
    bad[35, 2] = np.nan
    with pytest.raises(
        ValueError, match=r"\[check_gradients\] expected finite x, got nan in row 35, column 2"
    ):
        model.check_gradients(bad, Y, rows=None)
    for x, y, message in [
        (X[:, :5], Y, r"shape \(examples, 6\)"),
        (X, Y[:-1], "as many rows in y as in x"),
        (X[:0], Y[:0], r"got shape \(0, 6\)"),
        (X, Y.astype(str), "y as real numbers"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.check_gradients(x, y)


def test_models_that_do_not_fit():
    model = fd.Sequential([fd.Input((6,)), L.Dense(2)], seed=0)
    with pytest.raises(ValueError, match=r"call compile\(...\) first"):
        model.check_gradients(X, Y)
    with pytest.raises(ValueError, match=r"a fastdnn\.Model, got 'model'"):
        fd.diagnose.check_gradients("model", X, Y)
    large = chain(L.Dense(2), dtype="float64")
    large.set_weights([np.full((6, 2), 1e200), np.zeros(2)])
    with pytest.raises(fd.NonFiniteLossError, match="a finite loss"):
        large.check_gradients(X, Y)


def test_a_layer_that_cannot_be_copied():
    class Alone(Scale):
        def __deepcopy__(self, memo):
            raise RuntimeError("there is one of me")

    with pytest.raises(TypeError, match=r"copy\.deepcopy can copy.*there is one of me"):
        chain(Alone(), L.Dense(2)).check_gradients(X, Y)


def test_a_gradient_that_is_lost_in_rounding_is_not_called_wrong():
    """At the minimum the gradient is 0."""
    model = chain(L.Dense(1), loss="mse", dtype="float64")
    x = X[:16]
    target = x @ np.linspace(0.1, 0.6, 6)[:, None] + np.where(np.arange(16)[:, None] % 2, 1e3, -1e3)
    design = np.column_stack([x, np.ones(16)])
    best = np.linalg.lstsq(design, target, rcond=None)[0]
    model.set_weights([best[:6], best[6]])
    found = model.check_gradients(x, target)
    assert found.verdict == "check"
    assert kinds(found)[0] == "gradients_lost_in_rounding"


def test_dead_units_are_told():
    model = chain(
        L.Dense(3, "relu", name="dead", bias_initializer=fd.initializers.Constant(-100)), L.Dense(2)
    )
    found = model.check_gradients(X, Y)
    [advice] = [each for each in found.advice if each.kind == "no_gradient"]
    assert "dead/kernel" in advice.text


def test_what_shows_nothing_is_not_called_great():
    """All units are dead, and the last layer gives zeros of zeros; or every number lies at a kink."""
    below = fd.initializers.Constant(-100)
    model = chain(L.Dense(3, "relu", bias_initializer=below), L.Dense(2, use_bias=False))
    found = model.check_gradients(X, Y)
    assert (found.verdict, found.ratio, found.differing) == ("check", 0.0, ())
    assert kinds(found) == ["no_gradient"]
    assert found.advice[0].severity == "warning"
    model = fd.Sequential([fd.Input((1,)), L.Dense(1, "relu", use_bias=False)], seed=0)
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((1, 1))])
    found = model.check_gradients(np.ones((3, 1)), np.ones(3))
    assert (found.verdict, found.checked, found.kinks) == ("check", 0, 1)
    assert [(each.kind, each.severity) for each in found.advice] == [("many_kinks", "warning")]
    assert str(found)


# -------------------------------------------------------------------------------------------- words, picture


@pytest.mark.parametrize("broken", [False, True])
def test_every_line_of_code_in_the_advice_runs(broken):
    own = WrongBias(4, name="own") if broken else OwnRelu()
    model = chain(L.Dense(4, "relu", trainable=False), own, L.Dropout(0.1), L.Dense(60, "relu"), L.Dense(2))
    found = model.check_gradients(X, Y, max_per_tensor=100, epsilon=0.05)
    assert {"many_kinks", "gradients_sampled", "frozen_not_checked", "randomness_off"} <= set(kinds(found))
    for advice in found.advice:
        assert advice.text
        assert advice.source
        exec(advice.code, {"model": copy.deepcopy(model), "x": X, "y": Y})


def test_the_table_and_the_words():
    text = str(chain(WrongBias(4, name="own"), L.Dense(2)).check_gradients(X, Y))
    assert text.splitlines()[0].startswith("worry, ratio 0.")
    assert "own/bias" in text
    assert "error: The gradient of own/bias is wrong." in text
    assert all(len(line) <= 115 for line in text.splitlines() if "print(" not in line)


def test_progress_is_shown_where_it_is_asked_for(capsys, monkeypatch):
    monkeypatch.setattr("fastdnn.diagnose.told._SECONDS", 0.0)
    model = chain(L.Dense(60, "tanh"), L.Dense(2), backend="reference")
    model.check_gradients(X, Y, verbose=1)
    shown = capsys.readouterr().out
    assert "checking gradients: " in shown
    assert shown.endswith("\r")
    model.check_gradients(X, Y)
    assert capsys.readouterr().out == ""


def test_the_plot_has_a_marker_for_each_tensor_and_the_lines_of_the_verdict():
    pytest.importorskip("matplotlib")
    found = chain(WrongBias(4, name="own"), L.Dense(2)).check_gradients(X, Y, after_epochs=1)
    axes = found.plot()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["great", "worry", "after 1 epochs", "great up to here", "worry from here on"]
    drawn = {line.get_label(): line for line in axes.lines}
    names = [label.get_text() for label in axes.get_yticklabels()]
    [place] = drawn["worry"].get_ydata()
    assert names[place] == "own/bias"
    assert drawn["worry"].get_xdata()[0] == pytest.approx(1 / 3, rel=1e-3)
    assert drawn["great up to here"].get_xdata()[0] == 1e-7
    assert found.plot(axes) is axes
    with pytest.raises(ValueError, match="what check_gradients found, got 3"):
        fd.plots.gradient_check(3)
