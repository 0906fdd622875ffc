"""Figures for tests, which are skipped where matplotlib is not installed."""

import pytest

pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `test`")

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure as _Figure  # noqa: E402


def Figure(**options):  # noqa: N802
    """One with a canvas that draws pixels."""
    figure = _Figure(**options)
    FigureCanvasAgg(figure)
    return figure
