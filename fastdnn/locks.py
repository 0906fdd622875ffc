"""Locks of a model that a forked child finds open: who held them in the parent is not in the child."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fastdnn.errors import expected


class ProcessLock:
    """A lock of the threads of one process; not held again by the thread that holds it."""

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._process = os.getpid()

    @property
    def mine(self) -> bool:
        """Whether this thread holds it."""
        return self._process == os.getpid() and self._owner == threading.get_ident()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it in a `with` block; waits while another thread does."""
        if self._process != os.getpid():
            self._renew()
        with self._lock:
            self._owner = threading.get_ident()
            try:
                yield
            finally:
                self._owner = None


class FitLock(ProcessLock):
    """One fit or `compile` of a model at a time."""

    @contextmanager
    def held_by(self, where: str) -> Iterator[None]:
        """As `held`.

        Raises:
            RuntimeError: this thread is in a fit of the same model, so that it would wait for itself.
        """
        if self.mine:
            raise RuntimeError(
                expected(
                    where,
                    "a model that is not being fitted by this thread",
                    "a call from inside its fit",
                    "a callback may do so with another model, such as copy.deepcopy(self.model)",
                )
            )
        with self.held():
            yield
