"""Figures by matplotlib (`pip install "fastdnn[plot]"`); nothing here opens a window or keeps a state."""

from fastdnn.plots.comparison import comparison
from fastdnn.plots.gradient_check import gradient_check
from fastdnn.plots.learning_curve import learning_curve

__all__ = ["comparison", "gradient_check", "learning_curve"]
