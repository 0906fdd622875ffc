"""A network with more capacity: its hidden layers wider, or more layers in front of its output."""

import copy
from collections.abc import Sequence
from typing import Any

from fastdnn.errors import expected
from fastdnn.graph import Graph, Node
from fastdnn.layers import (
    ELU,
    Activation,
    Add,
    Average,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    GaussianNoise,
    Input,
    LayerNormalization,
    LeakyReLU,
    PReLU,
    ReLU,
)
from fastdnn.layers.layer import Layer

LEAST_UNITS = 64  # of a widened layer: one of two units stays a bottleneck when it is doubled
_ANY_WIDTH = (Activation, Dropout, GaussianNoise, LeakyReLU, ELU, ReLU)  # and give what they take
_DRAWN = (BatchNormalization, LayerNormalization, PReLU)  # likewise, where their weights are drawn anew
_TIES = (Add, Average)  # inputs of one width


def wider_units(graph: Graph, factor: float) -> dict[Layer, int]:
    """New units of the hidden Dense layers (and Maxout) that can have others, each at least `LEAST_UNITS`;
    none of a network without such layers.

    Layers whose outputs are added have the same units before and after. A layer stays where something behind
    it needs its width: a frozen layer, figures of a training set, an input that its output is added to, a
    layer of the user's own, or the output of the model.
    """
    found: dict[Layer, int] = {}
    for group in _groups(graph):
        widest = max(layer.units for layer in group)
        units = max(round(factor * widest), LEAST_UNITS, widest)
        wider: dict[Layer, int] = found | dict.fromkeys(group, units)
        if _fits(graph, wider):
            found = wider
    return found


def _groups(graph: Graph) -> list[list[Dense]]:
    """Dense layers whose outputs meet in a sum, together."""
    group: list[set[Dense]] = []  # of each node, the layers that its width comes from
    for node in graph.nodes:
        above = [layer for source in node.inputs for layer in group[source]]
        if isinstance(node.layer, Dense):
            group.append({node.layer} if node.layer.trainable else set())
        else:
            group.append(set(above) if _keeps_width(node.layer) or isinstance(node.layer, _TIES) else set())
    merged: list[set[Dense]] = []
    for each in group:
        tied = [other for other in merged if other & each]
        merged = [other for other in merged if not other & each] + ([each.union(*tied)] if each else [])
    order = {layer: number for number, layer in enumerate(graph.layers)}
    return sorted((sorted(each, key=order.__getitem__) for each in merged), key=lambda each: order[each[0]])


def _keeps_width(layer: Layer) -> bool:
    return type(layer) in _ANY_WIDTH or (type(layer) in _DRAWN and layer.trainable)


def _fits(graph: Graph, units: dict[Layer, int]) -> bool:
    """Whether the graph can be built with these units, with the outputs and all kept weights as they are."""
    widths: list[int] = []
    taken: dict[Layer, int] = {}  # by layers that are used twice
    for number, node in enumerate(graph.nodes):
        given = [widths[source] for source in node.inputs]
        width = _width(
            node, given, [graph.widths[source] for source in node.inputs], graph.widths[number], units
        )
        if width is None or (
            isinstance(node.layer, Dense) and taken.setdefault(node.layer, given[0]) != given[0]
        ):
            return False
        widths.append(width)
    return all(widths[node] == graph.widths[node] for node in graph.outputs.nodes)


def _width(node: Node, given: list[int], before: list[int], own: int, units: dict[Layer, int]) -> int | None:
    """What a node gives; None where it does not fit."""
    layer = node.layer
    if isinstance(layer, Input) or given == before:
        return units.get(layer, own)
    if _keeps_width(layer):
        return given[0]
    if isinstance(layer, _TIES):
        return given[0] if len(set(given)) == 1 else None
    if isinstance(layer, Concatenate):
        return sum(given)
    return units.get(layer, own) if isinstance(layer, Dense) and layer.trainable else None


def in_front_of_outputs(where: str, graph: Graph, layers: Sequence[Any]) -> dict[Layer, list[Layer]]:
    """Copies of these layers for each trained Dense behind which no other stands on the way to an output.

    Raises:
        ValueError: they are no layers, or there is no such Dense.
    """
    given: list[Any] = list(layers) if isinstance(layers, list | tuple) else [layers]
    if not given or not all(isinstance(layer, Layer) and not isinstance(layer, Input) for layer in given):
        raise ValueError(expected(where, "before_output as a list of layers", repr(layers)))
    last = _last(graph)
    if not last:
        hint = "build the network anew"
        raise ValueError(expected(where, "a trained Dense layer that gives the output", "none", hint))
    return {layer: copy.deepcopy(given) for layer in last}


def _last(graph: Graph) -> list[Layer]:
    """Those Dense layers."""
    waiting, seen, found = list(graph.outputs.nodes), set[int](), dict[Layer, None]()
    while waiting:
        number = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        node = graph.nodes[number]
        if isinstance(node.layer, Dense):
            if node.layer.trainable:
                found[node.layer] = None
        else:
            waiting.extend(node.inputs)
    return list(found)
