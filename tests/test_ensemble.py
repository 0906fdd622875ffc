"""Several models as one: the average of their predictions, in one graph and one file."""

import copy

import numpy as np
import pytest
from networks import classification, weight_hash

import fastdnn as fd

L = fd.layers


def classifier(seed=0, *, hidden=9, last="softmax", dtype="float64", classes=4):
    layers = [L.Input((20,)), L.BatchNormalization(), L.Dense(hidden, "relu"), L.Dense(classes, last)]
    model = fd.Sequential(layers, seed=seed, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=last is None)
    if last == "sigmoid":
        model.compile(fd.optimizers.Adam(0.01), "mse")
    else:
        model.compile(fd.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    return model


def members(number=3, **options):
    x, y = classification()
    models = [classifier(seed, hidden=5 + 4 * seed, **options) for seed in range(number)]
    for model in models:
        model.fit(x, np.eye(4)[y] if options.get("last") == "sigmoid" else y, epochs=1)
    return models, x, y


def parts(models, x):
    return np.stack([model.predict(x) for model in models])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_it_predicts_the_mean_of_its_members(dtype):
    models, x, _ = members(dtype=dtype)
    rtol = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(fd.Ensemble(models).predict(x), parts(models, x).mean(axis=0), rtol=rtol)


def test_weights():
    models, x, _ = members()
    got = fd.Ensemble(models, weights=[1, 0, 3]).predict(x)
    np.testing.assert_allclose(got, np.average(parts(models, x), axis=0, weights=[1, 0, 3]), rtol=1e-12)


def test_the_geometric_mean_of_probabilities():
    models, x, _ = members()
    mean = np.exp(np.average(np.log(parts(models, x)), axis=0, weights=[1, 2, 3]))
    got = fd.Ensemble(models, "geometric", [1, 2, 3]).predict(x)
    np.testing.assert_allclose(got, mean / mean.sum(axis=1, keepdims=True), rtol=1e-11)


def test_the_geometric_mean_of_logistic_outputs():
    models, x, _ = members(last="sigmoid")
    yes, no = (np.exp(np.log(p).mean(axis=0)) for p in (parts(models, x), 1 - parts(models, x)))
    np.testing.assert_allclose(fd.Ensemble(models, "geometric").predict(x), yes / (yes + no), rtol=1e-10)


def test_logits_are_the_geometric_mean():
    """What the docstring says of members that give logits."""
    models, x, _ = members(last=None)
    p = np.exp(parts(models, x))
    mean = np.exp(np.log(p / p.sum(axis=2, keepdims=True)).mean(axis=0))
    got = np.exp(fd.Ensemble(models).predict(x))
    want = mean / mean.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got / got.sum(axis=1, keepdims=True), want, rtol=1e-11)


def test_it_is_compiled_as_the_first_and_evaluates():
    models, x, y = members()
    ensemble = fd.Ensemble(models, "geometric")
    figures = ensemble.evaluate(x, y, return_dict=True)
    p = ensemble.predict(x)
    assert figures["loss"] == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean(), rel=1e-12)
    assert figures["accuracy"] == pytest.approx((p.argmax(axis=1) == y).mean())
    assert ensemble.optimizer is not models[0].optimizer
    assert ensemble.optimizer.get_config() == models[0].optimizer.get_config()
    assert (ensemble.compiled.state, ensemble.compiled.epochs_done) == (None, 0)
    assert models[0].compiled.state is not None
    for model in models:
        model.compile("adam", "mse")
    one_hot = np.eye(4)[y]
    loss = ((parts(models, x).mean(axis=0) - one_hot) ** 2).mean()
    assert fd.Ensemble(models).evaluate(x, one_hot) == pytest.approx(loss, rel=1e-12)
    bare = [fd.Sequential([L.Input((2,)), L.Dense(1)], seed=seed) for seed in range(2)]
    with pytest.raises(ValueError, match="call compile"):
        fd.Ensemble(bare).evaluate(np.ones((1, 2)), np.ones(1))


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_the_cross_entropy_of_averaged_probabilities(backend):
    models, x, y = members()
    models[0].compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], backend=backend)
    ensemble = fd.Ensemble(models)
    p = parts(models, x).mean(axis=0)
    loss, accuracy = ensemble.evaluate(x, y)
    assert loss == pytest.approx(-np.log(p[np.arange(len(y)), y]).mean(), rel=1e-12)
    assert accuracy == pytest.approx((p.argmax(axis=1) == y).mean())
    ensemble.fit(x, y, epochs=3)
    assert ensemble.evaluate(x, y)[0] < loss


