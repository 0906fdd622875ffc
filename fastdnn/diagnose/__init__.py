"""What is wrong with a training, and what to do about it.

Each function gives a result that prints as a table and plain words, and whose `.advice` is a tuple of
`Advice`, the most important first.
"""

from fastdnn.callbacks.monitor import Monitor
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.layer_statistics import LayerStatistics, layer_statistics

__all__ = ["Advice", "LayerStatistics", "Monitor", "layer_statistics"]
