"""The layer graph: what a model is and its file holds. Nodes are uses of layers; one may be used twice."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastdnn.errors import expected
from fastdnn.layers.dense import Dense
from fastdnn.layers.embedding import Embedding
from fastdnn.layers.input import Input
from fastdnn.layers.layer import Layer, Weight
from fastdnn.ports import Ports, numbered
from fastdnn.program import Program, Value

_MOST_FEATURES = 2**31 - 1
SPARSE_HINT = "only Dense reads sparse rows; use .toarray(), batch by batch where the whole is too large"


def _is_integer(layer: Layer) -> bool:
    return isinstance(layer, Input) and layer.is_integer


@dataclass(frozen=True)
class Node:
    """One use of a layer, on the outputs of earlier nodes (by number)."""

    layer: Layer
    inputs: tuple[int, ...]


class Graph:
    """Nodes in an order in which each comes after its inputs, and which of them are the inputs and outputs.

    Without `inputs` and `outputs` these are the first node and the last. The inputs are the first nodes, in
    their order. Building it names the layers, walks the widths through them and numbers the weights: trained
    ones are segments of θ, stored ones of σ.
    """

    def __init__(
        self, nodes: Sequence[Node], inputs: Ports | None = None, outputs: Ports | None = None
    ) -> None:
        self.nodes = tuple(nodes)
        self.layers = tuple(dict.fromkeys(node.layer for node in self.nodes))
        self._check_layers()
        for layer in self.layers:
            layer.detach()  # a graph that was refused may have built it for another width
        self._name_layers()
        self._next_activations = self._find_next_activations()
        self.widths: list[int] = []
        for index, node in enumerate(self.nodes):
            self.widths.append(self._build(index, node))
        self.weights: list[Weight] = [weight for layer in self.layers for weight in layer.weights]
        self.inputs = self._named(inputs or Ports("input", (0,)))
        self.outputs = self._named(outputs or Ports("output", (len(self.nodes) - 1,)))
        for layer in [self.nodes[number].layer for number in self.outputs.nodes]:
            if _is_integer(layer):
                got = f"the integers of {layer.name!r}"
                raise ValueError(expected("model", "outputs of layers", got))

    def _named(self, ports: Ports) -> Ports:
        """With the names of the layers, unless they are the keys of a dict."""
        if ports.form == "dict":
            return ports
        return replace(ports, names=numbered([self.nodes[node].layer.name for node in ports.nodes]))

    def widths_of(self, ports: Ports) -> list[int]:
        """Features of each of the inputs, or outputs, for an example."""
        return [self.widths[node] for node in ports.nodes]

    @property
    def use_names(self) -> list[str]:
        """A name for each node: its layer's, at the second use "name:1"."""
        uses = Counter[str]()
        names = []
        for node in self.nodes:
            again = uses[node.layer.name]
            uses[node.layer.name] += 1
            names.append(f"{node.layer.name}:{again}" if again else node.layer.name)
        return names

    @property
    def is_chain(self) -> bool:
        """Whether each layer is used once, on the output of the one before, and the last gives the output."""
        ends = self.inputs.form == self.outputs.form == "one" and self.outputs.nodes == (len(self.nodes) - 1,)
        return (
            ends
            and len(self.layers) == len(self.nodes)
            and all(node.inputs == ((index - 1,) if index else ()) for index, node in enumerate(self.nodes))
        )

    def _check_layers(self) -> None:
        for layer in self.layers:
            if "_weights" not in vars(layer):
                hint = "its __init__ must begin with super().__init__(name=name)"
                raise ValueError(
                    expected(type(layer).__name__, "a layer that is set up", "one that is not", hint)
                )
            if layer.attached:
                hint = "make a new layer for each model"
                raise ValueError(expected("model", "layers that no other model holds", repr(layer), hint))
        names = Counter(layer.name for layer in self.layers if layer.name)
        for name, count in names.items():
            if count > 1:
                raise ValueError(expected("model", "distinct names of layers", f"{name!r} {count} times"))

    def _name_layers(self) -> None:
        taken = {layer.name for layer in self.layers}
        for layer in self.layers:
            base = type(layer).__name__.lower()
            number = 0
            while not layer.name:
                candidate = base if number == 0 else f"{base}_{number}"
                if candidate not in taken:
                    layer.name = candidate
                    taken.add(candidate)
                number += 1

    def _build(self, index: int, node: Node) -> int:
        if isinstance(node.layer, Input):
            return node.layer.shape[0]
        self._check_kinds(node)
        shapes = tuple((None, self.widths[i]) for i in node.inputs)
        width = node.layer.build_for(shapes, self._next_activations[index])
        if width > _MOST_FEATURES:
            raise ValueError(expected(node.layer.name, f"at most {_MOST_FEATURES} features", width))
        return width

    def _check_kinds(self, node: Node) -> None:
        """Only `Embedding` reads an integer Input, and it reads nothing else."""
        for i in node.inputs:
            source = self.nodes[i].layer
            name, looks_up = node.layer.name, isinstance(node.layer, Embedding)
            if _is_integer(source) and not looks_up:
                got = f"the integers of {source.name!r}"
                raise ValueError(expected(name, "real features", got, "only layers.Embedding reads integers"))
            if looks_up and not _is_integer(source):
                hint = 'write fastdnn.Input((length,), dtype="int32")'
                raise ValueError(expected(name, "an integer Input", f"the output of {source.name!r}", hint))

    def index_limit(self, index: int) -> int | None:
        """What the integers of a node must stay below, the least of the layers that read them; None where it
        is no integer Input.
        """
        if not _is_integer(self.nodes[index].layer):
            return None
        readers = [node.layer for node in self.nodes if index in node.inputs]
        dims = [layer.input_dim for layer in readers if isinstance(layer, Embedding)]
        return min(dims, default=_MOST_FEATURES)

    def check_sparse_input(self, where: str, number: int) -> None:
        """Refuse a sparse array for an input unless only `Dense` reads it.

        Raises:
            ValueError: another layer reads it, or nobody does.
        """
        readers = [node.layer for node in self.nodes if number in node.inputs]
        others = [layer.name for layer in readers if not isinstance(layer, Dense)]
        if others or not readers or number in self.outputs.nodes:
            got = f"a sparse one, which {others[0]!r} would read" if others else "a sparse one"
            raise ValueError(expected(where, "a dense x", got, SPARSE_HINT))

    def _find_next_activations(self) -> list[str]:
        """The activation that the output of each node meets next, seen through layers that only scale it."""
        readers: list[list[int]] = [[] for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            for i in node.inputs:
                readers[i].append(index)
        after = ["linear"] * len(self.nodes)
        for index in reversed(range(len(self.nodes))):
            if len(readers[index]) == 1:
                reader = readers[index][0]
                seen = self.nodes[reader].layer.activation_seen()
                after[index] = after[reader] if seen is None else seen
        return after

    def lower(self, program: Program) -> list[Value]:
        """Emit the forward operations; returns the outputs, which may be sources or occur twice."""
        values = self.lower_nodes(program)
        return [values[node] for node in self.outputs.nodes]

    def lower_nodes(self, program: Program) -> list[Value]:
        """Emit the forward operations; returns what each node gives."""
        bound = self._bind_weights(program)
        values: list[Value] = []
        for index, node in enumerate(self.nodes):
            if isinstance(node.layer, Input):
                integer, sparse = node.layer.is_integer, index in program.sparse_inputs  # they come first
                width = self.widths[index]
                values.append(program.source(node.layer.name, width, integer=integer, sparse=sparse))
                continue
            own = {weight.short_name: bound[weight.name] for weight in node.layer.weights}
            values.append(node.layer.lower(program, tuple(values[i] for i in node.inputs), own))
        return values

    def _bind_weights(self, program: Program) -> dict[str, Value]:
        """The weights as values of a program, by full name."""
        slots = {"parameter": 0, "state": 0}
        bound: dict[str, Value] = {}
        for layer in self.layers:
            for weight in layer.weights:
                role = "parameter" if weight.trainable else "state"
                rows = 1 if len(weight.shape) == 1 else weight.shape[0]
                cols = math.prod(weight.shape) // rows
                bound[weight.name] = program.bound(
                    role, weight.name, rows, cols, slots[role], trainable=layer.trainable
                )
                slots[role] += 1
        return bound
