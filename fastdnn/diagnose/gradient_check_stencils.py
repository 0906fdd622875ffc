"""Derivatives from values of a function alone: finite differences.

With steps of ε, a difference is off by what is left out of Taylor's series, and by rounding: f is known to
about 1.1e-16 |f|, which the division by ε magnifies.
"""

from collections.abc import Callable
from typing import Any

Stencil = Callable[[Callable[[Any], Any], Any, float], Any]

# √(Σ factor²) / divisor: by how much rounding errors of f, divided by ε, come through.
ROUNDING = {"two_point": 2**0.5 / 2, "five_point": 130**0.5 / 12}


def forward_difference(f: Callable[[Any], Any], x: Any, epsilon: float = 1e-8) -> Any:
    """One-sided: (f(x + ε) - f(x)) / ε, off by ε f''/2.

    Args:
        f: any function; of arrays element by element.
        x: where.
        epsilon: ε > 0.

    Source: deck 002, "Numerical Approximation of Gradients".

    >>> from fastdnn.diagnose import forward_difference
    >>> round(forward_difference(lambda theta: theta**3, 1.0, 0.01), 6)
    3.0301
    """
    return (f(x + epsilon) - f(x)) / ((x + epsilon) - x)


def central_difference(f: Callable[[Any], Any], x: Any, epsilon: float = 1e-5) -> Any:
    """Two-sided: (f(x + ε) - f(x - ε)) / 2ε, off by ε² f'''/6.

    The divisor is the distance between the two points as they are stored.

    Args:
        f: any function; of arrays element by element.
        x: where.
        epsilon: ε > 0.

    Source: deck 002, "Numerical Approximation of Gradients".

    >>> from fastdnn.diagnose import central_difference
    >>> round(central_difference(lambda theta: theta**3, 1.0, 0.01), 6)
    3.0001
    """
    right, left = x + epsilon, x - epsilon
    return (f(right) - f(left)) / (right - left)


def five_point_difference(f: Callable[[Any], Any], x: Any, epsilon: float = 1e-3) -> Any:
    """(f(x - 2ε) - 8 f(x - ε) + 8 f(x + ε) - f(x + 2ε)) / 12ε, off by ε⁴ f⁽⁵⁾/30.

    Args:
        f: any function; of arrays element by element.
        x: where.
        epsilon: ε > 0.

    Source: Abramowitz & Stegun, "Handbook of Mathematical Functions", 1964, table 25.2.

    >>> from fastdnn.diagnose import five_point_difference
    >>> five_point_difference(lambda theta: theta**3, 1.0, 0.01) - 3 < 1e-12
    True
    """
    far_right, far_left = x + 2 * epsilon, x - 2 * epsilon
    steps = f(far_left) - 8 * f(x - epsilon) + 8 * f(x + epsilon) - f(far_right)
    return steps / (3 * (far_right - far_left))


STENCILS: dict[str, Stencil] = {"two_point": central_difference, "five_point": five_point_difference}
# 1e-5 lies near the cube root of 2.2e-16, where both errors of the two-point stencil are about 1e-11; 1e-3
# near its fifth root, likewise.
EPSILONS = {"two_point": 1e-5, "five_point": 1e-3}
REACH = {"two_point": 1, "five_point": 2}  # the outermost point, in ε
