"""The folds of a cross-validation, and a few bytes by which data are known again."""

import inspect
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fastdnn.checks import refuse_masked, whole
from fastdnn.data.frames import frame_names, is_frame
from fastdnn.data.sparse import is_sparse
from fastdnn.errors import expected
from fastdnn.features import same_rows
from fastdnn.tune.rows import count, taken

_SAMPLED = 256  # rows by which data are known again

Folds = tuple[tuple[np.ndarray, np.ndarray], ...]


def folds_of(where: str, cv: Any, data: tuple[Any, Any, Any], stratify: Any, groups: Any, seed: int) -> Folds:
    """The rows of train and dev, for each fold.

    Raises:
        ValueError, TypeError: a row is none of the data, or on both sides, a side is empty, or the labels do
            not fit.
    """
    x, y, weights = data
    rows = count(x)
    if weights is not None and not isinstance(weights, Mapping):
        same_rows(where, "sample_weight", count(weights), rows)
    if hasattr(cv, "split"):
        pairs: Iterable[Any] = _split(where, cv, rows, y, groups)
    elif isinstance(cv, Iterable) and not isinstance(cv, str):
        pairs = cv
    else:
        from fastdnn.data import k_fold_indices

        if not isinstance(y, Mapping) and count(y) != rows:
            raise ValueError(expected(where, f"y with one row for each of x, {rows}", count(y)))
        labels = _labels(y) if stratify is None or stratify is True else stratify
        kinds = None if labels is False or labels is None else labels
        return tuple(
            k_fold_indices(rows, whole(where, "cv", cv, 2), stratify=kinds, groups=groups, seed=seed)
        )
    return tuple(_checked(where, number, pair, rows) for number, pair in enumerate(pairs)) or _none(where)


def _split(where: str, cv: Any, rows: int, y: Any, groups: Any) -> list[Any]:
    """What an object such as scikit-learn's gives."""
    try:
        return list(cv.split(np.zeros((rows, 1)), None if isinstance(y, Mapping) else y, groups))
    except (TypeError, ValueError) as error:
        got = f"{type(cv).__name__}.split: {error}"
        raise ValueError(expected(where, "cv that splits these x, y and groups", got)) from error


def _labels(y: Any) -> Any:
    """What has whole numbers, one for each row."""
    if isinstance(y, Mapping):
        return None
    array = np.asarray(y)
    return array if array.ndim == 1 and array.dtype.kind in "iub" else None


def _none(where: str) -> Folds:
    raise ValueError(expected(where, "cv with at least one fold", "none"))


def _checked(where: str, number: int, pair: Any, rows: int) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        wanted = f"cv, fold {number} as (rows of train, rows of dev)"
        raise ValueError(expected(where, wanted, type(pair).__name__))
    found = []
    for side, given in zip(("train", "dev"), pair, strict=True):
        refuse_masked(where, f"cv, fold {number}: {side} rows", given)
        array = np.asarray(given)
        array = np.flatnonzero(array) if array.dtype == bool and array.shape == (rows,) else array
        fits = array.ndim == 1 and array.dtype.kind in "iu" and len(array)
        if not fits or array.min() < 0 or array.max() >= rows:
            wanted = f"cv, fold {number}: numbers of {side} rows from 0 to {rows - 1}"
            got = f"{array.min()} to {array.max()}" if fits else f"{array.dtype} of shape {array.shape}"
            raise ValueError(expected(where, wanted, got))
        found.append(array.astype(np.intp))
    both = np.intersect1d(found[0], found[1])
    if len(both):
        wanted = f"cv, fold {number}: rows of dev that are not among those of train"
        hint = "a model knows what it was trained on"
        raise ValueError(expected(where, wanted, f"{len(both)} that are, such as {both[0]}", hint))
    return found[0], found[1]


def _sampled(count: int) -> np.ndarray:
    """Numbers of rows, spread evenly."""
    return np.unique(np.linspace(0, max(0, count - 1), _SAMPLED).astype(int))[:count]


def fingerprint(*data: Any) -> str:
    """Of shapes, types and up to 256 rows of each array; hexadecimal.

    >>> import numpy as np
    >>> from fastdnn.tune.folds import fingerprint
    >>> zeros = fingerprint(np.zeros(3))
    >>> zeros == fingerprint(np.zeros(3)), zeros == fingerprint(np.ones(3))
    (True, False)
    """
    value = 0
    for part in _parts(data):
        value = zlib.crc32(part, value)
    return f"{value:08x}"


def said(callbacks: Any) -> str:
    """Callbacks in words that are the same in each process: kinds, and what they were made with; of a
    function its name.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.folds import said
    >>> said([fd.callbacks.CSVLogger("log.csv")])
    "CSVLogger(separator=',', append=False)"
    """
    if callable(callbacks):
        return str(getattr(callbacks, "__qualname__", type(callbacks).__qualname__))
    return ", ".join(map(_said, callbacks))


def _said(callback: Any) -> str:
    names = inspect.signature(type(callback)).parameters
    given = {name: getattr(callback, name) for name in names if hasattr(callback, name)}
    words = [
        f"{name}={value!r}"
        for name, value in given.items()
        if value is None or isinstance(value, str | int | float)
    ]
    return f"{type(callback).__qualname__}({', '.join(words)})"


def _parts(data: Any) -> Iterable[bytes]:
    if data is None or isinstance(data, str | int | float):
        yield repr(data).encode()
    elif isinstance(data, Mapping):
        for name, part in data.items():
            yield str(name).encode()
            yield from _parts(part)
    elif is_sparse(data):
        yield from _entries(data)
    elif hasattr(data, "dtype") and hasattr(data, "shape"):
        yield f"{data.dtype} {data.shape}".encode()
        some = np.asarray(data)[_sampled(len(data))]
        yield np.ascontiguousarray(some).tobytes() if some.dtype != object else repr(some.tolist()).encode()
    elif isinstance(data, tuple) or (isinstance(data, list) and any(hasattr(part, "shape") for part in data)):
        for part in data:
            yield from _parts(part)
    elif isinstance(data, list):
        yield from _parts(np.asarray(data))
    elif is_frame(data):
        some = taken(data, _sampled(count(data)))
        names = list(frame_names(data))
        yield f"{data.shape} {names} {np.asarray(some, object).tolist()}".encode()
    else:
        yield f"{getattr(data, 'shape', count(data))}".encode()


def _entries(matrix: Any) -> Iterable[bytes]:
    """Of rows of a sparse matrix."""
    rows = matrix.tocsr() if hasattr(matrix, "tocsr") else matrix
    yield f"{rows.data.dtype} {rows.shape} {len(rows.data)}".encode()
    for row in _sampled(rows.shape[0]):
        entries = slice(rows.indptr[row], rows.indptr[row + 1])
        yield np.asarray(rows.indices[entries], np.int64).tobytes()
        yield np.ascontiguousarray(rows.data[entries]).tobytes()
