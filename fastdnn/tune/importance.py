"""Which parameters matter, of the trials of a study, and whether that is more than chance."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fastdnn.diagnose.advice import Advice
from fastdnn.errors import expected
from fastdnn.report import table
from fastdnn.tune.compared import compared_of
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

    trials: of which they tell: complete ones; where a pruner stopped some, all that came to the first rung.
    best: how many of these are the best ones, which are compared with the others.
    beyond_chance: the parameters whose importance is greater than it would be, but in one study of twenty,
        for any of them if none mattered: their values were shuffled among the trials.
    by_chance: for each parameter the importance that it would have to exceed for that. One with many options
        tells more of shuffled values than one with few, so it differs. Of few trials it may be more than 1:
        there is no share then that would show anything.
    advice: what the trials cannot tell: there are few of them, or a parameter hardly varied.
    among: which trials of "coarse_to_fine" are compared: those "of the first stage", or, where few of them
        are complete, all, "each in its stage".
    by: which of their values are, in words, where it is not the one that they ended with.

    >>> from fastdnn.tune.importance import Importances
    >>> print(Importances({"lr": 0.75, "units": 0.25}, 40, 10, {"lr": 0.6, "units": 0.3}))
    parameter  importance  by chance up to  beyond chance
    ─────────  ──────────  ───────────────  ─────────────
    lr                75%              60%  yes
    units             25%              30%  no
    what tells the best 10 of 40 trials from the others
    """

    def __init__(
        self,
        shares: Mapping[str, float],
        trials: int,
        best: int,
        by_chance: Mapping[str, float],
        advice: Sequence[Advice] = (),
        among: str = "",
        by: str = "",
    ) -> None:
        super().__init__(shares)
        self.trials = trials
        self.best = best
        self.by_chance = dict(by_chance)
        self.advice = tuple(advice)
        self.among = among
        self.by = by

    @property
    def beyond_chance(self) -> tuple[str, ...]:
        """The parameters that are shown to matter, the most important first."""
        return tuple(name for name, share in self.items() if share > self.by_chance[name])

    def __str__(self) -> str:
        rows = [
            [
                name,
                f"{share:.0%}",
                _level(self.by_chance[name]),
                "yes" if name in self.beyond_chance else "no",
            ]
            for name, share in self.items()
        ]
        header = ["parameter", "importance", "by chance up to", "beyond chance"]
        return "\n".join([table(header, rows, numeric=[1, 2]), self.about, *map(str, self.advice)])

    @property
    def about(self) -> str:
        """What is compared with what, in words."""
        trials = f"{self.trials} trials {self.among}".rstrip()
        by = f", {self.by}" if self.by else ""
        return f"what tells the best {self.best} of {trials} from the others{by}"


def _level(share: float) -> str:
    """What chance gives, as text; nothing where a parameter did not vary."""
    if not math.isfinite(share):
        return ""
    return f"{share:.0%}" if share <= 1 else ">100%"


def importances(study: Study) -> Importances:
    """See `Study.importances`."""
    compared = compared_of(study, _LEAST)
    trials = compared.trials
    space = _checked(study, trials)
    losses = compared.places(1.0 if study.mode == "min" else -1.0)
    best = _best(np.sort(losses))
    weigh = _Weighed(space, trials, best)
    found = weigh(losses)
    whole = sum(found.values())
    if not whole > 0:
        got = f"{len(trials)} trials that all have the same"
        raise ValueError(expected(_WHERE, "parameters of which trials had different values", got))
    names = [*space]
    order = sorted(found, key=lambda name: (-found[name], names.index(name)))
    levels = _by_chance(weigh, losses, compared.stages, found)
    beyond = {name for name in found if found[name] > levels[name]}
    return Importances(
        {name: found[name] / whole for name in order},
        len(trials),
        best,
        {name: levels[name] / whole for name in order},
        advice_of(space, trials, best, beyond),
        compared.among,
        compared.by,
    )


def _checked(study: Study, trials: Sequence[Trial]) -> Space:
    """The space of a study that has trials enough."""
    space = space_of(_WHERE, study)
    if len(trials) < _LEAST:
        hint = "search on: more n_trials, and resume=True where there is a storage"
        raise ValueError(
            expected(_WHERE, f"at least {_LEAST} complete trials of a search", len(trials), hint)
        )
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


def _by_chance(
    weigh: Callable[[np.ndarray], dict[str, float]],
    losses: np.ndarray,
    stages: np.ndarray,
    found: Mapping[str, float],
) -> dict[str, float]:
    """For each parameter what it tells at most in 19 of 20 studies in which none matters. Each is measured by
    what it tells of shuffled values on average: one with few options tells less than one with many.
    """
    draw = np.random.default_rng(0)
    shuffled = [weigh(_shuffled(losses, stages, draw)) for _ in range(_SHUFFLES)]
    usual = {name: float(np.mean([each[name] for each in shuffled])) for name in found}
    varied = [name for name in found if usual[name] > 0]
    level = sorted(max((each[name] / usual[name] for name in varied), default=0.0) for each in shuffled)[-2]
    return {name: level * usual[name] if name in varied else math.inf for name in found}


def _shuffled(losses: np.ndarray, stages: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Each stage's among its trials, as its parameters have a region of their own."""
    mixed = np.empty_like(losses)
    for stage in np.unique(stages):
        mixed[stages == stage] = draw.permutation(losses[stages == stage])
    return mixed
