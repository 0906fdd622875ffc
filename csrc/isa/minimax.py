"""Fits the polynomials of csrc/isa/math_*.h and prints them: `python csrc/isa/minimax.py [name ...]`.

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
    error = np.abs(powers @ c - target).max()
    print(f"  error {error:.3g} = 2^{np.log2(error):.2f}")
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


def odd_tail(f: Function, power: int, limit: mpf) -> Function:
    """(f(x) - x) / x^power as a function of s = x^2; `limit` at 0."""
    return lambda s: (f(mp.sqrt(s)) - mp.sqrt(s)) / mp.sqrt(s) ** power if s > mpf(10) ** -20 else limit


def normal_ratio(t: mpf) -> mpf:
    """Phi(-t) exp(t^2 / 2) for the normal distribution function Phi."""
    return mp.erfc(t / mp.sqrt(2)) * mp.exp(t**2 / 2) / 2


def gelu_tanh_ratio(t: mpf) -> mpf:
    """The same of Phi's approximation in the tanh form of gelu."""
    return mp.exp(t**2 / 2) / (1 + mp.exp(mp.sqrt(8 / mp.pi) * (t + mpf("0.044715") * t**3)))


def mapped(h: mpf) -> mpf:
    """t of h = (t - 1) / (t + 5)."""
    return (1 + 5 * h) / (1 - h)


def normal_weight(t: mpf) -> mpf:
    """Relative to Phi(-t), and to the factor by which gelu(-t) magnifies the error of t beyond a factor 4."""
    condition = t * mp.npdf(t) / (normal_ratio(t) * mp.exp(-(t**2) / 2)) - 1
    return 1 / normal_ratio(t) / max(1, (2 + condition) / 4)


def fit_normal64(top: float, degree: int) -> list[float]:
    """normal_ratio(t) ~ P(h) on [0, top]."""
    ends = ((mpf(t) - 1) / (t + 5) for t in (0, top))
    return fit64(
        lambda h: normal_ratio(mapped(h)), lambda h: normal_weight(mapped(h)), *map(float, ends), degree
    )


def fit_around(f: Function, middle: float, low: float, high: float, degree: int) -> list[float]:
    """f on [low, high] in powers of t - middle; f(middle) is a float within 1e-9."""
    constant = float(np.float32(float(f(mpf(middle)))))
    return fit32(
        lambda d: f(middle + d),
        lambda d: 1 / f(middle + d),
        low - middle,
        high - middle,
        degree,
        constant=constant,
    )


def sin_tail(s: mpf) -> mpf:
    """(sin(x) - x) / x^3 of s = x^2."""
    x = mp.sqrt(s)
    return (mp.sin(x) - x) / x**3 if s else -mpf(1) / 6


def cos_tail(s: mpf) -> mpf:
    """(cos(x) - 1 + x^2 / 2) / x^4 of s = x^2."""
    return (mp.cos(mp.sqrt(s)) - 1 + s / 2) / s**2 if s else mpf(1) / 24


THIRD = mpf(1) / 3
EIGHTH = float(mp.pi) / 4
ERF_SLOPE = 2 / mp.sqrt(mp.pi) - 1

FITS: dict[str, Callable[[], list[float]]] = {
    # relative to expm1(r)
    "exp32": lambda: fit32(exp_tail, lambda r: r**2 / mp.expm1(r), -HALF_LN2, HALF_LN2, 5),
    "exp64": lambda: fit64(exp_tail, lambda r: r**2 / mp.expm1(r), -HALF_LN2, HALF_LN2, 10),
    # relative to log(1 + m)
    "log32": lambda: fit32(log_tail, lambda m: m**3 / mp.log1p(m), 1 / SQRT2 - 1, SQRT2 - 1, 8),
    # in s = x^2, relative to tanh(x), erf(x)
    "tanh32": lambda: fit32(
        odd_tail(mp.tanh, 3, -THIRD), lambda s: mp.sqrt(s) ** 3 / mp.tanh(mp.sqrt(s)), 0, 0.63**2, 4
    ),
    "tanh64": lambda: fit64(odd_tail(mp.tanh, 3, -THIRD), lambda s: s, 0, 0.63**2, 11),
    "erf32": lambda: fit32(
        odd_tail(mp.erf, 1, ERF_SLOPE), lambda s: mp.sqrt(s) / mp.erf(mp.sqrt(s)), 0, 0.81**2, 5
    ),
    "erf64": lambda: fit64(odd_tail(mp.erf, 1, ERF_SLOPE), lambda s: mpf(1), 0, 0.81**2, 11),
    # in s = x^2, relative to sin(x), cos(x) on [0, pi / 4]
    "sin32": lambda: fit32(sin_tail, lambda s: s, 0, EIGHTH**2, 2),
    "sin64": lambda: fit64(sin_tail, lambda s: s, 0, EIGHTH**2, 5),
    "cos32": lambda: fit32(cos_tail, lambda s: s**2 / mp.cos(mp.sqrt(s)), 0, EIGHTH**2, 2),
    "cos64": lambda: fit64(cos_tail, lambda s: s**2 / mp.cos(mp.sqrt(s)), 0, EIGHTH**2, 5),
    # relative to Phi(-t), less where gelu(-t) is ill-conditioned
    "normal_low32": lambda: fit_around(normal_ratio, 0.43212890625, 0, 1.0, 8),
    "normal_mid32": lambda: fit_around(normal_ratio, 1.5625, 1.0, 2.14, 8),
    "normal_far32": lambda: fit32(
        lambda v: normal_ratio(1 / v) / v, lambda v: v * normal_weight(1 / v), 1 / 14.7, 1 / 2.1, 7
    ),
    "normal64": lambda: fit_normal64(38.8, 22),
    # relative to the logistic function of the tanh form
    "gelu_tanh_low32": lambda: fit_around(gelu_tanh_ratio, 0.37890625, 0, 1.0, 8),
    "gelu_tanh_mid32": lambda: fit_around(gelu_tanh_ratio, 1.4609375, 1.0, 2.14, 8),
}


def main() -> None:
    """Prints the fits that are named, or all."""
    for name in sys.argv[1:] or FITS:
        print(name)
        for k, c in enumerate(FITS[name]()):
            print(f"  c[{k}] = {c!r}  {np.float32(c)!r}" if "32" in name else f"  c[{k}] = {c!r}")


if __name__ == "__main__":
    main()
