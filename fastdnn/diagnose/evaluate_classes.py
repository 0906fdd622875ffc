"""How a classifier does, class by class, and whether its answers can be trusted: everything at once."""

from typing import Any

import numpy as np

from fastdnn import lowering
from fastdnn.compiled import Head
from fastdnn.diagnose import class_outputs
from fastdnn.diagnose.calibration import calibration
from fastdnn.diagnose.class_evaluation import ClassEvaluation
from fastdnn.diagnose.class_labels import Classes, weights_of
from fastdnn.diagnose.classification_report import ClassificationReport
from fastdnn.diagnose.confusion import ConfusionMatrix, counted_pairs
from fastdnn.diagnose.precision_recall_curve import curve_of
from fastdnn.diagnose.precision_recall_f1 import of_counts
from fastdnn.diagnose.roc import curves, of_sweep
from fastdnn.diagnose.top_k import top_k
from fastdnn.diagnose.trust import Trust, trust
from fastdnn.model import Model

_WHERE = "evaluate_classes"
_SMOOTHING = 0.1  # of Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, section 7


def evaluate_classes(
    model: Any,
    x: Any,
    y: Any,
    *,
    classes: Classes = None,
    outputs: class_outputs.Outputs | None = None,
    sample_weight: Any = None,
    wanted_error: float | None = None,
    bins: int = 10,
    batch_size: int | None = None,
    threads: int | None = None,
) -> ClassEvaluation:
    """Evaluate a compiled classifier class by class, on rows that it was not trained on (dev or test).

    The model's loss says what its outputs are: of the cross-entropies over classes and `KLDivergence`
    probabilities or logits, of `BinaryCrossentropy` a single sigmoid (or logit) of two classes, or several
    sigmoids beside one-hot labels, which are divided by their sum (deck 001). The model stays as it is.

    Args:
        model: compiled, with one output.
        x: as arrays in `predict`.
        y: labels as the loss takes them, one-hot rows, or names of classes.
        classes: names, by label; default those of `model.table`, or "0", "1", ...
        outputs: "probabilities" or "logits", of a loss of your own.
        sample_weight: (examples,), >= 0.
        wanted_error: of the accepted answers, 0 to 1: `.trust` then has the threshold for it.
        bins: of the calibration.
        batch_size: as in `predict`; so is threads.
        threads: how many to use.

    Returns:
        A `ClassEvaluation`: `print` it, read `.advice`, `.plot()` it.

    Raises:
        ValueError: the model is no compiled classifier with one output, data do not fit, or its outputs are
            not finite.

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(10, activation="softmax")], seed=0)
    >>> model.compile("adam", "sparse_categorical_crossentropy")
    >>> history = model.fit(x[:1500] / 16, y[:1500], epochs=20)
    >>> found = fd.diagnose.evaluate_classes(model, x[1500:] / 16, y[1500:])
    >>> found.error < 0.15, found.confusion.matrix.shape, found.auc > 0.9
    (True, (10, 10), True)
    >>> sorted({advice.severity for advice in found.advice})[0]
    'good'
    """
    read = class_outputs.read(_WHERE, model, x, y, outputs, classes, batch_size, threads)
    p, codes, k = read.probabilities, read.codes, len(read.classes)
    weights = weights_of(_WHERE, sample_weight, len(codes))
    label = p.argmax(axis=1)
    counts = counted_pairs(codes, label, k, weights)
    scores = of_counts(counts, read.classes, 0.0)
    areas, precisions = np.full((2, k), np.nan)
    for c, each in curves(codes, p, weights):
        areas[c], precisions[c] = of_sweep(each).auc, curve_of(each).average_precision
    named: dict[str, Any] = {"classes": list(read.classes), "sample_weight": weights}
    return ClassEvaluation(
        classes=read.classes,
        labels=codes,
        predicted=label,
        probabilities=p,
        confusion=ConfusionMatrix(counts, read.classes, counts),
        classification_report=ClassificationReport(scores),
        class_auc=areas,
        class_average_precision=precisions,
        auc=_of_all(areas),
        average_precision=_of_all(precisions),
        top_k=None if k == 2 else top_k(codes, p, **named),
        calibration=calibration(codes, read.comparable, bins=bins, from_logits=read.from_logits, **named),
        trust=_trust(read, wanted_error, named),
        one_hot=np.ndim(y) == 2 and np.shape(y)[1] > 1,
        smoothed_loss=_smoothed(model),
        sample_weight=weights,
    )


def _trust(read: class_outputs.ClassOutputs, wanted_error: float | None, named: Any) -> Trust:
    """By the outputs themselves where they are logits or logistic; else by what they are with the sum 1."""
    given = read.outputs if read.logistic else read.comparable
    raw = None if given is read.outputs else read.outputs
    said: dict[str, Any] = {"raw": raw, "from_logits": read.from_logits, **named}
    return trust(given, y_true=read.codes, wanted_error=wanted_error, **said)


def _of_all(figures: np.ndarray) -> float | None:
    """Of two classes the second's, of more the mean of those that have rows."""
    known = figures[~np.isnan(figures)]
    if not known.size:
        return None
    return float(figures[1] if len(figures) == 2 else known.mean())


def _smoothed(model: Model) -> str | None:
    """The loss with label smoothing, as it is written; None where there is none for this model."""
    loss = model.compiled.loss
    if getattr(loss, "label_smoothing", None) != 0 or type(loss).__module__.partition(".")[0] != "fastdnn":
        return None
    smoothed = type(loss)(**{**loss.get_config(), "label_smoothing": _SMOOTHING})
    try:
        lowering.evaluation_program(model.graph, (Head("", smoothed),))
    except ValueError:  # of labels it needs logits, or a softmax
        return None
    logits = "from_logits=True, " if getattr(loss, "from_logits", False) else ""
    return f"{type(loss).__name__}({logits}label_smoothing={_SMOOTHING})"
