"""The steps of a walkthrough, a panel each."""

from typing import Any

import numpy as np

from fastdnn.diagnose.walkthrough import Walkthrough
from fastdnn.errors import expected
from fastdnn.plots.figure import grid_for


def walkthrough(found: Walkthrough, axes: Any = None) -> np.ndarray:
    """Draw rows learnt by heart, the range test, the learning curves and the errors.

    Args:
        found: the result.
        axes: an array of four axes; None makes a figure of its own, without a window.

    Returns:
        The axes (2, 2).

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no such result, or there are not four axes.
    """
    where = "plots.walkthrough"
    if not isinstance(found, Walkthrough):
        raise ValueError(expected(where, "what diagnose.walkthrough gave", repr(found)))
    panels = grid_for(where, axes, 2, 2, (9.4, 7))
    for panel, result in zip(
        panels.flat, (found.subset, found.rates, found.curve, found.errors), strict=True
    ):
        if result is None:
            panel.set_axis_off()
            panel.set_title("the network gives numbers that are not finite")
        else:
            result.plot(panel)
    return panels
