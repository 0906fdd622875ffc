"""Networks with branches: layers called on the outputs of others, as in Keras's functional API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastdnn.checks import is_text
from fastdnn.errors import expected
from fastdnn.ports import Form, Ports

if TYPE_CHECKING:
    from fastdnn.graph import Graph
    from fastdnn.layers.input import Input as InputLayer
    from fastdnn.layers.layer import Layer


@dataclass(frozen=True, eq=False)
class Tensor:
    """What a layer gives for each example, before there is a model: `layer` called on `inputs`."""

    layer: "Layer"
    inputs: tuple["Tensor", ...] = ()

    @property
    def shape(self) -> tuple[None, int]:
        """(None, features), None for any number of examples.

        Raises:
            ValueError: a layer does not fit its inputs, as far as it can tell before it is built.

        >>> import fastdnn as fd
        >>> fd.layers.Dense(5)(fd.Input((3,))).shape
        (None, 5)
        """
        shapes: dict[Tensor, Any] = {}
        waiting = [self]
        while waiting:  # networks are deeper than Python's stack
            tensor = waiting[-1]
            missing = [x for x in tensor.inputs if x not in shapes]
            waiting.extend(missing)
            if not missing:
                shapes[waiting.pop()] = tensor._shape_for([shapes[x] for x in tensor.inputs])
        return shapes[self]  # type: ignore[no-any-return]

    def _shape_for(self, inputs: list[Any]) -> Any:
        if _is_input(self.layer):
            return (None, *self.layer.shape)  # type: ignore[attr-defined]
        given = inputs if self.layer.takes_many_inputs else inputs[0]
        return tuple(self.layer.compute_output_shape(given))


# What a model's inputs or outputs are given as.
Tensors = Tensor | Sequence[Tensor] | Mapping[str, Tensor]


def Input(  # noqa: N802  as in Keras
    shape: tuple[int, ...], *, dtype: str | None = None, name: str | None = None
) -> Tensor:
    """Where examples come in: what the first layers of a network are called on.

    Args:
        shape: of one example, a tuple of one size >= 1.
        dtype: "int32" for indices that `layers.Embedding` reads; None for real features.
        name: of the input.

    Raises:
        ValueError: `shape` is not a tuple of one whole number >= 1, or `dtype` is another one.

    >>> import fastdnn as fd
    >>> x = fd.Input((8,))
    >>> h = fd.layers.Dense(8, activation="relu")(x)
    >>> y = fd.layers.Dense(2)(fd.layers.Add()([x, h]))  # a skip connection
    >>> fd.Model(x, y, seed=0).output_shape
    (None, 2)
    """
    return _input_layer()(shape, dtype=dtype, name=name).tensor


def call(layer: "Layer", inputs: "Tensor | Sequence[Tensor]") -> Tensor:
    """A layer's output on these inputs; `layer(inputs)`."""
    where = layer.name or type(layer).__name__
    if _is_input(layer):
        raise ValueError(expected(where, "no input of an Input", repr(inputs), "call the layers after it"))
    given = [as_tensor(x) for x in (inputs if isinstance(inputs, list | tuple) else [inputs])]
    tensors = tuple(x for x in given if x is not None)
    if not given or len(tensors) < len(given):
        hint = "begin with fastdnn.Input((features,)); for arrays call the model's predict"
        raise ValueError(expected(where, "the output of a layer, or a list of them", repr(inputs), hint))
    return Tensor(layer, tensors)


def as_tensor(value: object) -> Tensor | None:
    """A tensor itself, or that of a `layers.Input`; else None."""
    if isinstance(value, Tensor):
        return value
    return value.tensor if isinstance(value, _input_layer()) else None


def _input_layer() -> "type[InputLayer]":
    from fastdnn.layers.input import Input as InputLayer

    return InputLayer


def _is_input(layer: "Layer") -> bool:
    return isinstance(layer, _input_layer())


