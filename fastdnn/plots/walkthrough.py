"""The steps of a walkthrough, a panel each."""

from typing import Any

import numpy as np

from fastdnn.diagnose.walkthrough import Walkthrough
from fastdnn.errors import expected
from fastdnn.plots.figure import grid_for
from fastdnn.tune.study import Study


def walkthrough(found: Walkthrough, axes: Any = None) -> np.ndarray:
    """Draw rows learnt by heart, the range test, the learning curves and the errors; between them, where
    there were trials, their scores and the importance of their parameters.

    Args:
        found: the result.
        axes: an array of four axes, with trials six; None makes a figure of its own, without a window.

    Returns:
        The axes (2, 2), or (3, 2).

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no such result, or there are not as many axes.
    """
    where = "plots.walkthrough"
    if not isinstance(found, Walkthrough):
        raise ValueError(expected(where, "what diagnose.walkthrough gave", repr(found)))
    rows = 2 if found.study is None else 3
    panels = grid_for(where, axes, rows, 2, (9.4, 3.5 * rows))
    found.subset.plot(panels.flat[0])
    found.rates.plot(panels.flat[1])
    if found.study is not None:
        found.study.plot("scores", panels.flat[2])
        if _can_be_weighed(found.study):
            found.study.plot("importance", panels.flat[3])
        else:
            _leave_out(panels.flat[3], "too few trials to weigh the parameters")
    found.curve.plot(panels.flat[-2])
    if found.errors is None:
        _leave_out(panels.flat[-1], "the network gives numbers that are not finite")
    else:
        found.errors.plot(panels.flat[-1])
    return panels


def _can_be_weighed(study: Study) -> bool:
    try:
        study.importances()
    except ValueError:
        return False
    return True


def _leave_out(panel: Any, why: str) -> None:
    panel.set_axis_off()
    panel.set_title(why)
