"""The step *tune* of a walkthrough: a few random trials around what was designed and found."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastdnn.callbacks import EarlyStopping
from fastdnn.copying import deep_copy
from fastdnn.diagnose.rate_range import RateRange
from fastdnn.diagnose.walkthrough_task import Task, simple_network
from fastdnn.tune.distributions import log_uniform, powers_of_two, uniform
from fastdnn.tune.search import search
from fastdnn.tune.trial import trial_model

if TYPE_CHECKING:
    from fastdnn.model import Model
    from fastdnn.tune.study import Study

_WHERE, _COPIED = "walkthrough", "layers and losses that copy.deepcopy can copy"
_DECADE = 10.0  # to each side of the rate that was found
_HIGHEST_RATE = 1.0
_USUAL_RATES = (1e-4, 1e-1)  # where none was found
_MOST_DROPOUT = 0.5
_BATCHES = (16, 128)
_WIDER = 4  # times as many units, and as few


@dataclass(frozen=True)
class Tuned:
    """What the step found.

    model: to be trained: of the best trial, or as designed where no trial was better.
    batch_size: with which.
    study: of the trials.
    words: of the step.
    """

    model: "Model"
    batch_size: int
    study: "Study"
    words: str


@dataclass(frozen=True)
class Designed:
    """What was designed, and how it is to be trained.

    build: of the caller's, or None for the simple network.
    model: it, with the rate that was found.
    """

    build: Any
    model: "Model"
    train: tuple[Any, ...]
    dev: tuple[Any, ...]
    task: Task
    hidden: int
    seed: int
    epochs: int
    patience: int
    batch_size: int

    def space(self, rates: RateRange) -> dict[str, Any]:
        """Rates around the one that was found, batches; of the simple network units and dropout."""
        found: dict[str, Any] = {}
        if "learning_rate" not in self.model.optimizer.schedules:
            low, high = _USUAL_RATES
            if rates.falls:
                high = min(_HIGHEST_RATE, rates.suggested * _DECADE)
                low = min(rates.suggested, high) / _DECADE
            found["learning_rate"] = log_uniform(low, high)
        if self.build is None:
            nearest = 2 ** round(math.log2(self.hidden))
            found["units"] = powers_of_two(max(1, nearest // _WIDER), nearest * _WIDER)
            found["dropout"] = uniform(0, _MOST_DROPOUT)
        return found | {"batch_size": powers_of_two(*_BATCHES)}

    def trial(self, values: dict[str, Any]) -> "Model":
        """A network with these values."""
        hidden, dropout = values.get("units", self.hidden), values.get("dropout", 0.0)
        model = simple_network(self.build, self.train, self.task, hidden, self.seed, dropout)
        if "learning_rate" in values:
            model.optimizer.learning_rate = values["learning_rate"]
        return model

    def loss(self, threads: int | None) -> float:
        """On the dev set: the lowest of a training of a copy, as the trials are trained."""
        copy, stop = deep_copy(_WHERE, self.model, _COPIED), EarlyStopping(patience=self.patience)
        x, y = self.train
        copy.fit(
            x,
            y,
            batch_size=self.batch_size,
            epochs=self.epochs,
            validation_data=self.dev,
            callbacks=[stop],
            verbose=0,
            threads=threads,
        )
        return stop.best


def tuned(designed: Designed, rates: RateRange, trials: int, verbose: int, threads: int | None) -> Tuned:
    """Search, and take the best trial if it is better than what was designed."""
    study = search(
        designed.trial,
        designed.space(rates),
        *designed.train,
        validation_data=designed.dev,
        n_trials=trials,
        epochs=designed.epochs,
        callbacks=[EarlyStopping(patience=designed.patience)],
        seed=designed.seed,
        jobs="all" if threads is None else threads,
        threads_per_trial=None if threads is None else 1,
        verbose=1 if verbose == 1 else 0,
    )
    before, best = designed.loss(threads), study.best_trial
    after = study.best_value
    if not after < before:
        words = (
            f"none of {trials} trials was better than the design: dev loss {before:.4g}, at best {after:.4g}."
        )
        return Tuned(designed.model, designed.batch_size, study, words)
    values = ", ".join(f"{name} {_told(value)}" for name, value in best.params.items())
    words = f"{trials} trials, the best with {values}: dev loss {after:.4g} instead of {before:.4g}."
    return Tuned(trial_model(designed.trial, best), best.params["batch_size"], study, words)


def _told(value: Any) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)
