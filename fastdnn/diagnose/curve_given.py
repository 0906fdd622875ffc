"""The curves that `read_curve` is given, as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastdnn.callbacks.history import History
from fastdnn.errors import expected

WHERE = "read_curve"
_OF_WEIGHT = "gradient_norm/"


def curves_of(history: Any) -> dict[str, np.ndarray]:
    """All figures as arrays.

    Raises:
        ValueError: they are none, have no epochs, or unlike lengths.
    """
    given = history.history if isinstance(history, History) else history
    if not isinstance(given, Mapping):
        raise ValueError(expected(WHERE, "what fit returned, or a dict of its figures", repr(history)))
    if isinstance(history, History) and not given and not hasattr(history, "params"):
        raise ValueError(expected(WHERE, "the history of a fit", "one of none", "call fit first"))
    curves = {str(name): _curve(str(name), values) for name, values in given.items()}
    lengths = {name: len(values) for name, values in curves.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(expected(WHERE, "figures of the same epochs", lengths))
    return curves


def _curve(name: str, values: Any) -> np.ndarray:
    try:
        curve = np.asarray(values)
    except ValueError:
        curve = np.zeros((), object)
    if curve.ndim != 1 or (curve.size and curve.dtype.kind not in "buif"):
        raise ValueError(expected(WHERE, f"{name} as a number for each epoch", repr(values)))
    return curve.astype(np.float64)


def norms_of(given: Any) -> np.ndarray:
    """‖g‖ along the training, of all weights together.

    Raises:
        ValueError: they are not two numbers >= 0 or more, or those of the weights have unlike lengths.
    """
    if isinstance(given, Mapping):
        parts = [_curve(name, values) for name, values in given.items() if name.startswith(_OF_WEIGHT)]
        if not parts or len({len(part) for part in parts}) > 1:
            wanted = f"gradient_norms with names {_OF_WEIGHT}..., of one length"
            raise ValueError(expected(WHERE, wanted, ", ".join(given) or "none"))
        given = np.sqrt(np.sum(np.square(parts), axis=0))
    norms = _curve("gradient_norms", given)
    if len(norms) < 2 or not (norms >= 0).all():
        raise ValueError(expected(WHERE, "gradient_norms as two numbers >= 0, or more", repr(given)))
    return norms
