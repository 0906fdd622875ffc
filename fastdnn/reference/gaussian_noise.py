"""Normal deviates added to what passes."""

import numpy as np

from fastdnn.reference.philox import philox

_MASK = (1 << 32) - 1


def _radius(word: int) -> float:
    """√(-2 ln u), u = (word + ½) / 2³²; beyond one half by 1 - u, which is exact."""
    if word < 1 << 31:
        return float(np.sqrt(-2 * np.log((word + 0.5) / 2**32)))
    return float(np.sqrt(-2 * np.log1p(-(_MASK - word + 0.5) / 2**32)))


def _direction(word: int) -> tuple[float, float]:
    """cos φ, sin φ of φ = 2π (word + ½) / 2³², the word read as signed; quarter turns by whole numbers."""
    quarters = (word + (1 << 29)) >> 30
    x = 2 * np.pi * (word - (quarters << 30) + 0.5) / 2**32
    c, s = float(np.cos(x)), float(np.sin(x))
    return ((c, s), (-s, c), (-c, -s), (s, -c))[quarters % 4]


def normal_deviates(
    rows: int, cols: int, seed: int, stream: int, step: int, first_row: int = 0
) -> np.ndarray:
    """The standard normal deviate of each element: a function of (seed, stream, step, row of the batch,
    column).

    Columns j with the same j // 64 and j % 16 share Philox's block j // 64 * 16 + j % 16 of the row: the
    words 0 and 1 where j % 64 < 32, else 2 and 3. The first of the two gives the radius, the other the
    direction, of which the cosine is for j % 32 < 16, the sine for the rest.

    Source: Box & Muller, "A note on the generation of random normal deviates", Ann. Math. Stat. 29, 1958.
    """
    key = (seed & _MASK, seed >> 32)
    z = np.empty((rows, cols))
    for r in range(rows):
        for block in range(-(-cols // 64) * 16):
            words = philox((block, first_row + r, step, stream), key)
            for pair in (0, 1):
                radius, ends = _radius(words[2 * pair]), _direction(words[2 * pair + 1])
                for half in (0, 1):
                    j = block // 16 * 64 + 32 * pair + 16 * half + block % 16
                    if j < cols:
                        z[r, j] = radius * ends[half]
    return z


def gaussian_noise(
    x: np.ndarray, stddev: float, seed: int, stream: int, step: int, first_row: int = 0
) -> np.ndarray:
    """y = x + stddev z."""
    x = np.asarray(x, np.float64)
    rows, cols = x.shape
    return x + stddev * normal_deviates(rows, cols, seed, stream, step, first_row)
