"""Figures of what a layer gives, and how they are written."""

import math
from dataclasses import dataclass

from fastdnn.sampling import WatchedLayer
from fastdnn.short_repr import ShortRepr


@dataclass(frozen=True)
class LayerFigures(ShortRepr):
    """What a layer gives for some rows.

    layer: which one; units: its outputs for an example; rows: that were looked at.
    mean, std, low, high: of all outputs; zeros: the share of outputs that are 0; dead: of a ReLU, the share
    of units that are 0 for every row, else NaN; saturated: of a sigmoid or tanh, the share of outputs where
    the derivative is below 5 % of its largest, else NaN.
    histogram: shares of the outputs in equal parts of [low, high].
    gradient_norm: ‖dL/dy‖ of these outputs y over all rows; NaN where it is not known.
    """

    layer: WatchedLayer
    units: int
    rows: int
    mean: float
    std: float
    low: float
    high: float
    zeros: float
    dead: float
    saturated: float
    histogram: tuple[float, ...]
    gradient_norm: float = math.nan

    @property
    def name(self) -> str:
        """Of the use of the layer."""
        return self.layer.name

    @property
    def is_finite(self) -> bool:
        """Whether all outputs are."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def is_silent(self) -> bool:
        """Whether all outputs are one number."""
        return self.std == 0 and self.low == self.high

    @property
    def beyond_measure(self) -> str:
        """ "large" or "small" where the squares of outputs leave the range of float64; else ""."""
        if not self.is_finite:
            return ""
        if not math.isfinite(self.mean + self.std):
            return "large"
        return "small" if self.std == 0 and not self.is_silent else ""

    @property
    def told(self) -> str:
        """Mean ± standard deviation, or why there are none."""
        far = self.beyond_measure
        return f"too {far} to measure" if far else f"{self.mean:.3g} ± {self.std:.3g}"


def number_told(value: float, digits: int) -> str:
    """A figure in a table: nothing where it is not known."""
    if math.isnan(value):
        return ""
    return f"{value:.{digits}g}" if math.isfinite(value) else "too large"
