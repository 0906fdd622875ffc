"""From a model to its three programs: a training step, an evaluation, a prediction."""

from collections.abc import Sequence

from fastdnn import metrics
from fastdnn.autodiff import LossTerm, differentiate
from fastdnn.graph import Graph
from fastdnn.losses import Loss
from fastdnn.program import Program, Value


def prediction_program(graph: Graph) -> Program:
    """Source: inputs. Output: the prediction."""
    program = Program()
    program.add_output(graph.lower(program))
    return program


def evaluation_program(graph: Graph, loss: Loss, metric_names: Sequence[str], *, weighted: bool) -> Program:
    """Sources: inputs, targets and, if weighted, sample weights. Results: loss, then the metrics."""
    program = Program()
    _lower_with_loss(program, graph, loss, metric_names, weighted)
    return program


def training_program(graph: Graph, loss: Loss, metric_names: Sequence[str], *, weighted: bool) -> Program:
    """The evaluation's program and the gradient of its loss."""
    program = Program(training=True)
    row_loss, weights = _lower_with_loss(program, graph, loss, metric_names, weighted)
    differentiate(program, [LossTerm(row_loss, weights)])
    return program


def gradient_program(graph: Graph, loss: Loss, *, weighted: bool, inputs: bool, training: bool) -> Program:
    """The loss, as its only result, and its gradients; those with respect to the inputs are outputs.

    `training`: whether layers behave as in training.
    """
    program = Program(training=training)
    row_loss, weights = _lower_with_loss(program, graph, loss, (), weighted)
    sources = [value for value in program.values if value.role == "source"][:1] if inputs else []
    for source, gradient in zip(
        sources, differentiate(program, [LossTerm(row_loss, weights)], sources), strict=True
    ):
        assert gradient is not None  # each input leads to the prediction
        program.add_output(gradient, f"d {source.name}")
    return program


def uses_by_name(graph: Graph) -> dict[str, int]:
    """The nodes that compute something, by their layer's name; a second use is "name:1"."""
    uses: dict[str, int] = {}
    for index, node in enumerate(graph.nodes):
        if not node.inputs:
            continue
        name, again = node.layer.name, 0
        while name in uses:
            again += 1
            name = f"{node.layer.name}:{again}"
        uses[name] = index
    return uses


def layers_program(graph: Graph, nodes: Sequence[int]) -> Program:
    """Source: inputs. Outputs: what these nodes give in use."""
    program = Program()
    values = graph.lower_nodes(program)
    for node in nodes:
        program.add_output(values[node], graph.nodes[node].layer.name)
    return program


def _lower_with_loss(
    program: Program, graph: Graph, loss: Loss, metric_names: Sequence[str], weighted: bool
) -> tuple[Value, Value | None]:
    prediction = graph.lower(program)
    target = program.source(
        "y", 1 if loss.integer_targets else graph.output_width, integer=loss.integer_targets
    )
    weights = program.source("sample_weight", 1) if weighted else None
    row_loss = loss.lower(program, prediction, target)
    program.add_result("loss", row_loss, weights, loss=True)
    for name in metric_names:
        row_metric = metrics.lower(program, name, loss, prediction, target)
        program.add_result(name, row_metric, None, loss=False)
    return row_loss, weights
