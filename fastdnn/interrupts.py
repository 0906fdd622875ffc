"""Ctrl-C in the middle of what must be done wholly or not at all."""

# What `signal` wraps in enums, at ten times the cost: this is done in each epoch of a fit.
import _signal  # type: ignore[import-not-found]
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from fastdnn.thread_settings import in_main_thread


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Python's handler of SIGINT runs after the block, and not within. The native engine needs none of this.

    >>> import os, signal
    >>> from fastdnn.interrupts import interrupts_held
    >>> before = signal.signal(signal.SIGINT, signal.default_int_handler)
    >>> steps = []
    >>> try:
    ...     with interrupts_held():
    ...         os.kill(os.getpid(), signal.SIGINT)
    ...         steps.append("whole")
    ... except KeyboardInterrupt:
    ...     steps.append("interrupted")
    >>> steps
    ['whole', 'interrupted']
    >>> _ = signal.signal(signal.SIGINT, before)
    """
    before = _signal.getsignal(_signal.SIGINT) if in_main_thread() else None
    if not callable(before):  # another thread's, which no Ctrl-C ends; or nobody's, or the system's
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    _signal.signal(_signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        _signal.signal(_signal.SIGINT, before)
    if came:
        before(*came[0])
