"""Locks of a model that a forked child finds open: who held them in the parent is not in the child.

Each gives out a lock of `threading` for a `with` statement of the caller's own. CPython lets no Ctrl-C in
between taking such a lock and entering the block, as it would with a context manager written in Python; a
lock that stays taken would be a model that hangs.
"""

import os
import threading
from typing import Any

from fastdnn.errors import expected


class ForkedLock:
    """A lock of the threads of one process."""

    def __init__(self, kind: Any = threading.Lock) -> None:
        self._kind = kind
        self._renew()

    def _renew(self) -> None:
        self._lock = self._kind()
        self._process = os.getpid()

    def __call__(self) -> Any:
        """What to hold: `with lock():`."""
        if self._process != os.getpid():
            self._renew()
        return self._lock


class OwnedLock(ForkedLock):
    """One that knows whether this thread has it: who would wait for himself is told so instead."""

    def __init__(self) -> None:
        super().__init__(threading.RLock)

    @property
    def is_mine(self) -> bool:
        """Whether this thread holds it."""
        owned: bool = self()._is_owned()  # as threading.Condition asks it
        return owned


class FitLock(OwnedLock):
    """One fit or `compile` of a model at a time."""

    @property
    def is_held(self) -> bool:
        """Whether any thread holds it. The lock's text says so without taking it, as trying would."""
        return repr(self()).startswith("<locked")

    def of(self, where: str) -> Any:
        """What to hold: `with lock.of("fit"):`; waits while another thread does.

        Raises:
            RuntimeError: this thread is in a fit of the same model, so that it would wait for itself.
        """
        if self.is_mine:
            raise RuntimeError(
                expected(
                    where,
                    "a model that is not being fitted by this thread",
                    "a call from inside its fit",
                    "a callback may do so with another model, such as copy.deepcopy(self.model)",
                )
            )
        return self()
