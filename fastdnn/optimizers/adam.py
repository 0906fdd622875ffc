"""Adam and its kin."""

from typing import Literal, Unpack

from fastdnn.optimizers.optimizer import Common, Optimizer
from fastdnn.optimizers.scalars import BELOW_ONE, EPSILON, NOT_NEGATIVE, Number, Option, Scalar

EPSILON_MODES = ("outside", "inside", "hat")
EpsilonMode = Literal["outside", "inside", "hat"]


class Adam(Optimizer):
    """Adam: averages of the gradient and its square, corrected for their start at zero.

    m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²
    θ ← θ - α m̂ / (√v̂ + ε),  m̂ = m / (1 - β₁ᵗ),  v̂ = v / (1 - β₂ᵗ),  t = 1, 2, ...

    Where β is scheduled, βᵗ is the product of the steps' betas: so the correction stays exact.

    Args:
        learning_rate: α >= 0, default 0.001.
        beta_1: β₁, 0 <= β₁ < 1, default 0.9.
        beta_2: β₂, 0 <= β₂ < 1, default 0.999.
        epsilon: 0 < ε <= 1, default 1e-8 (as the paper and PyTorch; Keras: 1e-7).
        amsgrad: whether the largest v so far takes the place of v under the root.
        epsilon_mode: "outside" √v̂ + ε (the paper, decks 001 and 004, PyTorch; default); "inside" √(v̂ + ε)
            (decks 002, 003); "hat" ε beside the uncorrected root, α √(1 - β₂ᵗ) m̂ / (√v + ε) (Keras).
        bias_correction: False for m̂ = m, v̂ = v (deck 003), default True.
        **common: weight_decay, weight_decay_mode, clipnorm, clipvalue, global_clipnorm: see `Optimizer`.

    Raises:
        ValueError: a number is out of its range.

    Source: Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015; Reddi, Kale & Kumar, "On the
    convergence of Adam and beyond", ICLR 2018 (AMSGrad); decks 000-004.

    >>> import fastdnn as fd
    >>> fd.optimizers.Adam(1e-3).beta_2
    0.999
    """

    beta_1 = Scalar(BELOW_ONE)
    beta_2 = Scalar(BELOW_ONE)
    epsilon = Scalar(EPSILON)
    amsgrad = Option()
    epsilon_mode = Option()
    bias_correction = Option()

    def __init__(
        self,
        learning_rate: Number = 0.001,
        beta_1: Number = 0.9,
        beta_2: Number = 0.999,
        epsilon: Number = 1e-8,
        amsgrad: bool = False,
        *,
        epsilon_mode: EpsilonMode = "outside",
        bias_correction: bool = True,
        **common: Unpack[Common],
    ) -> None:
        scalars = {"learning_rate": learning_rate, "beta_1": beta_1, "beta_2": beta_2, "epsilon": epsilon}
        options = {
            "amsgrad": self._flag("amsgrad", amsgrad),
            "epsilon_mode": self._choice("epsilon_mode", epsilon_mode, EPSILON_MODES),
            "bias_correction": self._flag("bias_correction", bias_correction),
        }
        super().__init__(scalars, options, **common)

    @property
    def kind(self) -> str:  # type: ignore[override]
        """Of the native update."""
        return "amsgrad" if self.amsgrad else "adam"

    def _native_options(self) -> dict[str, object]:
        return {name: value for name, value in super()._native_options().items() if name != "amsgrad"}


class AdamW(Adam):
    """Adam with decoupled weight decay: θ ← θ - α λ θ beside Adam's step.

    Args:
        learning_rate: α >= 0, default 0.001.
        weight_decay: λ >= 0, default 0.01 (as PyTorch; Keras: 0.004).
        beta_1: as of `Adam`; so are all others.
        beta_2: likewise.
        epsilon: likewise.
        amsgrad: likewise.
        epsilon_mode: likewise.
        bias_correction: likewise.
        **common: clipnorm, clipvalue, global_clipnorm: see `Optimizer`.

    Raises:
        ValueError: a number is out of its range.

    Source: Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.

    >>> import fastdnn as fd
    >>> fd.optimizers.AdamW().weight_decay
    0.01
    """

    def __init__(
        self,
        learning_rate: Number = 0.001,
        weight_decay: Number = 0.01,
        beta_1: Number = 0.9,
        beta_2: Number = 0.999,
        epsilon: Number = 1e-8,
        amsgrad: bool = False,
        *,
        epsilon_mode: EpsilonMode = "outside",
        bias_correction: bool = True,
        weight_decay_mode: Literal["decoupled"] = "decoupled",
        clipnorm: Number | None = None,
        clipvalue: Number | None = None,
        global_clipnorm: Number | None = None,
    ) -> None:
        self._choice("weight_decay_mode", weight_decay_mode, ("decoupled",))
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            epsilon_mode=epsilon_mode,
            bias_correction=bias_correction,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
        )


class Nadam(Optimizer):
    """Adam with Nesterov's look-ahead, by PyTorch's formula.

    μₜ = β₁ (1 - ½ 0.96^(t ψ)),  m and v as Adam's,  v̂ = v / (1 - β₂ᵗ)
    m̂ = μₜ₊₁ m / (1 - μ₁ ... μₜ₊₁) + (1 - μₜ) g / (1 - μ₁ ... μₜ)
    θ ← θ - α m̂ / (√v̂ + ε)

    Args:
        learning_rate: α >= 0, default 0.001.
        beta_1: β₁, 0 <= β₁ < 1, default 0.9.
        beta_2: β₂, 0 <= β₂ < 1, default 0.999.
        epsilon: 0 < ε <= 1, default 1e-8.
        momentum_decay: ψ >= 0, default 0.004 (Keras, which has no such argument: 1).
        epsilon_mode: as of `Adam`.
        **common: weight_decay, weight_decay_mode, clipnorm, clipvalue, global_clipnorm: see `Optimizer`.

    Raises:
        ValueError: a number is out of its range.

    Source: Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016; deck 004.

    >>> import fastdnn as fd
    >>> fd.optimizers.Nadam().momentum_decay
    0.004
    """

    kind = "nadam"
    beta_1 = Scalar(BELOW_ONE)
    beta_2 = Scalar(BELOW_ONE)
    epsilon = Scalar(EPSILON)
    momentum_decay = Scalar(NOT_NEGATIVE)
    epsilon_mode = Option()

    def __init__(
        self,
        learning_rate: Number = 0.001,
        beta_1: Number = 0.9,
        beta_2: Number = 0.999,
        epsilon: Number = 1e-8,
        momentum_decay: Number = 0.004,
        *,
        epsilon_mode: EpsilonMode = "outside",
        **common: Unpack[Common],
    ) -> None:
        scalars = {
            "learning_rate": learning_rate,
            "beta_1": beta_1,
            "beta_2": beta_2,
            "epsilon": epsilon,
            "momentum_decay": momentum_decay,
        }
        options = {"epsilon_mode": self._choice("epsilon_mode", epsilon_mode, EPSILON_MODES)}
        super().__init__(scalars, options, **common)
