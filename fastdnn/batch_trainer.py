"""An epoch of batches that someone makes: each is one step of a trainer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.backend import Run, Trainer
from fastdnn.class_weights import ClassWeight, refuse_balanced
from fastdnn.data.batches import Batches, unpacked
from fastdnn.data.prefetch import END
from fastdnn.errors import expected
from fastdnn.sources import Feed, Weighting

if TYPE_CHECKING:
    from fastdnn.model import Model


class BatchFeeds:
    """Makes the feeds of batches; every batch has the sample weights that the first has."""

    def __init__(self, model: "Model", class_weight: ClassWeight | None) -> None:
        refuse_balanced("fit", class_weight)
        self._model = model
        self._class_weight = class_weight
        self._weighting: Weighting | None = None
        self._sparse: tuple[int, ...] | None = None

    def prepare(self, where: str, batch: Any) -> Feed:
        """The feed of a batch.

        Raises:
            ValueError: the batch does not fit; `where` it is, is said.
        """
        x, y, sample_weight = unpacked(where, batch)
        feed = self._model.prepare(where, x, y, sample_weight)
        if self._weighting not in (None, feed.weighting):
            wanted, got = (_weights_text(weighting) for weighting in (self._weighting, feed.weighting))
            raise ValueError(expected(where, f"{wanted}, as in the first batch", got))
        if self._sparse not in (None, feed.sparse):
            wanted, got = (
                f"{'a sparse' if sparse else 'a dense'} x" for sparse in (self._sparse, feed.sparse)
            )
            raise ValueError(expected(where, f"{wanted}, as in the first batch", got))
        self._weighting, self._sparse = feed.weighting, feed.sparse
        if self._class_weight is not None:
            feed = self._model.sources.with_class_weights(where, feed, self._class_weight)
        return feed


def _weights_text(weighting: Weighting | None) -> str:
    if not weighting:
        return "no sample_weight"
    if len(set(weighting)) == 1:
        return "one sample_weight"
    return f"sample_weight for {sum(number is not None for number in weighting)} of {len(weighting)} losses"


class BatchTrainer:
    """Runs a trainer over the batches of an iterator, one at a time: `fetch` one, then `run` its step."""

    def __init__(self, trainer: Trainer, batches: Batches, source: BatchFeeds) -> None:
        self._trainer = trainer
        self._batches = batches
        self._source = source
        self._feed: Feed | None = None
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

    def go_on_by(self, trainer: Trainer) -> None:
        """Another trainer from the next epoch on."""
        self._trainer.close()
        self._trainer = trainer

    def fetch(self) -> bool:
        """Make the next batch; False after the epoch's last one. Code of the user's runs here."""
        batch = self._batches.next()
        if batch is END:
            return False
        self._feed = self._source.prepare(self.place, batch)
        self._trainer.next_feed(self._feed.arrays)
        return True

    def next_feed(self) -> Feed:
        """The batch that was fetched."""
        assert self._feed is not None
        return self._feed

    @property
    def steps_left(self) -> int:
        """Of the batch that was fetched: one, or none."""
        return self._trainer.steps_left

    def run(
        self,
        scalars: np.ndarray,
        seconds: float,
        threads: int,
        steps: int = 0,
        samples: Sequence[int] = (),
    ) -> Run:
        """The step of the batch that was fetched, as `backend.Trainer.run`; whether the epoch goes on then,
        `fetch` says.
        """
        run = self._trainer.run(scalars, seconds, threads, steps, samples)
        if run.end != "epoch_done":
            return replace(run, batch=self._done)
        self._done += 1
        return Run("paused", self._done, run.threads)

    def take_samples(self) -> np.ndarray:
        """As `backend.Trainer.take_samples`."""
        return self._trainer.take_samples()

    def end_epoch(self) -> bool:
        """After the last batch: whether the epoch had all its steps; warns if not."""
        short = self._batches.warn_if_short("fit", self._done)
        self._batches.end_epoch()
        return not short

    def figures(self) -> list[float]:
        """The figures of the program over the rows of this epoch so far."""
        return self._trainer.figures()

    def close(self) -> None:
        """No batch is made ahead any more."""
        self._batches.close()
        self._trainer.close()
