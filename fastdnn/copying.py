"""Deep copies of what may hold code of the user's."""

import copy
from typing import TypeVar

from fastdnn.errors import expected

T = TypeVar("T")


def deep_copy(where: str, thing: T, wanted: str, hint: str = "") -> T:
    """What `copy.deepcopy` makes of it.

    Args:
        where: of the error.
        thing: a model, or a part of one.
        wanted: of the error: "a model that copy.deepcopy can copy, since steps are taken".
        hint: of the error.

    Raises:
        TypeError: it cannot be copied.

    >>> import threading
    >>> from fastdnn.copying import deep_copy
    >>> deep_copy("example", threading.Lock(), "what can be copied")
    Traceback (most recent call last):
    TypeError: [example] expected what can be copied, got TypeError: cannot pickle '_thread.lock' object
    """
    try:
        return copy.deepcopy(thing)
    except Exception as error:  # whatever a `__deepcopy__` of the user's raises
        raise TypeError(expected(where, wanted, f"{type(error).__name__}: {error}", hint)) from error
