"""What a search found: its trials, the best of them, and a model trained with its values."""

import csv
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fastdnn.checks import choice, whole
from fastdnn.diagnose.advice import Advice
from fastdnn.errors import expected
from fastdnn.short_repr import ShortRepr
from fastdnn.tune import study_text
from fastdnn.tune.runner import Work
from fastdnn.tune.space import Space
from fastdnn.tune.trial import Trial, copied

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastdnn.model import Model
    from fastdnn.tune.importance import Importances

_PLOTS = ("scores", "importance", "parallel_coordinates", "zoom")


@dataclass(frozen=True)
class Study(ShortRepr):
    """The trials of a search, by number: `len(study)` of them, each by `for trial in study`.

    trials: those that ended, in any state.
    planned: how many the search is to have.
    monitor, mode: the figure that is their value, and whether "min" or "max" of it is best.
    method: by which they were proposed.
    space: that was searched, epochs and batch size included where they were; None of `load`.
    regions: the parts of it that the stages of "coarse_to_fine" searched, one for each; else the space alone.
    work: what trains a trial's model; None of `load`.
    unread: parameters that `build` never read, as far as this process has seen; empty of `load`.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> x = np.linspace(-1, 1, 64)[:, None]
    >>> def build(p):
    ...     model = fd.Sequential([fd.Input((1,)), fd.layers.Dense(8, "tanh"), fd.layers.Dense(1)])
    ...     model.compile(fd.optimizers.Adam(p["lr"]), "mse")
    ...     return model
    >>> space = {"lr": fd.tune.log_uniform(1e-4, 1e-1)}
    >>> study = fd.tune.search(build, space, x, x**2, n_trials=4, epochs=2, validation_data=(x, x**2), seed=0)
    >>> study.best_trial.value == min(trial.value for trial in study.trials)
    True
    >>> study.best_model.evaluate(x, x**2) == study.best_value
    True
    """

    trials: tuple[Trial, ...]
    planned: int
    monitor: str
    mode: Literal["min", "max"]
    method: str
    space: Space | None = None
    regions: tuple[Space, ...] = ()
    work: Work | None = field(default=None, repr=False)
    unread: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __bool__(self) -> bool:
        """True, also without trials: `if study` asks whether there is one."""
        return True

    @cached_property
    def comparable(self) -> tuple[Trial, ...]:
        """The complete trials with a finite value, one of which is the best."""
        return tuple(trial for trial in self.trials if trial.state == "complete" and trial.is_comparable)

    # ---- The best

    @property
    def best_trial(self) -> Trial:
        """The complete trial with the best value; of equal ones the lower number.

        Raises:
            ValueError: none is complete and has a finite value; why most failed is said.
        """
        if not self.comparable:
            raise ValueError(
                expected("Study", "a complete trial of a finite value", study_text.counted(self.trials))
            )
        return min(self.comparable, key=self._rank)

    @property
    def best_params(self) -> dict[str, Any]:
        """Its values by name."""
        return copied(self.best_trial.params)

    @property
    def best_value(self) -> float:
        """Its value."""
        value = self.best_trial.value
        assert value is not None
        return value

    @cached_property
    def best_model(self) -> "Model":
        """The best trial's model, trained when it is first asked for; see `train`."""
        return self.train()

    def train(self, trial: int | None = None) -> "Model":
        """Train a trial's model again, by its values and seed: the same bits as in the trial where it had
        validation data.

        After a cross-validation it is trained on all of x and y. There are no held-out figures then:
        callbacks whose `monitor` begins with "val_" are left out, all others are there as in the trials. It
        is trained for as many epochs as are in the weights that the folds ended with, their mean: with
        `EarlyStopping` up to the best.

        Args:
            trial: its number, default the best.

        Raises:
            ValueError: there is no such trial, or the study was loaded without data.
        """
        if isinstance(trial, Trial):
            wanted = "trial as the number of one"
            raise ValueError(expected("Study.train", wanted, "a Trial", f"that is {trial.number}"))
        found = self.best_trial if trial is None else self._numbered(whole("Study.train", "trial", trial))
        if self.work is None:
            hint = "call search(..., resume=True) with the same arguments"
            raise ValueError(
                expected("Study.train", "the data of the search", "a study that was loaded", hint)
            )
        return self.work.final(found)

    def _numbered(self, number: int) -> Trial:
        for trial in self.trials:
            if trial.number == number and trial.state != "failed":
                return trial
        raise ValueError(expected("Study.train", "the number of a trial that did not fail", number))

    # ---- All of them

    def ranked(self) -> list[Trial]:
        """Complete trials from the best to the worst, then pruned ones, then those that failed."""
        return sorted(self.trials, key=self._rank)

    def _rank(self, trial: Trial) -> tuple[int, float, int]:
        order = ("complete", "pruned", "failed").index(trial.state)
        if trial.value is None or not trial.is_comparable:
            return order, math.inf, trial.number
        return order, trial.value * (1 if self.mode == "min" else -1), trial.number

    def table(self, most: int | None = None) -> str:
        """The trials as text, the best first: number, value, state, epochs, values of the parameters; below
        it why trials failed, equal reasons once, the commonest first.

        Args:
            most: so many rows, default all.
        """
        most = None if most is None else whole("Study.table", "most", most, 1)
        return study_text.table_of(self, self.ranked()[:most])

    def to_csv(self, path: "str | os.PathLike[str]") -> None:
        """Write all trials, by number, to a CSV file: number, generation, state, value, metrics, epochs,
        seconds, seed, the parameters' values, reason.

        Raises:
            OSError: it cannot be written.
        """
        metrics = list(dict.fromkeys(name for trial in self.trials for name in trial.metrics))
        names = study_text.names_of(self)
        with Path(path).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            header = ["number", "generation", "state", "value", *metrics, "epochs", "seconds", "seed"]
            writer.writerow([*header, *(f"param {name}" for name in names), "reason"])
            for trial in self.trials:
                figures = [trial.metrics.get(name, "") for name in metrics]
                values = [trial.params.get(name, "") for name in names]
                about = [trial.number, trial.generation, trial.state, trial.value, *figures, trial.epochs]
                writer.writerow([*about, round(trial.seconds, 3), trial.seed, *values, trial.reason])

    def importances(self) -> "Importances":
        """How much each parameter tells the best quarter of the complete trials (ten at least, but no more
        than half of them) from the others, the most important first; they sum to 1. Optuna's PED-ANOVA.

        Where a pruner stopped trials, all that came to the first rung are compared, by their values there:
        those that are complete are the good ones alone, and few. It is told in the text, and what matters in
        a training's first epochs need not matter at its end.

        It is a dict that prints as a table, and says in words how far it can be trusted: `.beyond_chance` are
        the parameters that tell more than one would in 19 of 20 studies if none mattered, `.by_chance` what
        each of them would tell then at most, `.advice` names parameters that hardly varied, and says where
        there are few trials.

        It is no share of the variance: of a parameter that all good trials agree in, what tells the best
        from the good is another one. A conditional parameter that few trials have is told with little trust.
        Of "coarse_to_fine" the trials of the first stage are compared, since later ones are trained longer
        with other values of all parameters; where fewer than four of them can be, all are, each with those of
        its stage.

        Raises:
            ValueError: fewer than four trials can be compared, nothing tells the best from the others, as
                where their values are equal, or the study was loaded without its space.

        Source: Watanabe, Bansal & Hutter, "PED-ANOVA", IJCAI 2023.
        """
        from fastdnn.tune.importance import importances

        return importances(self)

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What to do next: a range whose end the best trials crowd at, or trials that failed."""
        from fastdnn.tune.study_advice import advice_of

        return advice_of(self)

    def plot(
        self,
        kind: Literal["scores", "importance", "parallel_coordinates", "zoom"] = "scores",
        ax: "Axes | None" = None,
    ) -> "Axes":
        """Draw it: the values of the trials in their order and the best so far ("scores"), the importance of
        the parameters, each trial as a line through its values ("parallel_coordinates"), or the regions of
        the stages ("zoom").

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: another kind.
        """
        from fastdnn import plots

        draw = getattr(plots, f"study_{choice('Study.plot', 'a kind', kind, _PLOTS)}")
        axes: Axes = draw(self, ax)
        return axes

    # ---- As text

    def __str__(self) -> str:
        return self.told()

    def told(self, rest: str = "print(study.table())") -> str:
        """The best trials, how many there are, and advice; `rest` says where the others are to be had."""
        return study_text.told(self, rest)


def space_of(where: str, study: Study) -> Space:
    """What was searched.

    Raises:
        ValueError: a study that was loaded does not know it.
    """
    if study.space is None:
        hint = "fd.tune.load(storage, space=space) knows it"
        raise ValueError(expected(where, "a study with its space", "one that was loaded without it", hint))
    return study.space
