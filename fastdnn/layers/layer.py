"""What every layer is: a few typed fields, its weights' shapes, and what it emits into a program."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from fastdnn.errors import expected
from fastdnn.functional import Tensor, call
from fastdnn.program import Program, Value


@dataclass(frozen=True)
class Weight:
    """A weight's place in the model: full name ("dense/kernel"), shape, initialiser, trained or not."""

    name: str
    shape: tuple[int, ...]
    initializer: str
    trainable: bool = True


class WeightStore(Protocol):
    """The model's flat vectors, by full names."""

    def read(self, name: str) -> np.ndarray:
        """A copy of a weight."""
        ...

    def write(self, arrays: dict[str, np.ndarray]) -> None:
        """Set weights, all or none."""
        ...


class Layer:
    """Base of all layers.

    A layer belongs to one model. `name` is unique in it; without one the model numbers the layer ("dense",
    "dense_1"). `trainable` may be set at any time and holds from the next `fit` on: the weights of a layer
    with False stay as they are, and no gradient is computed below the lowest layer that is trained.
    """

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueError(expected(type(self).__name__, "a name without '/'", repr(name)))
        self.name = name or ""
        self.trainable = trainable
        self._weights: list[Weight] = []
        self._built_for: int | None = None
        self._store: WeightStore | None = None

    @property
    def trainable(self) -> bool:
        """Whether `fit` changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not isinstance(value, bool):
            where = getattr(self, "name", "") or type(self).__name__
            raise ValueError(expected(where, "trainable as True or False", repr(value)))
        self._trainable = value

    @property
    def weights(self) -> list[Weight]:
        """The weights, trained or stored, in a fixed order; empty before the model knows its input."""
        return list(self._weights)

    def add_weight(
        self, name: str, shape: tuple[int, ...], initializer: str, *, trainable: bool = True
    ) -> None:
        """Declare a weight; called by `build`."""
        self._weights.append(Weight(f"{self.name}/{name}", shape, initializer, trainable))

    def build(self, width: int, next_activation: str) -> int:
        """Declare the weights for inputs of `width` features and return the number of outputs.

        `next_activation` is the activation that the layer's output meets next, by which "auto" initialisers
        go.
        """
        raise NotImplementedError

    def build_once(self, width: int, next_activation: str) -> int:
        """`build`, where a layer that is used again must meet the same width."""
        if self._built_for not in (None, width):
            raise ValueError(
                expected(
                    self.name,
                    f"{self._built_for} features, as at its first use",
                    width,
                    "use another layer here",
                )
            )
        self._weights.clear()
        outputs = self.build(width, next_activation)
        self._built_for = width
        return outputs

    def build_for(self, widths: tuple[int, ...], next_activation: str) -> int:
        """`build_once` for the widths of all inputs, of which most layers take one."""
        if len(widths) != 1:
            hint = "join them first, with layers.Add or layers.Concatenate"
            raise ValueError(expected(self.name, "one input", f"{len(widths)} inputs", hint))
        return self.build_once(widths[0], next_activation)

    def lower(self, program: Program, x: Value, weights: dict[str, Value]) -> Value:
        """Emit the layer's operations on `x`; `weights` are its values by short name ("kernel")."""
        raise NotImplementedError

    def lower_all(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """`lower` for all inputs."""
        return self.lower(program, inputs[0], weights)

    def __call__(self, inputs: Tensor | Sequence[Tensor]) -> Tensor:
        """This layer on the output of another one, or on a list of outputs; see `fastdnn.Input`.

        Raises:
            ValueError: `inputs` is something else.
        """
        return call(self, inputs)

    def attach(self, store: WeightStore) -> None:
        """Called by the model that now holds the layer's weights."""
        self._store = store

    def detach(self) -> None:
        """Called by a model that gives the layer up; the next one builds it afresh."""
        self._store = None
        self._built_for = None
        self._weights.clear()

    def __getstate__(self) -> dict[str, Any]:
        """Copied and pickled as a layer that no model holds yet."""
        return {**vars(self), "_store": None, "_built_for": None, "_weights": []}

    @property
    def attached(self) -> bool:
        """Whether a model holds the layer's weights."""
        return self._store is not None

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the layer's weights, in the order of `weights`.

        Raises:
            ValueError: no model holds them yet.
        """
        store = self._stored()
        return [store.read(weight.name) for weight in self._weights]

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Set the layer's weights, all or none.

        Raises:
            ValueError: no model holds them yet, or number, shapes or values do not fit.
        """
        names = [weight.name for weight in self._weights]
        if len(weights) != len(names):
            raise ValueError(expected(self.name, f"{len(names)} arrays: {', '.join(names)}", len(weights)))
        self._stored().write(dict(zip(names, weights, strict=True)))

    def _stored(self) -> WeightStore:
        if self._store is None:
            where = self.name or type(self).__name__
            raise ValueError(
                expected(where, "a layer of a built model", "one without weights", "put it into one first")
            )
        return self._store

    def activation_seen(self) -> str | None:
        """The activation that the layer before meets here; None when it looks further, past this layer."""
        return "linear"

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"name": self.name} if self.trainable else {"name": self.name, "trainable": False}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def flag(where: str, what: str, value: object) -> bool:
    """`value`, if it is True or False.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(expected(where, f"{what} as True or False", repr(value)))
    return value


def number_in(where: str, what: str, value: object, low: float, high: float) -> float:
    """`value` as a float in [low, high).

    Raises:
        ValueError: it is none.
    """
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    number = float(value) if is_number else math.nan  # type: ignore[arg-type]
    if not low <= number < high:
        limit = f" < {high:g}" if math.isfinite(high) else ""
        raise ValueError(expected(where, f"{low:g} <= {what}{limit}", repr(value)))
    return number


def positive_int(where: str, what: str, value: object) -> int:
    """`value` as an int of at least one.

    Raises:
        ValueError: it is not a whole number >= 1.
    """
    index = getattr(value, "__index__", None)
    if isinstance(value, bool) or index is None or index() < 1:
        raise ValueError(expected(where, f"{what} as a whole number >= 1", repr(value)))
    return int(index())
