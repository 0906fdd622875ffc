"""What is wrong with a training, and what to do about it.

Each function gives a result that prints as a table and plain words, and whose `.advice` is a tuple of
`Advice`, the most important first.
"""

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.bias_variance import BiasVariance, bias_variance
from fastdnn.diagnose.curve_reading import CurveReading, read_curve
from fastdnn.diagnose.fresh_copy import fresh_copy
from fastdnn.diagnose.gradient_check import check_gradients
from fastdnn.diagnose.gradient_check_result import GradientCheck
from fastdnn.diagnose.gradient_check_stencils import (
    central_difference,
    five_point_difference,
    forward_difference,
)
from fastdnn.diagnose.report import Report, report

__all__ = [
    "Advice",
    "BiasVariance",
    "CurveReading",
    "GradientCheck",
    "Report",
    "bias_variance",
    "central_difference",
    "check_gradients",
    "five_point_difference",
    "forward_difference",
    "fresh_copy",
    "read_curve",
    "report",
]
