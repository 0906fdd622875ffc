"""Several inputs, several outputs: what is refused, and how it is named."""

import numpy as np
import pytest
from networks import weight_hash
from two_outputs import KIND, LOSSES, PRICE, WEIGHTS, A, B, L, compiled, network, tensors

import fastdnn as fd


def changed(array, place, value):
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (
            A,
            [PRICE, KIND],
            r"x as a list or dict of 2 arrays, for the inputs 'a', 'b', got one of shape \(60, 5\)",
        ),
        (None, [PRICE, KIND], r"x as a list or dict of 2 arrays, .*, got NoneType"),
        ([A], [PRICE, KIND], r"x as a list of 2, for the inputs 'a', 'b', got a list of 1"),
        ([A, B, B], [PRICE, KIND], "x as a list of 2, .*, got a list of 3"),
        ({"a": A}, [PRICE, KIND], "x for the inputs 'a', 'b', got none for the input 'b'"),
        (
            {"a": A, "B": B},
            [PRICE, KIND],
            r"\[fit, x\] expected the name of an input, one of a, b, got 'B'; did you",
        ),
        ({"a": A, 3: B}, [PRICE, KIND], "the name of an input, one of a, b, got 3"),
        (
            [B, A],
            [PRICE, KIND],
            r"\[fit, input 'a'\] expected x of shape \(examples, 5\), got shape \(60, 3\)",
        ),
        ([A, None], [PRICE, KIND], r"\[fit, input 'b'\] expected x of shape \(examples, 3\), got shape \(\)"),
        ([A, B[1:]], [PRICE, KIND], r"\[fit\] expected as many rows in each input, got 60 in 'a', 59 in 'b'"),
        (
            [A, changed(B, (4, 2), np.nan)],
            [PRICE, KIND],
            r"\[fit, input 'b'\] expected finite x, got nan in row 4, column 2",
        ),
        (
            [A, B],
            PRICE,
            r"y as a list or dict of 2 arrays, for the outputs 'price', 'kind', got one of shape \(60,\)",
        ),
        ([A, B], None, "y as a list or dict of 2 arrays, .*, got NoneType"),
        ([A, B], [PRICE], "y as a list of 2, for the outputs 'price', 'kind', got a list of 1"),
        ([A, B], {"price": PRICE}, "y for the outputs 'price', 'kind', got none for the output 'kind'"),
        (
            [A, B],
            {"price": PRICE, "kin": KIND},
            r"\[fit, y\] expected the name of an output, .* got 'kin'; did you mean 'kind'",
        ),
        (
            [A, B],
            [PRICE[1:], KIND],
            r"\[fit, output 'price'\] expected as many rows in y as in x, 60, got 59",
        ),
        (
            [A, B],
            [PRICE, KIND + 1],
            r"\[fit, output 'kind'\] expected labels as whole numbers from 0 to 3, got 4 in row",
        ),
        ([A, B], [KIND, PRICE], r"\[fit, output 'kind'\] expected labels"),
        (
            [A, B],
            [changed(PRICE, 7, np.inf), KIND],
            r"\[fit, output 'price'\] expected finite y, got inf in row 7",
        ),
    ],
)
def test_data_that_does_not_fit(x, y, message):
    model = compiled()
    before = weight_hash(model)
    for call in (lambda: model.fit(x, y), lambda: model.train_on_batch(x, y), lambda: model.evaluate(x, y)):
        with pytest.raises(ValueError, match=message.replace(r"\[fit", r"\[(fit|train_on_batch|evaluate)")):
            call()
    assert weight_hash(model) == before


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([WEIGHTS, -WEIGHTS], r"\[fit, output 'kind'\] expected sample weights >= 0"),
        ([WEIGHTS], "sample_weight as a list of 2, for the outputs 'price', 'kind', got a list of 1"),
        (
            {"price": WEIGHTS[1:]},
            r"\[fit, output 'price'\] expected as many rows in sample_weight as in x, 60, got 59",
        ),
        ({"cost": WEIGHTS}, r"\[fit, sample_weight\] expected the name of an output, .* got 'cost'"),
        (WEIGHTS[1:], r"\[fit\] expected as many rows in sample_weight as in x, 60, got 59"),
        (A, r"\[fit\] expected sample_weight as one number per example, got shape \(60, 5\)"),
    ],
)
def test_sample_weights_that_do_not_fit(weights, message):
    with pytest.raises(ValueError, match=message):
        compiled().fit([A, B], [PRICE, KIND], sample_weight=weights)


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_what_is_not_finite_is_named_by_both_backends(backend):
    model = compiled(backend=backend)
    bad = changed(B, (21, 2), -np.inf)
    for call in (lambda: model.fit([A, bad], [PRICE, KIND]), lambda: model.predict([A, bad], batch_size=7)):
        with pytest.raises(
            ValueError, match=r", input 'b'\] expected finite x, got -inf in row 21, column 2"
        ):
            call()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_becomes_nan_meanwhile_is_named(dtype):
    """Targets and weights are checked before; a callback changes them afterwards."""
    for spoiled, message in [
        ("y", r"\[fit, output 'price'\] expected finite y"),
        ("own", r"\[fit, output 'kind'\] expected finite sample_weight"),
        ("all", r"\[fit\] expected finite sample_weight"),
    ]:
        arrays = {name: WEIGHTS.astype(dtype) for name in ("y", "own", "all")}

        def spoil(epoch, logs, array=arrays[spoiled]):
            array[9] = np.nan

        weights = arrays["all"] if spoiled == "all" else [None, arrays["own"]]
        callbacks = [fd.callbacks.LambdaCallback(on_epoch_end=spoil)]
        model = compiled(network(dtype=dtype))
        with pytest.raises(ValueError, match=message + ", got nan in row 9, column 0"):
            model.fit([A, B], [arrays["y"], KIND], sample_weight=weights, epochs=2, callbacks=callbacks)


