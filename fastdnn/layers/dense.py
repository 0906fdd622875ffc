"""The fully connected layer."""

from typing import Any

from fastdnn import activations, initializers
from fastdnn.constraints import Constraint
from fastdnn.errors import expected
from fastdnn.initializers import Initializer
from fastdnn.layers.layer import Layer, Shape, features, positive_int
from fastdnn.layers.settings import ConstraintSetting, RegularizerSetting
from fastdnn.program import Program, Value
from fastdnn.regularizers import Regularizer


class Dense(Layer):
    """y = activation(x W + b).

    The rows of a sparse x are multiplied by their entries alone, where it is the model's input.

    Shapes: x (examples, n_in), W `kernel` (n_in, units), b `bias` (units,), y (examples, units).

    Args:
        units: the number of outputs.
        activation: "relu", "softmax", or None for none.
        use_bias: whether there is a b.
        kernel_initializer: "auto" (He for ReLU, Glorot uniform otherwise, by the activation that follows) or
            a name or object of `fastdnn.initializers`.
        bias_initializer: the same for b.
        kernel_regularizer: of `fastdnn.regularizers`, or a name; None for that of `compile`, if any.
        bias_regularizer: the same for b; None for none.
        kernel_constraint: of `fastdnn.constraints`, or a name.
        bias_constraint: the same for b.
        name: of the layer.

    Raises:
        ValueError: `units` is not a whole number >= 1, or a name is unknown.

    >>> from fastdnn.layers import Dense
    >>> Dense(128, activation="relu").units
    128
    """

    kernel_regularizer = RegularizerSetting()
    bias_regularizer = RegularizerSetting()
    kernel_constraint = ConstraintSetting()
    bias_constraint = ConstraintSetting()

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "auto",
        bias_initializer: str | Initializer = "zeros",
        *,
        kernel_regularizer: str | Regularizer | None = None,
        bias_regularizer: str | Regularizer | None = None,
        kernel_constraint: str | Constraint | None = None,
        bias_constraint: str | Constraint | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        where = type(self).__name__
        self.units = positive_int(where, "units", units)
        self.activation = activations.check(where, activation)
        if not isinstance(use_bias, bool):
            raise ValueError(expected(where, "use_bias as True or False", repr(use_bias)))
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer, where)
        self.bias_initializer = initializers.get(bias_initializer, where)
        self.kernel_regularizer = kernel_regularizer
        self.bias_regularizer = bias_regularizer
        self.kernel_constraint = kernel_constraint
        self.bias_constraint = bias_constraint

    @property
    def columns(self) -> int:
        """Of the kernel."""
        return self.units

    def build(self, input_shape: Shape) -> None:
        """Declare kernel and bias."""
        if self.activation != "linear":
            self.next_activation = self.activation
        self.add_weight("kernel", (features(input_shape), self.columns), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.columns,), self.bias_initializer)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(None, units)."""
        return None, self.units

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """matmul, add_bias, activation."""
        (x,) = inputs
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
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            **super().get_config(),
        }
