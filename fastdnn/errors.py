"""How fastdnn says no: `[where] expected ..., got ...; hint`."""

import difflib
from collections.abc import Iterable

_MOST_NAMES = 50  # of a list, in one message


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
    words = set(str(name).lower().split("_"))
    close = [known for known in names if len(words) > 1 and words <= set(known.split("_"))]
    close = close or difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else ""
    return ValueError(expected(where, f"{kind}, one of {listed}", repr(name), hint))
