"""What is wrong with a training, and what to do about it.

Each function gives a result that prints as a table and plain words, and whose `.advice` is a tuple of
`Advice`, the most important first.
"""

from fastdnn.diagnose.advice import Advice
from fastdnn.diagnose.calibration import Calibration, calibration
from fastdnn.diagnose.class_evaluation import ClassEvaluation
from fastdnn.diagnose.classification_report import ClassificationReport, classification_report
from fastdnn.diagnose.confusion import ConfusionMatrix, confusion_matrix
from fastdnn.diagnose.evaluate_classes import evaluate_classes
from fastdnn.diagnose.precision_recall_curve import PrecisionRecallCurve, precision_recall_curve
from fastdnn.diagnose.precision_recall_f1 import PrecisionRecallF1, precision_recall_f1
from fastdnn.diagnose.risk_coverage import RiskCoverage
from fastdnn.diagnose.roc import RocCurve, roc_auc, roc_curve
from fastdnn.diagnose.temperature import apply_temperature
from fastdnn.diagnose.top_k import TopK, top_k
from fastdnn.diagnose.trust import Trust, trust

__all__ = [
    "Advice",
    "Calibration",
    "ClassEvaluation",
    "ClassificationReport",
    "ConfusionMatrix",
    "PrecisionRecallCurve",
    "PrecisionRecallF1",
    "RiskCoverage",
    "RocCurve",
    "TopK",
    "Trust",
    "apply_temperature",
    "calibration",
    "classification_report",
    "confusion_matrix",
    "evaluate_classes",
    "precision_recall_curve",
    "precision_recall_f1",
    "roc_auc",
    "roc_curve",
    "top_k",
    "trust",
]
