"""What `compile` settles: the optimiser, and for each output a loss, its weight and metrics."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastdnn import _core, losses, metrics
from fastdnn.errors import expected
from fastdnn.losses import Loss
from fastdnn.metrics import Metric
from fastdnn.optimizers import Optimizer
from fastdnn.ports import Ports
from fastdnn.regularizers import Regularizer

_LARGEST_WEIGHT = 1e30  # far below where float32, in which gradients are multiplied with it, ends


@dataclass(frozen=True)
class Head:
    """What one output is trained on and measured by.

    name: of the output; empty where there is one only, whose figures need no name.
    loss: None where the output is not trained on.
    weight: of the loss in the sum that is minimised.
    metrics: what is measured beside the loss, without sample weights.
    weighted_metrics: what is measured with them.
    """

    name: str
    loss: Loss | None
    weight: float = 1.0
    metrics: tuple[Metric, ...] = ()
    weighted_metrics: tuple[Metric, ...] = ()

    def named(self, figure: str) -> str:
        """A figure of this output: "price_loss", or "loss" of the only one."""
        return f"{self.name}_{figure}" if self.name else figure


@dataclass(frozen=True)
class Measured:
    """A metric of an output, and the name under which it is reported."""

    head: Head
    metric: Metric
    weighted: bool
    figure: str


def measured(heads: Sequence[Head]) -> list[Measured]:
    """All metrics in the order in which they are reported: those of all outputs without weights, then those
    with, which are "weighted_<name>" where the name is taken, as in Keras.
    """
    plain = [
        Measured(head, metric, False, head.named(metric.name)) for head in heads for metric in head.metrics
    ]
    taken = {each.figure for each in plain}
    weighted = []
    for head in heads:
        for metric in head.weighted_metrics:
            name = f"weighted_{metric.name}" if head.named(metric.name) in taken else metric.name
            weighted.append(Measured(head, metric, True, head.named(name)))
    return plain + weighted


class Compiled:
    """What `compile` settles, and the optimiser's state from then on."""

    def __init__(
        self,
        optimizer: Optimizer,
        heads: tuple[Head, ...],
        backend_name: str,
        regularizer: Regularizer | None = None,
    ) -> None:
        self.optimizer = optimizer
        self.heads = heads
        self.backend_name = backend_name
        self.regularizer = regularizer
        self.dataset_size: int | None = None  # of the last fit on arrays
        self.state: _core.Optimizer | None = None
        self.epochs_done = 0
        self.last_learning_rate = optimizer.learning_rate  # of the last step
        self.figure_names = _figure_names(heads)
        self._weights = [head.weight for head in heads if head.loss is not None]

    def __getstate__(self) -> dict[str, Any]:
        """Of this moment, without the native state, whose arrays the model's pickle holds."""
        return {**vars(self), "state": None, "_epochs": (self.epochs_done, None)}

    @property
    def epochs_done(self) -> int:
        """Since `compile`, over all fits."""
        counted, ahead = self._epochs
        return counted + (0 if ahead is None else ahead())

    @epochs_done.setter
    def epochs_done(self, epochs: int) -> None:
        self._epochs: tuple[int, Callable[[], int] | None] = (epochs, None)
        self.optimizer.at_epoch(epochs)

    def count_ahead(self, whole: Callable[[], int]) -> None:
        """A native call is about to run epochs, of which `whole` says how many are done, until `epochs_done`
        is set.
        """
        self._epochs = (self._epochs[0], whole)

    @property
    def runs_ahead(self) -> bool:
        """Whether it may be under way."""
        return self._epochs[1] is not None

    @property
    def loss(self) -> Loss:
        """The loss of a model with one output.

        Raises:
            ValueError: it has several.
        """
        loss = self.heads[0].loss
        if len(self.heads) > 1 or loss is None:
            raise ValueError(expected("model", "one output with a loss", f"{len(self.heads)} outputs"))
        return loss

    def figures(self, results: Sequence[float]) -> dict[str, float]:
        """A program's figures by name: first the weighted sum of the losses and the penalties, "loss"; of
        several outputs their losses, unweighted; the metrics. The program's penalties come last.
        """
        several = len(self.heads) > 1
        end = len(self.figure_names) - several  # one's own loss is "loss"
        total = self.loss_of(results)
        return dict(zip(self.figure_names, [total, *results[0 if several else 1 : end]], strict=True))

    def loss_of(self, results: Sequence[Any]) -> float:
        """ "loss" of a program's figures: the weighted sum of the losses and the penalties."""
        end = len(self.figure_names) - (len(self.heads) > 1)
        return self.total([*results[: len(self._weights)], *results[end:]])

    @property
    def metrics(self) -> dict[str, Metric]:
        """The metrics of all outputs, by the names of their figures."""
        return {each.figure: each.metric for each in measured(self.heads)}

    def total(self, results: Sequence[float]) -> float:
        """The weighted sum of the losses, with which they begin, and what follows, the penalties."""
        penalties = len(results) - len(self._weights)
        weights = [*self._weights, *[1.0] * penalties]
        return sum(weight * loss for weight, loss in zip(weights, results, strict=True))


