"""What goes to other processes: which part of a search cannot, and how the whole does without a pipe."""

import mmap
import os
import pickle
import tempfile
from collections.abc import Callable
from multiprocessing import reduction
from typing import IO, Any

from fastdnn.errors import expected
from fastdnn.tune.runner import Work

# Parts of `Work` by their names as arguments of `search`.
_ARGUMENTS = {"build": "a build", "data": "x, y and sample_weight", "dev": "validation_data", "folds": "cv"}
_HINT = "define functions at the top of a module, not within a function or as a lambda, or use threads"


def refused(
    where: str, work: Work, dumps: Callable[[Any], Any], error: Exception, hint: str = _HINT
) -> ValueError:
    """The error for work that cannot be pickled, which names the argument that cannot."""
    for name, part in work.__getstate__().items():
        try:
            dumps(part)
        except Exception as found:
            return _unsendable(where, name, found, hint)
    return _unsendable(where, "arguments", error, hint)


def _unsendable(where: str, name: str, error: Exception, hint: str) -> ValueError:
    wanted = f"{_ARGUMENTS.get(name, name)} that can be sent to processes"
    return ValueError(expected(where, wanted, f"{type(error).__name__}: {error}", hint))


def _nameless_file() -> IO[bytes]:
    """In memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("fastdnn-search"), "wb")
    return tempfile.TemporaryFile()


class Sent:
    """Work that processes get when they begin (spawn): pickled once, in memory that has no name and that they
    share by a file descriptor. Nothing of it is left when all have ended, in whatever way.

    As an argument of theirs it would go through a pipe, into which their parent would write for ever where
    one dies before it has read it and it is longer than the pipe, as `Popen` keeps the other end open.

    Raises:
        ValueError: a part of it cannot be pickled.
    """

    def __init__(self, where: str, work: Work) -> None:
        self._file = _nameless_file()
        try:
            # The latest protocol copies no array, neither here nor when it is loaded.
            pickle.dump(work, self._file, pickle.HIGHEST_PROTOCOL)
            self._file.flush()
        except BaseException as error:
            self._file.close()
            if isinstance(error, OSError) or not isinstance(error, Exception):  # no room; Ctrl-C
                raise
            raise refused(where, work, pickle.dumps, error) from error

    def __reduce__(self) -> Any:
        return _Received, (reduction.DupFd(self._file.fileno()),)

    def close(self) -> None:
        """Forget it; processes that have begun keep what they loaded."""
        self._file.close()


class _Received:
    """It, in a process that begins."""

    def __init__(self, descriptor: Any) -> None:
        self._descriptor = descriptor

    def load(self) -> Work:
        """Once. Through a map, as all processes share one position in the file."""
        descriptor = self._descriptor.detach()
        try:
            with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as pickled:
                work: Work = pickle.loads(pickled)
        finally:
            os.close(descriptor)
        return work
