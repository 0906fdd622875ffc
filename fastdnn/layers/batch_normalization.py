"""Batch normalisation as a layer."""

import math
from typing import Any

from fastdnn import initializers
from fastdnn.initializers import Initializer
from fastdnn.layers.layer import Layer, Shape, features, flag, number_in
from fastdnn.layers.settings import RegularizerSetting
from fastdnn.program import Program, Value
from fastdnn.regularizers import Regularizer


class BatchNormalization(Layer):
    """y = γ (x - μ) / √(σ² + ε) + β, with μ and σ² of each feature over the batch (σ² divides by its length).

    The running figures, r ← momentum r + (1 - momentum) of the batch, take their place in `predict` and
    `evaluate`, and in `fit` while `trainable` is False. A relu that follows is done in the same pass. A batch
    of one has σ² = 0 and gives y = β.

    Shapes: x, y (examples, features); γ `gamma`, β `beta`, `moving_mean`, `moving_variance` (features,).

    Args:
        momentum: weight of the old running figures, 0 <= momentum <= 1, default 0.9 (Keras: 0.99, which needs
            hundreds of steps).
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

    Source: Ioffe & Szegedy, "Batch normalization", ICML 2015.

    >>> import fastdnn as fd
    >>> layers = [fd.layers.Input((4,)), fd.layers.Dense(8, use_bias=False), fd.layers.BatchNormalization(),
    ...           fd.layers.Activation("relu"), fd.layers.Dense(1)]
    >>> [weight.name.split("/")[1] for weight in fd.Sequential(layers, seed=0).layers[2].weights]
    ['gamma', 'beta', 'moving_mean', 'moving_variance']
    """

    gamma_regularizer = RegularizerSetting()
    beta_regularizer = RegularizerSetting()

    def __init__(
        self,
        *,
        momentum: float = 0.9,
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
        where = "BatchNormalization"
        self.momentum = number_in(where, "momentum", momentum, 0.0, math.nextafter(1.0, 2.0))
        self.epsilon = number_in(where, "epsilon", epsilon, 0.0, math.inf)
        self.center = flag(where, "center", center)
        self.scale = flag(where, "scale", scale)
        self.beta_initializer = initializers.get(beta_initializer, where, auto=False)
        self.gamma_initializer = initializers.get(gamma_initializer, where, auto=False)
        self.beta_regularizer = beta_regularizer
        self.gamma_regularizer = gamma_regularizer

    def build(self, input_shape: Shape) -> None:
        """Declare γ, β and the running figures."""
        width = features(input_shape)
        if self.scale:
            self.add_weight("gamma", (width,), self.gamma_initializer)
        if self.center:
            self.add_weight("beta", (width,), self.beta_initializer)
        self.add_weight("moving_mean", (width,), "zeros", trainable=False)
        self.add_weight("moving_variance", (width,), "ones", trainable=False)

    def lower(self, program: Program, inputs: tuple[Value, ...], weights: dict[str, Value]) -> Value:
        """With the figures of the batch, or with the running ones."""
        (x,) = inputs
        if program.training and self.trainable:
            return self._with_batch(program, x, weights)
        return self._with_running(program, x, weights)

    def _with_batch(self, program: Program, x: Value, weights: dict[str, Value]) -> Value:
        mean, variance, rstd = (
            program.computed(f"{self.name}/{figure}", x.cols, rows=1)
            for figure in ("mean", "variance", "rstd")
        )
        program.write("batch_norm_moments", (x,), mean, variance, rstd, options={"epsilon": self.epsilon})
        running = (weights["moving_mean"], weights["moving_variance"])
        program.write("batch_norm_running", (mean, variance), *running, options={"momentum": self.momentum})
        gamma, beta = weights.get("gamma"), weights.get("beta")
        return program.emit("batch_norm_forward", x, mean, rstd, gamma, beta, name=f"{self.name}/y")

    def _with_running(self, program: Program, x: Value, weights: dict[str, Value]) -> Value:
        scale, shift = (
            program.computed(f"{self.name}/{figure}", x.cols, rows=1) for figure in ("scale", "shift")
        )
        inputs = (
            weights["moving_mean"],
            weights["moving_variance"],
            weights.get("gamma"),
            weights.get("beta"),
        )
        program.write("batch_norm_fold", inputs, scale, shift, options={"epsilon": self.epsilon})
        return program.emit("batch_norm_inference", x, scale, shift, name=f"{self.name}/y")

    def activation_seen(self) -> str | None:
        """Only the scale changes here: the layer before looks further."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again."""
        return {
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            **super().get_config(),
        }
