"""Figures that belong to nobody: they go with the last reference to them, and open no window."""

from typing import TYPE_CHECKING

from fastdnn.errors import expected

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito, "Color universal design", 2008: told apart by any kind of colour vision; in grey by the styles.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


def new_axes(where: str, inches: tuple[float, float]) -> "Axes":
    """Axes of a figure of its own.

    Args:
        where: of the error.
        inches: width, height.

    Raises:
        ImportError: matplotlib is not installed.

    >>> from fastdnn.plots.figure import new_axes
    >>> new_axes("example", (7, 4.5)).get_xlabel()
    ''
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        hint = 'install it with `pip install "fastdnn[plot]"`'
        raise ImportError(expected(where, "matplotlib", "none installed", hint)) from error
    figure = Figure(figsize=inches, dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()