def test_nan_of_held_out_rows_is_named_as_the_user_counts():
    bad = changed(B, (55, 1), np.nan)
    model = compiled()
    before = weight_hash(model)
    with pytest.raises(
        ValueError, match=r"\[fit, input 'b'\] expected finite x, got nan in row 55, column 1"
    ):
        model.fit([A, bad], [PRICE, KIND], validation_split=0.25)
    with pytest.raises(
        ValueError, match=r"\[fit, validation_data, input 'b'\] expected finite x, got nan in row 55"
    ):
        model.fit([A, B], [PRICE, KIND], validation_data=([A, bad], [PRICE, KIND]))
    assert weight_hash(model) == before


def test_a_split_warns_of_classes_of_any_output():
    with pytest.warns(UserWarning, match=r"classes \[3\] are in only one of the two parts"):
        compiled().fit([A, B], [PRICE, np.r_[np.arange(48) % 3, np.arange(12) % 4]], validation_split=0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": {}}, r"\[compile\] expected a loss, got none"),
        ({"loss": [None, None]}, "expected a loss, got none"),
        ({"loss": None}, "expected a loss, got none"),
        ({"loss": ["mse"]}, "loss as a list of 2, for the outputs 'price', 'kind', got a list of 1"),
        ({"loss": {"cost": "mse"}}, r"\[compile, loss\] expected the name of an output, .* got 'cost'"),
        ({"loss": {"kind": "mes"}}, "expected a loss.*got 'mes'"),
        ({"loss": ["sparse_categorical_crossentropy"] * 2}, "probabilities from a softmax"),
        ({"loss_weights": 0.5}, "loss_weights as a list or dict of a number for each output, got 0.5"),
        ({"loss_weights": [1.0]}, "loss_weights as a list of 2, .* got a list of 1"),
        ({"loss_weights": {"cost": 1.0}}, r"\[compile, loss_weights\] expected the name of an output"),
        ({"loss_weights": [1.0, np.nan]}, "loss_weights as numbers of at most 1e.30, got nan"),
        ({"loss_weights": [1.0, "2"]}, "loss_weights as numbers of at most 1e.30, got '2'"),
        ({"loss_weights": [1.0, -1e31]}, "loss_weights as numbers of at most 1e.30, got -1e.31"),
        ({"loss_weights": [1.0, True]}, "loss_weights as numbers of at most 1e.30, got True"),
        ({"metrics": ["accuracy"]}, "metrics as a list of 2, .* got a list of 1"),
        ({"metrics": "accuracy"}, "metrics as a list of 2, .* got a list of 1"),
        ({"metrics": {"cost": ["mse"]}}, r"\[compile, metrics\] expected the name of an output"),
        (
            {"metrics": [["accuracy"], None]},
            r"\[compile, output 'price'\] expected a cross-entropy as the loss of",
        ),
        ({"metrics": [["mse", "mse"], None]}, r"\[compile, output 'price'\] expected each metric once"),
        (
            {"loss": [None, LOSSES["kind"]], "metrics": {"price": ["mse"]}},
            r"\[compile, output 'price'\] expected a loss, beside metrics, got none",
        ),
    ],
)
def test_what_compile_refuses(arguments, message):
    model = compiled()
    before = model.compiled
    with pytest.raises(ValueError, match=message):
        compiled(model, **arguments)
    assert model.compiled is before


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("val", "b"), "figures of distinct names, got 'val_loss' twice"),
        (("a", "val_a"), "figures of distinct names, got 'val_a_loss' twice"),
        (("a", "a_loss"), None),
    ],
)
def test_figures_of_one_name_are_refused(names, message):
    x = fd.Input((3,))
    model = fd.Model(x, {name: L.Dense(1)(x) for name in names}, seed=0)
    if message is None:
        model.compile("sgd", "mse")
        return
    with pytest.raises(ValueError, match=message):
        model.compile("sgd", "mse")


