"""Sizes that training meets, and one that no cache holds."""

# (batch, features)
LAYERS = (
    (32, 64),
    (256, 512),
    (8192, 1024),
)  # of kernels that memory limits; the last one is beyond the caches
NETS = ((128, 256), (256, 512))  # of kernels that arithmetic limits
CLASSES = ((32, 10), (128, 10), (512, 1000))  # of last layers
FEATURES = ((256,), (4096,))
VECTORS = ((16_384,), (262_144,), (1 << 24,))  # parameters; the last ones are beyond the caches
# (batch, indices of an example, features of each, rows of the table)
LOOKUPS = ((32, 4, 16, 1000), (128, 16, 64, 50_000))
# (batch, features, entries of an example, units)
SPARSE = ((32, 1000, 10, 16), (128, 20_000, 50, 64))
