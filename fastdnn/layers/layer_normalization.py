"""Layer normalisation as a layer."""

import math
from typing import Any

from fastdnn import initializers
from fastdnn.initializers import Initializer
from fastdnn.layers.layer import Layer, Shape, features, flag, number_in
from fastdnn.layers.settings import RegularizerSetting
from fastdnn.program import Program, Value
from fastdnn.regularizers import Regularizer


class LayerNormalization(Layer):
    """y = γ (x - μ) / √(σ² + ε) + β, with μ and σ² of each example over its features.

    There is no difference between training and use.

    Shapes: x, y (examples, features); γ `gamma`, β `beta` (features,).

    Args:
        epsilon: ε >= 0, default 1e-3.
        center: whether there is a β.
        scale: whether there is a γ.
        beta_initializer: default "zeros".
        gamma_initializer: default "ones".
        beta_regularizer: of `fastdnn.regularizers`, or a name; default none.
        gamma_regularizer: the same for γ.
        name: of the layer.
        trainable: see `Layer`.

    Raises:
        ValueError: a number is out of its range, or a name is unknown.

    Source: Ba, Kiros & Hinton, "Layer normalization", 2016.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((2,)), fd.layers.LayerNormalization(epsilon=0.0)], seed=0)
    >>> model.predict(np.array([[3.0, 5.0], [-8.0, 2.0]]))
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """

    gamma_regularizer = RegularizerSetting()
    beta_regularizer = RegularizerSetting()

    def __init__(
        self,
        *,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: str | Initializer = "zeros",
        gamma_initializer: str | Initializer = "ones",
        beta_regularizer: str | Regularizer | None = None,
        gamma_regularizer: str | Regularizer | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self.epsilon = number_in("LayerNormalization", "epsilon", epsilon, 0.0, math.inf)
        self.center = flag("LayerNormalization", "center", center)
        self.scale = flag("LayerNormalization", "scale", scale)
        where = "LayerNormalization"
        self.beta_initializer = initializers.get(beta_initializer, where, auto=False)
        self.gamma_initializer = initializers.get(gamma_initializer, where, auto=False)
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer

    def build(self, input_shape: Shape) -> None:
        """Declare γ and β."""
        width = features(input_shape)
        if self.scale:
            self.add_weight("gamma", (width,), self.gamma_initializer)
        if self.center:
            self.add_weight("beta", (width,), self.beta_initializer)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """One operation; the gradient reads its mean and deviation."""
        (x,) = inputs
        y = program.computed(f"{self.name}/y", x.cols)
        mean, rstd = (program.computed(f"{self.name}/{figure}", 1) for figure in ("mean", "rstd"))
        read = (x, weights.get("gamma"), weights.get("beta"))
        return program.write("layer_norm", read, y, mean, rstd, options={"epsilon": self.epsilon})

    def activation_seen(self) -> str | None:
        """Only the scale changes here: the layer before looks further."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            **super().get_config(),
        }
