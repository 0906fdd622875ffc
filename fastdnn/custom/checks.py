"""What the user's code gives back, as arrays that a program can take."""

from typing import Any

import numpy as np

from fastdnn.errors import expected


def real_array(
    where: str, what: str, value: Any, shape: tuple[int, ...], dtype: Any, hint: str = ""
) -> np.ndarray:
    """`value` as a contiguous array of this shape and type; real numbers of any type are converted.

    Raises:
        ValueError: it has another shape, or does not hold real numbers.
    """
    wanted = f"{what} of shape {shape}"
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(expected(where, wanted, "rows of unlike lengths", hint)) from error
    if array.dtype.kind not in "buif":
        got = f"{type(value).__name__} of dtype {array.dtype}"
        raise ValueError(expected(where, f"{what} as real numbers", got, hint))
    if array.shape != shape:
        raise ValueError(expected(where, wanted, f"shape {array.shape}", hint))
    with np.errstate(over="ignore"):
        return np.require(array, dtype, ["C", "A"])


def finite_array(
    where: str, what: str, value: Any, shape: tuple[int, ...], dtype: Any, hint: str = ""
) -> np.ndarray:
    """`real_array`, if all of it is finite.

    Raises:
        ValueError: as `real_array`.
        FloatingPointError: a number is NaN or infinite in `dtype`.
    """
    array = real_array(where, what, value, shape, dtype, hint)
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise FloatingPointError(expected(where, f"a finite {what}", f"{array[place]} at {place}"))
    return array


def pair(where: str, wanted: str, value: Any) -> tuple[Any, Any]:
    """`value`, if it is a tuple of two.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, tuple) or len(value) != 2:
        got = f"a tuple of {len(value)}" if isinstance(value, tuple) else type(value).__name__
        raise ValueError(expected(where, f"{wanted} to be returned", got))
    return value
