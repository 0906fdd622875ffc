"""What goes to the terminal: text that its encoding can write, as wide as it is."""

import shutil
import sys

_PLAIN = str.maketrans({"─": "-", "·": ".", "×": "x", "–": "-", "→": ">", "σ": "sigma", "μ": "mu"})
_WIDEST = 100


def say(text: str = "") -> None:
    """Print, with ASCII in place of what standard output's encoding does not have.

    >>> from fastdnn.cli.output import say
    >>> say("trained")
    trained
    """
    if not can_write(text):
        text = text.translate(_PLAIN).encode(_encoding(), errors="replace").decode(_encoding())
    print(text)


def can_write(text: str) -> bool:
    """Whether standard output's encoding has all of these characters."""
    try:
        text.encode(_encoding())
    except UnicodeEncodeError:
        return False
    return True


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def is_live() -> bool:
    """Whether standard output is a terminal, on which lines can be rewritten."""
    return sys.stdout.isatty()


def width() -> int:
    """How long lines may be: the terminal's width, at most 100."""
    return max(20, min(_WIDEST, shutil.get_terminal_size().columns - 1))


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A number with its noun.

    >>> from fastdnn.cli.output import counted
    >>> counted(1, "thread"), counted(1437, "row")
    ('1 thread', '1,437 rows')
    """
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
