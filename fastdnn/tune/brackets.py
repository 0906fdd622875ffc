"""Trials that are compared with each other at rungs, and those that wait there."""

import math
from concurrent.futures import Future
from dataclasses import dataclass, field

from fastdnn.tune.records import Slot
from fastdnn.tune.runner import Outcome


@dataclass
class Held:
    """A trial that this process runs, or keeps until others have come to the same rung."""

    slot: Slot
    rung: int
    outcome: Outcome | None = None  # of the rung, once it is reached
    judged: bool = False  # whether it was said who goes on, where each is judged for itself
    future: "Future[Outcome] | None" = None


@dataclass(eq=False)
class Bracket:
    """Trials of a generation that are compared with each other at rungs: all without a pruner, else few, as
    their models are kept until it is said who goes on.

    alive: for each rung, who is to reach it; what is not there is not decided yet.
    """

    numbers: list[int]
    shares: tuple[float, ...]
    alive: list[set[int]] = field(default_factory=list)


def until_epoch(slot: Slot, share: float) -> int:
    """The epoch up to which a trial is trained at a rung."""
    return max(1, math.ceil(share * slot.epochs - 1e-9))
