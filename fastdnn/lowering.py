"""From a model to its three programs: a training step, an evaluation, a prediction."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from fastdnn.autodiff import LossTerm, differentiate
from fastdnn.compiled import Head, measured
from fastdnn.figures import Figure, mean, mean_over_rows, total
from fastdnn.graph import Graph
from fastdnn.metrics import Measurement
from fastdnn.penalties import WeightPenalty
from fastdnn.program import Program, Value
from fastdnn.sampling import watch_layers
from fastdnn.sources import Weighting


def prediction_program(graph: Graph, sparse: Collection[int] = ()) -> Program:
    """Sources: inputs, those numbered in `sparse` by their entries. Outputs: the predictions."""
    program = Program(sparse_inputs=sparse)
    for name, value in zip(graph.outputs.names, graph.lower(program), strict=True):
        program.add_output(value, name)
    return program


def evaluation_program(
    graph: Graph,
    heads: Sequence[Head],
    weighting: Weighting = (),
    sparse: Collection[int] = (),
    penalties: Sequence[WeightPenalty] = (),
) -> Program:
    """Sources: those of `fastdnn.sources`. Figures: the loss of each head that has one, then the metrics;
    then the penalties.
    """
    program = Program(sparse_inputs=sparse)
    _lower_losses(program, graph.lower(program), heads, weighting)
    _lower_penalties(program, penalties, over_rows=False)
    return program


def training_program(
    graph: Graph,
    heads: Sequence[Head],
    weighting: Weighting = (),
    sparse: Collection[int] = (),
    penalties: Sequence[WeightPenalty] = (),
    *,
    watched: bool = False,
) -> Program:
    """The evaluation's program and the gradient of the weighted sum of its losses and the penalties, less
    what is left to the optimiser's update. Where it is `watched`, what layers give, and the gradients with
    respect to that, can be sampled.
    """
    program = Program(training=True, sparse_inputs=sparse)
    nodes = graph.lower_nodes(program)
    terms = _lower_losses(program, [nodes[node] for node in graph.outputs.nodes], heads, weighting)
    values = _lower_penalties(program, penalties, over_rows=True)
    own = [value for value, penalty in zip(values, penalties, strict=True) if not penalty.is_proximal]
    gradients = differentiate(program, terms, penalties=own, seen=nodes)
    if watched:
        watch_layers(program, graph, nodes, gradients)
    return program


def inputs_of_losses(graph: Graph, heads: Sequence[Head]) -> list[int]:
    """The numbers of the inputs that the outputs with a loss depend on."""
    waiting = [node for node, head in zip(graph.outputs.nodes, heads, strict=True) if head.loss is not None]
    needed = set[int]()
    while waiting:
        node = waiting.pop()
        if node not in needed:
            needed.add(node)
            waiting.extend(graph.nodes[node].inputs)
    return [number for number, node in enumerate(graph.inputs.nodes) if node in needed]


def gradient_program(
    graph: Graph,
    heads: Sequence[Head],
    weighting: Weighting,
    sparse: Collection[int],
    penalties: Sequence[WeightPenalty],
    *,
    inputs: Sequence[int],
    training: bool,
) -> Program:
    """The losses and penalties, as its only results, and the gradients of their weighted sum; those with
    respect to inputs, by their numbers, are outputs.

    `training`: whether layers behave as in training.
    """
    program, _, terms, values = _losses_alone(graph, heads, weighting, sparse, penalties, training)
    fed = [value for value in program.values if value.role == "source"]
    sources = [fed[number] for number in inputs]
    for source, gradient in zip(sources, differentiate(program, terms, sources, values), strict=True):
        assert gradient is not None  # each of them leads to a loss
        program.add_output(gradient, f"d {source.name}")
    return program


def loss_program(
    graph: Graph,
    heads: Sequence[Head],
    weighting: Weighting,
    sparse: Collection[int],
    penalties: Sequence[WeightPenalty],
) -> Program:
    """The losses and penalties of a training step, without their gradients: what finite differences need."""
    return _losses_alone(graph, heads, weighting, sparse, penalties, training=True)[0]


def uses_by_name(graph: Graph) -> dict[str, int]:
    """The nodes that compute something, by name; the second use of a layer is "name:1"."""
    return {name: index for index, name in enumerate(graph.use_names) if graph.nodes[index].inputs}


def layers_program(graph: Graph, nodes: Sequence[int], sparse: Collection[int] = ()) -> Program:
    """Source: inputs. Outputs: what these nodes give in use."""
    program = Program(sparse_inputs=sparse)
    values = graph.lower_nodes(program)
    for node in nodes:
        program.add_output(values[node], graph.nodes[node].layer.name)
    return program


def inside_program(
    graph: Graph,
    heads: Sequence[Head] | None,
    weighting: Weighting,
    sparse: Collection[int],
    penalties: Sequence[WeightPenalty],
    *,
    training: bool,
) -> tuple[Program, list[str], list[str]]:
    """Outputs: what each layer gives, and, with heads, the gradients of the losses and penalties with respect
    to that, where a trained weight needs them; beside them the names of the layers of both.
    """
    if heads is None:
        program = Program(training=training, sparse_inputs=sparse)
        nodes = graph.lower_nodes(program)
        gradients: Sequence[Value | None] = [None] * len(nodes)
    else:
        program, nodes, terms, values = _losses_alone(graph, heads, weighting, sparse, penalties, training)
        gradients = differentiate(program, terms, penalties=values, seen=nodes)
    uses = uses_by_name(graph)
    known = [name for name, node in uses.items() if gradients[node] is not None]
    for name, node in uses.items():
        program.add_output(nodes[node], name)
    for name in known:
        gradient = gradients[uses[name]]
        assert gradient is not None
        program.add_output(gradient, f"d {name}")
    return program, list(uses), known


def _losses_alone(
    graph: Graph,
    heads: Sequence[Head],
    weighting: Weighting,
    sparse: Collection[int],
    penalties: Sequence[WeightPenalty],
    training: bool,
) -> tuple[Program, list[Value], list[LossTerm], list[Value]]:
    """A program without metrics, what its nodes give, the terms of its loss, and its penalties."""
    program = Program(training=training, sparse_inputs=sparse)
    bare = [replace(head, metrics=(), weighted_metrics=()) for head in heads]
    nodes = graph.lower_nodes(program)
    terms = _lower_losses(program, [nodes[node] for node in graph.outputs.nodes], bare, weighting)
    return program, nodes, terms, _lower_penalties(program, penalties, over_rows=True)


def _lower_losses(
    program: Program, outputs: Sequence[Value], heads: Sequence[Head], weighting: Weighting
) -> list[LossTerm]:
    """Every output is computed, also one without a loss: its layers may have running figures."""
    pairs = zip(heads, outputs, strict=True)
    trained = [(head, head.loss, value) for head, value in pairs if head.loss is not None]
    targets = []
    for head, loss, value in trained:
        cols = loss.target_width(value.cols)
        targets.append(program.source(head.named("y"), cols, integer=loss.integer_targets))
    weights = _weight_sources(program, [head for head, *_ in trained], weighting)
    terms = []
    for (head, loss, value), target, own in zip(trained, targets, weights, strict=True):
        terms.append(LossTerm(loss.lower(program, value, target), own, head.weight, loss.reduction))
        _report_loss(program, head.named("loss"), terms[-1])
    measurable = {
        id(head): (loss, value, target, own)
        for (head, loss, value), target, own in zip(trained, targets, weights, strict=True)
    }
    for each in measured(heads):
        loss, value, target, own = measurable[id(each.head)]
        weight = own if each.weighted else None
        each.metric.lower(Measurement(program, each.figure, loss, value, target, weight))
    return terms


def _report_loss(program: Program, name: str, term: LossTerm) -> None:
    """Of all rows: Σ w l / n, or without the n."""
    number = program.add_result(name, term.row_loss, term.weights, loss=True)
    is_sum = term.reduction == "sum"
    figure = Figure(name, (number,), total) if is_sum else Figure(name, (number, None), mean)
    program.add_figure(figure)


def _lower_penalties(program: Program, penalties: Sequence[WeightPenalty], *, over_rows: bool) -> list[Value]:
    """Last, so that their gradients are the first to be written. Without `over_rows` what is to be divided by
    rows is so when the figures are made: by those of the whole evaluation.
    """
    values = []
    for penalty in penalties:
        name = f"{penalty.weight}/penalty"
        value = program.computed(name, 1, rows=1)
        options = penalty.options(over_rows=over_rows)
        program.write("penalty", (program.parameter(penalty.weight),), value, options=options)
        number = program.add_result(name, value, None, loss=True)
        left = penalty.terms.over_rows and not over_rows
        program.add_figure(Figure(name, (number, None), mean_over_rows if left else mean))
        values.append(value)
    return values


def _weight_sources(program: Program, heads: Sequence[Head], weighting: Weighting) -> list[Value | None]:
    """The sample weights of each head that has a loss."""
    sources: list[Value] = []
    for number in weighting:
        if number is not None and number == len(sources):
            shared = weighting.count(number) > 1
            name = "sample_weight" if shared else heads[weighting.index(number)].named("sample_weight")
            sources.append(program.source(name, 1))
    if not weighting:
        return [None] * len(heads)
    return [None if number is None else sources[number] for number in weighting]
