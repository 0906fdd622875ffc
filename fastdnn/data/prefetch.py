"""Batches made by a thread of their own while the last one is trained on, where that saves time."""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from fastdnn.errors import expected

_MEASURED = 8  # batches that decide
_AHEAD = 2  # batches made ahead where it helps
# Above what handing a batch over costs: two switches of threads and of the GIL, some 10 to 35 us measured.
_WORTH_SECONDS = 2e-4
_WORTH_SHARE = 0.1
END = object()  # after the last batch


class Prefetch:
    """Whether, and how many, batches are made ahead.

    ahead: a number of batches, 0 for none; "auto" measures. Of each of the first batches it is known how long
        the making waited (its time less the time of the processor in its thread: files, locks, sleep) and how
        long the step took. The shorter of both is what another thread would save; where that is a tenth of
        the time, and above 0.2 ms a batch, two batches are made ahead from then on. Making that computes is
        no gain: it would take its processor, and Python's lock, from the step.

    Raises:
        ValueError: neither "auto" nor a whole number >= 0.
    """

    def __init__(self, where: str, ahead: Any) -> None:
        is_number = hasattr(ahead, "__index__") and not isinstance(ahead, bool) and ahead >= 0
        if ahead != "auto" and not is_number:
            raise ValueError(expected(where, 'prefetch as "auto" or a number of batches >= 0', repr(ahead)))
        self.ahead: int | None = None if ahead == "auto" else int(ahead)
        self._measured = 0
        self._saved = self._whole = 0.0

    def read(self, batches: Iterator[Any]) -> Iterator[Any]:
        """The same batches; close it to stop the thread."""
        while self.ahead is None:
            begin, busy = time.perf_counter(), time.thread_time()
            batch = next(batches, END)
            made, busy = time.perf_counter(), time.thread_time() - busy
            if batch is END:
                return
            yield batch
            self._measure(made - begin - busy, made - begin, time.perf_counter() - made)
        if self.ahead == 0:
            yield from batches
        else:
            yield from _made_ahead(batches, self.ahead)

    def _measure(self, waited: float, making: float, step: float) -> None:
        self._measured += 1
        if self._measured == 1:
            return  # the first batch opens files, and its step makes plans
        self._saved += max(0.0, min(waited, step))
        self._whole += making + step
        if self._measured > _MEASURED:
            worth = max(_WORTH_SHARE * self._whole, _WORTH_SECONDS * _MEASURED)
            self.ahead = _AHEAD if self._saved >= worth else 0


def _made_ahead(batches: Iterator[Any], ahead: int) -> Iterator[Any]:
    maker = _Maker(batches, ahead)
    try:
        while True:
            batch = maker.take()
            if batch is END:
                return
            yield batch
    finally:
        maker.stop()


class _Maker:
    """A thread that makes at most so many batches more than were taken."""

    def __init__(self, batches: Iterator[Any], ahead: int) -> None:
        self._batches = batches
        self._made: deque[Any] = deque()
        self._ready = threading.Semaphore(0)
        self._room = threading.Semaphore(ahead)
        self._stopped = False
        self._error: BaseException | None = None
        # A copy of the context: `with fastdnn.threads(n)` holds in the generator, too.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._make,), name="fastdnn-prefetch", daemon=True)
        self._thread.start()

    def _make(self) -> None:
        try:
            while True:
                self._room.acquire()
                if self._stopped:
                    return
                batch = next(self._batches, END)
                self._made.append(batch)
                self._ready.release()
                if batch is END:
                    return
        except BaseException as error:
            self._error = error
            self._ready.release()

    def take(self) -> Any:
        """The next batch; raises what its making raised, with the traceback of that."""
        self._ready.acquire()
        if not self._made:
            assert self._error is not None
            raise self._error
        batch = self._made.popleft()
        self._room.release()
        return batch

    def stop(self) -> None:
        """Wait until nothing is being made."""
        self._stopped = True
        self._room.release()
        self._thread.join()
