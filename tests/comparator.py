"""The one comparator of the kernel tests: by a derived bound, or by bits. NaN never passes for a number.

Bounds are made of `roundoff(dtype)`: half the distance from 1 to the next number of the kernel's type, plus
the same of float64, in which the oracle computes. To first order a sum of n products, in any order, is off
by at most n roundoffs of Σ|a b|.
"""

import numpy as np

from fastdnn import _core


def roundoff(dtype):
    """The relative error of one operation in the kernel and of the same one in the float64 oracle."""
    return float(np.finfo(dtype).eps) / 2 + 2.0**-53


def smallest(dtype):
    """The smallest number above 0: what gradual underflow loses at most."""
    return float(np.finfo(dtype).smallest_subnormal)


def row_sum_error(n, dtype):
    """The relative error of Σ_j x_j, on Σ|x_j|: n / 16 or n / 8 additions in a virtual lane, then a tree.

    NumPy's pairwise sum has no more: n / 8 in each of eight sums, up to n = 128, and then a tree.
    """
    return (n / 8 + 8) * roundoff(dtype)


def exp_error(x, dtype):
    """The relative error of exp(x - max x), (rows, cols), and of its sum over each row, (rows, 1).

    The rounding of x - max x is |x - max x| u in the exponent; exp is good to 2 ulp, at most 4 u.
    """
    x = np.asarray(x, np.float64)
    with np.errstate(invalid="ignore"):
        below = x.max(axis=1, keepdims=True) - x
        e = np.exp(-below)
        each = (np.where(np.isfinite(below), below, 0) + 4) * roundoff(dtype)  # exp(-infinity) is exact
        mean = (e * each).sum(axis=1, keepdims=True) / e.sum(axis=1, keepdims=True)
    return each, mean + row_sum_error(x.shape[1], dtype)


def check(got, want, bound, **context):
    """Every |got - want| <= bound; NaN where and only where `want` has it, infinities with their sign.

    `bound` broadcasts to the shape; where `want` is finite it must be a number >= 0.
    """
    __tracebackhide__ = True
    got, want = np.asarray(got), np.asarray(want)
    _same_shape(got, want, context)
    with np.errstate(over="ignore", invalid="ignore"):
        g, w = got.astype(np.float64), want.astype(np.float64)
        bound = np.broadcast_to(np.asarray(bound, np.float64), w.shape)
        err = np.abs(g - w)
        alike = (np.isnan(g) & np.isnan(w)) | (g == w)
    finite = np.isfinite(w)
    is_bound = (bound >= 0) & (bound < np.inf)
    assert is_bound[finite].all(), f"not a bound: {bound}; {_say(context)}"
    good = alike | (finite & (err <= bound))
    if good.all():
        return
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(finite & np.isfinite(g), err / bound, np.inf)
    worst = np.unravel_index(np.where(good, -1.0, ratio).argmax(), good.shape)
    raise AssertionError(
        f"{_count(good)}; worst at {_index(worst)}: got {g[worst]!r}, want {w[worst]!r}, "
        f"err {err[worst]:.3g} = {ratio[worst]:.3g} x the bound of {bound[worst]:.3g}; {_say(context)}"
    )


def check_bits(got, want, **context):
    """The same type and the same bits, -0.0 included; only that any NaN is as good as any other."""
    __tracebackhide__ = True
    got, want = np.asarray(got), np.asarray(want)
    _same_shape(got, want, context)
    assert got.dtype == want.dtype, f"got {got.dtype}, want {want.dtype}; {_say(context)}"
    if got.tobytes() == want.tobytes():
        return
    unsigned = np.dtype(f"u{got.dtype.itemsize}")
    g, w = np.ascontiguousarray(got), np.ascontiguousarray(want)
    good = (g.view(unsigned) == w.view(unsigned)) | (np.isnan(g) & np.isnan(w))
    if good.all():
        return
    worst = np.unravel_index(good.argmin(), good.shape)
    raise AssertionError(
        f"{_count(good)} in their bits; first at {_index(worst)}: got {g[worst]!r}, want {w[worst]!r}; "
        f"{_say(context)}"
    )


def _same_shape(got, want, context):
    __tracebackhide__ = True
    assert got.shape == want.shape, f"got shape {got.shape}, want {want.shape}; {_say(context)}"


def _count(good):
    return f"{np.count_nonzero(~good)} of {good.size} elements differ"


def _index(index):
    return tuple(int(i) for i in index)


def _say(context):
    words = {"isa": _core.build_info()["isa"], **context}
    return ", ".join(f"{name}={getattr(value, '__name__', value)}" for name, value in words.items())
