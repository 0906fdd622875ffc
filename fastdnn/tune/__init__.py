"""Searching for hyper-parameters, and changing them while a model trains.

>>> import fastdnn as fd
>>> sitter = fd.tune.Babysitter()
>>> sitter.change(learning_rate=1e-4)
"""

from fastdnn.tune.babysitter import Babysitter
from fastdnn.tune.changes import Replay

__all__ = ["Babysitter", "Replay"]
