"""The trials of the benchmark: digits, a space, and the sets of values that all searches try."""

from functools import cache
from typing import Any

import numpy as np

from fastdnn.data import load_digits, train_dev_test_split
from fastdnn.tune import Space, integers, log_uniform, one_minus_log_uniform, powers_of_two

SEED = 0
_DEV = 0.2
FEATURES, CLASSES = 64, 10

Arrays = tuple[np.ndarray, np.ndarray]


@cache
def data() -> tuple[Arrays, Arrays]:
    """(x, y) to train on, 1,438 rows, and to compare by, 359; pixels from 0 to 1, of float32.

    >>> from fastdnn.benchmark.tuning.trials import data
    >>> [len(y) for _, y in data()]
    [1438, 359]
    """
    x, y = load_digits()
    split = train_dev_test_split(x / np.float32(16), y, dev=_DEV, test=0, stratify=y, seed=SEED)
    (x_train, y_train), (x_dev, y_dev) = split.train, split.dev
    return (x_train, y_train.astype(np.int64)), (x_dev, y_dev.astype(np.int64))


def space() -> Space:
    """Of all searches.

    >>> from fastdnn.benchmark.tuning.trials import space
    >>> list(space())
    ['lr', 'beta_1', 'units', 'layers', 'batch_size']
    """
    return Space.of(
        "bench",
        {
            "lr": log_uniform(1e-4, 1e-1),
            "beta_1": one_minus_log_uniform(0.9, 0.999),
            "units": powers_of_two(32, 256),
            "layers": integers(1, 2),
            "batch_size": powers_of_two(32, 256),
        },
    )


def values(trials: int) -> list[dict[str, Any]]:
    """What a random search of fastdnn draws, which the peers are told to try, too.

    >>> from fastdnn.benchmark.tuning.trials import values
    >>> values(40)[:2] == values(2)
    True
    """
    return [space().draw(SEED, number) for number in range(trials)]


def widths(of: dict[str, Any]) -> tuple[int, ...]:
    """Units of the hidden layers."""
    units: int = of["units"]
    return (units,) * int(of["layers"])
