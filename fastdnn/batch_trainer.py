"""An epoch of batches that someone makes: each is one step of a trainer."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.backend import Run, Trainer
from fastdnn.data.batches import Batches, unpacked
from fastdnn.data.prefetch import END
from fastdnn.errors import expected
from fastdnn.features import as_weights

if TYPE_CHECKING:
    from fastdnn.model import Model


def with_class_weights(
    where: str, train: list[np.ndarray], class_weight: dict[int, float], model: "Model"
) -> list[np.ndarray]:
    """The arrays with each example's weight multiplied by its class's; classes that are not named count 1.

    Raises:
        ValueError: a class that there is not, targets that are no classes, or a weight below 0.
    """
    features, target = train[0], train[1]
    classes = model.graph.output_width
    by_class = np.ones(classes)
    for label, weight in class_weight.items():
        if label not in range(classes):
            raise ValueError(expected(where, f"classes from 0 to {classes - 1} in class_weight", repr(label)))
        by_class[int(label)] = weight
    if target.shape[1] not in (1, classes) or classes == 1:
        raise ValueError(
            expected(where, "a classification, for class_weight", f"targets of shape {target.shape}")
        )
    labels = target[:, 0] if model.compiled.loss.integer_targets else target.argmax(axis=1)
    weights = by_class[labels] if len(train) == 2 else by_class[labels] * train[2][:, 0]
    return [features, target, as_weights(f"{where}, class_weight", weights, len(labels), model.dtype)]


class BatchArrays:
    """Makes the arrays of a program's sources of a batch; every batch has the parts of the first."""

    def __init__(self, model: "Model", class_weight: dict[int, float] | None) -> None:
        self._model = model
        self._class_weight = class_weight
        self._parts = 0

    def prepare(self, where: str, batch: Any) -> list[np.ndarray]:
        """The sources.

        Raises:
            ValueError: the batch does not fit; `where` it is, is said.
        """
        x, y, sample_weight = unpacked(where, batch)
        arrays = self._model.prepare(where, x, y, sample_weight)
        if self._parts not in (0, len(arrays)):
            raise ValueError(
                expected(where, f"{self._parts} parts, as in the first batch", f"{len(arrays)} parts")
            )
        self._parts = len(arrays)
        if self._class_weight is not None:
            arrays = with_class_weights(where, arrays, self._class_weight, self._model)
        return arrays


class BatchTrainer:
    """Runs a trainer over the batches of an iterator, one at a time: `fetch` one, then `run` its step."""

    def __init__(self, trainer: Trainer, batches: Batches, source: BatchArrays) -> None:
        self._trainer = trainer
        self._batches = batches
        self._source = source
        self._epoch = 0  # of this fit, from 1
        self._done = 0  # steps of this epoch

    @property
    def place(self) -> str:
        """Where the next step is, for messages."""
        return f"fit, epoch {self._epoch}, batch {self._done + 1}"

    def begin_epoch(self, epoch: int) -> None:
        """To the first batch of the next epoch; the trainer's `epoch` counts over all fits."""
        self._trainer.begin_epoch(epoch)
        self._batches.begin_epoch()
        self._epoch += 1
        self._done = 0

    def fetch(self) -> bool:
        """Make the next batch; False after the epoch's last one. Code of the user's runs here."""
        batch = self._batches.next()
        if batch is END:
            return False
        self._trainer.next_feed(self._source.prepare(self.place, batch))
        return True

    def run(self, learning_rate: float, seconds: float, threads: int, steps: int = 0) -> Run:
        """The step of the batch that was fetched, as `backend.Trainer.run`; whether the epoch goes on then,
        `fetch` says.
        """
        run = self._trainer.run(learning_rate, seconds, threads, steps)
        if run.end != "epoch_done":
            return replace(run, batch=self._done)
        self._done += 1
        return Run("paused", self._done, run.threads)

    def end_epoch(self) -> bool:
        """After the last batch: whether the epoch had all its steps; warns if not."""
        short = self._batches.warn_if_short("fit", self._done)
        self._batches.end_epoch()
        return not short

    def averages(self) -> list[float]:
        """The results' averages over the rows of this epoch so far."""
        return self._trainer.averages()

    def close(self) -> None:
        """No batch is made ahead any more."""
        self._batches.close()
