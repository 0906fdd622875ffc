"""Activation functions by name: what they emit into a program.

| name | formula |
|---|---|
| linear | x |
| relu | max(x, 0) |
| leaky_relu | x where x > 0, else 0.1 x |
| elu | x where x > 0, else exp(x) - 1 |
| selu | 1.0507... x where x > 0, else 1.0507... · 1.6733... (exp(x) - 1) |
| sigmoid | 1 / (1 + exp(-x)) |
| tanh | tanh(x) |
| softplus | log(1 + exp(x)) |
| silu, swish | x sigmoid(x) |
| gelu | x Φ(x), Φ the normal distribution function |
| gelu_tanh | x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2, an approximation of gelu |
| softmax | exp(x_j) / Σ_k exp(x_k), over the features of each row |
| log_softmax | x_j - log Σ_k exp(x_k), likewise |
| logistic_normalize | sigmoid(x_j) / Σ_k sigmoid(x_k), likewise |

The slopes of leaky_relu and elu are arguments of the layers `LeakyReLU` and `ELU`; `PReLU` learns its own.
Sources: Nair & Hinton, ICML 2010 (relu); Maas et al., 2013 (leaky_relu); Clevert et al., ICLR 2016 (elu);
Klambauer et al., NeurIPS 2017 (selu); Hendrycks & Gimpel, 2016 (gelu, silu).
"""

from fastdnn.errors import unknown_name
from fastdnn.program import Option, Program, Value

LEAKY_RELU_SLOPE = 0.1
ELU_ALPHA = 1.0

_OPTIONS: dict[str, dict[str, Option]] = {
    "linear": {},
    "relu": {},
    "leaky_relu": {"alpha": LEAKY_RELU_SLOPE},
    "elu": {"alpha": ELU_ALPHA},
    "selu": {},
    "sigmoid": {},
    "tanh": {},
    "softplus": {},
    "silu": {},
    "gelu": {},
    "gelu_tanh": {},
    "softmax": {},
    "log_softmax": {},
    "logistic_normalize": {},
}
_ALIASES = {"swish": "silu"}

NAMES = tuple(_OPTIONS)


def check(where: str, activation: str | None) -> str:
    """The activation's name; None is "linear", as in Keras.

    Raises:
        ValueError: no activation has this name.

    >>> from fastdnn import activations
    >>> activations.check("Dense", None)
    'linear'
    """
    name = "linear" if activation is None else activation
    name = _ALIASES.get(name, name) if isinstance(name, str) else name
    if not isinstance(name, str) or name not in _OPTIONS:
        raise unknown_name(where, "an activation", name, NAMES)
    return name


def lower(program: Program, activation: str, x: Value, name: str) -> Value:
    """Emit the activation of `x` and return its value."""
    if activation == "linear":
        return x
    return program.emit(activation, x, name=f"{name}/{activation}", options=_OPTIONS[activation])
