"""Saving the model while it is trained."""

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, Literal

from fastdnn.callbacks.callback import Callback
from fastdnn.callbacks.monitored_figure import Mode, MonitoredFigure
from fastdnn.callbacks.state import count, figure, numbers_of
from fastdnn.checks import number, whole
from fastdnn.errors import expected


class ModelCheckpoint(Callback):
    """`model.save(filepath)` after each epoch, after each that is the best so far, or after some steps.

    A file replaces an older one only when it is whole on the disk. It holds what `Model.save` writes: the
    optimiser's state is not in it.

    Args:
        filepath: a path, in which {epoch}, from 1, and the names of figures are filled in, as by
            `str.format`: "model-{epoch:02d}-{val_loss:.3f}.safetensors".
        monitor: a figure of the history, default "val_loss"; for `save_best_only`.
        verbose: 1 says what was saved.
        save_best_only: only where the figure is better than at the last saving; ties and NaN are not.
        mode: "min", "max", or "auto": max for accuracies and their like, else min.
        save_freq: "epoch" (default), or a number of steps, counted over all epochs of the fit; then figures
            are those of the epoch so far, and `save_best_only` is not for the held-out data.
        initial_value_threshold: a value that the first saving of the best must be better than.

    Raises:
        ValueError: a bad argument; when training begins, no such figure, or a name in `filepath` that is
            none.
        OSError: from `fit`: a file cannot be written; the one before is still there.

    Source: Keras 3.

    >>> import pathlib, tempfile
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)], seed=0)
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = fd.callbacks.ModelCheckpoint(folder + "/{epoch}.safetensors")
    ...     _ = model.fit([[0.0, 1.0]], [1.0], epochs=2, callbacks=[kept])
    ...     sorted(path.name for path in pathlib.Path(folder).iterdir())
    ['1.safetensors', '2.safetensors']
    """

    def __init__(
        self,
        filepath: "str | PathLike[str]",
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: Mode = "auto",
        save_freq: int | Literal["epoch"] = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        where = "ModelCheckpoint"
        self._monitor = MonitoredFigure(where, monitor, mode, 0.0)
        if not isinstance(filepath, str | PathLike) or not isinstance(fspath(filepath), str):
            raise ValueError(expected(where, "filepath as a str or a path", repr(filepath)))
        self.filepath = fspath(filepath)
        self.monitor = monitor
        self.mode = self._monitor.mode
        self.verbose = verbose
        self.save_best_only = bool(save_best_only)
        self.save_freq = save_freq if save_freq == "epoch" else whole(where, "save_freq", save_freq, 1)
        if self.save_freq != "epoch":  # only then does anybody listen to batches
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign]
        threshold = initial_value_threshold
        self._begin = (
            self._monitor.worst if threshold is None else number(where, "initial_value_threshold", threshold)
        )
        self._goes_on = False
        self._reset()

    def _reset(self) -> None:
        self.best = self._begin
        self._epochs = 0  # done, over all fits that this training is made of
        self._steps = 0  # likewise

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """See that the figures will be there."""
        own = [name for name in self.params["metrics"] if not name.startswith("val_")]
        known = self.params["metrics"] if self.save_freq == "epoch" else own
        if self.save_best_only:
            self._monitor.check(known)
        self._path(0, dict.fromkeys([*known, "learning_rate"], 0.0))
        if not self._goes_on:
            self._reset()
        self._goes_on = False
        self._epoch_of_fit = self._epochs

    def _after_batch(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self._steps += 1
        if self._steps % int(self.save_freq) == 0:
            self._save(self._epochs, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The model of this epoch."""
        self._epochs = self._epoch_of_fit + epoch + 1
        if self.save_freq == "epoch":
            self._save(self._epochs - 1, logs or {})

    def _save(self, epoch: int, logs: Mapping[str, float]) -> None:
        if self.save_best_only:
            if not self._monitor.improves(logs[self.monitor], self.best):
                return
            self.best = logs[self.monitor]
        rate = {"learning_rate": self.model.optimizer.learning_rate}
        path = self._path(epoch, {**rate, **logs})
        self.model.save(path)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}")

    def _path(self, epoch: int, figures: Mapping[str, float]) -> str:
        try:
            return self.filepath.format(epoch=epoch + 1, **figures)
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
            names = ", ".join(["epoch", *figures])
            got = f"{self.filepath!r}: {type(error).__name__} {error}"
            raise ValueError(
                expected("ModelCheckpoint", f"a filepath with names among {names}", got)
            ) from error

    def get_state(self) -> dict[str, Any]:
        """The best value, epochs and steps."""
        return {"best": self.best, "epoch": self._epochs, "step": self._steps}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on, in the next fit, from what `get_state` gave.

        Raises:
            ValueError: something else was given.
        """
        numbers = numbers_of("ModelCheckpoint", state, {"best": figure, "epoch": count, "step": count})
        self.best, self._epochs, self._steps = numbers["best"], numbers["epoch"], numbers["step"]
        self._goes_on = True
