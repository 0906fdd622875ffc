"""A chain of layers."""

from collections.abc import Sequence

import numpy as np

from fastdnn.blocks import Block, chained
from fastdnn.errors import expected
from fastdnn.functional import Tensor, graph_between
from fastdnn.graph import Graph
from fastdnn.layers.embedding import Embedding
from fastdnn.layers.input import Input
from fastdnn.layers.layer import Layer
from fastdnn.model import Model


class Sequential(Model):
    """A network in which each layer takes the output of the one before.

    Args:
        layers: first an `Input` with the number of features; without it, the first data that the model sees
            sets it. Blocks of `fastdnn.blocks` may stand among them.
        seed: of initial weights and shuffling, 0 to 2**64 - 1; None draws one, see `.seed`.
        dtype: "float32" or "float64".

    Raises:
        ValueError: no layers, something else than layers, an `Input` that is not the first, or a bad seed or
            dtype.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((3,)), fd.layers.Dense(2)], seed=0)
    >>> model.predict(np.zeros((1, 3)))
    array([[0., 0.]], dtype=float32)
    """

    def __init__(
        self, layers: "Sequence[Layer | Block | Tensor]", *, seed: int | None = None, dtype: str = "float32"
    ) -> None:
        super().__init__(seed=seed, dtype=dtype)
        # As in Keras, the first may be what fastdnn.Input gave.
        self._chain: list[Layer | Block] = [
            x.layer if isinstance(x, Tensor) and not x.inputs else x  # type: ignore[misc]
            for x in layers
        ]
        for layer in self._chain:
            if not isinstance(layer, Layer | Block):
                raise ValueError(expected("Sequential", "layers", repr(layer)))
        if any(isinstance(layer, Input) for layer in self._chain[1:]):
            raise ValueError(expected("Sequential", "Input as the first layer only", "one further on"))
        if all(isinstance(layer, Input) for layer in self._chain):
            hint = "add one, such as layers.Dense(10)"
            raise ValueError(expected("Sequential", "at least one layer beside Input", "none", hint))
        if isinstance(self._chain[0], Input):
            self._set_graph(_graph_of(self._chain[0], self._chain[1:]))

    @classmethod
    def restored(cls, graph: Graph, weights: dict[str, np.ndarray], *, seed: int, dtype: str) -> "Model":
        """A model of a chain that begins with its `Input`, with these weights instead of drawn ones."""
        model = cls([node.layer for node in graph.nodes[1:]], seed=seed, dtype=dtype)
        model._set_graph(graph, weights)
        return model

    def _build_for(self, width: int) -> None:
        dtype = "int32" if isinstance(self._chain[0], Embedding) else None
        self._set_graph(_graph_of(Input((width,), dtype=dtype), self._chain))


def _graph_of(start: Input, chain: Sequence[Layer | Block]) -> Graph:
    return graph_between(start.tensor, chained("Sequential", chain, start.tensor))
