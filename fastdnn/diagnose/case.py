"""What a report is about: a model, its sets, and what is known of its training."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastdnn.data.description import Description
from fastdnn.diagnose.error_words import r2_told
from fastdnn.diagnose.set_of_rows import Rows, is_classification
from fastdnn.model import Model
from fastdnn.short_repr import ShortRepr

DEFAULT_BATCH = 32  # of `fit`
LEARNED = 0.9  # of the error of guessing, below: something was learned
SURE = 2.0  # standard errors, within which 95 % of gaps lie that are there by chance alone


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

    def told(self, *names: str) -> str:
        """The errors on these sets, default all, in words: of classes in percent, of numbers by R²."""
        of = {name: error for name, error in self.errors.items() if not names or name in names}
        if self.classifies:
            return ", ".join(f"{name} error {error:.2%}" for name, error in of.items()) + " of rows"
        return ", ".join(f"{name} {r2_told(error)}" for name, error in of.items())

    def said(self, error: float) -> str:
        """One error in words."""
        return f"{error:.2%}" if self.classifies else r2_told(error)

    @cached_property
    def _errors(self) -> dict[str, tuple[float, tuple[float, float]]]:
        """With the ends between which the error on all such rows is, so far as so few of them say."""
        sets = [rows for rows in (self.train, self.dev, self.test) if rows is not None]
        found = {}
        for rows in sets:
            of_rows = rows.errors(self.model, self.spread)
            mean = rows.mean(of_rows)
            if self.classifies and math.isfinite(mean):
                ends = wilson(mean, rows.effective, SURE)
            else:
                noise = SURE * rows.standard_error(of_rows)
                ends = mean - noise, mean + noise
            found[rows.name] = mean, ends
        return found

    def give_or_take(self, lower: str, upper: str) -> float:
        """By how much the gap between the errors on two sets may be smaller, from the number of their rows
        alone (Newcombe, Statistics in Medicine 1998, method 10). The training set is what the network was
        made from, and no sample of anything.
        """
        (least, (_, highest)), (most, (lowest, _)) = self._errors[lower], self._errors[upper]
        ends = {lower: highest - least, upper: most - lowest}
        return math.hypot(*(distance for name, distance in ends.items() if name != "train"))

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


def wilson(share: float, rows: float, sure: float = SURE) -> tuple[float, float]:
    """The ends of Wilson's interval of a share: three wrong rows of three are no certainty.

    ::

        (p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n)

    Args:
        share: p, from 0 to 1.
        rows: n, of which it is one.
        sure: z, standard errors.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927).

    >>> from fastdnn.diagnose.case import wilson
    >>> [round(end, 3) for end in wilson(1.0, 3)], [round(end, 3) for end in wilson(0.1, 1000)]
    ([0.429, 1.0], [0.083, 0.121])
    """
    square = sure * sure / rows
    middle = (share + square / 2) / (1 + square)
    half = sure * math.sqrt(share * (1 - share) / rows + square / (4 * rows)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
