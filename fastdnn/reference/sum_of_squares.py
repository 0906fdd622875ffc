"""The square of a vector's norm."""

import math

import numpy as np


def sum_of_squares(x: np.ndarray) -> float:
    """Σ x[i]², each square rounded once, and the sum once."""
    return math.fsum(np.asarray(x, np.float64) ** 2)


def clip_scale(sum_of_squares: float, limit: float) -> float:
    """What brings a gradient's norm down to `limit`: limit / norm, or 1 where the norm is no more than it."""
    norm = math.sqrt(sum_of_squares)
    return 1.0 if norm <= limit else limit / norm
