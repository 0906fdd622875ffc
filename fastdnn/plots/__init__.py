"""Figures by matplotlib (`pip install "fastdnn[plot]"`); nothing here opens a window or keeps a state.

Functions take the Axes to draw on, `ax`, or make a figure of their own, and return the Axes, those of several
panels an array of them: `ax.figure.savefig("picture.png")`. All of them are shown in docs/gallery.md.
"""

from fastdnn.plots.activation_histograms import activation_histograms
from fastdnn.plots.activations import activations
from fastdnn.plots.averages import averages
from fastdnn.plots.babysitting import babysitting
from fastdnn.plots.bias_variance import bias_variance
from fastdnn.plots.calibration import calibration
from fastdnn.plots.class_errors import class_errors
from fastdnn.plots.class_evaluation import class_evaluation
from fastdnn.plots.comparison import comparison
from fastdnn.plots.confusion_matrix import confusion_matrix
from fastdnn.plots.curve_reading import curve_reading
from fastdnn.plots.gradient_check import gradient_check
from fastdnn.plots.grid_against_random import grid_against_random
from fastdnn.plots.layers import layers
from fastdnn.plots.learning_curve import learning_curve
from fastdnn.plots.loss_contours import loss_contours
from fastdnn.plots.monitor import monitor
from fastdnn.plots.penalty_geometry import norm_balls, penalty_geometry
from fastdnn.plots.precision_recall_curve import precision_recall_curve
from fastdnn.plots.rate_range import rate_range
from fastdnn.plots.risk_coverage import risk_coverage
from fastdnn.plots.roc_curve import roc_curve
from fastdnn.plots.sampling import sampling
from fastdnn.plots.schedules import schedules
from fastdnn.plots.study_importance import study_importance
from fastdnn.plots.study_parallel_coordinates import study_parallel_coordinates
from fastdnn.plots.study_scores import study_scores
from fastdnn.plots.study_zoom import study_zoom
from fastdnn.plots.subset_fit import subset_fit
from fastdnn.plots.walkthrough import walkthrough
from fastdnn.plots.weight_images import weight_images
from fastdnn.plots.whitening import whitening

__all__ = [
    "activation_histograms",
    "activations",
    "averages",
    "babysitting",
    "bias_variance",
    "calibration",
    "class_errors",
    "class_evaluation",
    "comparison",
    "confusion_matrix",
    "curve_reading",
    "gradient_check",
    "grid_against_random",
    "layers",
    "learning_curve",
    "loss_contours",
    "monitor",
    "norm_balls",
    "penalty_geometry",
    "precision_recall_curve",
    "rate_range",
    "risk_coverage",
    "roc_curve",
    "sampling",
    "schedules",
    "study_importance",
    "study_parallel_coordinates",
    "study_scores",
    "study_zoom",
    "subset_fit",
    "walkthrough",
    "weight_images",
    "whitening",
]
