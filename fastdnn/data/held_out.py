"""The part of the training data that `fit(validation_split=)` holds out."""

import math
import warnings
from collections.abc import Callable

import numpy as np

from fastdnn.errors import expected
from fastdnn.sources import Feed


def hold_out_tail(
    where: str, feed: Feed, share: float, labels: Callable[[Feed], list[np.ndarray]]
) -> tuple[Feed, Feed | None]:
    """Split off the last rows, as Keras does: the first floor(n (1 - share)) stay; with a share of 0 all do.

    Warns when a class is missing from either part, in the targets that are `labels`: the rows are then
    sorted, or too few.

    Raises:
        ValueError: the share is not in [0, 1), or leaves nothing on one side.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
        raise ValueError(expected(where, "0 <= validation_split < 1", repr(share)))
    if share == 0:
        return feed, None
    rows = feed.rows
    kept = math.floor(rows * (1 - share))
    if kept in (0, rows):
        hint = "give validation_data=(x, y) instead"
        raise ValueError(
            expected(where, f"validation_split to leave rows on both sides of {rows}", share, hint)
        )
    train, held_out = feed.part(0, kept), feed.part(kept)
    for one, other in zip(labels(train), labels(held_out), strict=True):
        _warn_of_missing_classes(one, other)
    return train, held_out


def _warn_of_missing_classes(train: np.ndarray, held_out: np.ndarray) -> None:
    apart = set(np.unique(train).tolist()) ^ set(np.unique(held_out).tolist())
    if apart:
        warnings.warn(
            f"[fit] classes {sorted(apart)} are in only one of the two parts of validation_split, which "
            "takes the last rows without shuffling; shuffle the rows, or use "
            "fastdnn.data.train_dev_test_split(..., stratify=y)",
            stacklevel=6,
        )
