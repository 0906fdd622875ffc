"""The threads of NumPy's products, which NumPy itself cannot set.

threadpoolctl sets them while a process runs. Without it they are set by environment variables, which are read
when NumPy is imported: then there is a process for each number of threads.
"""

import importlib
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from fastdnn.benchmark.machine import version_of

_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True)
class Limiter:
    """How NumPy's threads are limited.

    Attributes:
        limit: a context in which NumPy's products use a number of threads.
        method: says it to people.
    """

    limit: Callable[[int], AbstractContextManager[Any]]
    method: str


def limiter(threads: Sequence[int]) -> Limiter | None:
    """What can limit NumPy to each of these numbers in this process, or None.

    >>> from fastdnn.benchmark.numpy_threads import limiter
    >>> found = limiter([1])
    >>> if found is not None:
    ...     with found.limit(1):
    ...         pass  # np.matmul(...)
    """
    version = version_of("threadpoolctl")
    if version is not None:
        control: Any = importlib.import_module("threadpoolctl")
        return Limiter(
            lambda count: control.threadpool_limits(count, user_api="blas"), f"threadpoolctl {version}"
        )
    if len(threads) == 1 and all(os.environ.get(name) == str(threads[0]) for name in _VARIABLES):
        return Limiter(lambda count: nullcontext(), "environment variables, set before NumPy was imported")
    return None


def environment(threads: int) -> dict[str, str]:
    """The variables for a process whose NumPy uses `threads`.

    >>> from fastdnn.benchmark.numpy_threads import environment
    >>> environment(2)["OPENBLAS_NUM_THREADS"]
    '2'
    """
    return dict.fromkeys(_VARIABLES, str(threads))
