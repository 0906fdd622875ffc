"""Figures by matplotlib (`pip install "fastdnn[plot]"`); nothing here opens a window or keeps a state."""

from fastdnn.plots.bias_variance import bias_variance
from fastdnn.plots.calibration import calibration
from fastdnn.plots.class_errors import class_errors
from fastdnn.plots.class_evaluation import class_evaluation
from fastdnn.plots.comparison import comparison
from fastdnn.plots.confusion_matrix import confusion_matrix
from fastdnn.plots.curve_reading import curve_reading
from fastdnn.plots.gradient_check import gradient_check
from fastdnn.plots.learning_curve import learning_curve
from fastdnn.plots.precision_recall_curve import precision_recall_curve
from fastdnn.plots.rate_range import rate_range
from fastdnn.plots.risk_coverage import risk_coverage
from fastdnn.plots.roc_curve import roc_curve
from fastdnn.plots.subset_fit import subset_fit
from fastdnn.plots.walkthrough import walkthrough

__all__ = [
    "bias_variance",
    "calibration",
    "class_errors",
    "class_evaluation",
    "comparison",
    "confusion_matrix",
    "curve_reading",
    "gradient_check",
    "learning_curve",
    "precision_recall_curve",
    "rate_range",
    "risk_coverage",
    "roc_curve",
    "subset_fit",
    "walkthrough",
]
