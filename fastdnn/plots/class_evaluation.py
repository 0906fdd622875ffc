"""All pictures of a classifier on one page."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdnn.diagnose.evaluate_classes import ClassEvaluation
from fastdnn.errors import expected
from fastdnn.plots.figure import new_axes

_WHERE = "plots.class_evaluation"
_INCHES = (18.0, 10.0)


def class_evaluation(found: ClassEvaluation) -> Any:
    """See `fastdnn.diagnose.ClassEvaluation.plot`."""
    if not isinstance(found, ClassEvaluation):
        raise ValueError(expected(_WHERE, "what diagnose.evaluate_classes found", repr(found)))
    first = new_axes(_WHERE, _INCHES)
    figure: Any = first.figure
    first.remove()
    axes = figure.subplots(2, 3)
    pictures: tuple[Callable[..., Any], ...] = (
        found.plot_confusion,
        found.plot_errors,
        found.plot_calibration,
        found.plot_roc,
        found.plot_precision_recall,
        found.plot_trust,
    )
    curves = not np.isnan(found.class_auc).all()
    for ax, draw in zip(axes.flat, pictures, strict=True):
        if draw in (found.plot_roc, found.plot_precision_recall) and not curves:
            ax.set_axis_off()
            ax.text(0.5, 0.5, "examples of one class only: no curve", ha="center", va="center")
        else:
            draw(ax)
    return axes
