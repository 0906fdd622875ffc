"""Optimisers: the names of their state, their update rule, and one fused native pass each.

>>> import fastdnn as fd
>>> fd.optimizers.get("rmsprop").rho
0.9
"""

from collections.abc import Mapping
from typing import Any

from fastdnn.errors import expected, unknown_name
from fastdnn.optimizers.adagrad import Adadelta, Adagrad
from fastdnn.optimizers.adam import Adam, AdamW, Nadam
from fastdnn.optimizers.lbfgs import LbfgsResult, minimize_lbfgs
from fastdnn.optimizers.lion import Lion
from fastdnn.optimizers.optimizer import Optimizer
from fastdnn.optimizers.rmsprop import RMSprop
from fastdnn.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "LbfgsResult",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "from_config",
    "get",
    "minimize_lbfgs",
]

_CLASSES: dict[str, type[Optimizer]] = {
    c.__name__: c for c in (SGD, Adadelta, Adagrad, Adam, AdamW, Lion, Nadam, RMSprop)
}
_STRINGS = {name.lower(): c for name, c in _CLASSES.items()}


def get(optimizer: str | Optimizer, where: str = "compile") -> Optimizer:
    """An optimiser by its name in Keras ("sgd", "rmsprop", "adam", "adamw", "adagrad", "adadelta", "nadam",
    "lion"), with its defaults, or the object itself.

    Raises:
        ValueError: no optimiser has this name.

    >>> from fastdnn import optimizers
    >>> optimizers.get("adam").learning_rate
    0.001
    """
    if isinstance(optimizer, str):
        if optimizer.lower() not in _STRINGS:
            raise unknown_name(where, "an optimizer", optimizer, _STRINGS)
        return _STRINGS[optimizer.lower()]()  # type: ignore[call-arg]
    if isinstance(optimizer, tuple(_CLASSES.values())):
        return optimizer
    raise ValueError(expected(where, "an optimizer of fastdnn.optimizers or its name", repr(optimizer)))


def from_config(class_name: str, config: Mapping[str, Any]) -> Optimizer:
    """An optimiser from its class name and `get_config()`.

    Raises:
        ValueError: no optimiser class has this name, or an argument does not fit.

    >>> from fastdnn import optimizers
    >>> optimizers.from_config("Adam", optimizers.Adam(0.1).get_config()).learning_rate
    0.1
    """
    if class_name not in _CLASSES:
        raise unknown_name("optimizers", "an optimizer", class_name, _CLASSES)
    return _CLASSES[class_name].from_config(config)
