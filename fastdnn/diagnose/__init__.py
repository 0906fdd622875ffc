"""What is wrong with a training, and what to do about it.

Begin with `report(model, train, dev)`: it asks most of the questions below, and tells what it found in one
order, the most important first, each with the figures that show it and the line of code that mends it.

| question | call |
|---|---|
| What is wrong with this model? | `report(model, train, dev)` |
| I have data and no network yet: what do I do, step by step? | `walkthrough(x, y)` |
| Does it learn at all? | `overfit_subset(model, x, y)` |
| Which learning rate? | `learning_rate_range(model, x, y)` |
| What does the loss curve say? | `read_curve(model.fit(x, y))` |
| Is it too small, or does it overfit? | `bias_variance(train_error, dev_error, human_error)` |
| Does a signal come through all layers, and a gradient back? | `layer_statistics(model, x, y)` |
| What goes on inside while it trains? | `model.fit(x, y, callbacks=[Monitor()])` |
| Are the gradients of my own layer or loss right? | `check_gradients(model, x, y)` |
| How good is my classifier, class by class? | `evaluate_classes(model, x, y)` |
| Which classes does it take for which? | `confusion_matrix(y_true, y_pred)` |
| How precise is it, and how much does it find? | `classification_report(y_true, y_pred)` |
| The same as arrays? | `precision_recall_f1(y_true, y_pred)` |
| How well does it rank yes before no? | `roc_curve(y_true, y_score)`, `roc_auc(y_true, y_score)` |
| And where yes is rare? | `precision_recall_curve(y_true, y_score)` |
| Is the right class among its first few? | `top_k(y_true, y_score)` |
| Is it as often right as it is sure? | `calibration(y_true, probabilities)`, then `apply_temperature` |
| Which answers can I trust? | `trust(outputs, y_true=y)` |
| The same network from the start, one thing changed | `fresh_copy(model, activation="relu")` |
| A derivative by differences | `central_difference`, `five_point_difference`, `forward_difference` |

Each gives a result that prints as a table and plain words, and whose `.advice` is a tuple of `Advice`, the
most important first; most have `.plot()`. The caller's model is left as it was.

>>> import fastdnn as fd
>>> x, y = fd.data.load_digits()
>>> model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(10, activation="softmax")], seed=0)
>>> model.compile(fd.optimizers.SGD(1e-5), "sparse_categorical_crossentropy")
>>> history = model.fit(x[:1400] / 16, y[:1400], epochs=3)
>>> found = fd.diagnose.evaluate_classes(model, x[1400:] / 16, y[1400:])
>>> [advice.kind for advice in found.advice if advice.is_trouble][:1]
['no_better_than_guessing']
>>> rates = fd.diagnose.learning_rate_range(model, x[:1400] / 16, y[:1400])
>>> rates.suggested > 1e-3
True
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
