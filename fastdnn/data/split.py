"""Train, dev and test sets: shuffled by a seed, by fractions or counts, stratified, groups kept together."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdnn.checks import refuse_masked
from fastdnn.data.frames import is_frame
from fastdnn.data.groups import split_groups
from fastdnn.data.sparse import is_sparse
from fastdnn.data.split_arguments import class_numbers, shuffled, whole_number

Indices = NDArray[np.intp]
Counts = NDArray[np.int64]
_WHERE = "split_indices"


class Split(NamedTuple):
    """The three sets, each a tuple of arrays in the order given; a set without rows has arrays of length 0.

    >>> import numpy as np
    >>> from fastdnn.data import train_dev_test_split
    >>> split = train_dev_test_split(np.eye(10), np.arange(10), dev=2, test=0)
    >>> x_dev, y_dev = split.dev
    >>> x_dev.shape, y_dev.shape, len(split.train[0]), len(split.test[0])
    ((2, 10), (2,), 8, 0)
    """

    train: tuple[Any, ...]
    dev: tuple[Any, ...]
    test: tuple[Any, ...]


def train_dev_test_split(
    *arrays: Any,
    dev: float = 0.1,
    test: float = 0.1,
    stratify: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
    shuffle: bool = True,
) -> Split:
    """Split arrays along their first axis into train, dev and test sets.

    The options are those of `split_indices`, which says how rows are chosen; `n` is the common length. The
    parts are copies. Every array is split by the same rows, so `x`, `y`, weights and row numbers stay
    together. Data frames stay data frames, and sparse matrices in rows (CSR) sparse.

    Raises ValueError or TypeError when there is no array, when their lengths differ, or for the reasons of
    `split_indices`.

    >>> import numpy as np
    >>> from fastdnn.data import train_dev_test_split
    >>> x, y = np.arange(200.0).reshape(100, 2), np.arange(100) % 4
    >>> train, dev, test = train_dev_test_split(x, y, dev=0.2, test=0.2, stratify=y)
    >>> train[0].shape, dev[0].shape, test[0].shape
    ((60, 2), (20, 2), (20, 2))
    >>> np.bincount(test[1])
    array([5, 5, 5, 5])
    >>> (x_train, y_train), _, (x_test, y_test) = train_dev_test_split(x, y, dev=0, test=0.3)     # 70:30
    >>> len(x_train), len(x_test)
    (70, 30)
    """
    where = "[train_dev_test_split]"
    if not arrays:
        raise TypeError(f"{where} expected at least one array, got none; call train_dev_test_split(x, y)")
    for position, array in enumerate(arrays):
        refuse_masked("train_dev_test_split", f"array {position}", array)
    columns = [array if is_frame(array) or is_sparse(array) else np.asarray(array) for array in arrays]
    for position, column in enumerate(columns):
        if len(column.shape) == 0:
            raise TypeError(
                f"{where} array {position}: expected rows, got {type(arrays[position]).__name__}; "
                "for data that NumPy does not hold, index it yourself with split_indices"
            )
    lengths = [int(column.shape[0]) for column in columns]
    if len(set(lengths)) != 1:
        raise ValueError(
            f"{where} expected arrays of one length, got lengths {lengths}; row i of each belongs together"
        )
    chosen = split_indices(
        lengths[0], dev=dev, test=test, stratify=stratify, groups=groups, seed=seed, shuffle=shuffle
    )
    return Split(*(tuple(_taken(column, rows) for column in columns) for rows in chosen))


def _taken(column: Any, rows: Indices) -> Any:
    """These rows of an array, a sparse matrix or a data frame, as one of its kind."""
    if hasattr(column, "iloc"):  # pandas
        return column.iloc[rows]
    if hasattr(column, "column_names"):  # pyarrow
        return column.take(rows)
    return column.tocsr()[rows] if hasattr(column, "tocsr") else column[rows]


def split_indices(
    n: int,
    *,
    dev: float = 0.1,
    test: float = 0.1,
    stratify: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
    shuffle: bool = True,
) -> tuple[Indices, Indices, Indices]:
    """Row numbers of the train, dev and test sets of `n` rows: every row in exactly one of them.

    dev, test
        A float in [0, 1) is a fraction of `n`, rounded to the nearest row, halves up; an int is a count of
        rows. Either may be 0. Train is the rest and has at least one row.
    shuffle, seed
        With `shuffle` the rows are put in the order of n random 64-bit numbers drawn from NumPy's PCG64, the
        same in every version: a seed means the same split everywhere. They are a stream of their own: data
        drawn by `np.random.default_rng(seed)` is no less at random. Without `shuffle` train has the first
        rows, then dev, then test, each in the original order (for rows sorted by time or by writer).
    stratify
        Class labels (n,), or sources, or any other kinds: each set has each class in proportion, the counts
        by largest remainder, ties to the class that sorts first. The totals stay exactly those asked for.
        Each class has at least one row in train, then in dev, then in test, as far as its rows go and as long
        as that set has a row for every class that can be there.
    groups
        Labels (n,): rows of one group (a patient, a writer, a day) go to one set together, since rows that
        are alike on both sides of a split flatter. The sets then have about as many rows as asked for, and
        with `stratify` about the classes, as near as whole groups come in one pass: in the shuffled order,
        but the large ones first (by powers of two), each goes to the set that lacks most of it (the least
        Σ (rows - wanted)² / wanted). Every set that is asked for has a group. Without `shuffle` and
        `stratify`, train has the first groups, then dev, then test.

    Returns three int arrays. Raises TypeError or ValueError that names the argument, its value and the rule.

    Source of the worked numbers: with a million rows 98:1:1 or even 99.5:0.4:0.1, since 10,000 rows are
    enough to compare models (A. Ng, Improving Deep Neural Networks, "Train/Dev/Test Sets"; decks 000, 002).

    >>> from fastdnn.data import split_indices
    >>> [len(rows) for rows in split_indices(1_000_000, dev=0.01, test=0.01)]
    [980000, 10000, 10000]
    >>> [len(rows) for rows in split_indices(1_000_000, dev=0.004, test=0.001)]
    [995000, 4000, 1000]
    >>> split_indices(5, dev=1, test=1, shuffle=False)
    (array([0, 1, 2]), array([3]), array([4]))
    >>> split_indices(6, dev=2, test=0, groups=["a", "b", "b", "a", "c", "c"], shuffle=False)[1]
    array([4, 5])
    """
    n = whole_number(_WHERE, "n", n, least=1, hint="pass the number of rows, len(x)")
    dev_rows, test_rows = _rows("dev", dev, n), _rows("test", test, n)
    if dev_rows + test_rows >= n:
        raise ValueError(
            f"[split_indices] dev + test: expected to leave at least one of {n} rows for train, "
            f"got dev={dev!r} ({dev_rows} rows) and test={test!r} ({test_rows} rows); make them smaller"
        )
    order = shuffled(_WHERE, n, seed, "split") if shuffle else np.arange(n)
    if groups is not None:
        members = class_numbers(_WHERE, "groups", groups, n)[order]
        kinds = None if stratify is None else class_numbers(_WHERE, "stratify", stratify, n)[order]
        wanted = (n - dev_rows - test_rows, dev_rows, test_rows)
        part = split_groups(members, kinds, wanted, in_order=not shuffle)
        return order[part == 0], order[part == 1], order[part == 2]
    if stratify is None:
        train_rows = n - dev_rows - test_rows
        return order[:train_rows], order[train_rows : n - test_rows], order[n - test_rows :]
    part = _stratified(class_numbers(_WHERE, "stratify", stratify, n)[order], dev_rows, test_rows)
    return order[part == 0], order[part == 1], order[part == 2]


def _stratified(classes: Indices, dev: int, test: int) -> NDArray[np.int8]:
    """The set (0 train, 1 dev, 2 test) of each row: of a class first train, then dev, then test."""
    sizes = np.bincount(classes).astype(np.int64)
    test_share = _share(sizes, test, earlier=2 if dev else 1)
    dev_share = _share(sizes - test_share, dev, earlier=1)
    by_class = np.argsort(classes, kind="stable")
    rank = np.empty(len(classes), np.int64)
    rank[by_class] = np.arange(len(classes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first_test = sizes - test_share
    first_dev = first_test - dev_share
    return (rank >= first_dev[classes]).astype(np.int8) + (rank >= first_test[classes])


def _share(available: Counts, total: int, earlier: int) -> Counts:
    """How many rows each class gives to a set of `total` rows, keeping one for each of the `earlier` sets."""
    least = np.minimum(np.maximum(available - earlier, 0), 1)
    if least.sum() > total:  # fewer rows than classes: proportion alone decides
        least = np.zeros_like(least)
    most = available
    for kept in range(earlier, 0, -1):
        if np.maximum(available - kept, 0).sum() >= total:  # else the earlier sets cannot hold every class
            most = np.maximum(available - kept, 0)
            break
    return _apportion(available, total, least, most)


def _apportion(sizes: Counts, total: int, least: Counts, most: Counts) -> Counts:
    """Whole numbers near total·sizes/Σsizes that sum to `total`, with least <= share <= most.

    Largest remainder, in integers, so that no rounding decides between two classes.
    Requires Σleast <= total <= Σmost.
    """
    n = int(sizes.sum())
    shares = np.clip(sizes * total // n, least, most)
    while missing := total - int(shares.sum()):
        sign = 1 if missing > 0 else -1
        room = most - shares if sign > 0 else shares - least
        free = np.flatnonzero(room)
        if abs(missing) < len(free):  # one each, the class farthest from its quota first
            distance = sign * (sizes * total - shares * n)[free]
            shares[free[np.argsort(-distance, kind="stable")[: abs(missing)]]] += sign
        else:  # the bounds left many rows to the other classes, which take them in proportion
            bulk = abs(missing) * sizes[free] // sizes[free].sum()
            shares[free] += sign * np.minimum(bulk, room[free])
    return shares


def _rows(name: str, value: float, n: int) -> int:
    """The number of rows that a fraction or a count stands for."""
    if not isinstance(value, (float, np.floating)):
        hint = "an int counts rows, a float in [0, 1) is a fraction"
        return whole_number(_WHERE, name, value, least=0, most=n, hint=hint)
    if not 0 <= value < 1:
        raise ValueError(
            f"[split_indices] {name}: expected a fraction in [0, 1) or an int of rows, got {value!r}; "
            f"for a count of rows pass an int, such as {name}=1000"
        )
    rows = math.floor(float(value) * n + 0.5)
    if rows == 0 and value > 0:
        raise ValueError(
            f"[split_indices] {name}: expected a fraction that is at least one of {n} rows, got {value!r}; "
            f"pass {name}=1 for one row or {name}=0 for none"
        )
    return rows
