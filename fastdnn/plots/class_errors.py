"""The error of each class, and how well it is known."""

from typing import TYPE_CHECKING

import numpy as np

from fastdnn.data.table import shortened
from fastdnn.diagnose.class_advice import wilson
from fastdnn.diagnose.class_evaluation import ClassEvaluation
from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, axes_for, legend_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "plots.class_errors"
_MOST = 30  # classes that are drawn: of more the worst


def class_errors(found: ClassEvaluation, ax: "Axes | None" = None) -> "Axes":
    """See `fastdnn.diagnose.ClassEvaluation.plot_errors`."""
    if not isinstance(found, ClassEvaluation):
        raise ValueError(expected(_WHERE, "what diagnose.evaluate_classes found", repr(found)))
    errors, support = found.confusion.class_error, found.confusion.counts.sum(axis=1)
    there = np.flatnonzero(support > 0)
    drawn = np.sort(there[np.argsort(-errors[there], kind="stable")][:_MOST])
    axes = axes_for(_WHERE, ax, (7, max(3.0, 1.5 + 0.28 * len(drawn))))
    rows = np.arange(len(drawn))
    counted = found.class_rows
    ends = np.array([wilson(errors[c] * counted[c], counted[c]) for c in drawn.tolist()])
    axes.barh(rows, 100 * errors[drawn], color=COLOURS[5], edgecolor="0.3", linewidth=0.5, label="error")
    axes.hlines(rows, 100 * ends[:, 0], 100 * ends[:, 1], color="black", linewidth=1.2, label="95 % interval")
    for side in (0, 1):
        axes.plot(100 * ends[:, side], rows, "|", color="black", markersize=6)
    axes.axvline(100 * found.error, color=COLOURS[1], linestyle="--", label=f"all: {100 * found.error:.2f} %")
    names = [f"{shortened(found.classes[c])} (n {support[c]:g})" for c in drawn.tolist()]
    axes.set_yticks(rows, names, fontsize=10 if len(drawn) <= 15 else 7)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("error (% of the class's examples)")
    more = "" if len(drawn) == len(there) else f", the worst {_MOST} of {len(there)}"
    axes.set_title(f"error by class{more}")
    axes.grid(axis="x", alpha=0.3)
    legend_beside(axes, ax)
    return axes
