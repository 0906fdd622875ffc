"""A warning of units that start alike, and stay so."""

import warnings

from fastdnn.errors import EqualUnitsWarning, expected
from fastdnn.graph import Graph


def warn_of_equal_units(graph: Graph, matrices: set[str]) -> None:
    """Warn of the hidden layers among those whose matrices, by name, have all columns alike.

    Their units compute the same. They get the same gradient where the next matrix has equal rows, too, or
    none where they are ReLUs at 0: then they stay identical. Of the last matrix before an output each column
    has a target of its own, so that it may begin with zeros.
    """
    if not matrices:
        return
    alike = [
        layer.name
        for index, layer in enumerate(node.layer for node in graph.nodes)
        if any(weight.name in matrices for weight in layer.weights) and _is_hidden(graph, index)
    ]
    if alike:
        names = ", ".join(dict.fromkeys(alike))
        hint = 'units stay identical where nothing else tells them apart; take "auto" or another random one'
        got = "equal columns"
        message = expected(names, "an initial kernel whose columns differ, in a hidden layer", got, hint)
        warnings.warn(message, EqualUnitsWarning, stacklevel=4)


def _is_hidden(graph: Graph, index: int) -> bool:
    """Whether another trained matrix follows on the way to an output."""
    reached = {index}
    for number, node in enumerate(graph.nodes):
        if number > index and reached.intersection(node.inputs):
            if any(weight.trainable and len(weight.shape) > 1 for weight in node.layer.weights):
                return True
            reached.add(number)
    return False
