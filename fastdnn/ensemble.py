"""Several trained models as one that averages their predictions."""

import copy
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal

import numpy as np

from fastdnn.compiled import Compiled
from fastdnn.errors import expected, unknown_name
from fastdnn.functional import Tensor, graph_between
from fastdnn.graph import Graph
from fastdnn.layers.activation import Activation
from fastdnn.layers.batch_normalization import BatchNormalization
from fastdnn.layers.dense import Dense
from fastdnn.layers.input import Input
from fastdnn.layers.layer_normalization import LayerNormalization
from fastdnn.layers.merging import Average, Concatenate
from fastdnn.model import Model

_AVERAGES = ("mean", "geometric")
_LOGISTIC = ("softmax", "sigmoid")  # whose geometric mean, normalised, is theirs of the averaged logits
_CHANCES = (*_LOGISTIC, "logistic_normalize")  # what no logits may be averaged with


class Ensemble(Model):
    """y = Σ w_i y_i / Σ w_i of the predictions y_i of several models on the same inputs.

    One model with copies of the members' layers, named "member_0_dense" and so on: it predicts in one native
    call, evaluates, is saved as one file (`load_model` gives a `Model`), and could be trained further. The
    members stay as they are, and may change without it. If the first one is compiled, so is the ensemble,
    with the same losses and metrics: cross-entropies are those of the averaged probabilities. Only what wants
    the logits below a softmax, `label_smoothing` of integer labels, cannot be computed of averages; compile
    it otherwise then.

    Outputs are probabilities of all members, or of none. Members that give logits have their logits averaged:
    of the probabilities that is the geometric mean, normalised. `average="geometric"` does the same for
    outputs by softmax or sigmoid; for "mean" of probabilities give the members a softmax.

    Args:
        models: two or more, built, of one dtype, with inputs and outputs of the same number, names of a dict,
            and widths.
        average: "mean", or "geometric".
        weights: w_i >= 0, not all 0, default all 1.
        seed: as of `Model`; default the first member's.

    Raises:
        ValueError: models do not fit each other, some give probabilities where others do not, weights do not
            fit, or an output for "geometric" is not by
            softmax or sigmoid.

    Source: Hansen & Salamon, "Neural network ensembles", IEEE PAMI 12, 1990; deck 004, "ensemble".

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> models = [fd.Sequential([fd.Input((3,)), fd.layers.Dense(2)], seed=seed) for seed in range(4)]
    >>> x = np.ones((5, 3))
    >>> together = fd.Ensemble(models).predict(x)
    >>> bool(np.allclose(together, np.mean([model.predict(x) for model in models], axis=0)))
    True
    """

    def __init__(
        self,
        models: Sequence[Model],
        average: Literal["mean", "geometric"] = "mean",
        weights: Sequence[float] | None = None,
        *,
        seed: int | None = None,
    ) -> None:
        if average not in _AVERAGES:
            raise unknown_name("Ensemble", "average", average, _AVERAGES)
        _check_alike(models)
        first = models[0]
        if weights is not None and len(Average(weights).given_weights or ()) != len(models):
            raise ValueError(expected("Ensemble", f"{len(models)} weights", repr(weights)))
        super().__init__(seed=first.seed if seed is None else seed, dtype=first.dtype)
        graph, arrays = _joined(models, average, weights)
        self._set_graph(graph, arrays)
        self.weights.write(arrays)  # again: a layer may have put in figures that it was made with
        if first._compiled is not None:
            with suppress(ValueError):  # labels are smoothed in logits only, and these are averages
                settled = first.compiled
                optimizer = copy.deepcopy(settled.optimizer)
                optimizer.rename_weights(lambda name: [_prefix(k) + name for k in range(len(models))])
                self._compile(Compiled(optimizer, settled.heads, settled.backend_name))


def _check_alike(models: Sequence[Model]) -> None:
    are_models = isinstance(models, list | tuple) and all(isinstance(model, Model) for model in models)
    if not are_models or len(models) < 2:
        raise ValueError(expected("Ensemble", "a list of two models or more", repr(models)))
    for number, model in enumerate(models):
        for what, wanted, got in zip(
            ("dtype", "inputs", "outputs"), _face(models[0]), _face(model), strict=True
        ):
            if wanted != got:
                hint = "members take the same inputs, and give the same outputs"
                raise ValueError(expected(f"Ensemble, member {number}", f"{what} {wanted}", got, hint))
        for index, name in enumerate(model.output_names):
            _check_ends(f"Ensemble, member {number}", name, models[0].graph, model.graph, index)


def _check_ends(where: str, name: str, first: Graph, other: Graph, index: int) -> None:
    """See that an output is of probabilities in both, or in none: their average would be neither."""
    wanted, got = (_gives_chances(graph, graph.outputs.nodes[index]) for graph in (first, other))
    if None in (wanted, got) or wanted == got:
        return
    texts = {True: "probabilities, by a softmax or sigmoid", False: "no probabilities, such as logits"}
    hint = "give all members a softmax or sigmoid, or none (with_head puts on another last layer)"
    raise ValueError(expected(where, f"output {name} of {texts[bool(wanted)]}", texts[bool(got)], hint))


