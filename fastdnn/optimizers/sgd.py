"""Stochastic gradient descent, with momentum in its forms."""

from typing import Literal, Unpack

from fastdnn.errors import expected
from fastdnn.optimizers.optimizer import Common, Optimizer
from fastdnn.optimizers.scalars import BELOW_ONE, Number, Option, Scalar


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum ρ and Nesterov's look-ahead.

    momentum_form  velocity                step              with nesterov
    (momentum 0)                           θ ← θ - α g
    "sum"          v ← ρ v + g             θ ← θ - α v       θ ← θ - α (g + ρ v)
    "ewma"         v ← ρ v + (1 - ρ) g     θ ← θ - α v       θ ← θ - α ((1 - ρ) g + ρ v)
    "keras"        v ← ρ v - α g           θ ← θ + v         θ ← θ + ρ v - α g

    "sum" is deck 004's and PyTorch's; "ewma" the average of decks 000-003, the same steps as "sum" at the
    rate α (1 - ρ); "keras" differs from "sum" once the rate changes, since the velocity carries the rates of
    its time. Nesterov's step is 004's rearranged form: θ here is its x̃ = x + ρ v. With bias correction in
    step t = 1, 2, ... it is θ ← θ - α ((1 - ρ) g / (1 - ρᵗ) + ρ v / (1 - ρᵗ⁺¹)), as Nadam's.

    Args:
        learning_rate: α >= 0, default 0.01.
        momentum: ρ, 0 <= ρ < 1, default 0: no velocity is kept. Made with 0 it stays 0.
        nesterov: whether to look ahead; needs momentum.
        momentum_form: as above, default "sum".
        bias_correction: of "ewma": v / (1 - ρᵗ) in place of v in the step (deck 001), default False. Where ρ
            is scheduled, ρᵗ is the product of the steps' ρ.
        **common: weight_decay, weight_decay_mode, clipnorm, clipvalue, global_clipnorm: see `Optimizer`.

    Raises:
        ValueError: a number is out of its range, or an option needs another one.

    Source: Polyak, 1964; Sutskever et al., ICML 2013; decks 000-004.

    >>> import fastdnn as fd
    >>> fd.optimizers.SGD(0.1, momentum=0.9).momentum
    0.9
    """

    kind = "sgd"
    momentum = Scalar(BELOW_ONE)
    nesterov = Option()
    momentum_form = Option()
    bias_correction = Option()

    def __init__(
        self,
        learning_rate: Number = 0.01,
        momentum: Number = 0.0,
        nesterov: bool = False,
        *,
        momentum_form: Literal["sum", "ewma", "keras"] = "sum",
        bias_correction: bool = False,
        **common: Unpack[Common],
    ) -> None:
        options = {
            "nesterov": self._flag("nesterov", nesterov),
            "momentum_form": self._choice("momentum_form", momentum_form, ("sum", "ewma", "keras")),
            "bias_correction": self._flag("bias_correction", bias_correction),
        }
        super().__init__({"learning_rate": learning_rate, "momentum": momentum}, options, **common)
        if self.nesterov and not self._has_velocity:
            raise ValueError(expected("SGD", "momentum > 0 with nesterov=True", momentum, "0.9 is usual"))
        if self.bias_correction and momentum_form != "ewma":
            got = f"momentum_form={momentum_form!r}"
            raise ValueError(expected("SGD", 'momentum_form="ewma" with bias_correction=True', got))
