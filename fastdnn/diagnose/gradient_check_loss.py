"""The loss of a batch as a function of single weights, of a copy of a model in float64.

What is random is off in the copy, or draws the same numbers each time. The loss is kept as the share that
each row has of it: differences of these are rounded by less than differences of their sum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import backend, lowering, optimizers
from fastdnn.compiled import Compiled
from fastdnn.copying import T, deep_copy
from fastdnn.data.sparse import CsrRows
from fastdnn.diagnose.gradient_check_kinks import kinked_at_zero, observe_kinks
from fastdnn.errors import NonFiniteLossError, expected
from fastdnn.features import NonFiniteSourceError
from fastdnn.graph import Graph, Node
from fastdnn.layers.dropout import Dropout
from fastdnn.layers.gaussian_noise import GaussianNoise
from fastdnn.program import Program
from fastdnn.single_batch import loss_and_gradients, next_draw
from fastdnn.sources import Feed

if TYPE_CHECKING:
    from fastdnn.model import Model

_SMALL_STEPS = 16
_SMALL_STEP = 1e-12  # of a vector of norm 1: the loss moves by rounding, and in a straight line


class OverAKink(Exception):  # noqa: N818 - nothing went wrong: a stencil is given up
    """A point of a stencil lies on another side of a kink than its middle."""


def copy_of(where: str, thing: T) -> T:
    """A deep copy of a model or a part of one.

    Raises:
        TypeError: `copy.deepcopy` cannot copy a layer or loss of the user's own.
    """
    wanted = "layers and losses that copy.deepcopy can copy, since weights are moved"
    return deep_copy(where, thing, wanted, "give the one that cannot a __deepcopy__")


def float64_copy(where: str, model: "Model") -> "Model":
    """A copy in float64 without metrics."""
    from fastdnn.model import Model

    graph, compiled, weights = model.graph, model.compiled, model.weights.snapshot()
    layers = dict(zip(graph.layers, copy_of(where, list(graph.layers)), strict=True))
    nodes = [Node(layers[node.layer], node.inputs) for node in graph.nodes]
    twin = Model.restored(
        Graph(nodes, graph.inputs, graph.outputs), weights, seed=model.seed, dtype="float64"
    )
    twin.weights.write(weights)  # again: a layer may have put in figures that it was made with
    losses = copy_of(where, [head.loss for head in compiled.heads])
    heads = tuple(
        replace(head, loss=loss, metrics=(), weighted_metrics=())
        for head, loss in zip(compiled.heads, losses, strict=True)
    )
    twin._compile(Compiled(optimizers.SGD(), heads, compiled.backend_name, compiled.regularizer))
    return twin


def _silenced(model: "Model") -> list[str]:
    """Switch off what draws random numbers; the names of these layers."""
    names = []
    for layer in model.layers:
        if isinstance(layer, Dropout) and layer.rate > 0:
            layer.rate = 0.0
            names.append(layer.name)
        elif isinstance(layer, GaussianNoise) and layer.stddev > 0:
            layer.stddev = 0.0
            names.append(layer.name)
    return names


class Loss:
    """The loss of one batch, and its analytic gradients, of a model in float64 that nobody else has.

    Args:
        where: of messages.
        model: of `float64_copy`; its weights are moved, and put back.
        feed: of `problem_of`.
        inputs: whether inputs are moved, too.
        threads: as `thread_settings.resolve` gives them.

    Raises:
        ValueError: a number of the feed is not finite, or there is nothing to differentiate by.
        NonFiniteLossError: the loss is not finite.
    """

    def __init__(self, where: str, model: "Model", feed: Feed, *, inputs: bool, threads: int) -> None:
        self._arrays, self._threads, self._draw = feed.arrays, threads, next_draw(model)
        value, found = loss_and_gradients(
            model, feed, inputs=inputs, training=True, threads=threads, where=where
        )
        if not math.isfinite(value):
            hint = "scale the inputs, or begin with smaller weights"
            raise NonFiniteLossError(expected(where, "a finite loss", value, hint))
        gradients = _with_missing(model, found)
        if not gradients:
            hint = "unfreeze a layer, or ask for inputs=True"
            raise ValueError(expected(where, "trained weights", "none", hint))
        self.value = value
        self.gradients = {name: gradient.astype(np.float64) for name, gradient in gradients.items()}
        self._native = model.weights.native
        numbers = {name: number for number, name in enumerate(model.graph.inputs.names)}
        moved = [name for name in gradients if name not in model.weights.weights]
        self._inputs = {name: feed.arrays[numbers[name]] for name in moved}
        self.arrays = {name: self._array_of(model, name) for name in gradients}
        penalties = model.penalties(where)
        program = lowering.loss_program(
            model.graph, model.compiled.heads, feed.weighting, feed.sparse, penalties
        )
        self.has_python = bool(program.calls)
        self._read_results(model, program, feed)
        self._kinks = observe_kinks(program, feed.arrays)
        self.kinked_at_zero = kinked_at_zero(penalties)
        self._runner = backend.make(model.compiled.backend_name, self._native).inference(program, feed.rows)
        losses, self._sides = self._run()
        self.is_random = not np.array_equal(losses, self._run()[0])

    def _array_of(self, model: "Model", name: str) -> np.ndarray:
        """What is moved: of weights a copy, which `put` writes; of inputs what the program reads."""
        return self._inputs[name] if name in self._inputs else model.weights.read(name)

    def _read_results(self, model: "Model", program: Program, feed: Feed) -> None:
        """Make the losses of the rows outputs, and note what share of the whole each has."""
        heads = [head for head in model.compiled.heads if head.loss is not None]
        self._rows, self._heads = feed.rows, len(heads)
        factors = []
        for head, result in zip(heads, program.results, strict=False):
            assert head.loss is not None
            scale = head.weight if head.loss.reduction == "sum" else head.weight / feed.rows
            own = np.ones(feed.rows) if result.weights is None else feed.arrays[result.weights.slot][:, 0]
            factors.append(scale * own)
            program.add_output(result.value)
        self._penalties = len(program.results) - len(heads)
        self._factors = np.concatenate([*factors, np.ones(self._penalties)])

    # ---- Values

    def _run(self) -> tuple[np.ndarray, bytes]:
        """The losses of the rows and the penalties, and on which sides of all kinks the weights are."""
        outputs, sums, _ = self._runner.run(self._arrays, self._threads, self._draw)
        losses = [output[:, 0] for output in outputs[: self._heads]]
        if self._penalties:
            losses.append(np.array(sums[self._heads :]) / self._rows)
        sides = b"".join([of(outputs[n]).tobytes() for n, of in self._kinks])
        return losses[0] if len(losses) == 1 else np.concatenate(losses), sides

    def parts(self, *, any_side: bool = False) -> np.ndarray:
        """What the loss is the weighted sum of.

        Raises:
            OverAKink: it lies on another side of a kink than where the weights were at first.
        """
        losses, sides = self._run()
        if sides != self._sides and not any_side:
            raise OverAKink
        return losses

    def total(self, parts: np.ndarray) -> float:
        """The loss of its parts, or the derivative of theirs."""
        return float(self._factors @ parts)

    # ---- Moving

    def put(self, name: str) -> None:
        """Let the program see `arrays[name]` as it is now."""
        if name not in self._inputs:
            self._native.set("theta", name, self.arrays[name])

    def rounding(self, rng: np.random.Generator) -> float:
        """The standard deviation of what rounding does to the loss.

        Along steps so small that the loss is a straight line, third differences are rounding alone; those of
        independent errors have 1 + 9 + 9 + 1 = 20 times their variance.
        """
        kept = {name: array.copy() for name, array in self.arrays.items()}
        ways = {name: rng.normal(size=array.shape) for name, array in kept.items()}
        norm = math.sqrt(sum(float((way**2).sum()) for way in ways.values()))
        values = []
        try:
            for step in range(1, _SMALL_STEPS + 1):
                for name, array in self.arrays.items():
                    array[...] = kept[name] + (step * _SMALL_STEP / norm) * ways[name]
                    self.put(name)
                values.append(self.parts(any_side=True))
        finally:
            self.put_back(kept)
        thirds = np.array([self.total(third) for third in np.diff(values, 3, axis=0)])
        least = np.finfo(float).eps / 4 * float(np.linalg.norm(self._factors * values[0]))
        return max(least, math.sqrt(float((thirds**2).mean()) / 20))

    def put_back(self, kept: dict[str, np.ndarray]) -> None:
        """The weights as they were."""
        for name, array in kept.items():
            self.arrays[name][...] = array
            self.put(name)


def _with_missing(model: "Model", found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gradients of all trained weights, then of inputs. A weight that training has no gradient of does not
    move, as if that were 0: differences tell whether the loss depends on it.
    """
    trained = [
        weight.name
        for layer in model.graph.layers
        for weight in layer.weights
        if weight.trainable and layer.trainable
    ]
    missing = {name: np.zeros_like(model.weights.read(name)) for name in trained if name not in found}
    return {name: (found | missing)[name] for name in trained} | found


