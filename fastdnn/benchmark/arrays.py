"""The arrays that kernels are timed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_PAGE = 4096
_SKIP = 17 * 64  # bytes: StaggeredBuffer's of csrc/core/aligned.h
_DRAWN = 1 << 18  # random numbers that are drawn at most; longer arrays repeat them


@dataclass(frozen=True)
class Operands:
    """The arrays of one call, in the kernel's order.

    Attributes:
        outputs: what is written.
        inputs: what is read.
        updated: what is read and written.
        scratch: memory that the kernel, and only that, needs behind its outputs.
        named: inputs that are given by name.
    """

    outputs: Sequence[np.ndarray]
    inputs: Sequence[np.ndarray]
    updated: Sequence[np.ndarray] = ()
    scratch: Sequence[np.ndarray] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> list[np.ndarray]:
        """Outputs, updated."""
        return [*self.outputs, *self.updated]

    @property
    def arguments(self) -> list[np.ndarray]:
        """Outputs, updated, inputs: of NumPy."""
        return [*self.results, *self.inputs]

    @property
    def native_arguments(self) -> list[np.ndarray]:
        """And of the kernel."""
        return [*self.results, *self.scratch, *self.inputs]

    @property
    def footprint(self) -> int:
        """Bytes of all arrays."""
        named = (value for value in self.named.values() if isinstance(value, np.ndarray))
        return sum(array.nbytes for array in (*self.native_arguments, *named))

    def moved(self) -> int:
        """Bytes that a single pass reads and writes."""
        kept = sum(array.nbytes for array in self.scratch)
        return self.footprint - kept + sum(array.nbytes for array in self.updated)


class Arrays:
    """Makes the operands of a workload.

    Args:
        dtype: of the arrays of numbers.
        seed: of what is in them.

    >>> from fastdnn.benchmark.arrays import Arrays
    >>> Arrays("float32", 0).integers(2, 3).shape
    (2, 3)
    """

    def __init__(self, dtype: str, seed: int) -> None:
        self.dtype = np.dtype(dtype)
        self._rng = np.random.default_rng(seed)

    def blank(self, *shape: int) -> np.ndarray:
        """For an output: NaN, so that what is not written shows."""
        return np.full(shape, np.nan, self.dtype)

    def zeros(self, *shape: int) -> np.ndarray:
        """Written to, so that the memory is there."""
        return np.full(shape, 0.0, self.dtype)

    def integers(self, *shape: int) -> np.ndarray:
        """Whole numbers from -3 to 3: sums of their products are exact."""
        return self._filled(shape, self._rng.integers(-3, 4, self._draws(shape)))

    def reals(self, *shape: int) -> np.ndarray:
        """Normal deviates."""
        return self._filled(shape, self._rng.standard_normal(self._draws(shape)))

    def positive(self, *shape: int) -> np.ndarray:
        """Numbers from 0.5 to 1.5."""
        return self._filled(shape, self._rng.uniform(0.5, 1.5, self._draws(shape)))

    def apart(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """The same, each beginning at another place of a page: as the engine lays out what an update goes
        through, since to a processor a load looks like an earlier store to the same place of another page.
        """
        placed = []
        for turn, array in enumerate(arrays):
            room = np.empty(array.nbytes + _PAGE + turn * _SKIP, np.uint8)
            first = -room.ctypes.data % _PAGE + turn * _SKIP
            placed.append(room[first : first + array.nbytes].view(array.dtype).reshape(array.shape))
            placed[-1][...] = array
        return placed

    def below(self, most: int, *shape: int) -> np.ndarray:
        """Labels."""
        return self._rng.integers(0, most, shape).astype(np.int32)

    def order(self, rows: int) -> np.ndarray:
        """Of the rows in an epoch."""
        return self._rng.permutation(rows).astype(np.int32)

    def one_hot(self, rows: int, classes: int) -> np.ndarray:
        """A class for each row."""
        hot: np.ndarray = self.below(classes, rows)[:, None] == np.arange(classes)
        return hot.astype(self.dtype)

    def _draws(self, shape: tuple[int, ...]) -> int:
        return min(int(np.prod(shape)), _DRAWN)

    def _filled(self, shape: tuple[int, ...], numbers: np.ndarray) -> np.ndarray:
        return np.resize(numbers.astype(self.dtype), shape)
