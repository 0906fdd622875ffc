"""What is timed: a kernel, shapes, a type, and how to see that the result is right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fastdnn import _core
from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.errors import expected

# Of long workloads with independent rows every so many-th is checked: a prime, so that all lanes are met.
_SAMPLE = 4099  # of elements
_ROW_SAMPLE = 61
_LONG = 1 << 22  # elements
FLOAT_TYPES = ("float32", "float64")
# Of a thread: more than a first-level cache holds (32 to 128 KiB), less than a second-level one (512 KiB and
# more).
ROTATED_BYTES = 256 * 1024
MOST_SETS = 64


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
        reference: what outputs and updated arrays shall become, from the updated ones and the inputs; where
            the kernel returns something, that too.
        numpy: the best lines of NumPy, from all arrays.
        variant: tells apart entries of the same kernel.
        family: the heading of the table under which it stands.
        options: for the kernel, by name.
        yardstick: what limits it: 'fma', or of memory's patterns 'read', 'copy', 'update' the nearest one.
        flops: of one call, by shape, where the yardstick is 'fma'.
        moved: bytes of one call, where it is not.
        per_element: its speed is told in elements of the first array, not bytes: arithmetic limits it.
        by_rows: each row (element of a vector) of a result depends on the same rows of the arrays only.
        returns: the reference's last result is what the call returns.
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
    family: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    yardstick: str = "copy"
    flops: Callable[..., int] | None = None
    moved: Callable[[Operands], int] = Operands.moved
    per_element: bool = False
    by_rows: bool = False
    returns: bool = False
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
        options = {**operands.named, **self.kernel.options}
        return partial(function, *operands.native_arguments, **options, threads=threads)

    def baseline(self, operands: Operands) -> Callable[[], object]:
        """NumPy's."""
        return partial(self.kernel.numpy, *operands.arguments, **operands.named)

    def work(self, operands: Operands) -> int:
        """Floating-point operations, or bytes moved, of one call."""
        return self.kernel.flops(*self.shape) if self.kernel.flops else self.kernel.moved(operands)

    def elements(self, operands: Operands) -> int | None:
        """Of the result of one call, where the speed is told in them."""
        return operands.arguments[0].size if self.kernel.per_element else None

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
        named = {name: self._checked(value) for name, value in operands.named.items()}
        wanted = self.kernel.reference(*before, *map(self._checked, operands.inputs), **named)
        returned = self.native(operands, threads)()
        results = [self._checked(array) for array in operands.results]
        if self.kernel.returns:
            results.append(np.asarray(returned, np.float64))
        for got, want in zip(results, wanted, strict=True):
            self._compare(got, np.asarray(want).reshape(got.shape))

    def _checked(self, value: Any) -> Any:
        """All of it, or a sample of the rows of a long workload, where they are independent."""
        long = self.kernel.by_rows and np.prod(self.shape) >= _LONG
        if not long or not isinstance(value, np.ndarray) or len(value) != self.shape[0]:
            return value
        return value[:: _SAMPLE if len(self.shape) == 1 else _ROW_SAMPLE]

    def _compare(self, got: np.ndarray, want: np.ndarray) -> None:
        largest = np.fmax.reduce(np.abs(want), axis=None, initial=0)  # but for NaN
        bound = self.kernel.ulps * np.finfo(self.dtype).eps * largest
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
