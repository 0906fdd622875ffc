"""What a search says before its first trial of what may not be meant so, but keeps it from nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastdnn.callbacks.monitored_figure import higher_is_better
from fastdnn.errors import expected, nearest
from fastdnn.tune.dry_run import Made
from fastdnn.tune.methods import Method
from fastdnn.tune.methods.distinct import point_count
from fastdnn.tune.pruning import Pruner, shares
from fastdnn.tune.space import Space


def of_figure(where: str, monitor: str, mode: str) -> Iterator[str]:
    """Trials would be ranked by the rows that they were trained on; or the worst would be the best: the
    lowest accuracy, the highest loss.

    mode: as it was given.

    >>> from fastdnn.tune.notices import of_figure
    >>> [*of_figure("search", "val_accuracy", "max"), *of_figure("search", "val_loss", "auto")]
    []
    """
    if not monitor.startswith("val_"):
        hint = "it is of the rows that trials train on, where what overfits is the best"
        wanted = f"monitor as a figure of held-out rows, 'val_{monitor}'"
        yield expected(where, wanted, repr(monitor), hint)
    usual = "max" if higher_is_better(monitor) else "min" if monitor.endswith("loss") else mode
    if mode not in ("auto", usual):
        hint = f"the {'lowest' if mode == 'min' else 'highest'} would be the best trial"
        yield expected(where, f"mode {usual!r} or 'auto' of {monitor!r}", repr(mode), hint)


def of_few_points(where: str, name: str, n_trials: Any, method: Method) -> Iterator[str]:
    """There are fewer different combinations than trials. Stages of "coarse_to_fine" try some again on
    purpose, as each is trained longer.

    name: of the method.
    """
    count = None if name in ("grid", "coarse_to_fine") else point_count(method.space)
    if count is not None and count < n_trials:
        once = name == "random" and method.planned == count
        hint = "each is tried once" if once else 'some are tried again; "random" and "grid" try each once'
        wanted = f"n_trials up to {count}, as many combinations as the space has"
        yield expected(where, wanted, n_trials, hint)


def of_no_rung(where: str, pruner: Pruner | None, epochs: int, space: Space) -> Iterator[str]:
    """No trial is long enough to be stopped early.

    >>> from fastdnn.tune import Median, Space, uniform
    >>> from fastdnn.tune.notices import of_no_rung
    >>> print(*of_no_rung("search", Median(), 1, Space.of("example", {"dropout": uniform(0, 0.5)})))
    [search] expected epochs from 2 on with this pruner, got 1; no trial is stopped early
    """
    if pruner is None or "epochs" in space or len(shares(pruner, epochs)) > 1:
        return
    wanted = f"epochs from {pruner.least_epochs * pruner.factor} on with this pruner"
    yield expected(where, wanted, epochs, "no trial is stopped early")


def of_unread(where: str, unread: Mapping[str, int], asked: Sequence[str]) -> Iterator[str]:
    """Parameters change nothing, as `build` does not look at them.

    unread: their names, each with the number of builds that had it.
    asked: what `build` asked for in vain.
    """
    for name, count in unread.items():
        close = nearest(name, asked)
        hint = _unread_hint(name) if close is None else f"it asks for {close!r}: give both one name"
        wanted = f"a build that reads the parameter {name!r}"
        yield expected(where, wanted, f"one that did not in {count} calls with different values", hint)


def _unread_hint(name: str) -> str:
    return (
        f"read it as p[{name!r}], or leave it out of the space; if it counts for some values of another "
        "parameter only, say so: fd.tune.when"
    )


def of_other_models(where: str, made: Made) -> Iterator[str]:
    """No trial is what it would be again: not in `best_model`, nor where a search goes on.

    >>> from fastdnn.tune.dry_run import Made
    >>> from fastdnn.tune.notices import of_other_models
    >>> [*of_other_models("search", Made("Dense", repeats=True))]
    []
    """
    if not made.repeats:
        wanted = "a build that makes the same model of the same values"
        hint = "draw nothing in it; a model that is given no seed has its trial's"
        yield expected(where, wanted, "another one at its second call", hint)
