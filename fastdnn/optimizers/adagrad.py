"""AdaGrad and Adadelta."""

from typing import Any, Unpack

from fastdnn.optimizers.adam import EPSILON_MODES, EpsilonMode
from fastdnn.optimizers.optimizer import Common, Optimizer
from fastdnn.optimizers.scalars import BELOW_ONE, EPSILON, NOT_NEGATIVE, Number, Option, Scalar, number


class Adagrad(Optimizer):
    """AdaGrad: the gradient over the root of the sum of its squares; the steps become ever shorter.

    s ← s + g²;  θ ← θ - α g / (√s + ε)

    Args:
        learning_rate: α >= 0, default 0.001.
        initial_accumulator_value: what s begins with, >= 0, default 0 (decks, PyTorch; Keras: 0.1).
        epsilon: 0 < ε <= 1, default 1e-8 (Keras: 1e-7).
        epsilon_mode: "outside" √s + ε (decks, PyTorch; default); "inside" √(s + ε) (Keras); "hat" as
            "outside".
        **common: weight_decay, weight_decay_mode, clipnorm, clipvalue, global_clipnorm: see `Optimizer`.

    Raises:
        ValueError: a number is out of its range.

    Source: Duchi, Hazan & Singer, JMLR 2011; decks 001, 004.

    >>> import fastdnn as fd
    >>> fd.optimizers.Adagrad(0.1).initial_accumulator_value
    0.0
    """

    kind = "adagrad"
    epsilon = Scalar(EPSILON)
    initial_accumulator_value = Option()
    epsilon_mode = Option()

    def __init__(
        self,
        learning_rate: Number = 0.001,
        initial_accumulator_value: float = 0.0,
        epsilon: Number = 1e-8,
        *,
        epsilon_mode: EpsilonMode = "outside",
        **common: Unpack[Common],
    ) -> None:
        begin = number("Adagrad", "initial_accumulator_value", initial_accumulator_value, NOT_NEGATIVE)
        options = {
            "initial_accumulator_value": begin,
            "epsilon_mode": self._choice("epsilon_mode", epsilon_mode, EPSILON_MODES),
        }
        super().__init__({"learning_rate": learning_rate, "epsilon": epsilon}, options, **common)

    def _native_options(self) -> dict[str, Any]:
        return {"epsilon_mode": self.epsilon_mode, "initial_accumulator": self.initial_accumulator_value}


class Adadelta(Optimizer):
    """Adadelta: as RMSprop, with steps in the unit of θ, made from the steps before.

    s ← ρ s + (1 - ρ) g²;  Δ = √(d + ε) / √(s + ε) g;  d ← ρ d + (1 - ρ) Δ²;  θ ← θ - α Δ

    Args:
        learning_rate: α >= 0, default 1 (the paper, PyTorch; Keras: 0.001, which it advises against).
        rho: ρ, 0 <= ρ < 1, default 0.95.
        epsilon: 0 < ε <= 1, under the roots, default 1e-6 (the paper, PyTorch; Keras: 1e-7).
        **common: weight_decay, weight_decay_mode, clipnorm, clipvalue, global_clipnorm: see `Optimizer`.

    Raises:
        ValueError: a number is out of its range.

    Source: Zeiler, "Adadelta: an adaptive learning rate method", 2012; deck 004.

    >>> import fastdnn as fd
    >>> fd.optimizers.Adadelta().learning_rate
    1.0
    """

    kind = "adadelta"
    rho = Scalar(BELOW_ONE)
    epsilon = Scalar(EPSILON)

    def __init__(
        self,
        learning_rate: Number = 1.0,
        rho: Number = 0.95,
        epsilon: Number = 1e-6,
        **common: Unpack[Common],
    ) -> None:
        super().__init__({"learning_rate": learning_rate, "rho": rho, "epsilon": epsilon}, {}, **common)
