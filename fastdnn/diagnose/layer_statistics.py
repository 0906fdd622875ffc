"""The network seen from inside at one moment: what each layer gives, and what comes back to it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import lowering
from fastdnn.backend import Draw, Figures
from fastdnn.checks import number, whole
from fastdnn.diagnose.advice import Advice, ordered
from fastdnn.diagnose.inside_advice import DEAD, Start, advice_of
from fastdnn.diagnose.layer_figures import LayerFigures, number_told
from fastdnn.errors import expected, unknown_name
from fastdnn.features import NonFiniteSourceError
from fastdnn.figures import totals_of, values_of
from fastdnn.reference.activity import ACTIVITY, activity, norm
from fastdnn.report import table
from fastdnn.sampling import WatchedLayer, layers_of, saturation_limits
from fastdnn.short_repr import ShortRepr
from fastdnn.sources import Feed
from fastdnn.thread_settings import resolve

if TYPE_CHECKING:
    from fastdnn.model import Model

_WHERE = "layer_statistics"


@dataclass(frozen=True)
class LayerStatistics(ShortRepr):
    """What `layer_statistics` found.

    layers: the figures of each layer's outputs, in the order of the network.
    weight_norms: ‖w‖ of each weight that is trained, by name.
    gradient_norms: ‖dL/dw‖ of each; empty without targets.
    loss: of the rows; NaN without targets.
    rows: that were looked at.
    advice: what these figures show, the most important first.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((4,)), fd.layers.Dense(8, activation="tanh", name="hidden"),
    ...                        fd.layers.Dense(1)], seed=0)
    >>> found = fd.diagnose.layer_statistics(model, np.ones((5, 4)))
    >>> found["hidden"].units, found.rows
    (8, 5)
    """

    layers: tuple[LayerFigures, ...]
    weight_norms: Mapping[str, float]
    gradient_norms: Mapping[str, float]
    loss: float
    rows: int
    dead_limit: float
    start: Start

    def __getitem__(self, name: str) -> LayerFigures:
        """The figures of a layer by name.

        Raises:
            ValueError: there is no such layer.
        """
        known = {layer.name: layer for layer in self.layers}
        if name not in known:
            raise unknown_name(_WHERE, "a layer with figures", name, known)
        return known[name]

    @cached_property
    def advice(self) -> tuple[Advice, ...]:
        """What these figures show."""
        return ordered(advice_of(self.layers, self.start, self.dead_limit))

    def plot(self, ax: Any = None) -> Any:
        """A histogram of each layer's outputs; see `fastdnn.plots.layers`."""
        from fastdnn.plots.layers import layers

        return layers(self, ax)

    def __str__(self) -> str:
        head = ["layer", "activation", "output", "min", "max", "zero", "dead", "saturated"]
        more = ["‖dL/dy‖"] if self.gradient_norms else []
        weights = ["weight", "‖w‖", *(["‖dL/dw‖"] if self.gradient_norms else [])]
        rows = [row for layer in self.layers for row in self._rows(layer)]
        given = table(
            [*head, *more, *weights], rows, numeric=[*range(2, 8 + len(more)), *range(9 + len(more), 12)]
        )
        loss = "" if math.isnan(self.loss) else f", loss {self.loss:.4g}"
        return "\n".join([f"{self.rows} rows{loss}", given, *(advice.told() for advice in self.advice)])

    def _rows(self, of: LayerFigures) -> list[list[str]]:
        """One for each weight, the first with the layer's own figures."""
        own = [
            of.name,
            of.layer.activation,
            of.told,
            f"{of.low:.3g}",
            f"{of.high:.3g}",
        ]
        own += [_share(of.zeros), _share(of.dead), _share(of.saturated)]
        own += [_number(of.gradient_norm)] if self.gradient_norms else []
        weights = [self._weight(name) for name in of.layer.weights] or [
            [""] * (3 if self.gradient_norms else 2)
        ]
        return [[*(own if index == 0 else [""] * len(own)), *weight] for index, weight in enumerate(weights)]

    def _weight(self, name: str) -> list[str]:
        gradient = [_number(self.gradient_norms.get(name, math.nan))] if self.gradient_norms else []
        return [name.rpartition("/")[2], _number(self.weight_norms[name]), *gradient]


