"""Products and column sums of whole numbers: the bits of NumPy's float64, on every path.

Aim: 1,000,000 calls; every tile (rows, vectors, tail) and every side of the blocks KC, NC and MC with every
transpose 100 times or more.
"""

import itertools

import numpy as np
from arrays_for_tests import DTYPES, fresh_seed, integers
from comparator import check_bits

from fastdnn._core import kernels

from .sampling import EPILOGUES, STRIDES, TRANSPOSES, Pool, Progress, Tiles, near

AIM = 1_000_000
CHUNK = 256  # rows of column_sum's chunks


class Products:
    """Products of one type."""

    def __init__(self, rng, dtype, fill=integers):
        self.rng, self.dtype, self.tiles = rng, dtype, Tiles(dtype)
        self.pool = Pool(rng, fill, dtype)
        self.mask = Pool(rng, lambda rng, size, dtype: integers(rng, size, dtype, limit=1), dtype)

    def small(self):
        """(m, n, k) for each tile, in a random order; all of them once in a round."""
        paths = self.tiles.all_paths()
        for index in self.rng.permutation(len(paths)):
            vectors, tail, rows = paths[index]
            more = int(self.rng.integers(3)) if self.rng.random() < 0.2 else 0
            yield (
                rows,
                self.tiles.width(vectors, tail) + more * self.tiles.panel,
                int(self.rng.integers(0, 40)),
            )

    def large(self):
        """(m, n, k) at every side of the blocks."""
        t = self.tiles
        for dk, dn in itertools.product((-1, 0, 1), repeat=2):
            yield int(self.rng.integers(1, 8)), t.nc + dn, t.kc + dk
        for dm in (-1, 0, 1):
            yield t.mc + dm, int(self.rng.integers(1, 2 * t.panel)), int(self.rng.integers(64, 80))

    def call(self, m, n, k, transposes, draw):
        """The kernel's C, and NumPy's product, start and mask. `draw`: random numbers for the rest."""
        stride, epilogue = STRIDES[draw % 3], EPILOGUES[draw // 3 % 5]
        a, wide_a = self.pool.matrix(stride, *((k, m) if transposes[0] else (m, k)), draw)
        b, wide_b = self.pool.matrix(stride, *((n, k) if transposes[1] else (k, n)), draw // 7)
        wide_a, wide_b = wide_a.T if transposes[0] else wide_a, wide_b.T if transposes[1] else wide_b
        c, start, options = np.full((m, n), np.nan, self.dtype), 0.0, {}
        if epilogue == "accumulate":
            first, start = self.pool.matrix("dense", m, n, draw // 11)
            c[...] = first
        elif epilogue.startswith("bias"):
            [options["bias"]], [start] = self.pool.matrix("dense", 1, n, draw // 11)
        elif epilogue == "relu_mask":
            options["mask"] = self.mask.matrix(stride, m, n, draw // 11)[0]
        threads = 3 if draw % 256 == 0 else 1  # few, since waking a thread costs more than a call
        kernels.gemm(c, a, b, *transposes, epilogue, **options, threads=threads, by_rows=draw % 512 == 0)
        return c, (wide_a, wide_b, start), (epilogue, options.get("mask"), stride)

    def is_exact(self, m, n, k, transposes, draw, progress, seed):
        """One call; counts its paths."""
        got, (a, b, start), (epilogue, mask, stride) = self.call(m, n, k, transposes, draw)
        want = a @ b + start
        if epilogue == "bias_relu":
            want = np.maximum(want, 0)
        elif mask is not None:
            want = np.where(mask <= 0, 0, want)
        want = (want + 0.0).astype(self.dtype)  # -0.0 becomes 0.0
        if got.tobytes() != want.tobytes():
            check_bits(
                got, want, m=m, n=n, k=k, transposes=transposes, epilogue=epilogue, stride=stride, seed=seed
            )
        progress.calls += 1
        kind = (self.dtype, transposes)
        progress.paths[(*kind, epilogue)] += 1
        for path in self.tiles.paths(m, n):
            progress.paths[(*kind, "tile", path)] += 1
        t = self.tiles
        for block, size, edge in (("MC", m, t.mc), ("NC", n, t.nc), ("KC", k, t.kc)):
            progress.paths[(*kind, block, near(size, edge))] += 1

    def wanted(self):
        """The paths that must be hit."""
        for transposes in TRANSPOSES:
            kind = (self.dtype, transposes)
            yield from ((*kind, "tile", path) for path in self.tiles.all_paths())
            yield from ((*kind, epilogue) for epilogue in EPILOGUES)
            yield from ((*kind, block, side) for block in ("MC", "NC", "KC") for side in ("-1", "+0", "+1"))


class ColumnSums:
    """Column sums of one type."""

    def __init__(self, rng, dtype, pool):
        self.rng, self.dtype, self.pool, self.lanes = rng, dtype, pool, Tiles(dtype).lanes

    def sizes(self):
        """(rows, columns): every tail, around the chunks."""
        for tail in range(self.lanes):
            around = int(self.rng.integers(1, 3)) * CHUNK + int(self.rng.integers(-1, 2))
            rows = around if self.rng.random() < 0.2 else int(self.rng.integers(0, 20))
            yield rows, int(self.rng.integers(3)) * self.lanes + tail

    def is_exact(self, rows, cols, draw, progress, seed):
        x, wide = self.pool.matrix(STRIDES[draw % 3], rows, cols, draw)
        accumulate = draw % 2 == 0
        sums = self.pool.matrix("dense", 1, cols, draw // 5)[0][0].copy()
        want = (wide.sum(axis=0) + (sums if accumulate else 0)).astype(self.dtype)
        if not accumulate:
            sums.fill(np.nan)
        kernels.column_sum(sums, x, accumulate=accumulate)
        check_bits(sums, want, rows=rows, cols=cols, accumulate=accumulate, seed=seed)
        progress.calls += 1
        progress.paths[(self.dtype, "column_sum", "tail", cols % self.lanes)] += 1
        progress.paths[
            (self.dtype, "column_sum", "rows", near(rows % CHUNK or CHUNK * (rows > 0), CHUNK))
        ] += 1

    def wanted(self):
        yield from ((self.dtype, "column_sum", "tail", tail) for tail in range(self.lanes))
        yield from ((self.dtype, "column_sum", "rows", side) for side in ("-1", "+0", "below"))


def main(seconds, aim=AIM):
    """Rounds of all tiles with all transposes, the blocks' sides and the sums."""
    seed = fresh_seed()
    print(f"    FASTDNN_TEST_SEED={seed}")
    rng = np.random.default_rng(seed)
    progress = Progress(seconds, aim)
    products = [Products(rng, dtype) for dtype in DTYPES]
    sums = [ColumnSums(rng, p.dtype, p.pool) for p in products]

    def draws():
        while True:
            yield from rng.integers(2**40, size=1000).tolist()

    draw = draws()
    while progress.goes_on():
        for product, transposes in itertools.product(products, TRANSPOSES):
            for size in itertools.chain(product.small(), product.large()):
                if not progress.goes_on():
                    break
                product.is_exact(*size, transposes, next(draw), progress, seed)
        for column_sum in sums:
            for _ in range(8):
                for size in column_sum.sizes():
                    column_sum.is_exact(*size, next(draw), progress, seed)
    progress.report("exact", [path for one in (*products, *sums) for path in one.wanted()])
