"""Optimisers whose numbers are schedules of the package: training, files, copies."""

import json
import pickle

import numpy as np
import pytest
from networks import classification, classifier, weight_hash

import fastdnn as fd
from fastdnn.io import FormatError, read_safetensors, write_safetensors

X, Y = classification(rows=70)
S, O = fd.schedules, fd.optimizers  # noqa: E741


def one_cycle():
    cycle = S.OneCycle(0.1, 20)
    return O.SGD(cycle, cycle.momentum)


SCHEDULED = {
    "by step": lambda: O.SGD(S.ExponentialDecay(0.1, 5, 0.9), 0.9),
    "by epoch": lambda: O.RMSprop(S.InverseTimeDecay(0.01, 1, 1, per="epoch", first=1), epsilon=1e-3),
    "rate and momentum": one_cycle,
    "rate and decay": lambda: O.AdamW(
        S.Warmup(S.CosineDecay(0.01, 15), 5), weight_decay=S.PolynomialDecay(0.1, 20)
    ),
    "beta and limit": lambda: O.Adam(
        beta_1=S.PiecewiseConstantDecay([6], [0.5, 0.9]), global_clipnorm=S.StepDecay(1.0, every=4)
    ),
}
scheduled = pytest.mark.parametrize("make", SCHEDULED.values(), ids=SCHEDULED)


@scheduled
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_files_and_pickles_in_mid_training(make, backend, tmp_path):
    model = classifier(optimizer=make(), backend=backend)
    model.save(tmp_path / "m")
    loaded = fd.load_model(tmp_path / "m")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    model.fit(X, Y, batch_size=16, epochs=2)
    if backend == "native":
        loaded.fit(X, Y, batch_size=16, epochs=2)
        assert weight_hash(model) == weight_hash(loaded)
    twin = pickle.loads(pickle.dumps(model))
    assert twin.optimizer.learning_rate == model.optimizer.learning_rate
    for each in (model, twin):
        each.fit(X, Y, batch_size=16, epochs=2)
    assert weight_hash(model) == weight_hash(twin)


def test_worked_time_based_decay_in_training():
    """α₀ = 0.2, d = 1: the epochs 1, 2, 3, 4 have the rates 0.1, 0.0667, 0.05, 0.04."""
    model = classifier(optimizer=O.SGD(S.InverseTimeDecay(0.2, 1, 1, per="epoch", first=1)))
    told = []
    note = fd.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: told.append(logs["learning_rate"]))
    model.fit(X, Y, epochs=4, callbacks=[note])
    np.testing.assert_allclose(told, [0.1, 0.0667, 0.05, 0.04], atol=5e-5)


BAD = {
    "a schedule of nobody": {"learning_rate": {"class_name": "os.system", "config": {}}},
    "a schedule without a class": {"learning_rate": {"config": {}}},
    "a schedule with other arguments": {"learning_rate": {"class_name": "Constant", "config": {"x": 1}}},
    "a schedule of bad rates": {
        "learning_rate": {"class_name": "Constant", "config": {"learning_rate": -1.0}}
    },
    "an option as a schedule": {"nesterov": {"class_name": "Constant", "config": {"learning_rate": 1.0}}},
    "a rate of text": {"learning_rate": "0.1"},
    "two limits": {"clipnorm": 1.0, "clipvalue": 1.0},
    "excluded as a number": {"excluded_from_weight_decay": 3},
    "excluded numbers": {"excluded_from_weight_decay": [3]},
    "scales as a list": {"learning_rate_scales": ["dense"]},
    "scales as a dictionary": {"learning_rate_scales": {"dense": 0.5}},
    "a scale of text": {"learning_rate_scales": [["dense", "x"]]},
    "an unknown argument": {"exec": 1},
    "an unknown form": {"momentum_form": ["sum"]},
}


@pytest.mark.parametrize("what", BAD)
def test_files_with_bad_optimizers_are_format_errors(what, tmp_path):
    path = tmp_path / "m"
    classifier(optimizer=O.SGD(0.1, 0.9)).save(path)
    tensors, metadata = read_safetensors(path)
    config = json.loads(metadata["config"])
    config["compile"]["optimizer"]["config"] |= BAD[what]
    metadata["config"] = json.dumps(config)
    write_safetensors(path, tensors, metadata)
    with pytest.raises(FormatError):
        fd.load_model(path)
