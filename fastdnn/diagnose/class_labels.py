"""Labels as users have them, numbers or texts, made into the numbers 0, 1, ... of their classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn.checks import is_text, whole
from fastdnn.errors import expected
from fastdnn.features import as_weights

# What `classes` may be: how many, or what they are called.
Classes = int | Sequence[Any] | np.ndarray | None

_MOST = 1_000_000  # of whom the names are written
_SHOWN = 30  # characters of a label in a message


@dataclass(frozen=True)
class Coded:
    """Labels as numbers of their classes.

    names: of the classes, as text.
    codes: for each array (examples,) i64, from 0 to len(names) - 1.
    """

    names: tuple[str, ...]
    codes: tuple[np.ndarray, ...]


def coded(where: str, classes: Classes, **arrays: Any) -> Coded:
    """Arrays of labels by name, as numbers of their classes.

    Args:
        where: of errors.
        classes: None: the labels that occur, sorted. A number k: the labels are 0 to k - 1. A list: the
            labels themselves, or, where they are texts and the labels numbers, the names of 0, 1, ...

    Raises:
        ValueError: an array holds no labels, or one that is no class; the first such row is named.

    >>> from fastdnn.diagnose.class_labels import coded
    >>> found = coded("example", None, y=["b", "a", "b"])
    >>> found.names, found.codes[0].tolist()
    (('a', 'b'), [1, 0, 1])
    >>> coded("example", ["cat", "dog"], y=[1, 0]).names
    ('cat', 'dog')
    """
    read = {name: labels_of(where, name, value) for name, value in arrays.items()}
    lengths = {name: len(array) for name, array in read.items()}
    if len(set(lengths.values())) > 1:
        got = " and ".join(str(length) for length in lengths.values())
        raise ValueError(expected(where, f"{' and '.join(lengths)} of one length", got))
    names, known = _classes(where, classes, read)
    if known is None:
        codes = [_whole_codes(where, name, array, len(names)) for name, array in read.items()]
    else:
        codes = [_found_codes(where, name, array, known) for name, array in read.items()]
    return Coded(names, tuple(codes))


def weights_of(where: str, sample_weight: Any, rows: int) -> np.ndarray | None:
    """Sample weights (rows,) f64, of which one at least is above 0; None where there are none.

    Raises:
        ValueError: another shape, negative, not finite, or all of them 0.
    """
    if sample_weight is None:
        return None
    if np.ndim(sample_weight) == 1 and len(sample_weight) != rows:
        wanted = f"sample_weight as one number per example, {rows}"
        raise ValueError(expected(where, wanted, str(len(sample_weight))))
    weights: np.ndarray = as_weights(where, sample_weight, rows, "float64")[:, 0]
    if rows and not weights.any():
        raise ValueError(expected(where, "a sample weight above 0", "zeros alone"))
    return weights


def labels_of(where: str, name: str, value: Any) -> np.ndarray:
    """(examples,) of numbers or texts."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(expected(where, f"{name} without masked values", f"{value.mask.sum()} of them"))
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(expected(where, f"{name} as an array", "rows of unlike lengths")) from error
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype == object and array.ndim == 1 and all(is_text(each) for each in array):
        array = array.astype(np.str_)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "buifU"):
        hint = "from outputs of a model take .argmax(axis=1)" if array.ndim == 2 else ""
        got = f"{array.dtype} of shape {array.shape}"
        raise ValueError(expected(where, f"{name} as one number per example, or one text", got, hint))
    return array


