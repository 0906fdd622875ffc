"""The gradient of a bias."""

import numpy as np


def column_sum(x: np.ndarray) -> np.ndarray:
    """sums[j] = Σ_r x[r][j]."""
    return np.asarray(x, np.float64).sum(axis=0)
