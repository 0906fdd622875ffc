"""Groups of rows that stay together in a split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastdnn.errors import expected

Numbers = NDArray[np.intp]


def split_groups(
    members: Numbers, kinds: Numbers | None, wanted: tuple[int, int, int], *, in_order: bool
) -> NDArray[np.int8]:
    """The set (0 train, 1 dev, 2 test) of each row, the same for all rows of a group.

    Args:
        members: of each row the number of its group, 0 to G - 1; groups rank by their first row.
        kinds: of each row the number of its class, or None.
        wanted: rows of each set; no row goes to a set of which none are wanted.
        in_order: train has the first groups, then dev, then test, where there are no kinds.

    Raises:
        ValueError: there are fewer groups than sets.

    >>> import numpy as np
    >>> from fastdnn.data.groups import split_groups
    >>> split_groups(np.array([0, 0, 1, 2, 2]), None, (3, 2, 0), in_order=True)
    array([0, 0, 0, 1, 1], dtype=int8)
    """
    first, members = by_first_row(members)
    sets = [index for index, rows in enumerate(wanted) if rows > 0]
    if len(first) < len(sets):
        wanted_text = f"at least {len(sets)} groups, one for each set"
        raise ValueError(expected("split_indices", wanted_text, len(first), "ask for fewer sets"))
    counts = count_kinds(members, np.zeros_like(members) if kinds is None else kinds)
    in_turn = in_order and kinds is None
    part = _cut(counts.sum(axis=1), wanted) if in_turn else _spread(counts, wanted, sets)
    _give_each_set_a_group(part, counts.sum(axis=1), sets)
    return part[members]


def by_first_row(members: Numbers) -> tuple[Numbers, Numbers]:
    """The first row of each group, ascending, and the groups renumbered in that order.

    >>> import numpy as np
    >>> from fastdnn.data.groups import by_first_row
    >>> by_first_row(np.array([2, 0, 2]))
    (array([0, 1]), array([0, 1, 0]))
    """
    _, first, numbers = np.unique(members, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.sort(first), rank[numbers.reshape(-1)]


def count_kinds(members: Numbers, kinds: Numbers) -> NDArray[np.int64]:
    """Rows (groups, kinds).

    >>> import numpy as np
    >>> from fastdnn.data.groups import count_kinds
    >>> count_kinds(np.array([0, 1, 1]), np.array([0, 0, 1]))
    array([[1, 0],
           [1, 1]])
    """
    groups, classes = int(members.max()) + 1, int(kinds.max()) + 1
    return np.bincount(members * classes + kinds, minlength=groups * classes).reshape(groups, classes)


def _cut(sizes: NDArray[np.int64], wanted: tuple[int, int, int]) -> NDArray[np.int8]:
    """The groups in their order, cut where the rows before come nearest to those wanted."""
    ends = np.cumsum(sizes)
    middles = ends - sizes / 2  # a group lies on the side on which most of it lies
    train, dev = wanted[0], wanted[0] + wanted[1]
    part = (middles > train).astype(np.int8) + (middles > dev)
    if wanted[2] == 0:
        part = np.minimum(part, 1)
    if wanted[1] == 0:
        part[part == 1] = 2 if wanted[2] else 0
    return part.astype(np.int8)


def _spread(counts: NDArray[np.int64], wanted: tuple[int, int, int], sets: list[int]) -> NDArray[np.int8]:
    """Each group, the large ones first, to the set where Σ (rows - wanted)² / wanted then falls most."""
    total = counts.sum()
    targets = np.array([counts.sum(axis=0) * (wanted[index] / total) for index in sets])
    have = np.zeros_like(targets)
    part = np.zeros(len(counts), np.int8)
    # By powers of two: sizes that all differ would leave nothing to the order, and so to the seed.
    octave = np.floor(np.log2(counts.sum(axis=1)))
    for group in np.argsort(-octave, kind="stable"):
        rows = counts[group]
        gain = (rows * (2 * (targets - have) - rows) / targets).sum(axis=1)
        chosen = int(np.argmax(gain))
        have[chosen] += rows
        part[group] = sets[chosen]
    return part


def _give_each_set_a_group(part: NDArray[np.int8], sizes: NDArray[np.int64], sets: list[int]) -> None:
    """Where a set got none, the smallest group of the set that has the most."""
    for index in sets:
        if (part == index).any():
            continue
        held = [np.count_nonzero(part == other) for other in range(3)]
        donors = np.flatnonzero(part == int(np.argmax(held)))
        part[donors[np.argmin(sizes[donors])]] = index
