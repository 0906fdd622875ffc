"""Stopping when the figure that counts no longer improves."""

import math
from typing import Any, Literal

import numpy as np

from fastdnn.callbacks.callback import Callback
from fastdnn.errors import expected, unknown_name


class EarlyStopping(Callback):
    """Stop after `patience` epochs without improvement, and go back to the best weights.

    An epoch improves when its figure is better than the best by more than `min_delta`; equal values and NaN
    do not. The first epoch that counts is the best so far, whatever its value.

    Args:
        monitor: a figure of the history, default "val_loss".
        min_delta: >= 0, default 0.
        patience: epochs without improvement after which training stops, default 0: at the first.
        mode: "min", "max", or "auto": max for accuracies, else min.
        baseline: a value that must be beaten, too, before the patience starts anew.
        restore_best_weights: default True (Keras: False); done at the end of training, whatever ended it.
        start_from_epoch: epochs before this one are not looked at.

    Raises:
        ValueError: a bad argument; or, when training begins, no such figure.

    Source: Goodfellow, Bengio & Courville, "Deep Learning", 2016, algorithm 7.1; Keras for the names.

    >>> import fastdnn as fd
    >>> fd.callbacks.EarlyStopping(patience=5).monitor
    'val_loss'
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        mode: Literal["auto", "min", "max"] = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,
        start_from_epoch: int = 0,
    ) -> None:
        if not min_delta >= 0 or math.isinf(min_delta):
            raise ValueError(expected("EarlyStopping", "a finite min_delta >= 0", repr(min_delta)))
        for name, value in (("patience", patience), ("start_from_epoch", start_from_epoch)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise ValueError(expected("EarlyStopping", f"{name} as a whole number >= 0", repr(value)))
        if mode not in ("auto", "min", "max"):
            raise unknown_name("EarlyStopping", "a mode", mode, ("auto", "min", "max"))
        self.monitor = monitor
        self.min_delta = float(min_delta)
        self.patience = int(patience)
        self.mode = mode if mode != "auto" else "max" if monitor.endswith("accuracy") else "min"
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = int(start_from_epoch)
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self.wait = 0
        self._best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget an earlier fit, and see that the figure will be there."""
        self._reset()
        if self.monitor not in self.params["metrics"]:
            error = unknown_name("EarlyStopping", "a figure to monitor", self.monitor, self.params["metrics"])
            hint = (
                "; give fit validation_data=(x, y), or monitor the loss"
                if self.monitor.startswith("val_")
                else ""
            )
            raise ValueError(f"{error}{hint}")

    def _improves(self, value: float, reference: float | None) -> bool:
        if math.isnan(value):
            return False
        sign = 1 if self.mode == "min" else -1
        return reference is None or sign * (reference - value) > self.min_delta

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare, remember, and perhaps stop."""
        if epoch < self.start_from_epoch:
            return
        value = (logs or {})[self.monitor]
        if self.best_epoch is None:
            self._remember(epoch)
        self.wait += 1
        if self._improves(value, self.best):
            self.best = value
            self._remember(epoch)
            if self._improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self._best_weights = self.model.get_weights()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Back to the best weights."""
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
            self._best_weights = None
