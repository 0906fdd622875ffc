"""The regularizers: sums of powers of the weights' magnitudes."""

import math
from dataclasses import dataclass

from fastdnn.checks import number
from fastdnn.errors import expected
from fastdnn.regularizers.regularizer import Regularizer, Scaled, Terms


@dataclass(frozen=True)
class L2(Scaled):
    """λ/2 Σw², with the gradient λ w: weights decay. With plain SGD w ← (1 - αλ) w - α ∇L; `scale="batch"`
    makes it w ← (1 - αλ/m) w - α ∇L.

    Args:
        l2: λ >= 0, default 0.01.
        scale: "half", "batch", "dataset" or "sum" (Keras), see the module; default "half", for which λ is
            what others call the weight decay.
        dataset_size: N of scale="dataset"; without one the rows of the fit.

    Raises:
        ValueError: an argument is out of its range. When a model is trained or evaluated: N is not known.

    Source: Krogh & Hertz, "A simple weight decay can improve generalization", NIPS 1991; deck 004.

    >>> from fastdnn.regularizers import L2
    >>> L2(0.1)([3.0, -4.0]), L2(0.1, scale="batch")([3.0, -4.0], rows=5)
    (1.25, 0.25)
    """

    l2: float = 0.01
    scale: str = "half"
    dataset_size: int | None = None

    def __post_init__(self) -> None:
        self._check(("half", "batch", "dataset", "sum"), "l2")

    def terms(self, where: str, dataset_size: int | None = None) -> Terms:
        """Of Σw²."""
        factor = 1.0 if self.scale == "sum" else 0.5
        return self._scaled(where, Terms(l2=factor * self.l2), dataset_size)


@dataclass(frozen=True)
class L1(Scaled):
    """λ Σ|w|, with the gradient λ sign(w), 0 at 0: few weights stay large.

    The gradient's steps go back and forth about zero; `proximal=True` reaches it: the penalty is not part of
    the gradient, and after each step w ← sign(w) max(|w| - αλ, 0) (soft thresholding). Its value counts in
    the loss all the same, and its gradient in `loss_and_gradients`.

    Args:
        l1: λ >= 0, default 0.01.
        scale: "sum", "batch" or "dataset", see the module; default "sum".
        proximal: whether weights become exactly 0; not with scale="batch", where each step has another λ.
        dataset_size: N of scale="dataset"; without one the rows of the fit.

    Raises:
        ValueError: as `L2`.

    Source: Tibshirani, "Regression shrinkage and selection via the lasso", JRSS B, 1996; for the proximal
        step Duchi & Singer, JMLR 10, 2009; decks 003, 004.

    >>> from fastdnn.regularizers import L1
    >>> L1(0.5)([3.0, -4.0]), L1(0.5, scale="batch")([3.0, -4.0], rows=7)
    (3.5, 0.25)
    """

    l1: float = 0.01
    scale: str = "sum"
    proximal: bool = False
    dataset_size: int | None = None

    def __post_init__(self) -> None:
        self._check(("sum", "batch", "dataset"), "l1")
        if not isinstance(self.proximal, bool):
            raise ValueError(expected("L1", "proximal as True or False", repr(self.proximal)))
        if self.proximal and self.scale == "batch":
            hint = "with scale='dataset' every step has the same"
            raise ValueError(expected("L1", "one λ for all steps with proximal=True", "scale='batch'", hint))

    @property
    def is_proximal(self) -> bool:
        """As it was asked for."""
        return self.proximal

    def terms(self, where: str, dataset_size: int | None = None) -> Terms:
        """Of Σ|w|."""
        factor = 1.0 if self.scale == "sum" else 0.5
        return self._scaled(where, Terms(l1=factor * self.l1), dataset_size)


@dataclass(frozen=True)
class L1L2(Scaled):
    """λ₁ Σ|w| + λ₂/2 Σw².

    Args:
        l1: λ₁ >= 0, default 0.01.
        l2: λ₂ >= 0, default 0.01.
        scale: "half", as above; "sum" λ₁ Σ|w| + λ₂ Σw² (Keras); "batch" or "dataset" both sums over 2m or
            2N.
        dataset_size: N of scale="dataset"; without one the rows of the fit.

    Raises:
        ValueError: as `L2`.

    >>> from fastdnn.regularizers import L1L2
    >>> L1L2(0.5, 0.1)([3.0, -4.0])
    4.75
    """

    l1: float = 0.01
    l2: float = 0.01
    scale: str = "half"
    dataset_size: int | None = None

    def __post_init__(self) -> None:
        self._check(("half", "batch", "dataset", "sum"), "l1", "l2")

    def terms(self, where: str, dataset_size: int | None = None) -> Terms:
        """Of both sums."""
        of_l1 = 1.0 if self.scale in ("half", "sum") else 0.5
        of_l2 = 1.0 if self.scale == "sum" else 0.5
        return self._scaled(where, Terms(l1=of_l1 * self.l1, l2=of_l2 * self.l2), dataset_size)


@dataclass(frozen=True)
class ElasticNet(Regularizer):
    """r λ Σ|w| + (1 - r) λ Σw²: between L1 (r = 1) and L2 (r = 0). (scikit-learn's halves the second term.)

    Args:
        strength: λ >= 0, default 0.01.
        ratio: 0 <= r <= 1, default 0.5.

    Raises:
        ValueError: a number is out of its range.

    Source: Zou & Hastie, "Regularization and variable selection via the elastic net", JRSS B, 2005; deck 004.

    >>> from fastdnn.regularizers import ElasticNet
    >>> ElasticNet(0.5, ratio=0.5)([3.0, -4.0])
    8.0
    """

    strength: float = 0.01
    ratio: float = 0.5

    def __post_init__(self) -> None:
        self._set(
            strength=number("ElasticNet", "strength", self.strength, 0),
            ratio=number("ElasticNet", "ratio", self.ratio, 0, 1, ends="[]"),
        )

    def terms(self, where: str, dataset_size: int | None = None) -> Terms:
        """Of both sums."""
        return Terms(l1=self.ratio * self.strength, l2=(1.0 - self.ratio) * self.strength)


@dataclass(frozen=True)
class Lq(Regularizer):
    """λ Σ|w|^q, with the gradient λ q |w|^(q-1) sign(w): the family of deck 004, of which q = 1 is L1 and
    q = 2 L2 with scale="sum".

    Args:
        strength: λ >= 0.
        q: finite, >= 1; below 1 the penalty is not convex, and its slope has no bound at 0.

    Raises:
        ValueError: a number is out of its range.

    Source: Frank & Friedman, "A statistical view of some chemometrics regression tools", 1993; deck 004.

    >>> from fastdnn.regularizers import Lq
    >>> Lq(0.5, q=3)([1.0, -2.0])
    4.5
    """

    strength: float
    q: float

    def __post_init__(self) -> None:
        self._set(
            strength=number("Lq", "strength", self.strength, 0), q=number("Lq", "q", self.q, 1, math.inf)
        )

    def terms(self, where: str, dataset_size: int | None = None) -> Terms:
        """Of Σ|w|^q."""
        return Terms(lq=self.strength, q=self.q)
