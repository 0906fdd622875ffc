"""What every layer is: a few typed fields, its weights' shapes, and what it emits into a program."""

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from fastdnn import constraints, initializers, regularizers
from fastdnn.checks import is_text, whole
from fastdnn.constraints import Constraint
from fastdnn.custom.checks import finite_array
from fastdnn.errors import expected, unknown_name
from fastdnn.functional import Tensor, call
from fastdnn.initializers import Initializer
from fastdnn.layers.settings import settings_config
from fastdnn.program import Program, Value
from fastdnn.regularizers import Regularizer
from fastdnn.segment_options import AS_ALL_OTHERS, SegmentOptions

# Of what a layer takes or gives, as in Keras: (None, features), None for any number of examples.
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Weight:
    """A weight's place in the model: full name ("dense/kernel"), shape, initialiser, trained or not, and how
    the optimiser updates it.
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    trainable: bool = True
    update: SegmentOptions = AS_ALL_OTHERS

    @property
    def short_name(self) -> str:
        """Its name in the layer ("kernel")."""
        return self.name.rsplit("/", 1)[-1]


class WeightStore(Protocol):
    """The model's flat vectors, by full names."""

    settings: int

    def read(self, name: str) -> np.ndarray:
        """A copy of a weight."""
        ...

    def write(self, arrays: dict[str, np.ndarray]) -> None:
        """Set weights, all or none."""
        ...


class _Running(threading.local):
    """The layers whose own code this thread runs now, with the weights of their step."""

    def __init__(self) -> None:
        self.layers: list[tuple[Layer, Mapping[str, np.ndarray], dict[str, np.ndarray]]] = []


