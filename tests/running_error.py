"""Running error analysis: a formula evaluated on these gives its value and the bound of a kernel's error.

Each operation adds its own rounding, `roundoff(dtype)` of the result and what underflow loses, to what
the errors of its operands become; no order of smallness is dropped. So the bound holds for every kernel that
computes the formula with these operations or with fewer (a fused multiply-add), its scalars rounded once or
made of scalars that are. The functions below also take NumPy's arrays, so that one text serves as the formula
and as its bound. (J. H. Wilkinson, 1963; N. Higham, "Accuracy and Stability", section 3.3.)
"""

import numpy as np
from comparator import roundoff, smallest


class Bounded:
    """`value` (float64), and the error's bound."""

    __array_ufunc__ = None  # NumPy's scalars leave the operators to this class

    def __init__(self, value, error, dtype):
        self.value, self.error, self.dtype = np.asarray(value, np.float64), error, dtype

    @classmethod
    def exact(cls, array):
        """What a kernel is given in its own type."""
        return cls(array, 0.0, array.dtype)

    def _lift(self, other):
        if isinstance(other, Bounded):
            return other
        return Bounded(other, roundoff(self.dtype) * np.abs(other), self.dtype)

    def _rounded(self, value, error):
        own = roundoff(self.dtype) * (np.abs(value) + error) + smallest(self.dtype)
        return Bounded(value, error + own, self.dtype)

    def __add__(self, other):
        other = self._lift(other)
        return self._rounded(self.value + other.value, self.error + other.error)

    def __neg__(self):
        return Bounded(-self.value, self.error, self.dtype)

    def __sub__(self, other):
        return self + -self._lift(other)

    def __rsub__(self, other):
        return self._lift(other) + -self

    def __mul__(self, other):
        a, b = self, self._lift(other)
        error = np.abs(a.value) * b.error + np.abs(b.value) * a.error + a.error * b.error
        return self._rounded(a.value * b.value, error)

    def __truediv__(self, other):
        a, b = self, self._lift(other)
        smaller = np.abs(b.value) - b.error
        assert (smaller > 0).all(), "the divisor may be 0"
        quotient = a.value / b.value
        return self._rounded(quotient, (a.error + np.abs(quotient) * b.error) / smaller)

    def __rtruediv__(self, other):
        return self._lift(other) / self

    __radd__, __rmul__ = __add__, __mul__


def sqrt(x):
    """|√a - √b| is |a - b| / (√a + √b), and at most √|a - b|."""
    if not isinstance(x, Bounded):
        return np.sqrt(x)
    root = np.sqrt(x.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.fmin(x.error / root, np.sqrt(x.error))
    return x._rounded(root, error)


def sign(x):
    """Anything from -1 to 1 where the error reaches over 0."""
    if not isinstance(x, Bounded):
        return np.sign(x)
    return Bounded(np.sign(x.value), 2.0 * (np.abs(x.value) <= x.error) * (x.error > 0), x.dtype)


def maximum(x, y):
    """Exact, of inexact operands."""
    if not isinstance(x, Bounded):
        return np.maximum(x, y)
    y = x._lift(y)
    return Bounded(np.maximum(x.value, y.value), np.maximum(x.error, y.error), x.dtype)


def clip(x, limit):
    """Into [-limit, limit]: exact, of inexact operands."""
    if not isinstance(x, Bounded):
        return np.clip(x, -limit, limit)
    return Bounded(np.clip(x.value, -limit, limit), x.error + roundoff(x.dtype) * limit, x.dtype)


def shrink(x, limit):
    """sign(x) max(|x| - limit, 0)."""
    if not isinstance(x, Bounded):
        return np.sign(x) * np.maximum(np.abs(x) - limit, 0)
    value = np.sign(x.value) * np.maximum(np.abs(x.value) - limit, 0)
    shrunk = x._rounded(value, x.error + 2 * roundoff(x.dtype) * limit)
    never = np.abs(x.value) + x.error + 2 * roundoff(x.dtype) * limit < limit
    return Bounded(value, np.where(never, 0.0, shrunk.error), x.dtype)


def one_minus_power(like, base, t):
    """1 - baseᵗ in float64 by repeated squaring: up to t roundings of the power, amplified."""
    value = 1 - base**t
    if not isinstance(like, Bounded):
        return value
    return Bounded(value, (t * base**t + 2) * 2.0**-53 + roundoff(like.dtype) * value, like.dtype)
