"""The rows of a mini-batch."""

import numpy as np


def gather(x: np.ndarray, order: np.ndarray) -> np.ndarray:
    """y[r] = x[order[r]]."""
    return np.asarray(x)[np.asarray(order)]
