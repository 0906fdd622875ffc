"""Evaluation and prediction around the native call, part by part: arrays are one part, or, where a callback
listens to batches, cut into batches; of an iterator each batch is one.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from fastdnn.backend import Inference
from fastdnn.callbacks.hooks import Hooks
from fastdnn.features import NonFiniteSourceError
from fastdnn.locks import ForkedLock

TEST_BATCH = ("on_test_batch_begin", "on_test_batch_end")
PREDICT_BATCH = ("on_predict_batch_begin", "on_predict_batch_end")


@dataclass(frozen=True)
class Part:
    """Arrays of one native call; messages say where they are, and count their rows from `first_row`."""

    where: str
    arrays: list[np.ndarray]
    first_row: int = 0

    @property
    def rows(self) -> int:
        """Examples in it."""
        return len(self.arrays[0])

    def cut(self, batch_size: int) -> Iterator["Part"]:
        """The same rows in batches, in place."""
        for first in range(0, self.rows, batch_size):
            arrays = [array[first : first + batch_size] for array in self.arrays]
            yield Part(self.where, arrays, self.first_row + first)

    @contextmanager
    def naming(self) -> Iterator[None]:
        """What is not finite in here is named for the user."""
        try:
            yield
        except NonFiniteSourceError as found:
            raise found.error(self.where, first_row=self.first_row) from None


class Kept:
    """The runners of a model's programs that were used last; those beyond `most` are made again if need be.

    Plans and their memory are as large as the batches that callers ask for.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._runners: dict[object, Inference] = {}  # the one used last comes last
        self._lock = ForkedLock()

    def get(self, key: object, make: Callable[[], Inference]) -> Inference:
        """The runner of this key."""
        with self._lock():
            runner = self._runners.pop(key, None)
            if runner is None:
                runner = make()
                if len(self._runners) == self._most:
                    del self._runners[next(iter(self._runners))]
            self._runners[key] = runner
        return runner

    def clear(self) -> None:
        """What they were made for is no more."""
        with self._lock():
            self._runners.clear()


def _begun(parts: Iterable[Part]) -> Iterator[Part]:
    """The same parts, the first of which is made now: the model is built, and a refused one calls no hook."""
    rest = iter(parts)
    return itertools.chain([next(rest)], rest)


def evaluate(
    parts: Iterable[Part], run: Callable[[list[np.ndarray]], list[float]], names: Sequence[str], hooks: Hooks
) -> dict[str, float]:
    """The averages over all rows of the sums that `run` gives, by name.

    The bits do not depend on who listens.

    Raises:
        ValueError: a feature is NaN or infinite.
    """
    parts = _begun(parts)
    hooks.call("on_test_begin", {})
    sums, rows = [0.0] * len(names), 0
    for batch, part in enumerate(parts):
        hooks.call("on_test_batch_begin", batch, {})
        with part.naming():
            more = run(part.arrays)
        sums, rows = [a + b for a, b in zip(sums, more, strict=True)], rows + part.rows
        hooks.call("on_test_batch_end", batch, _averages(names, sums, rows))
    figures = _averages(names, sums, rows)
    hooks.call("on_test_end", dict(figures))
    return figures


def _averages(names: Sequence[str], sums: list[float], rows: int) -> dict[str, float]:
    return {name: total / rows for name, total in zip(names, sums, strict=True)}


def predict(parts: Iterable[Part], run: Callable[[list[np.ndarray]], np.ndarray], hooks: Hooks) -> np.ndarray:
    """What `run` gives for every row.

    Raises:
        ValueError: a feature is NaN or infinite.
    """
    parts = _begun(parts)
    hooks.call("on_predict_begin", {})
    outputs = []
    for batch, part in enumerate(parts):
        hooks.call("on_predict_batch_begin", batch, {})
        with part.naming():
            outputs.append(run(part.arrays))
        if hooks.listen("on_predict_batch_end"):
            hooks.call("on_predict_batch_end", batch, {"outputs": outputs[-1].copy()})
    output = outputs[0] if len(outputs) == 1 else np.concatenate(outputs)
    hooks.call("on_predict_end", {})
    return output
