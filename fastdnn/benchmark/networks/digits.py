"""A race on the digits that come with the package: from first weights to a given test error."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.benchmark.frameworks.contender import Setting, Trainer
from fastdnn.benchmark.networks.catalog import DIGITS
from fastdnn.benchmark.networks.network import Network
from fastdnn.data import load_digits

TEST_ERROR = 0.03
_BATCHES = 19  # of 64: 1,216 rows to train on, 581 to test
_MOST_EPOCHS = 100

_MakeTrainer = Callable[[Setting, np.ndarray, np.ndarray], Trainer]


@dataclass(frozen=True)
class Race:
    """Training until this share of the test rows, at most, is wrong.

    The test error is computed after each epoch; the time of that does not count.

    Args:
        error: the test error to reach.

    >>> from fastdnn.benchmark.networks.digits import Race
    >>> Race(0.03).network.text
    '64-512-10, batch 64'
    """

    error: float

    @property
    def network(self) -> Network:
        """As many batches as the training set has."""
        return Network("digits", DIGITS.sizes, DIGITS.batch, _BATCHES)

    def run(self, make: _MakeTrainer, threads: int, seeds: int) -> dict[str, Any]:
        """Seconds and epochs for each seed, and the seconds of the first model, with all that is compiled.

        The seeds are of weights and split; each framework draws its own orders of rows.
        """
        small = Network("small", (8, 8, 2), batch=8, batches=1)
        make(Setting(small, small.initial_weights(), threads), *small.data())  # imports the framework
        setting = Setting(self.network, self.network.initial_weights(), threads)
        (x, y), test = self._split(0)
        begin = time.perf_counter()
        trainer = make(setting, x, y)
        made = time.perf_counter() - begin
        first, _ = self._train(trainer, *test)
        runs = []
        for seed in range(1, seeds + 1):
            (x, y), test = self._split(seed)
            weights = self.network.initial_weights(seed)
            trainer = make(Setting(self.network, weights, threads), x, y)
            trainer.train(1)  # what is compiled is compiled
            trainer.reset(weights)
            runs.append(self._train(trainer, *test))
        return {"first": made + first, "seconds": [s for s, _ in runs], "epochs": [e for _, e in runs]}

    def _split(self, seed: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        x, y = load_digits()
        order = np.random.default_rng([seed, 3]).permutation(len(x))
        train, test = order[: self.network.rows], order[self.network.rows :]
        x = x / np.float32(16)
        return (x[train], y[train]), (x[test], y[test])

    def _train(self, trainer: Trainer, x: np.ndarray, y: np.ndarray) -> tuple[float, int]:
        """Seconds and epochs.

        Raises:
            ValueError: the error is not reached.
        """
        looked, epochs = 0.0, 0

        def stop() -> bool:
            nonlocal looked, epochs
            begin = time.perf_counter()
            wrong = float(np.mean(trainer.outputs(x).argmax(axis=1) != y))
            epochs += 1
            looked += time.perf_counter() - begin
            return wrong <= self.error

        begin = time.perf_counter()
        trainer.train(_MOST_EPOCHS, stop)
        seconds = time.perf_counter() - begin - looked
        if epochs == _MOST_EPOCHS:
            raise ValueError(f"test error {self.error:.1%} was not reached in {epochs} epochs")
        return seconds, epochs
