"""What the deep tests share: random operands at the price of a slice, gemm's tiles, and counters."""

import collections
import mmap
import tempfile
import time
from pathlib import Path

import numpy as np

from fastdnn._core import testing

TRANSPOSES = ((False, False), (False, True), (True, False), (True, True))
EPILOGUES = ("none", "bias", "bias_relu", "relu_mask", "accumulate")
STRIDES = ("dense", "strided", "crowded")
LARGEST = 640  # rows and columns of an operand: more than the blocks NC = KC = 512, and a tile beyond


class Pool:
    """Numbers to cut matrices from: dense ones, strided ones, and crowded ones, whose rows lie a multiple of
    512 bytes apart, for which gemm packs its operands.
    """

    def __init__(self, rng, fill, dtype):
        self.numbers = fill(rng, LARGEST * 768, dtype)
        # The oracle's, converted once and cut in the same way.
        self.wide = self.numbers.astype(np.float64)

    def matrix(self, stride, rows, cols, at):
        """(the matrix, the same in float64), beginning near `at`."""
        step = {"dense": cols, "strided": cols + 3, "crowded": -(-max(cols, 1) // 128) * 128}[stride]
        extent = max(rows - 1, 0) * step + cols
        first = at % (self.numbers.size - extent)
        return tuple(
            np.ndarray(
                (rows, cols), flat.dtype, flat, first * flat.itemsize, (step * flat.itemsize, flat.itemsize)
            )
            for flat in (self.numbers, self.wide)
        )


class Tiles:
    """How gemm cuts a product: its register tiles and blocks, from the table in use."""

    def __init__(self, dtype):
        report = testing.table_report(dtype)
        self.lanes, self.max_rows = report["lanes"], report["max_rows"]
        self.mc, self.nc, self.kc = report["blocks"]
        self.panel = self.lanes * len(self.max_rows)

    def all_paths(self):
        """(vectors, columns of the last vector or 0 for all, rows) of every function of the table."""
        return [
            (vectors, tail, rows)
            for vectors, most in enumerate(self.max_rows, 1)
            for tail in range(self.lanes)
            for rows in range(1, most + 1)
        ]

    def width(self, vectors, tail):
        """Columns for one tile of so many vectors with this tail."""
        return (vectors - 1) * self.lanes + (tail or self.lanes)

    def paths(self, m, n):
        """The tiles that a product of this size runs, as gemm.cpp cuts it: panels, then balanced rows."""
        found = set()
        widths = {min(self.panel, n % self.nc % self.panel or self.panel)} if n else set()
        if n >= self.panel:
            widths.add(self.panel)
        if n > self.nc and self.nc % self.panel:
            widths.add(self.nc % self.panel)
        heights = ({self.mc} if m > self.mc else set()) | ({m % self.mc or self.mc} if m else set())
        for width in widths:
            vectors, tail = -(-width // self.lanes), width % self.lanes
            most = self.max_rows[vectors - 1]
            for height in heights:
                tiles = -(-height // most)
                found |= {
                    (vectors, tail, height * (t + 1) // tiles - height * t // tiles) for t in range(tiles)
                }
        return found


def near(n, edge):
    """How n lies to a block: at edge - 1, edge or edge + 1, else below or above."""
    return f"{n - edge:+d}" if abs(n - edge) <= 1 else ("below" if n < edge else "above")


class Note:
    """A line of text that outlives this process: the call that is running, should it fault."""

    def __init__(self):
        with tempfile.NamedTemporaryFile(prefix="fastdnn-deep-", suffix=".txt", delete=False) as file:
            self.path = file.name
            file.truncate(1000)
            self._memory = mmap.mmap(file.fileno(), 1000)

    def write(self, *words):
        self._memory[:] = " ".join(map(str, words)).encode().ljust(1000)

    def remove(self):
        self._memory.close()
        Path(self.path).unlink()


class Progress:
    """Counts calls and paths until the time is over or the aim is reached."""

    def __init__(self, seconds, aim):
        self.aim, self.calls = aim, 0
        self.paths = collections.Counter()
        self._end = time.monotonic() + seconds

    def goes_on(self):
        return self.calls < self.aim and time.monotonic() < self._end

    def report(self, name, wanted=(), least=100):
        """Print; where the aim was reached, every wanted path must have been hit `least` times."""
        reached = self.calls >= self.aim
        print(
            f"    {name}: {self.calls:,} calls" + ("" if reached else f" of {self.aim:,} in the time given")
        )
        if not wanted:
            return
        few = [path for path in wanted if self.paths[path] < least]
        rarest = min(wanted, key=lambda path: self.paths[path])
        print(
            f"    {len(wanted) - len(few):,} of {len(wanted):,} paths {least} times or more; the rarest "
            f"{self.paths[rarest]:,} times: {rarest}"
        )
        assert not (few and reached), f"{name}: {len(few)} paths fewer than {least} times, such as {few[:5]}"
