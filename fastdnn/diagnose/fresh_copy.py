"""A network once more from the start: copies of its layers with new weights, one thing changed."""

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from fastdnn import activations, initializers, optimizers, regularizers
from fastdnn.checks import number
from fastdnn.compiled import Compiled
from fastdnn.constraints import Constraint
from fastdnn.data.blocks import read_features
from fastdnn.data.moments import moments
from fastdnn.diagnose.wider import LEAST_UNITS, in_front_of_outputs, wider_units
from fastdnn.errors import expected
from fastdnn.functional import Tensor, graph_between
from fastdnn.graph import Graph
from fastdnn.layers import BatchNormalization, Dense, Dropout, GaussianNoise, Normalization
from fastdnn.layers.layer import Layer, flag
from fastdnn.layers.settings import ConstraintSetting, RegularizerSetting
from fastdnn.layers.whitening import Whitening
from fastdnn.model import Model
from fastdnn.optimizers import Optimizer
from fastdnn.optimizers.scalars import per_of
from fastdnn.regularizers import Regularizer
from fastdnn.sequential import Sequential

# Sets fields of a layer that is not in a model yet.
Change = Callable[[Layer], None]
# Their slopes are near 0 where inputs are large (deck 004, "Sigmoid" and "tanh").
SATURATING = ("sigmoid", "tanh")
_SCALERS = (Normalization, Whitening)


def fresh_copy(
    model: Model,
    *,
    learning_rate: float | None = None,
    optimizer: str | Optimizer | None = None,
    activation: activations.Activation | None = None,
    scale: Any = None,
    regularizer: Any = None,
    unregularized: bool = False,
    kernel_initializer: Any = None,
    widen: float | None = None,
    before_output: Sequence[Layer] | None = None,
    seed: int | None = None,
) -> Model:
    """The same network with new weights, compiled in the same way, with what is given changed.

    Weights that training does not change are kept: those of frozen layers, and the figures of normalising
    layers other than batch normalisation. The model stays as it is.

    Args:
        model: built and compiled.
        learning_rate: of its optimiser, a constant one.
        optimizer: another one, by its name or as an object.
        activation: of all hidden layers that have one, with the initial weights that suit it.
        scale: training rows (examples, features), by which the inputs are standardised: a `Normalization` is
            put in front, behind those that are there already.
        regularizer: that of `compile`, such as `fd.regularizers.L2(1e-4)`.
        unregularized: without all that keeps it from learning by heart: penalties, dropout, noise, limits of
            weights, weight decay. A `regularizer` that is given stays.
        kernel_initializer: of all layers that have one, with biases of 0; "auto" is the usual one, He's for
            ReLU, Glorot's else.
        widen: factor > 1 by which hidden `Dense` layers get more units, at least 64 each; a network without
            any gets one of 64 ReLU units. Layers whose width a frozen layer, a sum with the input or a layer
            of your own needs stay as they are.
        before_output: layers to put in front of each last `Dense` layer, such as `[fd.layers.Dropout(0.3)]`.
        seed: of the new weights, default the model's.

    Returns:
        A compiled model without a step behind it.

    Raises:
        ValueError: the model is not built or not compiled, or an argument does not fit.
        TypeError: `copy.deepcopy` cannot copy a layer, loss or metric of your own.

    >>> import fastdnn as fd
    >>> layers = [fd.Input((2,)), fd.layers.Dense(3, "sigmoid"), fd.layers.Dense(1, "sigmoid")]
    >>> model = fd.Sequential(layers, seed=0)
    >>> model.compile(fd.optimizers.SGD(10.0), "binary_crossentropy")
    >>> again = fd.diagnose.fresh_copy(model, learning_rate=0.1, activation="relu")
    >>> again.optimizer.learning_rate, [getattr(layer, "activation", None) for layer in again.layers]
    (0.1, [None, 'relu', 'sigmoid'])
    """
    where = "fresh_copy"
    rate = None if learning_rate is None else number(where, "learning_rate", learning_rate, 0, ends="()")
    given = model.compiled.optimizer if optimizer is None else optimizers.get(optimizer, where)
    changes: list[Change] = []
    if activation is not None:
        name = activations.check(where, activation)
        hidden = [layer.name for layer in model.layers if hidden_activation(layer, model)]
        changes.append(with_activation(hidden, name))
    if kernel_initializer is not None:
        changes.append(initialized(kernel_initializer))
    plain = flag(where, "unregularized", unregularized)
    if plain:
        changes.append(without_regularization)
    inserted = None if before_output is None else in_front_of_outputs(where, model.graph, before_output)
    if widen is not None:
        units = wider_units(model.graph, number(where, "widen", widen, 1, ends="()"))
        changes.append(with_units({layer.name: count for layer, count in units.items()}))
        if not units and inserted is None:
            inserted = in_front_of_outputs(where, model.graph, [Dense(LEAST_UNITS, "relu")])
    own = None if plain else model.compiled.regularizer
    penalty = own if regularizer is None else regularizers.get(regularizer, where)
    made = optimizer_like(given, rate)
    return rebuilt(
        model,
        without_decay(made) if plain else made,
        _all_of(changes),
        scale=None if scale is None else scaling(where, model, scale),
        regularizer=penalty,
        before=inserted,
        seed=model.seed if seed is None else seed,
    )


