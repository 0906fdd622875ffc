"""An activation as a layer of its own."""

from typing import Any

from fastdnn import activations
from fastdnn.layers.layer import Layer
from fastdnn.program import Program, Value


class Activation(Layer):
    """y = activation(x), element by element or, for softmax, over the features.

    Args:
        activation: a name or function of `fastdnn.activations`.
        name: of the layer.

    Raises:
        ValueError: no activation has this name.

    >>> from fastdnn.layers import Activation
    >>> Activation("relu").activation
    'relu'
    """

    def __init__(
        self, activation: activations.Activation, *, name: str | None = None, trainable: bool = True
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.activation = activations.check("Activation", activation)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """The activation's operation."""
        (x,) = inputs
        return activations.lower(program, self.activation, x, self.name)

    def activation_seen(self) -> str | None:
        """This one."""
        return self.activation

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"activation": self.activation, **super().get_config()}
