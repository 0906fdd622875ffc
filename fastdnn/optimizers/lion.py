"""Lion."""

from typing import Unpack

from fastdnn.optimizers.optimizer import Common, Optimizer
from fastdnn.optimizers.scalars import BELOW_ONE, Number, Scalar


class Lion(Optimizer):
    """Lion: the sign of an average of the gradient; every weight goes by α at each step.

    θ ← θ - α sign(β₁ m + (1 - β₁) g);  m ← β₂ m + (1 - β₂) g

    Args:
        learning_rate: α >= 0, default 0.001; a third to a tenth of Adam's is usual.
        beta_1: β₁, 0 <= β₁ < 1, default 0.9.
        beta_2: β₂, 0 <= β₂ < 1, default 0.99.
        **common: weight_decay, weight_decay_mode, clipnorm, clipvalue, global_clipnorm: see `Optimizer`.

    Raises:
        ValueError: a number is out of its range.

    Source: Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023.

    >>> import fastdnn as fd
    >>> fd.optimizers.Lion(1e-4).beta_2
    0.99
    """

    kind = "lion"
    beta_1 = Scalar(BELOW_ONE)
    beta_2 = Scalar(BELOW_ONE)

    def __init__(
        self,
        learning_rate: Number = 0.001,
        beta_1: Number = 0.9,
        beta_2: Number = 0.99,
        **common: Unpack[Common],
    ) -> None:
        super().__init__({"learning_rate": learning_rate, "beta_1": beta_1, "beta_2": beta_2}, {}, **common)