def optimizer_like(optimizer: Optimizer, learning_rate: float | None = None) -> Optimizer:
    """The same optimiser without steps behind it, at a constant rate if one is given."""
    return optimizer.anew() if learning_rate is None else optimizer.anew(learning_rate=learning_rate)


def highest_rate(optimizer: Optimizer, steps: int = 200, epochs: int = 20) -> float:
    """The learning rate; of a schedule, which may begin at 0, the highest of its first steps or epochs."""
    schedule = optimizer.schedules.get("learning_rate")
    if schedule is None:
        return float(optimizer.learning_rate)
    count = epochs if per_of(schedule) == "epoch" else steps
    return float(max(float(schedule(number)) for number in range(count)))


def without_decay(optimizer: Optimizer) -> Optimizer:
    """The same optimiser that lets no weights decay, without steps behind it."""
    return optimizer.anew(weight_decay=0.0)


def rebuilt(
    model: Model,
    optimizer: Optimizer,
    change: Change | None = None,
    *,
    scale: Normalization | None = None,
    regularizer: Any = None,
    before: Mapping[Layer, Sequence[Layer]] | None = None,
    seed: int = 0,
) -> Model:
    """The model of changed copies of its layers, with new weights; see `fresh_copy`."""
    new = _rebuilt_graph(model.graph, change, scale, before or {})
    kept = {name: array for name, array in model.weights.snapshot().items() if not _is_drawn(model, name)}
    kind = Sequential if new.is_chain and len(new.nodes) > 1 else Model
    made = kind.restored(new, kept, seed=seed, dtype=model.dtype)
    made.weights.write(kept)  # again: a layer may have put in figures that it was made with
    compiled = model.compiled
    heads = copy.deepcopy(compiled.heads)
    made._compile(Compiled(optimizer, heads, compiled.backend_name, copy.deepcopy(regularizer)))
    return made


def _rebuilt_graph(
    graph: Graph,
    change: Change | None,
    scale: Normalization | None,
    before: Mapping[Layer, Sequence[Layer]],
) -> Graph:
    """Of copied layers, the scaler behind those that stand at the input, other layers in front of some."""
    layers = {layer: copy.deepcopy(layer) for layer in graph.layers}
    for layer in layers.values():
        if change is not None:
            change(layer)
    entry = behind_scalers(graph)
    tensors: list[Tensor] = []
    for number_, node in enumerate(graph.nodes):
        sources = tuple(tensors[source] for source in node.inputs)
        for layer in before.get(node.layer, ()):
            sources = (Tensor(layer, sources),)
        tensor = Tensor(layers[node.layer], sources)
        tensors.append(Tensor(scale, (tensor,)) if scale is not None and number_ == entry else tensor)
    starts = [_unscaled(tensors[node], scale) for node in graph.inputs.nodes]
    ends = [tensors[node] for node in graph.outputs.nodes]
    return graph_between(_as_given(graph.inputs, starts), _as_given(graph.outputs, ends))


