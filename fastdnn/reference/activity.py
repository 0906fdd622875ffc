"""Figures of what a layer gives for a batch."""

import numpy as np

ACTIVITY = ("mean", "std", "min", "max", "zeros", "saturated", "dead")  # before the histogram
BINS = 16
_SEEN = 4096  # elements that a histogram looks at, or those of one row


def activity(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Of all elements mean, standard deviation, least, largest, the shares that are 0 and outside of
    [low, high]; the share of the columns in which every row is 0; and a histogram, shares of BINS equal parts
    of [least, largest], of the first and each k-th row after it.

    Shapes: x (rows, cols), the result (7 + BINS,).
    """
    x = np.asarray(x, np.float64)
    least, largest = x.min(), x.max()
    outside = np.mean((x < low) | (x > high))
    with np.errstate(invalid="ignore", over="ignore"):
        figures = [x.mean(), x.std(), least, largest, np.mean(x == 0), outside, np.mean((x == 0).all(axis=0))]
        return np.array([*figures, *_histogram(x, least, largest)])


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
    return float(np.linalg.norm(np.asarray(x, np.float64)))