class Layer:
    """Base of all layers, and of your own.

    A layer of your own is written in NumPy: it declares its weights in `build`, computes in `forward` and its
    gradients in `backward`. The engine calls them between its parallel regions, in the thread that called
    `fit` or `predict`. What they are given are copies in the model's type (float64 by the reference backend),
    theirs to keep; what they return is checked and copied. They may use anything but this model's fit and
    `set_weights`, which are a RuntimeError in there; an exception ends the call, and a fit leaves the model
    as the last whole step did.

    A layer belongs to one model. `name` is unique in it; without one the model numbers the layer ("dense",
    "dense_1"). `trainable`, and settings such as a `Dropout`'s `rate`, may be set at any time and hold from
    the next epoch of a fit, or other call, on: the weights of a layer with trainable=False stay as they are,
    and no gradient is computed below the lowest layer that is trained.

    A subclass whose `__init__` takes arguments gives them all in `get_config`, else models with it cannot be
    saved (name and trainable are kept anyway); `load_model(path, custom_objects={"Scale": Scale})` makes it
    again.

    Args:
        name: of the layer.
        trainable: whether `fit` changes the weights.

    Raises:
        ValueError: `name` is empty, has a "/" or is not UTF-8, or `trainable` is neither True nor False.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> class Scale(fd.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.add_weight("factor", (input_shape[-1],), "ones")
    ...
    ...     def forward(self, x, training):
    ...         return x * self.weight("factor"), x
    ...
    ...     def backward(self, dy, saved):
    ...         return dy * self.weight("factor"), {"factor": (dy * saved).sum(axis=0)}
    >>> model = fd.Sequential([fd.layers.Input((2,)), Scale()], seed=0)
    >>> model.compile(fd.optimizers.SGD(0.5), "mse")
    >>> _ = model.fit(np.ones((1, 2)), np.array([[1.0, 3.0]]), verbose=0)
    >>> model.layers[1].get_weights()
    [array([1., 2.], dtype=float32)]
    """

    # Whether the layer takes a list of inputs: then shapes, x and dx are lists too.
    takes_many_inputs: ClassVar[bool] = False

    name: str = ""
    _building = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        own = {"forward", "backward"} & vars(cls).keys()
        if own and cls.lower is not Layer.lower and "lower" not in vars(cls):
            base = next(base for base in cls.__mro__ if "lower" in vars(base))
            hint = f"{base.__name__} is computed natively, and would not call it"
            raise TypeError(
                expected(
                    cls.__name__,
                    f"a subclass of Layer itself to define {own.pop()}",
                    f"one of {base.__name__}",
                    hint,
                )
            )

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        if name is not None and (not is_text(name) or not name or "/" in name):
            raise ValueError(expected(type(self).__name__, "a name without '/' in UTF-8", repr(name)))
        self.name = name or ""
        self.trainable = trainable
        self.next_activation = "linear"  # that the output meets next; "auto" initialisers go by it
        self.output_features = 0  # features of the output, once the layer is built
        self._regularizers: dict[str, Regularizer | None] = {}  # of the weights, by their short names
        self._constraints: dict[str, Constraint | None] = {}
        self._weights: list[Weight] = []
        self._built_for: tuple[Shape, ...] | None = None
        self._store: WeightStore | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        """A setting holds from the next epoch or call of the model on: what they keep is made anew.

        Of one's own layer only `trainable`: its code sees all others by itself, and may set them in a step.
        """
        super().__setattr__(name, value)
        if name.startswith("_") or getattr(self, "_store", None) is None:
            return
        if name == "trainable" or type(self).lower is not Layer.lower:
            self._stored().settings += 1

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

    # ---- What a layer of one's own writes

    def build(self, input_shape: Any) -> None:
        """Declare the weights by `add_weight`; called once, when the input is known.

        Args:
            input_shape: (None, features), or a list of such where `takes_many_inputs`.
        """

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The output's shape, (None, features); the (first) input's unless a subclass says otherwise."""
        return input_shape[0] if self.takes_many_inputs else input_shape  # type: ignore[no-any-return]

    def forward(self, x: Any, training: bool) -> tuple[np.ndarray, Any]:
        """The output for a batch, and anything that `backward` will need.

        Args:
            x: (examples, features), or a list of such where `takes_many_inputs`.
            training: True in `fit`, False in `predict` and `evaluate`.

        Returns:
            y (examples, outputs), and what is saved, or None.
        """
        raise NotImplementedError(expected(self.name, "a forward(self, x, training)", "a layer without"))

    def backward(self, dy: np.ndarray, saved: Any) -> tuple[Any, dict[str, np.ndarray]]:
        """The gradients of the loss, of the same batch as the last `forward`.

        Args:
            dy: (examples, outputs), with respect to y.
            saved: what `forward` gave.

        Returns:
            dx, in the shape of x (None where nobody needs it will do), and a gradient for each trained weight
            by its name, summed over the examples.
        """
        raise NotImplementedError(expected(self.name, "a backward(self, dy, saved)", "a layer without"))

    # ---- What it uses

    def add_weight(
        self,
        name: str,
        shape: tuple[int, ...],
        initializer: Any = "auto",
        *,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> None:
        """Declare a weight, in `build` and nowhere else. Unlike Keras's it returns nothing, since no model
        holds the weight yet: `forward` and `backward` read it by `self.weight(name)`.

        Args:
            name: its own in the layer.
            shape: sizes >= 1.
            initializer: a name or object of `fastdnn.initializers`; "auto" goes by the activation that
                follows.
            trainable: False for what is stored and changed by `assign` alone.
            regularizer: of `fastdnn.regularizers`, or a name; the penalty and its gradient are added for you.
            constraint: of `fastdnn.constraints`, or a name.

        Raises:
            ValueError: an argument does not fit, the layer has a weight of this name, or `build` is not under
                way.
        """
        where = self.name or type(self).__name__
        if not self._building:
            hint = "declare weights in build(self, input_shape)"
            raise ValueError(expected(where, "add_weight in build", "a call outside", hint))
        if not is_text(name) or not name or "/" in name:
            raise ValueError(expected(where, "a weight's name without '/' in UTF-8", repr(name)))
        if any(weight.short_name == name for weight in self._weights):
            raise ValueError(expected(where, "distinct names of weights", f"{name!r} twice"))
        if not isinstance(shape, tuple | list) or not shape:
            raise ValueError(expected(where, f"the shape of {name} as a tuple of sizes", repr(shape)))
        sizes = tuple(positive_int(where, f"each size of {name}", size) for size in shape)
        chosen = initializers.get(initializer, where).for_activation(self.next_activation)
        chosen.check_shape(f"{where}/{name}", sizes)
        weight = Weight(f"{self.name}/{name}", sizes, chosen, flag(where, "trainable", trainable))
        if regularizer is not None:
            self._regularizers[name] = regularizers.get(regularizer, where)
        if constraint is not None:
            self._constraints[name] = constraints.get(constraint, where)
        of_weight = self.regularizer_of(weight), self.constraint_of(weight)
        if not weight.trainable and of_weight != (None, None):
            wanted = "a trained weight, beside a regularizer or constraint"
            raise ValueError(expected(where, wanted, f"{name} with trainable=False"))
        self._weights.append(weight)

    @property
    def has_regularizers(self) -> bool:
        """Whether any weight has one of its own."""
        return any(self._regularizers.values())

    def regularizer_of(self, weight: Weight) -> Regularizer | None:
        """The weight's own regulariser, as it is set now."""
        return self._regularizers.get(weight.short_name)

    def set_regularizer(self, weight: Weight, regularizer: Regularizer | None) -> None:
        """Another one of a weight, which holds from the next epoch of a fit, or other call, on."""
        self._regularizers[weight.short_name] = regularizer
        self._stored().settings += 1

    def constraint_of(self, weight: Weight) -> Constraint | None:
        """The weight's constraint, as it is set now.

        Raises:
            ValueError: it is not defined for the weight's shape.
        """
        constraint = self._constraints.get(weight.short_name)
        if constraint is not None:
            constraint.check(weight.name, weight.shape)
        return constraint

    def weight(self, name: str) -> np.ndarray:
        """A weight by its name, read-only: in `forward` that of the step, or what an earlier use in the step
        has assigned; in `backward` what its `forward` saw; else as it is now.

        Raises:
            ValueError: the layer has no such weight, or no model holds it yet.
        """
        for layer, weights, _ in reversed(_running.layers):
            if layer is self and name in weights:
                own: np.ndarray = weights[name]
                return own
        names = [weight.short_name for weight in self._weights]
        if name not in names:
            raise unknown_name(self.name or type(self).__name__, "a weight", name, names)
        array = self._stored().read(f"{self.name}/{name}")
        array.flags.writeable = False
        return array

    def assign(self, name: str, value: Any) -> None:
        """In `forward` in training: the new value of a weight that is not trained, for the layer's next use
        in this step, and from the next step on if this one is kept. `weight` gives the old one until then.
        Gradients do not mind that the new value came from x. Of a frozen layer nothing is kept.

        Raises:
            ValueError: not in `forward` in training, no such weight or a trained one, or another shape.
            FloatingPointError: a number is NaN or infinite.
        """
        where = f"{self.name or type(self).__name__}.assign"
        running = next((entry for entry in reversed(_running.layers) if entry[0] is self), None)
        if running is None or name not in running[2]:
            stored = [weight.short_name for weight in self._weights if not weight.trainable]
            wanted = f"a stored weight ({', '.join(stored) or 'none'}), in forward in training"
            raise ValueError(expected(where, wanted, repr(name), "elsewhere use set_weights"))
        weight = running[1][name]
        new = np.array(finite_array(where, name, value, weight.shape, weight.dtype))
        new.flags.writeable = False
        running[2][name] = new

    @contextmanager
    def running(self, weights: Mapping[str, np.ndarray], assigned: dict[str, np.ndarray]) -> Iterator[None]:
        """While its own code runs: these are its weights, and what may be assigned."""
        _running.layers.append((self, weights, assigned))
        try:
            yield
        finally:
            _running.layers.pop()

    # ---- What a graph calls

    def build_for(self, shapes: tuple[Shape, ...], next_activation: str) -> int:
        """`build` at the layer's first use; its number of outputs for inputs of these shapes.

        Raises:
            ValueError: it does not take so many inputs, or was built for others.
        """
        if len(shapes) != 1 and not self.takes_many_inputs:
            hint = "join them first, with layers.Add or layers.Concatenate"
            raise ValueError(expected(self.name, "one input", f"{len(shapes)} inputs", hint))
        given = list(shapes) if self.takes_many_inputs else shapes[0]
        if self._built_for is None:
            self.next_activation = next_activation
            self._building = True
            try:
                self.build(given)
            finally:
                self._building = False
            self._built_for = shapes
        elif self._built_for != shapes:
            built, now = (", ".join(str(shape[-1]) for shape in each) for each in (self._built_for, shapes))
            hint = "use another layer here"
            raise ValueError(expected(self.name, f"{built} features, as at its first use", now, hint))
        self.output_features = self._outputs(given)
        return self.output_features

    def _outputs(self, input_shape: Any) -> int:
        shape = self.compute_output_shape(input_shape)
        if not isinstance(shape, tuple | list) or len(shape) != 2:
            raise ValueError(expected(f"{self.name}.compute_output_shape", "(None, features)", repr(shape)))
        return positive_int(f"{self.name}.compute_output_shape", "features", shape[-1])

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """Emit what computes the layer; `weights` are its values by short name ("kernel"). Here: a call of
        `forward`. Layers of the package emit operations instead.
        """
        from fastdnn.custom.layers import lower_layer

        if not self.has_own("forward"):
            raise ValueError(expected(self.name, "a forward(self, x, training)", "a layer without"))
        return lower_layer(self, program, inputs, weights)

    @classmethod
    def has_own(cls, method: str) -> bool:
        """Whether a subclass has written this method."""
        return getattr(cls, method) is not getattr(Layer, method)

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
        frozen = {} if self.trainable else {"trainable": False}
        return {**settings_config(self), "name": self.name, **frozen}

    def __repr__(self) -> str:
        config = self.get_config()
        settings = {key: getattr(self, key) for key in settings_config(self)}
        parts = {key: getattr(self, key, value) for key, value in config.items() if isinstance(value, dict)}
        shown = {
            key: value for key, value in {**config, **parts}.items() if settings.get(key, value) is not None
        }
        arguments = ", ".join(f"{key}={value!r}" for key, value in shown.items())
        return f"{type(self).__name__}({arguments})"


_running = _Running()


def features(shape: Shape) -> int:
    """The number of features in a shape."""
    size = shape[-1]
    assert size is not None
    return size


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
    return whole(where, what, value, 1)
