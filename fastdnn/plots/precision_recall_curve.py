"""Precision-recall curves: what finding more of the positive examples costs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fastdnn.data.table import shortened
from fastdnn.diagnose.precision_recall_curve import PrecisionRecallCurve
from fastdnn.errors import expected
from fastdnn.plots.figure import axes_for, dress, legend_beside, plain_look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "plots.precision_recall_curve"


def precision_recall_curve(found: Mapping[str, PrecisionRecallCurve], ax: "Axes | None" = None) -> "Axes":
    """Draw precision by recall, as the steps that the average precision is the area under.

    Args:
        found: curves of `diagnose.precision_recall_curve` by name.
        ax: where to draw; None makes a figure of its own.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is none.

    >>> import fastdnn as fd
    >>> ax = fd.diagnose.precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).plot(label="model")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['model: average 0.833', 'chance: 0.500']
    """
    if not found or not all(isinstance(curve, PrecisionRecallCurve) for curve in found.values()):
        raise ValueError(expected(_WHERE, "curves of diagnose.precision_recall_curve by name", repr(found)))
    axes = axes_for(_WHERE, ax, (7, 4.5))
    for index, (name, curve) in enumerate(found.items()):
        axes.step(
            curve.recall,
            curve.precision,
            where="post",  # from the largest recall down: each step has the precision of its threshold
            label=f"{shortened(name)}: average {curve.average_precision:.3f}",
            **plain_look(index),
        )
    shares = np.array([curve.share for curve in found.values()])
    text = f"chance: {shares[0]:.3f}"
    if np.ptp(shares) >= 5e-4:
        text = f"chance: {shares.min():.3f} to {shares.max():.3f}"
    for share in sorted(set(shares.tolist())):
        axes.axhline(share, color="0.6", linewidth=1, linestyle=":", label=text)
        text = "_" + text
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04))
    x, y = "recall (share of positive examples found)", "precision (share right of those called positive)"
    dress(axes, x, y, "precision-recall curve")
    legend_beside(axes, ax)
    return axes
