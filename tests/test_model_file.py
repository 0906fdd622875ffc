"""Models in files: everything comes back, and no file does harm."""

import json

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd
from fastdnn.io import FormatError, read_safetensors, write_safetensors


@pytest.fixture
def saved(tmp_path):
    x, y = classification()
    scale = fd.layers.Normalization()
    scale.adapt(x)
    layers = [
        fd.layers.Input((20,)),
        scale,
        fd.layers.Dense(8, "relu", name="hidden"),
        fd.layers.Activation("relu"),
    ]
    model = fd.Sequential([*layers, fd.layers.Dense(4)], seed=7)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(fd.optimizers.Adam(0.02, beta_1=0.8), loss, metrics=["accuracy"])
    model.fit(x, y, epochs=2)
    path = tmp_path / "m.safetensors"
    model.save(path)
    return path, model, x, y


def test_everything_comes_back(saved):
    path, model, x, y = saved
    again = fd.load_model(path)
    assert weight_hash(again) == weight_hash(model)
    assert again.evaluate(x, y) == model.evaluate(x, y)
    assert (again.seed, again.dtype) == (7, "float32")
    assert again.optimizer.get_config() == model.optimizer.get_config()
    assert [repr(layer) for layer in again.layers] == [repr(layer) for layer in model.layers]
    again.fit(x, y)


def test_float64_shared_layers_and_uncompiled_models(tmp_path):
    shared = fd.layers.Dense(3)
    model = fd.Sequential([fd.layers.Input((3,)), shared, shared], dtype="float64")
    model.save(tmp_path / "m")
    again = fd.load_model(tmp_path / "m")
    assert weight_hash(again) == weight_hash(model)
    with pytest.raises(ValueError, match="call compile"):
        again.evaluate(np.zeros((1, 3)), [0])


def test_the_safetensors_library_reads_it(saved):
    from safetensors.numpy import load_file

    path, model, *_ = saved
    tensors = load_file(path)
    names = list(model.weights.weights)
    assert set(tensors) == set(names)
    for name, array in zip(names, model.get_weights(), strict=True):
        np.testing.assert_array_equal(tensors[name], array)


def test_a_failed_save_keeps_the_old_file(saved, monkeypatch):
    path, model, x, _ = saved
    old = path.read_bytes()

    def fail(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="no space"):
        model.save(path)
    assert path.read_bytes() == old
    assert sorted(p.name for p in path.parent.iterdir()) == ["m.safetensors"]
    fd.load_model(path).predict(x)


def test_the_history_of_the_last_fit_is_kept(tmp_path):
    model = fd.Sequential([fd.Input((2,)), fd.layers.Dense(1)], seed=3)
    path = tmp_path / "m.safetensors"
    model.compile("sgd", "mse")
    model.save(path)
    assert fd.load_model(path).history is None
    x = np.arange(12.0).reshape(6, 2)
    model.fit(x, x[:, 0], epochs=3, batch_size=4, validation_data=(x, x[:, 1]))
    model.history.history["mine"] = [np.nan, np.inf, 1.0]
    model.save(path)
    again = fd.load_model(path)
    assert list(again.history.history) == ["loss", "val_loss", "mine"]
    for name, values in model.history.history.items():
        np.testing.assert_allclose(again.history.history[name], values, rtol=1e-6)
    assert again.history.epoch == [0, 1, 2]
    assert again.history.model is again
    expected = {"epochs": 3, "steps": 2, "batch_size": 4, "samples": 6, "seed": 3}
    assert again.history.params == expected
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def rewrite(path, change):
    """The file with its configuration changed by `change(config, tensors, metadata)`."""
    tensors, metadata = read_safetensors(path)
    config = json.loads(metadata["config"])
    metadata["config"] = json.dumps(change(config, tensors, metadata) or config)
    write_safetensors(path, tensors, metadata)


def edit(*keys, value):
    def change(config, tensors, metadata):
        place = config
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def drop(*keys):
    def change(config, tensors, metadata):
        place = config
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change


def warmups(depth):
    entry = {"class_name": "Constant", "config": {"learning_rate": 0.1}}
    for _ in range(depth):
        entry = {"class_name": "Warmup", "config": {"schedule": entry, "steps": 1}}
    return entry


CHANGE = {"epoch": 1, "step": 1, "name": "learning_rate", "old": 0.1, "new": None, "note": ""}
PARAMS = dict.fromkeys(("epochs", "steps", "batch_size", "samples", "seed"))


