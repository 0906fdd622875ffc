"""Evaluation and prediction around the native call, part by part: arrays are one part, or, where a callback
listens to batches, cut into batches; of an iterator each batch is one.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fastdnn import lowering
from fastdnn.backend import PREDICTION_BATCH, Inference
from fastdnn.callbacks.hooks import Hooks
from fastdnn.features import NonFiniteSourceError
from fastdnn.figures import totals_of, values_of
from fastdnn.locks import ForkedLock
from fastdnn.sources import Feed

if TYPE_CHECKING:
    from fastdnn.model import Model

T = TypeVar("T")
TEST_BATCH = ("on_test_batch_begin", "on_test_batch_end")
PREDICT_BATCH = ("on_predict_batch_begin", "on_predict_batch_end")


@dataclass(slots=True)
class Part:
    """The feed of one native call; messages say where it is, and count its rows from `first_row`."""

    where: str
    feed: Feed
    first_row: int = 0

    def cut(self, batch_size: int) -> Iterator["Part"]:
        """The same rows in batches, in place."""
        for first in range(0, self.feed.rows, batch_size):
            yield Part(self.where, self.feed.part(first, first + batch_size), self.first_row + first)

    def to(self, run: Callable[[Feed], T]) -> T:
        """What `run` makes of it; what is not finite in here is named for the user."""
        try:
            return run(self.feed)
        except NonFiniteSourceError as found:
            raise found.error(self.where, self.feed.origins, first_row=self.first_row) from None


class Kept:
    """The runners of a model's programs that were used last; those beyond `most` are made again if need be.

    Plans and their memory are as large as the batches that callers ask for.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._runners: dict[object, Inference] = {}  # the one used last comes last
        self._newest: tuple[object, Inference] | None = None  # it once more: many calls use the same
        self._lock = ForkedLock()

    def get(self, key: object, make: Callable[[], Inference]) -> Inference:
        """The runner of this key."""
        newest = self._newest
        if newest is not None and newest[0] == key:
            return newest[1]
        with self._lock():
            runner = self._runners.pop(key, None)
            if runner is None:
                runner = make()
                if len(self._runners) == self._most:
                    del self._runners[next(iter(self._runners))]
            self._runners[key] = runner
            self._newest = key, runner
        return runner

    def clear(self) -> None:
        """What they were made for is no more."""
        with self._lock():
            self._runners.clear()
            self._newest = None


def _begun(parts: Iterable[Part]) -> Iterator[Part]:
    """The same parts, the first of which is made now: the model is built, and a refused one calls no hook."""
    if isinstance(parts, list):
        return iter(parts)
    rest = iter(parts)
    return itertools.chain([next(rest)], rest)


def evaluate(
    parts: Iterable[Part],
    run: Callable[[Feed], list[float]],
    named: Callable[[list[float]], dict[str, float]],
    hooks: Hooks,
) -> dict[str, float]:
    """The figures of all rows by name: `run` gives the totals of a part, which add up.

    The bits do not depend on who listens.

    Raises:
        ValueError: a feature is NaN or infinite.
    """
    parts = _begun(parts)
    hooks.call("on_test_begin", {})
    totals = list[float]()
    for batch, part in enumerate(parts):
        hooks.call("on_test_batch_begin", batch, {})
        more = part.to(run)
        totals = [a + b for a, b in zip(totals, more, strict=True)] if batch else more
        if hooks.listen("on_test_batch_end"):
            hooks.call("on_test_batch_end", batch, named(totals))
    figures = named(totals)
    hooks.call("on_test_end", dict(figures))
    return figures


def predict(
    parts: Iterable[Part],
    run: Callable[[Feed], list[np.ndarray]],
    pack: Callable[[Sequence[np.ndarray]], Any],
    hooks: Hooks,
) -> Any:
    """What `run` gives for every row: arrays of all outputs, which `pack` puts together.

    Raises:
        ValueError: a feature is NaN or infinite.
    """
    if isinstance(parts, list) and len(parts) == 1 and not hooks.callbacks:
        return pack(parts[0].to(run))  # nobody listens: a third of the time of a small prediction
    parts = _begun(parts)
    hooks.call("on_predict_begin", {})
    outputs = []
    for batch, part in enumerate(parts):
        hooks.call("on_predict_batch_begin", batch, {})
        outputs.append(part.to(run))
        if hooks.listen("on_predict_batch_end"):
            hooks.call("on_predict_batch_end", batch, {"outputs": pack([one.copy() for one in outputs[-1]])})
    whole = (
        outputs[0] if len(outputs) == 1 else [np.concatenate(chunks) for chunks in zip(*outputs, strict=True)]
    )
    hooks.call("on_predict_end", {})
    return pack(whole)


def inference_loss(model: "Model", where: str, feed: Feed, threads: int) -> float:
    """The loss of these rows, penalties and all, with the layers as in use; no metric sees them.

    Raises:
        ValueError: a feature is NaN or infinite; `where` it is, is said.
    """
    compiled = model.compiled
    made_for = (feed.weighting, feed.sparse, model.penalties(where))
    bare = [replace(head, metrics=(), weighted_metrics=()) for head in compiled.heads]
    program = partial(lowering.evaluation_program, model.graph, bare, *made_for)
    runner = model.inference_of(("inference_loss", compiled, *made_for), program, PREDICTION_BATCH)
    sums = Part(where, feed).to(lambda feed: runner.run(feed.arrays, threads).sums)
    totals = totals_of(runner.figures, sums, feed.rows)
    return compiled.total([value for value in values_of(runner.figures, totals) if value is not None])
