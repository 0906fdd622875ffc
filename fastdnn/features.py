"""What users pass as arrays, made into what the core takes; what does not fit is refused here, by name.

Arrays are read where they lie, batch by batch, whatever their layout: C or Fortran order, strides of any
sign, broadcast views, memory maps. So a table of uint8, or a file beyond the memory, is never held as floats.
Features are checked for NaN and infinity while a batch is gathered, targets and weights before.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastdnn.checks import refuse_masked
from fastdnn.data.frames import frame_values, is_frame
from fastdnn.data.sparse import CsrRows
from fastdnn.errors import UnusableDataError, expected

_SHOWN = 40  # characters of a text in an error
_BLOCK = 1 << 20  # elements checked at a time, so that no mask of the whole array is made
_SPARSE_HINT = "use .toarray(), in a generator batch by batch where the whole is too large"


def _as_array(where: str, what: str, value: Any) -> np.ndarray:
    """`value` as a NumPy array of real numbers."""
    refuse_masked(where, what, value)
    if hasattr(value, "toarray") and hasattr(value, "tocsr"):
        raise ValueError(expected(where, f"{what} as a dense array", "a sparse one", _SPARSE_HINT))
    if type(value) is not np.ndarray and is_frame(value):
        value = frame_values(where, what, value)  # names the column that holds no numbers
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise UnusableDataError(expected(where, f"{what} as an array", "rows of unlike lengths")) from error
    if array.dtype == object:
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            got, hint = _no_number(what, array)
            raise UnusableDataError(expected(where, f"{what} as numbers", got, hint)) from error
    if array.dtype.kind not in "buif":
        got, hint = _no_number(what, array)
        raise UnusableDataError(expected(where, f"{what} as real numbers", got, hint))
    return array


def _no_number(what: str, array: np.ndarray) -> tuple[str, str]:
    """What an array holds instead of numbers, and what to do about it."""
    texts = (
        (each for each in array.flat if isinstance(each, str | bytes)) if array.dtype.kind in "USO" else ()
    )
    text = next(iter(texts), None)
    if array.ndim == 0 and text is None:
        return f"one {type(array.item()).__name__}", "give an array, or a list of rows"
    if text is None:
        return f"dtype {array.dtype}", "convert them first"
    if what == "y":
        hint = "number the classes: names, y = np.unique(y, return_inverse=True)"
    else:
        hint = "fd.data.TableEncoder makes numbers of columns with texts"
    return f"texts such as {text[:_SHOWN]!r}", hint


class NonFiniteValueError(UnusableDataError):
    """A number in the arrays is NaN or infinite: what users are told."""


class NonFiniteSourceError(Exception):
    """What a run met in its arrays: a number that is NaN or infinite in the model's type."""

    def __init__(self, source: int, row: int, column: int, value: float) -> None:
        super().__init__(source, row, column, value)
        self.source = source
        self.row = row
        self.column = column
        self.value = value

    def error(self, where: str, origins: Sequence[tuple[str, str]], *, first_row: int = 0) -> ValueError:
        """What the user is told: `origins` says what each array is ("x"), and what is added to where
        (", input 'b'"); its rows are counted from `first_row`.
        """
        what, suffix = origins[self.source]
        if self.row < 0:
            got = "NaN or infinity, which was overwritten while it was read"
            hint = "let no thread write the array meanwhile"
            return NonFiniteValueError(expected(where + suffix, f"finite {what}", got, hint))
        return _non_finite(
            where + suffix, what, self.value, f"row {first_row + self.row}, column {self.column}"
        )


def _non_finite(where: str, what: str, value: object, place: str) -> ValueError:
    hint = "drop or fill such rows; numbers beyond the dtype's range count as infinite"
    return NonFiniteValueError(expected(where, f"finite {what}", f"{value} in {place}", hint))


