"""What every initialiser is, and one that is a function of the user's."""

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar

import numpy as np

from fastdnn.checks import as_float
from fastdnn.errors import expected
from fastdnn.initializers.random import Random


class Initializer:
    """Base of all initialisers, and of your own: `draw` gives the initial value of a weight.

    One of your own draws from `random`, so that weights follow from the model's seed. A function
    `f(shape, dtype)` will do, too, as in Keras; its random numbers are its own affair. `load_model` needs
    either in `custom_objects`. An initialiser has no seed, other than Keras's: the model has it.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> class Sparse(fd.initializers.Initializer):
    ...     def draw(self, random, shape):
    ...         return np.where(random.uniform(1.0, shape) > 0.8, random.normal(shape), 0.0)
    >>> layers = [fd.layers.Input((20,)), fd.layers.Dense(5, kernel_initializer=Sparse())]
    >>> fd.Sequential(layers, seed=0).count_params()
    105
    """

    name: ClassVar[str] = ""  # what `get` knows it by

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """The initial value.

        Args:
            random: the weight's random numbers; `random.dtype` is the model's type.
            shape: of the weight; kernels are (inputs, outputs).
        """
        raise NotImplementedError(expected(type(self).__name__, "a draw(self, random, shape)", "none"))

    def __call__(self, shape: tuple[int, ...], dtype: str = "float64", *, seed: int = 0) -> np.ndarray:
        """What a model of this seed would give its first weight, to look at.

        >>> import fastdnn as fd
        >>> fd.initializers.Identity(1.5)((2, 2))
        array([[1.5, 0. ],
               [0. , 1.5]])
        """
        self.check_shape(type(self).__name__, shape)
        return self.draw(Random(seed, 0, dtype), shape)

    def for_activation(self, activation: str) -> "Initializer":
        """What is drawn from where this activation follows: itself, but for "auto"."""
        return self

    def check_shape(self, where: str, shape: tuple[int, ...]) -> None:
        """Raise ValueError if a weight cannot have this shape."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make it again."""
        own: tuple[Any, ...] = fields(self) if is_dataclass(self) else ()
        return {field.name: getattr(self, field.name) for field in own}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class FunctionInitializer(Initializer):
    """A function f(shape, dtype), or object that is called so, of the user's."""

    def __init__(self, given: Callable[..., Any]) -> None:
        self.given = given
        self.label = getattr(given, "__name__", type(given).__name__)

    def draw(self, random: Random, shape: tuple[int, ...]) -> np.ndarray:
        """What it gives, not checked yet."""
        return self.given(shape, dtype=random.dtype)  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FunctionInitializer) and self.given == other.given

    def __hash__(self) -> int:
        return hash(self.label)

    def __repr__(self) -> str:
        return self.label


def number(where: str, what: str, value: object, low: float = -math.inf) -> float:
    """`value` as a finite float of at least `low`.

    Raises:
        ValueError: it is none.
    """
    found = as_float(value)
    if not (math.isfinite(found) and found >= low):
        wanted = f"{what} as a finite number" + (f" >= {low:g}" if math.isfinite(low) else "")
        raise ValueError(expected(where, wanted, repr(value)))
    return found
