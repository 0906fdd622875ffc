"""The hooks of fit, evaluate and predict."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastdnn.errors import expected

if TYPE_CHECKING:
    from fastdnn.model import Model
    from fastdnn.sampling import Samples


class Callback:
    """Base of all callbacks: subclass it and write the hooks you need, by Keras 3's names.

    `self.model` is the model and `self.params` a dictionary. In a fit it holds epochs, steps, batch_size,
    samples, seed, metrics and, once an epoch has run, threads; in evaluate and predict steps, batch_size and
    samples. Where an iterator makes the batches, batch_size and samples are None, and so may steps be, in a
    fit until an epoch has run.

    A hook may call any method of the model but `fit` and `compile`, which raise RuntimeError there, and
    anything of other models. `self.model.stop_training = True` ends the fit: after this step where a callback
    listens to batches, else after this epoch. A new `learning_rate` counts from the next step on.

    Only hooks that a subclass writes are called. While nobody listens to batches, an epoch of arrays is one
    native call; where nobody listens to epochs either, several short ones are one. One callback with a hook
    for training batches makes each step a call of its own (some microseconds each), as it is with an
    iterator's batches, with the same bits. One that wants evaluations between steps ends the native call
    there, and no earlier; one that looks into steps ends none.

    >>> import fastdnn as fd
    >>> class Print(fd.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    """

    watches_progress = False  # whether `on_progress` is called, about ten times a second
    # Whether `on_epoch_end` may come about a tenth of a second late, for several epochs in succession. It is
    # asked of the very class, as those that are derived from it may do more.
    takes_epochs_late = False
    # Whether samples tell the batch's loss with the layers as in use, too: native calls then end before them.
    samples_inference_loss = False

    model: "Model"
    params: dict[str, Any]

    def set_model(self, model: "Model") -> None:
        """Called once before everything else."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called once, after `set_model`."""
        self.params = params

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before the first epoch; state of an earlier fit is reset here. `logs` is empty."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """After the last epoch, whatever ended it but an error; the last epoch's logs."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Before an epoch, from 0. `logs` is empty."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """After an epoch: loss, metrics, their "val_" twins, learning_rate."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before a step, from 0 in each epoch. `logs` is empty."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After a step: loss and metrics over the epoch so far."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keras's older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keras's older name of `on_train_batch_end`."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before an evaluation, also the one on a fit's validation data. `logs` is empty."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """After an evaluation: loss and metrics."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before `batch_size` rows, or an iterator's batch, of an evaluation. `logs` is empty."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After them: loss and metrics over the rows so far."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Before a prediction. `logs` is empty."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """After a prediction. `logs` is empty."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Before `batch_size` rows, or an iterator's batch, of a prediction. `logs` is empty."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """After them: their outputs under "outputs"."""

    def on_progress(self, epoch: int, batch: int, logs: dict[str, float]) -> None:
        """In an epoch, after `batch` of its steps: loss and metrics so far. Not in Keras."""

    def steps_to_evaluation(self) -> int | None:
        """How many more steps, >= 1, until `on_evaluation` is to be called; None: not at all. Asked before
        each native call of a fit, which then ends there. Not in Keras.
        """
        return None

    def on_evaluation(self, step: int, logs: dict[str, float]) -> None:
        """After `step` steps of the fit, those that `steps_to_evaluation` asked for: loss and metrics of the
        epoch so far, and of the held-out data now, as in `on_epoch_end`. Not in Keras.
        """

    def steps_to_sample(self, steps: int) -> Sequence[int]:
        """Which of the next so many steps are to be looked into, from 1 and ascending. Asked before each
        native call of a fit, which writes down what they tell as it goes on; it may end before all of them.
        Not in Keras.
        """
        return ()

    def on_samples(self, samples: "Samples") -> None:
        """After a native call, however it ended: the steps that it did of those that `steps_to_sample` asked
        for; see `fastdnn.sampling`. A Ctrl-C waits until all have been told. Not in Keras.
        """

    def get_state(self) -> dict[str, Any]:
        """What training that goes on later, on a copy of the model, needs of this callback: numbers and
        arrays by name. In a fit it is asked for at an epoch's end, by a callback that comes later in the
        list. Not in Keras.
        """
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on, in the next fit, from what `get_state` gave.

        Raises:
            ValueError: something else was given.
        """
        if state:
            raise ValueError(expected(type(self).__name__, "no state", ", ".join(map(str, state))))
