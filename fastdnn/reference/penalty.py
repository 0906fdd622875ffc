"""What regularisers add to the loss."""

import math

import numpy as np


def penalty(w: np.ndarray, l1: float = 0.0, l2: float = 0.0, lq: float = 0.0, q: float = 1.0) -> float:
    """l1 Σ|w| + l2 Σw² + lq Σ|w|^q, q ≥ 1; a term whose factor is 0 is left out."""
    size = np.abs(np.asarray(w, np.float64)).reshape(-1)
    terms = np.zeros_like(size)
    with np.errstate(over="ignore"):
        for factor, exponent in ((l1, 1.0), (l2, 2.0), (lq, q)):
            if factor != 0:
                terms = terms + factor * size**exponent
        total = terms.sum()
    return math.fsum(terms) if np.isfinite(total) else float(total)


def penalty_backward(
    w: np.ndarray, l1: float = 0.0, l2: float = 0.0, lq: float = 0.0, q: float = 1.0
) -> np.ndarray:
    """dw = l1 sign(w) + 2 l2 w + lq q |w|^(q-1) sign(w), with sign(0) = 0."""
    w = np.asarray(w, np.float64)
    dw = np.zeros_like(w)
    with np.errstate(over="ignore"):
        for factor, exponent in ((l1, 1.0), (l2, 2.0), (lq, q)):
            if factor != 0:
                dw = dw + factor * exponent * np.abs(w) ** (exponent - 1) * np.sign(w)
    return dw
