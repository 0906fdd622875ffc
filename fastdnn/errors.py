"""How fastdnn says no: `[where] expected ..., got ...; hint`."""

import difflib
import re
from collections.abc import Iterable

_MOST_NAMES = 50  # of a list, in one message
_SHORT = 4  # letters


class UnusableDataError(ValueError):
    """The arrays cannot train any model: they hold texts, masked values, numbers that are not finite, or have
    unlike numbers of rows.
    """


class UnknownFigureError(ValueError):
    """There is no figure of the name that is to be monitored."""


class NonFiniteLossError(FloatingPointError):
    """The loss of a training step was NaN or infinite; the model keeps the weights of the last whole step."""


class EqualUnitsWarning(UserWarning):
    """All units of a hidden layer start with the same weights, and may stay identical in training."""


def expected(where: str, wanted: str, got: object, hint: str = "") -> str:
    """The text of an error."""
    return f"[{where}] expected {wanted}, got {got}" + (f"; {hint}" if hint else "")


def unknown_name(where: str, kind: str, name: object, known: Iterable[str]) -> ValueError:
    """The error for a name that is not in a list, with the nearest one that is."""
    names = sorted(known)
    listed = ", ".join(names[:_MOST_NAMES])
    listed += f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ValueError(expected(where, f"{kind}, one of {listed}", repr(name), did_you_mean(name, names)))


def did_you_mean(name: object, known: Iterable[str], begin: str = "") -> str:
    """A hint: the name that is nearest, said with what all of them begin with; "" where none is near.

    >>> from fastdnn.errors import did_you_mean
    >>> names = ["l2", "learning_rate", "momentum"]
    >>> did_you_mean("maximize", ["auto", "max", "min"])
    "did you mean 'max'?"
    >>> [did_you_mean(name, names) for name in ("lr", "rate", "momentun", "units")]
    ["did you mean 'learning_rate'?", "did you mean 'learning_rate'?", "did you mean 'momentum'?", '']
    >>> did_you_mean("1l", names), did_you_mean("trails", ["trials", "jobs"], begin="--")
    ("did you mean 'l2'?", "did you mean '--trials'?")
    """
    close = nearest(name, known)
    return "" if close is None else f"did you mean {begin + close!r}?"


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The name that may be meant: by its words, what it is short for, its letters, one of its words, or its
    beginning.
    """
    names, given = sorted(known), str(name).lower()
    words = {each: re.split(r"[^a-z0-9]+", each.lower()) for each in names}
    meant = set(re.split(r"[^a-z0-9]+", given))
    close = [each for each in names if len(meant) > 1 and meant <= set(words[each])]
    close = close or [each for each in names if len(given) > 1 and given == _initials(words[each])]
    close = close or difflib.get_close_matches(given, names, n=1, cutoff=_cutoff(given))
    close = close or [each for each in names if given in words[each]]
    close = close or [each for each in names if len(each) > 2 and given.startswith(each)]
    return close[0] if close else None


def _cutoff(given: str) -> float:
    """How alike names must be: of few letters one may be wrong, or two of them turned about."""
    return 0.5 if len(given) <= _SHORT else 0.6


def _initials(words: Iterable[str]) -> str:
    """What a name of several words is short for, as "lr" is."""
    return "".join(word[:1] for word in words)
