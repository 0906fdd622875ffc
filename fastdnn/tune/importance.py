"""Which parameters matter, of the trials of a study, and whether that is more than chance."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fastdnn.diagnose.advice import Advice
from fastdnn.errors import expected
from fastdnn.report import table
from fastdnn.tune.importance_advice import advice_of
from fastdnn.tune.methods.asked import encoded
from fastdnn.tune.optuna_parts import optuna, quiet
from fastdnn.tune.space import Space
from fastdnn.tune.study import Study, space_of
from fastdnn.tune.trial import Trial

_WHERE = "Study.importances"
_LEAST = 4  # complete trials, two of which are compared with the others
_GOOD = 0.25  # of the trials
# The best are so many at least, but no more than half. On functions of five parameters one of which decides,
# that one came first in 5 of 10 studies of 20 trials where the best two were compared with the others, and in
# more than 9 of 10 where the best ten were.
_BEST = 10
_SHUFFLES = 39  # the second largest of them is what one in twenty exceeds by chance


class Importances(dict[str, float]):
    """The importance of each parameter by its name, the greatest first; they sum to 1.

    trials: complete ones, of which they tell.
    best: how many of these are the best ones, which are compared with the others.
    beyond_chance: the parameters whose importance is greater than it would be, but in one study of twenty,
        for any of them if none mattered: their values were shuffled among the trials.
    advice: what the trials cannot tell: there are few of them, or a parameter hardly varied.
    among: which trials of "coarse_to_fine" are compared: those "of the first stage", or, where few of them
        are complete, all, "each in its stage".

    >>> from fastdnn.tune.importance import Importances
    >>> print(Importances({"lr": 0.75, "units": 0.25}, 40, 10, ["lr"]))
    parameter  importance  beyond chance
    ─────────  ──────────  ─────────────
    lr                75%  yes
    units             25%  no
    what tells the best 10 of 40 trials from the others
    """

    def __init__(
        self,
        shares: Mapping[str, float],
        trials: int,
        best: int,
        beyond_chance: Sequence[str],
        advice: Sequence[Advice] = (),
        among: str = "",
    ) -> None:
        super().__init__(shares)
        self.trials = trials
        self.best = best
        self.beyond_chance = tuple(beyond_chance)
        self.advice = tuple(advice)
        self.among = among

    def __str__(self) -> str:
        rows = [
            [name, f"{share:.0%}", "yes" if name in self.beyond_chance else "no"]
            for name, share in self.items()
        ]
        text = table(["parameter", "importance", "beyond chance"], rows, numeric=[1])
        return "\n".join([text, self.about, *map(str, self.advice)])

    @property
    def about(self) -> str:
        """What is compared with what, in words."""
        trials = f"{self.trials} trials {self.among}".rstrip()
        return f"what tells the best {self.best} of {trials} from the others"


def importances(study: Study) -> Importances:
    """See `Study.importances`."""
    space = _checked(study, study.comparable)
    complete, stages = _compared(study)
    losses = _places(study, complete, stages)
    best = _best(np.sort(losses))
    weigh = _Weighed(space, complete, best)
    found = weigh(losses)
    whole = sum(found.values())
    if not whole > 0:
        got = f"{len(complete)} trials that all have the same"
        raise ValueError(expected(_WHERE, "parameters of which trials had different values", got))
    names = [*space]
    order = sorted(found, key=lambda name: (-found[name], names.index(name)))
    beyond = _beyond_chance(weigh, losses, stages, found)
    return Importances(
        {name: found[name] / whole for name in order},
        len(complete),
        best,
        [name for name in order if name in beyond],
        advice_of(space, complete, best, beyond),
        _among(study, stages),
    )


def _compared(study: Study) -> tuple[tuple[Trial, ...], np.ndarray]:
    """Trials, and the stage of each, which are of different ones only where there is no other way.

    In "coarse_to_fine" a later stage is trained longer, in a smaller region of all parameters: whatever they
    are, its values are those of the best trials. The first stage alone is drawn from the whole space.
    """
    trials = study.comparable
    if study.method != "coarse_to_fine":
        return trials, np.zeros(len(trials), int)
    first = tuple(trial for trial in trials if trial.generation == 0)
    compared = first if len(first) >= _LEAST else trials  # a pruner leaves few
    return compared, np.array([trial.generation for trial in compared])


def _among(study: Study, stages: np.ndarray) -> str:
    if study.method != "coarse_to_fine":
        return ""
    return "of the first stage" if not stages.any() else "each in its stage"


def _places(study: Study, trials: Sequence[Trial], stages: np.ndarray) -> np.ndarray:
    """Where each trial stands among those of its stage: the share of better ones, equal ones at their middle.

    Only trials of the same stage were trained alike, and in the same region.
    """
    sign = 1.0 if study.mode == "min" else -1.0
    losses = np.array([sign * (trial.value or 0.0) for trial in trials])
    places = np.empty(len(losses))
    for stage in np.unique(stages):
        of_stage = losses[stages == stage]
        better = np.searchsorted(np.sort(of_stage), of_stage, "left")
        not_worse = np.searchsorted(np.sort(of_stage), of_stage, "right")
        places[stages == stage] = (better + not_worse - 1) / (2 * len(of_stage))
    return places


def _checked(study: Study, complete: Sequence[Trial]) -> Space:
    """The space of a study that has trials enough."""
    space = space_of(_WHERE, study)
    if len(complete) < _LEAST:
        hint = "search on: more n_trials, and resume=True where there is a storage"
        wanted = f"at least {_LEAST} complete trials of a search"
        pruned = sum(trial.state == "pruned" for trial in study.trials)
        got = f"{len(complete)}" + (f", and {pruned} that were pruned, which do not count" if pruned else "")
        raise ValueError(expected(_WHERE, wanted, got, hint))
    return space


def _best(losses: np.ndarray) -> int:
    """How many of these, sorted, are the best: about a quarter, at least ten, at most half; where equal ones
    lie on both sides of that border, as many as come to the nearest border between different ones.

    >>> import numpy as np
    >>> from fastdnn.tune.importance import _best
    >>> _best(np.arange(100)), _best(np.arange(8)), _best(np.array([1, 2, 2, 3, 3, 3, 3, 3]))
    (25, 4, 3)
    """
    count = len(losses)
    wanted = max(min(_BEST, count // 2), math.ceil(_GOOD * count))
    borders = 1 + np.flatnonzero(losses[1:] > losses[:-1])
    if not len(borders):
        got = f"{count} complete trials of equal value"
        hint = "nothing tells the best from the others; monitor a finer figure, such as the loss"
        raise ValueError(expected(_WHERE, "trials whose values differ", got, hint))
    return int(borders[np.argmin(abs(borders - wanted))])


@dataclass
class _Weighed:
    """Trials in a study of Optuna's, for PED-ANOVA of any losses of theirs."""

    space: Space
    trials: Sequence[Trial]
    best: int

    def __post_init__(self) -> None:
        package = optuna(_WHERE)
        with quiet():
            self._study = package.create_study(storage=package.storages.InMemoryStorage())
            made = []
            for trial in self.trials:
                params, distributions = encoded(self.space, trial.params)
                made.append(
                    package.trial.create_trial(params=params, distributions=distributions, value=trial.value)
                )
            self._study.add_trials(made)
        share = (self.best - 0.5) / len(self.trials)  # rounded up to `best` of them
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._anova = package.importance.PedAnovaImportanceEvaluator(target_quantile=share)
        self._names = {self.space[name].encoded_name(name): name for name in self.space}

    def __call__(self, losses: np.ndarray) -> dict[str, float]:
        """How much each parameter tells the trials with the lowest losses from the others."""
        target: Callable[..., float] = lambda frozen: float(losses[frozen.number])  # noqa: E731
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few trials: told in our words
            found = self._anova.evaluate(self._study, target=target)
        return {self._names[known_as]: float(value) for known_as, value in found.items()}


def _beyond_chance(
    weigh: Callable[[np.ndarray], dict[str, float]],
    losses: np.ndarray,
    stages: np.ndarray,
    found: Mapping[str, float],
) -> set[str]:
    """Parameters that tell more than any would in 19 of 20 studies if none mattered. Each is measured by what
    it tells of shuffled values on average: one with few options tells less than one with many.
    """
    draw = np.random.default_rng(0)
    shuffled = [weigh(_shuffled(losses, stages, draw)) for _ in range(_SHUFFLES)]
    usual = {name: float(np.mean([each[name] for each in shuffled])) for name in found}
    varied = [name for name in found if usual[name] > 0]
    level = sorted(max(each[name] / usual[name] for name in varied) for each in shuffled)[-2]
    return {name for name in varied if found[name] > level * usual[name]}


def _shuffled(losses: np.ndarray, stages: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Each stage's among its trials, as its parameters have a region of their own."""
    mixed = np.empty_like(losses)
    for stage in np.unique(stages):
        mixed[stages == stage] = draw.permutation(losses[stages == stage])
    return mixed
