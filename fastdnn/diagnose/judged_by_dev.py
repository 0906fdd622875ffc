"""Whether a change betters the network: fewer errors on rows that it was not trained on.

A loss that falls faster for some steps is no merit in itself. What counts is where a training ends: a change
is a cause only if the network with it makes fewer errors on the dev rows than the network as it is, trained
as long, and fewer than the model at hand has reached. (Deck 002, "Bias and Variance": choices are made by
the dev set.)
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.intervention_trials import Plan, Runner, Trial
from fastdnn.diagnose.set_of_rows import Rows

if TYPE_CHECKING:
    from fastdnn.diagnose.interventions import Interventions

LONGER = 5  # times the steps of a trial, after each of which it is looked at: the best moment counts
LONGEST = 10  # where the model at hand was trained for as long
SURE = 2.0  # standard errors of the difference, row by row, from each of two starts
MOST_ERROR = 10.0  # of a number's row, times the targets' variance: few rows that are far off decide nothing
LEAST_ROWS = 30  # of dev; with fewer nothing is sure, and the training rows must do


class Judge:
    """Trains the network as it is, and with changes, and compares their errors row by row."""

    def __init__(
        self,
        run: Runner,
        train: Rows,
        dev: Rows,
        as_it_is: Plan,
        steps_done: int | None = None,
        sure: float = SURE,
    ) -> None:
        self._run = run
        self._spread = train.spread()
        self._rows = dev if len(dev) >= LEAST_ROWS else run.rows
        self.now = _bounded(self._rows.errors(run.model, self._spread))
        self._plan = as_it_is
        self._sure = sure
        self._times = min(max(LONGER, -(-(steps_done or 0) // run.steps)), LONGEST)
        self._unchanged: dict[int, np.ndarray] = {}  # by the seed

    def asked(self, found: "Interventions", plans: Sequence[Plan]) -> list[Trial]:
        """The trials, those that may be causes with an answer."""
        answers: dict[int, bool] = {}
        for group in found.worth_asking():
            for number in group:
                answers[number] = self.is_better(plans[number])
                if answers[number]:
                    break
        return [replace(trial, confirmed=answers.get(number)) for number, trial in enumerate(found.trials)]

    def is_better(self, plan: Plan) -> bool:
        """Than the model at hand, and than the network as it is, trained as long; once more from other
        weights.
        """
        return all(self._is_better(plan, seed) for seed in (0, 1))

    def _is_better(self, plan: Plan, seed: int) -> bool:
        errors = self._errors(plan, seed)
        if not self.fewer(errors, self.now):
            return False
        return plan is self._plan or self.fewer(errors, self._errors(self._plan, seed))

    def any_better(self, plans: Iterable[Plan]) -> bool:
        """Whether one of them is better than the model at hand."""
        return any(all(self.fewer(self._errors(plan, seed), self.now) for seed in (0, 1)) for plan in plans)

    def longer_is_better(self) -> bool:
        """Whether the network as it is, trained as long, is better than the model at hand."""
        return self.is_better(self._plan)

    def fewer(self, errors: np.ndarray, before: np.ndarray) -> bool:
        """Whether errors are lower, by more than chance makes of so many rows."""
        if not np.isfinite(before).all():
            return bool(np.isfinite(errors).all())
        if not np.isfinite(errors).all():
            return False
        gain = before - errors
        mean = self._rows.mean(gain)
        return mean > self._sure * self._rows.standard_error(gain) and mean > 0

    def _errors(self, plan: Plan, seed: int) -> np.ndarray:
        """Those of a training; of the network as it is, once for all that is compared with it."""
        known = self._unchanged.get(seed) if plan is self._plan else None
        if known is None:
            run = replace(self._run, seed=self._run.seed + seed)
            known = _bounded(run.least_errors(self._rows, self._spread, plan, self._times))
            if plan is self._plan:
                self._unchanged[seed] = known
        return known


def _bounded(errors: np.ndarray) -> np.ndarray:
    """At most so large; infinite where outputs are not finite."""
    if not np.isfinite(errors).all():
        return np.full(len(errors), math.inf)
    bounded: np.ndarray = np.minimum(errors, MOST_ERROR)
    return bounded
