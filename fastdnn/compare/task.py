"""A real data set with a network, on which settings are compared."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastdnn import optimizers
from fastdnn.checks import whole
from fastdnn.data.digits import load_digits
from fastdnn.data.split import train_dev_test_split
from fastdnn.errors import NonFiniteLossError, expected
from fastdnn.layers import Dense, Input
from fastdnn.losses import SparseCategoricalCrossentropy
from fastdnn.model import Model
from fastdnn.schedules.steps import steps_per_epoch
from fastdnn.sequential import Sequential


@dataclass(frozen=True)
class Task:
    """What is trained, and what it is measured on.

    name: what tables call it.
    model: makes the network, not compiled, of a seed: the same seed gives the same first weights.
    loss: as in `Model.compile`.
    train: (x, y).
    dev: (x, y).
    metric: "accuracy", of which the error is what lacks to 1; None: the error is the loss on the dev set.

    >>> import fastdnn as fd
    >>> x, y = [[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0]
    >>> def line(seed):
    ...     return fd.Sequential([fd.layers.Input((1,)), fd.layers.Dense(1)], seed=seed)
    >>> task = fd.compare.Task("line", line, "mse", (x, y), (x, y), metric=None)
    >>> [row.name for row in fd.compare.optimizers(task, ["sgd", "adam"], steps=3).rows]
    ['sgd', 'adam']
    """

    name: str
    model: Callable[[int], Model]
    loss: Any
    train: tuple[Any, Any]
    dev: tuple[Any, Any]
    metric: str | None = "accuracy"


def digits(hidden: Sequence[int] = (32,), seed: int = 0) -> Task:
    """The digits that come with the package, 80 % to train on and 20 % as dev set; pixels from 0 to 1.

    Args:
        hidden: units of the hidden layers, of ReLU.
        seed: of the split.

    Raises:
        ValueError: units that are no whole numbers >= 1.

    >>> import fastdnn as fd
    >>> task = fd.compare.digits(hidden=(16,))
    >>> len(task.train[0]), len(task.dev[0]), task.model(0).count_params()
    (1438, 359, 1210)
    """
    units = [whole("digits", "hidden", count, 1) for count in hidden]
    x, y = load_digits()
    split = train_dev_test_split(x / 16, y, dev=0.2, test=0, stratify=y, seed=seed)

    def model(model_seed: int) -> Model:
        layers = [Dense(count, activation="relu") for count in units]
        return Sequential([Input((64,)), *layers, Dense(10)], seed=model_seed)

    loss = SparseCategoricalCrossentropy(from_logits=True)
    return Task("digits", model, loss, (split.train[0], split.train[1]), (split.dev[0], split.dev[1]))


@dataclass(frozen=True)
class Training:
    """What came of one training.

    loss: on the training set at the end, in inference mode; NaN where it diverged.
    dev_error: 1 - accuracy on the dev set, or the loss there; NaN where it diverged.
    steps: that were taken.
    steps_per_epoch: of a whole one.
    seconds: of the fit, with the dev set's evaluation after each epoch.
    diverged: whether the loss became NaN or infinite, which ended it.
    history: the figures of the epochs, by name.
    """

    loss: float
    dev_error: float
    steps: int
    steps_per_epoch: int
    seconds: float
    diverged: bool
    history: dict[str, list[float]]


def train(task: Task, optimizer: Any, *, epochs: int, batch_size: int, seed: int) -> Training:
    """Train the task's network from its first weights of this seed."""
    model = task.model(seed)
    own = copy.deepcopy(optimizers.get(optimizer, "compare"))
    model.compile(own, task.loss, metrics=[task.metric] if task.metric else None)
    clock, diverged = time.perf_counter(), False
    try:
        model.fit(*task.train, batch_size=batch_size, epochs=epochs, validation_data=task.dev, verbose=0)
    except NonFiniteLossError:
        diverged = True
    seconds = time.perf_counter() - clock
    state, history = model.compiled.state, model.history
    assert state is not None
    assert history is not None
    loss, error = (float("nan"), float("nan")) if diverged else _measured(model, task)
    per_epoch = steps_per_epoch(len(task.train[0]), batch_size)
    return Training(loss, error, state.iterations, per_epoch, seconds, diverged, dict(history.history))


def _measured(model: Model, task: Task) -> tuple[float, float]:
    """The loss on the training set, the error on the dev set."""
    on_train = model.evaluate(*task.train, return_dict=True)
    on_dev = model.evaluate(*task.dev, return_dict=True)
    error = 1 - on_dev[task.metric] if task.metric else on_dev["loss"]
    return on_train["loss"], error


def epochs_for(task: Task, steps: int, batch_size: int) -> int:
    """The least number of epochs that have so many steps."""
    return -(-steps // steps_per_epoch(len(task.train[0]), batch_size))


def checked_task(where: str, given: Any) -> Task:
    """The task itself.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(given, Task):
        raise ValueError(expected(where, 'a fastdnn.compare.Task, or "digits"', repr(given)))
    return given