def change_text(changes):
    """A history with these changes, which is else as it should be."""
    return json.dumps({"epoch": [0], "figures": {"loss": [1.0]}, "params": PARAMS, "changes": changes})


BAD = {
    "schedules as a bomb": edit("compile", "optimizer", "config", "learning_rate", value=warmups(40)),
    "unknown layer": edit("layers", 2, "class_name", value="os.system"),
    "layer without class": drop("layers", 2, "class_name"),
    "units as a bomb": edit("layers", 2, "config", "units", value=2**50),
    "units as text": edit("layers", 2, "config", "units", value="8"),
    "unknown argument": edit("layers", 2, "config", "exec", value="1"),
    "bad activation": edit("layers", 2, "config", "activation", value="evil"),
    "layers as a number": edit("layers", value=3),
    "no layers": edit("layers", value=[]),
    "nodes missing": drop("nodes"),
    "node of nobody": edit("nodes", 1, "layer", value="nobody"),
    "edge to the future": edit("nodes", 1, "inputs", value=[4]),
    "edge of text": edit("nodes", 1, "inputs", value="0"),
    "two inputs": edit("nodes", 2, "inputs", value=[0, 1]),
    "no nodes": edit("nodes", value=[]),
    "input only": edit("nodes", value=[{"layer": "input", "inputs": []}]),
    "dtype": edit("dtype", value="float16"),
    "dtype as list": edit("dtype", value=[]),
    "other dtype": edit("dtype", value="float64"),
    "seed": edit("seed", value=-1),
    "seed as text": edit("seed", value="x"),
    "loss": edit("compile", "heads", 0, "loss", "class_name", value="eval"),
    "loss arguments": edit("compile", "heads", 0, "loss", "config", value={"code": 1}),
    "optimizer": edit("compile", "optimizer", "class_name", value="__import__"),
    "rate": edit("compile", "optimizer", "config", "learning_rate", value=-1),
    "metrics": edit("compile", "heads", 0, "metrics", value=["eval"]),
    "metrics as number": edit("compile", "heads", 0, "metrics", value=7),
    "weight of a loss": edit("compile", "heads", 0, "loss_weight", value="heavy"),
    "no heads": edit("compile", "heads", value=[]),
    "heads as text": edit("compile", "heads", value="h"),
    "a head too many": lambda config, tensors, metadata: config["compile"]["heads"].append(
        config["compile"]["heads"][0]
    ),
    "inputs missing": drop("inputs"),
    "outputs as a number": edit("outputs", value=4),
    "an output that is not there": edit("outputs", "nodes", value=[5]),
    "an output of text": edit("outputs", "nodes", value=["4"]),
    "an output of truth": edit("outputs", "nodes", value=[True]),
    "no outputs": edit("outputs", "nodes", value=[]),
    "two outputs that are one": edit("outputs", "nodes", value=[3, 4]),
    "outputs in another form": edit("outputs", "form", value="tree"),
    "outputs without their names": edit("outputs", "form", value="dict"),
    "a name too many": edit("outputs", value={"nodes": [4], "form": "dict", "names": ["a", "b"]}),
    "a name twice": edit("outputs", value={"nodes": [3, 4], "form": "dict", "names": ["a", "a"]}),
    "a name of nothing": edit("outputs", value={"nodes": [4], "form": "dict", "names": [""]}),
    "an output that UTF-8 cannot hold": edit(
        "outputs", value={"nodes": [4], "form": "dict", "names": ["\ud800"]}
    ),
    "a layer that UTF-8 cannot hold": edit("layers", 2, "config", "name", value="\ud800"),
    "an input that UTF-8 cannot hold": edit("layers", 0, "config", "name", value="\ud800"),
    "a loss that UTF-8 cannot hold": edit("compile", "heads", 0, "loss", "config", "name", value="\ud800"),
    "a metric that UTF-8 cannot hold": edit(
        "compile",
        "heads",
        0,
        "metrics",
        value=[{"class_name": "R2Score", "config": {"name": "\ud800"}}],
    ),
    "an input that is a layer": edit("inputs", value={"nodes": [0, 1], "form": "list"}),
    "an input twice": edit("inputs", value={"nodes": [0, 0], "form": "list"}),
    "compile as text": edit("compile", value="yes"),
    "configuration as a list": lambda config, tensors, metadata: [1],
    "tensor missing": lambda config, tensors, metadata: tensors.__delitem__("hidden/kernel"),
    "tensor of another shape": lambda config, tensors, metadata: tensors.update(
        {"hidden/bias": np.zeros(9, "f4")}
    ),
    "tensor of another type": lambda config, tensors, metadata: tensors.update(
        {"hidden/bias": np.zeros(8, "i4")}
    ),
    "a tensor too many": lambda config, tensors, metadata: tensors.update(extra=np.zeros(2, "f4")),
    "another format": lambda config, tensors, metadata: metadata.update(format="pt"),
    "a later version": lambda config, tensors, metadata: metadata.update(format_version="1"),
    "no version": lambda config, tensors, metadata: metadata.__delitem__("format_version"),
    **{
        f"a history with {what}": lambda config, tensors, metadata, text=text: metadata.update(history=text)
        for what, text in {
            "no JSON": "{",
            "no epochs": '{"figures": {}, "params": {}}',
            "epochs as texts": '{"epoch": ["0"], "figures": {}, "params": {}}',
            "figures as texts": '{"epoch": [0], "figures": {"loss": ["low"]}, "params": {}}',
            "figures as truth values": '{"epoch": [0], "figures": {"loss": [true]}, "params": {}}',
            "a name that UTF-8 cannot hold": '{"epoch": [], "figures": {"\\ud800": []}, "params": {}}',
            "changes that are none": change_text(3),
            "a change without a place": change_text([{"name": "learning_rate"}]),
            "a change to a text": change_text([{**CHANGE, "new": "fast"}]),
            "a change before the first epoch": change_text([{**CHANGE, "epoch": 0}]),
            "a change before the first step": change_text([{**CHANGE, "step": 0}]),
            "no parameters": '{"epoch": [0], "figures": {"loss": [1.0]}, "params": {}}',
        }.items()
    },
    "version of text": lambda config, tensors, metadata: metadata.update(format_version="zero"),
}


