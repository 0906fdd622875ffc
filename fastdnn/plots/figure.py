"""The look that all pictures share, and figures that belong to nobody: they go with the last reference to
them, and open no window."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.errors import expected

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

# Okabe & Ito, "Color universal design", 2008: told apart by any kind of colour vision; in grey by the styles.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
# Told apart by these where colours cannot be; 7, 5 and 11 meet again after 385 lines.
LINE_COLOURS = (*COLOURS, "#000000")
LINE_STYLES = STYLES[:5]
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo", "--")  # of bars and areas
MARKED = 12  # places of a curve: enough to be followed, few enough to see the line
UNITS = {"accuracy": "share of examples", "learning_rate": "no unit"}
SEQUENTIAL = "cividis"  # brighter is more, for any kind of colour vision and in grey


def new_axes(where: str, inches: tuple[float, float]) -> "Axes":
    """Axes of a figure of its own.

    Args:
        where: of the error.
        inches: width, height; at most 10 wide, so that letters of 9 points can be read at 800 pixels.

    Raises:
        ImportError: matplotlib is not installed.

    >>> from fastdnn.plots.figure import new_axes
    >>> new_axes("example", (7, 4.5)).get_xlabel()
    ''
    """
    return _new_figure(where, inches).add_subplot()


def axes_for(where: str, ax: "Axes | None", inches: tuple[float, float]) -> "Axes":
    """The axes that were given, or new ones.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: `ax` is something else.

    >>> from fastdnn.plots.figure import axes_for, new_axes
    >>> axes = new_axes("example", (7, 4.5))
    >>> axes_for("example", axes, (9, 5)) is axes
    True
    """
    if ax is None:
        return new_axes(where, inches)
    if not _is_axes(where, ax):
        raise ValueError(expected(where, "ax as one Axes of matplotlib", _named(ax)))
    return ax


def grid_for(
    where: str, ax: Any, rows: int, columns: int, inches: tuple[float, float], **options: Any
) -> np.ndarray:
    """Panels (rows, columns): those that were given, or new ones.

    Args:
        where: of the errors.
        ax: None, or as many Axes, in an array or list of any shape.
        rows: of panels; so are columns.
        columns: of panels.
        inches: width, height of the whole figure; panels of equal aspect need some height to spare.
        options: of `Figure.subplots`, such as sharex.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: `ax` is something else.

    >>> from fastdnn.plots.figure import grid_for
    >>> grid_for("example", None, 2, 3, (9, 5)).shape
    (2, 3)
    """
    if ax is None:
        panels: np.ndarray = _new_figure(where, inches).subplots(rows, columns, squeeze=False, **options)
        return panels
    given = np.empty(0, object) if isinstance(ax, str) else np.array(ax, object).ravel()
    if given.size != rows * columns or not all(_is_axes(where, each) for each in given):
        wanted = f"ax as {rows * columns} Axes of matplotlib, such as Figure().subplots({rows}, {columns})"
        raise ValueError(expected(where, wanted, _named(ax)))
    return given.reshape(rows, columns)


def grid_shape(panels: int, columns: int) -> tuple[int, int]:
    """Rows and columns for so many panels, with as few empty places as can be.

    >>> from fastdnn.plots.figure import grid_shape
    >>> grid_shape(3, 4), grid_shape(6, 4), grid_shape(7, 4)
    ((1, 3), (2, 3), (2, 4))
    """
    rows = -(-panels // columns)
    return rows, -(-panels // rows)


def label_edges(panels: np.ndarray, used: int) -> None:
    """Labels at the edges of a grid only, and the places after so many panels left out.

    >>> from fastdnn.plots.figure import grid_for, label_edges
    >>> panels = grid_for("example", None, 2, 2, (5, 5))
    >>> for panel in panels.ravel():
    ...     _ = panel.set_xlabel("x")
    >>> label_edges(panels, 3)
    >>> [panel.get_xlabel() for panel in panels.ravel()[:3]]
    ['', 'x', 'x']
    """
    columns = panels.shape[1]
    for index, panel in enumerate(panels.ravel()):
        if index >= used:
            panel.remove()
            continue
        if index + columns < used:
            panel.set_xlabel("")
        if index % columns:
            panel.set_ylabel("")


def plain_look(index: int) -> dict[str, Any]:
    """Colour and style of a line without markers, its own among six.

    >>> from fastdnn.plots.figure import plain_look
    >>> plain_look(6) == plain_look(0), plain_look(1)["linestyle"]
    (True, '--')
    """
    place = index % len(COLOURS)
    return {"color": COLOURS[place], "linestyle": STYLES[place], "linewidth": 2}


def look(index: int, points: int = 0) -> dict[str, Any]:
    """Colour, style and marker of a line, its own among 385; of `points` points, some are marked.

    >>> from fastdnn.plots.figure import look
    >>> look(1)["linestyle"], look(2, points=100)["markevery"]
    ('--', (2, 8))
    """
    every = max(1, points // MARKED)
    marked = {"markevery": (index % every, every)} if points else {}
    return {
        "color": LINE_COLOURS[index % len(LINE_COLOURS)],
        "linestyle": LINE_STYLES[index % len(LINE_STYLES)],
        "marker": MARKERS[index % len(MARKERS)],
        "markersize": 5,
        "markerfacecolor": "white" if index % 2 else None,
        **marked,
    }


def with_unit(figure: str) -> str:
    """A figure of a history as an axis names it.

    >>> from fastdnn.plots.figure import with_unit
    >>> with_unit("accuracy"), with_unit("r2_score")
    ('accuracy (share of examples)', 'r2 score')
    """
    return figure.replace("_", " ") + (f" ({UNITS[figure]})" if figure in UNITS else "")


def dress(axes: "Axes", x: str, y: str, title: str = "") -> None:
    """Labels with their units, a title, and a pale grid behind the data."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if title:
        axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)


