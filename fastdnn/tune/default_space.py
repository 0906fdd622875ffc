"""A space to begin with: the values of deck 003."""

from __future__ import annotations

from fastdnn.tune.conditions import when
from fastdnn.tune.distributions import (
    choice,
    integers,
    log_uniform,
    one_minus_log_uniform,
    powers_of_two,
)
from fastdnn.tune.space import Space


def default_space() -> Space:
    """The values of deck 003, for a perceptron with layers of one width; `dict(space)` can be changed.

    Learning rates from 0.001 to 0.1, as many in each decade; dropout 0.2, 0.4 or 0.5; batches of 32 to 256
    rows; 20, 50 or 100 epochs; SGD, the same with momentum, RMSprop or Adam; weights from uniform
    distributions. Where the deck has no numbers (layers, units, activations, momentum) they are usual ones.

    Source: deck 003, "3.1. Hyperparameter Tuning", "Hyperparameters related to Network structure",
    "Hyperparameters related to Training Algorithm".

    >>> import fastdnn as fd
    >>> print(fd.tune.default_space())
    parameter           values                                       only if
    ──────────────────  ───────────────────────────────────────────  ──────────────────────
    layers              whole numbers, 1 to 3
    units               powers of two, 32 to 256
    activation          one of 'relu', 'tanh'
    dropout             one of 0.2, 0.4, 0.5
    kernel_initializer  one of 'glorot_uniform', 'he_uniform'
    optimizer           one of 'sgd', 'momentum', 'rmsprop', 'adam'
    momentum            1 - x log-uniform, x from 0.9 to 0.99        optimizer = 'momentum'
    learning_rate       log-uniform, 0.001 to 0.1
    batch_size          powers of two, 32 to 256
    epochs              one of 20, 50, 100
    """
    return Space.of(
        "default_space",
        {
            "layers": integers(1, 3),
            "units": powers_of_two(32, 256),
            "activation": choice("relu", "tanh"),
            "dropout": choice(0.2, 0.4, 0.5),
            "kernel_initializer": choice("glorot_uniform", "he_uniform"),
            "optimizer": choice("sgd", "momentum", "rmsprop", "adam"),
            **when("optimizer", equals="momentum", momentum=one_minus_log_uniform(0.9, 0.99)),
            "learning_rate": log_uniform(1e-3, 1e-1),
            "batch_size": powers_of_two(32, 256),
            "epochs": choice(20, 50, 100),
        },
    )
