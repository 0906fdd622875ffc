"""Norms of a vector."""

import math

import numpy as np


def l1_norm(x: np.ndarray) -> float:
    """Σ |x|, rounded once."""
    return _exact_sum(np.abs(np.asarray(x, np.float64)))


def l2_norm(x: np.ndarray) -> float:
    """√Σ x², of numbers scaled to 1, so that no square leaves the range."""
    largest = max_abs(x)
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * math.sqrt(_exact_sum((np.asarray(x, np.float64) / largest) ** 2))


def max_abs(x: np.ndarray) -> float:
    """Max |x|; 0 of nothing."""
    return float(np.abs(np.asarray(x, np.float64)).max(initial=0.0))


def clip_scale(norm: float, limit: float) -> float:
    """What brings a gradient's norm down to `limit`: limit / norm, or 1 where the norm is no more than it."""
    return 1.0 if norm <= limit else limit / norm


def _exact_sum(terms: np.ndarray) -> float:
    """The sum of numbers that are not negative; more than the largest number is infinity."""
    try:
        return math.fsum(terms)
    except OverflowError:
        return math.inf
