"""Initialisers by name, and "auto"."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fastdnn.custom.checks import finite_array
from fastdnn.errors import expected, unknown_name
from fastdnn.initializers.constants import Constant, Identity, Ones, Zeros
from fastdnn.initializers.distributions import RandomNormal, RandomUniform, TruncatedNormal
from fastdnn.initializers.initializer import FunctionInitializer, Initializer
from fastdnn.initializers.orthogonal import Orthogonal
from fastdnn.initializers.random import Random
from fastdnn.initializers.scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

# What "auto" means, by the activation that follows the weight.
_AUTOMATIC: dict[str, Initializer] = {
    **dict.fromkeys(("relu", "leaky_relu", "elu", "silu", "gelu", "gelu_tanh"), HeNormal()),
    **dict.fromkeys(("tanh", "selu", "maxout"), LecunNormal()),
}


@dataclass(frozen=True, repr=False)
class Auto(Initializer):
    """By the activation that follows the weight, seen through normalisation and dropout: `HeNormal` for ReLU
    and its like, `LecunNormal` for tanh, SELU and maxout, else `GlorotUniform`.

    >>> from fastdnn.initializers import Auto
    >>> Auto().for_activation("relu")
    HeNormal()
    """

    name: ClassVar[str] = "auto"

    def for_activation(self, activation: str) -> Initializer:
        """The one that is meant."""
        return _AUTOMATIC.get(activation, GlorotUniform())


CLASSES: dict[str, type[Initializer]] = {
    kind.__name__: kind
    for kind in (
        Auto,
        Constant,
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        Identity,
        LecunNormal,
        LecunUniform,
        Ones,
        Orthogonal,
        RandomNormal,
        RandomUniform,
        TruncatedNormal,
        VarianceScaling,
        Zeros,
    )
}

# By name, with default arguments; then the decks' untruncated forms. The first name of an equal one is saved.
_NAMED: dict[str, Initializer] = {
    **{kind.name: kind() for kind in CLASSES.values()},
    "uniform": RandomUniform(),  # as in Keras
    "normal": RandomNormal(),
    "xavier": VarianceScaling(1.0, "fan_in", "untruncated_normal"),
    "xavier_avg": VarianceScaling(1.0, "fan_avg", "untruncated_normal"),
    "he": VarianceScaling(2.0, "fan_in", "untruncated_normal"),
}

NAMES = tuple(_NAMED)


def get(identifier: Any, where: str = "initializers", *, auto: bool = True) -> Initializer:
    """The initialiser of a name, of what `serialize` gave, or itself; a function f(shape, dtype) as one.

    Args:
        identifier: a name of the table of `fastdnn.initializers`, an object or class of it, a dict
            {"class_name", "config"}, or one of your own.
        where: for messages.
        auto: whether "auto" will do.

    Raises:
        ValueError: it is none of these.

    >>> from fastdnn import initializers
    >>> initializers.get("he_normal")
    HeNormal()
    """
    found = _found(identifier, where)
    if not auto and isinstance(found, Auto):
        raise ValueError(expected(where, "an initializer that does not depend on other layers", "'auto'"))
    return found


def _found(identifier: Any, where: str) -> Initializer:
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, dict):
        return _from_config(identifier, where)
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if callable(identifier) and not isinstance(identifier, type):
        return FunctionInitializer(identifier)
    if not isinstance(identifier, str) or identifier not in _NAMED:
        raise unknown_name(where, "an initializer", identifier, _NAMED)
    return _NAMED[identifier]


def _from_config(described: dict[str, Any], where: str) -> Initializer:
    name, config = described.get("class_name"), described.get("config")
    if not isinstance(name, str) or name not in CLASSES:
        raise unknown_name(where, "the class of an initializer", name, CLASSES)
    if not isinstance(config, dict):
        raise ValueError(expected(where, f"a configuration of {name}", repr(config)))
    try:
        return CLASSES[name](**config)
    except TypeError as error:
        raise ValueError(expected(where, f"arguments of {name}", repr(config))) from error


def is_own(initializer: Initializer) -> bool:
    """Whether it is the user's."""
    return type(initializer) not in CLASSES.values()


def drawn(where: str, initializer: Initializer, random: Random, shape: tuple[int, ...]) -> np.ndarray:
    """The initial value of a weight.

    Raises:
        ValueError: an initialiser of the user's gives something else than real numbers of this shape.
        FloatingPointError: it gives NaN or infinity.
    """
    value = initializer.draw(random, shape)
    if not is_own(initializer):
        return value
    return finite_array(where, f"initial value by {initializer!r}", value, shape, random.dtype)


def serialize(initializer: Initializer) -> Any:
    """What `get` makes it from again: a name, or a dict {"class_name", "config"}; of the user's own what was
    given.

    >>> from fastdnn import initializers
    >>> initializers.serialize(initializers.Zeros()), initializers.serialize(initializers.Constant(2.0))
    ('zeros', {'class_name': 'Constant', 'config': {'value': 2.0}})
    """
    if isinstance(initializer, FunctionInitializer):
        return initializer.given
    if is_own(initializer):
        return initializer
    for name, known in _NAMED.items():
        if known == initializer:
            return name
    return {"class_name": type(initializer).__name__, "config": initializer.get_config()}
