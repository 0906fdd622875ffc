"""Optuna with PyTorch: tensors made before, fused Adam, the gather in the step; no loss is read.

The best of four ways counts: one process with one or two threads, two jobs that share the GIL, and two
processes that are asked and told (no storage between them), started before.
"""

import importlib
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

from fastdnn.benchmark.tuning.trials import CLASSES, FEATURES, data, values, widths

_PROCESSES = "2 processes"
# Jobs, and threads of each.
_WAYS = {"1 job, 2 threads": (1, 2), "1 job, 1 thread": (1, 1), "2 jobs": (2, 1), _PROCESSES: (1, 1)}


def ways() -> list[str]:
    """All are tried."""
    return list(_WAYS)


def search(way: str, trials: int, epochs: int) -> list[float]:
    """Search among the sets that are put in the queue."""
    optuna: Any = importlib.import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    jobs, threads = _WAYS[way]
    _torch(threads)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for one in values(trials):
        study.enqueue_trial(queued(one))
    if way == _PROCESSES:
        asked = [study.ask() for _ in range(trials)]
        errors = _pool().map(dev_error, [suggested(trial) for trial in asked], [epochs] * trials)
        for trial, error in zip(asked, errors, strict=True):
            study.tell(trial, error)
    else:
        study.optimize(lambda trial: dev_error(suggested(trial), epochs), n_trials=trials, n_jobs=jobs)
    return [float(trial.value) for trial in study.trials]


def queued(of: dict[str, Any]) -> dict[str, Any]:
    """Values as the space of Optuna names them: 1 - beta_1 is log-uniform.

    >>> from fastdnn.benchmark.tuning.with_optuna import queued
    >>> queued({"lr": 0.1, "beta_1": 0.5})
    {'lr': 0.1, '1 - beta_1': 0.5}
    """
    return {name: value for name, value in of.items() if name != "beta_1"} | {"1 - beta_1": 1 - of["beta_1"]}


def suggested(trial: Any) -> dict[str, Any]:
    """The values of a trial of Optuna's."""
    return {
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "beta_1": 1 - trial.suggest_float("1 - beta_1", 1e-3, 1e-1, log=True),
        "units": trial.suggest_categorical("units", [32, 64, 128, 256]),
        "layers": trial.suggest_int("layers", 1, 2),
        "batch_size": trial.suggest_categorical("batch_size", [32, 64, 128, 256]),
    }


@cache
def _pool() -> ProcessPoolExecutor:
    """Two processes that have PyTorch, for all searches."""
    pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), _torch, (1,))
    list(pool.map(dev_error, values(4), [1] * 4))
    return pool


def _torch(threads: int) -> Any:
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(threads)
    return torch


@cache
def _tensors() -> tuple[Any, ...]:
    torch: Any = importlib.import_module("torch")
    return tuple(torch.from_numpy(array) for part in data() for array in part)


def dev_error(of: dict[str, Any], epochs: int) -> float:
    """Of a network that is trained with these values."""
    torch: Any = importlib.import_module("torch")
    x, y, x_dev, y_dev = _tensors()
    net = _network(torch.nn, widths(of))
    optimizer = torch.optim.Adam(net.parameters(), lr=of["lr"], betas=(of["beta_1"], 0.999), fused=True)
    loss: Callable[..., Any] = torch.nn.functional.cross_entropy
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(of["batch_size"]):
            optimizer.zero_grad(set_to_none=True)
            loss(net(x.index_select(0, rows)), y.index_select(0, rows)).backward()
            optimizer.step()
    with torch.inference_mode():
        return float((net(x_dev).argmax(1) != y_dev).float().mean())


def _network(nn: Any, hidden: tuple[int, ...]) -> Any:
    layers, inputs = [], FEATURES
    for units in hidden:
        layers += [nn.Linear(inputs, units), nn.ReLU()]
        inputs = units
    return nn.Sequential(*layers, nn.Linear(inputs, CLASSES))
