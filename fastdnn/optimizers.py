"""Optimisers: the names of their state, their update rule, and one fused kernel each."""

import math
from typing import Any, ClassVar, Protocol

from fastdnn import _core
from fastdnn.errors import expected, unknown_name


class Optimizer(Protocol):
    """What a model needs of an optimiser."""

    learning_rate: float

    def make_state(self, parameters: "_core.Parameters") -> "_core.Optimizer":
        """Fresh native state beside the parameters."""
        ...

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimiser again."""
        ...


def _number(
    where: str, name: str, value: object, low: float, high: float, *, open_low: bool = False
) -> float:
    """`value` as a finite float in [low, high), or (low, high)."""
    is_number = isinstance(value, int | float) or (
        hasattr(value, "__float__") and getattr(value, "ndim", 1) == 0
    )
    number = float(value) if is_number and not isinstance(value, bool) else math.nan  # type: ignore[arg-type]
    if not (low <= number < high) or (open_low and number == low):
        sign = "<" if open_low else "<="
        limit = f" < {high:g}" if math.isfinite(high) else ""
        raise ValueError(expected(where, f"{low:g} {sign} {name}{limit}", repr(value)))
    return number


class _WithRate:
    """The learning rate, checked whenever it is set; callbacks may change it between epochs."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        """α, >= 0."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = _number(type(self).__name__, "learning_rate", value, 0.0, math.inf)


class SGD(_WithRate):
    """Stochastic gradient descent, with momentum and Nesterov's look-ahead.

    v ← ρ v + g;  θ ← θ - α v            (momentum ρ > 0)
    v ← ρ v + g;  θ ← θ - α (g + ρ v)    (nesterov)
    θ ← θ - α g                          (momentum 0)

    This is PyTorch's form; Keras folds α into v, which differs once the rate changes.

    Args:
        learning_rate: α >= 0, default 0.01.
        momentum: ρ, 0 <= ρ < 1, default 0.
        nesterov: whether to look ahead; needs momentum > 0.

    Raises:
        ValueError: a number is out of its range.

    Source: Polyak, 1964; Sutskever et al., ICML 2013.

    >>> import fastdnn as fd
    >>> fd.optimizers.SGD(0.1, momentum=0.9).momentum
    0.9
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(learning_rate)
        self.momentum = _number("SGD", "momentum", momentum, 0.0, 1.0)
        self.nesterov = bool(nesterov)
        if self.nesterov and self.momentum == 0:
            raise ValueError(expected("SGD", "momentum > 0 with nesterov=True", momentum, "0.9 is usual"))

    def make_state(self, parameters: "_core.Parameters") -> "_core.Optimizer":
        """Fresh native state beside the parameters."""
        return _core.Optimizer.sgd(parameters, self.momentum, self.nesterov)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimiser again."""
        return {"learning_rate": self.learning_rate, "momentum": self.momentum, "nesterov": self.nesterov}


class Adam(_WithRate):
    """Adam: averages of the gradient and its square, corrected for their start at zero.

    m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²
    θ ← θ - α (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε),  t = 1, 2, ...

    Args:
        learning_rate: α >= 0, default 0.001.
        beta_1: β₁, 0 <= β₁ < 1, default 0.9.
        beta_2: β₂, 0 <= β₂ < 1, default 0.999.
        epsilon: ε > 0 outside the root, default 1e-8 (as the paper and PyTorch; Keras: 1e-7, elsewhere).

    Raises:
        ValueError: a number is out of its range.

    Source: Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    >>> import fastdnn as fd
    >>> fd.optimizers.Adam(1e-3).beta_2
    0.999
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1 = _number("Adam", "beta_1", beta_1, 0.0, 1.0)
        self.beta_2 = _number("Adam", "beta_2", beta_2, 0.0, 1.0)
        self.epsilon = _number("Adam", "epsilon", epsilon, 0.0, 1.0, open_low=True)

    def make_state(self, parameters: "_core.Parameters") -> "_core.Optimizer":
        """Fresh native state beside the parameters."""
        return _core.Optimizer.adam(parameters, self.beta_1, self.beta_2, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimiser again."""
        return {
            "learning_rate": self.learning_rate,
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }


class _Names:
    """Optimisers by class name and by the strings of Keras."""

    classes: ClassVar[dict[str, type]] = {c.__name__: c for c in (SGD, Adam)}
    strings: ClassVar[dict[str, type]] = {name.lower(): c for name, c in classes.items()}


def get(optimizer: "str | Optimizer", where: str = "compile") -> Optimizer:
    """An optimiser by its name in Keras, with its defaults, or the object itself.

    Raises:
        ValueError: no optimiser has this name.

    >>> from fastdnn import optimizers
    >>> optimizers.get("adam").learning_rate
    0.001
    """
    if isinstance(optimizer, str):
        if optimizer.lower() not in _Names.strings:
            raise unknown_name(where, "an optimizer", optimizer, _Names.strings)
        made: Optimizer = _Names.strings[optimizer.lower()]()
        return made
    if isinstance(optimizer, tuple(_Names.classes.values())):
        return optimizer
    raise ValueError(expected(where, "an optimizer of fastdnn.optimizers or its name", repr(optimizer)))


def from_config(class_name: str, config: dict[str, Any]) -> Optimizer:
    """An optimiser from its class name and `get_config()`.

    Raises:
        ValueError: no optimiser class has this name.
    """
    if class_name not in _Names.classes:
        raise unknown_name("optimizers", "an optimizer", class_name, _Names.classes)
    optimizer: Optimizer = _Names.classes[class_name](**config)
    return optimizer
