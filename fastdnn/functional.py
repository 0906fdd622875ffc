"""Networks with branches: layers called on the outputs of others, as in Keras's functional API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastdnn.errors import expected

if TYPE_CHECKING:
    from fastdnn.graph import Graph
    from fastdnn.layers.input import Input as InputLayer
    from fastdnn.layers.layer import Layer


@dataclass(frozen=True, eq=False)
class Tensor:
    """What a layer gives for each example, before there is a model: `layer` called on `inputs`."""

    layer: "Layer"
    inputs: tuple["Tensor", ...] = ()


def Input(shape: tuple[int, ...], *, name: str | None = None) -> Tensor:  # noqa: N802  as in Keras
    """Where examples come in: what the first layers of a network are called on.

    Args:
        shape: of one example, a tuple of one size >= 1.
        name: of the input.

    Raises:
        ValueError: `shape` is not a tuple of one whole number >= 1.

    >>> import fastdnn as fd
    >>> x = fd.Input((8,))
    >>> h = fd.layers.Dense(8, activation="relu")(x)
    >>> y = fd.layers.Dense(2)(fd.layers.Add()([x, h]))  # a skip connection
    >>> fd.Model(x, y, seed=0).output_shape
    (None, 2)
    """
    return _input_layer()(shape, name=name).tensor


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


def graph_between(source: Tensor, output: Tensor) -> "Graph":
    """The layers on the way from `source` to `output`, each after its inputs.

    Raises:
        ValueError: the output does not come from that source alone, or a layer does not fit its inputs.
    """
    from fastdnn.graph import Graph, Node

    if source.inputs or not _is_input(source.layer):
        raise ValueError(expected("Model", "inputs as fastdnn.Input gave it", repr(source.layer)))
    order: list[Tensor] = [source]
    numbers = {source: 0}
    waiting = [output]
    while waiting:
        tensor = waiting[-1]
        missing = [x for x in tensor.inputs if x not in numbers]
        if tensor in numbers:
            waiting.pop()
        elif not tensor.inputs:
            hint = "it must come from the input that the model is given"
            raise ValueError(expected("Model", "an output of one input", f"another {tensor.layer!r}", hint))
        elif missing:
            waiting.extend(reversed(missing))  # the first one first, as they were called
        else:
            numbers[tensor] = len(order)
            order.append(tensor)
    return Graph([Node(tensor.layer, tuple(numbers[x] for x in tensor.inputs)) for tensor in order])
