"""The loss along a learning-rate range test."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.diagnose.rate_range import RateRange
from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, axes_for, legend_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rate_range(found: RateRange, ax: "Axes | None" = None) -> "Axes":
    """Draw what `fastdnn.diagnose.learning_rate_range` found: the loss over a logarithmic axis of rates, with
    the suggested place, where it falls fastest, and the lowest one.

    Args:
        found: the result.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no such result.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((1,)), fd.layers.Dense(1)], seed=0)
    >>> model.compile("sgd", "mse")
    >>> x = np.linspace(0, 1, 64)[:, None]
    >>> fd.diagnose.learning_rate_range(model, x, 2 * x).plot().get_xscale()
    'log'
    """
    if not isinstance(found, RateRange):
        raise ValueError(expected("plots.rate_range", "what diagnose.learning_rate_range found", repr(found)))
    axes = axes_for("plots.rate_range", ax, (7, 4.5))
    axes.plot(found.rates, found.losses, color="0.6", linewidth=0.8, label="loss of each step")
    axes.plot(found.rates, found.smoothed, color=COLOURS[0], linewidth=2, label="smoothed")
    marks = {"suggested, steepest": (found.suggested, "D"), "lowest": (found.minimum, "v")}
    for index, (name, (rate, marker)) in enumerate(marks.items(), start=1):
        height = float(np.interp(np.log(rate), np.log(found.rates), found.smoothed))
        look: dict[str, Any] = {
            "marker": marker,
            "color": COLOURS[index],
            "markersize": 9,
            "linestyle": "none",
        }
        axes.plot([rate], [height], markeredgecolor="black", label=f"{name}: {rate:.2g}", **look)
    axes.axvline(found.suggested, color=COLOURS[1], linewidth=1, linestyle=":", zorder=0)
    low, high = float(found.smoothed.min()), float(found.smoothed[: max(1, len(found.smoothed) // 4)].max())
    margin = 0.3 * (high - low) if high > low else abs(high) or 1.0
    room = 2 if ax is None else 3.5  # margins for the legend, which a narrow panel has above the curve
    axes.set_ylim(low - margin / 2, high + room * margin)  # what exploded leaves the picture
    of_step = "loss of the step, compared on equal batches" if ax is None else "loss of the step"
    axes.set(xscale="log", xlabel="learning rate (of a step)", ylabel=of_step)
    exploded = found.diverged and ax is None
    axes.set_title("learning-rate range test" + (", until the loss exploded" if exploded else ""))
    axes.grid(alpha=0.3)
    legend_for(axes, ax)
    return axes