def _figure_names(heads: Sequence[Head]) -> list[str]:
    own = [head.named("loss") for head in heads if head.loss is not None] if len(heads) > 1 else []
    return ["loss", *own, *[each.figure for each in measured(heads)]]


def heads_of(
    outputs: Ports | None, loss: Any, loss_weights: Any, chosen_metrics: Any, weighted_metrics: Any = None
) -> tuple[Head, ...]:
    """What `compile` was given, for each output; `outputs` is None where the model is not built yet, and will
    have one.

    Raises:
        ValueError: a name is unknown, a list has another length than there are outputs, a metric does not fit
            its loss, no output has a loss, a weight is not a number, or two figures have one name.
    """
    each = _each_loss(outputs, loss)
    weights = _each_weight(outputs, loss_weights)
    plain = _each_metrics(outputs, "metrics", chosen_metrics)
    weighted = _each_metrics(outputs, "weighted_metrics", weighted_metrics)
    names = [""] if outputs is None or len(outputs) == 1 else outputs.names
    heads = [
        Head(
            name,
            own_loss,
            weight,
            _checked_metrics(where, own, own_loss),
            _checked_metrics(where, own_weighted, own_loss, weighted=True),
        )
        for name, own_loss, weight, own, own_weighted in zip(
            names, each, weights, plain, weighted, strict=True
        )
        for where in [f"compile, output {name!r}" if name else "compile"]
    ]
    _refuse_one_name_twice(_figure_names(heads))
    return tuple(heads)


def _each(outputs: Ports | None, noun: str, given: Any) -> list[Any]:
    """What a list or dict gives for each output."""
    if isinstance(given, Mapping):
        if outputs is None:
            hint = "begin with layers.Input, or give it by itself"
            raise ValueError(
                expected(
                    "compile", f"outputs with names, for {noun} as a dict", "a model that is not built", hint
                )
            )
        return outputs.by_name("compile", noun, given)
    return (outputs or Ports("output", (0,), names=("output",))).by_order("compile", noun, given)


def _each_loss(outputs: Ports | None, loss: Any) -> list[Loss | None]:
    if isinstance(loss, Mapping | list | tuple):
        given = _each(outputs, "loss", loss)
    else:
        given = [loss] * (1 if outputs is None else len(outputs))
    chosen = [None if one is None else losses.get(one) for one in given]
    if all(one is None for one in chosen):
        hint = 'such as loss="sparse_categorical_crossentropy"'
        raise ValueError(expected("compile", "a loss", "none", hint))
    for one in chosen:
        if one is not None and one.reduction == "none":
            hint = "a step minimises one number; a loss by itself is a function of arrays"
            wanted = f"the reduction 'mean' or 'sum' of {one.name!r}"
            raise ValueError(expected("compile", wanted, repr(one.reduction), hint))
    return chosen


def _each_weight(outputs: Ports | None, loss_weights: Any) -> list[float]:
    if loss_weights is None:
        return [1.0] * (1 if outputs is None else len(outputs))
    if not isinstance(loss_weights, Mapping | list | tuple):
        wanted = "loss_weights as a list or dict of a number for each output"
        raise ValueError(expected("compile", wanted, repr(loss_weights)))
    given = _each(outputs, "loss_weights", loss_weights)
    for weight in given:
        is_number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
        if weight is not None and not (is_number and abs(float(weight)) <= _LARGEST_WEIGHT):
            wanted = f"loss_weights as numbers of at most {_LARGEST_WEIGHT:g}"
            raise ValueError(expected("compile", wanted, repr(weight)))
    return [1.0 if weight is None else float(weight) for weight in given]


def _each_metrics(outputs: Ports | None, noun: str, given: Any) -> list[list[Any]]:
    """One output: a metric, or a list of them. Several: a list or dict of such."""
    one_output = outputs is None or len(outputs) == 1
    if given is None:
        return [[] for _ in range(1 if outputs is None else len(outputs))]
    if isinstance(given, Mapping) or not one_output:
        if not isinstance(given, Mapping | list | tuple):
            given = [given]  # one metric, which is no list for each output
        return [_as_list(own) for own in _each(outputs, noun, given)]
    nested = _as_list(given)
    return [_as_list(nested[0]) if len(nested) == 1 else nested]


def _as_list(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _checked_metrics(
    where: str, given: Sequence[Any], loss: Loss | None, *, weighted: bool = False
) -> tuple[Metric, ...]:
    if given and loss is None:
        hint = "targets come with a loss; loss_weights of 0 only measures"
        raise ValueError(expected(where, "a loss, beside metrics", "none", hint))
    chosen = tuple(
        metrics.get(metric, loss, where, weighted=weighted) for metric in given if loss is not None
    )
    names = [metric.name for metric in chosen]
    if len(set(names)) != len(names):
        raise ValueError(expected(where, "each metric once", names))
    return chosen


def _refuse_one_name_twice(names: Sequence[str]) -> None:
    """Raise if figures cannot be told apart, as the loss of an output named "val" and the validation's."""
    reserved = ["learning_rate", *[f"val_{name}" for name in names]]
    name, count = Counter([*names, *reserved]).most_common(1)[0]
    if count > 1:
        hint = "give the layers of the outputs other names, or the model a dict of outputs"
        raise ValueError(expected("compile", "figures of distinct names", f"{name!r} twice", hint))
