"""Inverted dropout: elements are set to 0 at random, the others made larger so that the mean stays."""

import math

import numpy as np

from fastdnn.reference.philox import philox

_MASK = (1 << 32) - 1


def dropout_threshold(rate: float) -> int:
    """⌊65536 rate + ½⌋, at most 65535: an element is dropped if its 16 random bits are below."""
    return min(math.floor(rate * 65536 + 0.5), 65535)


def dropout_keep_prob(rate: float) -> float:
    """1 - threshold / 65536: the share of elements that are kept, exactly."""
    return 1 - dropout_threshold(rate) / 65536


def dropout_bits(rows: int, cols: int, seed: int, stream: int, step: int, first_row: int = 0) -> np.ndarray:
    """The 16 bits of each element, functions of (seed, stream, step, row of the batch, column).

    Column j takes of Philox's block j // 128 * 16 + j % 16 of the row word j // 16 % 4, its low half where
    j % 128 < 64, else its high half.
    """
    key = (seed & _MASK, seed >> 32)
    bits = np.empty((rows, cols), np.uint16)
    for r in range(rows):
        blocks = {}
        for j in range(cols):
            block = j // 128 * 16 + j % 16
            if block not in blocks:
                blocks[block] = philox((block, first_row + r, step, stream), key)
            bits[r, j] = blocks[block][j // 16 % 4] >> (0 if j % 128 < 64 else 16) & 0xFFFF
    return bits


def dropout(x: np.ndarray, rate: float, seed: int, stream: int, step: int, first_row: int = 0) -> np.ndarray:
    """y = x / keep_prob where an element is kept, 0 where it is dropped."""
    x = np.asarray(x, np.float64)
    rows, cols = x.shape
    kept = dropout_bits(rows, cols, seed, stream, step, first_row) >= dropout_threshold(rate)
    return np.where(kept, x / dropout_keep_prob(rate), 0.0)


def dropout_backward(
    dy: np.ndarray, rate: float, seed: int, stream: int, step: int, first_row: int = 0
) -> np.ndarray:
    """dx = dy / keep_prob where an element was kept, 0 where it was dropped."""
    return dropout(dy, rate, seed, stream, step, first_row)
