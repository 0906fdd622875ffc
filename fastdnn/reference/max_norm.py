"""The max-norm constraint on a weight matrix."""

import numpy as np


def max_norm(w: np.ndarray, limit: float, axis: int = 0) -> np.ndarray:
    """Each column (axis 0) or row (axis 1) of Euclidean norm above `limit` times limit / norm."""
    w = np.asarray(w, np.float64)
    norm = np.sqrt((w**2).sum(axis=axis, keepdims=True))
    above = norm > limit
    scale = np.divide(limit, norm, out=np.ones_like(norm), where=above)
    return np.where(above, w * scale, w)