@dataclass(frozen=True)
class Problem:
    """What is checked: a copy of the model, a feed of some of the rows, and what was done to them.

    silenced: names of the layers that are off in the copy.
    rows_given: of which the feed has some.
    """

    model: "Model"
    feed: Feed
    silenced: tuple[str, ...]
    rows_given: int


def problem_of(
    where: str, model: "Model", data: Sequence[Any], rows: int | None, seed: int, *, silence: bool = True
) -> Problem:
    """At most so many of the rows of (x, y, sample_weight), drawn by the seed, for a copy of the model, in
    which dropout and noise are off where `silence` is.

    Raises:
        ValueError: it is no model, the data does not fit, or a number in these rows is not finite.
    """
    from fastdnn.model import Model

    if not isinstance(model, Model):
        raise ValueError(expected(where, "a fastdnn.Model", repr(model)))
    if not model.is_built:
        model = copy_of(where, model)
        model.prepare(where, *data)  # builds the copy, and not the caller's
    twin = float64_copy(where, model)
    silenced = _silenced(twin) if silence else []
    feed = twin.prepare(where, *data)
    twin.compiled.dataset_size = model.compiled.dataset_size or feed.rows
    chosen = np.arange(feed.rows)
    if rows is not None and rows < feed.rows:
        chosen = np.sort(np.random.default_rng(seed).choice(feed.rows, rows, replace=False))
    some = _rows_of(twin, feed, chosen)
    _refuse_non_finite(where, some, chosen)
    return Problem(twin, some, tuple(silenced), feed.rows)


