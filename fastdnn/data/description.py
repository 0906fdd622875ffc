"""What a table of features holds: figures of each, and what a network will have trouble with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastdnn.data.blocks import Features, Floats, read_features
from fastdnn.errors import expected, unknown_name
from fastdnn.layers.layer import number_in
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from fastdnn.diagnose.advice import Advice

_MOST_PRINTED = 40
_MOST_NAMED = 5
_UNLIKE = 10.0  # largest σ over smallest


class FeatureSummary(NamedTuple):
    """Figures of a feature, of its finite values; NaN where it has none.

    mean, std: μ and σ; σ² divides by the number of values.
    min, max: the smallest and the largest.
    missing, infinite: how many values are NaN, and infinite.
    outliers: how many values lie farther from μ than the limit of `describe`.
    """

    name: str
    mean: float
    std: float
    min: float
    max: float
    missing: int
    infinite: int
    outliers: int

    @property
    def constant(self) -> bool:
        """Whether it never changes."""
        return self.min == self.max


@dataclass(frozen=True)
class Description(ShortRepr):
    """What `describe` found: prints as a table; `description["age"]` is the row of a feature.

    rows: a `FeatureSummary` for each feature, in order.
    advice: a hint for each kind of trouble that was found; its evidence names the features.
    examples: rows of the table that was described.
    """

    rows: tuple[FeatureSummary, ...]
    advice: tuple[Advice, ...]
    examples: int

    def __getitem__(self, name: str) -> FeatureSummary:
        for row in self.rows:
            if row.name == name:
                return row
        raise unknown_name("Description", "a feature", name, [row.name for row in self.rows])

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """{feature: {figure: value}}."""
        return {row.name: row._asdict() for row in self.rows}

    def __str__(self) -> str:
        header = ["feature", "mean", "std", "min", "max", "missing", "outliers"]
        cells = [_cells(row) for row in self.rows[:_MOST_PRINTED]]
        lines = [f"{self.examples} examples of {len(self.rows)} features"]
        lines.append(table(header, cells, numeric=range(1, len(header))))
        if len(self.rows) > _MOST_PRINTED:
            lines.append(f"... and {len(self.rows) - _MOST_PRINTED} more features")
        return "\n".join([*lines, *(f"- {each.text}" for each in self.advice)])


def _cells(row: FeatureSummary) -> list[str]:
    figures = [f"{value:.4g}" for value in row[1:5]]
    return [row.name, *figures, str(row.missing + row.infinite), str(row.outliers)]


def describe(x: Any, names: Sequence[str] | None = None, *, outlier_sigmas: float = 3.0) -> Description:
    """Mean, σ, minimum, maximum, missing values and outliers of each feature, and what to mend.

    A value is an outlier when |value - μ| > `outlier_sigmas` σ: of normal features 0.27 % are. The rule needs
    no sorting, so that files beyond the memory can be described; its weakness is that many outliers in few
    rows widen σ and hide themselves (of 10 rows none can be found).

    Advice, all of it hints, since it depends on the network what they cost (the limits are rules of thumb):

    - missing, infinite: `fit` refuses them;
    - constant: no information;
    - not_centred: |μ| > σ; unlike_scales: the largest σ is more than 10 times the smallest: both make the
      loss's valleys long and narrow (decks 000, 002);
    - all_non_negative: no feature is ever below 0, so that the gradients of all weights of a neuron have one
      sign (deck 004);
    - outliers: more than 1 % of a feature's values.

    Args:
        x: (examples, features), an array, a memory map or a data frame; NaN stands for what is missing.
        names: of the features; default those of the data frame, or x0, x1, ...
        outlier_sigmas: the limit of outliers, >= 0.

    Raises:
        ValueError: `x` is no dense table of numbers, its numbers are so large that their spread is beyond
            float64, or an argument does not fit it.

    Source: deck 004, "Factors Affecting Your Training Result: data mean and standard deviation, minimum,
    maximum, noise".

    >>> import numpy as np
    >>> from fastdnn.data import describe
    >>> x = np.array([[1.0, 5.0], [3.0, 5.0], [np.nan, 5.0]])
    >>> description = describe(x, names=["age", "rate"])
    >>> print(description)
    3 examples of 2 features
    feature  mean  std  min  max  missing  outliers
    ───────  ────  ───  ───  ───  ───────  ────────
    age         2    1    1    3        1         0
    rate        5    0    5    5        0         0
    - missing values in age: drop or fill such rows
    - constant: rate, which can be left out
    - not centred (|mean| > std): age; subtract the mean, by StandardScaler or layers.Normalization
    - no value below 0 in any feature: the gradients of a neuron's weights then all have one sign; centre them
    >>> description["age"].missing, [each.kind for each in description.advice][:2]
    (1, ['missing', 'constant'])
    """
    features = read_features("describe", x)
    limit = number_in("describe", "outlier_sigmas", outlier_sigmas, 0.0, np.inf)
    labels = _labels(features, names)
    count, mean, low, high, infinite = _first_pass(features)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        std = np.sqrt(_squares(features, mean) / count)
        std[low == high] = 0.0
        _check_spread(labels, count, low, high, mean + std)
        outliers = _outliers(features, mean, limit * std)
    missing = features.rows - count - infinite
    figures = [column.tolist() for column in (mean, std, low, high)]
    numbers = [column.astype(int).tolist() for column in (missing, infinite, outliers)]
    rows = tuple(FeatureSummary(*row) for row in zip(labels, *figures, *numbers, strict=True))
    return Description(rows, tuple(_troubles(rows, features.rows)), features.rows)


def _check_spread(labels: list[str], count: Floats, low: Floats, high: Floats, figures: Floats) -> None:
    """See that the figures of features with values did not overflow."""
    bad = np.flatnonzero((count > 0) & ~np.isfinite(figures))
    if bad.size:
        got = f"{low[bad[0]]:g} to {high[bad[0]]:g} in {labels[bad[0]]!r}"
        hint = "divide it by a power of ten"
        raise ValueError(expected("describe", "features whose spread float64 holds", got, hint))


def _labels(features: Features, names: Sequence[str] | None) -> list[str]:
    if names is None:
        return list(features.names or (f"x{column}" for column in range(features.width)))
    if isinstance(names, str) or len(names) != features.width:
        raise ValueError(expected("describe", f"{features.width} names, one for each feature", repr(names)))
    return [str(name) for name in names]


def _first_pass(features: Features) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Of the finite values count, mean, minimum and maximum, and the number of infinite ones."""
    width = features.width
    count, total, infinite = np.zeros(width), np.zeros(width), np.zeros(width)
    low, high = np.full(width, np.inf), np.full(width, -np.inf)
    pivot = np.full(width, np.nan)  # the first finite value: differences to it lose no digits
    for _, block in features.blocks(finite=False):
        finite = np.isfinite(block)
        infinite += np.isinf(block).sum(axis=0)
        first = block[np.argmax(finite, axis=0), np.arange(width)]
        pivot = np.where(np.isnan(pivot) & finite.any(axis=0), first, pivot)
        count += finite.sum(axis=0)
        low = np.minimum(low, np.where(finite, block, np.inf).min(axis=0))
        high = np.maximum(high, np.where(finite, block, -np.inf).max(axis=0))
        with np.errstate(over="ignore", invalid="ignore"):
            total += np.where(finite, block - pivot, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = pivot + total / count
    none = count == 0
    low[none], high[none] = np.nan, np.nan
    return count, np.where(low == high, low, mean), low, high, infinite


def _squares(features: Features, mean: Floats) -> Floats:
    total = np.zeros(features.width)
    for _, block in features.blocks(finite=False):
        total += np.where(np.isfinite(block), np.square(block - mean), 0.0).sum(axis=0)
    return total


def _outliers(features: Features, mean: Floats, limit: Floats) -> Floats:
    total = np.zeros(features.width)
    for _, block in features.blocks(finite=False):
        total += (np.isfinite(block) & (np.abs(block - mean) > limit)).sum(axis=0)
    return total


_FILL = "rows = np.isfinite(x).all(axis=1)\nx, y = x[rows], y[rows]"
_DROP = "x = x[:, x.min(axis=0) < x.max(axis=0)]"
# The scaler stays: what comes later, dev rows and those of the finished network, goes through it as well.
_SCALE = """\
scaler = fd.data.StandardScaler().fit(x)
x, x_dev = scaler.transform(x), scaler.transform(x_dev)"""
OF_SCALES = ("not_centred", "unlike_scales", "all_non_negative")  # kinds that standardising mends
_LOOK = "print(fd.data.describe(x))"
_FEATURES = 'deck 004, "Factors Affecting Your Training Result"'
_NORMALIZING = 'deck 000, "Normalizing Inputs"; deck 002, "Normalizing Inputs"'


def _troubles(rows: Sequence[FeatureSummary], examples: int) -> list[Advice]:
    """Those that were found, in the order in which they are mended."""
    varying = [row for row in rows if row.std > 0]
    found = [
        _trouble(
            "missing", "missing values in {}: drop or fill such rows", [r for r in rows if r.missing], _FILL
        ),
        _trouble(
            "infinite",
            "infinite values in {}: drop or fill such rows",
            [r for r in rows if r.infinite],
            _FILL,
        ),
        _trouble("constant", "constant: {}, which can be left out", [r for r in rows if r.constant], _DROP),
        _trouble(
            "not_centred",
            "not centred (|mean| > std): {}; subtract the mean, by StandardScaler or layers.Normalization",
            [r for r in varying if abs(r.mean) > r.std],
            _SCALE,
            _NORMALIZING,
        ),
        _unlike_scales(varying),
        _all_non_negative(rows),
        _trouble(
            "outliers",
            "more than 1 % outliers in {}: look at them; clipping or a logarithm may help",
            [r for r in rows if r.outliers > 0.01 * examples],
            _LOOK,
        ),
    ]
    return [trouble for trouble in found if trouble is not None]


def _trouble(
    kind: str, text: str, rows: Sequence[FeatureSummary], code: str, source: str = _FEATURES
) -> Advice | None:
    return _advice(kind, text.format(_named(rows)), rows, code, source) if rows else None


def _named(rows: Sequence[FeatureSummary]) -> str:
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    return ", ".join(row.name for row in rows[:_MOST_NAMED]) + more


def _advice(kind: str, text: str, rows: Sequence[FeatureSummary], code: str, source: str) -> Advice:
    from fastdnn.diagnose.advice import Advice  # which imports this package

    return Advice(kind, "hint", text, _named(rows), code, source)


def _unlike_scales(varying: Sequence[FeatureSummary]) -> Advice | None:
    if not varying:
        return None
    small, large = (choose(varying, key=lambda row: row.std) for choose in (min, max))
    if not large.std > _UNLIKE * small.std:
        return None
    text = (
        f"unlike scales: the standard deviations go from {small.std:.3g} ({small.name}) to {large.std:.3g} "
        f"({large.name}); divide by them, by StandardScaler or layers.Normalization"
    )
    return _advice("unlike_scales", text, (small, large), _SCALE, _NORMALIZING)


def _all_non_negative(rows: Sequence[FeatureSummary]) -> Advice | None:
    if not all(row.min >= 0 for row in rows):
        return None
    text = (
        "no value below 0 in any feature: the gradients of a neuron's weights then all have one sign; "
        "centre them"
    )
    source = 'deck 004, "Data Normalization & Whitening"'
    return _advice("all_non_negative", text, rows, _SCALE, source)
