"""The backward half of a program: reverse-mode differentiation, one rule for each operation.

Source: Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323, 1986.
"""

from collections.abc import Callable

from fastdnn.program import Operation, Program, Value

# Where a rule sends the gradient of an input: (the input, the backward operation, its inputs).
Contribution = tuple[Value, str, tuple[Value, ...]]

_RULES: dict[str, Callable[[Operation, Value], list[Contribution]]] = {
    "matmul": lambda op, dy: [
        (op.inputs[1], "matmul_dw", (op.inputs[0], dy)),
        (op.inputs[0], "matmul_dx", (dy, op.inputs[1])),
    ],
    "add_bias": lambda op, dy: [
        (op.inputs[1], "column_sum", (dy,)),
        (op.inputs[0], "pass_gradient", (dy,)),
    ],
    "relu": lambda op, dy: [(op.inputs[0], "relu_backward", (op.output, dy))],
    "softmax": lambda op, dy: [(op.inputs[0], "softmax_backward", (op.output, dy))],
    "normalize": lambda op, dy: [(op.inputs[0], "normalize_backward", (dy, op.inputs[2]))],
}

# Losses start the gradient: their rules read the prediction, the target and the weights.
_LOSSES = {
    "sparse_cross_entropy": "sparse_cross_entropy_backward",
    "categorical_cross_entropy": "categorical_cross_entropy_backward",
    "squared_error": "squared_error_backward",
}


def _depends_on_parameters(program: Program) -> set[int]:
    """Indices of the values that a gradient must flow through: parameters and all computed from them."""
    needed = {value.index for value in program.values if value.role == "parameter"}
    for op in program.operations:
        if any(value.index in needed for value in op.inputs):
            needed.add(op.output.index)
    return needed


def differentiate(program: Program, loss: Value, weights: Value | None) -> None:
    """Append the operations that write the gradient of Σ_r w_r loss_r / n for every parameter that it depends
    on.

    `loss` has one column, a loss for each row, and is written by a loss operation; `weights` are the rows'
    weights or None. A value that several operations read gets the sum of their gradients: the first one
    writes, the others accumulate.
    """
    needed = _depends_on_parameters(program)
    forward = list(program.operations)
    readers = [value.index for op in forward if op.output.index in needed for value in op.inputs]
    gradients: dict[int, Value] = {}

    def contribute(target: Value, kind: str, inputs: tuple[Value, ...]) -> None:
        if target.index not in needed:
            return
        if target.index in gradients:
            program.write(kind, inputs, gradients[target.index], accumulate=True)
            return
        if kind == "pass_gradient" and readers.count(target.index) == 1:
            gradients[target.index] = inputs[0]  # the same numbers: no operation at all
            return
        if target.role == "parameter":
            gradient = program.bound("gradient", target.name, target.rows, target.cols, target.slot)
        else:
            gradient = program.computed(f"d {target.name}", target.cols)
        gradients[target.index] = program.write(kind, inputs, gradient)

    for op in reversed(forward):
        if op.output is loss:
            prediction, target = op.inputs
            contribute(
                prediction, _LOSSES[op.kind], (prediction, target) + (() if weights is None else (weights,))
            )
        elif op.output.index in gradients:
            for contribution in _RULES[op.kind](op, gradients[op.output.index]):
                contribute(*contribution)
