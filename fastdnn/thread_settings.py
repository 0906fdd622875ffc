"""The threads that calls use: `fit(threads=)`, else `threads(n)`, else `set_num_threads(n)`, else all.

And how they treat denormal numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import current_thread, main_thread

from fastdnn import _core
from fastdnn.errors import expected

_MAX_THREADS = 1024
_of_context: ContextVar[int] = ContextVar("fastdnn_threads", default=0)


def _checked(where: str, n: object) -> int:
    if isinstance(n, bool) or not hasattr(n, "__index__") or not 1 <= n.__index__() <= _MAX_THREADS:
        raise ValueError(
            expected(
                where,
                f"a number of threads from 1 to {_MAX_THREADS}",
                repr(n),
                "leave it out for the default",
            )
        )
    return int(n.__index__())


def set_num_threads(n: int | None) -> None:
    """Set the number of threads of all calls that name none; `None` goes back to the machine's default.

    A set number is used as given, beyond the cores too. The results do not depend on it. The default is the
    least of OMP_NUM_THREADS, the CPUs of the process, the container's quota and, in builds with OpenMP, what
    `threadpoolctl.threadpool_limits` allows this Python thread; each call takes of it what has work and what
    other calls leave; less, for a while, where other programs take so much of the cores that threads only
    wait for one another.

    Raises:
        ValueError: `n` is not a whole number from 1 to 1024.

    >>> import fastdnn as fd
    >>> fd.set_num_threads(1)
    >>> fd.get_num_threads()
    1
    >>> fd.set_num_threads(None)
    """
    _core.set_num_threads(0 if n is None else _checked("set_num_threads", n))


def get_num_threads() -> int:
    """The number of threads that a call gets which names none and has enough work for them.

    >>> import fastdnn as fd
    >>> with fd.threads(3):
    ...     fd.get_num_threads()
    3
    """
    return _of_context.get() or _core.num_threads_setting() or _core.machine_threads()[0]


def set_flush_denormal(mode: bool) -> bool:
    """Take denormal numbers for zero inside fastdnn's calls, which some processors compute with slowly.

    Numbers below 1.2e-38 (float32; 2.2e-308 float64) in magnitude are then zero, as operands and as results:
    FTZ and DAZ of x86-64, FZ of 64-bit ARM. It holds for the whole process, in every thread that computes
    for a call of the native backend, and there only: the caller's own mode is the same before and after each
    call. Off by default (IEEE 754).

    Returns:
        Whether this processor can do it; where it cannot, nothing changes.

    Raises:
        ValueError: `mode` is not True or False.

    >>> import fastdnn as fd
    >>> supported = fd.set_flush_denormal(True)
    >>> supported == fd.set_flush_denormal(False)
    True
    """
    if not isinstance(mode, bool):
        raise ValueError(expected("set_flush_denormal", "True or False", repr(mode)))
    return _core.set_flush_denormal(mode)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Use `n` threads in the calls of a `with` block, in this Python thread only.

    Raises:
        ValueError: `n` is not a whole number from 1 to 1024.

    >>> import fastdnn as fd
    >>> with fd.threads(1):
    ...     pass  # model.fit(...)
    """
    token = _of_context.set(_checked("threads", n))
    try:
        yield
    finally:
        _of_context.reset(token)


def resolve(where: str, n: int | None) -> int:
    """What the core is asked for: a number, or 0 for its default."""
    return _of_context.get() if n is None else _checked(where, n)


def in_main_thread() -> bool:
    """Whether this call is the one that a Ctrl-C ends."""
    return current_thread() is main_thread()
