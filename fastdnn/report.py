"""Tables that people read: the layers of a model, and the native plan of its training step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastdnn import lowering
from fastdnn.backend import NativeBackend
from fastdnn.program import Program

if TYPE_CHECKING:
    from fastdnn.graph import Graph
    from fastdnn.model import Model
    from fastdnn.network import Network


def table(header: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()) -> str:
    """Columns under a header, padded; those numbered in `numeric` are right-aligned."""
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if column in numeric else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([line(cells[0]), rule, *[line(row) for row in cells[1:]]])


def byte_text(count: int) -> str:
    """12 B, 3.4 kB, 5.6 MB."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def summary(model: "Network") -> str:
    """Layers, output shapes, numbers of weights; what each is connected to, where they are no chain."""
    graph = model.graph
    rows = []
    uses = graph.use_names
    for name, node, width in zip(uses, graph.nodes, graph.widths, strict=True):
        layer = node.layer
        count = sum(_size(weight.shape) for weight in layer.weights)
        weights = f"{count:,}" if name == layer.name else "shared"
        row = [name, type(layer).__name__, f"(batch, {width})", weights]
        rows.append(row if graph.is_chain else [*row, ", ".join(uses[i] for i in node.inputs)])
    trained = model.weights.count(trainable=True)
    stored = model.weights.count(trainable=False)
    item = 8 if model.dtype == "float64" else 4
    lines = [
        table(["layer", "type", "output", "weights", "connected to"][: len(rows[0])], rows, numeric=[3]),
        *_ends(graph),
        f"trained: {trained:,} ({byte_text(trained * item)})   stored: {stored:,}   "
        f"{model.dtype}, seed {model.seed}",
    ]
    return "\n".join(lines)


def _ends(graph: "Graph") -> list[str]:
    """The lines that name the inputs and outputs, where there are several or the user named them."""
    if graph.inputs.form == graph.outputs.form == "one":
        return []
    return [f"{ports.what}s: {', '.join(ports.names)}" for ports in (graph.inputs, graph.outputs)]


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def plan(model: "Model", batch_size: int) -> str:
    """The native steps of a training step (or of a prediction, where the model is not compiled)."""
    native = NativeBackend(model.weights.native)
    compiled = model._compiled
    program = (
        lowering.prediction_program(model.graph)
        if compiled is None
        else model.training_program(dataset_size=batch_size)
    )
    made = native.plan(program, batch_size)
    rows = [_plan_row(program, number, step, batch_size) for number, step in enumerate(made.describe())]
    flops = sum(step["flops_per_row"] for step in made.describe()) * batch_size
    barriers = sum(step["barrier_before"] for step in made.describe())
    kind = "prediction" if compiled is None else "training step"
    lines = [
        f"{kind} of {batch_size} rows: {len(rows)} native steps from {len(program.operations)} operations, "
        f"{barriers} barriers, {flops / 1e6:.2f} MFLOP",
        table(
            ["", "step", "operations", "writes", "where", "bytes", "threads share", "barrier"],
            rows,
            numeric=[0, 5],
        ),
        f"arena {byte_text(made.arena_bytes)}, scratch {byte_text(made.scratch_bytes)} a thread, "
        f"useful threads {made.useful_threads(batch_size)}",
    ]
    if compiled is not None:
        lines.append(
            f"then the update of {model.weights.count(trainable=True):,} weights: one pass, after a barrier"
        )
        states = [_value_text(operand) for step in made.describe_updates() for operand in _written(step)]
        if states:
            lines.append(f"and of {', '.join(states)}")
        observers = [name for step in made.describe_observers() for name in operation_names(program, step)]
        if observers:
            lines.append(f"then, in Python: {', '.join(observers)}")
    return "\n".join(lines)


def _plan_row(program: Program, number: int, step: dict[str, Any], batch_size: int) -> list[str]:
    written = _written(step)
    count = sum(_bytes(operand, batch_size) for operand in written)
    return [
        str(number),
        step_text(step),
        " + ".join(operation_names(program, step)),
        written_text(step),
        _first_and_more([_place(operand) for operand in written]),
        byte_text(count) if written else "",
        _shared(step),
        "yes" if step["barrier_before"] else "",
    ]


def _shared(step: dict[str, Any]) -> str:
    """What the threads of a step share."""
    if step["call"] >= 0:
        return "none: Python"
    return "rows" if step["row_local"] else "first only" if step["kind"] == "reduce" else "output"


def operation_names(program: Program, step: dict[str, Any]) -> tuple[str, ...]:
    """Of what a native step was made; of a call, what it calls."""
    return (program.calls[step["call"]].label,) if step["call"] >= 0 else tuple(step["ops"])


def step_text(step: dict[str, Any]) -> str:
    """A native step with its epilogue: gemm (bias + relu)."""
    epilogue = f" ({step['epilogue']})" if step["epilogue"] else ""
    return f"{step['kind']}{epilogue}"


def written_text(step: dict[str, Any]) -> str:
    """What a native step writes."""
    return _first_and_more([_value_text(operand) for operand in _written(step)])


def moved_bytes(step: dict[str, Any], batch_size: int) -> int:
    """Bytes of a native step's operands, each read or written once."""
    operands = step["operands"]
    if any(operand["name"].endswith("/partial") for operand in operands[1 : step["outputs"]]):
        operands = operands[: step["outputs"]]  # the second phase reads no more than the first one's figures
    places = {(operand["space"], operand["offset"]): operand for operand in operands}
    return sum(
        _bytes(operand, batch_size)
        for operand in places.values()
        if operand["value"] >= 0 and operand["space"] != "none"
    )


def _bytes(operand: dict[str, Any], batch_size: int) -> int:
    size: int = (operand["rows"] or batch_size) * operand["cols"] * operand["item_bytes"]
    return size


def _written(step: dict[str, Any]) -> list[dict[str, Any]]:
    return [operand for operand in step["operands"][: step["outputs"]] if operand["value"] >= 0]


def _first_and_more(texts: list[str]) -> str:
    return texts[0] + (f" + {len(texts) - 1}" if len(texts) > 1 else "") if texts else ""


def _value_text(operand: dict[str, Any]) -> str:
    return f"{operand['name']} ({operand['rows'] or 'batch'}, {operand['cols']})"


def _place(operand: dict[str, Any]) -> str:
    return operand["space"] if operand["space"] == "output" else f"{operand['space']}+{operand['offset']}"
