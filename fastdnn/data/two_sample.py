"""Whether two samples come from one distribution: the statistics, and the p values of their tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEAST_EXPECTED = 5.0  # of a cell, for the distribution of χ² to hold (Cochran, Biometrics 10, 1954)
_TERMS = 100
_ROUNDING = 1e-16


def kolmogorov_smirnov(a: NDArray[Any], b: NDArray[Any]) -> tuple[float, float]:
    """D = max |F_a - F_b|, the largest distance of the two cumulative distributions, and its p value.

    The p value is the limit for many rows, P(K > √(n m / (n + m)) D) of Kolmogorov's distribution. With few
    rows small ones are somewhat too large, and with values that occur more than once: that errs on the side
    of no alarm. (Stephens' correction for few rows, which is for one sample, makes them too small for two.)

    Source: Smirnov, "Table for estimating the goodness of fit of empirical distributions", Annals of
    Mathematical Statistics 19, 1948.

    >>> import numpy as np
    >>> from fastdnn.data.two_sample import kolmogorov_smirnov
    >>> kolmogorov_smirnov(np.array([1.0, 2, 3]), np.array([1.0, 2, 3]))
    (0.0, 1.0)
    >>> round(kolmogorov_smirnov(np.arange(50.0), np.arange(50.0) + 15)[0], 2)
    0.3
    """
    a, b = np.sort(a), np.sort(b)
    both = np.concatenate([a, b])
    below_a = np.searchsorted(a, both, side="right") / len(a)
    below_b = np.searchsorted(b, both, side="right") / len(b)
    distance = float(np.abs(below_a - below_b).max())
    return distance, kolmogorov_survival(math.sqrt(len(a) * len(b) / (len(a) + len(b))) * distance)


def kolmogorov_survival(x: float) -> float:
    """P(K > x) = 2 Σ (-1)^(k-1) exp(-2 k² x²) of Kolmogorov's distribution.

    Below 1 its other form, 1 - √(2π)/x Σ exp(-(2k-1)² π² / (8x²)), needs fewer terms.

    >>> from fastdnn.data.two_sample import kolmogorov_survival
    >>> [round(kolmogorov_survival(x), 4) for x in (0.0, 1.3581, 1.6276)]
    [1.0, 0.05, 0.01]
    """
    if x < 0.04:  # exp(-π²/(8x²)) underflows
        return 1.0
    if x < 1.0:
        terms = (math.exp(-(((2 * k - 1) * math.pi / x) ** 2) / 8) for k in range(1, 20))
        return 1.0 - math.sqrt(2 * math.pi) / x * sum(terms)
    total = sum((1 if k % 2 else -1) * math.exp(-2 * (k * x) ** 2) for k in range(1, _TERMS))
    return min(1.0, max(0.0, 2 * total))


def chi_squared(a: NDArray[Any], b: NDArray[Any]) -> tuple[float, float]:
    """½ Σ |p_a - p_b|, the part of one sample that would have to change, and the p value of Pearson's χ²
    test of homogeneity. Values of which either sample would have fewer than 5 are counted as one.

    >>> import numpy as np
    >>> from fastdnn.data.two_sample import chi_squared
    >>> distance, p = chi_squared(np.repeat([0, 1], [10, 30]), np.repeat([0, 1], [30, 10]))
    >>> distance, round(p, 8)
    (0.5, 7.74e-06)
    """
    values, numbers = np.unique(np.concatenate([a, b]), return_inverse=True)
    numbers = numbers.reshape(-1)
    cells = np.stack(
        [np.bincount(part, minlength=len(values)) for part in (numbers[: len(a)], numbers[len(a) :])]
    ).astype(float)
    sizes = cells.sum(axis=1, keepdims=True)
    distance = float(np.abs(cells[0] / sizes[0] - cells[1] / sizes[1]).sum() / 2)
    cells = _without_rare(cells, sizes)
    wanted = sizes * cells.sum(axis=0) / sizes.sum()
    statistic = float(((cells - wanted) ** 2 / wanted).sum())
    freedom = cells.shape[1] - 1
    return distance, gamma_survival(freedom / 2, statistic / 2) if freedom else 1.0


def _without_rare(cells: NDArray[Any], sizes: NDArray[Any]) -> NDArray[Any]:
    """The rare columns added up; if they stay rare, to the smallest of the others."""
    wanted = cells.sum(axis=0) * sizes.min() / sizes.sum()
    rare = wanted < _LEAST_EXPECTED
    if not rare.any():
        return cells
    kept, rest = cells[:, ~rare], cells[:, rare].sum(axis=1)
    if wanted[rare].sum() < _LEAST_EXPECTED and kept.shape[1]:
        kept[:, np.argmin(kept.sum(axis=0))] += rest
        return kept
    return np.column_stack([kept, rest])


def gamma_survival(shape: float, x: float) -> float:
    """Q(s, x) = ∫ₓ^∞ t^(s-1) e^-t dt / Γ(s); the p value of χ² with f degrees of freedom is Q(f/2, χ²/2).

    By its series up to x = s + 1, then by Lentz's continued fraction (Press et al., Numerical Recipes, 3rd
    edition, 6.2).

    >>> from fastdnn.data.two_sample import gamma_survival
    >>> round(gamma_survival(0.5, 3.841458820694124 / 2), 12)
    0.05
    """
    if x <= 0:
        return 1.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    return 1.0 - front * _series(shape, x) if x < shape + 1 else front * _fraction(shape, x)


def _series(shape: float, x: float) -> float:
    term = total = 1.0 / shape
    step = shape
    while term > total * _ROUNDING:
        step += 1
        term *= x / step
        total += term
    return total


def _fraction(shape: float, x: float) -> float:
    tiny = 1e-300
    b = x + 1 - shape
    c, d = 1 / tiny, 1 / b
    h = d
    for i in range(1, 10_000):
        a = -i * (i - shape)
        b += 2
        d = 1 / _away_from_zero(a * d + b, tiny)
        c = _away_from_zero(b + a / c, tiny)
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return h


def _away_from_zero(x: float, tiny: float) -> float:
    return tiny if abs(x) < tiny else x


def binomial_survival(hits: int, n: int) -> float:
    """P(X ≥ hits) of n throws of a fair coin, exact but for rounding.

    >>> from fastdnn.data.two_sample import binomial_survival
    >>> binomial_survival(9, 10), binomial_survival(0, 10)
    (0.0107421875, 1.0)
    """
    if hits <= 0:
        return 1.0
    if hits > n:
        return 0.0
    k = np.arange(1, n + 1)
    logarithms = np.concatenate([[0.0], np.cumsum(np.log(n - k + 1) - np.log(k))])[hits:] - n * math.log(2)
    top = logarithms.max()
    return min(1.0, float(math.exp(top) * np.exp(logarithms - top).sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """p values corrected for their number n: the i-th smallest times n - i + 1, and none below one before.

    Rejecting those below α makes a false alarm anywhere with a probability of at most α, whatever depends on
    what. Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian J. of
    Statistics 6, 1979.

    >>> from fastdnn.data.two_sample import holm
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(raised, 1.0)
    return [float(value) for value in corrected]
