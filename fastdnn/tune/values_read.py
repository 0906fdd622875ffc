"""Which values of a trial `build` looks at: one that it never reads costs trials and changes nothing."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from fastdnn.errors import unknown_name
from fastdnn.tune.runner import Work
from fastdnn.tune.space import Space
from fastdnn.tune.trial import trial_seed

_BUILDS = 16  # with different values, none of which reads a parameter
_DRAWS = 64  # in which a conditional parameter may be there
_SECONDS = 3.0  # that further builds may take: of large networks there are fewer
_OURS = ("epochs", "batch_size")  # which the search itself reads


class NoSuchParameter(KeyError):  # noqa: N818
    """`build` asks for a value that is not there."""

    def __str__(self) -> str:
        return str(self.args[0])


class Values(dict[str, Any]):
    """The values of a trial, which notes what is read of them: by its name, or all of them where they are
    copied, spread or looped over. Whether a name is there is asked by name, too.

    >>> from fastdnn.tune.values_read import Values
    >>> read = set()
    >>> values = Values({"lr": 0.1, "units": 8, "rate": 0.5}, read)
    >>> _ = values["lr"], values.get("units", 4)
    >>> sorted(read)
    ['lr', 'units']
    >>> _ = dict(**values)
    >>> sorted(read)
    ['lr', 'rate', 'units']
    """

    def __init__(self, values: Any = (), read: set[str] | None = None) -> None:
        super().__init__(values)
        self._read = set() if read is None else read

    def __getitem__(self, name: str) -> Any:
        self._read.add(name)
        return super().__getitem__(name)

    def __missing__(self, name: str) -> Any:
        raise NoSuchParameter(str(unknown_name("build", "a parameter of this trial", name, super().keys())))

    def __getattr__(self, name: str) -> Any:
        names = list(super().keys())
        some = next((each for each in names if each == name or name.startswith("suggest")), None)
        hint = "" if some is None else f"; the values are drawn, and in a dictionary: p[{some!r}]"
        raise AttributeError(f"'dict' object has no attribute {name!r}{hint}")

    def __contains__(self, name: object) -> bool:
        self._read.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As of a dict."""
        self._read.add(name)
        return super().get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        """As of a dict."""
        self._read.add(name)
        return super().pop(name, *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """As of a dict."""
        self._read.add(name)
        return super().setdefault(name, default)

    def _all(self) -> None:
        self._read.update(super().keys())

    def __iter__(self) -> Iterator[str]:
        self._all()
        return super().__iter__()

    def __reversed__(self) -> Iterator[str]:
        self._all()
        return super().__reversed__()

    def __eq__(self, other: object) -> bool:
        self._all()
        return super().__eq__(other)

    __hash__ = None  # as of a dict

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def __ror__(self, other: Any) -> Any:
        return other | dict(self)

    def __reduce__(self) -> Any:
        return dict, (dict(self),)

    def __repr__(self) -> str:
        self._all()
        return super().__repr__()

    def keys(self) -> Any:
        """As of a dict."""
        self._all()
        return super().keys()

    def values(self) -> Any:
        """As of a dict."""
        self._all()
        return super().values()

    def items(self) -> Any:
        """As of a dict."""
        self._all()
        return super().items()

    def copy(self) -> dict[str, Any]:
        """As of a dict."""
        return dict(self)

    def popitem(self) -> tuple[str, Any]:
        """As of a dict."""
        self._all()
        return super().popitem()


class Reads:
    """What `build`, and a function that gives callbacks, have read while they were watched."""

    def __init__(self, work: Work) -> None:
        self.names: set[str] = set()
        self._work = work
        self._build, self._callbacks = work.build, work.callbacks

    def build(self, values: dict[str, Any]) -> Any:
        """`build`, watched, unless it wants no dictionary but a plain one."""
        try:
            return self._build(Values(values, self.names))
        except (NoSuchParameter, AttributeError):
            raise
        except Exception:
            made = self._build(dict(values))
            self.names.update(values)
            return made

    def callbacks(self, values: dict[str, Any]) -> Any:
        """The function that gives callbacks, watched."""
        assert callable(self._callbacks)
        return self._callbacks(Values(values, self.names))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within it they are."""
        self._work.build = self.build
        if callable(self._callbacks):
            self._work.callbacks = self.callbacks
        try:
            yield
        finally:
            self._work.build, self._work.callbacks = self._build, self._callbacks

    def unread(self, space: Space, seed: int) -> tuple[dict[str, int], list[str]]:
        """Parameters that none of 16 builds read that had them, or of as many as go into three seconds,
        with the number of these; and what was asked for that the space has not.

        The model is built for further values only where a parameter was not read at first: some count for
        some values of others alone.
        """
        searched = [name for name in space if name not in _OURS]
        without = dict.fromkeys((name for name in searched if name not in self.names), 0)
        deadline = time.monotonic() + _SECONDS
        for trial in range(_DRAWS if without else 0):
            values = space.draw(seed, trial)
            if all(name not in values or count >= _BUILDS for name, count in without.items()):
                continue
            built = self._try(values, trial_seed(seed, trial))
            without = {
                name: count + (built and name in values)
                for name, count in without.items()
                if name not in self.names
            }
            if not without or time.monotonic() > deadline:
                break
        asked = sorted(self.names - set(space) - set(_OURS))
        return {name: count for name, count in without.items() if count >= 2}, asked

    def _try(self, values: Mapping[str, Any], seed: int) -> bool:
        """A build, and the callbacks; whether they came to their end."""
        with self.watched(), suppress(Exception):
            self._work.built(values, seed)
            self._work.callbacks_for(values)
            return True
        return False
