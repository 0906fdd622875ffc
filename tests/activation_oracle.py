"""The activations in more precision than the kernels', and the error that their contract allows.

For float32 the oracle is NumPy's float64. For float64 it is NumPy's long double, which has 64 bits on x86-64;
where it has no more than float64's, `ORACLE_ULP` allows for it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from fastdnn.reference.activation import SELU_ALPHA, SELU_LAMBDA

LONG = np.longdouble
ORACLE_ULP = 0.0 if np.finfo(LONG).nmant > 60 else 4.0


def _constant(text, x):
    return LONG(text).astype(x.dtype)


def normal_pdf(x):
    return np.exp(-x * x / 2) * _constant("0.398942280401432677939946059934381868", x)


def erf_slope(x):
    return np.exp(-x * x) * _constant("1.12837916709551257389615890312154517", x)


def _near_erf(x):
    """erf by its series of positive terms, for |x| <= 1.25: x exp(-x²) 2/√π (1 + 2x²/3 + (2x²)²/15 + ...)."""
    sum_ = term = np.ones_like(x)
    for k in range(1, 40):
        term = term * (2 * x * x) / (2 * k + 1)
        sum_ = sum_ + term
    return x * erf_slope(x) * sum_


def _far_erfc(a):
    """erfc by its continued fraction, for a >= 1.25, where 250 steps are good to 1e-24."""
    q = 1 / (2 * a * a)
    fraction = np.ones_like(a)
    for k in range(250, 0, -1):
        fraction = 1 + k * q / fraction
    return erf_slope(a) / (2 * a * fraction)


def _erf_and_complement(x):
    """erf(x) and 1 - erf(x), neither from a difference of near numbers."""
    a = np.minimum(np.abs(x), 200)  # NaN stays
    far = a > 1.25
    near = _near_erf(np.where(far, 0, a))
    below = _far_erfc(np.where(far, a, 2))
    magnitude = np.where(far, 1 - below, near)
    complement = np.where(x < 0, 1 + magnitude, np.where(far, below, 1 - near))
    return np.copysign(magnitude, x), complement


def erf(x):
    return _erf_and_complement(x)[0]


def normal_cdf(x):
    return _erf_and_complement(-x * _constant("0.707106781186547524400844362104849039", x))[1] / 2


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def _times(x, p):
    """x p where p wins over an infinite x."""
    return np.where(p == 0, np.copysign(p, x), x * p)


def _gelu_tanh_argument(x):
    x = np.clip(x, -1000, 1000)
    return _constant("1.595769121605730711759784239737", x) * (x + _constant("0.044715", x) * x**3)


def _gelu_tanh_slope(x):
    x = np.clip(x, -1000, 1000)
    s = sigmoid(_gelu_tanh_argument(x))
    inner = 1 + 3 * _constant("0.044715", x) * x * x
    other = sigmoid(-_gelu_tanh_argument(x))
    return s + x * s * other * inner * _constant("1.595769121605730711759784239737", x)


def _selu(x):
    factor = _constant("1.75809934084737685994021752081231934", x)
    return np.where(
        x < 0, factor * np.expm1(np.minimum(x, 0)), _constant("1.0507009873554804934193349852946", x) * x
    )


def _where(x, inside, outside):
    return np.where(x < 0, inside, outside)


class Oracle(NamedTuple):
    f: Callable  # of an array of float64 or long double
    slope: Callable  # f' of x and f(x)


# Every function with an error to bound; relu and leaky_relu round as their formula.
ORACLES = {
    "exp": Oracle(np.exp, lambda x, y: y),
    "expm1": Oracle(np.expm1, lambda x, y: y + 1),
    "log": Oracle(np.log, lambda x, y: 1 / x),
    "log1p": Oracle(np.log1p, lambda x, y: 1 / (1 + x)),
    "erf": Oracle(erf, lambda x, y: erf_slope(x)),
    "elu": Oracle(lambda x: _where(x, np.expm1(np.minimum(x, 0)), x), lambda x, y: _where(x, y + 1, 1)),
    "selu": Oracle(_selu, lambda x, y: _where(x, y + SELU_LAMBDA * SELU_ALPHA, SELU_LAMBDA)),
    "sigmoid": Oracle(sigmoid, lambda x, y: y * sigmoid(-x)),
    "tanh": Oracle(np.tanh, lambda x, y: (1 - y) * (1 + y)),
    "softplus": Oracle(lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), lambda x, y: sigmoid(x)),
    "silu": Oracle(
        lambda x: _times(x, sigmoid(x)), lambda x, y: sigmoid(x) + _times(x, sigmoid(x) * sigmoid(-x))
    ),
    "gelu": Oracle(lambda x: _times(x, normal_cdf(x)), lambda x, y: normal_cdf(x) + _times(x, normal_pdf(x))),
    "gelu_tanh": Oracle(
        lambda x: _times(x, sigmoid(_gelu_tanh_argument(x))), lambda x, y: _gelu_tanh_slope(x)
    ),
}


class Errors(NamedTuple):
    ratio: (
        np.ndarray
    )  # error / what the contract allows; infinity where NaN, infinity or the sign of 0 differ
    ulps: np.ndarray  # error in units in the last place where the condition is at most 4, else 0


def errors(name, x, y):
    """Of y = f(x), computed in the type of x."""
    oracle, dtype = ORACLES[name], x.dtype
    wide = np.float64 if dtype == np.float32 else LONG
    limit = 2.0 if dtype == np.float32 else 4.0 + ORACLE_ULP
    u = float(np.finfo(dtype).eps) / 2
    tiny = float(np.finfo(dtype).smallest_subnormal)
    with np.errstate(all="ignore"):
        long_x = x.astype(wide)
        want = oracle.f(long_x)
        rounded = want.astype(dtype)
        error = np.abs(y.astype(wide) - want)
        ulp = np.abs(np.spacing(rounded)).astype(wide)
        swing = np.abs(long_x * oracle.slope(long_x, want))
        well = swing <= 4 * np.abs(want)
        bound = np.where(well, limit * ulp, limit / 2 * u * (2 * np.abs(want) + swing) + tiny)
        good = np.isfinite(rounded) & np.isfinite(y)
        # near overflow the largest number and infinity are neighbours
        edge = (np.abs(rounded) == np.inf) & (np.abs(y) == np.finfo(dtype).max) & (rounded * y > 0)
        edge |= (np.abs(y) == np.inf) & (np.abs(rounded) == np.finfo(dtype).max) & (rounded * y > 0)
        same = (rounded == y) | (np.isnan(rounded) & np.isnan(y)) | edge
        ratio = np.where(good, error / bound, np.where(same, 0.0, np.inf))
        wrong_zero = (x == 0) & (y == 0) & (np.signbit(rounded) != np.signbit(y))
        ratio = np.where(np.isnan(ratio) | wrong_zero, np.inf, ratio)
        ulps = np.where(good & well, error / ulp, 0.0)
    return Errors(ratio.astype(np.float64), ulps.astype(np.float64))
