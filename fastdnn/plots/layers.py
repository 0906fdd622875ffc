"""Histograms of what the layers of a network give: deck 004's figure of ten layers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, grid_for

if TYPE_CHECKING:
    from fastdnn.diagnose.layer_statistics import LayerStatistics

_ACROSS = 5  # panels in a row


def layers(found: "LayerStatistics", ax: Any = None) -> np.ndarray:
    """Draw a histogram of the outputs of each layer, in the order of the network.

    Args:
        found: what `fastdnn.diagnose.layer_statistics` gave.
        ax: an array of at least as many axes as there are layers; None makes a figure of its own.

    Returns:
        The axes of the layers.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: fewer axes than layers.

    Source: deck 004, "Random Initialization of Weights".

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((4,)), fd.layers.Dense(8), fd.layers.Dense(8)], seed=0)
    >>> axes = fd.diagnose.layer_statistics(model, np.eye(4)).plot()
    >>> axes[1].get_title()
    'dense_1'
    """
    count = len(found.layers)
    panels = _panels(count) if ax is None else np.array(ax, dtype=object).ravel()
    if len(panels) < count:
        raise ValueError(expected("layers", f"axes for {count} layers", len(panels)))
    for place, (layer, axes) in enumerate(zip(found.layers, panels, strict=False)):
        edges = np.linspace(layer.low, layer.high, len(layer.histogram) + 1)
        shares = np.array(layer.histogram)
        if layer.high > layer.low and np.isfinite(shares).all():
            axes.stairs(shares, edges, fill=True, color=COLOURS[0])
        else:
            told = f"all {layer.low:.3g}" if layer.low == layer.high else "not finite"
            axes.text(0.5, 0.5, told, transform=axes.transAxes, ha="center")
        axes.set_title(layer.name, fontsize=9)
        axes.tick_params(labelsize=8.2)
        axes.locator_params(nbins=4)
        axes.set_xlabel(f"{layer.mean:.2g} ± {layer.std:.2g}", fontsize=8.5)
        if place % _ACROSS == 0:
            axes.set_ylabel("share of outputs", fontsize=8.5)
    for axes in panels[count:]:
        axes.set_axis_off()
    return panels[:count]


def _panels(count: int) -> np.ndarray:
    """Axes of a figure of their own, so many and the rest of the last row."""
    across, down = min(count, _ACROSS), -(-count // _ACROSS)
    panels = grid_for("layers", None, down, across, (2.0 * max(across, 3), 1.9 * down + 0.3))
    panels[0, 0].figure.suptitle("outputs of each layer, and their mean ± standard deviation", fontsize=10)
    return panels.ravel()
