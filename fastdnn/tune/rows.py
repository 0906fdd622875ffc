"""Rows of whatever a model is fed: arrays, sparse matrices, data frames, and lists or dicts of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastdnn.data.frames import is_frame
from fastdnn.data.sparse import is_sparse
from fastdnn.data.split import _taken


def taken(data: Any, rows: Any) -> Any:
    """These rows, of each part of it.

    >>> from fastdnn.tune.rows import taken
    >>> taken(([[1.0], [2.0]], {"price": [3, 4]}, None), [1])
    (array([[2.]]), {'price': array([4])}, None)
    """
    if data is None:
        return None
    if isinstance(data, Mapping):
        return {name: taken(part, rows) for name, part in data.items()}
    if isinstance(data, tuple) or (isinstance(data, list) and _is_several(data)):
        return type(data)(taken(part, rows) for part in data)
    return _taken(data if is_frame(data) or is_sparse(data) else np.asarray(data), rows)


def count(x: Any) -> int:
    """How many rows there are."""
    if isinstance(x, Mapping):
        return count(next(iter(x.values())))
    if isinstance(x, tuple) or (isinstance(x, list) and _is_several(x)):
        return count(x[0])
    return int(x.shape[0]) if hasattr(x, "shape") else len(x)


def _is_several(parts: list[Any]) -> bool:
    """Whether a list holds arrays, one for each input; else it is rows."""
    return bool(parts) and all(hasattr(part, "shape") and len(part.shape) >= 1 for part in parts)
