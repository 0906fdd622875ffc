"""Optimisers, schedules and batch sizes, each side by side on one surface or task."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastdnn import optimizers as _optimizers
from fastdnn.checks import number, whole
from fastdnn.compare.comparison import Comparison, Row
from fastdnn.compare.descent import Trajectory, descend
from fastdnn.compare.surfaces import Beale, LocalMinimum, Saddle, Surface, Valley
from fastdnn.compare.task import Task, Training, checked_task, digits, epochs_for, train
from fastdnn.errors import expected, unknown_name

_NAMED: dict[str, Callable[[], Any]] = {
    "beale": Beale,
    "digits": digits,
    "local_minimum": LocalMinimum,
    "saddle": Saddle,
    "valley": Valley,
}
SIZES = {"batch": None, "mini-batch": 32, "stochastic": 1}


def _place(where: str, on: Any) -> Any:
    """A surface or a task, also by its name."""
    if isinstance(on, str):
        if on not in _NAMED:
            raise unknown_name(where, "a surface or a task", on, _NAMED)
        return _NAMED[on]()
    if not isinstance(on, Surface | Task):
        wanted = f"a surface, a task, or one of {', '.join(_NAMED)}"
        raise ValueError(expected(where, wanted, repr(on)))
    return on


def _settings(where: str, given: Any) -> dict[str, Any]:
    """Settings by name; of a list by their own texts."""
    if isinstance(given, Sequence) and not isinstance(given, str):
        given = {str(setting): setting for setting in given}
    if not isinstance(given, Mapping) or not given:
        raise ValueError(expected(where, "at least one setting, as a list or {name: setting}", repr(given)))
    return dict(given)


def optimizers(
    on: "Surface | Task | str",
    optimizers: "Mapping[str, _optimizers.Optimizer | str] | Sequence[str]",
    steps: int = 200,
    *,
    batch_size: int = 32,
    noise: float = 0.0,
    start: Any = None,
    seed: int = 0,
) -> Comparison:
    """Optimisers side by side: from the same point of a surface, or the same first weights of a network.

    Args:
        on: a surface, a task, or the name of one: "valley", "saddle", "local_minimum", "beale", "digits".
        optimizers: {name: of `fastdnn.optimizers`}, or a list of names.
        steps: how many each takes; on a task rounded up to whole epochs.
        batch_size: on a task.
        noise: on a surface: the standard deviation of the gradients' noise; see `descend`.
        start: on a surface: (x, y), default its own.
        seed: of the noise, or of the task's first weights and shuffling.

    Returns:
        A table; with the trajectories, or the histories.

    Raises:
        ValueError: an argument does not fit.

    Source: decks 000, 003 and 004 ("Comparison of Optimization Methods").

    >>> import fastdnn as fd
    >>> chosen = {"SGD": fd.optimizers.SGD(0.5), "momentum": fd.optimizers.SGD(0.5, momentum=0.9)}
    >>> found = fd.compare.optimizers("valley", chosen, steps=100)
    >>> found.best.name, found.trajectories["SGD"].points.shape
    ('momentum', (101, 2))
    """
    where = "compare.optimizers"
    chosen = {name: _optimizers.get(setting, where) for name, setting in _settings(where, optimizers).items()}
    return _compared(where, "optimizers", _place(where, on), chosen, steps, batch_size, noise, start, seed)


def schedules(
    on: "Surface | Task | str",
    schedules: Mapping[str, Any],
    steps: int = 200,
    *,
    optimizer: "Callable[[Any], _optimizers.Optimizer]" = _optimizers.SGD,
    batch_size: int = 32,
    noise: float = 0.0,
    start: Any = None,
    seed: int = 0,
) -> Comparison:
    """Learning rates side by side: constant ones, and those that change.

    Args:
        on: as in `compare.optimizers`; so are steps and the rest.
        schedules: {name: a number, or a schedule of `fastdnn.schedules`}.
        steps: as in `compare.optimizers`.
        optimizer: makes the optimiser of a rate, default `fastdnn.optimizers.SGD`.
        batch_size: as in `compare.optimizers`.
        noise: as in `compare.optimizers`.
        start: as in `compare.optimizers`.
        seed: as in `compare.optimizers`.

    Returns:
        As `compare.optimizers`.

    Raises:
        ValueError: an argument does not fit.

    Source: deck 003, "Comparing Performances of Different Learning Rate Schedules and Adaptive Learning
    Algorithms".

    >>> import fastdnn as fd
    >>> found = fd.compare.schedules("valley", {"low": 0.1, "high": 1.0, "too high": 2.1}, steps=50)
    >>> found.best.name
    'high'
    """
    where = "compare.schedules"
    chosen = {name: optimizer(rate) for name, rate in _settings(where, schedules).items()}
    return _compared(where, "schedules", _place(where, on), chosen, steps, batch_size, noise, start, seed)


def batch_sizes(
    on: "Task | str" = "digits",
    sizes: Mapping[str, int | None] | Sequence[int] | None = None,
    epochs: int = 10,
    *,
    optimizer: "_optimizers.Optimizer | str" = "sgd",
    seed: int = 0,
) -> Comparison:
    """Batch, mini-batch and stochastic gradient descent side by side, over the same number of epochs.

    The smaller the batches, the more steps an epoch has, and the more noise each of them.

    Args:
        on: a task, or "digits".
        sizes: {name: examples of a step}, None for all of them; or a list of numbers. Default batch (all),
            mini-batch (32), stochastic (1).
        epochs: how many times each sees all examples.
        optimizer: of `fastdnn.optimizers`, or its name.
        seed: of the first weights and the shuffling.

    Returns:
        A table with the histories.

    Raises:
        ValueError: an argument does not fit.

    Source: decks 000, 002 and 003.

    >>> import fastdnn as fd
    >>> found = fd.compare.batch_sizes(epochs=1)
    >>> [(row.name, row.batch_size, row.steps) for row in found.rows]
    [('batch', 1438, 1), ('mini-batch', 32, 45), ('stochastic', 1, 1438)]
    """
    where = "compare.batch_sizes"
    task = checked_task(where, _place(where, on))
    examples = len(task.train[0])
    count = whole(where, "epochs", epochs, 1)
    chosen = {
        name: examples if size is None else min(examples, whole(where, "sizes", size, 1))
        for name, size in _settings(where, SIZES if sizes is None else sizes).items()
    }
    made = _optimizers.get(optimizer, where)
    trainings = {
        name: train(task, made, epochs=count, batch_size=size, seed=seed) for name, size in chosen.items()
    }
    return _on_task("batch sizes", task, trainings, chosen)


def _compared(
    where: str,
    what: str,
    place: Any,
    chosen: Mapping[str, Any],
    steps: int,
    batch_size: int,
    noise: float,
    start: Any,
    seed: int,
) -> Comparison:
    """Optimisers by name, on a surface or a task."""
    count = whole(where, "steps", steps, 1)
    if isinstance(place, Surface):
        ways = {
            name: descend(place, optimizer, count, start=start, noise=noise, seed=seed)
            for name, optimizer in chosen.items()
        }
        return _on_surface(what, place, ways)
    if start is not None or number(where, "noise", noise, 0) > 0:
        raise ValueError(expected(where, "no start and no noise on a task", "one of them"))
    size = whole(where, "batch_size", batch_size, 1)
    epochs = epochs_for(place, count, size)
    trainings = {
        name: train(place, optimizer, epochs=epochs, batch_size=size, seed=seed)
        for name, optimizer in chosen.items()
    }
    return _on_task(what, place, trainings, dict.fromkeys(chosen))


def _on_surface(what: str, surface: Surface, ways: dict[str, Trajectory]) -> Comparison:
    rows = [
        Row(
            name,
            loss=float(way.losses[-1]),
            steps=way.steps,
            seconds=way.seconds,
            distance=float(surface.distance(way.points[-1])),
            diverged=way.diverged,
        )
        for name, way in ways.items()
    ]
    return Comparison(what, surface.name, rows, trajectories=ways, surface=surface)


def _on_task(
    what: str, task: Task, trainings: dict[str, Training], sizes: Mapping[str, int | None]
) -> Comparison:
    rows = [
        Row(
            name,
            loss=made.loss,
            steps=made.steps,
            seconds=made.seconds,
            dev_error=made.dev_error,
            batch_size=sizes[name],
            diverged=made.diverged,
            steps_per_epoch=made.steps_per_epoch,
        )
        for name, made in trainings.items()
    ]
    histories = {name: made.history for name, made in trainings.items()}
    return Comparison(what, task.name, rows, histories=histories)
