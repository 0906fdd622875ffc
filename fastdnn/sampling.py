"""What sampled steps of a fit tell: norms of weights, gradients and updates, and figures of what layers give.

The executors write a row of numbers for each sampled step; here is which number is what.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fastdnn.figures import totals_of, values_of
from fastdnn.layers.activation import Activation
from fastdnn.layers.dense import Dense
from fastdnn.layers.slopes import ELU, LeakyReLU, ReLU
from fastdnn.program import Program, Value, Watch
from fastdnn.reference.activity import ACTIVITY, BINS

if TYPE_CHECKING:
    from fastdnn.compiled import Compiled
    from fastdnn.graph import Graph
    from fastdnn.layers.layer import Layer

# An element of a sigmoid or tanh is saturated where the derivative is below this share of its largest: beyond
# 4.36 of sigmoid, 2.18 of tanh. So little comes back through it that the weights before it hardly move.
SATURATED = 0.05
# Of each value that is watched: ACTIVITY, then the histogram.
_FIGURES = len(ACTIVITY) + BINS


def activation_of(layer: "Layer") -> str:
    """The activation with which a layer of the package ends; "linear" of all others."""
    if isinstance(layer, Dense | Activation):
        return layer.activation
    return layer.kind if isinstance(layer, ReLU | LeakyReLU | ELU) else "linear"


def saturation_limits(activation: str) -> tuple[float, float]:
    """Outside of these an output is saturated; infinite where the activation does not saturate on both sides.

    >>> from fastdnn.sampling import saturation_limits
    >>> [round(limit, 4) for limit in saturation_limits("tanh")]
    [-0.9747, 0.9747]
    """
    root = math.sqrt(1 - SATURATED)
    return {"sigmoid": ((1 - root) / 2, (1 + root) / 2), "tanh": (-root, root)}.get(
        activation, (-math.inf, math.inf)
    )


def watch_layers(
    program: Program, graph: "Graph", nodes: Sequence[Value], gradients: Sequence[Value | None]
) -> None:
    """Let sampled steps tell of what each layer gives, and of the gradients with respect to that."""
    for name, node, value, gradient in zip(graph.use_names, graph.nodes, nodes, gradients, strict=True):
        if not node.inputs or value.sparse or value.integer or value.rows or value.role == "parameter":
            continue
        low, high = saturation_limits(activation_of(node.layer))
        program.watches.append(Watch(name, value, low=low, high=high))
        if gradient is not None:
            program.watches.append(Watch(name, gradient, norm_only=True))


@dataclass(frozen=True)
class WatchedLayer:
    """A use of a layer.

    name: of the use: the layer's own, at the second use "name:1".
    kind: the class of the layer.
    activation: with which it ends.
    is_output: whether it gives an output of the model.
    weights: the full names of the layer's trained weights.
    kernels: those of them that are matrices: kernels and tables, and no biases.
    """

    name: str
    kind: str
    activation: str
    is_output: bool
    weights: tuple[str, ...]
    kernels: tuple[str, ...]

    @property
    def is_hidden(self) -> bool:
        """Whether it transforms what flows on: no output, and none that only scales, drops or joins."""
        return not self.is_output and (bool(self.kernels) or self.activation != "linear")


def layers_of(graph: "Graph") -> dict[str, WatchedLayer]:
    """The uses of layers that compute something, in the order of the graph."""
    outputs = set(graph.outputs.nodes)
    return {
        name: WatchedLayer(
            name,
            type(node.layer).__name__,
            activation_of(node.layer),
            index in outputs,
            *_trained_weights(node.layer),
        )
        for index, (name, node) in enumerate(zip(graph.use_names, graph.nodes, strict=True))
        if node.inputs
    }


def _trained_weights(layer: "Layer") -> tuple[tuple[str, ...], tuple[str, ...]]:
    trained = [weight for weight in layer.weights if weight.trainable and layer.trainable]
    return (
        tuple(weight.name for weight in trained),
        tuple(weight.name for weight in trained if len(weight.shape) > 1),
    )


class SampleLayout:
    """Which number of a sample is what, for a training program that watches."""

    def __init__(self, program: Program, graph: "Graph", compiled: "Compiled") -> None:
        gradients = [value for value in program.values if value.role == "gradient"]
        self.weights = [value.name for value in sorted(gradients, key=lambda value: value.slot)]
        self.watches = [(watch.layer, watch.norm_only) for watch in program.watches]
        self.layers = layers_of(graph)
        self.units = {watch.layer: watch.value.cols for watch in program.watches}
        self._figures = list(program.figures)
        self._results = len(program.results)
        self._compiled = compiled

    @property
    def width(self) -> int:
        """Numbers of a sample."""
        watched = sum(1 if norm_only else _FIGURES for _, norm_only in self.watches)
        return 1 + self._results + 3 * len(self.weights) + watched

    @property
    def names(self) -> list[str]:
        """Of the arrays that `read` gives."""
        return list(self.read(np.zeros((0, self.width))))

    def read(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The arrays of (samples, `width`) numbers by name, as `Monitor.samples` has them."""
        found = {"rows": rows[:, 0], "loss": np.array([self._loss(row) for row in rows])}
        norms = rows[:, 1 + self._results :].T
        count = len(self.weights)
        for i, name in enumerate(self.weights):
            weight, gradient, update = norms[i], norms[count + i], norms[2 * count + i]
            # Of a fresh bias there is no ratio yet, and none of what is too large to measure.
            known = (weight != 0) & np.isfinite(weight) & np.isfinite(update)
            found[f"ratio/{name}"] = np.where(known, update / np.where(known, weight, 1.0), np.nan)
            found[f"weight_norm/{name}"] = weight
            found[f"gradient_norm/{name}"] = gradient
            found[f"update_norm/{name}"] = update
        self._read_watches(rows[:, 1 + self._results + 3 * count :], found)
        return found

    def _read_watches(self, rows: np.ndarray, found: dict[str, np.ndarray]) -> None:
        at = 0
        for name, norm_only in self.watches:
            if norm_only:
                found[f"activation_gradient/{name}"] = rows[:, at]
                at += 1
                continue
            for k, figure in enumerate(ACTIVITY):
                found[f"{figure}/{name}"] = rows[:, at + k]
            found[f"histogram/{name}"] = rows[:, at + len(ACTIVITY) : at + _FIGURES]
            at += _FIGURES

    def _loss(self, row: np.ndarray) -> float:
        totals = totals_of(self._figures, row[1 : 1 + self._results].tolist(), int(row[0]))
        return self._compiled.loss_of(list(values_of(self._figures, totals)))


class Samples(NamedTuple):
    """Sampled steps of a fit.

    layout: what the numbers are.
    steps: how many steps the optimiser had taken after each.
    learning_rates: of each of these steps.
    figures: (samples, `layout.width`).
    inference_loss: of the one step's batch before it, with the layers as in use; NaN where nobody asked.
    """

    layout: SampleLayout
    steps: list[int]
    learning_rates: list[float]
    figures: np.ndarray
    inference_loss: float

    def of(self, places: Sequence[int]) -> "Samples":
        """Some of them."""
        steps = [self.steps[place] for place in places]
        rates = [self.learning_rates[place] for place in places]
        return Samples(self.layout, steps, rates, self.figures[list(places)], self.inference_loss)
