"""The networks that are timed, as data."""

from fastdnn.benchmark.networks.network import Network, Targets

MNIST = Network("mnist", (784, 256, 128, 10), batch=128, batches=32)
WIDE = Network("wide", (1024, 4096, 4096, 1000), batch=512, batches=2)
DIGITS = Network("digits", (64, 512, 10), batch=64, batches=64)
_ALL = (
    Network("tiny", (64, 64, 64, 10), batch=32, batches=128),
    MNIST,
    Network("bn+dropout", (784, 512, 512, 10), batch=256, batches=16, batch_norm=True, dropout=0.5),
    WIDE,
    DIGITS,
    Network("table", (30, 64, 32, 1), batch=256, batches=64, loss="squared_error"),
    Network("deep", (128, *[128] * 8, 10), batch=64, batches=64),
)
PREDICTION_ROWS = (1, 32, 1024)

# For threads: of the floor at most, of a peer's time at least, on Zen 4 and 5 with near cores.
STEP_TARGETS: dict[str, Targets] = {
    "tiny": {1: {"floor": 2.0, "jax": 2.0, "torch": 15.0}},
    "mnist": {
        1: {"floor": 1.25, "jax": 1.15, "torch": 2.4},
        2: {"floor": 1.35, "jax": 1.3, "torch": 2.8},
    },
    "wide": {
        1: {"floor": 1.22, "jax": 1.15, "torch": 2.0},
        2: {"floor": 1.28, "jax": 1.12, "torch": 2.3},
    },
    "bn+dropout": {2: {"torch": 3.0}},
}
PREDICTION_TARGETS: dict[int, Targets] = {
    1: {1: {"onnxruntime": 1 / 1.5}},
    32: {1: {"onnxruntime": 1 / 1.1}},
    1024: {1: {"onnxruntime": 1 / 1.1}},
}
MEMORY_TARGETS: Targets = {threads: {"torch": 1.0} for threads in (1, 2)}


def networks() -> list[Network]:
    """All of them.

    >>> from fastdnn.benchmark.networks.catalog import networks
    >>> [network.name for network in networks()][:2]
    ['tiny', 'mnist']
    """
    return list(_ALL)
