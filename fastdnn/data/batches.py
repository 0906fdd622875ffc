"""Batches made one at a time: by generators, iterables and objects like `keras.utils.PyDataset`."""

import itertools
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from fastdnn import _core
from fastdnn.data.prefetch import END, Prefetch
from fastdnn.errors import expected

_ARRAYS = (np.ndarray, np.generic, Sequence, Mapping, Set, type)  # lists and deques of rows are sequences
_ARRAY_PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__", "toarray")


def is_batches(x: Any) -> bool:
    """Whether `x` makes batches, and is no array or anything that NumPy reads as one.

    >>> from fastdnn.data.batches import is_batches
    >>> is_batches(iter([])), is_batches([[1.0]])
    (True, False)
    """
    if isinstance(x, _ARRAYS) or any(hasattr(x, protocol) for protocol in _ARRAY_PROTOCOLS):
        return False
    try:
        memoryview(x)
    except TypeError:
        return hasattr(x, "__next__") or hasattr(x, "__iter__") or _is_indexed(x)
    return False


def _is_indexed(x: Any) -> bool:
    return not hasattr(x, "__next__") and hasattr(x, "__getitem__") and hasattr(x, "__len__")


def unpacked(where: str, batch: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of a batch as it was made, None for what it lacks; a list counts as a tuple.

    Raises:
        ValueError: it has more or fewer parts.
    """
    parts = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
    if not 1 <= len(parts) <= 3:
        wanted = "a batch as x, (x, y) or (x, y, sample_weight)"
        raise ValueError(expected(where, wanted, f"{len(parts)} parts"))
    return (*parts, None, None)[:3]


class Batches:
    """The batches of one epoch after the other.

    source: an iterator, which goes on where the last epoch ended; an iterable, which is begun anew for each
        pass; or an object with `__len__` and `__getitem__`, like `keras.utils.PyDataset`, whose batches are
        taken in the order of (seed, pass) with `seed`, else in their own. Its `on_epoch_begin` and
        `on_epoch_end` are called where it has them.
    steps: batches of an epoch; None: those of one pass. With a number, the next epoch goes on where this one
        ended, and passes follow each other.

    Raises:
        ValueError: a number of steps below 1, or a source of no batches.
    """

    def __init__(
        self,
        where: str,
        source: Any,
        prefetch: Prefetch,
        *,
        steps: int | None = None,
        seed: int | None = None,
        first_pass: int = 0,
    ) -> None:
        self.one_shot = hasattr(source, "__next__")
        self.asked = steps
        self._where = where
        self._source = source
        self._prefetch = prefetch
        self._seed = seed
        self._pass = first_pass
        self._going: Iterator[Any] | None = None  # the pass that an epoch of a number of steps is in
        self._epoch: Iterator[Any] | None = None
        self._peeked: list[Any] = []
        if _is_indexed(source) and len(source) < 1:
            raise ValueError(expected(where, "at least one batch", f"len(x) = {len(source)}"))

    @property
    def steps(self) -> int | None:
        """Batches of an epoch, where that is known."""
        if self.asked is not None:
            return self.asked
        try:
            return None if self.one_shot else len(self._source)
        except (TypeError, NotImplementedError):
            return None

    def peek(self) -> Any:
        """The first batch of the next epoch, which `next` will give again.

        Raises:
            ValueError: there is none.
        """
        if not self._peeked:
            self.begin_epoch()
            batch = self.next()
            if batch is END:
                raise ValueError(expected(self._where, "at least one batch", "none"))
            self._peeked.append(batch)
        return self._peeked[0]

    def begin_epoch(self) -> None:
        """To the first batch of the next epoch."""
        if self._peeked:
            return
        self.close()
        self._hook("on_epoch_begin")
        self._epoch = self._prefetch.read(self._made())

    def next(self) -> Any:
        """The next batch of this epoch, or END after the last."""
        if self._peeked:
            return self._peeked.pop()
        return END if self._epoch is None else next(self._epoch, END)

    def end_epoch(self) -> None:
        """After the last batch: the source may shuffle itself."""
        self.close()
        self._hook("on_epoch_end")

    def close(self) -> None:
        """No batch is being made any more."""
        if self._epoch is not None:
            self._epoch.close()  # type: ignore[attr-defined]
            self._epoch = None

    def numbered(self, where: str) -> Generator[tuple[str, tuple[Any, Any, Any]], None, None]:
        """One epoch as (where, (x, y, sample_weight)), the place for messages; to be closed.

        Raises:
            ValueError: it has no batch.
        """
        self.peek()
        try:
            for number in itertools.count(1):
                batch = self.next()
                if batch is END:
                    break
                place = f"{where}, batch {number}"
                yield place, unpacked(place, batch)
            self.warn_if_short(where, number - 1)
            self.end_epoch()
        finally:
            self.close()

    def warn_if_short(self, where: str, batches: int) -> bool:
        """Whether an epoch of so many batches ended before its steps were done; warns if so."""
        short = batches < (self.asked or 1)
        if short:
            warnings.warn(
                f"[{where}] the data ran out after {batches} of {self.asked or 'some'} batches; "
                "give an iterator that makes more, an iterable that can be begun anew, or fewer steps",
                stacklevel=2,
            )
        return short

    def _hook(self, name: str) -> None:
        hook = getattr(self._source, name, None)
        if hook is not None and not self.one_shot:
            hook()

    def _made(self) -> Iterator[Any]:
        """One epoch, in the thread that makes it. The source outlives it, which `yield from` would close."""
        if self.asked is None:
            for batch in self._new_pass():
                yield batch
            return
        for _ in range(self.asked):
            batch = END if self._going is None else next(self._going, END)
            if batch is END:
                self._going = self._new_pass()
                batch = next(self._going, END)
            if batch is END:
                return
            yield batch

    def _new_pass(self) -> Iterator[Any]:
        number, self._pass = self._pass, self._pass + 1
        if not _is_indexed(self._source):
            return iter(self._source)
        return self._by_index(number)

    def _by_index(self, number: int) -> Iterator[Any]:
        count = len(self._source)
        order = range(count) if self._seed is None else _core.random_permutation(count, self._seed, number)
        for index in order:
            yield self._source[int(index)]
