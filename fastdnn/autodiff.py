"""The backward half of a program: reverse-mode differentiation, one rule for each operation.

Source: Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323, 1986.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from fastdnn.custom.calls import Call, Forward
from fastdnn.custom.losses import LossForward
from fastdnn.program import NO_OPTIONS, Operation, Option, Program, Value


@dataclass(frozen=True)
class LossTerm:
    """A loss that is differentiated: `weight` Σ_r w_r loss_r / n, w the rows' weights or 1; of the reduction
    "sum" without the n.
    """

    row_loss: Value
    weights: Value | None = None
    weight: float = 1.0
    reduction: str = "mean"


class _Gradients:
    """The gradients so far, and the operations that write or add to them."""

    def __init__(self, program: Program, sources: Sequence[Value]) -> None:
        self.program = program
        self.forward = list(program.operations)
        self._needed = _depends_on_parameters(program, sources)
        self._readers = [
            value.index
            for op in self.forward
            if any(output.index in self._needed for output in op.outputs)
            for value in op.inputs
            if value is not None
        ]
        self._of: dict[int, Value] = {}

    def of(self, value: Value) -> Value | None:
        """The gradient with respect to a value, as far as it is summed up."""
        return self._of.get(value.index)

    def wants(self, target: Value | None) -> bool:
        """Whether the gradient of `target` is needed."""
        return target is not None and target.index in self._needed

    def add(
        self,
        target: Value | None,
        kind: str,
        *inputs: Value | None,
        options: Mapping[str, Option] = NO_OPTIONS,
    ) -> None:
        """Contribute to the gradient of `target`: the first contribution writes, the others accumulate."""
        if target is None or not self.wants(target):
            return
        if target.index in self._of:
            self.program.write(kind, inputs, self._of[target.index], accumulate=True, options=options)
        elif kind == "pass_gradient" and self._readers.count(target.index) == 1:
            assert inputs[0] is not None
            self._of[target.index] = inputs[0]  # the same numbers: no operation at all
        else:
            self._of[target.index] = self.program.write(kind, inputs, self._new(target), options=options)

    def add_loss(self, op: Operation, term: LossTerm) -> None:
        """Contribute the gradient of a loss to its prediction. What a loss writes cannot accumulate: where
        another loss has the same prediction it is added up by itself.
        """
        prediction, target = op.inputs
        weights = () if term.weights is None else (term.weights,)
        if op.call is not None:
            if prediction is not None and self.wants(prediction):
                call = cast(LossForward, op.call).gradient(float(term.weight), term.reduction)
                self.add_call([prediction], call, op.output, *weights)
            return
        inputs, kind = (prediction, target, *weights), f"{op.kind}_backward"
        options = {**op.options, "loss_weight": float(term.weight), "reduction": term.reduction}
        if prediction is None or self.of(prediction) is None:
            self.add(prediction, kind, *inputs, options=options)
            return
        own = self.program.write(kind, inputs, self._new(prediction), options=options)
        self.add(prediction, "pass_gradient", own)

    def add_pair(
        self, targets: tuple[Value | None, Value | None], kind: str, *inputs: Value | None
    ) -> tuple[Value, Value]:
        """Contribute to the gradients of two rows of parameters by one operation; returns its own outputs."""
        width = inputs[0].cols if inputs[0] is not None else 0
        again = targets[1] is targets[0]  # one row for both: its second part is added to the first
        outputs = [self._fresh(targets[0], width), self._fresh(None if again else targets[1], width)]
        self.program.write(kind, inputs, *outputs)
        for target, output in zip(targets, outputs, strict=True):
            if target is None or target.index not in self._needed:
                continue
            if target.index in self._of:
                self.program.write("add_gradient", (output,), self._of[target.index], accumulate=True)
            else:
                self._of[target.index] = output
        return outputs[0], outputs[1]

    def add_call(self, targets: Sequence[Value], call: Call, *inputs: Value) -> None:
        """Contribute to the gradients of several values by one call."""
        outputs: list[Value] = []
        sums: list[tuple[Value, Value]] = []
        for target in targets:
            if target.index in self._of:
                outputs.append(self.program.computed(f"d {target.name}", target.cols, rows=target.rows))
                sums.append((self._of[target.index], outputs[-1]))
            else:
                outputs.append(self._new(target))
                self._of[target.index] = outputs[-1]
        self.program.call(call, inputs, *outputs)
        for total, part in sums:
            kind = "pass_gradient" if total.rows == 0 else "add_gradient"
            self.program.write(kind, (part,), total, accumulate=True)

    def _fresh(self, target: Value | None, width: int) -> Value:
        if target is None or target.index not in self._needed or target.index in self._of:
            return self.program.computed(f"d {target.name if target else 'unused'}", width, rows=1)
        return self._new(target)

    def _new(self, target: Value) -> Value:
        if target.role == "parameter":
            return self.program.bound("gradient", target.name, target.rows, target.cols, target.slot)
        return self.program.computed(f"d {target.name}", target.cols)


def _depends_on_parameters(program: Program, sources: Sequence[Value]) -> set[int]:
    """Indices of the values that a gradient must flow through: trained parameters, these sources, and all
    computed from them. What a layer stores for the next step is not: no gradient flows from step to step.
    """
    needed = {value.index for value in program.values if value.role == "parameter" and value.trainable}
    needed |= {source.index for source in sources}
    for op in program.operations:
        if any(value is not None and value.index in needed for value in op.inputs):
            needed |= {output.index for output in op.outputs if output.role != "state"}
    return needed


# ------------------------------------------------------------------------------------------------------ rules

Rule = Callable[[Operation, Value, _Gradients], None]


def _matmul(op: Operation, dy: Value, gradients: _Gradients) -> None:
    x, w = op.inputs
    gradients.add(w, "matmul_dw", x, dy)
    gradients.add(x, "matmul_dx", dy, w)


def _csr_matmul(op: Operation, dy: Value, gradients: _Gradients) -> None:
    x, w = op.inputs
    gradients.add(w, "csr_matmul_dw", x, dy)


def _add_bias(op: Operation, dy: Value, gradients: _Gradients) -> None:
    x, bias = op.inputs
    gradients.add(bias, "column_sum", dy)
    gradients.add(x, "pass_gradient", dy)


def _from_output(op: Operation, dy: Value, gradients: _Gradients) -> None:
    gradients.add(op.inputs[0], f"{op.kind}_backward", op.output, dy, options=op.options)


def _from_input(op: Operation, dy: Value, gradients: _Gradients) -> None:
    gradients.add(op.inputs[0], f"{op.kind}_backward", op.inputs[0], dy, options=op.options)


def _logistic_normalize(op: Operation, dy: Value, gradients: _Gradients) -> None:
    gradients.add(op.inputs[0], "logistic_normalize_backward", op.output, op.inputs[0], dy)


def _prelu(op: Operation, dy: Value, gradients: _Gradients) -> None:
    x, alpha = op.inputs
    gradients.add(alpha, "prelu_dalpha", x, dy)
    gradients.add(x, "prelu_backward", x, dy, alpha)


def _normalize(op: Operation, dy: Value, gradients: _Gradients) -> None:
    gradients.add(op.inputs[0], "normalize_backward", dy, op.inputs[2])


def _batch_norm(op: Operation, dy: Value, gradients: _Gradients) -> None:
    x, mean, rstd, gamma, beta = op.inputs
    dgamma, dbeta = gradients.add_pair((gamma, beta), "batch_norm_backward_sums", dy, x, mean, rstd)
    gradients.add(x, "batch_norm_backward", dy, x, mean, rstd, dgamma, dbeta, gamma)


def _batch_norm_inference(op: Operation, dy: Value, gradients: _Gradients) -> None:
    gradients.add(op.inputs[0], "batch_norm_inference_backward", dy, op.inputs[1])


def _layer_norm(op: Operation, dy: Value, gradients: _Gradients) -> None:
    x, gamma, beta = op.inputs
    _, mean, rstd = op.outputs
    if gradients.wants(gamma) or gradients.wants(beta):
        gradients.add_pair((gamma, beta), "layer_norm_backward_sums", dy, x, mean, rstd)
    gradients.add(x, "layer_norm_backward", dy, x, mean, rstd, gamma)


def _add(op: Operation, dy: Value, gradients: _Gradients) -> None:
    for x in op.inputs:
        gradients.add(x, "pass_gradient", dy)


def _concatenate(op: Operation, dy: Value, gradients: _Gradients) -> None:
    begin = 0
    for x in op.inputs:
        assert x is not None
        gradients.add(x, "slice_columns", dy, options={"begin": begin})
        begin += x.cols


def _python(op: Operation, dy: Value, gradients: _Gradients) -> None:
    assert op.call is not None
    inputs = [value for value in op.inputs if value is not None]
    wanted = tuple(gradients.wants(value) for value in inputs)
    backward = cast(Forward, op.call).backward(wanted)
    targets = [value for value, is_wanted in zip(inputs, wanted, strict=True) if is_wanted]
    gradients.add_call(targets, backward, dy)


def _dropout(op: Operation, dy: Value, gradients: _Gradients) -> None:
    gradients.add(op.inputs[0], "dropout_backward", dy, options=op.options)


def _gaussian_noise(op: Operation, dy: Value, gradients: _Gradients) -> None:
    gradients.add(op.inputs[0], "pass_gradient", dy)


def _embedding(op: Operation, dy: Value, gradients: _Gradients) -> None:
    table, index = op.inputs
    gradients.add(table, "embedding_gradient", index, dy)


_RULES: dict[str, Rule] = {
    "matmul": _matmul,
    "csr_matmul": _csr_matmul,
    "add_bias": _add_bias,
    "normalize": _normalize,
    **dict.fromkeys(("relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus"), _from_output),
    **dict.fromkeys(("silu", "gelu", "gelu_tanh", "maxout"), _from_input),
    **dict.fromkeys(("softmax", "log_softmax"), _from_output),
    "logistic_normalize": _logistic_normalize,
    "prelu": _prelu,
    "batch_norm_forward": _batch_norm,
    "batch_norm_inference": _batch_norm_inference,
    "layer_norm": _layer_norm,
    "add": _add,
    "concatenate": _concatenate,
    "dropout": _dropout,
    "gaussian_noise": _gaussian_noise,
    "embedding": _embedding,
    "python": _python,
}


def differentiate(
    program: Program,
    losses: Sequence[LossTerm],
    sources: Sequence[Value] = (),
    penalties: Collection[Value] = (),
    seen: Sequence[Value] = (),
) -> list[Value | None]:
    """Append the operations that write the gradient of the sum of `losses` and `penalties` for every trained
    parameter that it depends on; returns those with respect to `sources`, None where the losses do not depend
    on one; then those with respect to what is only `seen`, None where no weight needs them.

    Each `row_loss` has one column, a loss for each row, and is written by a loss operation. A value that
    several operations read gets the sum of their gradients: the first one writes, the others accumulate. A
    penalty should be the first, so emitted last: its pass is then done before the threads wait.
    """
    gradients = _Gradients(program, sources)
    terms = {term.row_loss.index: term for term in losses}
    own = {value.index for value in penalties}
    for op in reversed(gradients.forward):
        if op.observes:
            continue
        dy = gradients.of(op.output)
        if op.output.index in own:
            gradients.add(op.inputs[0], "penalty_backward", *op.inputs, options=op.options)
        elif op.output.index in terms:
            gradients.add_loss(op, terms[op.output.index])
        elif dy is not None:
            _RULES[op.kind](op, dy, gradients)
    return [gradients.of(value) for value in (*sources, *seen)]
