"""Analytic derivatives beside numeric ones: ratios, differences, and what rounding may make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.gradient_check_elements import Differences, Numeric
from fastdnn.diagnose.gradient_check_result import Element, TensorCheck

if TYPE_CHECKING:
    from fastdnn.model import Model

_SURE = 4  # standard deviations of rounding that say nothing


@dataclass(frozen=True)
class Compared:
    """The elements of one tensor that no kink keeps from being compared."""

    shape: tuple[int, ...]
    picked: np.ndarray
    analytic: np.ndarray
    numeric: np.ndarray
    rounding: float
    kinks: int

    @classmethod
    def of(cls, gradient: np.ndarray, numeric: Numeric) -> "Compared":
        """Of the analytic gradient of a tensor, and what differences give."""
        kept = ~np.isnan(numeric.values)
        picked = numeric.picked[kept]
        analytic = gradient.reshape(-1)[picked]
        rounding = _SURE * float(np.linalg.norm(numeric.rounding[kept]))
        kinks = len(kept) - len(picked)
        return cls(gradient.shape, picked, analytic, numeric.values[kept], rounding, kinks)

    @property
    def worst(self) -> Element | None:
        """The element with the largest difference."""
        if not len(self.picked):
            return None
        place = int(np.abs(self.numeric - self.analytic).argmax())
        index = tuple(int(i) for i in np.unravel_index(self.picked[place], self.shape))
        return Element(index, float(self.analytic[place]), float(self.numeric[place]))


def tensor_of(model: "Model", name: str, compared: Compared) -> TensorCheck:
    """What is reported of a tensor, but for directions."""
    ratio, difference = ratio_of(compared.analytic, compared.numeric)
    return TensorCheck(
        name=name,
        layer=name.rsplit("/", 1)[0] if name in model.weights.weights else "",
        shape=compared.shape,
        checked=len(compared.picked),
        kinks=compared.kinks,
        ratio=ratio,
        difference=difference,
        rounding=compared.rounding,
        norm=float(np.linalg.norm(compared.analytic)),
        worst=compared.worst,
    )


def ratio_of(analytic: np.ndarray, numeric: np.ndarray, allowed: float = 0.0) -> tuple[float, float]:
    """The ratio of the difference, less what is allowed, and the difference."""
    difference = float(np.linalg.norm(numeric - analytic))
    whole_norm = float(np.linalg.norm(numeric) + np.linalg.norm(analytic))
    return (max(0.0, difference - allowed) / whole_norm if whole_norm else 0.0), difference


def ratio_along(
    differences: Differences, names: Sequence[str], still: Mapping[str, np.ndarray], count: int
) -> float:
    """The ratio of derivatives along random directions, less what rounding explains."""
    analytic, numeric = differences.along(names, still, count)
    if not len(numeric):
        return float("nan")
    return ratio_of(analytic, numeric, _SURE * differences.rounding * float(np.sqrt(len(numeric))))[0]
