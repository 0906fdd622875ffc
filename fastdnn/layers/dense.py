"""The fully connected layer."""

from typing import Any

from fastdnn import activations, initializers
from fastdnn.errors import expected
from fastdnn.layers.layer import Layer, positive_int
from fastdnn.program import Program, Value


class Dense(Layer):
    """y = activation(x W + b).

    The rows of a sparse x are multiplied by their entries alone, where it is the model's input.

    Shapes: x (examples, n_in), W `kernel` (n_in, units), b `bias` (units,), y (examples, units).

    Args:
        units: the number of outputs.
        activation: "relu", "softmax", or None for none.
        use_bias: whether there is a b.
        kernel_initializer: "auto" (He for ReLU, Glorot uniform otherwise, by the activation that follows) or
            a name of `fastdnn.initializers`.
        bias_initializer: the same for b.
        name: of the layer.

    Raises:
        ValueError: `units` is not a whole number >= 1, or a name is unknown.

    >>> from fastdnn.layers import Dense
    >>> Dense(128, activation="relu").units
    128
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: str = "auto",
        bias_initializer: str = "zeros",
        *,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.units = positive_int("Dense", "units", units)
        self.activation = activations.check("Dense", activation)
        if not isinstance(use_bias, bool):
            raise ValueError(expected("Dense", "use_bias as True or False", repr(use_bias)))
        self.use_bias = use_bias
        self.kernel_initializer = initializers.check("Dense", kernel_initializer)
        self.bias_initializer = initializers.check("Dense", bias_initializer)

    def build(self, width: int, next_activation: str) -> int:
        """Declare kernel and bias."""
        follows = self.activation if self.activation != "linear" else next_activation
        chosen = initializers.get(self.kernel_initializer, follows).name
        self.add_weight("kernel", (width, self.units), chosen)
        if self.use_bias:
            self.add_weight("bias", (self.units,), initializers.get(self.bias_initializer, follows).name)
        return self.units

    def lower(self, program: Program, x: Value, weights: dict[str, Value]) -> Value:
        """matmul, add_bias, activation."""
        kernel, kind = weights["kernel"], "csr_matmul" if x.sparse else "matmul"
        y = program.emit(kind, x, kernel, name=f"{self.name}/matmul", cols=kernel.cols)
        if self.use_bias:
            y = program.emit("add_bias", y, weights["bias"], name=f"{self.name}/add_bias")
        return activations.lower(program, self.activation, y, self.name)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            "units": self.units,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
            **super().get_config(),
        }
