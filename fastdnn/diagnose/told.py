"""A line that tells how far long work has come."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from fastdnn.errors import expected

_SECONDS = 0.1  # between two states of the line


class Told:
    """A live line where output is a terminal, or where it is asked for; a context, which ends the line.

    where: for the error.
    verbose: 0 nothing; 1 a live line; 2 its last state; "auto" 1 on a terminal, else 0.
    wiped: whether the line goes in the end; there is no `verbose` of 2 then.

    Raises:
        ValueError: another `verbose`.
    """

    def __init__(self, where: str, verbose: Any, *, wiped: bool = False) -> None:
        if isinstance(verbose, bool) or verbose not in (("auto", 0, 1) if wiped else ("auto", 0, 1, 2)):
            choices = '"auto", 0 or 1' if wiped else '"auto", 0, 1 or 2'
            raise ValueError(expected(where, f"verbose as {choices}", repr(verbose)))
        self._wiped = wiped
        self.verbose = int(sys.stdout.isatty()) if verbose == "auto" else int(verbose)
        self._text = ""
        self._width = 0
        self._shown_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def line(self, text: str, *, at_once: bool = False) -> None:
        """The new state; `at_once`, though another may just have been shown."""
        self._text = text
        if self.verbose == 1 and (at_once or time.perf_counter() - self._shown_at >= _SECONDS):
            self._show("")

    def say(self, text: str) -> None:
        """A line that stays."""
        self.end()
        if self.verbose:
            print(text, flush=True)

    def end(self) -> None:
        """The last state, which stays or is wiped."""
        if self._wiped:
            self._text = ""
            if self._width:
                self._show("\r")
        elif self.verbose and self._text:
            self._show("\n")
        self._text, self._width = "", 0

    def _show(self, end: str) -> None:
        padding = " " * max(0, self._width - len(self._text))
        sys.stdout.write(f"{'' if self.verbose == 2 else chr(13)}{self._text}{padding}{end}")
        sys.stdout.flush()
        self._width, self._shown_at = len(self._text), time.perf_counter()
