"""Activation functions and their derivatives."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.activations import Activation
from fastdnn.activations import check as check_name
from fastdnn.checks import number
from fastdnn.errors import expected
from fastdnn.layers import Activation as ActivationLayer
from fastdnn.layers import Input, Layer
from fastdnn.plots.figure import (
    COLOURS,
    axes_for,
    dress,
    grid_for,
    grid_shape,
    label_edges,
    legend_above,
    legend_beside,
    look,
)
from fastdnn.sequential import Sequential

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "activations"
_POINTS = 401  # an odd number: the kinks at 0 are seen
_OF_ROWS = ("softmax", "log_softmax", "logistic_normalize")
_DECKS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus")


def activations(
    names: "Sequence[Activation | Layer]" = _DECKS,
    ax: Any = None,
    *,
    together: bool = False,
    derivatives: bool = True,
    bounds: tuple[float, float] = (-5.0, 5.0),
) -> Any:
    """Draw activation functions a(x) and their derivatives da/dx, as the engine computes them, in float64.

    Where a derivative is near 0 the unit is saturated, and nothing is learnt below it; at a kink it jumps.

    Args:
        names: of `fastdnn.activations`, functions of it, or layers that work element by element, such as
            `layers.LeakyReLU(0.3)`; default those of the decks and three newer ones.
        ax: where to draw: with `together` one Axes, else as many as there are names; None makes a figure.
        together: all functions in one picture, and the derivatives dashed; else a panel for each.
        derivatives: whether they are drawn.
        bounds: the lowest and the highest x, default -5 and 5.

    Returns:
        One Axes, or an array (rows, columns) of them.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit; softmax and its like depend on all features of a row.

    Source: deck 004, "Recap: Activation Functions", "Historically the most popular choice: Sigmoid".

    >>> import fastdnn as fd
    >>> panels = fd.plots.activations(["sigmoid", fd.layers.LeakyReLU(0.3)])
    >>> [panel.get_title() for panel in panels.ravel()]
    ['sigmoid', 'LeakyReLU(0.3)']
    >>> ax = fd.plots.activations(["tanh", "relu"], together=True, derivatives=False)
    >>> [line.get_label() for line in ax.get_lines()]
    ['tanh', 'relu']
    """
    x = _points(bounds)
    curves = _curves(names, x)
    if together:
        axes = axes_for(_WHERE, ax, (8.5, 4.5))
        _draw_together(axes, x, curves, derivatives)
        return axes
    rows, columns = grid_shape(len(curves), 4)
    panels = grid_for(_WHERE, ax, rows, columns, (2.4 * max(columns, 2), 2.3 * rows + 0.3))
    for panel, (name, (a, da)) in zip(panels.ravel(), curves.items(), strict=False):
        panel.plot(x, a, color=COLOURS[0], linewidth=2, label="a(x)")
        if derivatives:
            panel.plot(*_broken(x, da), color=COLOURS[1], linestyle="--", linewidth=1.8, label="da/dx")
        dress(panel, "x", "a, da/dx" if derivatives else "a", name)
    label_edges(panels, len(curves))
    if derivatives:
        legend_above(panels, ax)
    return panels


def _points(bounds: Any) -> np.ndarray:
    if not isinstance(bounds, Sequence) or isinstance(bounds, str) or len(bounds) != 2:
        raise ValueError(expected(_WHERE, "bounds as two numbers", repr(bounds)))
    low = number(_WHERE, "bounds[0]", bounds[0])
    return np.linspace(low, number(_WHERE, "bounds[1]", bounds[1], low, ends="()"), _POINTS)


def _curves(names: Any, x: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """{title: (a, da/dx)}."""
    one = isinstance(names, str | Layer) or callable(names)
    wanted = [names] if one else list(names) if isinstance(names, Sequence) else []
    if not wanted:
        raise ValueError(expected(_WHERE, "names of activations", repr(names)))
    curves = {}
    for each in wanted:
        layer = _as_layer(each)
        curves[_title(layer)] = _value_and_slope(layer, x)
    return curves


def _as_layer(given: Any) -> Layer:
    if isinstance(given, Layer):
        return copy.deepcopy(given)  # the caller's stays as it is
    name = check_name(_WHERE, given)
    if name in _OF_ROWS:
        raise ValueError(expected(_WHERE, "a function of one number", repr(name), "it is one of a whole row"))
    return ActivationLayer(name)


def _title(layer: Layer) -> str:
    if isinstance(layer, ActivationLayer):
        return layer.activation
    given = {k: v for k, v in layer.get_config().items() if isinstance(v, float) and k != "name"}
    return f"{type(layer).__name__}({', '.join(f'{value:g}' for value in given.values())})"


class _Sum:
    """The loss Σ a, whose gradient with respect to x is da/dx, times 1/n of the mean over the rows."""

    name = "sum"
    target_width = 1

    def value_and_gradient(self, y: np.ndarray, y_hat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return y_hat[:, 0].copy(), np.ones_like(y_hat)


def _value_and_slope(layer: Layer, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    column = x[:, None]
    model = Sequential([Input((1,), name="x"), layer], seed=0, dtype="float64")
    if model.output_shape != (None, 1):
        got = f"{type(layer).__name__} with {model.output_shape[1]} outputs of one input"
        raise ValueError(expected(_WHERE, "layers that work element by element", got))
    model.compile("sgd", _Sum())
    _, gradients = model.loss_and_gradients(column, np.zeros(len(x)), inputs=True, training=False)
    return model.predict(column, verbose=0)[:, 0], len(x) * gradients["x"][:, 0]


def _broken(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The curve with a gap where it jumps: a derivative has no value between the two sides of a kink."""
    steps = np.abs(np.diff(y))
    jumps = np.flatnonzero(steps > 0.05 + 10 * np.median(steps)) + 1
    return np.insert(x, jumps, np.nan), np.insert(y, jumps, np.nan)


def _draw_together(axes: "Axes", x: np.ndarray, curves: dict[str, Any], derivatives: bool) -> None:
    for index, (name, (a, da)) in enumerate(curves.items()):
        own = look(index, len(x))
        axes.plot(x, a, label=name, linewidth=1.8, **own)
        if derivatives:
            pale = own | {"linestyle": ":", "alpha": 0.8}
            axes.plot(*_broken(x, da), label=f"{name}, da/dx", linewidth=1.3, **pale)
    dress(axes, "x", "a, da/dx" if derivatives else "a")
    legend_beside(axes)
