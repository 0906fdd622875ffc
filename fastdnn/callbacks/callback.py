"""The hooks of a fit."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastdnn.model import Model


class Callback:
    """Base of all callbacks: subclass it and write the hooks you need.

    `self.model` is the model (any method may be called; `self.model.stop_training = True` ends the fit after
    this epoch) and `self.params` a dictionary: epochs, steps, batch_size, samples, seed, metrics and, once an
    epoch has run, threads. Where an iterator makes the batches, batch_size and samples are None, and so may
    steps be, until an epoch has run.

    >>> import fastdnn as fd
    >>> class Print(fd.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         print(epoch, sorted(logs))
    """

    watches_progress = False  # whether `on_progress` is called, about ten times a second

    model: "Model"
    params: dict[str, Any]

    def set_model(self, model: "Model") -> None:
        """Called once before everything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once, after `set_model`."""
        self.params = params

    def on_train_begin(self) -> None:
        """Before the first epoch; state of an earlier fit is reset here."""

    def on_train_end(self) -> None:
        """After the last epoch, whatever ended it but an error."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Before an epoch, from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """After an epoch: loss, metrics, their "val_" twins, learning_rate."""

    def on_progress(self, epoch: int, batch: int, logs: dict[str, float]) -> None:
        """In an epoch, after `batch` of its steps: loss and metrics so far."""
