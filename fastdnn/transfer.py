"""Weights from one model or file into another, by name; which layers train on; a new head on a copy.

Source: Yosinski, Clune, Bengio & Lipson, "How transferable are features in deep neural networks?", NIPS 2014;
deck 004, "ConvNet initialization: transfer learning".
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.blocks import Block, chained
from fastdnn.errors import expected, unknown_name
from fastdnn.functional import Tensor, Tensors, graph_between
from fastdnn.graph import Graph
from fastdnn.io.files import FormatError
from fastdnn.io.safetensors import read_safetensors, write_safetensors
from fastdnn.layers.layer import Layer, flag

if TYPE_CHECKING:
    from fastdnn.model import Model
    from fastdnn.network import Network

_FORMAT, _VERSION = "fastdnn-weights", "0"

# What a head is made of: layers in a row, or a function from what they are put on to the new outputs.
Head = Layer | Block | Sequence[Layer | Block] | Callable[[Tensor], Tensors]


@dataclass(frozen=True)
class Transfer:
    """What a model took from another, or from a file, by the names of weights.

    taken: now as in the source.
    kept: the model's that the source has not, or in another shape: as they were.
    unused: the source's that the model has not.
    mismatched: {name: (shape here, shape there)}, which are among `kept`, too.

    >>> from fastdnn.transfer import Transfer
    >>> print(Transfer(("a/kernel", "a/bias"), ("b/kernel",), ()))
    taken 2 weights, kept 1: b/kernel
    """

    taken: tuple[str, ...]
    kept: tuple[str, ...]
    unused: tuple[str, ...]
    mismatched: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    def __str__(self) -> str:
        listed = {"kept": self.kept, "unused": self.unused}
        more = [f"{word} {len(names)}: {', '.join(names)}" for word, names in listed.items() if names]
        return ", ".join([f"taken {len(self.taken)} weights", *more])


# ---- Weights by name


def take(
    where: str, model: "Network", arrays: Mapping[str, np.ndarray], *, by_name: bool, skip_mismatch: bool
) -> Transfer:
    """Set the weights that arrays are named after, all or none.

    Raises:
        ValueError: without `by_name`, the names are not the model's; without `skip_mismatch`, a shape is
            another one, or a number is finite there and not in the model's type.
    """
    weights = model.weights.weights
    kept = [name for name in weights if name not in arrays]
    unused = tuple(name for name in arrays if name not in weights)
    if not by_name and (kept or unused):
        got = f"missing {kept}, surplus {list(unused)}"
        raise ValueError(
            expected(where, "the names of the model's weights", got, "by_name=True takes others")
        )
    shapes = {name: (weights[name].shape, np.shape(arrays[name])) for name in weights if name in arrays}
    mismatched = {name: pair for name, pair in shapes.items() if pair[0] != pair[1]}
    if mismatched and not skip_mismatch:
        name, (here, there) = next(iter(mismatched.items()))
        hint = "skip_mismatch=True keeps the model's own"
        raise ValueError(expected(where, f"{name} of shape {here}", f"shape {there}", hint))
    taken = {name: arrays[name] for name in shapes if name not in mismatched}
    if not taken:
        got = f"none of {', '.join(list(arrays)[:8]) or 'nothing'}"
        raise ValueError(expected(where, f"some of {', '.join(weights)}", got, "rename the layers"))
    model.weights.write(taken, where)
    kept = [name for name in weights if name not in taken]
    return Transfer(tuple(taken), tuple(kept), unused, mismatched)


def transfer_weights(
    model: "Network",
    source: "Network",
    layers: Sequence[str] | Mapping[str, str] | None,
    *,
    skip_mismatch: bool,
) -> Transfer:
    """See `Network.transfer_weights`."""
    where = "transfer_weights"
    from fastdnn.network import Network

    if not isinstance(source, Network):
        hint = "of a file: load_weights(path, by_name=True)"
        raise ValueError(expected(where, "a model to take weights from", repr(source), hint))
    arrays = source.weights.snapshot()
    if layers is None:
        return take(where, model, arrays, by_name=True, skip_mismatch=skip_mismatch)
    if isinstance(layers, str) or not isinstance(layers, Mapping | list | tuple):
        hint = 'such as ["hidden"], or {"hidden there": "hidden here"}'
        raise ValueError(expected(where, "layers as a list or dict of names", repr(layers), hint))
    pairs = dict(layers) if isinstance(layers, Mapping) else {name: name for name in layers}
    if len(set(pairs.values())) < len(pairs):
        raise ValueError(expected(where, "each layer of the model once", repr(layers)))
    renamed: dict[str, np.ndarray] = {}
    for there, here in pairs.items():
        _layer_of(f"{where}, model", model, here)
        own = _layer_of(f"{where}, source", source, there).weights
        renamed |= {f"{here}/{weight.short_name}": arrays[weight.name] for weight in own}
    return take(where, model, renamed, by_name=True, skip_mismatch=skip_mismatch)


def _layer_of(where: str, model: "Network", name: object) -> Layer:
    """The layer of a name, in messages that say which of two models lacks it."""
    layers = {layer.name: layer for layer in model.layers}
    if not isinstance(name, str) or name not in layers:
        raise unknown_name(where, "the name of a layer", name, layers)
    return layers[name]


# ---- Files


def save_weights(model: "Network", path: "str | PathLike[str]") -> None:
    """See `Network.save_weights`."""
    write_safetensors(fspath(path), model.weights.snapshot(), {"format": _FORMAT, "format_version": _VERSION})


def load_weights(
    model: "Network", path: "str | PathLike[str]", *, by_name: bool, skip_mismatch: bool
) -> Transfer:
    """See `Network.load_weights`."""
    where = fspath(path)
    _ = model.graph  # an unbuilt model says so before anything is read
    arrays, metadata = read_safetensors(where)
    ours, version = metadata.get("format") in ("fastdnn", _FORMAT), metadata.get("format_version")
    if ours and version != _VERSION:
        raise FormatError(expected(where, f"format_version {_VERSION}", repr(version), "save it again"))
    for name, array in arrays.items():
        if array.dtype.kind not in "buif":
            raise FormatError(expected(where, "tensors of real numbers", f"{name} of {array.dtype}"))
    return take(where, model, arrays, by_name=by_name, skip_mismatch=skip_mismatch)


# ---- Which layers are trained


def layers_until(where: str, graph: Graph, name: str) -> list[Layer]:
    """A layer and all that its output depends on.

    Raises:
        ValueError: there is no such layer.
    """
    names = graph.use_names
    if not isinstance(name, str) or name not in names:
        raise unknown_name(where, "the name of a layer", name, names)
    uses = [i for i, node in enumerate(graph.nodes) if node.layer.name == name or names[i] == name]
    reached = ancestors(graph, uses)
    return list(dict.fromkeys(graph.nodes[i].layer for i in reached))


def ancestors(graph: Graph, nodes: Sequence[int]) -> list[int]:
    """These nodes and all that they depend on, in order."""
    reached, waiting = set[int](), list(nodes)
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting.extend(graph.nodes[node].inputs)
    return sorted(reached)


def chosen_layers(where: str, model: "Network", layers: Sequence[str]) -> list[Layer]:
    """Layers by their names.

    Raises:
        ValueError: something is no name, or there is no such layer.
    """
    if isinstance(layers, str) or not isinstance(layers, list | tuple):
        raise ValueError(expected(where, 'layers as a list of names, such as ["hidden"]', repr(layers)))
    return [_layer_of(where, model, name) for name in layers]


# ---- A new head


def with_head(model: "Network", head: Head, after: str | None, *, freeze: bool, seed: int | None) -> "Model":
    """See `Network.with_head`."""
    from fastdnn.model import Model
    from fastdnn.sequential import Sequential

    where = "with_head"
    flag(where, "freeze", freeze)
    graph = model.graph
    node = _before_last(graph) if after is None else _use(where, graph, after)
    copies = copied(graph, ancestors(graph, [node]))
    names = {tensor.layer.name for tensor in copies.values()}
    weights = model.weights.snapshot()
    arrays = {name: array for name, array in weights.items() if name.rpartition("/")[0] in names}
    for tensor in copies.values():
        if freeze:
            tensor.layer.trainable = False
    inputs = graph.inputs
    kept = [index for index, number in enumerate(inputs.nodes) if number in copies]
    sources = [copies[inputs.nodes[index]] for index in kept]
    given: Any = sources[0] if inputs.form == "one" else sources
    if inputs.form == "dict":
        given = dict(zip([inputs.names[index] for index in kept], sources, strict=True))
    new = graph_between(given, _headed(head, copies[node]))
    kind = Sequential if new.is_chain and len(new.nodes) > 1 else Model
    made = kind.restored(new, arrays, seed=model.seed if seed is None else seed, dtype=model.dtype)
    made.weights.write(arrays)  # again: a layer may have put in figures that it was made with
    return made


def copied(graph: Graph, nodes: Sequence[int]) -> dict[int, Tensor]:
    """Copies of these nodes, which include all that they depend on; a layer that is used twice stays one."""
    layers = {layer: copy.deepcopy(layer) for layer in dict.fromkeys(graph.nodes[i].layer for i in nodes)}
    tensors: dict[int, Tensor] = {}
    for i in nodes:
        layer = layers[graph.nodes[i].layer]
        inputs = tuple(tensors[source] for source in graph.nodes[i].inputs)
        tensors[i] = Tensor(layer, inputs)
    return tensors


def _use(where: str, graph: Graph, name: str) -> int:
    names = graph.use_names
    if not isinstance(name, str) or name not in names:
        raise unknown_name(where, "after as the name of a layer", name, names)
    return names.index(name)


def _before_last(graph: Graph) -> int:
    """What the last layer with a trained matrix is put on."""
    node = graph.outputs.nodes[0]
    while len(graph.outputs) == 1 and len(graph.nodes[node].inputs) == 1:
        (before,) = graph.nodes[node].inputs
        if any(weight.trainable and len(weight.shape) > 1 for weight in graph.nodes[node].layer.weights):
            return before
        node = before
    hint = "name the layer that the new ones are put on: after=..."
    raise ValueError(expected("with_head", "one last layer with weights", "a network without", hint))


def _headed(head: Head, x: Tensor) -> Tensors:
    if isinstance(head, Layer | Block):
        return chained("with_head", [head], x)
    if callable(head):
        return head(x)
    return chained("with_head", head, x)
