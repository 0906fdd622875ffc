"""What `fastdnn tune` tells: the command of the best network, pictures, how an interrupted search goes on."""

import argparse
import shlex
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from fastdnn import plots
from fastdnn.cli import output, pictures
from fastdnn.cli.recipe import Recipe
from fastdnn.cli.training_sets import DIGITS
from fastdnn.cli.tune_space import command_of, with_values
from fastdnn.cli.tune_task import Task, monitor_of
from fastdnn.tune import Study

_WHERE = "tune"
_KINDS: dict[str, Any] = {
    "scores": "scores",
    "importance": "importance",
    "parallel-coordinates": "parallel_coordinates",
    "zoom": "zoom",
}


def command(task: Task, recipe: Recipe) -> str:
    """The command line that trains a network with these settings."""
    return command_of(recipe, task.usual)


def compared(task: Task, folds: int | None) -> str:
    """By what trials are compared, in words.

    >>> import types
    >>> from fastdnn.cli.tune_report import compared
    >>> compared(types.SimpleNamespace(kind="regression"), None)
    "trials are compared by val_rmse, the dev rows' RMSE in the target's own units: the lower, the better"
    """
    whose = "the dev rows'" if folds is None else f"the mean over {folds} folds of their"
    what = {
        "classification": (f"{whose} share of right answers", "higher"),
        "regression": (f"{whose} RMSE in the target's own units", "lower"),
    }
    words, better = what[task.kind]
    spread = "" if folds is None else "; ± is the standard deviation over the folds"
    return f"trials are compared by {monitor_of(task)[0]}, {words}: the {better}, the better{spread}"


def others(arguments: argparse.Namespace) -> str:
    """Where those trials are that are not shown."""
    return "--csv FILE" if arguments.csv is None else str(arguments.csv)


def interrupted(study: Study | None, task: Task, arguments: argparse.Namespace) -> None:
    """What is done, and how to go on."""
    output.say()
    if study is not None and study.comparable:
        best = study.best_trial
        recipe = replace(with_values(task.recipe, best.params), epochs=best.epochs)
        told = study.told("--csv FILE, once the search is done")
        output.say(f"{told}\n\nthe best network so far is made by\n  {command(task, recipe)}")
    else:
        output.say("no trial is complete yet")
    if arguments.storage is None:
        output.say("\nnext time, --storage study.journal keeps the trials, and --resume goes on")
        return
    words = [word for word in arguments.words if word != "--resume"]
    output.say(f"\nthe search goes on by\n  {shlex.join(['fastdnn', *words, '--resume'])}")


def draw(study: Study, folder: Path, data: str | None) -> None:
    """A file for each picture; one that these trials do not have is told."""
    for name, picture in _pictures(study, data).items():
        try:
            axes = picture()
        except ValueError as error:
            output.say(f"no {name}.png: {error}")
            continue
        path = folder / f"{name}.png"
        pictures.save(_WHERE, axes, path)
        output.say(f"picture         {path}")


def _pictures(study: Study, data: str | None) -> dict[str, Callable[[], Any]]:
    """The search; with the digits, which are there to learn by, also why values are drawn as they are: two
    pictures of made-up figures, which have no place among those of somebody's table.
    """
    kinds = [kind for kind in _KINDS if kind != "zoom" or study.method == "coarse_to_fine"]
    found: dict[str, Callable[[], Any]] = {kind: partial(study.plot, _KINDS[kind]) for kind in kinds}
    if data != DIGITS:
        return found
    return found | {"grid-against-random": plots.grid_against_random, "linear-against-log": plots.sampling}