def graph_between(inputs: Any, outputs: Any) -> "Graph":
    """The layers on the way from `inputs` to `outputs`, each after its inputs.

    Either is a tensor, a list or a dict of them.

    Raises:
        ValueError: an output needs an input that is not given, an input is needed by no output or given
            twice, something is no tensor, or a layer does not fit its inputs.
    """
    from fastdnn.graph import Graph, Node

    sources, results = _Ends.of("inputs", inputs), _Ends.of("outputs", outputs)
    _check_inputs(sources)
    order = _in_order(sources.tensors, results.tensors)
    _refuse_unneeded(sources, {x for tensor in order for x in tensor.inputs}.union(results.tensors))
    numbers = {tensor: number for number, tensor in enumerate(order)}
    nodes = [Node(tensor.layer, tuple(numbers[x] for x in tensor.inputs)) for tensor in order]
    return Graph(nodes, sources.ports("input", numbers), results.ports("output", numbers))


@dataclass(frozen=True)
class _Ends:
    """The tensors of one side as `Model` was given them."""

    argument: str
    form: Form
    keys: tuple[str, ...]
    tensors: list[Tensor]

    @classmethod
    def of(cls, argument: str, given: Any) -> "_Ends":
        form: Form = "list" if isinstance(given, list | tuple) else "one"
        keys: tuple[str, ...] = ()
        values = list(given) if form == "list" else [given]
        if isinstance(given, Mapping):
            form, keys, values = "dict", tuple(given), list(given.values())
            for key in keys:
                if not is_text(key) or not key:
                    raise ValueError(expected("Model", f"keys of {argument} as texts in UTF-8", repr(key)))
        if not values:
            raise ValueError(expected("Model", f"at least one of {argument}", repr(given)))
        tensors = [as_tensor(value) for value in values]
        if None in tensors:
            hint = "write x = fastdnn.Input((features,)), y = some_layer(x), Model(x, y)"
            wrong = values[tensors.index(None)]
            raise ValueError(expected("Model", f"{argument} as the output of a layer", repr(wrong), hint))
        return cls(argument, form, keys, tensors)  # type: ignore[arg-type]

    def name(self, index: int) -> str:
        """One of them, for messages; layers have their names only when the graph is made."""
        if self.keys:
            return f"{self.argument}[{self.keys[index]!r}]"
        own = self.tensors[index].layer.name
        return repr(own) if own else self.argument + (f"[{index}]" if self.form == "list" else "")

    def ports(self, what: str, numbers: dict[Tensor, int]) -> Ports:
        """Them by their nodes."""
        return Ports(what, tuple(numbers[tensor] for tensor in self.tensors), self.form, self.keys)


def _check_inputs(sources: _Ends) -> None:
    for index, tensor in enumerate(sources.tensors):
        if tensor.inputs or not _is_input(tensor.layer):
            raise ValueError(expected("Model", "inputs as fastdnn.Input gave them", repr(tensor.layer)))
        if tensor in sources.tensors[:index]:
            raise ValueError(expected("Model", "each input once", f"{sources.name(index)} twice"))


def _in_order(sources: Sequence[Tensor], results: Sequence[Tensor]) -> list[Tensor]:
    """All that the results need, each after its inputs, first the sources."""
    order = list(sources)
    placed = set(order)
    waiting = list(reversed(results))  # the first one first, as they were called
    while waiting:
        tensor = waiting[-1]
        missing = [x for x in tensor.inputs if x not in placed]
        if tensor in placed:
            waiting.pop()
        elif not tensor.inputs:
            hint = "add it to inputs"
            raise ValueError(
                expected("Model", "outputs that need no other inputs than given", repr(tensor.layer), hint)
            )
        elif missing:
            waiting.extend(reversed(missing))
        else:
            placed.add(tensor)
            order.append(tensor)
    return order


def _refuse_unneeded(sources: _Ends, needed: set[Tensor]) -> None:
    unneeded = [sources.name(i) for i, tensor in enumerate(sources.tensors) if tensor not in needed]
    if unneeded:
        hint = "leave it out of inputs"
        raise ValueError(
            expected("Model", "outputs that need all inputs", f"no use of {', '.join(unneeded)}", hint)
        )
