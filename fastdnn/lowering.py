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
    program.output = graph.lower(program)
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
