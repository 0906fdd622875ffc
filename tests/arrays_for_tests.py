"""Sizes, values and layouts in memory that kernel tests sweep, and the call that tries a kernel in one."""

import mmap
import os

import numpy as np
import pytest
from comparator import check_bits

from fastdnn import _core

DTYPES = ("float32", "float64")
LANES = (2, 4, 8, 16)  # elements of a vector: from 16 bytes of float64 to 64 bytes of float32
SIZES = sorted({0, 1, 2, 3, 257}.union(*({n - 1, n, n + 1, 2 * n - 1, 4 * n + 3} for n in LANES)))
WIDTHS = range(1, 68)  # each tail of each width, after none to four whole vectors
SPECIALS = (np.nan, np.inf, -np.inf, -0.0)
LAYOUTS = (
    "plain",
    "misaligned",  # one element past the alignment
    "strided",  # columns of a wider matrix
    "head",  # the first byte touches an inaccessible page
    "tail",  # the last one does
    "strided head",
    "strided tail",
    "far",  # row 2 lies more than 2^31 elements behind row 0
)

_GAP = 5  # elements between the rows of a strided matrix
_AROUND = 16  # elements on both sides of a row that must stay as they are
_FAR = 2**30 + 3  # elements from row to row of a far matrix
_NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000)  # address space without memory behind it


def shapes(layout="plain"):
    """(rows, cols) around the lanes, also without rows or columns."""
    if layout == "far":
        return [(3, 5), (3, 17)]
    return [(rows, cols) for cols in SIZES for rows in (1, 3)] + [(rows, 5) for rows in (0, 2, 17, 67)]


def integers(rng, shape, dtype, limit=8):
    """Small whole numbers: sums and products of them are exact."""
    return rng.integers(-limit, limit + 1, shape).astype(dtype)


def reals(rng, shape, dtype):
    """Normal deviates."""
    return rng.standard_normal(shape).astype(dtype)


def blank(shape, dtype):
    """An output before the call: NaN, so that what is not written shows."""
    return np.full(shape, np.nan, dtype)


def diagonals(rng, width, dtype):
    """(special, x): numbers, but row r has the special value in column r. So one call tries every index."""
    for special in SPECIALS:
        x = integers(rng, (width, width), dtype)
        np.fill_diagonal(x, special)
        yield special, x


def fresh_seed():
    """A seed that changes from run to run; FASTDNN_TEST_SEED repeats one. Failures print it."""
    return int(os.environ.get("FASTDNN_TEST_SEED") or int.from_bytes(os.urandom(4)))


def _sentinel(dtype):
    return np.iinfo(dtype).min + 7 if np.dtype(dtype).kind in "iu" else np.nan


def _memory(layout, elements, dtype):
    """Flat memory whose edge, or alignment, is where the layout wants it."""
    if layout == "far":
        try:
            size = max(elements, 1) * np.dtype(dtype).itemsize
            pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE)
        except OSError as error:
            pytest.skip(f"this system gives no {size} bytes of address space: {error}")
        return np.frombuffer(pages, dtype, elements)
    if layout.endswith(("head", "tail")):
        return _core.testing.guarded_array([elements], dtype, layout.split()[-1])
    itemsize = np.dtype(dtype).itemsize
    raw = np.empty(elements * itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + elements * itemsize].view(dtype)


def _around(layout, before, stride, rows, cols, extent):
    """Which elements of the memory are not the matrix's; of a far one those near its rows."""
    starts = before + stride * np.arange(rows)[:, None]
    if layout == "far":
        beside = np.concatenate([np.arange(-_AROUND, 0), cols + np.arange(_AROUND)])
        return (starts + beside).ravel()
    outside = np.ones(extent, bool)
    outside[starts + np.arange(cols)] = False
    return outside


class Placed:
    """Values in a layout. What lies around their rows is filled with a sentinel (NaN) and must survive."""

    def __init__(self, values, layout):
        values = np.asarray(values)
        rows, cols = values.shape if values.ndim == 2 else (1, values.size)
        dtype = values.dtype.name
        stride = {"strided": cols + _GAP, "far": _FAR}.get(layout.split()[0], cols)
        guarded = layout.endswith(("head", "tail"))
        before = {"plain": 16, "misaligned": 17, "strided": 18, "far": 16}.get(layout, 0)
        if layout == "strided tail" and rows > 0:
            before = stride - cols  # the gaps are on the left, so that the last row ends at the edge
        extent = rows * stride if guarded else before + max(rows - 1, 0) * stride + cols + _AROUND
        self._memory = _memory(layout, extent, dtype)
        self._around = _around(layout, before, stride, rows, cols, extent)
        self._memory[self._around] = _sentinel(dtype)
        itemsize = values.dtype.itemsize
        strides = (stride * itemsize, itemsize) if values.ndim == 2 else (itemsize,)
        self.array = np.ndarray(values.shape, values.dtype, self._memory, before * itemsize, strides)
        self.array[...] = values

    def check_around(self, **context):
        """Nothing was written outside of the rows."""
        __tracebackhide__ = True
        around = self._memory[self._around]
        check_bits(around, np.full_like(around, _sentinel(around.dtype)), where="around an array", **context)


def run(kernel, outputs, inputs, /, layout="plain", **options):
    """Call kernel(*outputs, *inputs, **options) with all arrays in a layout; returns copies of the outputs.

    `outputs` are the arrays at entry. The inputs, and the memory around all arrays, must stay as they were.
    """
    __tracebackhide__ = True
    context = {"kernel": kernel, "layout": layout}
    written = [None if v is None else Placed(v, layout) for v in outputs]
    read = [None if v is None else Placed(v, layout) for v in inputs]
    extra = {name: Placed(v, layout) for name, v in options.items() if isinstance(v, np.ndarray)}
    arguments = [p if p is None else p.array for p in written + read]
    kernel(*arguments, **options | {name: p.array for name, p in extra.items()})
    for placed in [*written, *read, *extra.values()]:
        if placed is not None:
            placed.check_around(**context)
    wanted = [*inputs, *(options[name] for name in extra)]
    for placed, before in zip([*read, *extra.values()], wanted, strict=True):
        if placed is not None:
            check_bits(placed.array, before, where="an input", **context)
    return [None if p is None else p.array.copy() for p in written]


def run_on_threads(kernel, outputs, inputs, /, **options):
    """`run` on 1 to 8 threads, which must give the same bits; returns the outputs."""
    __tracebackhide__ = True
    want = run(kernel, outputs, inputs, threads=1, **options)
    for threads in range(2, 9):
        got = run(kernel, outputs, inputs, threads=threads, **options)
        for one, other in zip(got, want, strict=True):
            if one is not None:
                check_bits(one, other, kernel=kernel, threads=threads)
    return want
