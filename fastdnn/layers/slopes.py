"""Activations with a slope of their own choice."""

import math
from typing import Any, ClassVar

from fastdnn import activations, initializers
from fastdnn.initializers import Initializer
from fastdnn.layers.layer import Layer, Shape, features, number_in
from fastdnn.layers.settings import RegularizerSetting
from fastdnn.program import Option, Program, Value
from fastdnn.regularizers import Regularizer


class _Pointwise(Layer):
    """y = f(x), element by element."""

    kind: ClassVar[str]

    def _options(self) -> dict[str, Option]:
        return {}

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """One operation."""
        (x,) = inputs
        return program.emit(self.kind, x, name=f"{self.name}/y", options=self._options())

    def activation_seen(self) -> str | None:
        """This one."""
        return self.kind


class ReLU(_Pointwise):
    """y = max(x, 0); NaN stays NaN.

    >>> from fastdnn.layers import ReLU
    >>> ReLU(name="hinge").name
    'hinge'
    """

    kind = "relu"


class LeakyReLU(_Pointwise):
    """y = x where x > 0, else negative_slope x.

    Args:
        negative_slope: >= 0, default 0.1 (deck 004; Keras: 0.3, PyTorch: 0.01).
        name: of the layer.
        trainable: see `Layer`.

    Raises:
        ValueError: the slope is out of its range.

    >>> from fastdnn.layers import LeakyReLU
    >>> LeakyReLU(0.2).negative_slope
    0.2
    """

    kind = "leaky_relu"

    def __init__(
        self,
        negative_slope: float = activations.LEAKY_RELU_SLOPE,
        *,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.negative_slope = number_in("LeakyReLU", "negative_slope", negative_slope, 0.0, math.inf)

    def _options(self) -> dict[str, Option]:
        return {"alpha": self.negative_slope}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"negative_slope": self.negative_slope, **super().get_config()}


class ELU(_Pointwise):
    """y = x where x > 0, else α (exp(x) - 1).

    Args:
        alpha: α >= 0, default 1.
        name: of the layer.
        trainable: see `Layer`.

    Raises:
        ValueError: α is out of its range.

    >>> from fastdnn.layers import ELU
    >>> ELU().alpha
    1.0
    """

    kind = "elu"

    def __init__(
        self, alpha: float = activations.ELU_ALPHA, *, name: str | None = None, trainable: bool = True
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.alpha = number_in("ELU", "alpha", alpha, 0.0, math.inf)

    def _options(self) -> dict[str, Option]:
        return {"alpha": self.alpha}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"alpha": self.alpha, **super().get_config()}


class PReLU(Layer):
    """y = x where x > 0, else α_j x: a leaky ReLU whose slope is learned, one for each feature.

    Shapes: x, y (examples, features); α `alpha` (features,).

    Args:
        alpha_initializer: default "zeros", as in Keras; `Constant(0.25)` is He et al.'s.
        alpha_regularizer: of `fastdnn.regularizers`, or a name; default none.
        name: of the layer.
        trainable: see `Layer`.

    Source: He et al., "Delving deep into rectifiers", ICCV 2015.

    >>> from fastdnn.layers import PReLU
    >>> PReLU().alpha_initializer
    Zeros()
    """

    alpha_regularizer = RegularizerSetting()

    def __init__(
        self,
        alpha_initializer: str | Initializer = "zeros",
        *,
        alpha_regularizer: str | Regularizer | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.alpha_initializer = initializers.get(alpha_initializer, "PReLU")
        self.alpha_regularizer = alpha_regularizer

    def build(self, input_shape: Shape) -> None:
        """Declare α."""
        self.add_weight("alpha", (features(input_shape),), self.alpha_initializer.for_activation("linear"))

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """One operation."""
        (x,) = inputs
        return program.emit("prelu", x, weights["alpha"], name=f"{self.name}/y")

    def activation_seen(self) -> str | None:
        """Of the family of ReLU."""
        return "leaky_relu"

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {"alpha_initializer": initializers.serialize(self.alpha_initializer), **super().get_config()}
