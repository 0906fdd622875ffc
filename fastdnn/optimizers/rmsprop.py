"""RMSprop."""

from typing import Literal, Unpack

from fastdnn.optimizers.adam import EPSILON_MODES, EpsilonMode
from fastdnn.optimizers.optimizer import Common, Optimizer
from fastdnn.optimizers.scalars import BELOW_ONE, EPSILON, Number, Option, Scalar


class RMSprop(Optimizer):
    """RMSprop: the gradient over the root of an average of its square.

    s ← ρ s + (1 - ρ) g²;  θ ← θ - α g / (√s + ε)
    centered: a ← ρ a + (1 - ρ) g, and s - a², the variance, in place of s under the root
    momentum μ > 0: v ← μ v + g / root;  θ ← θ - α v; or, in the form "keras", α goes into the sum

    s begins at 0 and is not corrected: the first step is α / √(1 - ρ) long, 3.2 α for 0.9, and 31.6 α for the
    decks' 0.999.

    Args:
        learning_rate: α >= 0, default 0.001.
        rho: ρ, 0 <= ρ < 1, default 0.9.
        momentum: μ, 0 <= μ < 1, default 0: no velocity is kept. Made with 0 it stays 0.
        epsilon: 0 < ε <= 1, default 1e-8 (Keras: 1e-7).
        centered: whether the gradient's own average is taken off, default False.
        epsilon_mode: "outside" √s + ε (PyTorch; default); "inside" √(s + ε) (Keras); "hat" as "outside".
        momentum_form: "sum" (PyTorch; default) or "keras".
        **common: weight_decay, weight_decay_mode, clipnorm, clipvalue, global_clipnorm: see `Optimizer`.

    Raises:
        ValueError: a number is out of its range.

    Source: Tieleman & Hinton, 2012; Graves, 2013 (centered); decks 000-004.

    >>> import fastdnn as fd
    >>> fd.optimizers.RMSprop().rho
    0.9
    """

    kind = "rmsprop"
    rho = Scalar(BELOW_ONE)
    momentum = Scalar(BELOW_ONE)
    epsilon = Scalar(EPSILON)
    centered = Option()
    epsilon_mode = Option()
    momentum_form = Option()

    def __init__(
        self,
        learning_rate: Number = 0.001,
        rho: Number = 0.9,
        momentum: Number = 0.0,
        epsilon: Number = 1e-8,
        centered: bool = False,
        *,
        epsilon_mode: EpsilonMode = "outside",
        momentum_form: Literal["sum", "keras"] = "sum",
        **common: Unpack[Common],
    ) -> None:
        scalars = {"learning_rate": learning_rate, "rho": rho, "momentum": momentum, "epsilon": epsilon}
        options = {
            "centered": self._flag("centered", centered),
            "epsilon_mode": self._choice("epsilon_mode", epsilon_mode, EPSILON_MODES),
            "momentum_form": self._choice("momentum_form", momentum_form, ("sum", "keras")),
        }
        super().__init__(scalars, options, **common)
