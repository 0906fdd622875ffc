"""Figures for tests, which are skipped where matplotlib is not installed."""

import pytest

pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `test`")

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as _Figure


def Figure(**options):  # noqa: N802
    """One with a canvas that draws pixels."""
    figure = _Figure(**options)
    FigureCanvasAgg(figure)
    return figure
