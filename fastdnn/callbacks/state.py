"""The states of callbacks: dictionaries of numbers and arrays, checked when they are read."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from fastdnn.checks import whole
from fastdnn.errors import expected

NONE = -1  # in place of a count that there is not

Check = Callable[[str, str, Any], Any]


def count(where: str, name: str, value: Any) -> int:
    """A whole number, or NONE."""
    return whole(where, name, value, NONE)


def figure(where: str, name: str, value: Any) -> float:
    """A number; infinite, where nothing was seen yet.

    Raises:
        ValueError: it is none.
    """
    is_number = hasattr(value, "__float__") and getattr(value, "ndim", 0) == 0 and not isinstance(value, bool)
    try:
        given = float(value) if is_number else math.nan
    except (OverflowError, TypeError, ValueError):  # an integer of hundreds of digits, an array of text
        given = math.nan
    if math.isnan(given):
        raise ValueError(expected(where, f"{name} as a number", repr(value)))
    return given


def numbers_of(where: str, state: Mapping[str, Any], wanted: Mapping[str, Check]) -> dict[str, Any]:
    """The numbers of a state, each checked.

    Raises:
        ValueError: other names, or something that is no such number.
    """
    if not isinstance(state, Mapping) or set(state) != set(wanted):
        got = ", ".join(map(str, state)) if isinstance(state, Mapping) else repr(state)
        raise ValueError(expected(f"{where}, set_state", f"numbers {', '.join(wanted)}", got or "none"))
    return {name: check(f"{where}, set_state", name, state[name]) for name, check in wanted.items()}
