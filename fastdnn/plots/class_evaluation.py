"""All pictures of a classifier on one page."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdnn.diagnose.class_evaluation import ClassEvaluation
from fastdnn.errors import expected
from fastdnn.plots.figure import grid_for

_WHERE = "plots.class_evaluation"
_INCHES = (12.0, 15.0)  # at 800 pixels, too, letters can be read


def class_evaluation(found: ClassEvaluation) -> Any:
    """See `fastdnn.diagnose.ClassEvaluation.plot`."""
    if not isinstance(found, ClassEvaluation):
        raise ValueError(expected(_WHERE, "what diagnose.evaluate_classes found", repr(found)))
    axes = grid_for(_WHERE, None, 3, 2, _INCHES)
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
            continue
        draw(ax)
        if ax.get_legend() is not None:  # below: beside them, names of classes would squeeze the pictures
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2)
    return axes
