"""The comparison as bars: each framework's time as a multiple of fastdnn's."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastdnn.benchmark.amounts import three_digits
from fastdnn.benchmark.frameworks import TITLES
from fastdnn.benchmark.networks.row import NetworkRow
from fastdnn.benchmark.report import Report
from fastdnn.errors import expected
from fastdnn.io.files import replacing
from fastdnn.plots.figure import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe & Ito, "Color universal design", 2008, and grey for ourselves, who are the line at 1.
_COLOURS = {"torch": "#D55E00", "jax": "#0072B2", "sklearn": "#E69F00", "onnxruntime": "#009E73"}
_OTHERS = "#CC79A7"
_BAR = 0.8  # of the height of a bar's place
_GAP = 0.9  # places between rows
_INCHES = 0.2  # of a place


def check(path: str | os.PathLike[str]) -> None:
    """See, before the work is done, that a figure can be drawn.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the file's name does not end in .png, .svg or .pdf.

    >>> from fastdnn.benchmark.networks import chart
    >>> chart.check("steps.png")
    """
    ending = Path(path).suffix.lower()
    if ending not in (".png", ".svg", ".pdf"):
        raise ValueError(expected("bench", "a plot's name that ends in .png, .svg or .pdf", repr(str(path))))
    new_axes("bench", (1, 1))


def draw(report: Report) -> "Axes":
    """Bars of all rows, on a logarithmic axis, with the multiples at their ends.

    Raises:
        ImportError: matplotlib is not installed.
    """
    rows = [row for row in report.rows if row.ratios]
    places = sum(len(row.ratios) for row in rows) + _GAP * len(rows)
    axes = new_axes("bench", (8.0, 1.4 + _INCHES * places))
    top, ticks, shown = 0.0, [], set()
    for row in rows:
        begin = top
        for name, ratio in row.ratios.items():
            label = "_" if name in shown else TITLES.get(name, name)
            shown.add(name)
            _bar(axes, top, ratio, _COLOURS.get(name, _OTHERS), label)
            top += 1
        ticks.append(((begin + top - 1) / 2, _name(row)))
        top += _GAP
    _dress(axes, rows, ticks, top)
    axes.set_title(", ".join(report.machine[name] for name in ("cpu", "unit")), fontsize=9)
    return axes


def save(report: Report, path: str | os.PathLike[str]) -> None:
    """Draw into a file, which is whole or not there.

    Raises:
        ImportError: matplotlib is not installed.
        OSError: the file cannot be written.
    """
    figure: Any = draw(report).figure
    with replacing(path, "bench") as file:
        figure.savefig(file, format=Path(path).suffix[1:].lower())


def _bar(axes: "Axes", place: float, ratio: float, colour: str, label: str) -> None:
    """From 1, to the right where fastdnn is better, with its figure beyond its end."""
    axes.barh(place, ratio - 1, left=1, height=_BAR, color=colour, label=label)
    right = ratio >= 1
    axes.annotate(
        f"{three_digits(ratio)}×",
        (ratio, place),
        xytext=(3 if right else -3, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        fontsize=8,
        fontweight="normal" if right else "bold",
    )


def _name(row: NetworkRow) -> str:
    threads = f"{row.threads} thread{'s' if row.threads > 1 else ''}"
    return f"{row.family.lower()}, {row.case}, {threads}\nfastdnn {row.value_text(row.ours)}"


def _dress(axes: "Axes", rows: Sequence[NetworkRow], ticks: Sequence[tuple[float, str]], top: float) -> None:
    ratios = [ratio for row in rows for ratio in row.ratios.values()]
    axes.set_xscale("log")
    axes.set_xlim(min([0.8, *(ratio / 2 for ratio in ratios)]), 1.6 * max([2.0, *ratios]))
    axes.set_ylim(top - _GAP / 2, -1)
    axes.set_yticks([place for place, _ in ticks], [name for _, name in ticks], fontsize=8)
    axes.tick_params(axis="y", length=0)
    marks = [
        mark
        for mark in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
        if axes.get_xlim()[0] <= mark <= axes.get_xlim()[1]
    ]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.minorticks_off()
    axes.axvline(1, color="black", linewidth=1)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("time (or memory) as a multiple of fastdnn's; right of 1 fastdnn is better")
    figure: Any = axes.figure
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=9)