def _gives_chances(graph: Graph, node: int) -> bool | None:
    """Whether a softmax or sigmoid ends it, also below averages; None where the layer does not tell."""
    layer = graph.nodes[node].layer
    if isinstance(layer, Dense | Activation):
        return layer.activation in _CHANCES
    if isinstance(layer, BatchNormalization | LayerNormalization):
        return False
    if isinstance(layer, Average | Concatenate):
        found = {_gives_chances(graph, source) for source in graph.nodes[node].inputs}
        return found.pop() if len(found) == 1 else None
    return None


def _face(model: Model) -> tuple[str, Any, Any]:
    """What has to be the same: dtype; widths, kinds and names of the inputs and outputs."""
    graph = model.graph
    sides = []
    for ports in (graph.inputs, graph.outputs):
        integer = [graph.index_limit(node) is not None for node in ports.nodes]
        kinds = ["integers" if is_integer else "features" for is_integer in integer]
        names = ports.names if ports.form == "dict" else ("",) * len(ports)
        widths = graph.widths_of(ports)
        sides.append([f"{n} {w} {k}".strip() for n, w, k in zip(names, widths, kinds, strict=True)])
    return model.dtype, sides[0], sides[1]


def _joined(
    models: Sequence[Model], average: str, weights: Sequence[float] | None
) -> tuple[Graph, dict[str, np.ndarray]]:
    """The graph of all, and the weights of the members."""
    first = models[0].graph
    inputs = [copy.deepcopy(first.nodes[node].layer) for node in first.inputs.nodes]
    sources = [Tensor(layer) for layer in inputs]
    arrays: dict[str, np.ndarray] = {}
    each: list[list[Tensor]] = []
    followed: list[list[str]] = []
    for number, model in enumerate(models):
        prefix = _prefix(number)
        member = _Member(model.graph, sources, prefix)
        each.append(member.outputs)
        followed.append(member.take_activations() if average == "geometric" else [])
        arrays |= {prefix + name: array for name, array in model.weights.snapshot().items()}
    outputs = []
    for index, tensors in enumerate(zip(*each, strict=True)):
        name = first.outputs.names[index] if first.outputs.form != "dict" else None
        if average == "mean":
            outputs.append(Average(weights, name=name)(tensors))
            continue
        kinds = {own[index] for own in followed}
        if len(kinds) > 1:
            raise ValueError(expected("Ensemble", "outputs by one activation", ", ".join(sorted(kinds))))
        outputs.append(Activation(kinds.pop(), name=name)(Average(weights)(tensors)))
    return graph_between(_as_given(first.inputs, sources), _as_given(first.outputs, outputs)), arrays


def _prefix(number: int) -> str:
    """Of the names of a member's layers."""
    return f"member_{number}_"


def _as_given(ports: Any, tensors: list[Tensor]) -> Any:
    if ports.form == "dict":
        return dict(zip(ports.names, tensors, strict=True))
    return tensors[0] if ports.form == "one" else tensors


class _Member:
    """A copy of a model's layers, on other inputs."""

    def __init__(self, graph: Graph, sources: list[Tensor], prefix: str) -> None:
        self._graph = graph
        layers = {layer: copy.deepcopy(layer) for layer in graph.layers if not isinstance(layer, Input)}
        for layer in layers.values():
            layer.name = prefix + layer.name
        self._tensors = list(sources)
        for node in graph.nodes[len(sources) :]:
            self._tensors.append(Tensor(layers[node.layer], tuple(self._tensors[i] for i in node.inputs)))

    @property
    def outputs(self) -> list[Tensor]:
        """Them."""
        return [self._tensors[node] for node in self._graph.outputs.nodes]

    def take_activations(self) -> list[str]:
        """Leave the outputs' activations out of the copies; returns them.

        Raises:
            ValueError: one is not by softmax or sigmoid, or is read by another layer.
        """
        taken = []
        for node in self._graph.outputs.nodes:
            layer = self._tensors[node].layer
            uses = [
                i for i, other in enumerate(self._graph.nodes) if other.layer is self._graph.nodes[node].layer
            ]
            is_read = any(node in other.inputs for other in self._graph.nodes)
            is_plain = not is_read and len(uses) == 1
            if not isinstance(layer, Dense | Activation) or layer.activation not in _LOGISTIC or not is_plain:
                wanted = "outputs by softmax or sigmoid that no layer reads, for average='geometric'"
                hint = "of logits take average='mean'"
                raise ValueError(expected("Ensemble", wanted, repr(layer), hint))
            taken.append(layer.activation)
            layer.activation = "linear"
        return taken
