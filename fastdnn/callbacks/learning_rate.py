"""Learning rates that go by the epoch, or by what the loss does."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from fastdnn.callbacks.callback import Callback
from fastdnn.callbacks.monitored_figure import Mode, MonitoredFigure
from fastdnn.callbacks.state import count, figure, numbers_of
from fastdnn.checks import number, whole
from fastdnn.errors import expected


class _SetsRate(Callback):
    """Reads and sets the optimiser's learning rate, which must be a number."""

    def _rate(self) -> float:
        return float(self.model.optimizer.learning_rate)

    def _check_rate(self) -> None:
        """An optimiser with a schedule of its own refuses any number: before training, and not in it."""
        self.model.optimizer.learning_rate = self._rate()

    def _set_rate(self, rate: float, epoch: int, verb: str, verbose: int) -> None:
        self.model.optimizer.learning_rate = rate
        if verbose:
            print(f"Epoch {epoch + 1}: {type(self).__name__} {verb} learning rate to {rate:g}")


class LearningRateScheduler(_SetsRate):
    """Before each epoch, α ← schedule(epoch, α).

    A schedule that goes by the number of the step or epoch alone is better given to the optimiser.

    Args:
        schedule: f(epoch, learning_rate) or f(epoch), the epoch from 0; or an object of `fd.schedules`, whose
            epochs these are.
        verbose: 1 prints each rate.

    Raises:
        ValueError: `schedule` cannot be called; in a fit, its rate is negative or no finite number, or the
            optimiser has a schedule of its own.

    Source: Keras 3.

    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)], seed=0)
    >>> model.compile(fd.optimizers.SGD(0.1), "mse")
    >>> halve = fd.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    >>> _ = model.fit([[0.0, 1.0]], [1.0], epochs=3, callbacks=[halve])
    >>> model.optimizer.learning_rate
    0.025
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            wanted = "a schedule(epoch, learning_rate) or schedule(epoch)"
            raise ValueError(expected("LearningRateScheduler", wanted, repr(schedule)))
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)
        self._epochs = 0  # done, over all fits that this training is made of
        self._goes_on = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Count from 0, or on."""
        self._check_rate()
        if not self._goes_on:
            self._epochs = 0
        self._goes_on = False
        self._epoch_of_fit = self._epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The rate of this epoch."""
        current, index = self._rate(), self._epoch_of_fit + epoch
        given = self.schedule(index, current) if self._takes_rate else self.schedule(index)
        rate = number("LearningRateScheduler", "the rate that schedule gives", given, 0)
        self._set_rate(rate, index, "setting", self.verbose)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """One more."""
        self._epochs = self._epoch_of_fit + epoch + 1

    def get_state(self) -> dict[str, Any]:
        """How many epochs are done."""
        return {"epoch": self._epochs}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on, in the next fit, from what `get_state` gave.

        Raises:
            ValueError: something else was given.
        """
        self._epochs = numbers_of("LearningRateScheduler", state, {"epoch": count})["epoch"]
        self._goes_on = True


def _takes_two(schedule: Callable[..., float]) -> bool:
    """Whether it wants the rate, too; of what cannot be known, the epoch alone."""
    try:
        signature = inspect.signature(schedule)
    except (TypeError, ValueError):
        return False
    try:
        signature.bind(0, 0.0)
    except TypeError:
        return False
    return True


class ReduceLROnPlateau(_SetsRate):
    """After `patience` epochs without improvement, α ← max(factor α, min_lr).

    Better is better by more than `min_delta`, strictly; NaN is not. After a reduction `cooldown` epochs are
    let pass before epochs without improvement are counted again.

    Args:
        monitor: a figure of the history, default "val_loss".
        factor: 0 < factor < 1, default 0.1.
        patience: default 10.
        verbose: 1 prints each reduction.
        mode: "min", "max", or "auto": max for accuracies and their like, else min.
        min_delta: >= 0, absolute, default 0.0001.
        cooldown: epochs, default 0.
        min_lr: >= 0, default 0.

    Raises:
        ValueError: a bad argument; when training begins, no such figure, or the optimiser has a schedule of
            its own.

    Source: Keras 3.

    >>> import fastdnn as fd
    >>> fd.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=3).min_delta
    0.0001
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        where = "ReduceLROnPlateau"
        self._monitor = MonitoredFigure(where, monitor, mode, min_delta)
        self.monitor = monitor
        self.mode = self._monitor.mode
        self.min_delta = self._monitor.min_delta
        self.factor = number(where, "factor", factor, 0, 1, ends="()")
        self.patience = whole(where, "patience", patience)
        self.verbose = verbose
        self.cooldown = whole(where, "cooldown", cooldown)
        self.min_lr = number(where, "min_lr", min_lr, 0)
        self._goes_on = False
        self._reset()

    def _reset(self) -> None:
        self.best = self._monitor.worst
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget an earlier fit, unless its state was set, and see that the figure will be there."""
        self._monitor.check(self.params["metrics"])
        self._check_rate()
        if not self._goes_on:
            self._reset()
        self._goes_on = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare, wait, and perhaps reduce."""
        value = (logs or {})[self.monitor]
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._monitor.improves(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        rate = self._rate()
        if rate > self.min_lr:
            self._set_rate(max(self.factor * rate, self.min_lr), epoch, "reducing", self.verbose)
            self.cooldown_counter, self.wait = self.cooldown, 0

    def get_state(self) -> dict[str, Any]:
        """The best value, the epochs waited, what is left of the cooldown. (The rate is the optimiser's.)"""
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on, in the next fit, from what `get_state` gave.

        Raises:
            ValueError: something else was given.
        """
        wanted = {"best": figure, "wait": count, "cooldown_counter": count}
        numbers = numbers_of("ReduceLROnPlateau", state, wanted)
        self.best, self.wait = numbers["best"], numbers["wait"]
        self.cooldown_counter = numbers["cooldown_counter"]
        self._goes_on = True
