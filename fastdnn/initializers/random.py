"""The random numbers of initial weights: drawn by counter, so that they depend on seed and weight alone."""

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from fastdnn import _core

_STREAM = 2  # Stream::initializer of csrc/core/philox.h
_BLOCK = 1 << 12  # values drawn at a time; weights depend on it: never change it
TRUNCATED_STD = 0.87962566103423978  # of a standard normal cut at -2 and 2


class Random:
    """The random numbers of one weight: Philox keyed by (seed, stream, number of the weight).

    Args:
        seed: of the model, 0 to 2**64 - 1.
        weight: its number in the model.
        dtype: of the arrays; the numbers are drawn as float64 and rounded once.

    >>> from fastdnn.initializers import Random
    >>> bool((Random(0, 1).normal((3,)) == Random(0, 1).normal((5,))[:3]).all())
    True
    """

    def __init__(self, seed: int, weight: int, dtype: str = "float64") -> None:
        self._seed = seed
        self._weight = weight
        self.dtype = dtype

    def _uniform(self, first: int, n: int) -> np.ndarray:
        """Values number `first`, even, to `first` + n of float64 in (0, 1), from 53 bits each."""
        return _core.random_uniform(self._seed, _STREAM, self._weight, n, first)

    def _normal(self, first: int, begin: int, end: int) -> np.ndarray:
        """Standard normal values `begin` to `end` of a block, from the uniform ones number `first` on; an
        even number begins.
        """
        n = end - begin
        radius: np.ndarray = np.sqrt(-2.0 * np.log(self._uniform(first + begin, n)))
        angle = 2.0 * np.pi * self._uniform(first + _BLOCK + begin, n)
        return radius * np.cos(angle)  # Box & Muller, 1958

    def _filled(self, shape: tuple[int, ...], block: Callable[[int, int], np.ndarray]) -> np.ndarray:
        """An array of block(first, n) after block(first, n): little memory beside it."""
        values = np.empty(math.prod(shape), self.dtype)
        for first in range(0, values.size, _BLOCK):
            n = min(_BLOCK, values.size - first)
            values[first : first + n] = block(first, n)
        return values.reshape(shape)

    def uniform(self, limit: float, shape: tuple[int, ...], center: float = 0.0) -> np.ndarray:
        """Uniform on (center - limit, center + limit)."""
        return self._filled(shape, lambda first, n: center + limit * (2.0 * self._uniform(first, n) - 1.0))

    def normal(self, shape: tuple[int, ...], std: float = 1.0, mean: float = 0.0) -> np.ndarray:
        """Normal."""
        return self._filled(shape, lambda first, n: mean + std * self._normal(2 * first, 0, n))

    def truncated_normal(self, std: float, shape: tuple[int, ...], mean: float = 0.0) -> np.ndarray:
        """Normal, drawn again beyond two of its deviations, scaled so that the result has deviation `std`."""
        kept = self._kept_normals(math.prod(shape))
        left = np.empty(0)

        def block(first: int, n: int) -> np.ndarray:
            nonlocal left
            while left.size < n:
                left = np.concatenate([left, next(kept)])
            now, left = left[:n], left[n:]
            return mean + std / TRUNCATED_STD * now

        return self._filled(shape, block)

    def _kept_normals(self, wanted: int) -> Iterator[np.ndarray]:
        """Normal values without end, less those beyond two deviations (4.6 %); at first no more of a block
        than will do, as a rule.
        """
        enough = min(_BLOCK, 2 * math.ceil(0.53 * wanted) + 64)
        parts = [(0, enough), (enough, _BLOCK)] if enough < _BLOCK else [(0, _BLOCK)]
        for first in itertools.count(0, 2 * _BLOCK):
            for begin, end in parts:
                normal = self._normal(first, begin, end)
                yield normal[np.abs(normal) <= 2.0]