def _unscaled(tensor: Tensor, scale: Normalization | None) -> Tensor:
    return tensor.inputs[0] if scale is not None and tensor.layer is scale else tensor


def _as_given(ports: Any, tensors: list[Tensor]) -> Any:
    """In the form in which the model was given its ends."""
    if ports.form == "dict":
        return dict(zip(ports.names, tensors, strict=True))
    return tensors[0] if ports.form == "one" else tensors


def _is_drawn(model: Model, name: str) -> bool:
    layer = model.get_layer(name.rpartition("/")[0])
    trained = next(weight.trainable for weight in layer.weights if weight.name == name)
    return layer.trainable and (trained or isinstance(layer, BatchNormalization))


# ---- Scales


def behind_scalers(graph: Graph) -> int:
    """The node that gives the features as the first layer that learns gets them."""
    node = graph.inputs.nodes[0]
    while len(nexts := [i for i, one in enumerate(graph.nodes) if node in one.inputs]) == 1:
        if not isinstance(graph.nodes[nexts[0]].layer, _SCALERS):
            break
        node = nexts[0]
    return node


def features_behind_scalers(model: Model, x: Any) -> np.ndarray:
    """Those features, (examples, features)."""
    node = behind_scalers(model.graph)
    if node == model.graph.inputs.nodes[0]:
        return np.asarray(x)
    name = model.graph.use_names[node]
    return model.layer_outputs(x, [name])[name]


def scaling(where: str, model: Model, x: Any) -> Normalization:
    """A layer with the figures of these rows, as they come out of the scalers that are there."""
    if len(model.graph.inputs) > 1:
        raise ValueError(expected(where, "a model with one input, for scale", len(model.graph.inputs)))
    table = read_features(where, features_behind_scalers(model, read_features(where, x).array))
    figures = moments(table)
    return Normalization(figures.mean, figures.scale)


# ---- Changes


def hidden_activation(layer: Layer, model: Model) -> str | None:
    """The activation that a layer applies; None where it has none, or gives an output of the model."""
    outputs = {model.graph.nodes[node].layer for node in model.graph.outputs.nodes}
    name = getattr(layer, "activation", None)
    return None if layer in outputs or not isinstance(name, str) or name == "linear" else name


def _all_of(changes: Sequence[Change]) -> Change:
    """One after the other."""

    def change(layer: Layer) -> None:
        for each in changes:
            each(layer)

    return change


def with_activation(layers: Collection[str], activation: str) -> Change:
    """Another activation of these layers, and the initial weights that suit it."""

    def change(layer: Layer) -> None:
        if layer.name in layers:
            layer.activation = activation
        usual_weights(layer)

    return change


def with_units(units: Mapping[str, int]) -> Change:
    """Other widths of these layers."""

    def change(layer: Layer) -> None:
        if layer.name in units:
            layer.units = units[layer.name]

    return change


def usual_weights(layer: Layer) -> None:
    """He's or Glorot's initial weights, by the activation; biases of 0."""
    initialized("auto")(layer)


def initialized(kernel: Any) -> Change:
    """Other initial weights; biases of 0."""

    def change(layer: Layer) -> None:
        for name, wanted in (("kernel_initializer", kernel), ("bias_initializer", "zeros")):
            if hasattr(layer, name):
                setattr(layer, name, initializers.get(wanted, "fresh_copy"))

    return change


def without_regularization(layer: Layer) -> None:
    """Take away what keeps a layer from learning by heart: what it drops, noise, penalties, limits."""
    if isinstance(layer, Dropout):
        layer.rate = 0.0
    elif isinstance(layer, GaussianNoise):
        layer.stddev = 0.0
    for name in _regularizing(type(layer)):
        if isinstance(getattr(layer, name), Regularizer | Constraint):
            setattr(layer, name, None)


def _regularizing(kind: type) -> list[str]:
    return [
        name
        for each in kind.__mro__
        for name, value in vars(each).items()
        if isinstance(value, RegularizerSetting | ConstraintSetting)
    ]
