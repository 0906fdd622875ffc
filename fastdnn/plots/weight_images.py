"""The weights of a first layer as images: what each unit looks for."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.checks import whole
from fastdnn.errors import expected, unknown_name
from fastdnn.network import Network
from fastdnn.plots.figure import SEQUENTIAL, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "weight_images"
_GAP = 1  # pixels between images


def weight_images(
    model: Any,
    ax: "Axes | None" = None,
    *,
    layer: str | None = None,
    shape: tuple[int, int] | None = None,
    count: int = 36,
) -> "Axes":
    """Draw the weights into each unit of a layer as an image, a pixel for each input.

    Bright pixels speak for the unit, dark ones against it; each image is divided by its largest weight.
    Units whose images are noise have learnt little: too few examples or epochs, or too little
    regularisation.

    Args:
        model: a built model, or its kernel, an array (inputs, units).
        ax: where to draw; None makes a figure.
        layer: the name of a layer with a kernel, default the first.
        shape: (height, width) of an image; default a square.
        count: how many units, those of the largest norm, in their order; default 36.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: Stanford's CS231n, "Understanding and Visualizing Convolutional Neural Networks".

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> ax = fd.plots.weight_images(np.eye(16), count=4)
    >>> ax.get_title()
    '4 of 16 units, 4 × 4 weights each'
    """
    kernel = _kernel(model, layer)
    height, width = _shape(shape, len(kernel))
    norms = np.linalg.norm(kernel, axis=0)
    shown = np.sort(np.argsort(-norms, kind="stable")[: whole(_WHERE, "count", count, 1)])
    axes = axes_for(_WHERE, ax, (6, 5))
    tiles = _tiles(kernel[:, shown].T.reshape(-1, height, width))
    image = axes.imshow(tiles, cmap=SEQUENTIAL, vmin=-1, vmax=1, interpolation="nearest")
    axes.figure.colorbar(image, ax=axes, label="weight / largest of its unit (no unit)", ticks=[-1, 0, 1])
    axes.set_axis_off()
    axes.set_title(f"{len(shown)} of {kernel.shape[1]} units, {height} × {width} weights each")
    return axes


def _kernel(model: Any, layer: str | None) -> np.ndarray:
    if isinstance(model, np.ndarray):
        kernel = model
    elif isinstance(model, Network):
        kernel = _kernel_of(model, layer)
    else:
        raise ValueError(expected(_WHERE, "a model, or its kernel (inputs, units)", type(model).__name__))
    if kernel.ndim != 2 or not kernel.size or kernel.dtype.kind not in "fiu":
        got = f"{kernel.dtype} of shape {kernel.shape}"
        raise ValueError(expected(_WHERE, "a kernel (inputs, units) of real numbers", got))
    if not np.isfinite(kernel).all():
        raise ValueError(expected(_WHERE, "finite weights", "NaN or infinity"))
    return kernel.astype(np.float64)


def _kernel_of(model: Network, layer: str | None) -> np.ndarray:
    _ = model.graph  # which says so where the model is not built
    names = [name for name in model.weights.weights if name.endswith("/kernel")]
    kernels = {name.removesuffix("/kernel"): name for name in names}
    if not kernels:
        raise ValueError(expected(_WHERE, "a model with a dense layer", "none"))
    name = next(iter(kernels)) if layer is None else layer
    if name not in kernels:
        raise unknown_name(_WHERE, "a layer with a kernel", name, kernels)
    return model.weights.read(kernels[name])


def _shape(given: Any, inputs: int) -> tuple[int, int]:
    if given is None:
        side = math.isqrt(inputs)
        if side * side != inputs:
            hint = "give shape=(height, width)"
            raise ValueError(expected(_WHERE, "a square number of inputs", inputs, hint))
        return side, side
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise ValueError(expected(_WHERE, "shape as (height, width)", repr(given)))
    height, width = (whole(_WHERE, "shape", each, 1) for each in given)
    if height * width != inputs:
        raise ValueError(expected(_WHERE, f"a shape of {inputs} pixels, one for each input", repr(given)))
    return height, width


def _tiles(images: np.ndarray) -> np.ndarray:
    """(n, height, width) -> one image, NaN between them."""
    n, height, width = images.shape
    columns = math.ceil(math.sqrt(n))
    rows = -(-n // columns)
    tall, wide = height + _GAP, width + _GAP
    tiles = np.full((rows * tall - _GAP, columns * wide - _GAP), np.nan)
    for index, image in enumerate(images):
        top, left = index // columns * tall, index % columns * wide
        tiles[top : top + height, left : left + width] = image / (np.abs(image).max() or 1.0)
    return tiles
