"""What is timed: a kernel, shapes, a type, and how to see that the result is right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fastdnn import _core
from fastdnn.errors import expected

_DRAWN = 1 << 18  # random numbers that are drawn at most; longer arrays repeat them
_SAMPLE = 4099  # of long vectors every so many-th element is checked: a prime, so that all lanes are met
_LONG = 1 << 22  # elements
FLOAT_TYPES = ("float32", "float64")
# Of a thread: more than a first-level cache holds (32 to 128 KiB), less than a second-level one (512 KiB and
# more).
ROTATED_BYTES = 256 * 1024
MOST_SETS = 64


@dataclass(frozen=True)
class Operands:
    """The arrays of one call, in the kernel's order: what is written, updated in place, read."""

    outputs: Sequence[np.ndarray]
    inputs: Sequence[np.ndarray]
    updated: Sequence[np.ndarray] = ()

    @property
    def arguments(self) -> list[np.ndarray]:
        """Outputs, updated, inputs."""
        return [*self.outputs, *self.updated, *self.inputs]

    @property
    def footprint(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in self.arguments)

    @property
    def moved(self) -> int:
        """Bytes that a single pass reads and writes."""
        return self.footprint + sum(array.nbytes for array in self.updated)


class Arrays:
    """Makes the operands of a workload.

    Args:
        dtype: of the arrays of numbers.
        seed: of what is in them.

    >>> from fastdnn.benchmark.workloads import Arrays
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


# The share that is to be reached by (unit, dtype, shape, threads), or None.
Target = Callable[[str, str, tuple[int, ...], int], float | None]


def no_target(unit: str, dtype: str, shape: tuple[int, ...], threads: int) -> float | None:
    """Of kernels that have none.

    >>> from fastdnn.benchmark.workloads import no_target
    >>> no_target("avx2", "float32", (1, 1), 1)
    """
    return None


@dataclass(frozen=True)
class Kernel:
    """How one kernel is timed.

    Attributes:
        name: in `fastdnn._core.kernels`.
        shapes: the sizes to time, as `operands` takes them.
        operands: makes the arrays: operands(arrays, *shape).
        reference: what outputs and updated arrays shall become, from the updated ones and the inputs.
        numpy: the best line of NumPy, from all arrays.
        variant: tells apart entries of the same kernel.
        options: for the kernel, by name.
        yardstick: what limits it: 'fma', or of memory's patterns 'read', 'copy', 'update' the nearest one.
        flops: of one call, by shape, where the yardstick is 'fma'.
        ulps: how far a result may be off, in units of the type's epsilon times the array's largest magnitude;
            the tests have sharper bounds. 0 where it is exact.
        target: the share of the yardstick to be reached.
    """

    name: str
    shapes: Sequence[tuple[int, ...]]
    operands: Callable[..., Operands]
    reference: Callable[..., Sequence[Any]]
    numpy: Callable[..., object]
    variant: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    yardstick: str = "copy"
    flops: Callable[..., int] | None = None
    ulps: float = 0
    target: Target = no_target

    @property
    def label(self) -> str:
        """Name and variant."""
        return f"{self.name} {self.variant}".strip()

    def workloads(self, dtypes: Sequence[str] = FLOAT_TYPES) -> list["Workload"]:
        """One for each shape and type."""
        return [Workload(self, shape, dtype) for dtype in dtypes for shape in self.shapes]


@dataclass(frozen=True)
class Workload:
    """A kernel at one shape in one type."""

    kernel: Kernel
    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        return f"{self.kernel.label} {self.shape_text} {self.dtype}"

    @property
    def shape_text(self) -> str:
        """Such as 128x256x784."""
        return "x".join(map(str, self.shape))

    def operands(self, seed: int = 0) -> Operands:
        """Fresh arrays."""
        return self.kernel.operands(Arrays(self.dtype, seed), *self.shape)

    def native(self, operands: Operands, threads: int) -> Callable[[], object]:
        """The kernel's call."""
        function = getattr(_core.kernels, self.kernel.name)
        return partial(function, *operands.arguments, **self.kernel.options, threads=threads)

    def baseline(self, operands: Operands) -> Callable[[], object]:
        """NumPy's."""
        return partial(self.kernel.numpy, *operands.arguments)

    def work(self, operands: Operands) -> int:
        """Floating-point operations, or bytes moved, of one call."""
        return self.kernel.flops(*self.shape) if self.kernel.flops else operands.moved

    def sets(self, operands: Operands, threads: int) -> int:
        """How many sets of operands take turns; see `fastdnn.benchmark`."""
        wanted = -(-ROTATED_BYTES * threads // max(1, operands.footprint))
        return max(1, min(MOST_SETS, wanted))

    def check(self, threads: int = 1) -> None:
        """Run the kernel once and compare with the reference.

        Raises:
            ValueError: the results are not what they should be.
        """
        operands = self.operands()
        before = [self._checked(array).copy() for array in operands.updated]
        wanted = self.kernel.reference(*before, *map(self._checked, operands.inputs))
        self.native(operands, threads)()
        for got, want in zip([*operands.outputs, *operands.updated], wanted, strict=True):
            self._compare(self._checked(got), np.asarray(want).reshape(self._checked(got).shape))

    def _checked(self, array: np.ndarray) -> np.ndarray:
        """All of it, or a sample of a long vector, of which elements are independent."""
        return array[::_SAMPLE] if array.ndim == 1 and array.size >= _LONG else array

    def _compare(self, got: np.ndarray, want: np.ndarray) -> None:
        largest = np.fmax.reduce(np.abs(want), axis=None, initial=0)  # but for NaN
        bound = self.kernel.ulps * np.finfo(got.dtype).eps * largest
        wrong = ~(np.abs(got - want) <= bound)  # so that NaN is wrong
        if wrong.any():
            index = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise ValueError(
                expected(
                    f"bench {self}",
                    f"the reference's {want[index]!r} at {index}",
                    f"{got[index]!r}",
                    f"{np.count_nonzero(wrong):,} of {wrong.size:,} elements are wrong",
                )
            )
