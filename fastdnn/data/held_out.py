"""The part of the training data that `fit(validation_split=)` holds out."""

import math
import warnings

import numpy as np

from fastdnn.errors import expected


def hold_out_tail(
    where: str, arrays: list[np.ndarray], share: float, labels: bool
) -> tuple[list[np.ndarray], list[np.ndarray] | None]:
    """Split off the last rows, as Keras does: the first floor(n (1 - share)) stay; with a share of 0 all do.

    With labels, warns when a class is missing from either part: the rows are then sorted, or too few.

    Raises:
        ValueError: the share is not in [0, 1), or leaves nothing on one side.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
        raise ValueError(expected(where, "0 <= validation_split < 1", repr(share)))
    if share == 0:
        return arrays, None
    rows = arrays[0].shape[0]
    kept = math.floor(rows * (1 - share))
    if kept in (0, rows):
        hint = "give validation_data=(x, y) instead"
        raise ValueError(
            expected(where, f"validation_split to leave rows on both sides of {rows}", share, hint)
        )
    train = [array[:kept] for array in arrays]
    held_out = [array[kept:] for array in arrays]
    if labels:
        _warn_of_missing_classes(train[1], held_out[1])
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
