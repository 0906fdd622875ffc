"""Stopping when the figure that counts no longer improves."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastdnn.callbacks.callback import Callback
from fastdnn.callbacks.monitored_figure import Mode, MonitoredFigure
from fastdnn.callbacks.state import NONE, count, figure, numbers_of
from fastdnn.checks import number, whole
from fastdnn.errors import expected

_WEIGHTS = "weights/"  # before the names of the best weights, in a state
_NUMBERS = {
    "best": figure,
    "best_epoch": count,
    "best_step": count,
    "wait": count,
    "epoch": count,
    "step": count,
    "stopped_epoch": count,
}


class EarlyStopping(Callback):
    """Stop once `patience` evaluations in a row brought nothing better, and go back to the best weights.

    The algorithm, with patience p, the weights θ, a step count i, and v the best value so far::

        θ* ← θ;  i* ← 0;  j ← 0;  v ← ∞
        while j < p:
            train for n steps, i ← i + n
            v' ← the monitored figure
            if v' < v:  j ← 0;  θ* ← θ;  i* ← i;  v ← v'
            else:       j ← j + 1
        θ ← θ*

    Equal values and NaN are no improvement. n is one epoch, or `every_n_steps`; then the held-out data of the
    fit is evaluated after so many steps, and at the ends of epochs. `.best` is v, `.best_step` i*,
    `.best_epoch` the epoch of i* from 0 (None: θ* is where training began), `.wait` j, `.stopped_epoch` the
    epoch in which it stopped, else None.

    Its state goes into a dictionary and back (`get_state`, `set_state`): training that goes on from a copy of
    the model stops where it would have stopped anyway.

    Args:
        monitor: a figure of the history, default "val_loss".
        min_delta: >= 0, default 0: improve by more than this.
        patience: p, evaluations in a row without improvement; default 0, which stops at the first, as 1 does.
        verbose: 1 says when it stops.
        mode: "min", "max", or "auto": max for accuracies and their like, else min.
        baseline: a value that must be beaten, too, before the patience starts anew.
        restore_best_weights: default True (Keras: False); done at the end of training, whatever ended it.
        start_from_epoch: evaluations in epochs before this one are not looked at.
        every_n_steps: n >= 1; None (default): one epoch. Not in Keras.

    Raises:
        ValueError: a bad argument; or, when training begins, no such figure.

    Source: Goodfellow, Bengio & Courville, "Deep Learning", 2016, algorithm 7.1, as deck 004 prints it, which
    calls it simple yet effective; deck 003's "stop if the loss increases" is patience 1. Decks 000 and 002
    hold against it that it mixes minimising the loss with not overfitting (no orthogonalisation). Keras for
    the names.

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(10)], seed=0)
    >>> model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> stop = fd.callbacks.EarlyStopping(patience=3, every_n_steps=10)
    >>> _ = model.fit(x / 16, y, epochs=2, validation_split=0.2, callbacks=[stop])
    >>> stop.best_step % 10
    0
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = True,
        start_from_epoch: int = 0,
        *,
        every_n_steps: int | None = None,
    ) -> None:
        where = "EarlyStopping"
        self._monitor = MonitoredFigure(where, monitor, mode, min_delta)
        self.monitor = monitor
        self.mode = self._monitor.mode
        self.min_delta = self._monitor.min_delta
        self.patience = whole(where, "patience", patience)
        self.verbose = verbose
        self.baseline = None if baseline is None else number(where, "baseline", baseline)
        self.restore_best_weights = bool(restore_best_weights)
        self.start_from_epoch = whole(where, "start_from_epoch", start_from_epoch)
        self.every_n_steps = (
            None if every_n_steps is None else whole(where, "every_n_steps", every_n_steps, 1)
        )
        self._reset()

    def _reset(self) -> None:
        self.best = self._monitor.worst
        self.best_epoch: int | None = None
        self.best_step = 0
        self.stopped_epoch: int | None = None
        self.wait = 0
        self._epochs = 0  # done, over all fits that this training is made of
        self._begun_at = 0  # how many steps the optimiser had taken at i = 0
        self._best_weights: dict[str, np.ndarray] | None = None
        self._goes_on: int | None = None  # i, after `set_state`

    @property
    def _step(self) -> int:
        """i."""
        return _iterations(self.model) - self._begun_at

    # ---- The algorithm

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forget an earlier fit, unless its state was set, and see that the figure will be there."""
        self._monitor.check(self.params["metrics"])
        step, self._goes_on = self._goes_on, None
        if step is None:
            self._reset()
        elif self._best_weights is not None:
            _check_weights(self._best_weights, self.model.weights.snapshot())
            self._best_weights = self.model.weights.checked(self._best_weights, "EarlyStopping, set_state")
        self._begun_at = _iterations(self.model) - (step or 0)
        self._epoch_of_fit = self._epochs
        if self.restore_best_weights and self._best_weights is None:
            self._best_weights = self.model.weights.snapshot()
        if self.stopped_epoch is not None:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The figure of an epoch."""
        index = self._epoch_of_fit + epoch
        if self.every_n_steps is None:
            self._observe(index, logs or {})
        self._epochs = index + 1

    def steps_to_evaluation(self) -> int | None:
        """With `every_n_steps`, what is left of them."""
        return None if self.every_n_steps is None else self.every_n_steps - self._step % self.every_n_steps

    def on_evaluation(self, step: int, logs: dict[str, float]) -> None:
        """The figure after `every_n_steps` more."""
        self._observe(self._epochs, logs)

    def _observe(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Compare, remember, and perhaps stop."""
        if epoch < self.start_from_epoch:
            return
        value = logs[self.monitor]
        self.wait += 1
        if self._monitor.improves(value, self.best):
            self.best, self.best_epoch, self.best_step = value, epoch, self._step
            if self.restore_best_weights:
                self._best_weights = self.model.weights.snapshot()
            if self.baseline is None or self._monitor.improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Back to the best weights."""
        if self.verbose and self.stopped_epoch is not None:
            kept = "where it began" if self.best_epoch is None else f"epoch {self.best_epoch + 1}"
            print(f"Epoch {self.stopped_epoch + 1}: early stopping; the best weights are those of {kept}")
        if self._best_weights is not None:
            self.model.weights.write(self._best_weights)
            self._best_weights = None

    # ---- To be kept, and to go on

    def get_state(self) -> dict[str, Any]:
        """Numbers by name, -1 for none, and the best weights, "weights/" before their names."""
        weights = {} if self._best_weights is None else self._best_weights
        step = self._goes_on
        if step is None and "model" in vars(self):
            step = self._step
        return {
            "best": self.best,
            "best_epoch": NONE if self.best_epoch is None else self.best_epoch,
            "best_step": self.best_step,
            "wait": self.wait,
            "epoch": self._epochs,
            "step": step or 0,
            "stopped_epoch": NONE if self.stopped_epoch is None else self.stopped_epoch,
            **{_WEIGHTS + name: array.copy() for name, array in weights.items()},
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on, in the next fit, from what `get_state` gave.

        Raises:
            ValueError: something else was given; when the fit begins, weights of another model.
        """
        given = dict(state) if isinstance(state, Mapping) else {}
        names = [key for key in given if isinstance(key, str) and key.startswith(_WEIGHTS)]
        arrays = {key[len(_WEIGHTS) :]: _weight(key, given.pop(key)) for key in names}
        numbers = numbers_of("EarlyStopping", given if isinstance(state, Mapping) else state, _NUMBERS)
        self._reset()
        self.best = numbers["best"]
        self.best_epoch = _or_none(numbers["best_epoch"])
        self.best_step = numbers["best_step"]
        self.wait = numbers["wait"]
        self.stopped_epoch = _or_none(numbers["stopped_epoch"])
        self._epochs = numbers["epoch"]
        self._goes_on = numbers["step"]
        if arrays and self.restore_best_weights:
            self._best_weights = arrays


def _weight(key: str, value: Any) -> np.ndarray:
    """A copy of an array of a state."""
    array = np.array(value)
    if array.dtype.kind not in "buif":
        got = f"{type(value).__name__} of dtype {array.dtype}"
        raise ValueError(expected("EarlyStopping, set_state", f"{key} as real numbers", got))
    return array


def _iterations(model: Any) -> int:
    """Steps that the optimiser has taken."""
    state = model.compiled.state
    return 0 if state is None else int(state.iterations)


def _or_none(value: int) -> int | None:
    return None if value == NONE else value


def _check_weights(given: Mapping[str, np.ndarray], own: Mapping[str, np.ndarray]) -> None:
    """Raise if they are not those of the model."""
    wanted, got = ({name: array.shape for name, array in arrays.items()} for arrays in (own, given))
    if wanted != got:
        raise ValueError(expected("EarlyStopping", f"best weights of {wanted}", f"{got} in set_state"))
