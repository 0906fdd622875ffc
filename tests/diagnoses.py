"""What tests of diagnoses share."""

import copy
import pickle
from contextlib import contextmanager

import numpy as np

import fastdnn as fd


def run_codes(result, model, x, y, capsys=None):
    """Every line of advice runs as it is written, each beside a copy of the model."""
    told = [advice for advice in result.advice if advice.code]
    for advice in told:
        names = {"fd": fd, "np": np, "model": copy.deepcopy(model), "x": x, "y": y, "x_dev": x, "y_dev": y}
        exec(advice.code, names)
    return told


def state_of(model):
    """All that a diagnosis must leave as it was, as bytes."""
    arrays = {name: array.tobytes() for name, array in model.weights.snapshot().items()}
    history = None if model.history is None else pickle.dumps(model.history.history)
    compiled = model.compiled
    kept = pickle.dumps(copy.deepcopy(model).__getstate__()["arrays"])
    return arrays, history, compiled.epochs_done, compiled.optimizer.iterations, id(compiled.state), kept


@contextmanager
def unchanged(model):
    """What is done within leaves the model as it was."""
    before = state_of(model)
    yield
    assert state_of(model) == before


def interrupted(*arguments, **more):
    """In place of what a Ctrl-C comes into."""
    raise KeyboardInterrupt


def digits(rows=None):
    x, y = fd.data.load_digits()
    return x[:rows] / 16, y[:rows]


def network(*hidden, features=64, outputs=10, activation=None, seed=0):
    layers = [fd.layers.Dense(units, activation="relu") for units in hidden]
    return fd.Sequential(
        [fd.layers.Input((features,)), *layers, fd.layers.Dense(outputs, activation=activation)], seed=seed
    )


def classifier(*hidden, optimizer="adam", seed=0, **options):
    model = network(*hidden, seed=seed)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True, **options)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model
