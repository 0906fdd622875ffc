"""Features that give the target away: one by itself predicts what many together should."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.case import Case

ROWS = 2000  # that are looked at
LEAST_ROWS, LEAST_OF_CLASS = 50, 10  # with fewer a feature may be as good by chance
MOST_FEATURES = 5000
NEARLY_ALL = 0.999  # AUC, or R² of the values or the ranks
MOST_GIVEN = 3  # features; where more are as good, the task is easy
_WRONG = 0.005  # of what guessing gets wrong, of several classes
_SOURCE = 'Kaufman et al., "Leakage in data mining: formulation, detection, and avoidance", TKDD 6, 2012'


def given_away(case: Case) -> Advice | None:
    """A hint where one, two or three of several features predict the target nearly perfectly, each alone."""
    rows = case.train if case.train.weights is None else case.train.taken(case.train.weights > 0)
    rows = rows.drawn(ROWS, case.seed)
    width = int(rows.x.shape[1])
    if rows.sparse or len(rows) < LEAST_ROWS or not 2 <= width <= MOST_FEATURES:
        return None
    of = _of_classes if case.classifies else _of_numbers
    figures = of(np.asarray(rows.x), rows.y)
    if figures is None:
        return None
    found = np.flatnonzero(figures[1])
    if not 0 < len(found) <= min(MOST_GIVEN, width - 1):
        return None
    return _advice(found, figures[0], rows.names, len(rows))


def _advice(found: Any, seen: list[str], names: tuple[str, ...] | None, rows: int) -> Advice:
    columns = found.tolist()
    called = [f"x{column}" if names is None else names[column] for column in columns]
    one = len(columns) == 1
    text = (
        f"{'Feature' if one else 'Features'} {', '.join(called)} by {'itself' if one else 'themselves'} "
        f"{'tells' if one else 'tell'} the target nearly perfectly: see that "
        f"{'it is' if one else 'each is'} known before the target is, and was not made from it."
    )
    evidence = "; ".join(f"{name}: {seen[column]}" for name, column in zip(called, columns, strict=True))
    code = (
        "x, x_dev = np.array(x), np.array(x_dev)\n"
        f"x[:, {columns}] = x_dev[:, {columns}] = x[0, {columns}]  # always the same: as if left out\n"
        "better = fd.diagnose.fresh_copy(model)\n"
        "better.fit(x, y, epochs=20)\n"
        'print("dev loss without:", better.evaluate(x_dev, y_dev))'
    )
    return Advice("target_leakage", "hint", text, f"{evidence}, of {rows:,} training rows", code, _SOURCE)


Found = tuple[list[str], NDArray[np.bool_]]  # of each feature the figure in words, and whether it is so


def _of_classes(x: NDArray[Any], y: NDArray[Any]) -> Found | None:
    """By the AUC of yes and no; of more classes by the nearest neighbour in the feature's order."""
    labels = y.reshape(-1) if y.size == len(x) else y.argmax(axis=1)
    if y.size != len(x) and not ((y > 0.5).sum(axis=1) == 1).all():
        return None  # several yes and no
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if len(counts) < 2 or counts.min() < LEAST_OF_CLASS:
        return None
    if len(counts) == 2:
        areas = np.array([_area(column, classes.reshape(-1) == 1) for column in x.T])
        return [f"AUC {area:.4f}" for area in areas], areas > NEARLY_ALL
    wrong = np.array([_wrong(column, classes.reshape(-1)) for column in x.T])
    good = wrong < _WRONG * (1 - counts.max() / len(x))
    return [f"nearest value wrong on {share:.2%} of rows" for share in wrong], good


def _area(values: NDArray[Any], yes: NDArray[np.bool_]) -> float:
    """Under the ROC curve of a feature as a score, of either sign: by the sum of ranks (Mann-Whitney)."""
    positive = int(yes.sum())
    pairs = positive * (len(yes) - positive)
    area = (float(_ranks(values)[yes].sum()) - positive * (positive + 1) / 2) / pairs
    return max(area, 1 - area)


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """From 1 on; equal values share the mean of theirs."""
    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: NDArray[np.float64] = (ends - (counts - 1) / 2)[of.reshape(-1)]
    return ranks


def _wrong(values: NDArray[Any], classes: NDArray[Any]) -> float:
    """The share of rows whose neighbours by value have another class: of equal values the less frequent
    classes; of a value that stands alone those whose next value below and next above are both of another.
    """
    _, of = np.unique(values, return_inverse=True)
    of = of.reshape(-1)
    table = np.zeros((of.max() + 1, classes.max() + 1))
    np.add.at(table, (of, classes), 1)
    often = table.argmax(axis=1)
    counts = table.sum(axis=1)
    wrong = counts - table.max(axis=1)
    changes = np.r_[True, often[1:] != often[:-1], True]
    wrong[(counts == 1) & changes[1:] & changes[:-1]] = 1  # it stands apart from both neighbours
    # Rows at a border between two runs of a class: a rule of so many pieces has learned that many rows.
    pieces = max(0, int(changes.sum()) - 1 - table.shape[1])
    return float(max(wrong.sum(), pieces) / len(values))


def _of_numbers(x: NDArray[Any], y: NDArray[Any]) -> Found | None:
    """By R², of the values or of the ranks, whichever is higher."""
    if y.size != len(x):
        return None
    y = y.reshape(-1).astype(np.float64)
    ranked = _ranks(y)
    shares = np.array(
        [max(_explained(column.astype(np.float64), y), _explained(_ranks(column), ranked)) for column in x.T]
    )
    return [f"R² {share:.4f}" for share in shares], shares > NEARLY_ALL


def _explained(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The square of the correlation; 0 where one is constant."""
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float((a @ b) / size) ** 2 if size > 0 else 0.0
