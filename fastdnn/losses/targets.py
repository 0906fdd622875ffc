"""Targets that a loss is not defined for, refused by row and value."""

from collections.abc import Callable

import numpy as np

from fastdnn.errors import expected

_BLOCK = 1 << 20  # elements looked at at a time: a target may be a memory map


def refuse_others(
    where: str,
    target: np.ndarray,
    right: Callable[[np.ndarray], np.ndarray],
    wanted: str,
    hint: str = "",
) -> None:
    """Raise where a number of the targets is not `right`, naming the first."""
    rows = max(1, _BLOCK // target.shape[1])
    for begin in range(0, len(target), rows):
        block = target[begin : begin + rows]
        fits = right(block)
        if not fits.all():
            row, column = np.argwhere(~fits)[0]
            got = f"{block[row, column]} in row {begin + row}, column {column}"
            raise ValueError(expected(where, wanted, got, hint))


def refuse_no_chances(where: str, target: np.ndarray) -> None:
    """Raise unless all targets are from 0 to 1."""
    hint = "-1 and 1 are labels of the hinge losses"
    refuse_others(
        where, target, lambda y: (y >= 0) & (y <= 1), "y as 0 and 1, or probabilities between", hint
    )


def refuse_no_distributions(where: str, target: np.ndarray) -> None:
    """Raise unless each row is >= 0 and has the sum 1, within 0.001."""
    refuse_others(where, target, lambda y: y >= 0, "y >= 0, a distribution over the outputs")
    rows = max(1, _BLOCK // target.shape[1])
    for begin in range(0, len(target), rows):
        sums = target[begin : begin + rows].sum(axis=1, dtype=np.float64)
        off = np.abs(sums - 1) > 1e-3
        if off.any():
            row = int(np.argmax(off))
            got = f"the sum {sums[row]:g} in row {begin + row}"
            raise ValueError(expected(where, "rows of y with the sum 1", got))


def refuse_no_signs(where: str, target: np.ndarray) -> None:
    """Raise unless the targets are -1 and 1, or 0 and 1."""
    wanted = "y as labels -1 and 1, or 0 and 1"
    refuse_others(where, target, lambda y: (y == -1) | (y == 0) | (y == 1), wanted)
    if (target == -1).any():
        refuse_others(where, target, lambda y: y != 0, wanted, "there are -1 and 0 in it")
