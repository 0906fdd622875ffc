"""What the regularisers and constraints of a model's layers come to, weight by weight."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fastdnn.constraints import MaxNorm
from fastdnn.graph import Graph
from fastdnn.layers.layer import Layer, Weight
from fastdnn.program import Option
from fastdnn.regularizers import Regularizer, Terms
from fastdnn.segment_options import SegmentOptions


@dataclass(frozen=True)
class WeightPenalty:
    """What the loss has of one weight, by its full name. `is_proximal`: no gradient in a training step."""

    weight: str
    terms: Terms
    is_proximal: bool

    def options(self, *, over_rows: bool) -> dict[str, Option]:
        """Those of the operation; without `over_rows` whoever reads its figure divides by them."""
        terms = self.terms
        return {
            "l1": terms.l1,
            "l2": terms.l2,
            "lq": terms.lq,
            "q": terms.q,
            "over_rows": over_rows and terms.over_rows,
        }


def penalties_of(
    where: str, graph: Graph, default: Regularizer | None, dataset_size: int | None
) -> tuple[WeightPenalty, ...]:
    """Those of a model, in the order of its weights.

    Args:
        where: for messages.
        graph: the model's.
        default: for weights of two or more dimensions without a regulariser of their own, or None.
        dataset_size: examples of the training set, if that is known.

    Raises:
        ValueError: a regulariser needs the dataset's size.
    """
    return tuple(
        WeightPenalty(weight.name, terms, regularizer.is_proximal)
        for weight, regularizer in _regularized(graph, default)
        for terms in [regularizer.terms(where, dataset_size)]
        if not terms.is_zero
    )


def update_options(
    where: str, graph: Graph, default: Regularizer | None, dataset_size: int | None
) -> dict[str, SegmentOptions]:
    """What the optimiser's update does to each trained weight in particular, by its full name.

    Raises:
        ValueError: a constraint does not fit its weight, or a regulariser needs the dataset's size.
    """
    proximal = {
        penalty.weight: penalty.terms.l1
        for penalty in penalties_of(where, graph, default, dataset_size)
        if penalty.is_proximal
    }
    options = {
        weight.name: _constrained(layer, weight)
        for layer in graph.layers
        for weight in layer.weights
        if weight.trainable
    }
    return options | {name: replace(options[name], proximal_l1=l1) for name, l1 in proximal.items()}


def _regularized(graph: Graph, default: Regularizer | None) -> Iterator[tuple[Weight, Regularizer]]:
    """The weights that `fit` changes and that have a regulariser."""
    for layer in graph.layers:
        if not layer.trainable or (default is None and not layer.has_regularizers):
            continue
        for weight in layer.weights:
            own = layer.regularizer_of(weight)
            chosen = default if own is None and len(weight.shape) >= 2 else own
            if weight.trainable and chosen is not None:
                yield weight, chosen


def _constrained(layer: Layer, weight: Weight) -> SegmentOptions:
    constraint = layer.constraint_of(weight)
    if not isinstance(constraint, MaxNorm):
        return weight.update
    return replace(weight.update, max_norm=constraint.max_value, max_norm_axis=constraint.axis)
