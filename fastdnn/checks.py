"""Numbers that users pass, checked; errors name the argument, its value and the rule."""

import math
import operator
from collections.abc import Iterable
from typing import TypeGuard

import numpy as np

from fastdnn.errors import UnusableDataError, expected, unknown_name


def is_real(value: object) -> bool:
    """Whether it is one real number: of Python, or an array's element of any library; no truth value.

    >>> import numpy as np
    >>> from fastdnn.checks import is_real
    >>> is_real(np.float32(1)), is_real(True), is_real(1j), is_real("1")
    (True, False, False, False)
    """
    if isinstance(value, np.generic | np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    if hasattr(value, "__float__") and getattr(value, "ndim", 1) == 0 and hasattr(value, "item"):
        value = value.item()
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_float(value: object) -> float:
    """`value` as a float: NaN where it is no real number, infinity where it is beyond float64."""
    try:
        return float(value) if is_real(value) else math.nan  # type: ignore[arg-type]
    except OverflowError:
        return math.inf


def number(
    where: str, name: str, value: object, low: float = -math.inf, high: float = math.inf, *, ends: str = "[)"
) -> float:
    """`value` as a finite float between `low` and `high`; `ends` says which of them it may be itself.

    Raises:
        ValueError: it is no such number.

    >>> from fastdnn.checks import number
    >>> number("Here", "beta", 0.9, 0, 1)
    0.9
    >>> number("Here", "beta", 1, 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: [Here] expected 0 <= beta < 1, got 1
    """
    given = as_float(value)
    above = low <= given if ends[0] == "[" else low < given
    below = given <= high if ends[1] == "]" else given < high
    if not (above and below and math.isfinite(given)):
        raise ValueError(expected(where, _range(name, low, high, ends), repr(value)))
    return given


def _range(name: str, low: float, high: float, ends: str) -> str:
    left = f"{low:g} {'<=' if ends[0] == '[' else '<'} " if math.isfinite(low) else ""
    right = f" {'<=' if ends[1] == ']' else '<'} {high:g}" if math.isfinite(high) else ""
    return f"{left}{name}{right}" if left and right else f"a finite {left}{name}{right}"


def whole(where: str, name: str, value: object, least: int = 0) -> int:
    """`value` as an int of at least `least`.

    Raises:
        ValueError: it is no such number.

    >>> from fastdnn.checks import whole
    >>> whole("Here", "patience", 2)
    2
    """
    try:
        given = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        given = None
    if given is None or given < least:
        raise ValueError(expected(where, f"{name} as a whole number >= {least}", repr(value)))
    return given


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value is a str that UTF-8 can hold: a JSON escape can spell half of a surrogate pair.

    >>> from fastdnn.checks import is_text
    >>> is_text("Ω"), is_text("\\ud800"), is_text(3)
    (True, False, False)
    """
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def refuse_masked(where: str, what: str, value: object) -> None:
    """Raise where values of an array are masked: what lies under the mask would count like any other.

    Raises:
        UnusableDataError: a ValueError; some are.

    >>> import numpy as np
    >>> from fastdnn.checks import refuse_masked
    >>> refuse_masked("fit", "x", np.ma.masked_equal([1, 2, 3], 2))
    Traceback (most recent call last):
    ...
    fastdnn.errors.UnusableDataError: [fit] expected x without masked values, got 1 of them; leave these ...
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        hint = "leave these rows out, or fill them: .filled(...)"
        got = f"{value.mask.sum()} of them"
        raise UnusableDataError(expected(where, f"{what} without masked values", got, hint))


def choice(where: str, kind: str, value: object, known: Iterable[str]) -> str:
    """`value`, if it is among the names.

    Raises:
        ValueError: it is not; the nearest one that is, is said.
    """
    names = list(known)
    if not isinstance(value, str) or value not in names:
        raise unknown_name(where, kind, value, names)
    return value
