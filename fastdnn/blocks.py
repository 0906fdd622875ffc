"""Parts of networks that are no chains: skip connections and branches, for `Sequential` and for graphs.

| block | computes |
|---|---|
| `Residual(layers)` | x + f(x), f the layers in a row |
| `residual_dense(units)` | such a block of dense layers, normalised before or after |
| `Branches(chains)` | f₁(x), f₂(x), ... side by side, each a chain of layers |

A block is made of the layers that it is given, and of its own, and becomes part of the graph: they are all in
`model.layers`, and in a file. Called a second time it shares its weights, as a layer does.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

from fastdnn.errors import expected, unknown_name
from fastdnn.functional import Tensor, as_tensor
from fastdnn.layers.activation import Activation
from fastdnn.layers.batch_normalization import BatchNormalization
from fastdnn.layers.dense import Dense
from fastdnn.layers.dropout import Dropout
from fastdnn.layers.input import Input
from fastdnn.layers.layer import Layer, positive_int
from fastdnn.layers.layer_normalization import LayerNormalization
from fastdnn.layers.merging import Add, Concatenate


class Block(ABC):
    """What is called on a tensor, as a layer is, and adds several layers to the network."""

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """Its output for the output of a layer."""


def chained(where: str, parts: "Sequence[Layer | Block]", x: Tensor) -> Tensor:
    """Layers and blocks one after the other.

    Raises:
        ValueError: one of them is something else, or an `Input`.
    """
    for part in _parts(where, parts):
        x = part(x)
    return x


def _parts(where: str, parts: "Sequence[Layer | Block]") -> "list[Layer | Block]":
    if not isinstance(parts, list | tuple):
        raise ValueError(expected(where, "a list of layers", repr(parts)))
    for part in parts:
        if not isinstance(part, Layer | Block) or isinstance(part, Input):
            raise ValueError(expected(where, "layers, or blocks of them", repr(part)))
    return list(parts)


def _checked(where: str, x: Any) -> Tensor:
    tensor = as_tensor(x)
    if tensor is None:
        raise ValueError(expected(where, "the output of a layer", repr(x), "begin with fastdnn.Input"))
    return tensor


class Residual(Block):
    """y = activation(P x + f(x)): a skip connection around layers in a row.

    P is nothing where f(x) is as wide as x, else a trained matrix without bias (a `Dense`), which brings x to
    its width. What the loss says reaches x past f, so that deep networks of such blocks train.

    Args:
        layers: f: layers, or blocks of them.
        activation: of the sum, default none.

    Raises:
        ValueError: there are no layers, or something else, or no such activation.

    Source: He et al., "Deep residual learning for image recognition", CVPR 2016; deck 004, "Skip
    connection?".

    >>> import fastdnn as fd
    >>> L = fd.layers
    >>> block = fd.blocks.Residual([L.Dense(8, activation="relu"), L.Dense(8)])
    >>> model = fd.Sequential([L.Input((8,)), block, L.Dense(1)], seed=0)
    >>> [layer.name for layer in model.layers]
    ['input', 'dense', 'dense_1', 'add', 'dense_2']
    """

    def __init__(self, layers: Sequence[Layer | Block], activation: str | None = None) -> None:
        if not isinstance(layers, list | tuple) or not layers:
            raise ValueError(expected("Residual", "a list of layers", repr(layers)))
        self.layers = _parts("Residual", layers)
        self._projection: Dense | None = None
        self._add = Add()
        self._activation = Activation(activation) if activation is not None else None

    def __call__(self, x: Tensor) -> Tensor:
        """Its output."""
        x = _checked("Residual", x)
        y = chained("Residual", self.layers, x)
        if x.shape != y.shape:
            if self._projection is None:
                self._projection = Dense(y.shape[-1], use_bias=False)
            x = self._projection(x)
        total = self._add([x, y])
        return total if self._activation is None else self._activation(total)


class Branches(Block):
    """y = f₁(x), f₂(x), ... side by side: branches of different depth or kind on one input, as in Inception.

    Args:
        chains: a list of lists of layers, or of blocks; an empty one passes x on.

    Raises:
        ValueError: fewer than two chains, or something else than layers.

    Source: Szegedy et al., "Going deeper with convolutions", CVPR 2015; deck 004, "Inception
    (network-in-network)?".

    >>> import fastdnn as fd
    >>> L = fd.layers
    >>> wide, deep = [L.Dense(4, activation="relu")], [L.Dense(8, activation="relu"), L.Dense(2)]
    >>> fd.Sequential([L.Input((3,)), fd.blocks.Branches([wide, deep, []])], seed=0).output_shape
    (None, 9)
    """

    def __init__(self, chains: Sequence[Sequence[Layer | Block]]) -> None:
        if not isinstance(chains, list | tuple) or len(chains) < 2:
            raise ValueError(expected("Branches", "two lists of layers or more", repr(chains)))
        self.chains = [_parts("Branches", chain) for chain in chains]
        self._concatenate = Concatenate()

    def __call__(self, x: Tensor) -> Tensor:
        """Its output."""
        x = _checked("Branches", x)
        return self._concatenate([chained("Branches", chain, x) for chain in self.chains])


_NORMALIZATIONS = {"batch": BatchNormalization, "layer": LayerNormalization}


def residual_dense(
    units: int,
    activation: str = "relu",
    *,
    depth: int = 2,
    order: Literal["pre", "post"] = "pre",
    normalization: Literal["batch", "layer"] | None = "batch",
    dropout: float = 0.0,
) -> Residual:
    """A residual block of dense layers.

    `order="pre"`: `depth` times normalisation, activation, dense layer, then the sum: nothing stands on the
    way past the blocks. `order="post"`: `depth` times dense layer, normalisation, activation, the last
    activation after the sum.

    Args:
        units: of each dense layer; where x has another width it is projected.
        activation: a name of `fastdnn.activations`.
        depth: dense layers, >= 1, default 2.
        order: "pre" (He et al., ECCV 2016), or "post" (He et al., CVPR 2016).
        normalization: "batch", "layer" or None for none; a dense layer before one has no bias.
        dropout: rate before the last dense layer, 0 <= rate < 1, default 0.

    Raises:
        ValueError: an argument does not fit.

    Source: He et al., "Identity mappings in deep residual networks", ECCV 2016; deck 004, "Skip connection?".

    >>> import fastdnn as fd
    >>> blocks = [fd.blocks.residual_dense(32) for _ in range(3)]  # the first one projects
    >>> model = fd.Sequential([fd.layers.Input((8,)), *blocks, fd.layers.Dense(1)], seed=0)
    >>> sum(isinstance(layer, fd.layers.Add) for layer in model.layers)
    3
    """
    where = "residual_dense"
    positive_int(where, "units", units)
    positive_int(where, "depth", depth)
    if order not in ("pre", "post"):
        raise unknown_name(where, "order", order, ("pre", "post"))
    if normalization is not None and normalization not in _NORMALIZATIONS:
        raise unknown_name(where, "normalization, or None", normalization, _NORMALIZATIONS)
    layers: list[Layer | Block] = []
    for number in range(depth):
        is_last = number == depth - 1
        drop: list[Layer] = [Dropout(dropout)] if is_last and dropout != 0 else []
        norm: list[Layer] = [_NORMALIZATIONS[normalization]()] if normalization else []
        if order == "pre":
            layers += [*norm, Activation(activation), *drop, Dense(units, use_bias=is_last or not norm)]
        else:
            layers += [*drop, Dense(units, use_bias=not norm), *norm]
            layers += [] if is_last else [Activation(activation)]
    return Residual(layers, activation if order == "post" else None)
