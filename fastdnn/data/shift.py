"""Whether sets of rows come from the same distribution, and which features say that they do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.blocks import Features, read_features
from fastdnn.data.classifier_test import LEAST_ROWS, ClassifierTest, classifier_test
from fastdnn.data.draws import bits
from fastdnn.data.two_sample import chi_squared, holm, kolmogorov_smirnov
from fastdnn.errors import expected, unknown_name
from fastdnn.layers.layer import flag, number_in, positive_int
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

_FEW_VALUES = 10  # a feature with no more is compared as categories
_MOST_PRINTED = 20


class FeatureShift(NamedTuple):
    """How a feature differs between two sets.

    test: "ks" (Kolmogorov-Smirnov) or "chi2" (categories).
    distance: from 0 to 1: the largest distance of the cumulative distributions, or the part of one set's
        values that would have to change.
    p_value: of the test; `corrected` for the number of features (Holm).
    importance: by how much the classifier's accuracy falls when this feature is shuffled; NaN where it was
        not asked, or sees no difference.
    """

    name: str
    test: str
    distance: float
    p_value: float
    corrected: float
    importance: float
    differs: bool


@dataclass(frozen=True)
class ShiftReport(ShortRepr):
    """What `check_shift` found: prints as a verdict and a table.

    names: of the two sets.
    features: a `FeatureShift` for each, those that differ most first.
    classifier: a `ClassifierTest`, or None where it was left out or there were too few rows.
    alpha: the probability of a false alarm.
    """

    names: tuple[str, str]
    features: tuple[FeatureShift, ...]
    classifier: ClassifierTest | None
    alpha: float

    @property
    def shifted(self) -> tuple[str, ...]:
        """The features that differ, most important first."""
        return tuple(feature.name for feature in self.features if feature.differs)

    @property
    def differs(self) -> bool:
        """Whether the sets differ, in a feature or as the classifier sees them."""
        return bool(self.shifted) or (self.classifier is not None and self.classifier.differs)

    def __getitem__(self, name: str) -> FeatureShift:
        for feature in self.features:
            if feature.name == name:
                return feature
        raise unknown_name("ShiftReport", "a feature", name, [feature.name for feature in self.features])

    def verdict(self) -> str:
        """One line: whether they differ, and by what that shows."""
        pair = f"{self.names[0]} and {self.names[1]}"
        told = "" if self.classifier is None else f"; {self.classifier}"
        if not self.differs:
            return f"{pair}: no difference found in {len(self.features)} features{told}"
        return f"{pair} differ: in {len(self.shifted)} of {len(self.features)} features{told}"

    def __str__(self) -> str:
        shown = self.features[:_MOST_PRINTED]
        header = ["feature", "test", "distance", "p", "corrected p", "importance", "differs"]
        rows = [
            [
                feature.name,
                feature.test,
                f"{feature.distance:.3f}",
                f"{feature.p_value:.2g}",
                f"{feature.corrected:.2g}",
                "" if math.isnan(feature.importance) else f"{feature.importance:.3f}",
                "yes" if feature.differs else "",
            ]
            for feature in shown
        ]
        more = len(self.features) - len(shown)
        tail = [f"... and {more} more features"] if more else []
        return "\n".join([self.verdict(), table(header, rows, numeric=[2, 3, 4, 5]), *tail])


def check_shift(
    a: Any,
    b: Any,
    names: tuple[str, str] = ("a", "b"),
    *,
    feature_names: Sequence[str] | None = None,
    categorical: Sequence[int | str] | None = None,
    alpha: float = 0.01,
    classifier: bool = True,
    seed: int = 0,
    most_rows: int = 10_000,
) -> ShiftReport:
    """Whether two sets of rows come from the same distribution, and which features differ.

    Two kinds of tests, of which each has half of α:

    - for every feature a two-sample test, Kolmogorov-Smirnov, or χ² for categories, the p values corrected by
      Holm for their number: these say which features differ;
    - one classifier two-sample test (Lopez-Paz & Oquab): a small network learns to tell the sets apart, and
      its accuracy on rows that it has not seen is held against that of a coin. It sees what no single feature
      shows, such as two features that go together in one set only.

    So sets of one distribution give a false alarm with a probability of at most α, if their rows are
    independent: where several rows come from one patient or writer, give one row of each. Targets can be
    compared, too, as one more column.

    Args:
        a: (examples, features), an array, a memory map or a data frame without missing values.
        b: the same features in other rows.
        names: of the two sets, such as ("dev", "test").
        feature_names: of the features; default those of the data frame, or x0, x1, ...
        categorical: the features that are categories, by number or name; None: those that have at most 10
            values.
        alpha: α, 1e-12 <= α < 1.
        classifier: whether the network is asked; False saves its time.
        seed: of the rows that are drawn, and of the network; 0 to 2**64 - 1.
        most_rows: how many rows of each set are read, drawn at random where there are more; >= 20.

    Raises:
        ValueError: the sets are no dense tables of finite numbers with the same features, or an argument does
            not fit.

    Source: Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017; decks 001 ("Training and
    testing data should be of the same distribution(s)") and 002 ("Mismatched train/test distribution").

    >>> import numpy as np
    >>> from fastdnn.data import check_shift
    >>> rng = np.random.default_rng(0)
    >>> dev, test = rng.normal(size=(400, 3)), rng.normal(size=(400, 3))
    >>> check_shift(dev, test).differs
    False
    >>> test[:, 1] += 1
    >>> check_shift(dev, test, names=("dev", "test")).shifted
    ('x1',)
    """
    where = "check_shift"
    alpha = number_in(where, "alpha", alpha, 1e-12, 1.0)
    flag(where, "classifier", classifier)
    most = positive_int(where, "most_rows", most_rows)
    if most < LEAST_ROWS:
        raise ValueError(expected(where, f"most_rows of at least {LEAST_ROWS}", most))
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed.__index__() < 2**64:
        raise ValueError(expected(where, "a seed from 0 to 2**64 - 1", repr(seed)))
    pair = _pair(names)
    one = read_features(f"{where}, {pair[0]}", a)
    other = read_features(f"{where}, {pair[1]}", b, one.width)
    labels = _labels(one, other, feature_names)
    chosen = _categorical(labels, categorical)
    rng = np.random.Generator(bits(seed, "shift"))
    rows_a, rows_b = _drawn(one, most, rng), _drawn(other, most, rng)
    results = [
        _compared(rows_a[:, column], rows_b[:, column], None if chosen is None else column in chosen)
        for column in range(one.width)
    ]
    told = classifier_test(rows_a, rows_b, alpha / 2, seed) if classifier else None
    corrected = holm([p for _, _, p in results])
    importance = [math.nan] * one.width if told is None else told.importance
    rows = [
        FeatureShift(label, *result, p, float(weight), p < alpha / 2)
        for label, result, p, weight in zip(labels, results, corrected, importance, strict=True)
    ]
    rows.sort(key=lambda row: (not row.differs, -row.distance))
    return ShiftReport(pair, tuple(rows), told, alpha)


def _pair(names: Any) -> tuple[str, str]:
    if (
        not isinstance(names, tuple | list)
        or len(names) != 2
        or not all(isinstance(name, str) for name in names)
    ):
        raise ValueError(expected("check_shift", "names as a pair of texts", repr(names)))
    return names[0], names[1]


def _labels(a: Features, b: Features, given: Sequence[str] | None) -> list[str]:
    if given is not None:
        if isinstance(given, str) or len(given) != a.width:
            wanted = f"{a.width} feature_names, one for each feature"
            raise ValueError(expected("check_shift", wanted, repr(given)))
        return [str(name) for name in given]
    if a.names is not None and b.names is not None and a.names != b.names:
        at = next(i for i in range(a.width) if a.names[i] != b.names[i])
        got = f"{a.names[at]!r} and {b.names[at]!r} at column {at}"
        raise ValueError(expected("check_shift", "the same columns in both sets", got))
    return list(a.names or b.names or (f"x{column}" for column in range(a.width)))


def _categorical(labels: list[str], given: Sequence[int | str] | None) -> set[int] | None:
    """The numbers of the features that are categories; None where their values decide."""
    if given is None:
        return None
    if isinstance(given, str):
        raise ValueError(expected("check_shift", "categorical as a list", repr(given)))
    numbers = set()
    for item in given:
        if isinstance(item, str):
            if item not in labels:
                raise unknown_name("check_shift", "a feature in categorical", item, labels)
            numbers.add(labels.index(item))
        elif item in range(len(labels)) and not isinstance(item, bool):
            numbers.add(int(item))
        else:
            wanted = f"names or numbers from 0 to {len(labels) - 1} in categorical"
            raise ValueError(expected("check_shift", wanted, repr(item)))
    return numbers


def _drawn(features: Features, most: int, rng: np.random.Generator) -> NDArray[Any]:
    """The rows in a random order, at most so many, in float64 and finite."""
    rows = rng.permutation(features.rows)[:most]
    part = Features(features.where, features.array[np.sort(rows)], features.names)
    whole = np.concatenate([block for _, block in part.blocks()])
    return whole[np.argsort(np.argsort(rows))]


def _compared(a: NDArray[Any], b: NDArray[Any], is_category: bool | None) -> tuple[str, float, float]:
    """(test, distance, p value) of a feature; None: its values decide."""
    if is_category is None:
        is_category = len(np.unique(np.concatenate([a, b]))) <= _FEW_VALUES
    test = chi_squared if is_category else kolmogorov_smirnov
    return ("chi2" if is_category else "ks", *test(a, b))
