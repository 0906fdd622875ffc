"""Trials that are compared with each other at rungs, and those that wait there."""

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import pairwise

from fastdnn.tune.ledger import Ledger
from fastdnn.tune.pruning import Pruner, shares
from fastdnn.tune.records import Slot
from fastdnn.tune.runner import Outcome

SIZE = 27  # trials of a bracket, at most: their models are kept until all have come to a rung


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

    shares: of its epochs that a trial is trained up to each rung; the last is 1.
    alive: for each rung, who is to reach it; what is not there is not decided yet.
    earlier: trials of the generations before, with as many rungs.
    """

    numbers: list[int]
    shares: tuple[float, ...]
    alive: list[set[int]] = field(default_factory=list)
    earlier: Sequence[int] = ()


class Rungs:
    """How far each trial is trained before it is compared with others, and who goes on then.

    ledger: where trials report their values.
    sign: 1 where less of the value is better, -1 where more is.
    """

    def __init__(self, ledger: Ledger, pruner: Pruner | None, sign: float) -> None:
        self._ledger = ledger
        self._pruner = pruner
        self._sign = sign
        self._brackets: dict[int, Bracket] = {}

    def begin(self, numbers: list[int], longest: int) -> list[Bracket]:
        """The brackets of a generation, the longest trial of which has so many epochs: as few as may be, of
        the same size but for one.
        """
        rungs = shares(self._pruner, longest)
        earlier = [each for each, bracket in self._brackets.items() if len(bracket.shares) == len(rungs)]
        count = 1 if self._pruner is None else max(1, math.ceil(len(numbers) / SIZE))
        bounds = [part * len(numbers) // count for part in range(count + 1)]
        parts = [numbers[first:end] for first, end in pairwise(bounds)]
        return [self.add(Bracket(part, rungs, [set(part)], earlier)) for part in parts]

    def add(self, bracket: Bracket) -> Bracket:
        """The bracket, whose trials are compared from now on."""
        self._brackets.update(dict.fromkeys(bracket.numbers, bracket))
        return bracket

    def bracket_of(self, number: int) -> Bracket:
        """In which a trial is."""
        return self._brackets[number]

    def last(self, number: int) -> int:
        """The rung of a trial's end."""
        return len(self._brackets[number].shares) - 1

    def until(self, slot: Slot, rung: int) -> int:
        """The epoch up to which a trial is trained at a rung."""
        share = self._brackets[slot.number].shares[rung]
        return max(1, math.ceil(share * slot.epochs - 1e-9))

    def passed(self, slot: Slot, rung: int) -> list[tuple[int, float]]:
        """(epochs, value) of a trial at the rungs before this one."""
        found = {}
        for each in range(rung):
            value = self._ledger.rung_values([slot.number], each).get(slot.number)
            if value is not None:
                found[self.until(slot, each)] = value
        return [*found.items()]

    def decide(self, bracket: Bracket) -> None:
        """Who goes on, at each rung that all have reached who were to, and have not ended before: they
        failed, or the time of who ran them was up.
        """
        alive = bracket.alive
        while len(alive) < len(bracket.shares):
            rung = len(alive) - 1
            values = self._ledger.rung_values(alive[rung], rung)
            if any(number not in self._ledger.trials for number in alive[rung] - values.keys()):
                break
            assert self._pruner is not None
            others = self._last_values([*bracket.earlier, *bracket.alive[0] - values.keys()], rung)
            alive.append(self._pruner.survivors(values, others, self._sign))

    def _last_values(self, numbers: list[int], rung: int) -> dict[int, float]:
        """Those at the furthest rung that each trial has come to, up to this one."""
        found: dict[int, float] = {}
        for each in range(rung + 1):
            found |= self._ledger.rung_values(numbers, each)
        return found
