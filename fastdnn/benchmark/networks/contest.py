"""Frameworks at one thing, in turn: first they must agree, then rounds of A B C A B C."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.benchmark.networks.process import Process
from fastdnn.benchmark.networks.row import Result
from fastdnn.benchmark.row import spread
from fastdnn.benchmark.runner import Effort, repeats
from fastdnn.errors import expected

# Absolute, of probabilities from the same weights: each is a few hundred float32 roundings old.
OUTPUT_TOLERANCE = 1e-5

Timed = Callable[[int], float]  # how often to the seconds that it took


@dataclass(frozen=True)
class Side:
    """One framework in a contest.

    Attributes:
        name: of the framework.
        timed: seconds of so many.
        way: how it runs.
        extra: for the row.
    """

    name: str
    timed: Timed
    way: str
    extra: Mapping[str, Any]


def agree(where: str, told: Mapping[str, Any], allowed: Callable[[str, np.ndarray], np.ndarray]) -> None:
    """See that all tell the same as fastdnn.

    Args:
        where: of the error.
        told: numbers, by framework.
        allowed: by how much they may differ, by framework and fastdnn's numbers.

    Raises:
        ValueError: one does not, or tells NaN.

    >>> from fastdnn.benchmark.networks.contest import agree
    >>> agree("tiny", {"fastdnn": [2.0, 1.0], "torch": [2.0, 1.0005]}, lambda name, ours: 1e-3 * ours)
    """
    ours = np.asarray(told["fastdnn"], np.float64)
    for name, values in told.items():
        theirs, limit = np.asarray(values, np.float64), allowed(name, ours)
        if theirs.shape != ours.shape or not np.all(np.abs(theirs - ours) <= limit):
            wanted = f"the same from {name} as fastdnn's {_few(ours)}"
            hint = f"at most {np.max(limit):.1e} apart; nothing was timed"
            raise ValueError(expected(f"bench {where}", wanted, _few(theirs), hint))


def _few(values: np.ndarray) -> str:
    return " ".join(f"{value:.6g}" for value in values.ravel()[:4])


def rounds(sides: Sequence[Side], effort: Effort, unit_count: int) -> dict[str, Result]:
    """Seconds of one: the median of rounds in which each side has its turn.

    Args:
        sides: who takes part.
        effort: how many rounds, how long each is at least, and the pause before it.
        unit_count: of what is told in one turn: steps of an epoch.
    """
    counts = {}
    for side in sides:
        side.timed(1)
        counts[side.name] = repeats(side.timed(1), effort.seconds)
    found: dict[str, list[float]] = {side.name: [] for side in sides}
    for _ in range(effort.rounds):
        for side in sides:
            time.sleep(effort.pause_seconds)
            count = counts[side.name]
            if settling := int(count * effort.settle_seconds / effort.seconds):  # else one is long enough
                side.timed(settling)
            found[side.name].append(side.timed(count) / (count * unit_count))
    return {
        side.name: Result(
            statistics.median(found[side.name]), spread(found[side.name]), side.way, dict(side.extra)
        )
        for side in sides
    }


def asker(process: Process, do: str, argument: str) -> Timed:
    """Asks a worker for seconds.

    >>> from fastdnn.benchmark.networks.contest import asker
    >>> asker(None, "run", "epochs")  # doctest: +ELLIPSIS
    <function asker...>
    """

    def timed(count: int) -> float:
        return float(process.ask(do, **{argument: count}))

    return timed