def test_a_history_with_a_change(saved):
    path, *_ = saved
    stop = {**CHANGE, "step": None, "name": "stop"}
    rewrite(path, lambda config, tensors, metadata: metadata.update(history=change_text([CHANGE, stop])))
    assert [vars(change) for change in fd.load_model(path).history.changes] == [CHANGE, stop]


@pytest.mark.parametrize("what", BAD)
def test_bad_files_are_format_errors(saved, what):
    path, *_ = saved
    rewrite(path, BAD[what])
    with pytest.raises(FormatError, match=str(path)):
        fd.load_model(path)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_names_that_utf_8_cannot_hold(text):
    x = fd.Input((3,))
    head = fd.layers.Dense(2)(x)
    for make in (
        lambda: fd.layers.Dense(2, name=text),
        lambda: fd.Input((3,), name=text),
        lambda: fd.Model(x, {text: head}),
        lambda: fd.losses.MeanSquaredError(name=text),
        lambda: fd.metrics.R2Score(name=text),
    ):
        with pytest.raises(ValueError, match="in UTF-8"):
            make()
    assert fd.layers.Dense(2, name="größe").name == "größe"


def test_deeply_nested_configuration(saved):
    path, *_ = saved
    tensors, metadata = read_safetensors(path)
    metadata["config"] = "[" * 100_000
    write_safetensors(path, tensors, metadata)
    with pytest.raises(FormatError):
        fd.load_model(path)


def test_truncated_and_foreign_files(saved, tmp_path):
    path, *_ = saved
    whole = path.read_bytes()
    for size in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            fd.load_model(path)
    with pytest.raises(FileNotFoundError):
        fd.load_model(tmp_path / "nothing")
    write_safetensors(str(path), {"a": np.zeros(3)}, {})
    with pytest.raises(FormatError, match="a model saved by fastdnn"):
        fd.load_model(path)


def test_a_later_version_says_what_to_do(saved):
    path, *_ = saved
    rewrite(path, BAD["a later version"])
    with pytest.raises(FormatError, match="expected format_version 0, got '1'; a newer fastdnn may read it"):
        fd.load_model(path)


def test_an_older_draft_says_so(saved):
    path, *_ = saved
    rewrite(path, drop("outputs"))
    with pytest.raises(FormatError, match=r"an older draft of the format; .* save the model again"):
        fd.load_model(path)


def test_weights_that_are_not_finite_come_back_too(tmp_path):
    model = classifier(hidden=())
    weights = model.get_weights()
    weights[1][0] = np.nan
    model.set_weights(weights)
    model.save(tmp_path / "m")
    assert np.isnan(fd.load_model(tmp_path / "m").get_weights()[1][0])
