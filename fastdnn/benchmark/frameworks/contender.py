"""What a framework does for a benchmark: train, predict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fastdnn.benchmark.networks.network import Network

Weights = Sequence[tuple[np.ndarray, np.ndarray]]


class UnsupportedError(ValueError):
    """The framework has no such network, loss or layer."""


@dataclass(frozen=True)
class Setting:
    """What is run.

    Attributes:
        network: its shape and loss.
        weights: the first ones, (kernel, bias) of each layer.
        threads: how many CPUs the process has; its environment and its CPUs are set already.
    """

    network: Network
    weights: Weights
    threads: int


class Trainer(Protocol):
    """A model that is being trained by Adam on data that it was given."""

    def reset(self, weights: Weights) -> None:
        """Begin again with these weights and a fresh optimiser."""
        ...

    def losses(self, epochs: int, batches: int) -> list[float]:
        """Train on the first batches, in the given order; the mean of their losses, for each epoch."""
        ...

    def train(self, epochs: int, stop: Callable[[], bool] | None = None) -> None:
        """Train in new orders of the rows, until the end; `stop` is asked after each epoch."""
        ...

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The network's outputs."""
        ...

    @property
    def threads(self) -> int:
        """That trained, as far as known."""
        ...


class Predictor(Protocol):
    """A model that gives the probabilities of classes for data that it was given."""

    def repeat(self, count: int) -> None:
        """Predict the same rows so many times, one call each."""
        ...

    def outputs(self) -> np.ndarray:
        """(rows, classes)."""
        ...
