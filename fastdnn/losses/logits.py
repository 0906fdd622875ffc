"""Cross-entropies are computed from logits where there are some: log(softmax(z)) loses all digits near 0."""

from fastdnn.errors import expected
from fastdnn.program import Program, Value

_SQUASHED = ("softmax", "sigmoid", "logistic_normalize")
# What no layer ends with that gives probabilities: a forgotten activation, or from_logits.
_SIGNED = frozenset(
    {
        "matmul",
        "csr_matmul",
        "add_bias",
        "normalize",
        "batch_norm_forward",
        "batch_norm_inference",
        "layer_norm",
        "tanh",
        "leaky_relu",
        "prelu",
        "elu",
        "selu",
        "silu",
        "gelu",
        "gelu_tanh",
        "log_softmax",
    }
)


def read_by_cross_entropy(
    program: Program, prediction: Value, *, from_logits: bool, activation: str, where: str
) -> tuple[Value, bool]:
    """The prediction itself, or the logits that `activation` made it of; and whether they are logits.

    Raises:
        ValueError: the last layer does not give what `from_logits` says.
    """
    producer = program.producer(prediction)
    kind = None if producer is None else producer.kind
    if from_logits:
        if kind in _SQUASHED:
            hint = "drop from_logits=True, or its activation"
            raise ValueError(expected(where, "logits from the last layer", f"probabilities ({kind})", hint))
        return prediction, True
    if producer is None or kind in _SIGNED:
        hint = f'write Dense(..., activation="{activation}"), or from_logits=True'
        wanted = f"probabilities from a {activation}, or another activation that gives them"
        raise ValueError(expected(where, wanted, f"other outputs ({kind})", hint))
    if kind != activation:
        return prediction, False
    logits = producer.inputs[0]
    assert logits is not None
    return logits, True
