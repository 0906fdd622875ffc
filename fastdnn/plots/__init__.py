"""Figures by matplotlib (`pip install "fastdnn[plot]"`); nothing here opens a window or keeps a state."""

from fastdnn.plots.comparison import comparison
from fastdnn.plots.learning_curve import learning_curve

__all__ = ["comparison", "learning_curve"]