def layer_statistics(
    model: "Model",
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    training: bool = True,
    max_rows: int | None = 1024,
    dead: float = DEAD,
    threads: int | None = None,
) -> LayerStatistics:
    """Figures of what each layer gives for these rows, and, with targets, of the gradients that come back.

    Nothing of the model is changed.

    Args:
        model: a built model; compiled, where targets are given.
        x: features, as arrays in `fit`.
        y: targets, as in `fit`, or None.
        sample_weight: as in `fit`.
        training: whether layers behave as in training (dropout drops, batch normalisation takes the batch's
            own figures: what the next step would see) or as in use.
        max_rows: at most so many rows, evenly spaced in x, are looked at, all as one batch; None for all.
        dead: 0 to 1, the share of a ReLU layer's units above which they are said to be dead.
        threads: as in `fit`.

    Returns:
        The figures: of each layer mean, standard deviation, range and histogram of its outputs, the shares of
        zeros, dead and saturated units; norms of weights and gradients; and what they say.

    Raises:
        ValueError: an argument does not fit, or the model is not compiled and there are targets.

    Source: deck 004, "Random Initialization of Weights" (activations of each hidden layer after one forward
    pass); Glorot & Bengio, AISTATS 2010 (activations and gradients by layer).

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> sigmoids = [fd.layers.Dense(32, activation="sigmoid") for _ in range(6)]
    >>> model = fd.Sequential([fd.layers.Input((64,)), *sigmoids, fd.layers.Dense(10)], seed=0)
    >>> model.compile("sgd", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> found = fd.diagnose.layer_statistics(model, x / 16, y)
    >>> [advice.kind for advice in found.advice][:2]
    ['vanishing_gradients', 'sigmoid_hidden']
    """
    limit = number(_WHERE, "dead", dead, 0.0, 1.0, ends="[]")
    most = None if max_rows is None else whole(_WHERE, "max_rows", max_rows, 1)
    if not isinstance(training, bool):
        raise ValueError(expected(_WHERE, "training as True or False", repr(training)))
    asked = resolve(_WHERE, threads)
    feed = _feed(model, x, y, sample_weight)
    rows = _rows(feed.rows, most)
    chosen = feed if len(rows) == feed.rows else feed.taken(rows.tolist(), model.dtype)
    heads = None if y is None else model.compiled.heads
    penalties = () if y is None else model.penalties(_WHERE, feed.rows)
    made_for = (feed.weighting, feed.sparse, penalties)
    program, names, known = lowering.inside_program(model.graph, heads, *made_for, training=training)
    key = (_WHERE, heads and model.compiled, *made_for, training, len(rows))
    inference = model.inference_of(key, lambda: program, len(rows))
    state = model.compiled.state if y is not None else None
    draw = Draw(model.seed, 0 if state is None else state.iterations)
    try:
        figures = inference.run(chosen.arrays, asked, draw)
    except NonFiniteSourceError as found:
        raise _placed(found, rows).error(_WHERE, feed.origins) from None
    outputs = dict(zip([*names, *(f"d {name}" for name in known)], figures.outputs, strict=True))
    loss = math.nan if y is None else _loss(model, inference.figures, figures, len(rows))
    return _statistics(model, outputs, figures, loss, limit)


def _feed(model: "Model", x: Any, y: Any, sample_weight: Any) -> Feed:
    from fastdnn.model import Model

    if not isinstance(model, Model):
        raise ValueError(expected(_WHERE, "a model", type(model).__name__))
    if y is None:
        if sample_weight is not None:
            raise ValueError(expected(_WHERE, "no sample_weight without y", type(sample_weight).__name__))
        with model.unbuilt_by_refusal():
            return model._inputs(_WHERE, x)
    _ = model.compiled  # says by its own error that there is none
    return model.prepare(_WHERE, x, y, sample_weight)


def _rows(count: int, most: int | None) -> np.ndarray:
    """Of so many rows, evenly spaced, and at most so many."""
    if most is None or count <= most:
        return np.arange(count)
    return np.arange(most) * count // most


def _placed(found: NonFiniteSourceError, rows: np.ndarray) -> NonFiniteSourceError:
    """With the row as the user counts it."""
    return NonFiniteSourceError(
        found.source, int(rows[found.row]) if found.row >= 0 else -1, found.column, found.value
    )


def _loss(model: "Model", figures: Any, found: Figures, rows: int) -> float:
    values = [
        value for value in values_of(figures, totals_of(figures, found.sums, rows)) if value is not None
    ]
    return model.compiled.total(values)


def _statistics(
    model: "Model", outputs: Mapping[str, np.ndarray], figures: Figures, loss: float, limit: float
) -> LayerStatistics:
    layers = [
        _figures(layer, outputs[name], outputs.get(f"d {name}"))
        for name, layer in layers_of(model.graph).items()
    ]
    trained = dict.fromkeys(name for layer in layers for name in layer.layer.weights)
    return LayerStatistics(
        tuple(layers),
        {name: norm(model.weights.read(name)) for name in trained},
        {name: norm(gradient) for name, gradient in figures.gradients.items()},
        loss,
        layers[0].rows if layers else 0,
        limit,
        start_of(model),
    )


def _figures(layer: WatchedLayer, y: np.ndarray, dy: np.ndarray | None) -> LayerFigures:
    found = activity(y, *saturation_limits(layer.activation))
    of = dict(zip(ACTIVITY, found.tolist(), strict=False))
    return LayerFigures(
        layer,
        y.shape[1],
        len(y),
        of["mean"],
        of["std"],
        of["min"],
        of["max"],
        of["zeros"],
        of["dead"] if layer.activation == "relu" else math.nan,
        of["saturated"] if layer.activation in ("sigmoid", "tanh") else math.nan,
        tuple(found[len(ACTIVITY) :].tolist()),
        math.nan if dy is None else norm(dy),
    )


def start_of(model: "Model") -> Start:
    """What is known of it for lines that train it anew."""
    if model._compiled is None:
        return Start(compiled=False)
    scheduled = "learning_rate" in model.optimizer.schedules
    return Start(compiled=True, rate=None if scheduled else float(model.optimizer.learning_rate))


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.0%}"


def _number(value: float) -> str:
    return number_told(value, 3)
