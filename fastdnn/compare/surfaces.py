"""Functions of two variables on which optimisers show what they are like."""

from typing import Any

import numpy as np

from fastdnn.checks import number

Point = tuple[float, float]


class Surface:
    """A smooth function f(x, y) with its gradient; subclass it for one of your own.

    name: what tables call it.
    start: where descents begin, unless told otherwise.
    minima: its lowest points; empty where they are not known.
    bounds: ((lowest x, highest x), (lowest y, highest y)) of a picture.
    """

    name: str = "surface"
    start: Point = (0.0, 0.0)
    minima: tuple[Point, ...] = ()
    bounds: tuple[Point, Point] = ((-1.0, 1.0), (-1.0, 1.0))

    def f(self, points: np.ndarray) -> np.ndarray:
        """The values (...,) at the points (..., 2)."""
        raise NotImplementedError

    def gradient(self, points: np.ndarray) -> np.ndarray:
        """The gradients (..., 2) at the points (..., 2)."""
        raise NotImplementedError

    def distance(self, points: np.ndarray) -> np.ndarray:
        """How far the points (..., 2) are from the nearest lowest one; NaN where none is known."""
        with np.errstate(all="ignore"):  # of what diverged, infinity is the distance
            far = [np.linalg.norm(points - np.array(minimum), axis=-1) for minimum in self.minima]
        return np.min(far, axis=0) if far else np.full(np.shape(points)[:-1], np.nan)


def _split(points: Any) -> tuple[np.ndarray, np.ndarray]:
    array = np.asarray(points, np.float64)
    return array[..., 0], array[..., 1]


class Valley(Surface):
    """A long narrow valley: f = (x²/κ + y²)/2, κ the condition number of its Hessian.

    κ is the quotient of the largest and the smallest singular value of the Hessian. Steps that do not leap
    from wall to wall (α < 2) creep along the bottom: each shortens x by the factor 1 - α/κ.

    Args:
        condition_number: κ >= 1, default 100.

    Raises:
        ValueError: κ is out of its range.

    Source: deck 004, "Problems of SGD".

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> valley = fd.compare.Valley(condition_number=25)
    >>> valley.f(np.array([5.0, 1.0])), valley.gradient(np.array([5.0, 1.0]))
    (np.float64(1.0), array([0.2, 1. ]))
    """

    name = "valley"
    minima = ((0.0, 0.0),)

    def __init__(self, condition_number: float = 100.0) -> None:
        self.condition_number = number("Valley", "condition_number", condition_number, 1)
        self.name = f"valley, condition number {self.condition_number:g}"
        length = self.condition_number**0.5
        self.start = (-length, 1.0)
        self.bounds = ((-1.2 * length, 0.6 * length), (-1.5, 1.5))

    def f(self, points: np.ndarray) -> np.ndarray:
        """(x²/κ + y²)/2."""
        x, y = _split(points)
        return np.asarray(0.5 * (x**2 / self.condition_number + y**2))[()]

    def gradient(self, points: np.ndarray) -> np.ndarray:
        """(x/κ, y)."""
        x, y = _split(points)
        return np.stack([x / self.condition_number, y], axis=-1)


class Saddle(Surface):
    """A saddle point at (0, 0), where the gradient is zero, between two minima: f = x²/2 - y²/2 + y⁴/4.

    Descents begin beside the ridge: at y = 0 exactly none would ever leave it without noise.

    Source: deck 004, "Problems of SGD"; decks 001 and 003.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> fd.compare.Saddle().gradient(np.zeros(2))
    array([0., 0.])
    """

    name = "saddle"
    start = (1.0, 1e-3)
    minima = ((0.0, 1.0), (0.0, -1.0))
    bounds = ((-1.2, 1.2), (-1.5, 1.5))

    def f(self, points: np.ndarray) -> np.ndarray:
        """x²/2 - y²/2 + y⁴/4."""
        x, y = _split(points)
        return np.asarray(0.5 * x**2 - 0.5 * y**2 + 0.25 * y**4)[()]

    def gradient(self, points: np.ndarray) -> np.ndarray:
        """(x, y³ - y)."""
        x, y = _split(points)
        return np.stack([x, y**3 - y], axis=-1)


class LocalMinimum(Surface):
    """A shallow minimum on the way to a deeper one: f = x⁴/4 - x²/2 + x/5 + y²/2.

    The local one is at x = 0.879, the hill between them at 0.209, the global one at -1.088.

    Source: deck 004, "Problems of SGD"; deck 001.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> surface = fd.compare.LocalMinimum()
    >>> surface.f(np.array([[0.879, 0.0], [0.209, 0.0], [-1.088, 0.0]])).round(3)
    array([-0.061,  0.02 , -0.459])
    """

    name = "local minimum"
    start = (1.6, 0.8)
    minima = ((-1.08803392, 0.0),)
    bounds = ((-1.8, 1.8), (-1.2, 1.2))

    def f(self, points: np.ndarray) -> np.ndarray:
        """x⁴/4 - x²/2 + x/5 + y²/2."""
        x, y = _split(points)
        return np.asarray(0.25 * x**4 - 0.5 * x**2 + 0.2 * x + 0.5 * y**2)[()]

    def gradient(self, points: np.ndarray) -> np.ndarray:
        """(x³ - x + 1/5, y)."""
        x, y = _split(points)
        return np.stack([x**3 - x + 0.2, y], axis=-1)


class Beale(Surface):
    """Beale's function: flat plains, steep walls and a curved valley down to 0 at (3, 1/2).

    f = (1.5 - x + x y)² + (2.25 - x + x y²)² + (2.625 - x + x y³)²

    Source: Beale, 1958; the surface of the animations that deck 004 shows.

    >>> import numpy as np
    >>> import fastdnn as fd
    >>> float(fd.compare.Beale().f(np.array([3.0, 0.5])))
    0.0
    """

    name = "Beale"
    start = (1.0, 1.0)
    minima = ((3.0, 0.5),)
    bounds = ((-4.5, 4.5), (-4.5, 4.5))

    def _terms(self, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        return [c - x + x * y**k for k, c in ((1, 1.5), (2, 2.25), (3, 2.625))]

    def f(self, points: np.ndarray) -> np.ndarray:
        """The sum of three squares."""
        return np.asarray(sum(term**2 for term in self._terms(*_split(points))))[()]

    def gradient(self, points: np.ndarray) -> np.ndarray:
        """Σ 2 term (yᵏ - 1, k x yᵏ⁻¹)."""
        x, y = _split(points)
        a, b, c = self._terms(x, y)
        dx = 2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1))
        dy = 2 * x * (a + 2 * b * y + 3 * c * y**2)
        return np.stack([dx, dy], axis=-1)