def test_a_loss_that_wants_logits_leaves_it_uncompiled():
    models, x, y = members(2)
    loss = fd.losses.SparseCategoricalCrossentropy(label_smoothing=0.1)
    models[0].compile("adam", loss)
    with pytest.raises(ValueError, match="call compile"):
        fd.Ensemble(models).evaluate(x, y)


def test_logits_are_not_averaged_with_probabilities():
    soft, logits, yes = classifier(), classifier(last=None), classifier(last="sigmoid")
    for pair, message in [
        ([soft, logits], "expected output .* of probabilities, .*got no probabilities, such as logits"),
        ([logits, yes], "member 1.* expected output .* of no probabilities.*got probabilities.*with_head"),
        ([fd.Ensemble([soft, soft]), logits], "of probabilities, .*got no probabilities"),
        ([logits, fd.Ensemble([soft, soft])], "of no probabilities.*got probabilities"),
    ]:
        for average in ("mean", "geometric"):
            with pytest.raises(ValueError, match=message):
                fd.Ensemble(pair, average)
    x, _ = classification()
    nested = fd.Ensemble([fd.Ensemble([soft, soft]), soft])
    np.testing.assert_allclose(nested.predict(x), soft.predict(x), rtol=1e-12)
    by_layer = fd.Sequential([L.Input((20,)), L.Dense(4), L.Activation("softmax")], seed=0, dtype="float64")
    fd.Ensemble([soft, by_layer])


def test_members_stay_as_they_are():
    models, x, y = members()
    hashes = [weight_hash(model) for model in models]
    names = [[layer.name for layer in model.layers] for model in models]
    ensemble = fd.Ensemble(models, "geometric")
    before = ensemble.predict(x)
    ensemble.fit(x, y, epochs=1)  # all members together, on the loss of their average
    assert [weight_hash(model) for model in models] == hashes
    assert [[layer.name for layer in model.layers] for model in models] == names
    assert models[0].layers[-1].activation == "softmax"
    assert np.abs(ensemble.predict(x) - before).max() > 1e-3
    models[0].fit(x, y)
    twice = fd.Ensemble([models[1]] * 2).predict(x)
    np.testing.assert_allclose(twice, models[1].predict(x), rtol=1e-13)


@pytest.mark.parametrize("average", ["mean", "geometric"])
def test_one_file_holds_it(average, tmp_path):
    models, x, y = members()
    ensemble = fd.Ensemble(models, average, [1, 2, 3])
    ensemble.compile("adam", "mse")
    y = np.eye(4)[y]
    ensemble.save(tmp_path / "e")
    again = fd.load_model(tmp_path / "e")
    np.testing.assert_array_equal(again.predict(x), ensemble.predict(x))
    assert again.evaluate(x, y) == ensemble.evaluate(x, y)
    np.testing.assert_array_equal(copy.deepcopy(ensemble).predict(x), ensemble.predict(x))
    assert [layer.name for layer in again.layers][:3] == [
        "input",
        "member_0_batchnormalization",
        "member_0_dense",
    ]


def heads(seed, form):
    a, words = fd.Input((3,), name="a"), fd.Input((2,), dtype="int32", name="words")
    scale = L.Normalization(np.zeros(3), np.ones(3))
    h = L.Concatenate()([L.Dense(4, "tanh")(scale(a)), L.Embedding(7, 2)(words)])
    price, kind = L.Dense(1, name="price")(h), L.Dense(2, "softmax", name="kind")(h)
    if form == "dict":
        return fd.Model({"a": a, "words": words}, {"price": price, "kind": kind}, seed=seed)
    return fd.Model([a, words], [price, kind], seed=seed)