def refuse_non_finite(
    where: str, what: str, array: np.ndarray | CsrRows, dtype: str, *, first_row: int = 0
) -> None:
    """Raise if an element is NaN or infinite in `dtype`, naming the first; rows count from `first_row`."""
    if isinstance(array, CsrRows):
        found = array.first_non_finite(dtype)
        if found is not None:
            row, column, value = found
            raise _non_finite(where, what, value, f"row {first_row + row}, column {column}")
        return
    if array.dtype.kind != "f":
        return
    width = array.shape[1]
    rows = max(1, _BLOCK // width)
    for begin in range(0, array.shape[0], rows):
        with np.errstate(over="ignore"):
            block = array[begin : begin + rows].astype(dtype, copy=False)
        finite = np.isfinite(block)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            place = f"row {first_row + begin + row}, column {column}"
            raise _non_finite(where, what, block[row, column], place)


def _readable(array: np.ndarray, dtype: str) -> np.ndarray:
    """The array itself where the engine reads it as it lies.

    Else one copy: of the other byte order, or unaligned, in its own type; long doubles in `dtype`.
    """
    if array.dtype.isnative and array.flags.carray and array.dtype.char != "g":
        return array
    if array.dtype.char == "g":
        with np.errstate(over="ignore"):  # what overflows is found when it is gathered
            return array.astype(dtype)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    on_its_grid = array.flags.aligned and not any(stride % array.itemsize for stride in array.strides)
    return array if on_its_grid else array.copy()


def as_table(where: str, x: Any, width: int | None, dtype: str) -> np.ndarray:
    """`x` (examples, features), of any real type and layout that the engine reads in place; nothing is copied
    but byte-swapped, unaligned and long double arrays. A vector will do where `width` is 1. Whether it is
    finite shows when it is gathered.

    Raises:
        ValueError: not numbers, not two-dimensional, no rows, or not `width` columns.
    """
    array = _as_array(where, "x", x)
    if array.ndim == 1 and width == 1:
        array = array[:, None]
    wanted = "(examples, features)" if width is None else f"(examples, {width})"
    if array.ndim != 2 or (width is not None and array.shape[1] != width) or 0 in array.shape:
        hint = "one example is x[None, :]" if array.ndim == 1 else ""
        if array.ndim > 2:
            hint = "reshape it: x.reshape(len(x), -1)"
        if not len(array.shape) or not array.shape[0]:
            hint = "there must be at least one example"
        raise ValueError(expected(where, f"x of shape {wanted}", f"shape {array.shape}", hint))
    return _readable(array, dtype)


def as_indices(where: str, x: Any, width: int | None, limit: int) -> np.ndarray:
    """`x` (examples, length) of whole numbers from 0 to limit - 1, of any type and layout, read in place as
    features are.

    Raises:
        ValueError: not numbers, not two-dimensional, no rows, not `width` columns, or a number that is no
            index; the first one is named with its row and column.
    """
    array = as_table(where, x, width, "float64")
    rows = max(1, _BLOCK // array.shape[1])
    for begin in range(0, array.shape[0], rows):
        block = array[begin : begin + rows]
        with np.errstate(invalid="ignore"):
            right = (block >= 0) & (block < limit)
            if block.dtype.kind == "f":
                right &= block == np.floor(block)
        if not right.all():
            row, column = np.argwhere(~right)[0]
            place = f"{block[row, column]} in row {begin + row}, column {column}"
            hint = f"layers.Embedding has {limit} rows, its input_dim"
            raise ValueError(expected(where, f"whole numbers from 0 to {limit - 1} in x", place, hint))
    return array


def as_features(where: str, x: Any, width: int | None, dtype: str) -> np.ndarray:
    """`x` as a contiguous, finite (examples, features) array of `dtype`, all of it at once.

    Raises:
        ValueError: as `as_table`, or NaN or infinity in it.
    """
    table = as_table(where, x, width, dtype)
    refuse_non_finite(where, "x", table, dtype)
    return np.require(table, dtype=dtype, requirements=["C", "A"])


def as_targets(where: str, y: Any, width: int, rows: int, dtype: str) -> np.ndarray:
    """`y` (examples, width), finite in `dtype`, read in place as features are; a vector will do where `width`
    is 1.

    Raises:
        ValueError: not numbers, another shape, another number of rows, or NaN or infinity in it.
    """
    array = _as_array(where, "y", y)
    shape = array.shape
    if array.ndim == 1 and width == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != width:
        raise ValueError(
            expected(where, f"y of shape (examples, {width}), as the model's output", f"shape {shape}")
        )
    same_rows(where, "y", array.shape[0], rows)
    array = _readable(array, dtype)
    refuse_non_finite(where, "y", array, dtype)
    return array


def as_labels(where: str, y: Any, classes: int, rows: int) -> np.ndarray:
    """`y` as (examples, 1) int32 labels from 0 to classes - 1; whole numbers of any type will do.

    Raises:
        ValueError: another shape, another number of rows, or a label that is no class; the first such row is
            named.
    """
    array = _as_array(where, "y", y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        hint = "for one column per class use CategoricalCrossentropy"
        raise ValueError(expected(where, "y as one label per example", f"shape {array.shape}", hint))
    same_rows(where, "y", array.shape[0], rows)
    with np.errstate(invalid="ignore"):
        right = (
            (array >= 0) & (array < classes) & (array == np.floor(array) if array.dtype.kind == "f" else True)
        )
    if not right.all():
        row = int(np.argmin(right))
        hint = f"the last layer has {classes} outputs, one for each class"
        raise ValueError(
            expected(
                where, f"labels as whole numbers from 0 to {classes - 1}", f"{array[row]} in row {row}", hint
            )
        )
    return np.ascontiguousarray(array.astype(np.int32)[:, None])


def as_weights(where: str, weights: Any, rows: int, dtype: str) -> np.ndarray:
    """Sample weights as (examples, 1), finite and >= 0.

    Raises:
        ValueError: another shape, another number of rows, negative, NaN or infinite; the first such row is
            named.
    """
    array = _as_array(where, "sample_weight", weights)
    if array.ndim != 1:
        raise ValueError(expected(where, "sample_weight as one number per example", f"shape {array.shape}"))
    same_rows(where, "sample_weight", array.shape[0], rows)
    with np.errstate(over="ignore"):
        array = np.require(array, dtype=dtype, requirements=["C", "A"])[:, None]
    refuse_non_finite(where, "sample_weight", array, dtype)
    if (array < 0).any():
        row = int(np.argmax(array[:, 0] < 0))
        raise ValueError(expected(where, "sample weights >= 0", f"{array[row, 0]} in row {row}"))
    return np.ascontiguousarray(array)


def same_rows(where: str, what: str, got: int, rows: int) -> None:
    """Raise where an array beside x has other numbers of rows.

    Raises:
        UnusableDataError: a ValueError; it has.
    """
    if got != rows:
        raise UnusableDataError(expected(where, f"as many rows in {what} as in x, {rows}", got))
