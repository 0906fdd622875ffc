"""Each of the 2^32 float32 numbers through each activation, against the contract of kernels/activation.h."""

import time

import numpy as np
from activation_oracle import ORACLES, errors
from arrays_for_tests import fresh_seed

from fastdnn._core import kernels

CHUNK = 1 << 20
CHUNKS = (1 << 32) // CHUNK


class Worst:
    """The largest errors of one function so far."""

    def __init__(self):
        self.chunks, self.ratio, self.ulps = 0, (0.0, 0.0), (0.0, 0.0)

    def __str__(self):
        share = 100 * self.chunks / CHUNKS
        return (
            f"{share:5.1f} % of all inputs, worst {self.ulps[0]:.3f} ulp at {self.ulps[1]!r}, "
            f"{self.ratio[0]:.3f} of what is allowed at {self.ratio[1]!r}"
        )


def try_chunk(name, chunk, worst):
    """Numbers chunk, chunk + CHUNKS, ...: each chunk has all exponents, and all chunks are all numbers."""
    bits = np.arange(CHUNK, dtype=np.uint32) * np.uint32(CHUNKS) + np.uint32(chunk)
    x = bits.view(np.float32)
    y = np.full_like(x, np.nan)
    getattr(kernels, name)(y.reshape(1, -1), x.reshape(1, -1))
    ratio, ulps = errors(name, x, y)
    worst.chunks += 1
    worst.ratio = max(worst.ratio, (float(ratio.max()), float(x[ratio.argmax()])))
    worst.ulps = max(worst.ulps, (float(ulps.max()), float(x[ulps.argmax()])))


def main(seconds):
    """Chunk after chunk of all functions in turn, from one that the seed chooses."""
    seed = fresh_seed()
    print(f"    FASTDNN_TEST_SEED={seed}", flush=True)
    results = {name: Worst() for name in ORACLES}
    end, next_report = time.monotonic() + seconds, time.monotonic() + 60
    for step in range(CHUNKS):
        # an odd multiplier visits every chunk once, far from the one before
        for name, worst in results.items():
            try_chunk(name, (seed + step * 1597) % CHUNKS, worst)
        if time.monotonic() > next_report:
            print("\n".join(f"      {name:10} {worst}" for name, worst in results.items()), flush=True)
            next_report += 60
        if time.monotonic() > end:
            break
    for name, worst in results.items():
        print(f"    {name:10} {worst}", flush=True)
    wrong = [name for name, worst in results.items() if not worst.ratio[0] <= 1]
    assert not wrong, f"{wrong} are off by more than is allowed; FASTDNN_TEST_SEED={seed}"
