"""What a report is about: a model, its sets, and what is known of its training."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fastdnn.data.description import Description
from fastdnn.diagnose.set_of_rows import Rows, is_classification
from fastdnn.model import Model
from fastdnn.short_repr import ShortRepr

DEFAULT_BATCH = 32  # of `fit`
LEARNED = 0.9  # of the error of guessing, below: something was learned


@dataclass(frozen=True)
class Case(ShortRepr):
    """One of them.

    model: built and compiled, with one input and one output.
    train, dev, test: its sets; the test set may be missing.
    human: the error of people, or the least that is possible; None where nobody said it.
    history: the figures of the training by epoch, or None.
    quick: whether what trains is left out.
    gradients: whether they are checked by differences; None: where the model has code of the user's own.
    seed: of rows that are drawn, and of trainings.
    """

    model: Model
    train: Rows
    dev: Rows
    test: Rows | None
    human: float | None
    history: Any
    quick: bool
    gradients: bool | None
    seed: int

    @cached_property
    def classifies(self) -> bool:
        """Whether errors are shares of rows; else of the targets' variance."""
        return is_classification(self.model)

    @cached_property
    def seen(self) -> Description | None:
        """Figures of the features as the first layer that learns gets them; None where x is sparse."""
        return None if self.train.sparse else self.train.seen(self.model)

    @cached_property
    def batch_size(self) -> int:
        """Of the training, where it is known; else that of `fit`."""
        known = (getattr(self.history, "params", None) or {}).get("batch_size")
        return int(known) if known else DEFAULT_BATCH

    @property
    def steps_done(self) -> int | None:
        """Of the training, where they are known."""
        steps = (getattr(self.history, "params", None) or {}).get("steps")
        return None if not steps else int(steps) * len(self.history.epoch)

    @cached_property
    def spread(self) -> float:
        """The variance of the training targets, by which errors of numbers are divided."""
        return self.train.spread()

    @cached_property
    def errors(self) -> dict[str, float]:
        """The error on each set, as a share: of wrong rows, or of the targets' variance."""
        return {name: mean for name, (mean, _) in self._errors.items()}

    @property
    def is_finite(self) -> bool:
        """Whether all outputs are."""
        return all(map(math.isfinite, self.errors.values()))

    @cached_property
    def _errors(self) -> dict[str, tuple[float, float]]:
        """With the standard error, σ / √n of the rows' errors."""
        sets = [rows for rows in (self.train, self.dev, self.test) if rows is not None]
        found = {}
        for rows in sets:
            of_rows = rows.errors(self.model, self.spread)
            mean = float(np.average(of_rows, weights=rows.weights))
            spread = float(of_rows.std(ddof=1)) if len(rows) > 1 else math.inf
            found[rows.name] = mean, spread / math.sqrt(len(rows))
        return found

    def standard_error(self, one: str, other: str) -> float:
        """Of the gap between the errors on two sets, from the number of their rows alone. The training set is
        what the network was made from, and no sample of anything.
        """
        return math.hypot(*(self._errors[name][1] for name in (one, other) if name != "train"))

    @cached_property
    def guessing(self) -> float:
        """The dev error of somebody who says the same for each row."""
        return self.dev.error_of_guessing(self.model, self.train)

    @property
    def dev_is_learned(self) -> bool:
        """Whether the network does clearly better on the dev set than guessing."""
        return self.is_finite and self.errors["dev"] < LEARNED * self.guessing

    @property
    def unit(self) -> str:
        """What an error is a share of."""
        return "of rows" if self.classifies else "of the targets' variance"