def _classes(
    where: str, classes: Classes, arrays: dict[str, np.ndarray]
) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Names, and the labels in their order; None where these are 0, 1, ..."""
    if classes is None:
        return _occurring(where, arrays)
    if isinstance(classes, str) or np.ndim(classes) == 0:
        count = whole(where, "classes", classes, 1)
        if count > _MOST:
            raise ValueError(expected(where, f"at most {_MOST:,} classes", f"{count:,}"))
        _refuse_texts(where, arrays, count)
        return tuple(map(str, range(count))), None
    listed = list(np.asarray(classes).tolist())
    texts = all(is_text(each) for each in listed)
    if not listed or np.ndim(classes) != 1 or not (texts or all(_is_whole(each) for each in listed)):
        raise ValueError(expected(where, "classes as a list of whole numbers or of texts", repr(classes)))
    if len(set(listed)) < len(listed):
        raise ValueError(expected(where, "each of the classes once", repr(classes)))
    if texts:
        of_texts = any(array.dtype.kind == "U" for array in arrays.values())
        return tuple(listed), np.array(listed) if of_texts else None
    _refuse_texts(where, arrays, len(listed))
    return tuple(str(int(each)) for each in listed), np.array([int(each) for each in listed])


def _is_whole(value: object) -> bool:
    return isinstance(value, int | float) and float(value).is_integer()


def _refuse_texts(where: str, arrays: dict[str, np.ndarray], count: int) -> None:
    for name, array in arrays.items():
        if array.dtype.kind == "U":
            hint = f"or give the {count} texts as classes"
            got = f"{array.dtype} of shape {array.shape}"
            raise ValueError(expected(where, f"{name} as one number per example", got, hint))


def _occurring(where: str, arrays: dict[str, np.ndarray]) -> tuple[tuple[str, ...], np.ndarray]:
    """The labels of all arrays, sorted."""
    sizes = [array for array in arrays.values() if array.size]
    if not sizes:
        raise ValueError(expected(where, "at least one label", "none", "or say how many classes there are"))
    if len({array.dtype.kind == "U" for array in sizes}) > 1:
        kinds = " and ".join(str(array.dtype) for array in sizes)
        raise ValueError(expected(where, "labels of one kind, numbers or texts", kinds))
    if sizes[0].dtype.kind == "U":
        texts = np.unique(np.concatenate(sizes))
        return tuple(texts.tolist()), texts
    for name, array in arrays.items():
        _refuse_fractions(where, name, array, "whole numbers")
    known = np.unique(np.concatenate([array.astype(np.int64) for array in sizes]))
    return tuple(str(each) for each in known.tolist()), known


def _refuse_fractions(where: str, name: str, array: np.ndarray, wanted: str) -> None:
    """Raise where a number is not whole, or too large for one."""
    with np.errstate(invalid="ignore"):
        right = (array == np.floor(array)) & (np.abs(array.astype(np.float64)) < 2.0**62)
    if not right.all():
        row = int(np.argmin(right))
        hint = "from probabilities take .argmax(axis=1), or p > 0.5" if array.dtype.kind == "f" else ""
        raise ValueError(expected(where, f"{name} as {wanted}", f"{array[row]} in row {row}", hint))


def _whole_codes(where: str, name: str, array: np.ndarray, classes: int) -> np.ndarray:
    """Labels 0 to classes - 1."""
    if array.dtype.kind == "U":  # an empty array of texts has no kind of its own
        raise ValueError(expected(where, f"{name} as one number per example", f"{array.dtype}"))
    right = (array >= 0) & (array < classes) & (array == np.floor(array))
    if not right.all():
        row = int(np.argmin(right))
        wanted = f"{name} as whole numbers from 0 to {classes - 1}"
        signs = classes == 2 and bool(np.isin(array, (-1, 1)).all())
        hint = "of labels -1 and 1 say classes=[-1, 1]" if signs else ""
        raise ValueError(expected(where, wanted, f"{array[row]} in row {row}", hint))
    return array.astype(np.int64)


def _found_codes(where: str, name: str, array: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The place of each label among the classes."""
    if not array.size:
        return np.zeros(0, np.int64)
    if (array.dtype.kind == "U") != (known.dtype.kind == "U"):
        wanted = f"{name} as {'texts' if known.dtype.kind == 'U' else 'numbers'}, like the classes"
        raise ValueError(expected(where, wanted, f"{array.dtype}"))
    if array.dtype.kind == "U":
        labels = array
    else:
        _refuse_fractions(where, name, array, "whole numbers")
        labels = array.astype(np.int64)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], labels), len(known) - 1)
    codes: np.ndarray = order[place].astype(np.int64)
    right = known[codes] == labels
    if not right.all():
        row = int(np.argmin(right))
        wanted = f"{name} as labels of the {len(known)} classes"
        raise ValueError(expected(where, wanted, f"{str(array[row])[:_SHOWN]!r} in row {row}"))
    return codes
