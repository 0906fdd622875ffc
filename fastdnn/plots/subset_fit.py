"""How a network learnt a few rows by heart, or did not."""

from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.subset_fit import SubsetFit
from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, axes_for, legend_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROOM = 1.6  # of the height of what is drawn
_FOOT = 0.04  # below it


def subset_fit(found: SubsetFit, ax: "Axes | None" = None) -> "Axes":
    """Draw what `fastdnn.diagnose.overfit_subset` found: the loss from the constant output's down to the
    floor.

    Args:
        found: the result.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no such result, or its training diverged in the first step.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((1,)), fd.layers.Dense(1)], seed=0)
    >>> model.compile(fd.optimizers.Adam(0.1), "mse")
    >>> x = np.arange(4.0)[:, None] / 4
    >>> fd.diagnose.overfit_subset(model, x, 2 * x).plot().get_xlabel()
    'epoch (one step each)'
    """
    if not isinstance(found, SubsetFit):
        raise ValueError(expected("plots.subset_fit", "what diagnose.overfit_subset found", repr(found)))
    loss = np.asarray(found.history.get("loss", []))
    if not loss.size:
        raise ValueError(expected("plots.subset_fit", "epochs to draw", "a training that diverged at once"))
    axes = axes_for("plots.subset_fit", ax, (7, 4.5))
    axes.plot(np.arange(1, len(loss) + 1), loss, color=COLOURS[0], label=f"loss of {found.rows} rows")
    levels = {"constant output": (found.baseline, "--"), "least possible": (found.floor, ":")}
    for index, (name, (level, style)) in enumerate(levels.items(), start=1):
        label = f"{name}: {level:.3g}"
        axes.axhline(level, color=COLOURS[index], linestyle=style, linewidth=1.8, label=label)
    narrow, accuracy = ax is not None, found.accuracy
    if accuracy is not None and not narrow:
        axes.plot([], [], linestyle="none", label=f"accuracy at the end: {accuracy:.3g}")
    top = 1.3 * max(found.baseline, float(np.median(loss)))
    axes.set(
        xlabel="epoch (one step each)",
        ylabel="loss",
        title=("learnt by heart" if found.reached else "not learnt")
        + (f", accuracy {accuracy:.3g}" if accuracy is not None and narrow else ""),
    )
    top = max(top, 1.1 * float(loss[-1]))
    if narrow:  # the legend is in the panel: room for it above the curve and the constant output
        top = max(top, found.floor + _ROOM * (min(float(loss.max()), top) - found.floor))
    axes.set_ylim(min(found.floor, float(loss.min())) - _FOOT * (top - found.floor), top)
    axes.grid(alpha=0.3)
    legend_for(axes, ax)
    return axes
