"""Several inputs, several outputs, weighted losses: what is fed, what is trained on, what comes back."""

import copy
import pickle

import numpy as np
import pytest
from networks import classification, classifier, weight_hash
from random_networks import data_for, random_heads
from two_outputs import (
    KIND,
    LOSSES,
    PRICE,
    ROWS,
    WEIGHTS,
    A,
    B,
    L,
    by_hand,
    compiled,
    losses_by_hand,
    network,
    zipped,
)

import fastdnn as fd

# ------------------------------------------------------------------------------------------------ predictions


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("x", [[A, B], (A, B), {"b": B, "a": A}])
def test_predictions_are_the_formula_however_x_is_given(x, backend):
    model = compiled(backend=backend)
    for got, want in zip(model.predict(x, batch_size=7), by_hand(model), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_outputs_come_back_in_the_form_in_which_they_were_given():
    want = network().predict([A, B])
    assert isinstance(want, list)
    assert isinstance(network(outputs=tuple).predict([A, B]), list)
    named = network(outputs=zipped("pk")).predict([A, B])
    assert list(named) == ["p", "k"]
    for got in (named.values(), network(inputs=zipped("uv")).predict({"v": B, "u": A})):
        for one, other in zip(got, want, strict=True):
            np.testing.assert_array_equal(one, other)
    [only] = network(outputs=lambda both: both[:1]).predict([A, B])
    np.testing.assert_array_equal(only, want[0])
    np.testing.assert_array_equal(network(outputs=lambda both: both[0]).predict([A, B]), want[0])


def test_names_and_shapes():
    model = network()
    assert (model.input_names, model.output_names) == (["a", "b"], ["price", "kind"])
    assert model.input_shape == [(None, 5), (None, 3)]
    assert model.output_shape == [(None, 1), (None, 4)]
    model = network(inputs=zipped("uv"), outputs=lambda both: {"k": both[1]})
    assert (model.input_names, model.output_names) == (["u", "v"], ["k"])
    assert model.output_shape == (None, 4)
    chain = classifier()
    assert (chain.input_names, chain.output_names) == (["input"], ["dense_1"])


def test_the_only_input_and_output_by_name():
    x, y = classification(rows=40)
    hashes = set()
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    for given in [(x, y), ({"input": x}, y), ([x], {"dense_1": y}), ((x,), {"dense_1": y.tolist()})]:
        model = classifier()
        model.compile(
            "adam", {"dense_1": loss}, loss_weights={"dense_1": 1}, metrics={"dense_1": ["accuracy"]}
        )
        model.fit(*given, sample_weight={"dense_1": WEIGHTS[:40]})
        hashes.add((weight_hash(model), model.predict(given[0]).tobytes()))
    assert len(hashes) == 1
    np.testing.assert_array_equal(model.predict(x[:1].tolist()), model.predict(x[:1]))  # a list of one row
    with pytest.raises(
        ValueError, match=r"\[predict, x\] expected the name of an input, one of input, got 'x'"
    ):
        model.predict({"x": x})


def test_the_only_input_and_output_in_lists():
    hashes = set()
    for x, y, weights in [(A, PRICE, WEIGHTS), ([A], [PRICE], [WEIGHTS]), (A.tolist(), (PRICE,), None)]:
        start = fd.Input((5,))
        model = fd.Model([start], [L.Dense(1, name="price")(start)], seed=0)
        model.compile("adam", ["mse"], metrics=[["mse"]])
        assert list(model.fit(x, y, sample_weight=WEIGHTS if weights is None else weights).history) == [
            "loss",
            "mse",
        ]
        hashes.add(weight_hash(model))
    assert len(hashes) == 1
    assert (
        model.evaluate(A[:1], [0.5])
        == model.evaluate(A[:1], [[0.5]])
        == model.evaluate([A[:1]], [np.array([0.5])])
    )


def test_inner_layers_inputs_and_one_layer_twice_as_outputs():
    """An output may be what other layers read, an input itself, or one tensor that is listed twice."""
    x = fd.Input((3,), name="x")
    shared = L.Dense(3, name="shared")
    once = shared(x)
    again = shared(once)
    model = fd.Model(x, [once, again, once, x], seed=0, dtype="float64")
    assert model.output_names == ["shared", "shared_1", "shared_2", "x"]
    kernel, _ = model.get_weights()
    got = model.predict(B)
    for one, want in zip(got, [B @ kernel, B @ kernel @ kernel, B @ kernel, B], strict=True):
        np.testing.assert_allclose(one, want, rtol=1e-12, atol=1e-14)
    got[0][:] = 7.0  # each output is an array of its own
    assert (got[2] != 7.0).all()
    model.compile("sgd", "mse", loss_weights=[0.5, 0.25, 2.0, 1.0])
    y = [B, A[:, :3], 2 * B, 0 * B]
    want = [np.mean((p - t) ** 2) for p, t in zip(model.predict(B), y, strict=True)]
    loss, *own = model.evaluate(B, y)
    np.testing.assert_allclose(own, want, rtol=1e-12)
    assert loss == pytest.approx(np.dot([0.5, 0.25, 2.0, 1.0], want), rel=1e-12)
    history = model.fit(B, y, epochs=5).history
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(history["x_loss"], own[-1], rtol=1e-12)  # nothing that is trained gives it


def test_callbacks_see_all_outputs_of_a_batch():
    seen = []

    class Noting(fd.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs):
            seen.append(logs["outputs"])

    model = network(outputs=zipped("pk"))
    whole = model.predict([A, B], batch_size=25, callbacks=[Noting()])
    assert [sorted(outputs) for outputs in seen] == [["k", "p"]] * 3
    for name, array in whole.items():
        np.testing.assert_array_equal(np.concatenate([outputs[name] for outputs in seen]), array)


def test_a_batch_at_a_time():
    model = compiled(loss_weights={"price": 0.3})
    twin = copy.deepcopy(model)
    loss, gradients = model.loss_and_gradients([A, B], [PRICE, KIND], inputs=True)
    want = losses_by_hand(model)
    assert loss == pytest.approx(0.3 * want[0] + want[1], rel=1e-12)
    assert {name: gradients[name].shape for name in ("a", "b")} == {"a": A.shape, "b": B.shape}
    figures = model.train_on_batch([A, B], {"kind": KIND, "price": PRICE}, return_dict=True)
    assert list(figures) == ["loss", "price_loss", "kind_loss", "kind_accuracy"]
    assert figures["loss"] == loss
    twin.fit([A, B], [PRICE, KIND], batch_size=ROWS, shuffle=False)
    assert weight_hash(twin) == weight_hash(model)
    assert list(model.layer_outputs([A, B])) == ["join", "both", "price", "kind"]
    assert "update" in [row.step for row in model.profile([A, B], [PRICE, KIND], seconds=0.001).rows]


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_gradients_against_differences(backend):
    """Of the weighted sum, with sample weights, in a random direction of all weights and inputs."""
    model = compiled(loss_weights=[0.7, -1.3], backend=backend)
    names = list(model.weights.weights)
    y, weights = [PRICE, KIND], {"kind": WEIGHTS}
    start = dict(zip(names, model.get_weights(), strict=True)) | {"a": A, "b": B}
    _, gradients = model.loss_and_gradients([A, B], y, weights, inputs=True)
    rng = np.random.default_rng(1)
    for _ in range(4):
        direction = {name: rng.normal(size=array.shape) for name, array in start.items()}

        def loss_at(step, direction=direction):
            moved = {name: array + step * direction[name] for name, array in start.items()}
            model.set_weights([moved[name] for name in names])
            return model.loss_and_gradients([moved["a"], moved["b"]], y, weights)[0]

        h = 1e-3
        five_point = (loss_at(-2 * h) - 8 * loss_at(-h) + 8 * loss_at(h) - loss_at(2 * h)) / (12 * h)
        want = sum((gradients[name] * direction[name]).sum() for name in start)
        assert want == pytest.approx(five_point, rel=1e-7)


def test_inputs_that_no_loss_depends_on_have_no_gradient():
    a, b = fd.Input((5,), name="a"), fd.Input((3,), name="b")
    model = fd.Model([a, b], [L.Dense(1, name="left")(a), L.Dense(1, name="right")(b)], seed=0)
    model.compile("sgd", {"right": "mse"})
    before = model.get_layer("left").get_weights()[0]
    _, gradients = model.loss_and_gradients([A, B], PRICE, inputs=True)
    assert list(gradients) == ["right/kernel", "right/bias", "b"]
    model.fit([A, B], PRICE)
    np.testing.assert_array_equal(model.get_layer("left").get_weights()[0], before)


# ----------------------------------------------------------------------------------------------------- losses


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_the_loss_is_the_weighted_sum(backend):
    model = compiled(loss_weights=[0.25, 2.0], backend=backend)
    price, kind = losses_by_hand(model)
    accuracy = (by_hand(model)[1].argmax(axis=1) == KIND).mean()
    want = {
        "loss": 0.25 * price + 2 * kind,
        "price_loss": price,
        "kind_loss": kind,
        "kind_accuracy": accuracy,
    }
    got = model.evaluate([A, B], [PRICE, KIND], return_dict=True)
    assert list(got) == list(want)
    assert got == pytest.approx(want, rel=1e-12)
    assert model.evaluate([A, B], [PRICE, KIND]) == list(got.values())
    history = model.fit([A, B], [PRICE, KIND], batch_size=ROWS, validation_split=0.25, epochs=2).history
    assert sorted(history) == sorted([*want, *[f"val_{name}" for name in want]])
    for prefix in ("", "val_"):
        parts = 0.25 * np.array(history[f"{prefix}price_loss"]) + 2 * np.array(history[f"{prefix}kind_loss"])
        np.testing.assert_allclose(history[f"{prefix}loss"], parts, rtol=1e-12)


def test_losses_and_metrics_as_lists_dicts_and_one_for_all():
    spread = [
        {"loss": LOSSES, "metrics": {"kind": ["accuracy"]}},
        {"loss": list(LOSSES.values()), "metrics": [None, ["accuracy"]]},
        {"loss": tuple(LOSSES.values()), "metrics": [[], "accuracy"], "loss_weights": [None, 1]},
        {"loss": LOSSES, "metrics": {"kind": "accuracy", "price": None}, "loss_weights": {"kind": 1.0}},
    ]
    hashes = set()
    for arguments in spread:
        model = network()
        model.compile("adam", **arguments)
        figures = model.fit([A, B], [PRICE, KIND], epochs=2).history
        hashes.add((weight_hash(model), repr(figures)))
    assert len(hashes) == 1
    model = compiled(loss="mse", metrics=["mse", ["mse", "mean_squared_error"]])
    names = ["loss", "price_loss", "kind_loss", "price_mse", "kind_mse", "kind_mean_squared_error"]
    assert list(model.evaluate([A, B], [PRICE, np.eye(4)[KIND]], return_dict=True)) == names


def test_a_weight_for_the_loss_of_one_output():
    x, y = classification()
    plain, scaled = (classifier(dtype="float64", optimizer=fd.optimizers.SGD(0.1)) for _ in range(2))
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    scaled.compile(fd.optimizers.SGD(0.2), [loss], loss_weights=[0.5], metrics=["accuracy"])
    assert scaled.evaluate(x, y)[0] == 0.5 * plain.evaluate(x, y)[0]
    a, b = (model.fit(x, y, epochs=2).history for model in (plain, scaled))
    assert weight_hash(plain) == weight_hash(scaled)  # half the gradient at twice the rate
    assert list(b) == ["loss", "accuracy"]
    np.testing.assert_allclose(b["loss"], 0.5 * np.array(a["loss"]), rtol=1e-12)


def test_an_output_without_a_loss_is_not_trained_on():
    only = {"kind": "sparse_categorical_crossentropy"}
    model = compiled(loss=only)
    head = model.get_layer("price").get_weights()[0]
    history = model.fit([A, B], KIND, epochs=3).history
    assert list(history) == ["loss", "kind_loss", "kind_accuracy"]
    assert history["loss"] == history["kind_loss"]
    np.testing.assert_array_equal(model.get_layer("price").get_weights()[0], head)
    for y in ({"kind": KIND}, [KIND], [None, KIND], {"kind": KIND, "price": PRICE}, KIND.tolist()):
        twin = compiled(loss=[None, only["kind"]])
        twin.fit([A, B], y, epochs=3)
        assert weight_hash(twin) == weight_hash(model)
    alone = compiled(network(outputs=lambda both: both[1]), loss=only["kind"], metrics=None)
    alone.set_weights(
        [w for layer in compiled(loss=only).layers if layer.name != "price" for w in layer.get_weights()]
    )
    assert alone.fit([A, B], KIND, epochs=3).history["loss"] == history["loss"]


def test_layers_of_an_output_without_a_loss_keep_their_running_figures():
    """As in Keras, every output is computed in training."""
    x = fd.Input((5,))
    scaled = L.BatchNormalization(momentum=0.0, name="scaled")(x)
    model = fd.Model(x, [L.Dense(1, name="price")(x), L.Dropout(0.5)(scaled)], seed=0, dtype="float64")
    model.compile("sgd", ["mse", None])
    model.fit(A, PRICE, batch_size=ROWS)
    gamma, beta, mean, variance = model.get_layer("scaled").get_weights()
    np.testing.assert_array_equal([gamma, beta], [np.ones(5), np.zeros(5)])
    np.testing.assert_allclose([mean, variance], [A.mean(axis=0), A.var(axis=0)], rtol=1e-12)


def test_a_model_of_nothing_but_its_input():
    x = fd.Input((3,))
    model = fd.Model(x, x)
    np.testing.assert_array_equal(model.predict(B), B.astype("f4"))
    model.compile("sgd", "mse")
    assert model.fit(B, np.zeros((ROWS, 3))).history["loss"][0] == pytest.approx((B**2).mean(), rel=1e-6)


def test_a_loss_of_weight_0_is_measured_only():
    model = compiled(loss_weights={"price": 0.0})
    head = model.get_layer("price").get_weights()[0]
    history = model.fit([A, B], [PRICE, KIND], epochs=2).history
    assert history["loss"] == history["kind_loss"]
    np.testing.assert_array_equal(model.get_layer("price").get_weights()[0], head)


def test_a_loss_that_is_not_finite_stops():
    model = compiled(network(dtype="float32"), loss="mse", metrics=None)
    before = weight_hash(model)
    with pytest.raises(fd.NonFiniteLossError, match="epoch 1, step 1 of 2"):
        model.fit([A, B], [np.full(ROWS, 3e38), np.zeros((ROWS, 4))])
    assert weight_hash(model) == before


# --------------------------------------------------------------------------------------------- sample weights


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize(
    ("given", "factors"),
    [
        (WEIGHTS, (WEIGHTS, WEIGHTS)),
        (WEIGHTS.tolist(), (WEIGHTS, WEIGHTS)),
        ([WEIGHTS, None], (WEIGHTS, 1.0)),
        ({"kind": WEIGHTS}, (1.0, WEIGHTS)),
        ((WEIGHTS, 2 * WEIGHTS), (WEIGHTS, 2 * WEIGHTS)),
        ([None, None], (1.0, 1.0)),
    ],
)
def test_sample_weights(given, factors, backend):
    model = compiled(loss_weights=[0.5, 3.0], backend=backend)
    want = losses_by_hand(model, factors)
    got = model.evaluate([A, B], [PRICE, KIND], sample_weight=given)
    np.testing.assert_allclose(got[:3], [0.5 * want[0] + 3 * want[1], *want], rtol=1e-12)
    model.fit([A, B], [PRICE, KIND], sample_weight=given, validation_data=([A, B], [PRICE, KIND], given))
    twin = compiled(loss_weights=[0.5, 3.0], backend=backend)
    twin.fit([A, B], [PRICE, KIND], sample_weight=[np.broadcast_to(f, ROWS) for f in factors])
    assert weight_hash(model) == weight_hash(twin)


def test_class_weights_are_for_one_output():
    with pytest.raises(
        ValueError, match="expected one output, for class_weight, got 2: the outputs 'price', 'kind'"
    ):
        compiled().fit([A, B], [PRICE, KIND], class_weight={0: 2.0})
    one = compiled(network(outputs=lambda both: both[1]), LOSSES["kind"], metrics=None)
    other = copy.deepcopy(one)
    one.fit([A, B], KIND, class_weight={1: 3.0}, sample_weight=WEIGHTS)
    other.fit([A, B], KIND, sample_weight=WEIGHTS * np.where(KIND == 1, 3.0, 1.0))
    assert weight_hash(one) == weight_hash(other)


# ---------------------------------------------------------------------------------------------------- batches


def test_batches_of_lists_and_dicts():
    slices = [slice(begin, begin + 16) for begin in range(0, ROWS, 16)]

    class Dataset:
        def __len__(self):
            return len(slices)

        def __getitem__(self, index):
            rows = slices[index]
            return {"a": A[rows], "b": B[rows]}, {"price": PRICE[rows], "kind": KIND[rows]}, WEIGHTS[rows]

    def lists():
        for rows in slices:
            yield [A[rows], B[rows]], (PRICE[rows], KIND[rows]), [WEIGHTS[rows]] * 2

    want = compiled()
    want.fit([A, B], [PRICE, KIND], batch_size=16, shuffle=False, sample_weight=[WEIGHTS, WEIGHTS.copy()])
    for source in (Dataset(), lists()):
        model = compiled()
        model.fit(source, shuffle=False, validation_data=Dataset())
        assert weight_hash(model) == weight_hash(want)
    figures = want.evaluate([A, B], [PRICE, KIND], sample_weight=WEIGHTS)
    np.testing.assert_allclose(want.evaluate(Dataset()), figures, rtol=1e-12)
    for source in (Dataset(), lists(), (({"a": A[rows], "b": B[rows]},) for rows in slices)):
        for got, array in zip(want.predict(source), want.predict([A, B]), strict=True):
            np.testing.assert_array_equal(got, array)
    bad = B.copy()
    bad[50, 1] = np.inf
    with pytest.raises(
        ValueError, match=r"\[predict, batch 4, input 'b'\] expected finite x, got inf in row 2, column 1"
    ):
        want.predict(([A[rows], bad[rows]],) for rows in slices)
    some = [([A, B], [PRICE, KIND], weights) for weights in ([WEIGHTS, None], [None, WEIGHTS])]
    with pytest.raises(ValueError, match=r"batch 2\] expected sample_weight for 1 of 2 losses"):
        want.fit(iter(some))


# ----------------------------------------------------------------------------------- files, copies and tables


def forms():
    return {
        "lists": compiled(),
        "dicts": compiled(
            network(inputs=zipped("ba"), outputs=zipped("pk")), loss=list(LOSSES.values()), metrics=None
        ),
        "a list of one": compiled(
            network(outputs=lambda both: both[1:]), loss=[LOSSES["kind"]], metrics=["accuracy"]
        ),
        "no loss for one": compiled(loss={"price": "mse"}, metrics=None, loss_weights={"price": 0.1}),
        "of any layers": random_heads(4),
    }


@pytest.mark.parametrize("form", list(forms()))
@pytest.mark.parametrize("way", ["file", "pickle", "deepcopy"])
def test_saved_pickled_and_copied(form, way, tmp_path):
    model = forms()[form]
    x, y = ([A, B], KIND) if form == "a list of one" else ([A, B], [PRICE, KIND])
    if form == "no loss for one":
        y = PRICE
    if form == "of any layers":
        x, y, _ = data_for(model, 40)
    elif form == "dicts":
        x = {"b": A, "a": B}
    if way == "file":
        model.save(tmp_path / "m")
        again = fd.load_model(tmp_path / "m")
    else:
        again = copy.deepcopy(model) if way == "deepcopy" else pickle.loads(pickle.dumps(model))
    assert type(again) is type(model)
    assert (again.input_names, again.output_names) == (model.input_names, model.output_names)
    assert again.compiled.heads[0].weight == model.compiled.heads[0].weight
    assert again.evaluate(x, y, return_dict=True) == model.evaluate(x, y, return_dict=True)
    assert type(again.predict(x)) is type(model.predict(x))
    for one in (model, again):
        one.fit(x, y, epochs=2)
    assert weight_hash(again) == weight_hash(model)


def test_the_summary_says_what_is_connected_to_what():
    lines = []
    network().summary(print_fn=lines.append)
    [text] = lines
    rows = {line.split()[0]: line for line in text.splitlines() if line}
    assert rows["layer"].endswith("connected to")
    assert rows["join"].endswith("a, b")
    assert rows["kind"].endswith("both")
    assert "inputs: a, b\noutputs: price, kind" in text
    x = fd.Input((3,), name="x")
    shared = L.Dense(3, name="shared")
    fd.Model(x, L.Add(name="sum")([shared(shared(x)), x])).summary(print_fn=lines.append)
    assert "shared:1" in lines[1]
    assert next(line for line in lines[1].splitlines() if line.startswith("sum")).endswith("shared:1, x")
    classifier().summary(print_fn=lines.append)
    assert "connected" not in lines[2]


def test_the_plan_of_all_losses():
    lines = []
    model = compiled()
    model.plan(print_fn=lines.append)
    assert "squared_error" in lines[0]
    assert "sparse_cross_entropy" in lines[0]


@pytest.mark.parametrize("seed", range(12))
def test_random_networks_by_both_backends(seed):
    figures, weights = [], []
    for backend in ("native", "reference"):
        model = random_heads(seed, dtype="float64", backend=backend, optimizer=fd.optimizers.SGD(1e-3))
        x, y, sample_weight = data_for(model, 37)
        history = model.fit(x, y, batch_size=16, epochs=2, sample_weight=sample_weight).history
        figures.append([*history.values(), model.evaluate(x, y), *model.predict(x).values()])
        weights.append(model.get_weights())
    for native, reference in zip(figures[0] + weights[0], figures[1] + weights[1], strict=True):
        np.testing.assert_allclose(native, reference, rtol=1e-7, atol=1e-9, equal_nan=False)


def test_sample_weights_for_what_has_no_loss_are_refused():
    x = fd.Input((3,))
    model = fd.Model(x, {"p": fd.layers.Dense(1)(x), "q": fd.layers.Dense(1)(x)}, seed=0)
    model.compile("sgd", {"p": "mse"})
    data, target = np.ones((4, 3)), {"p": np.ones(4)}
    with pytest.raises(ValueError, match="some for 'q', which has none"):
        model.fit(data, target, sample_weight={"q": np.ones(4)})
    model.fit(data, target, sample_weight={"p": np.ones(4), "q": None}, verbose=0)


@pytest.mark.parametrize("weight", [np.array([1.0]), "1", True])
def test_loss_weights_are_numbers(weight):
    x = fd.Input((3,))
    model = fd.Model(x, {"p": fd.layers.Dense(1)(x)}, seed=0)
    with pytest.raises(ValueError, match="loss_weights as numbers"):
        model.compile("sgd", {"p": "mse"}, loss_weights={"p": weight})
