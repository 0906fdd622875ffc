"""How far the gradient of each tensor is from finite differences, and where that begins to be wrong."""

from typing import TYPE_CHECKING, Any

from fastdnn.diagnose.gradient_check_result import GREAT, WORRY, GradientCheck, TensorCheck
from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, axes_for, legend_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "GradientCheck.plot"
_LEAST = 1e-16  # a ratio of 0 has no place on a logarithmic axis
_LOOKS = {  # told apart by the markers, too
    "great": (COLOURS[2], "o"),
    "check": (COLOURS[4], "D"),
    "worry": (COLOURS[1], "X"),
    "rounding alone": ("0.6", "|"),  # of a gradient that is 0, whatever the ratio
}


def gradient_check(found: GradientCheck, ax: "Axes | None" = None) -> "Axes":
    """See `fastdnn.diagnose.GradientCheck.plot`."""
    if not isinstance(found, GradientCheck):
        raise ValueError(expected(_WHERE, "what check_gradients found", repr(found)))
    height = 1.6 + 0.28 * len(found.tensors)
    axes = axes_for(_WHERE, ax, (9, max(2.5, min(height, 12))))
    _draw(axes, found)
    names = [tensor.name for tensor in found.tensors]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.set_xlim(_LEAST / 3, 3)
    axes.set_xlabel("‖numeric - analytic‖ / (‖numeric‖ + ‖analytic‖)")
    axes.set_title(f"gradient check: {found.verdict}, ratio {found.ratio:.1e} of all numbers together")
    axes.grid(alpha=0.3, axis="y")
    legend_beside(axes)
    return axes


def _draw(axes: "Axes", found: GradientCheck) -> None:
    """A marker for each tensor by its verdict, and the lines between the verdicts."""
    for verdict, (colour, marker) in _LOOKS.items():
        rows = [row for row, tensor in enumerate(found.tensors) if _shown(found, tensor) == verdict]
        if rows:
            ratios = [max(found.tensors[row].ratio, _LEAST) for row in rows]
            look: dict[str, Any] = {"marker": marker, "color": colour, "label": verdict}
            axes.plot(ratios, rows, linestyle="none", markersize=8, **look)
    trained = () if found.trained is None else found.trained.tensors
    if trained:
        places = {tensor.name: row for row, tensor in enumerate(found.tensors)}
        known = [tensor for tensor in trained if tensor.name in places]
        axes.plot(
            [max(tensor.ratio, _LEAST) for tensor in known],
            [places[tensor.name] for tensor in known],
            linestyle="none",
            marker="o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor="0.3",
            label=f"after {found.trained.epochs if found.trained else 0} epochs",
        )
    axes.axvline(GREAT, color="0.3", linestyle="--", linewidth=1.2, label="great up to here")
    axes.axvline(WORRY, color="0.3", linestyle=":", linewidth=1.8, label="worry from here on")


def _shown(found: GradientCheck, tensor: TensorCheck) -> str:
    """Its own verdict, that of the whole where it is one of those that cause it, or that it has none."""
    if tensor.ratio > GREAT and not tensor.is_beyond_rounding:
        return "rounding alone"
    if tensor.verdict == "great" and tensor.name in found.differing:
        return "check"
    return tensor.verdict
