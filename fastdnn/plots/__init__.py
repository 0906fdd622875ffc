"""Figures by matplotlib (`pip install "fastdnn[plot]"`); nothing here opens a window or keeps a state."""

from fastdnn.plots.learning_curve import learning_curve

__all__ = ["learning_curve"]
