"""How a network looked inside while it was trained."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, LINE_STYLES, MARKED, MARKERS, grid_for, legend_beside

if TYPE_CHECKING:
    from fastdnn.callbacks.monitor import Monitor

_IDEAL, _OKAY = 1e-3, 1e-2  # deck 004, "Tracking the weights also helps"


def monitor(found: "Monitor", ax: Any = None) -> np.ndarray:
    """Draw what a `Monitor` saw: the ratio of update to weight of each layer's kernel with the ideal 0.001,
    the norms of its gradients, the dead and saturated units, and mean ± standard deviation of what layers
    give, in the first sample and the last.

    Args:
        found: a monitor that has been through a fit.
        ax: four axes; None makes a figure of its own.

    Returns:
        The four axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no samples, or not four axes.

    Source: deck 004, "Tracking the weights also helps".

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(16, activation="relu"),
    ...                        fd.layers.Dense(10)], seed=0)
    >>> model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> watching = fd.callbacks.Monitor(every=10)
    >>> _ = model.fit(x / 16, y, callbacks=[watching])
    >>> [axes.get_title() for axes in watching.plot()][0]
    'update / weight'
    """
    samples = found.samples
    if not samples:
        raise ValueError(expected("monitor", "samples", "none", "give it to fit(callbacks=[monitor]) first"))
    panels = grid_for("monitor", ax, 2, 2, (10, 7)).ravel()
    looks = _looks(found)
    _draw_norms(panels[0], found, "ratio", looks)
    _draw_norms(panels[1], found, "gradient_norm", looks)
    _draw_shares(panels[2], found, looks)
    _draw_outputs(panels[3], found, ax)
    panels[0].axhline(_IDEAL, color="black", linewidth=1.2, zorder=1)
    panels[0].axhline(_OKAY, color="black", linewidth=1.0, linestyle=(0, (1, 2)), zorder=1)
    panels[0].set(title="update / weight", ylabel="‖Δθ‖ / ‖θ‖ of kernels")
    panels[1].set(title="gradients", ylabel="‖dL/dθ‖ of kernels")
    legend_beside(panels[1], ax, fontsize=8.5, title="layer")
    for axes in panels[:3]:
        axes.set_xlabel("step of the optimiser")
    for axes in panels:
        axes.grid(alpha=0.3)
    for value, text in ((_IDEAL, "ideal"), (_OKAY, "okay")):  # beside the axes, where no line is
        where = {"xycoords": ("axes fraction", "data"), "xytext": (3, 0), "textcoords": "offset points"}
        panels[0].annotate(text, (1.0, value), va="center", fontsize=8.5, **where)
    return panels


def _looks(found: "Monitor") -> dict[str, dict[str, Any]]:
    """Of each layer, from dark to light down the network, its own in all panels: colours by depth, so that
    ten layers stay in order, and styles, since grey has no colours.
    """
    from matplotlib import colormaps

    names = list(found.layout.layers)
    colours = colormaps["viridis"](np.linspace(0.0, 0.92, max(len(names), 2)))
    every = max(1, len(found.samples["step"]) // MARKED)
    return {
        name: {
            "color": colours[i],
            "linestyle": LINE_STYLES[i % len(LINE_STYLES)],
            "linewidth": 1.5,
            "marker": MARKERS[i % len(MARKERS)],
            "markersize": 4,
            "markevery": (i % every, every),
        }
        for i, name in enumerate(names)
    }


def _draw_norms(axes: Any, found: "Monitor", figure: str, looks: dict[str, dict[str, Any]]) -> None:
    """A line for each layer that has a kernel that is trained."""
    samples = found.samples
    drawn = False
    for name, layer in found.layout.layers.items():
        kernels = [kernel for kernel in layer.kernels if f"{figure}/{kernel}" in samples]
        if not kernels:
            continue
        values = samples[f"{figure}/{kernels[0]}"]
        shown = np.where(np.isfinite(values) & (values > 0), values, np.nan)
        axes.plot(samples["step"], shown, label=name, **looks[name])
        drawn = drawn or bool(np.isfinite(shown).any())
    if drawn:
        axes.set_yscale("log")


def _draw_shares(axes: Any, found: "Monitor", looks: dict[str, dict[str, Any]]) -> None:
    """Dead units of ReLUs, saturated outputs of sigmoids."""
    samples, drawn = found.samples, False
    for name, layer in found.layout.layers.items():
        kind = {"relu": "dead", "sigmoid": "saturated", "tanh": "saturated"}.get(layer.activation)
        if kind is None or f"{kind}/{name}" not in samples:
            continue
        values = samples[f"{kind}/{name}"]
        axes.plot(samples["step"], values, **looks[name])
        drawn = True
    if not drawn:
        axes.text(0.5, 0.5, "no ReLU, sigmoid or tanh", transform=axes.transAxes, ha="center")
    axes.set(
        title="dead ReLUs, saturated sigmoids and tanhs", ylabel="share of the layer", ylim=(-0.03, 1.03)
    )


def _draw_outputs(axes: Any, found: "Monitor", given: Any) -> None:
    """Mean ± standard deviation by layer, of the first sample beside the last."""
    samples = found.samples
    names = [name for name in found.layout.layers if f"mean/{name}" in samples]
    places = np.arange(len(names))
    for index, (which, shift) in enumerate(((0, -0.12), (-1, 0.12))):
        axes.errorbar(
            places + shift,
            [samples[f"mean/{name}"][which] for name in names],
            [samples[f"std/{name}"][which] for name in names],
            fmt="so"[index],
            color=COLOURS[index],
            markersize=4,
            capsize=3,
            linewidth=1.2,
            label=f"step {samples['step'][which]}",
        )
    axes.set_xticks(
        places, names, rotation=40 if len(names) > 4 else 0, ha="right" if len(names) > 4 else "center"
    )
    axes.tick_params(axis="x", labelsize=8.5)
    axes.set(title="what layers give", ylabel="mean ± standard deviation")
    legend_beside(axes, given, fontsize=8.5, handlelength=2)
