"""How results that hold arrays show themselves: by their figures and sizes, not by all numbers."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

_LONGEST = 60  # characters of a field


class ShortRepr:
    """A dataclass whose `repr` is a line or two: arrays by their shape and type, long tuples by their length.

    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from fastdnn.short_repr import ShortRepr
    >>> @dataclass(frozen=True)
    ... class Found(ShortRepr):
    ...     error: float
    ...     rows: np.ndarray
    >>> Found(0.25, np.zeros((1000, 3)))
    Found(error=0.25, rows=<(1000, 3) float64>)
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.__repr__ = _short  # type: ignore[method-assign]  # in the class itself: a dataclass leaves it


def _short(self: Any) -> str:
    told = ", ".join(f"{each.name}={_shown(getattr(self, each.name))}" for each in fields(self))
    return f"{type(self).__name__}({told})"


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<{value.shape} {value.dtype}>"
    if isinstance(value, ShortRepr):
        return f"<{type(value).__name__}>"
    if isinstance(value, tuple | list | Mapping) and len(value):
        return _of_many(value)
    text = repr(value)
    return text if len(text) <= _LONGEST else f"<{type(value).__name__}>"


def _of_many(values: Any) -> str:
    """All of them where they are short."""
    first = next(iter(values.values() if isinstance(values, Mapping) else values))
    plain = isinstance(first, str | int | float | bool)
    text = repr(values) if plain else ""
    return text if 0 < len(text) <= _LONGEST else f"<{len(values)} {type(first).__name__}>"
