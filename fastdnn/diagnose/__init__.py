"""What is wrong with a training, and what to do about it.

Each function gives a result that prints as a table and plain words, and whose `.advice` is a tuple of
`Advice`, the most important first.
"""

from fastdnn.callbacks.monitor import Monitor
from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.bias_variance import BiasVariance, bias_variance
from fastdnn.diagnose.calibration import Calibration, calibration
from fastdnn.diagnose.class_evaluation import ClassEvaluation
from fastdnn.diagnose.classification_report import ClassificationReport, classification_report
from fastdnn.diagnose.confusion import ConfusionMatrix, confusion_matrix
from fastdnn.diagnose.curve_reading import CurveReading, read_curve
from fastdnn.diagnose.evaluate_classes import evaluate_classes
from fastdnn.diagnose.fresh_copy import fresh_copy
from fastdnn.diagnose.gradient_check import check_gradients
from fastdnn.diagnose.gradient_check_result import GradientCheck
from fastdnn.diagnose.gradient_check_stencils import (
    central_difference,
    five_point_difference,
    forward_difference,
)
from fastdnn.diagnose.layer_statistics import LayerStatistics, layer_statistics
from fastdnn.diagnose.precision_recall_curve import PrecisionRecallCurve, precision_recall_curve
from fastdnn.diagnose.precision_recall_f1 import PrecisionRecallF1, precision_recall_f1
from fastdnn.diagnose.rate_range import RateRange, learning_rate_range
from fastdnn.diagnose.report import Report, report
from fastdnn.diagnose.risk_coverage import RiskCoverage
from fastdnn.diagnose.roc import RocCurve, roc_auc, roc_curve
from fastdnn.diagnose.subset_fit import SubsetFit, overfit_subset
from fastdnn.diagnose.temperature import apply_temperature
from fastdnn.diagnose.top_k import TopK, top_k
from fastdnn.diagnose.trust import Trust, trust
from fastdnn.diagnose.walkthrough import Walkthrough, walkthrough

__all__ = [
    "Advice",
    "BiasVariance",
    "Calibration",
    "ClassEvaluation",
    "ClassificationReport",
    "ConfusionMatrix",
    "CurveReading",
    "GradientCheck",
    "LayerStatistics",
    "Monitor",
    "PrecisionRecallCurve",
    "PrecisionRecallF1",
    "RateRange",
    "Report",
    "RiskCoverage",
    "RocCurve",
    "SubsetFit",
    "TopK",
    "Trust",
    "Walkthrough",
    "apply_temperature",
    "bias_variance",
    "calibration",
    "central_difference",
    "check_gradients",
    "classification_report",
    "confusion_matrix",
    "evaluate_classes",
    "five_point_difference",
    "forward_difference",
    "fresh_copy",
    "layer_statistics",
    "learning_rate_range",
    "overfit_subset",
    "precision_recall_curve",
    "precision_recall_f1",
    "read_curve",
    "report",
    "roc_auc",
    "roc_curve",
    "top_k",
    "trust",
    "walkthrough",
]
