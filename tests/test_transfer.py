"""Weights by name into another model, frozen layers, new heads."""

import copy

import numpy as np
import pytest
from custom_parts import Scale
from networks import classification, weight_hash

import fastdnn as fd
from fastdnn import _core
from fastdnn.io import FormatError, read_safetensors, write_safetensors

L = fd.layers


def network(outputs=3, *, hidden=8, seed=0, dtype="float32", names=("a", "b", "head")):
    a, b, head = names
    layers = [L.Dense(hidden, "relu", name=a), L.Dense(hidden, "relu", name=b), L.Dense(outputs, name=head)]
    model = fd.Sequential([L.Input((20,)), *layers], seed=seed, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def values(model):
    return {name: model.weights.read(name) for name in model.weights.weights}


# ---- By name


def test_weights_are_taken_by_name():
    model, source = network(2, seed=1), network(3, seed=2)
    own, theirs = values(model), values(source)
    report = model.transfer_weights(source, skip_mismatch=True)
    assert report.taken == ("a/kernel", "a/bias", "b/kernel", "b/bias")
    assert report.kept == ("head/kernel", "head/bias")
    assert report.unused == ()
    assert report.mismatched == {"head/kernel": ((8, 2), (8, 3)), "head/bias": ((2,), (3,))}
    assert str(report) == "taken 4 weights, kept 2: head/kernel, head/bias"
    for name, array in values(model).items():
        np.testing.assert_array_equal(array, theirs[name] if name in report.taken else own[name])
    model.set_weights([array + 1 for array in model.get_weights()])
    for name, array in values(source).items():
        np.testing.assert_array_equal(array, theirs[name])  # copied, not shared


def test_layers_are_chosen_and_renamed():
    model, source = network(seed=1), network(seed=2, names=("first", "second", "head"))
    theirs = values(source)
    with pytest.raises(ValueError, match=r"expected a/kernel of shape \(20, 8\), got shape \(8, 8\)"):
        model.transfer_weights(source, {"second": "a"})
    report = model.transfer_weights(source, {"second": "b", "head": "head"})
    assert report.taken == ("b/kernel", "b/bias", "head/kernel", "head/bias")
    np.testing.assert_array_equal(model.weights.read("b/kernel"), theirs["second/kernel"])


def test_other_types_are_converted():
    model, source = network(seed=1), network(seed=2, dtype="float64")
    model.transfer_weights(source)
    for got, want in zip(model.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want.astype(np.float32))


def test_a_refused_transfer_changes_nothing():
    model, source = network(2, seed=1), network(3, seed=2)
    before = weight_hash(model)
    unbuilt = fd.Sequential([L.Dense(3)])
    strangers = network(names=("x", "y", "z"))
    for call, message in [
        (lambda: model.transfer_weights(source), r"head/kernel of shape \(8, 2\), got shape .*skip_mismatch"),
        (
            lambda: model.transfer_weights("m"),
            r"expected a model to take weights from, got 'm'; .*load_weights",
        ),
        (lambda: model.transfer_weights(source, "a"), r"layers as a list or dict of names, got 'a'"),
        (lambda: model.transfer_weights(source, ["c"]), r"\[transfer_weights, model\] .*got 'c'"),
        (lambda: model.transfer_weights(source, {"c": "a"}), r"\[transfer_weights, source\] .*got 'c'"),
        (lambda: model.transfer_weights(source, {"a": "b", "b": "b"}), r"each layer of the model once"),
        (lambda: model.transfer_weights(source, [3]), r"the name of a layer.* got 3"),
        (lambda: model.transfer_weights(strangers), r"some of a/kernel.*got none of x/kernel.*rename"),
        (lambda: model.transfer_weights(unbuilt), r"a model that knows its input"),
        (lambda: unbuilt.transfer_weights(model), r"a model that knows its input"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    assert weight_hash(model) == before


# ---- Files of weights


def test_weights_in_a_file(tmp_path):
    source, model = network(seed=2), network(seed=1)
    source.save_weights(tmp_path / "w")
    report = model.load_weights(tmp_path / "w")
    assert report.kept == report.unused == ()
    assert weight_hash(model) == weight_hash(source)
    with pytest.raises(FormatError, match="expected a model saved by fastdnn, got format 'fastdnn-weights'"):
        fd.load_model(tmp_path / "w")


def test_a_model_file_and_a_foreign_one_are_files_of_weights(tmp_path):
    source, model = network(seed=2), network(seed=1)
    source.save(tmp_path / "m")
    model.load_weights(tmp_path / "m")
    assert weight_hash(model) == weight_hash(source)
    write_safetensors(tmp_path / "w", {"a/bias": np.arange(8), "more": np.ones(3)})
    report = model.load_weights(tmp_path / "w", by_name=True)
    assert (report.taken, report.unused) == (("a/bias",), ("more",))
    np.testing.assert_array_equal(model.weights.read("a/bias"), np.arange(8))


def test_finite_numbers_do_not_become_infinite(tmp_path):
    model = network(seed=1)
    assert model.dtype == "float32"
    before = weight_hash(model)
    good, bad = np.arange(8.0), np.arange(8.0)
    bad[5] = -1e200
    write_safetensors(tmp_path / "bad", {"a/kernel": model.weights.read("a/kernel"), "a/bias": bad})
    message = r"bad\] expected a/bias of numbers within float32, got .*-1e\+200.* of float64; not finite in"
    with pytest.raises(ValueError, match=message):
        model.load_weights(tmp_path / "bad", by_name=True)
    arrays = {name: model.weights.read(name) for name in model.weights.weights}
    with pytest.raises(ValueError, match=r"\[set_weights\] expected a/bias of numbers within float32"):
        model.set_weights(list((arrays | {"a/bias": bad}).values()))
    with pytest.raises(ValueError, match="a/bias of numbers within float32"):
        model.get_layer("a").set_weights([arrays["a/kernel"], bad])
    assert weight_hash(model) == before
    good[:3] = np.nan, np.inf, -np.inf  # of these nothing is lost: they are as they were given
    model.set_weights(list((arrays | {"a/bias": good}).values()))
    np.testing.assert_array_equal(model.weights.read("a/bias"), good)


def test_refused_files_change_nothing(tmp_path):
    model = network(2, seed=1)
    before = weight_hash(model)
    network(3, seed=2).save_weights(tmp_path / "w")
    tensors, metadata = read_safetensors(tmp_path / "w")
    write_safetensors(tmp_path / "newer", tensors, {**metadata, "format_version": "9"})
    write_safetensors(tmp_path / "less", {"a/bias": tensors["a/bias"]})
    (tmp_path / "noise").write_bytes(b"noise" * 100)
    for name, options, error, message in [
        ("w", {}, ValueError, r"head/bias|head/kernel of shape"),
        ("less", {}, ValueError, r"missing \['a/kernel', .*by_name=True"),
        ("newer", {}, FormatError, r"expected format_version 0, got '9'"),
        ("noise", {}, FormatError, "noise"),
        ("nothing", {}, FileNotFoundError, "got none; check the path"),
        ("w", {"by_name": True}, ValueError, r"head/.* of shape .*skip_mismatch=True"),
    ]:
        with pytest.raises(error, match=message):
            model.load_weights(tmp_path / name, **options)
    assert weight_hash(model) == before
    with pytest.raises(ValueError, match="a model that knows its input"):
        fd.Sequential([L.Dense(2)]).load_weights(tmp_path / "nothing")


# ---- Freezing


def trained_layers(model):
    return [layer.name for layer in model.layers if layer.trainable and layer.weights]


def test_freeze_and_unfreeze():
    model = network()
    model.freeze(until="b")
    assert trained_layers(model) == ["head"]
    model.unfreeze(after="a")
    assert trained_layers(model) == ["b", "head"]
    model.freeze(layers=["head"])
    assert trained_layers(model) == ["b"]
    model.unfreeze(layers=["a", "head"])
    assert trained_layers(model) == ["a", "b", "head"]
    model.freeze()
    assert not model.trainable
    model.unfreeze()
    assert trained_layers(model) == ["a", "b", "head"]
    model.trainable = False
    assert trained_layers(model) == []
    model.trainable = True
    assert model.trainable


def test_freeze_goes_along_the_graph():
    x = fd.Input((4,))
    left, right = L.Dense(3, name="left")(x), L.Dense(3, name="right")(x)
    top = L.Dense(2, name="top")(L.Concatenate()([L.Dense(3, name="more")(left), right]))
    model = fd.Model(x, top, seed=0)
    model.freeze(until="more")
    assert trained_layers(model) == ["right", "top"]


def test_refused_names_freeze_nothing():
    model = network()
    for call, message in [
        (lambda: model.freeze(until="c"), r"\[freeze\] expected the name of a layer.* got 'c'"),
        (lambda: model.freeze(until="a", layers=["b"]), r"\[freeze\] expected until or layers, got both"),
        (lambda: model.freeze(layers="a"), r"\[freeze\] expected layers as a list of names"),
        (lambda: model.unfreeze(layers=["a", "c"]), r"\[unfreeze\] expected the name of a layer"),
        (lambda: setattr(model, "trainable", "no"), r"trainable as True or False, got 'no'"),
        (lambda: fd.Sequential([L.Dense(1)]).freeze(), r"a model that knows its input"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    assert trained_layers(model) == ["a", "b", "head"]


def step_kinds(model):
    program = model.training_program()
    plan = _core.Plan(program.to_native(), model.weights.native, 16)
    return [step["kind"] for step in plan.describe()], program


def test_frozen_layers_cost_no_backward_pass():
    """Below the lowest trained layer the plan has no product and no sum of the backward pass."""
    model = network()
    kinds, program = step_kinds(model)
    assert kinds.count("gemm") == 3 + 3 + 2  # forward, kernels, what the layers below need
    model.freeze(until="b")
    kinds, program = step_kinds(model)
    assert kinds.count("gemm") == 3 + 1
    assert kinds.count("column_sum") == 1
    written = {value.name for op in program.operations for value in op.outputs}
    assert {name for name in written if name in model.weights.weights} == {"head/kernel", "head/bias"}
    assert not [op.kind for op in program.operations if op.kind in ("matmul_dx", "relu_backward")]


def test_frozen_weights_keep_their_bits():
    x, y = classification(classes=3)
    norm = L.BatchNormalization(name="norm")
    layers = [L.Dense(8, name="a"), norm, L.Dense(8, "relu", name="b"), L.Dense(3, name="head")]
    model = fd.Sequential([L.Input((20,)), *layers], seed=0)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.Adam(), loss)
    model.fit(x, y, epochs=1)
    model.freeze(until="norm")
    before = values(model)
    model.fit(x, y, epochs=2)
    for name, array in values(model).items():
        same = np.array_equal(array, before[name])
        assert same == name.startswith(("a/", "norm/")), name


# ---- New heads


def test_a_head_is_replaced():
    x, y = classification(classes=3)
    base = network(seed=3)
    base.fit(x, y, epochs=1)
    before = weight_hash(base)
    model = base.with_head([L.Dropout(0.2), L.Dense(5, name="head")], freeze=True)
    assert isinstance(model, fd.Sequential)
    assert [layer.name for layer in model.layers] == ["input", "a", "b", "dropout", "head"]
    assert model.output_shape == (None, 5)
    assert trained_layers(model) == ["head"]
    assert (model.seed, model.dtype) == (3, "float32")
    features = base.layer_outputs(x, ["b"])["b"]
    np.testing.assert_array_equal(model.layer_outputs(x, ["b"])["b"], features)
    model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y)
    assert weight_hash(base) == before
    assert trained_layers(base) == ["a", "b", "head"]
    np.testing.assert_array_equal(base.layers[1].get_weights()[0], model.layers[1].get_weights()[0])


def test_the_network_as_far_as_a_layer_gives_its_features():
    x, _ = classification(classes=3)
    base = network(seed=3)
    model = base.with_head([], after="a")
    np.testing.assert_array_equal(model.predict(x), base.layer_outputs(x, ["a"])["a"])
    assert [layer.name for layer in model.layers] == ["input", "a"]


def test_a_head_may_be_a_function_or_one_layer():
    base = network(seed=3)
    model = base.with_head(lambda h: {"kind": L.Dense(2)(h), "price": L.Dense(1)(L.Add()([h, h]))})
    assert model.output_names == ["kind", "price"]
    assert {name: y.shape for name, y in model.predict(np.ones((4, 20))).items()} == {
        "kind": (4, 2),
        "price": (4, 1),
    }
    assert base.with_head(L.Dense(7)).output_shape == (None, 7)
    assert base.with_head(fd.blocks.Residual([L.Dense(8)]), after="a").output_shape == (None, 8)


def test_only_what_is_needed_is_copied():
    inputs = {name: fd.Input((4,)) for name in ("left", "right")}
    h = L.Dense(3, name="h")(inputs["left"])
    y = L.Dense(2)(L.Concatenate()([h, L.Dense(3)(inputs["right"])]))
    base = fd.Model(inputs, y, seed=0)
    model = base.with_head([L.Dense(1)], after="h")
    assert model.input_names == ["left"]
    assert model.predict({"left": np.ones((2, 4))}).shape == (2, 1)
    both = base.with_head([L.Dense(9)])  # the last Dense is replaced
    assert both.input_names == ["left", "right"]
    assert both.output_shape == (None, 9)


def test_shared_layers_stay_shared_and_figures_are_copied():
    x, _ = classification()
    shared, scale = L.Dense(20, "tanh", name="shared"), L.Normalization(np.zeros(20), np.ones(20))
    base = fd.Sequential([L.Input((20,)), scale, shared, shared, L.Dense(2)], seed=0)
    base.layers[1].set_weights([np.full(20, 0.5), np.full(20, 2.0)])
    model = base.with_head([L.Dense(3)])
    assert len(model.layers) == 4
    want = base.layer_outputs(x, ["shared:1"])["shared:1"]
    np.testing.assert_array_equal(model.layer_outputs(x, ["shared:1"])["shared:1"], want)
    once = base.with_head([], after="shared")
    np.testing.assert_array_equal(once.predict(x), base.layer_outputs(x, ["shared"])["shared"])


def test_layers_of_ones_own_are_copied():
    base = fd.Sequential([L.Input((3,)), Scale(), L.Dense(2)], seed=0)
    base.layers[1].set_weights([np.array([1.0, 2.0, 3.0])])
    model = base.with_head([L.Dense(4)])
    np.testing.assert_array_equal(model.layers[1].get_weights()[0], [1, 2, 3])
    assert model.layers[1] is not base.layers[1]


def test_refused_heads():
    base = network()
    before = copy.deepcopy(base)
    two = fd.Model((x := fd.Input((3,))), [L.Dense(1)(x), L.Dense(2)(x)], seed=0)
    for call, message in [
        (
            lambda: base.with_head([L.Dense(2)], after="c"),
            r"\[with_head\] expected after as the name.* got 'c'",
        ),
        (lambda: base.with_head(["relu"]), r"\[with_head\] expected layers, or blocks of them, got 'relu'"),
        (lambda: base.with_head([L.Input((3,))]), r"\[with_head\] expected layers, or blocks"),
        (lambda: base.with_head(7), r"\[with_head\] expected a list of layers, got 7"),
        (lambda: base.with_head([L.Dense(2, name="a")]), r"distinct names of layers, got 'a' 2 times"),
        (lambda: base.with_head([base.layers[3]]), r"layers that no other model holds"),
        (lambda: base.with_head(lambda h: 3), r"outputs as the output of a layer, got 3"),
        (lambda: base.with_head([L.Dense(2)], freeze="yes"), r"freeze as True or False"),
        (lambda: base.with_head([L.Dense(2)], seed=-1), r"a seed from 0"),
        (lambda: two.with_head([L.Dense(2)]), r"name the layer .*after="),
        (lambda: fd.Sequential([L.Dense(2)]).with_head([L.Dense(2)]), r"a model that knows its input"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    assert weight_hash(base) == weight_hash(before)


def digits_network(outputs, seed):
    layers = [L.Dense(64, "relu"), L.Dense(64, "relu"), L.Dense(outputs, "softmax")]
    return fd.Sequential([L.Input((64,)), *layers], seed=seed)


def fitted(model, x, y, **fit):
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, **fit)
    return model


def test_a_network_of_five_digits_learns_the_others():
    """Deck 004, transfer learning: 0 to 4 first, then 5 to 9 by a new head, and by all layers."""
    x, y = fd.data.load_digits()
    x, low = x / 16, y < 5
    base = fitted(digits_network(5, seed=0), x[low], y[low], epochs=10)
    x_new, y_new = x[~low], y[~low] - 5
    model = base.with_head([L.Dense(5, "softmax")], freeze=True)
    fitted(model, x_new[:700], y_new[:700], epochs=20)
    head_alone = model.evaluate(x_new[700:], y_new[700:])[1]
    model.unfreeze()
    fitted(model, x_new[:700], y_new[:700], epochs=20)
    assert model.evaluate(x_new[700:], y_new[700:])[1] > max(0.9, head_alone)
    assert base.evaluate(x[low], y[low])[1] > 0.98  # it has forgotten nothing


def test_what_was_learned_from_many_labels_helps_where_there_are_few():
    """Even or odd, from fifty labels: with the features of a network that has learned to tell the digits."""
    x, y = fd.data.load_digits()
    x_new, y_new = x[900:] / 16, y[900:] % 2
    accuracies = []
    for seed in range(3):
        base = fitted(digits_network(10, seed), x[:900] / 16, y[:900], epochs=15)
        models = (base.with_head([L.Dense(2, "softmax")]), digits_network(2, seed + 10))
        for model in models:
            fitted(model, x_new[:50], y_new[:50], epochs=30, batch_size=10)
        accuracies.append([model.evaluate(x_new[50:], y_new[50:])[1] for model in models])
    transferred, fresh = np.mean(accuracies, axis=0)
    assert transferred > fresh + 0.01
