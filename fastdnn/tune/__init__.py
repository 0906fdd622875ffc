"""Searching for hyper-parameters: spaces, the order in which to tune, and what runs the trials; and changing
them while one model trains.

>>> import fastdnn as fd
>>> space = {"lr": fd.tune.log_uniform(1e-4, 1e-1), "beta_1": fd.tune.one_minus_log_uniform(0.9, 0.999),
...          "units": fd.tune.powers_of_two(32, 512), "dropout": fd.tune.uniform(0, 0.6),
...          "layers": fd.tune.integers(1, 4)}
>>> sorted(fd.tune.Space.of("example", space).draw(seed=0, trial=0))
['beta_1', 'dropout', 'layers', 'lr', 'units']
"""

from fastdnn.tune.babysitter import Babysitter
from fastdnn.tune.conditions import when
from fastdnn.tune.default_space import default_space
from fastdnn.tune.distributions import (
    choice,
    integers,
    log_uniform,
    one_minus_log_uniform,
    powers_of_two,
    uniform,
)
from fastdnn.tune.kept import load
from fastdnn.tune.plan import TuningPlan, plan
from fastdnn.tune.pruning import Median, SuccessiveHalving
from fastdnn.tune.replay import Replay
from fastdnn.tune.search import search
from fastdnn.tune.space import Space
from fastdnn.tune.storages import open_storage
from fastdnn.tune.study import Study
from fastdnn.tune.trial import Trial, trial_model

__all__ = [
    "Babysitter",
    "Median",
    "Replay",
    "Space",
    "Study",
    "SuccessiveHalving",
    "Trial",
    "TuningPlan",
    "choice",
    "default_space",
    "integers",
    "load",
    "log_uniform",
    "one_minus_log_uniform",
    "open_storage",
    "plan",
    "powers_of_two",
    "search",
    "trial_model",
    "uniform",
    "when",
]
