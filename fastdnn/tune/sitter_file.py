"""The small file by which a babysitter is told what to change."""

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from fastdnn.checks import is_real, is_text, whole
from fastdnn.errors import expected, unknown_name
from fastdnn.tune.changeable import WHERE, Changeable, names_of
from fastdnn.tune.changes import Wish

_MOST_BYTES = 100_000
_ORDERS = ("note", "stop", "undo", "replace_schedule")
_HEAD = """\
# What may be changed while the model trains. Take the "#" away before a line, set its value, and save the
# file: it holds from the next epoch on. Later only lines that have changed count. A name such as "dropout"
# or "l2" alone means those of all layers; "none" is no limit.
#
# note = "it overfits"       # why, for the record
# stop = true                # end training after this epoch
# undo = 2                   # go back so many epochs, where they are kept (keep_epochs=)
# replace_schedule = true    # numbers may take the place of schedules

"""


class SitterFile:
    """Read anew where its bytes have changed.

    Raises:
        ValueError: the path is none, or that of a JSON file.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        if not isinstance(path, str | PathLike) or not str(path):
            raise ValueError(expected(WHERE, "file as a path", repr(path)))
        self.path = Path(path)
        if self.path.suffix.lower() == ".json":
            hint = "JSON knows no comments"
            raise ValueError(expected(WHERE, "a file in TOML, such as sitter.toml", self.path.name, hint))
        self.begin()

    def begin(self) -> None:
        """All of it is new, but for orders, which were those of an earlier fit."""
        self._bytes = b""
        self._seen = b""  # at the last look, taken or not
        self._said: dict[str, Any] = {}  # by its lines when they were taken last
        self._next: dict[str, Any] = {}
        self._is_first = True

    def news(self, known: Callable[[], Iterable[str]]) -> list[Wish]:
        """What its changed lines ask for; `known` gives the names of all numbers, where that is to be seen.

        Raises:
            ValueError: it cannot be read, or has something else than numbers that are known and orders.
        """
        is_first, self._is_first = self._is_first, False
        self._next = self._said
        lines = self._read(at_once=is_first)
        if lines is None:
            return []
        self._refuse_unknown(lines, known())
        given = self._next = {name: self._checked(name, value) for name, value in lines.items()}
        new = {name: value for name, value in given.items() if self._said.get(name, ...) != value}
        note, replaces = given.get("note", ""), given.get("replace_schedule", False)
        undo, stop = new.get("undo", 0), new.get("stop", False)
        if is_first:
            undo, stop = 0, False
        numbers = {name: value for name, value in new.items() if name not in _ORDERS}
        wishes = [Wish(numbers, note, replaces, undo)] if numbers or undo else []
        return wishes + ([Wish(stop=True, note=note)] if stop else [])

    def taken(self) -> None:
        """What it asked for will be done: its lines are no news any more."""
        self._said = self._next

    def write(self, known: Mapping[str, Changeable]) -> Path:
        """All numbers as comments: what it said is said no more, and changes nothing.

        Raises:
            ValueError: it cannot be written.
        """
        lines = [f"# {_key(name)} = {_value(each.read())}" for name, each in known.items()]
        width = max(map(len, lines), default=0)
        body = [f"{line:<{width}}    # {e.rule}" for line, e in zip(lines, known.values(), strict=True)]
        try:
            self.path.write_text(_HEAD + "\n".join(body) + "\n", encoding="utf-8")
        except OSError as error:
            raise ValueError(expected(WHERE, "file as a path that can be written", error)) from None
        return self.path

    def _read(self, *, at_once: bool) -> dict[str, Any] | None:
        """Its lines, if they are others than at the last time; None too while there is no file, or it is
        being written.
        """
        try:
            with self.path.open("rb") as file:
                given = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:  # an editor may write another one in its place
            return None
        except OSError as error:
            if self._bytes != (text := repr(error).encode()):
                self._bytes = text
                raise ValueError(expected(str(self.path), "a file that can be read", error)) from None
            return None
        if given == self._bytes or not (at_once or self._is_whole(given)):
            return None
        self._bytes = given
        if len(given) > _MOST_BYTES:
            raise ValueError(expected(str(self.path), f"at most {_MOST_BYTES} bytes", "more"))
        try:
            lines = tomllib.loads(given.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(expected(str(self.path), "lines of TOML, name = number", error)) from None
        return lines

    def _refuse_unknown(self, given: Mapping[str, Any], known: Iterable[str]) -> None:
        names = {*names_of(known), *_ORDERS}
        for name in given:
            if name not in names:
                kind = "a number that may change in training, or an order"
                raise unknown_name(str(self.path), kind, name, names)

    def _is_whole(self, given: bytes) -> bool:
        """Many editors empty a file before they write it: what it said is not taken back by that, and a
        number may be cut in the middle.
        """
        before, self._seen = self._seen, given
        return bool(given) and (given.endswith(b"\n") or given == before)

    def _checked(self, name: str, value: Any) -> Any:
        where = str(self.path)
        if name == "undo":
            return whole(where, name, value, 1)
        if name in ("stop", "replace_schedule") and isinstance(value, bool):
            return value
        if name == "note" and is_text(value):
            return value
        if name not in _ORDERS and (is_real(value) or value == "none"):
            return None if value == "none" else value
        wanted = {"note": "note as text", "stop": "stop as true or false"}
        wanted["replace_schedule"] = "replace_schedule as true or false"
        raise ValueError(expected(where, wanted.get(name, f'{name} as a number or "none"'), repr(value)))


def _key(name: str) -> str:
    """As TOML has it: names of other letters, such as "/", in quotes."""
    return name if name.isascii() and name.isidentifier() else json.dumps(name)


def _value(value: float | None) -> str:
    return '"none"' if value is None else repr(value)
