"""Random numbers by counter: Philox4x32-10 (Salmon et al., SC 2011), and the order of an epoch."""

import numpy as np

_MASK = (1 << 32) - 1
_SHUFFLE = 1  # Stream::shuffle of csrc/core/philox.h


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Ten rounds on one counter."""
    c, (k0, k1) = counter, key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = ((p1 >> 32) ^ c[1] ^ k0, p1 & _MASK, (p0 >> 32) ^ c[3] ^ k1, p0 & _MASK)
        k0, k1 = (k0 + 0x9E3779B9) & _MASK, (k1 + 0xBB67AE85) & _MASK
    return c


def random_words(seed: int, stream: int, step: int, n: int) -> np.ndarray:
    """The first n 32-bit values of (seed, stream, step)."""
    key = (seed & _MASK, seed >> 32)
    words: list[int] = []
    for block in range((n + 3) // 4):
        words += philox((block & _MASK, block >> 32, step, stream), key)
    return np.array(words[:n], dtype=np.uint32)


def random_uniform(seed: int, stream: int, step: int, n: int) -> np.ndarray:
    """The first n numbers of (seed, stream, step) between 0 and 1: (b + 1/2) / 2⁵³ of 53 bits b of two words
    each.
    """
    words = random_words(seed, stream, step, 2 * n).astype(np.uint64)
    bits = (words[0::2] << np.uint64(21)) ^ (words[1::2] >> np.uint64(11))
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def random_permutation(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order of 0..n-1 in an epoch: Fisher and Yates from the last element down, with 64 bits a draw."""
    order = np.arange(n, dtype=np.int32)
    words = random_words(seed, _SHUFFLE, epoch, 2 * max(n - 1, 0)).tolist()
    for i in range(n - 1, 0, -1):
        draw = n - 1 - i
        r = words[2 * draw] | (words[2 * draw + 1] << 32)
        j = (r * (i + 1)) >> 64
        order[i], order[j] = order[j], order[i]
    return order
