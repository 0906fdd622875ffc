"""Short trainings on the same few rows, from the same weights, at one learning rate after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.callbacks import Callback
from fastdnn.diagnose.fresh_copy import highest_rate, optimizer_like
from fastdnn.diagnose.loss_range import LossRange
from fastdnn.diagnose.told import Told
from fastdnn.diagnose.trials import begin_again
from fastdnn.errors import NonFiniteLossError, expected

if TYPE_CHECKING:
    from fastdnn.model import Model
    from fastdnn.sources import Feed

WHERE = "overfit_subset"
_RIGHT = 5  # times the tolerance: where all rows are right and the loss falls still
_RATES = tuple(10.0**power for power in range(-6, 2))


@dataclass(frozen=True)
class Tried:
    """One training on the rows."""

    reached: bool
    loss: float
    accuracy: float | None
    epochs: int
    history: dict[str, list[float]]
    diverged: bool


def _loss_of(tried: Tried) -> float:
    return np.inf if tried.diverged or np.isnan(tried.loss) else tried.loss


class SubsetTrials:
    """Trainings on the same rows from the same weights."""

    def __init__(
        self,
        trial: "Model",
        data: tuple[Any, Any],
        feed: "Feed",
        possible: LossRange,
        tolerance: float,
        epochs: int,
        keep: bool,
        told: Told,
        threads: int | None,
    ) -> None:
        self.trial = trial
        self._data = data
        self.feed = feed
        self.epochs = epochs
        self._keep = keep
        self._told = told
        self._threads = threads
        self._weights = trial.weights.snapshot()
        self.optimizer = trial.optimizer
        first = trial.evaluate(*data, return_dict=True)["loss"]
        baseline = possible.baseline if np.isfinite(possible.baseline) else abs(float(first))
        if baseline - possible.floor <= 1e-9 * max(1.0, abs(baseline)):
            what = "features" if possible.conflicts else "targets"
            hint = "take more rows" if possible.conflicts else "take more rows; there is nothing to learn"
            raise ValueError(expected(WHERE, f"rows of unlike {what}", f"the same {what} in all rows", hint))
        self.range = LossRange(possible.floor, baseline, possible.accuracy, possible.conflicts)
        self._limits = tuple(
            possible.floor + share * (baseline - possible.floor)
            for share in (tolerance, min(1.0, _RIGHT * tolerance))
        )

    def no_gradient(self) -> bool:
        """Whether no weight gets any at the start."""
        _, gradients = self.trial.loss_and_gradients(*self._data)
        return not any(np.any(gradient) for gradient in gradients.values())

    def own_rate(self) -> float:
        """The optimiser's; of a schedule, which may begin or end at 0, the largest, an epoch being a step."""
        return highest_rate(self.optimizer, self.epochs, self.epochs)

    def best_rate(self) -> float:
        """After a tenth of the epochs: the lowest one that reached, else that of the lowest loss."""
        tries = {rate: self.at(rate=rate, epochs=max(1, self.epochs // 10)) for rate in _RATES}
        reached = [rate for rate in _RATES if tries[rate].reached]
        return reached[0] if reached else min(_RATES, key=lambda rate: _loss_of(tries[rate]))

    def at(self, *, rate: float, epochs: int, own: bool = False) -> Tried:
        """From the first weights, at the optimiser's own rate, or its schedule, or another rate."""
        trial = self.trial
        trial.weights.write(self._weights)
        begin_again(trial, optimizer_like(self.optimizer, None if own else rate))
        prefix = "val_" if self._keep else ""
        name = f"{WHERE}: {self.feed.rows} rows, learning rate {rate:.3g}"
        watch = Watch(
            self._limits, self.range.accuracy, prefix, lambda text: self._told.line(f"{name}, {text}")
        )
        held_out = self._data if self._keep else None
        diverged = False
        try:
            trial.fit(
                *self._data,
                batch_size=self.feed.rows,
                epochs=epochs,
                shuffle=False,
                callbacks=[watch],
                validation_data=held_out,
                verbose=0,
                threads=self._threads,
            )
        except NonFiniteLossError:
            diverged = True
        history = {} if trial.history is None else trial.history.history
        done = len(history.get("loss", []))
        return Tried(watch.reached and not diverged, watch.loss, watch.accuracy, done, history, diverged)


class Watch(Callback):
    """Ends the training when the rows are learnt."""

    def __init__(
        self,
        limits: tuple[float, ...],
        accuracy: float | None,
        prefix: str,
        told: Callable[[str], object],
    ) -> None:
        self._limit, self._right_limit = limits
        self._best = accuracy
        self._prefix = prefix
        self._tell = told
        self.reached = False
        self.loss = float("nan")
        self.accuracy: float | None = None
        self._losses: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judge the epoch."""
        logs = logs or {}
        self.loss = logs[f"{self._prefix}loss"]
        rights = [
            value
            for name, value in logs.items()
            if name.endswith("accuracy") and name.startswith("val_") == bool(self._prefix)
        ]
        self.accuracy = float(np.mean(rights)) if rights else None
        self._losses.append(self.loss)
        lacks = None if self.accuracy is None or self._best is None else self._best - self.accuracy
        right = lacks is not None and lacks <= 1e-6
        self.reached = self.loss <= self._limit and (right or lacks is None)
        self._tell(f"epoch {epoch + 1}/{self.params['epochs']}, loss {self.loss:.4g}")
        self.model.stop_training = self.model.stop_training or self.reached
        if right and epoch + 1 == self.params["epochs"]:
            self.reached = self.reached or self._is_on_the_way()

    def _is_on_the_way(self) -> bool:
        """Whether the loss, of rows that are all right, is low and falls."""
        tenth = max(1, len(self._losses) // 10)
        return len(self._losses) > tenth and self.loss <= min(self._right_limit, self._losses[-tenth - 1])
