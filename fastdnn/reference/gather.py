"""The rows of a mini-batch."""

import numpy as np


def gather(x: np.ndarray, order: np.ndarray) -> np.ndarray:
    """y[r] = x[order[r]]."""
    return np.asarray(x)[np.asarray(order)]


def gather_features(
    x: np.ndarray,
    order: np.ndarray,
    mean: np.ndarray | None = None,
    std: np.ndarray | None = None,
    scale: float = 1.0,
) -> np.ndarray:
    """y[r] = (x[order[r]] - mean) / std scale, column by column; without mean or std where they are None."""
    y = gather(x, order).astype(np.float64)
    if mean is not None:
        y = y - np.asarray(mean, np.float64)
    if std is not None:
        y = y / np.asarray(std, np.float64)
    return y * scale
