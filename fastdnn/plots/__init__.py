"""Figures by matplotlib (`pip install "fastdnn[plot]"`); nothing here opens a window or keeps a state."""

from fastdnn.plots.bias_variance import bias_variance
from fastdnn.plots.comparison import comparison
from fastdnn.plots.curve_reading import curve_reading
from fastdnn.plots.gradient_check import gradient_check
from fastdnn.plots.learning_curve import learning_curve
from fastdnn.plots.rate_range import rate_range
from fastdnn.plots.subset_fit import subset_fit
from fastdnn.plots.walkthrough import walkthrough

__all__ = [
    "bias_variance",
    "comparison",
    "curve_reading",
    "gradient_check",
    "learning_curve",
    "rate_range",
    "subset_fit",
    "walkthrough",
]
