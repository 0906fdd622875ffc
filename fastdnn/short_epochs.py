"""Epochs of milliseconds whose ends nobody waits for: several of them in one native call."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastdnn.backend import Run, Trainer
from fastdnn.interrupts import interrupts_held

if TYPE_CHECKING:
    from fastdnn.model import Model

# Of such a call, at most: what another thread sets meanwhile, such as `stop_training`, holds after it.
_SECONDS = 0.05


class Pace:
    """How many epochs make a call of a twentieth of a second, by those that were run.

    >>> from fastdnn.short_epochs import Pace
    >>> pace = Pace()
    >>> pace.epochs_of(100)  # nothing is known yet
    0
    >>> pace.note(1, 0.001)
    >>> pace.epochs_of(100), pace.epochs_of(7)
    (50, 7)
    """

    def __init__(self) -> None:
        self._each = math.inf  # seconds

    def note(self, epochs: int, seconds: float) -> None:
        """So many epochs took so long."""
        if epochs:
            self._each = seconds / epochs

    def epochs_of(self, left: int) -> int:
        """Of those that are left; fewer than two are none."""
        count = min(left, int(_SECONDS / max(self._each, 1e-9)))
        return count if count > 1 else 0


def run_epochs(
    model: "Model", trainer: Trainer, threads: int, count: int, record: Callable[[list[float]], None]
) -> Run | None:
    """Run them, and record the figures of each whole one, however the call ended; None where somebody has
    given the optimiser a schedule in this moment.

    Raises:
        NonFiniteSourceError: a number in the arrays is NaN or infinite.
    """
    weights, compiled = model.weights, model.compiled
    optimizer, state = compiled.optimizer, compiled.state
    assert state is not None  # the trainer was made with it
    with weights.turn():
        pass
    first, epoch = state.iterations, compiled.epochs_done
    scalars = optimizer.table(first, trainer.batches, epoch)
    if len(scalars) != 1 or optimizer.schedules:
        return None
    recorded = 0

    def record_all() -> None:
        nonlocal recorded
        with interrupts_held():
            if state.iterations > first:
                compiled.last_learning_rate = optimizer.rate_in(scalars, 0)
            for figures in trainer.epochs(recorded):
                record(figures)
                recorded += 1
            compiled.epochs_done = epoch + recorded
            trainer.forget_epochs()  # who is interrupted before the next call must not find them again

    with weights.changing():
        try:
            compiled.count_ahead(lambda: trainer.whole_epochs)
            return trainer.run_epochs(scalars, _SECONDS, threads, epoch, count)
        finally:
            try:
                record_all()
            except BaseException:  # what a signal's handler raised: what is recorded is not recorded again
                record_all()
                raise
