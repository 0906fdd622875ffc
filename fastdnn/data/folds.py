"""Cross-validation: k pairs of train and dev sets, every row in exactly one dev set."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdnn.data.groups import by_first_row, count_kinds
from fastdnn.data.split_arguments import class_numbers, shuffled, whole_number
from fastdnn.errors import expected

Indices = NDArray[np.intp]
_WHERE = "k_fold_indices"
_PASSES = 20  # over all groups, of moves and exchanges; few are needed
_MOST_PAIRS = 250_000  # of groups, beyond which greedy folds are near enough as they are


def k_fold_indices(
    n: int,
    k: int,
    *,
    stratify: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
    shuffle: bool = True,
) -> list[tuple[Indices, Indices]]:
    """Row numbers of the train and dev sets of k folds of `n` rows: every row in exactly one of the dev sets.

    n, k
        Rows, len(x), and folds from 2 to n. Dev sets have n // k rows, the first n mod k one more.
    shuffle, seed
        As in `split_indices`: the rows are put in an order that is a function of n and the seed. Without
        `shuffle` the dev sets are k neighbouring stretches of rows, of each class if stratified.
    stratify
        Class labels (n,): the sizes of any two dev sets differ by at most one row, and so do their rows of
        each class. A class of fewer than k rows is in as many dev sets as it has rows.
    groups
        Labels (n,): rows of one group go to one dev set together. The sets are then as near to n / k rows,
        and with `stratify` to a k-th of each class, as whole groups come: in the shuffled order, but the
        large ones first (by powers of two), each goes to the set that lacks most of it (the least
        Σ (rows - wanted)² / wanted, over classes and all rows); then groups are moved and exchanged while
        that makes the sum less. Every dev set has a group. Without `shuffle` and `stratify` the dev sets are
        the groups in the order of their first rows.

    Returns k pairs of int arrays. Raises TypeError or ValueError that names the argument, its value and the
    rule.

    Source: deck 000, "Train, dev, and test sets", which a small data set cannot afford; M. Stone,
    "Cross-validatory choice and assessment of statistical predictions", 1974.

    >>> from fastdnn.data import k_fold_indices
    >>> [dev.tolist() for train, dev in k_fold_indices(7, 3, shuffle=False)]
    [[0, 1, 2], [3, 4], [5, 6]]
    >>> train, dev = k_fold_indices(6, 2, groups=["a", "b", "b", "c", "a", "c"], shuffle=False)[0]
    >>> train, dev
    (array([3, 5]), array([0, 1, 2, 4]))
    """
    n = whole_number(_WHERE, "n", n, least=2, hint="pass the number of rows, len(x)")
    k = whole_number(_WHERE, "k", k, least=2, most=n, hint="5 is usual; each fold needs a row")
    order = shuffled(_WHERE, n, seed, "folds") if shuffle else np.arange(n)
    kinds = None if stratify is None else class_numbers(_WHERE, "stratify", stratify, n)[order]
    if groups is None:
        fold = _dealt(np.zeros(n, np.intp) if kinds is None else kinds, k)
    else:
        members = class_numbers(_WHERE, "groups", groups, n)[order]
        fold = _of_groups(members, kinds, k, in_order=not shuffle)
    return [(order[fold != each], order[fold == each]) for each in range(k)]


def _dealt(kinds: Indices, k: int) -> Indices:
    """The fold of each row: rows sorted by class are dealt in turn, so that sizes and classes are even."""
    by_class = np.argsort(kinds, kind="stable")
    dealt = np.arange(len(kinds)) % k
    dealt = dealt[np.lexsort((dealt, kinds[by_class]))]  # of a class, the first rows to the first fold
    fold = np.empty(len(kinds), np.intp)
    fold[by_class] = dealt
    return fold


def _of_groups(members: Indices, kinds: Indices | None, k: int, *, in_order: bool) -> Indices:
    """The fold of each row, the same for all rows of a group."""
    first, members = by_first_row(members)
    if len(first) < k:
        hint = "ask for fewer folds"
        raise ValueError(expected(_WHERE, f"at least {k} groups, one for each fold", len(first), hint))
    if in_order and kinds is None:
        return _stretches(np.bincount(members), k)[members]
    counts = count_kinds(members, np.zeros_like(members) if kinds is None else kinds)
    return _balanced(counts, k)[members]


def _stretches(sizes: Indices, k: int) -> Indices:
    """The groups in their order, cut where the rows before come nearest to a k-th each, none left empty."""
    middles = np.cumsum(sizes) - sizes / 2  # a group lies where most of it lies
    cuts = [0]
    for fold in range(1, k):
        near = int(np.searchsorted(middles, fold * sizes.sum() / k, side="right"))
        cuts.append(min(max(near, cuts[-1] + 1), len(sizes) - (k - fold)))
    return np.searchsorted(np.array(cuts), np.arange(len(sizes)), side="right") - 1


def _balanced(counts: NDArray[np.int64], k: int) -> Indices:
    """The fold of each group with rows (groups, kinds): Σ (rows - wanted)² / wanted is made small.

    The sum is over kinds, and over all rows where there are several kinds. In units in which a kind's rows
    sum to √rows, that is the sum of the squared distances to the mean.
    """
    if counts.shape[1] > 1:
        counts = np.column_stack([counts, counts.sum(axis=1)])
    scaled = counts / np.sqrt(counts.sum(axis=0))
    folds = _greedy(scaled, counts[:, -1], k)
    if len(counts) ** 2 <= _MOST_PAIRS:
        _exchange(scaled, folds, k)
    return folds


def _greedy(scaled: NDArray[np.float64], sizes: NDArray[np.int64], k: int) -> Indices:
    """Large groups first, each to the fold that then differs least: an empty one, while there is one."""
    have = np.zeros((k, scaled.shape[1]))
    folds = np.empty(len(scaled), np.intp)
    # By powers of two: sizes that all differ would leave nothing to the order, and so to the seed.
    for group in np.argsort(-np.floor(np.log2(sizes)), kind="stable"):
        cost = have @ scaled[group]  # |have + rows|² - |have|², halved, less what is the same for all folds
        folds[group] = np.argmin(cost)
        have[folds[group]] += scaled[group]
    return folds


def _exchange(scaled: NDArray[np.float64], folds: Indices, k: int) -> None:
    """Move a group, or exchange it for one of another fold, while Σ over folds of |rows|² falls."""
    have = np.zeros((k, scaled.shape[1]))
    np.add.at(have, folds, scaled)
    least = 1e-12 * float((have**2).sum())
    for _ in range(_PASSES):
        changed = False
        for group, rows in enumerate(scaled):
            moved, swapped = _changes(scaled, folds, have, group)
            to, other = int(np.argmin(moved)), int(np.argmin(swapped))
            if min(moved[to], swapped[other]) >= -least:
                continue
            here, changed = folds[group], True
            if moved[to] > swapped[other]:
                to = folds[other]
                have[here] += scaled[other]
                have[to] -= scaled[other]
                folds[other] = here
            have[here] -= rows
            have[to] += rows
            folds[group] = to
        if not changed:
            return


def _changes(
    scaled: NDArray[np.float64], folds: Indices, have: NDArray[np.float64], group: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a move of a group to each fold adds to the sum, and its exchange for each other group, halved.

    A move of a fold's only group adds: none is left empty.
    """
    here, rows = folds[group], scaled[group]
    without = have[here] - rows
    moved = (have - without) @ rows
    moved[here] = 0.0
    # For j of fold b: (rows - rowsⱼ)·(have_b - rowsⱼ - without).
    swapped = ((rows - scaled) * (have[folds] - scaled - without)).sum(axis=1)
    swapped[folds == here] = 0.0
    return moved, swapped
