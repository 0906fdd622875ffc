"""Every kernel with each operand against an inaccessible page, at both ends: the bits of a call elsewhere.

Aim: 300,000 calls. A kernel that reads or writes one element too far ends the process; the file whose name is
printed before then says in which call.
"""

import numpy as np
from arrays_for_tests import DTYPES, fresh_seed
from comparator import check_bits
from kernel_calls import all_calls, arrays_for

from fastdnn._core import testing

from .sampling import Note, Progress

AIM = 300_000
ROOM = 1 << 16  # bytes between the two pages


class Guarded:
    """Memory between inaccessible pages, used again and again: making it costs more than a call."""

    def __init__(self, operands):
        self.blocks = [
            {edge: testing.guarded_array([ROOM], "uint8", edge) for edge in ("head", "tail")}
            for _ in range(operands)
        ]

    def place(self, index, array, edge, gap):
        """A copy of the array at this edge; `gap` elements lie between its rows."""
        block, itemsize = self.blocks[index][edge], array.itemsize
        rows, cols = array.shape if array.ndim == 2 else (1, array.size)
        stride = cols + (gap if array.ndim == 2 else 0)
        extent = (max(rows - 1, 0) * stride + cols) * itemsize if rows else 0
        strides = (stride * itemsize, itemsize) if array.ndim == 2 else (itemsize,)
        offset = 0 if edge == "head" else ROOM - extent
        placed = np.ndarray(array.shape, array.dtype, block, offset, strides)
        placed[...] = array
        return placed


def sizes_of(rng):
    """Sizes around lanes and tiles. c, n and r are never 0: there are kernels that need a column or a row."""
    r, m, k = rng.integers([1, 0, 0], [20, 20, 20]).tolist()
    c, n = rng.integers(1, 68, 2).tolist()
    return {"r": r, "c": c, "m": m, "n": n, "k": k}


def main(seconds, aim=AIM):
    """All calls in turn, with random sizes, ends, gaps and types."""
    seed = fresh_seed()
    note = Note()
    print(f"    FASTDNN_TEST_SEED={seed}; after a fault, {note.path} says in which call", flush=True)
    rng = np.random.default_rng(seed)
    progress = Progress(seconds, aim)
    calls = all_calls()
    guarded = Guarded(max(len(call.operands) for call in calls))
    while progress.goes_on():
        for call in calls:
            dtype, sizes = DTYPES[rng.integers(2)], sizes_of(rng)
            plain = arrays_for(rng, call, dtype, **sizes)
            edges = ["head", "tail"] if rng.random() < 0.5 else ["tail", "head"]
            placed = []
            for index, array in enumerate(plain):
                # Half of the calls have all operands at one end, the others each at a random one.
                edge = edges[0] if sizes["c"] % 2 else edges[int(rng.integers(2))]
                gap = (
                    0 if call.operands[index].kind == "@" else int(rng.integers(2)) * 3
                )  # numbers of rows are dense
                placed.append(guarded.place(index, array, edge, gap))
                progress.paths[(call.kernel, call.operands[index].name, edge)] += 1
            threads = {"threads": int(rng.choice([1, 1, 1, 3]))} if call.takes_threads else {}
            note.write(
                call.kernel, call.options, threads, dtype, sizes, *(array.strides for array in placed), edges
            )
            context = {"call": call, "sizes": sizes, "seed": seed}
            check_bits(call.run(placed, **threads), call.run(plain), operand="what is returned", **context)
            for operand, got, want in zip(call.operands, placed, plain, strict=True):
                check_bits(got, want, operand=operand.name, **context)
            progress.calls += 1
    note.remove()
    wanted = {(c.kernel, o.name, edge) for c in calls for o in c.operands for edge in ("head", "tail")}
    progress.report("guard", sorted(wanted))
