"""How a search proposes values: generation by generation, from the completed ones alone."""

from fastdnn.tune.methods.bayesian import Bayesian
from fastdnn.tune.methods.coarse_to_fine import CoarseToFine
from fastdnn.tune.methods.evolutionary import Evolutionary
from fastdnn.tune.methods.grid import Grid
from fastdnn.tune.methods.method import Method
from fastdnn.tune.methods.random import Random

METHODS = {
    "grid": Grid,
    "random": Random,
    "coarse_to_fine": CoarseToFine,
    "evolutionary": Evolutionary,
    "bayesian": Bayesian,
}

__all__ = ["METHODS", "Bayesian", "CoarseToFine", "Evolutionary", "Grid", "Method", "Random"]