def _rows_of(model: "Model", feed: Feed, chosen: np.ndarray) -> Feed:
    """Copies of these rows of a feed: indices and labels as they are, all else in float64."""
    graph, losses = model.graph, [head.loss for head in model.compiled.heads if head.loss is not None]
    integers = [graph.index_limit(node) is not None for node in graph.inputs.nodes]
    integers += [loss.integer_targets for loss in losses]
    arrays = list[Any]()
    for number, array in enumerate(feed.arrays):
        if isinstance(array, CsrRows):
            arrays.append(array.taken(chosen, "float64"))
            continue
        is_integer = number < len(integers) and integers[number]
        arrays.append(np.ascontiguousarray(array[chosen], None if is_integer else np.float64))
    return Feed(arrays, feed.origins, feed.weighting)


def _refuse_non_finite(where: str, feed: Feed, chosen: np.ndarray) -> None:
    """The message names the row as it was given."""
    for number, array in enumerate(feed.arrays):
        if isinstance(array, CsrRows):
            place = array.first_non_finite("float64")
        else:
            bad = np.argwhere(~np.isfinite(array))
            place = (*bad[0], array[tuple(bad[0])]) if len(bad) else None
        if place is not None:
            row, column, value = place
            found = NonFiniteSourceError(number, int(chosen[row]), int(column), float(value))
            raise found.error(where, feed.origins)
