"""What is wrong with a training, and what to do about it.

Each function gives a result that prints as a table and plain words, and whose `.advice` is a tuple of
`Advice`, the most important first.
"""

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.bias_variance import BiasVariance, bias_variance
from fastdnn.diagnose.curve_reading import CurveReading, read_curve

__all__ = [
    "Advice",
    "BiasVariance",
    "CurveReading",
    "bias_variance",
    "read_curve",
]
