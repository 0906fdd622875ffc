"""Searches of two trials, and calls that must be refused by a message."""

import pytest
from searches import DEV, TRAIN, build

import fastdnn as fd

LR = fd.tune.log_uniform(1e-4, 1e-1)


def clf(p):
    return build({"lr": p["lr"], "beta_1": 0.9, "dropout": 0.0, "activation": "relu", "units": 4})


def short(x=TRAIN[0], y=TRAIN[1], **given):
    given = {"build": clf, "space": {"lr": LR}, "n_trials": 2, "epochs": 1, "jobs": 1, "verbose": 0} | given
    if "cv" not in given and "validation_data" not in given:
        given["validation_data"] = DEV
    return fd.tune.search(given.pop("build"), given.pop("space"), x, y, **given)


def refused(message, call, error=ValueError):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value), str(caught.value)
    return str(caught.value)
