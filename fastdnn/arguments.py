"""Arguments of a model's methods, checked, and figures and shapes in the form that Keras gives them."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from fastdnn.backend import PREDICTION_BATCH
from fastdnn.data.batches import Batches
from fastdnn.errors import expected
from fastdnn.layers.layer import positive_int

_seeds: ContextVar[Iterator[int] | None] = ContextVar("fastdnn_seeds", default=None)


@contextmanager
def seeds_given(seeds: Iterator[int]) -> Iterator[None]:
    """Models that are made in the block with `seed=None` take the next of these seeds; in this thread only.

    >>> import fastdnn as fd
    >>> from fastdnn.arguments import seeds_given
    >>> with seeds_given(iter([7, 8])):
    ...     fd.Model().seed, fd.Model(seed=1).seed, fd.Model().seed
    (7, 1, 8)
    """
    token = _seeds.set(seeds)
    try:
        yield
    finally:
        _seeds.reset(token)


def checked_seed(seed: int | None) -> int:
    """The seed; of None one that `seeds_given` has, else a drawn one.

    Raises:
        ValueError: it is no whole number from 0 to 2**64 - 1.
    """
    if seed is None:
        given = _seeds.get()
        return secrets.randbits(32) if given is None else next(given)
    index = getattr(seed, "__index__", None)
    if isinstance(seed, bool) or index is None or not 0 <= index() < 2**64:
        raise ValueError(expected("model", "a seed from 0 to 2**64 - 1, or None", repr(seed)))
    return int(index())


def shapes_of(widths: Sequence[int]) -> tuple[None, int] | list[tuple[None, int]]:
    """As Keras has them: one by itself, several as a list."""
    return (None, widths[0]) if len(widths) == 1 else [(None, width) for width in widths]


def steps_or_none(where: str, name: str, steps: int | None) -> int | None:
    """A number of batches, where one is given."""
    return None if steps is None else positive_int(where, name, steps)


def refuse_steps(where: str, **steps: int | None) -> None:
    """Raise if steps are given for arrays, which are taken whole."""
    for name, given in steps.items():
        if given is not None:
            hint = "arrays are gone through whole"
            raise ValueError(expected(where, f"no {name} beside arrays", repr(given), hint))


def refuse_beside_batches(where: str, **arguments: Any) -> None:
    """Raise if an argument is given that batches bring themselves."""
    for name, given in arguments.items():
        if given is not None:
            hint = "batches are (x, y) or (x, y, sample_weight)"
            raise ValueError(
                expected(where, f"no {name} beside an x that makes batches", type(given).__name__, hint)
            )


def rows_at_a_time(where: str, batch_size: int | None) -> int:
    """How many rows an evaluation or prediction computes at a time."""
    return PREDICTION_BATCH if batch_size is None else positive_int(where, "batch_size", batch_size)


def params_of_rows(rows: int, batch_size: int) -> dict[str, Any]:
    """What callbacks of an evaluation or prediction are told."""
    return {"steps": -(-rows // batch_size), "batch_size": batch_size, "samples": rows}


def params_of_batches(batches: Batches) -> dict[str, Any]:
    """What they are told of batches that someone makes."""
    return {"steps": batches.steps, "batch_size": None, "samples": None}


def figures_as_asked(figures: dict[str, float], return_dict: bool) -> Any:
    """The figures as Keras gives them: a dictionary, a list, or the loss alone."""
    if return_dict:
        return figures
    values = list(figures.values())
    return values[0] if len(values) == 1 else values
