"""Random draws of rows that have nothing to do with how the rows were made.

The seed 0 is everybody's. Data drawn by `np.random.default_rng(0)` and an order drawn by the same generator
would be functions of the same bits: sorted by their uniforms, a split would put all of one class into test.
"""

import numpy as np

_STREAMS = 0x66646E6E  # "fdnn": where spawned children of a user's own SeedSequence are not


def bits(seed: int, stream: str) -> np.random.PCG64:
    """The random bits of a seed for one purpose, the same in every version of NumPy.

    >>> from fastdnn.data.draws import bits
    >>> int(bits(0, "split").random_raw()) == int(bits(0, "shift").random_raw())
    False
    """
    name = int.from_bytes(stream.encode(), "little")
    return np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(_STREAMS, name)))
