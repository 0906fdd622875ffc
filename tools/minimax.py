"""Fits the polynomials of csrc/isa/math_*.h and prints them: `python tools/minimax.py [name ...]`.

float32: Lawson's algorithm (least squares, reweighted until the largest error is least) on 1,000 Chebyshev
points, the coefficients rounded one after the other from the lowest power up and the rest fitted again.
float64: interpolation in the Chebyshev points with 60 digits, then rounded. The error that is printed is that
of the rounded coefficients, relative to what the comment beside a fit says. Needs mpmath.
"""

import sys
from collections.abc import Callable

import numpy as np
from mpmath import mp, mpf

mp.dps = 60
Function = Callable[[mpf], mpf]


def chebyshev_points(low: float, high: float, n: int) -> list[mpf]:
    """The zeros of the n-th Chebyshev polynomial of an interval."""
    middle, half = (mpf(low) + mpf(high)) / 2, (mpf(high) - mpf(low)) / 2
    return [middle + half * mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)]


def lawson(basis: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The c that makes max |basis c - target| (nearly) least."""
    weights = np.ones(len(target))
    best, least = np.zeros(basis.shape[1]), np.inf
    for _ in range(150):
        root = np.sqrt(weights)
        c = np.linalg.lstsq(basis * root[:, None], target * root, rcond=None)[0]
        error = np.abs(basis @ c - target)
        if error.max() < least:
            best, least = c, error.max()
        weights *= error + 0.01 * error.max()
        weights /= weights.sum()
    return best


def fit32(f: Function, weight: Function, low: float, high: float, degree: int, **fixed: float) -> list[float]:
    """f(x) ~ c[0] + ... + c[degree] x^degree; what is made small is weight(x) (polynomial - f)."""
    points = chebyshev_points(low, high, 1000)
    scale = np.array([float(weight(x)) for x in points])
    target = np.array([float(weight(x) * f(x)) for x in points])
    x = np.array([float(x) for x in points])
    powers = scale[:, None] * x[:, None] ** np.arange(degree + 1)
    c = np.zeros(degree + 1)
    done = 0
    if "constant" in fixed:
        c[0], done = fixed["constant"], 1
    for k in range(done, degree + 1):
        c[k:] = lawson(powers[:, k:], target - powers[:, :k] @ c[:k])
        c[k] = np.float32(c[k])
    print(
        f"  error {np.abs(powers @ c - target).max():.3g} = 2^{np.log2(np.abs(powers @ c - target).max()):.2f}"
    )
    return [float(v) for v in c]


def fit64(f: Function, weight: Function, low: float, high: float, degree: int) -> list[float]:
    """The same by interpolation, rounded to float64."""
    points = chebyshev_points(low, high, degree + 1)
    matrix = mp.matrix(degree + 1, degree + 1)
    for i, x in enumerate(points):
        for k in range(degree + 1):
            matrix[i, k] = x**k
    exact = mp.lu_solve(matrix, mp.matrix([f(x) for x in points]))
    c = [float(exact[k]) for k in range(degree + 1)]
    error = max(abs(weight(x) * (mp.polyval(c[::-1], x) - f(x))) for x in chebyshev_points(low, high, 300))
    print(f"  error {float(error):.3g} = 2^{float(mp.log(error, 2)):.2f}")
    return c


HALF_LN2 = float(mp.log(2) / 2) * 1.002  # the reduction may be off by a little
SQRT2 = float(mp.sqrt(2)) * 1.0001


def exp_tail(r: mpf) -> mpf:
    """(exp(r) - 1 - r) / r^2."""
    return (mp.expm1(r) - r) / r**2 if abs(r) > mpf(10) ** -20 else mpf(1) / 2


def log_tail(m: mpf) -> mpf:
    """(log(1 + m) - m + m^2 / 2) / m^3."""
    return (mp.log1p(m) - m + m**2 / 2) / m**3 if abs(m) > mpf(10) ** -15 else mpf(1) / 3


FITS: dict[str, Callable[[], list[float]]] = {
    # relative to expm1(r)
    "exp32": lambda: fit32(exp_tail, lambda r: r**2 / mp.expm1(r), -HALF_LN2, HALF_LN2, 5),
    "exp32_4": lambda: fit32(exp_tail, lambda r: r**2 / mp.expm1(r), -HALF_LN2, HALF_LN2, 4),
    "exp64": lambda: fit64(exp_tail, lambda r: r**2 / mp.expm1(r), -HALF_LN2, HALF_LN2, 10),
    # relative to log(1 + m)
    "log32": lambda: fit32(log_tail, lambda m: m**3 / mp.log1p(m), 1 / SQRT2 - 1, SQRT2 - 1, 8),
    "log32_7": lambda: fit32(log_tail, lambda m: m**3 / mp.log1p(m), 1 / SQRT2 - 1, SQRT2 - 1, 7),
}


def main() -> None:
    """Prints the fits that are named, or all."""
    for name in sys.argv[1:] or FITS:
        print(name)
        for k, c in enumerate(FITS[name]()):
            print(f"  c[{k}] = {c!r}  {np.float32(c)!r}" if "32" in name else f"  c[{k}] = {c!r}")


if __name__ == "__main__":
    main()