@pytest.mark.parametrize("form", ["dict", "list"])
def test_several_inputs_and_outputs(form):
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(9, 3)), "words": rng.integers(7, size=(9, 2))}
    y = {"price": rng.normal(size=9), "kind": np.eye(2)[rng.integers(2, size=9)]}
    models = [heads(seed, form) for seed in range(3)]
    models[1].get_layer("normalization").set_weights([np.ones(3), np.full(3, 2.0)])
    for model in models:
        model.compile("adam", {"price": "mse", "kind": "mse"})
    ensemble = fd.Ensemble(models)
    assert ensemble.output_names == ["price", "kind"]
    assert ensemble.input_names == ["a", "words"]
    got = ensemble.predict(x)
    assert isinstance(got, dict if form == "dict" else list)
    for index, name in enumerate(("price", "kind")):
        key = name if form == "dict" else index
        want = np.mean([model.predict(x)[key] for model in models], axis=0)
        np.testing.assert_allclose(got[key], want, rtol=1e-5, atol=1e-7)
    assert list(ensemble.evaluate(x, y, return_dict=True)) == ["loss", "price_loss", "kind_loss"]


def test_refusals():
    models, *_ = members(2)
    other_input = fd.Sequential([L.Input((3,)), L.Dense(4)], seed=0, dtype="float64")
    read = fd.Input((20,))
    inner = L.Dense(4, "softmax")(read)
    is_read = fd.Model(read, [inner, L.Dense(2, "softmax")(inner)], seed=0)
    for make, message in [
        (lambda: fd.Ensemble(models[:1]), r"\[Ensemble\] expected a list of two models or more"),
        (lambda: fd.Ensemble(models[0]), r"a list of two models or more"),
        (lambda: fd.Ensemble([models[0], 3]), r"a list of two models or more"),
        (lambda: fd.Ensemble(models, "median"), r"\[Ensemble\] expected average, one of geometric, mean"),
        (lambda: fd.Ensemble(models, weights=[1, 2, 3]), r"\[Ensemble\] expected 2 weights, got \[1, 2, 3\]"),
        (lambda: fd.Ensemble(models, weights=[1, -2]), r"expected 0 <= each of weights, got -2"),
        (lambda: fd.Ensemble([models[0], classifier(dtype="float32")]), r"member 1\] expected dtype float64"),
        (lambda: fd.Ensemble([models[0], other_input]), r"member 1\] expected inputs \['20 features'\]"),
        (lambda: fd.Ensemble([models[0], classifier(classes=5)]), r"expected outputs \['4 features'\]"),
        (
            lambda: fd.Ensemble([classifier(last=None)] * 2, "geometric"),
            r"outputs by softmax or sigmoid .*logits",
        ),
        (lambda: fd.Ensemble([is_read] * 2, "geometric"), r"that no layer reads"),
        (
            lambda: fd.Ensemble([models[0], classifier(last="sigmoid")], "geometric"),
            r"outputs by one activation, got sigmoid, softmax",
        ),
        (lambda: fd.Ensemble([models[0], fd.Sequential([L.Dense(4)])]), r"a model that knows its input"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()


def test_together_they_err_less_on_digits():
    x, y = fd.data.load_digits()
    train, test = fd.data.train_dev_test_split(x / 16, y, dev=0, test=0.4)[::2]
    models = []
    for seed in range(5):
        layers = [L.Input((64,)), L.Dense(16, "relu"), L.Dense(10, "softmax")]
        models.append(fd.Sequential(layers, seed=seed))
        models[-1].compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        models[-1].fit(*train, epochs=12)
    p, y = parts(models, test[0]), test[1]
    together = fd.Ensemble(models).predict(test[0])
    losses = [-np.log(own[np.arange(len(y)), y]).mean() for own in p]
    accuracies = [(own.argmax(axis=1) == y).mean() for own in p]
    assert -np.log(together[np.arange(len(y)), y]).mean() < np.mean(losses)  # by Jensen's inequality, always
    assert (together.argmax(axis=1) == y).mean() > np.mean(accuracies)
