"""Which trials of a study tell what matters, and by which of their values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastdnn.tune.study import Study
from fastdnn.tune.trial import Trial


@dataclass(frozen=True, eq=False)
class Compared:
    """Trials that are compared with each other.

    values: of each the one that counts.
    stages: of each; of different ones only where there is no other way.
    among: which trials these are, in words, where they are not all that are complete.
    by: which of their values, in words, where it is not the one that they ended with.
    """

    trials: Sequence[Trial]
    values: Sequence[float]
    stages: np.ndarray
    among: str = ""
    by: str = ""

    def places(self, sign: float) -> np.ndarray:
        """Where each trial stands among those of its stage: the share of better ones, equal ones at their
        middle; the best have the lowest sign · value.

        Only trials of the same stage were trained alike, and in the same region.
        """
        losses = sign * np.array(self.values)
        places = np.empty(len(losses))
        for stage in np.unique(self.stages):
            of_stage = losses[self.stages == stage]
            better = np.searchsorted(np.sort(of_stage), of_stage, "left")
            not_worse = np.searchsorted(np.sort(of_stage), of_stage, "right")
            places[self.stages == stage] = (better + not_worse - 1) / (2 * len(of_stage))
        return places


def compared_of(study: Study, least: int) -> Compared:
    """Those of a study.

    In "coarse_to_fine" a later stage is trained longer, in a smaller region of all parameters: whatever they
    are, its values are those of the best trials. The first stage alone is drawn from the whole space, and is
    taken where it has at least so many.
    """
    if study.method != "coarse_to_fine":
        trials, values, by = _at_one_time(study.trials)
        return Compared(trials, values, np.zeros(len(trials), int), by=by)
    trials, values, by = _at_one_time([trial for trial in study.trials if trial.generation == 0])
    among = "of the first stage"
    if len(trials) < least:
        trials, values, by = _at_one_time(study.trials)
        among = "each in its stage"
    return Compared(trials, values, np.array([trial.generation for trial in trials], int), among, by)


def _at_one_time(trials: Sequence[Trial]) -> tuple[list[Trial], list[float], str]:
    """Trials, the value of each, and which one this is, in words, if it is not the last.

    Where a pruner stopped some, those that are complete were chosen for being good: what made others bad is
    the same in all of them. All came to the first rung, though, after as many epochs, and are compared there.
    """
    came = [each for each in trials if each.state != "failed" and each.is_comparable and each.rungs]
    came = [each for each in came if math.isfinite(each.rungs[0][1])]
    if not any(trial.state == "pruned" for trial in came):
        complete = [each for each in trials if each.state == "complete" and each.is_comparable]
        return complete, [each.value or 0.0 for each in complete], ""
    epochs = sorted({each.rungs[0][0] for each in came})
    after = f"{epochs[0]} to {epochs[-1]}" if len(epochs) > 1 else str(epochs[0])
    ending = "" if epochs == [1] else "s"
    by = f"by their values at the first rung, after {after} epoch{ending}, which pruned ones have, too"
    return came, [each.rungs[0][1] for each in came], by
