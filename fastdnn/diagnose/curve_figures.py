"""What numbers say of a curve: how far it fell, how it jumps, whether it goes on.

A curve is an array (epochs,) of something that should become small, finite.
"""

from dataclasses import dataclass

import numpy as np

from fastdnn.callbacks.monitored_figure import higher_is_better

EXPLODED = 3.0  # a first value so far above the second one is no measure of what comes later
_SMALLEST = 1e-9  # of the highest value: what a first one of 0 is taken for
_TINY = float(np.finfo(np.float64).tiny)


def as_cost(name: str, values: np.ndarray) -> np.ndarray:
    """The curve such that less is better, and 0 the best there can be where that is known: 1 - accuracy.

    >>> import numpy as np
    >>> from fastdnn.diagnose.curve_figures import as_cost
    >>> as_cost("val_accuracy", np.array([0.5, 0.75]))
    array([0.5 , 0.25])
    """
    return 1 - values if higher_is_better(name) else values


def above_floor(*curves: np.ndarray) -> tuple[np.ndarray, ...]:
    """Curves, shifted so that none is below 0: the measures below are relative to where a curve began."""
    low = min(0.0, *(float(curve.min()) for curve in curves if curve.size))
    return tuple(curve - low for curve in curves)


@dataclass(frozen=True)
class Shape:
    """How a curve goes; relative to its first value, where nothing else is said.

    fall: (first - last) / first.
    least: the lowest value.
    peak: the highest value.
    jitter: how far it goes up and down again: the mean of min(|a|, |b|) over the neighbouring changes a, b
        of opposite signs; of a curve that only falls, or turns once, 0 or nearly so. By the second value
        where the first one is more than three times that.
    wobble: the same by the median of the curve, not by its first value.
    later_fall: from the second value to the last third's median, by the second.
    straight: the fall of the second half by that of the first: 1 of a straight line, near 0 of one that has
        settled.
    late_fall: in the last third.
    late_level: the median of the last third.
    """

    epochs: int
    fall: float
    least: float
    peak: float
    jitter: float
    wobble: float
    later_fall: float
    straight: float
    late_fall: float
    late_level: float


def shape_of(curve: np.ndarray) -> Shape:
    """The figures of a finite curve of at least two epochs.

    >>> import numpy as np
    >>> from fastdnn.diagnose.curve_figures import shape_of
    >>> found = shape_of(np.array([1.0, 0.9, 0.8, 0.7, 0.6]))
    >>> round(found.fall, 3), round(found.jitter, 3), round(found.straight, 3)
    (0.4, 0.0, 1.0)
    """
    scaled = curve / start_of(curve)
    half, third = len(curve) // 2, late(len(curve))
    first = scaled[0] - scaled[half]
    return Shape(
        len(curve),
        float(scaled[0] - scaled[-1]),
        float(scaled.min()),
        float(scaled.max()),
        jitter(scaled) / (float(scaled[1]) if 0 < scaled[1] * EXPLODED < 1 else 1.0),
        jitter(scaled) / max(float(np.median(scaled)), _TINY),
        float((scaled[1] - np.median(scaled[-third:])) / max(scaled[1], _TINY)),
        float((scaled[half] - scaled[-1]) / first) if first > 0 else 0.0,
        float(scaled[-third - 1] - scaled[-1]) if len(curve) > third else 0.0,
        float(np.median(scaled[-third:])),
    )


def start_of(curve: np.ndarray) -> float:
    """The value by which others are measured: the first one, > 0 also of a curve that begins at 0."""
    return max(float(curve[0]), _SMALLEST * float(curve.max())) or 1.0


def late(epochs: int) -> int:
    """How many epochs the last third has."""
    return max(1, epochs // 3)


def jitter(curve: np.ndarray) -> float:
    """See `Shape`."""
    change = np.diff(curve)
    if len(change) < 2:
        return 0.0
    turns = change[:-1] * change[1:] < 0
    return float((np.minimum(np.abs(change[:-1]), np.abs(change[1:])) * turns).mean())
