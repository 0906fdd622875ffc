"""ROC curves, beside the diagonal of scores that know nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastdnn.data.table import shortened
from fastdnn.diagnose.roc import RocCurve
from fastdnn.errors import expected
from fastdnn.plots.figure import axes_for, dress, legend_beside, plain_look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "plots.roc_curve"


def roc_curve(found: Mapping[str, RocCurve], ax: "Axes | None" = None) -> "Axes":
    """Draw the share of positives found by the share of false alarms.

    Args:
        found: curves of `diagnose.roc_curve` by name.
        ax: where to draw; None makes a figure of its own.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is none.

    >>> import fastdnn as fd
    >>> ax = fd.diagnose.roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).plot(label="model")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['model: area 0.750', 'chance: area 0.5']
    """
    if not found or not all(isinstance(curve, RocCurve) for curve in found.values()):
        raise ValueError(expected(_WHERE, "curves of diagnose.roc_curve by name", repr(found)))
    axes = axes_for(_WHERE, ax, (7, 4.5))
    for index, (name, curve) in enumerate(found.items()):
        axes.plot(
            curve.false_positive_rate,
            curve.true_positive_rate,
            label=f"{shortened(name)}: area {curve.auc:.3f}",
            **plain_look(index),
        )
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle=":", label="chance: area 0.5")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    dress(
        axes, "false alarms (share of negative examples)", "found (share of positive examples)", "ROC curve"
    )
    legend_beside(axes, ax)
    return axes