def test_a_model_that_is_not_built_has_no_names():
    model = fd.Sequential([L.Dense(1)])
    with pytest.raises(
        ValueError, match="outputs with names, for loss as a dict, got a model that is not built"
    ):
        model.compile("sgd", {"dense": "mse"})
    model.compile("sgd", ["mse"], loss_weights=[2.0], metrics=[["mse"]])
    assert list(model.fit(B, PRICE).history) == ["loss", "mse"]


def refusals():
    [a, b], [price, kind] = tensors()
    other = fd.Input((2,))
    named = fd.Input((2,), name="c")
    return [
        (lambda: fd.Model([a, b, other], [price, kind]), r"no use of inputs\[2\]; leave it out of inputs"),
        (lambda: fd.Model([a, b, named], [price, kind]), "no use of 'c'"),
        (lambda: fd.Model({"u": a, "v": b, "w": other}, price), r"no use of inputs\['w'\]"),
        (
            lambda: fd.Model(a, price),
            r"outputs that need no other inputs than given, got <Input|add it to inputs",
        ),
        (lambda: fd.Model([a, b, a], price), "each input once, got 'a' twice"),
        (lambda: fd.Model([a, price], kind), "inputs as fastdnn.Input gave them"),
        (lambda: fd.Model([a, A], kind), "inputs as the output of a layer, got array"),
        (lambda: fd.Model([a, b], [price, None]), "outputs as the output of a layer, got None"),
        (lambda: fd.Model([a, b], []), "at least one of outputs"),
        (lambda: fd.Model({}, price), "at least one of inputs"),
        (lambda: fd.Model([a, b], {1: price}), "keys of outputs as texts in UTF-8, got 1"),
        (lambda: fd.Model([a, b], {"": price}), "keys of outputs as texts in UTF-8, got ''"),
    ]


@pytest.mark.parametrize("number", range(12))
def test_graphs_that_are_refused(number):
    make, message = refusals()[number]
    with pytest.raises(ValueError, match=message):
        make()
