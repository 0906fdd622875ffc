"""Evaluation and prediction around the native call: in one call, or in batches where a callback listens."""

from collections.abc import Iterator, Sequence

import numpy as np

from fastdnn.backend import Inference
from fastdnn.callbacks.hooks import Hooks


def _batches(arrays: list[np.ndarray], batch_size: int) -> Iterator[tuple[int, list[np.ndarray]]]:
    for batch, first in enumerate(range(0, len(arrays[0]), batch_size)):
        yield batch, [array[first : first + batch_size] for array in arrays]


def evaluate(
    inference: Inference,
    arrays: list[np.ndarray],
    names: Sequence[str],
    *,
    batch_size: int,
    threads: int,
    hooks: Hooks,
) -> dict[str, float]:
    """The averages over rows of a program's results, by name. The bits do not depend on who listens."""
    hooks.call("on_test_begin", {})
    if hooks.listen("on_test_batch_begin", "on_test_batch_end"):
        sums, rows = [0.0] * len(names), 0
        for batch, part in _batches(arrays, batch_size):
            hooks.call("on_test_batch_begin", batch, {})
            more = inference.evaluate(part, threads)
            sums, rows = [a + b for a, b in zip(sums, more, strict=True)], rows + len(part[0])
            hooks.call("on_test_batch_end", batch, _averages(names, sums, rows))
    else:
        sums = inference.evaluate(arrays, threads)
    figures = _averages(names, sums, len(arrays[0]))
    hooks.call("on_test_end", dict(figures))
    return figures


def _averages(names: Sequence[str], sums: list[float], rows: int) -> dict[str, float]:
    return {name: total / rows for name, total in zip(names, sums, strict=True)}


def predict(
    inference: Inference, arrays: list[np.ndarray], *, batch_size: int, threads: int, hooks: Hooks
) -> np.ndarray:
    """A program's output for every row."""
    hooks.call("on_predict_begin", {})
    if hooks.listen("on_predict_batch_begin", "on_predict_batch_end"):
        outputs = []
        for batch, part in _batches(arrays, batch_size):
            hooks.call("on_predict_batch_begin", batch, {})
            outputs.append(inference.predict(part, threads))
            hooks.call("on_predict_batch_end", batch, {"outputs": outputs[-1].copy()})
        output = np.concatenate(outputs)
    else:
        output = inference.predict(arrays, threads)
    hooks.call("on_predict_end", {})
    return output
