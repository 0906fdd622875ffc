"""Activation functions by name: what they emit into a program.

| name | formula |
|---|---|
| linear | x |
| relu | max(x, 0) |
| softmax | exp(x_j) / Σ_k exp(x_k), over the features of each row |
"""

from fastdnn.errors import unknown_name
from fastdnn.program import Program, Value

NAMES = ("linear", "relu", "softmax")


def check(where: str, activation: str | None) -> str:
    """The activation's name; None is "linear", as in Keras.

    Raises:
        ValueError: no activation has this name.

    >>> from fastdnn import activations
    >>> activations.check("Dense", None)
    'linear'
    """
    name = "linear" if activation is None else activation
    if name not in NAMES:
        raise unknown_name(where, "an activation", name, NAMES)
    return name


def lower(program: Program, activation: str, x: Value, name: str) -> Value:
    """Emit the activation of `x` and return its value."""
    return x if activation == "linear" else program.emit(activation, x, name=f"{name}/{activation}")