def legend_beside(axes: "Axes", given: object = None, **options: Any) -> "Legend":
    """A legend beside the axes, where it covers nothing; within them, where least is covered, if they were
    `given`: beside them it would squeeze a panel of the caller's, or be cut off.

    >>> from fastdnn.plots.figure import legend_beside, new_axes
    >>> axes = new_axes("example", (7, 4.5))
    >>> line = axes.plot([0, 1], label="a line")
    >>> [text.get_text() for text in legend_beside(axes).get_texts()]
    ['a line']
    """
    look = {"handlelength": 3.5, **options}
    if given is not None or axes.figure.get_layout_engine() is None:
        return axes.legend(**look)
    return axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0, **look)


def legend_for(axes: "Axes", given: object) -> "Legend":
    """A legend beside the axes of a figure of our own; within those that were `given`, where a row of panels
    has no room beside them: small, where it covers least, and not quite opaque.

    >>> from fastdnn.plots.figure import legend_for, new_axes
    >>> axes = new_axes("example", (7, 4.5))
    >>> line = axes.plot([0, 1], label="a line")
    >>> legend_for(axes, axes).get_frame().get_alpha()
    0.8
    """
    if given is None:
        return legend_beside(axes)
    return axes.legend(loc="best", fontsize=8, handlelength=2.5, framealpha=0.8)


def legend_above(panels: np.ndarray, given: object) -> None:
    """One legend for all panels, above them; within the first where the panels were `given`.

    >>> from fastdnn.plots.figure import grid_for, legend_above
    >>> panels = grid_for("example", None, 1, 2, (9, 4))
    >>> line = panels[0, 0].plot([0, 1], label="a line")
    >>> legend_above(panels, None)
    >>> len(panels[0, 0].figure.legends)
    1
    """
    first = panels.flat[0]
    if given is not None:
        first.legend()
        return
    handles, labels = first.get_legend_handles_labels()
    first.figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)


def _new_figure(where: str, inches: tuple[float, float]) -> "Figure":
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
    return figure


def _is_axes(where: str, value: object) -> bool:
    try:
        from matplotlib.axes import Axes
    except ModuleNotFoundError:
        new_axes(where, (1, 1))  # says how it is installed
        raise
    return isinstance(value, Axes)


def _named(ax: object) -> str:
    """What was given, in a word or two."""
    count = getattr(ax, "size", None) or (len(ax) if isinstance(ax, list | tuple) else None)
    return f"{type(ax).__name__} of {count}" if isinstance(count, int) else type(ax).__name__
