"""Figures of what a layer gives for a batch."""

import math

import numpy as np

ACTIVITY = ("mean", "std", "min", "max", "zeros", "saturated", "dead")  # before the histogram
BINS = 16
_SEEN = 4096  # elements that a histogram looks at, or those of one row
_SMALL, _LARGE = 1e-140, 1e140  # outside, sums of squares leave the range of float64


def activity(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Of all elements mean, standard deviation, least, largest, the shares that are 0 and outside of
    [low, high]; the share of the columns in which every row is 0; and a histogram, shares of BINS equal parts
    of [least, largest], of the first and each k-th row after it.

    Shapes: x (rows, cols), the result (7 + BINS,).
    """
    x = np.asarray(x, np.float64)
    least, largest = x.min(), x.max()
    outside = np.mean((x < low) | (x > high))
    unit = _unit(x)
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = x if unit == 1 else x / unit
        moments = [unit * scaled.mean(), unit * scaled.std()]
        figures = [*moments, least, largest, np.mean(x == 0), outside, np.mean((x == 0).all(axis=0))]
        return np.array([*figures, *_histogram(scaled, least / unit, largest / unit)])


def _unit(x: np.ndarray) -> float:
    """A power of two by which squares of x neither overflow nor vanish: 1 of usual numbers, so that their
    figures keep their bits.
    """
    size = float(np.abs(x).max(initial=0.0))
    if size == 0 or not math.isfinite(size) or _SMALL < size < _LARGE:
        return 1.0
    return math.ldexp(1.0, math.frexp(size)[1] - 1)


def _histogram(x: np.ndarray, least: float, largest: float) -> np.ndarray:
    rows = min(max(_SEEN // x.shape[1], 1), len(x))
    seen = x[:: -(-len(x) // rows)]
    width = largest - least
    if not np.isfinite(width):
        return np.full(BINS, np.nan)
    places = (seen - least) * (BINS / width if width > 1e-300 else 0.0)
    return np.bincount(np.minimum(places.astype(int), BINS - 1).ravel(), minlength=BINS) / seen.size


def norm(x: np.ndarray) -> float:
    """√Σx²."""
    x = np.asarray(x, np.float64)
    unit = _unit(x)
    with np.errstate(over="ignore"):  # beyond the largest number there is
        return float(unit * np.linalg.norm(x / unit))
