"""Where a program is not smooth: on which side of its kinks each number lies.

Two points whose sides differ have a kink between them, where finite differences mean nothing. Operations
whose second derivative alone jumps, such as ELU's, count too: the error of a stencil jumps with it.
"""

from collections.abc import Callable, Sequence

import numpy as np

from fastdnn.penalties import WeightPenalty
from fastdnn.program import Operation, Program, Value
from fastdnn.reference.elementwise_loss import EPSILON

Sides = Callable[[np.ndarray], np.ndarray]  # of an observed array
_Rule = Callable[[Operation, Sequence[np.ndarray]], tuple[Value, Sides]]


def _of(value: Value | None) -> Value:
    assert value is not None
    return value


def _target(op: Operation, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """What a loss compares with: always a source."""
    return np.asarray(arrays[_of(op.inputs[1]).slot])


def _output_sign(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    """Of those that keep the sign; the output, since a product is fused with the relu that follows."""
    return op.output, lambda y: y > 0


def _input_sign(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    return _of(op.inputs[0]), lambda x: x > 0


def _largest_piece(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    cols = op.output.cols
    return _of(op.inputs[0]), lambda x: x.reshape(len(x), -1, cols).argmax(axis=1)


def _absolute_error(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    target = _target(op, arrays)
    return _of(op.inputs[0]), lambda y: np.sign(y - target)


def _huber(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    target, delta = _target(op, arrays), float(op.options.get("delta", 1.0))

    def sides(y: np.ndarray) -> np.ndarray:
        d = y - target
        return np.where(d > delta, 1, 0) - np.where(d < -delta, 1, 0)

    return _of(op.inputs[0]), sides


def _margin(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    target = _target(op, arrays)
    sign = np.where(target == 0, -1.0, target)
    return _of(op.inputs[0]), lambda y: sign * y < 1


def _clipped(y: np.ndarray) -> np.ndarray:
    return np.where(y < EPSILON, -1, 0) + np.where(y > 1 - EPSILON, 1, 0)


def _chance(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    return _of(op.inputs[0]), _clipped


def _share(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    return _of(op.inputs[0]), lambda y: _clipped(y / y.sum(axis=1, keepdims=True))


def _divergence(op: Operation, arrays: Sequence[np.ndarray]) -> tuple[Value, Sides]:
    return _of(op.inputs[0]), lambda y: np.where(y < EPSILON, -1, 0) + np.where(y > 1, 1, 0)


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(("relu", "leaky_relu", "elu", "selu"), _output_sign),
    "prelu": _input_sign,
    "maxout": _largest_piece,
    "absolute_error": _absolute_error,
    "huber": _huber,
    **dict.fromkeys(("hinge", "squared_hinge"), _margin),
    "binary_probability_cross_entropy": _chance,
    **dict.fromkeys(("sparse_probability_cross_entropy", "categorical_probability_cross_entropy"), _share),
    "kl_divergence": _divergence,
}


def observe_kinks(program: Program, arrays: Sequence[np.ndarray]) -> list[tuple[int, Sides]]:
    """Make what tells the sides an output of the program, each value once; returns the numbers of these
    outputs, each with the function that tells its sides.

    Args:
        program: not yet planned.
        arrays: that its sources will be fed with.
    """
    numbers: dict[int, int] = {}
    found = []
    for op in list(program.operations):
        if op.kind in _RULES:
            value, sides = _RULES[op.kind](op, arrays)
            if value.index not in numbers:
                numbers[value.index] = len(program.outputs)
                program.add_output(value)
            found.append((numbers[value.index], sides))
    return found


def kinked_at_zero(penalties: Sequence[WeightPenalty]) -> set[str]:
    """The weights with a penalty that is not smooth where they are 0: |w|, and |w|^q but for even q."""
    return {
        penalty.weight
        for penalty in penalties
        if penalty.terms.l1 != 0 or (penalty.terms.lq != 0 and penalty.terms.q % 2 != 0)
    }
