"""Sizes that training meets."""

LAYERS = ((32, 64), (128, 256), (512, 4096))  # (batch, features) of a tiny, a middle and a wide network
CLASSES = ((32, 10), (128, 10), (512, 1000))  # and of last layers
VECTORS = ((16_384,), (262_144,), (1 << 24,))  # parameters; the last ones are beyond the caches
