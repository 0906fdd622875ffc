"""Exponentially weighted averages: v ← β v + (1 - β) θ, the part that momentum, RMSprop and Adam share."""

from collections.abc import Sequence

import numpy as np

from fastdnn.checks import number, whole
from fastdnn.errors import expected


def ewma(values: Sequence[float] | np.ndarray, beta: float, bias_correction: bool = True) -> np.ndarray:
    """The exponentially weighted (moving) average of a series, at each of its places.

    v_t = β v_{t-1} + (1 - β) θ_t,  v_0 = 0,  t = 1, 2, ...

    Given are v_t / (1 - βᵗ) with bias correction, which begins with θ_1, or the v_t themselves, which begin
    near 0. The correction is of the value that is read: v itself goes on uncorrected. v_t is about the
    average of the last 1/(1 - β) values.

    Args:
        values: θ (t,) or (t, ...), finite; averaged along the first axis.
        beta: β, 0 <= β < 1.
        bias_correction: default True.

    Returns:
        f64 of the shape of `values`.

    Raises:
        ValueError: β is out of its range, or a value is NaN, infinite or no number.

    Source: decks 000 to 002. (Two of them print the correction as an assignment to v, which would correct
    again and again.)

    >>> import fastdnn as fd
    >>> fd.ewma([10.0, 20.0, 30.0], beta=0.5)
    array([10.        , 16.66666667, 24.28571429])
    >>> fd.ewma([10.0, 20.0, 30.0], beta=0.5, bias_correction=False)
    array([ 5.  , 12.5 , 21.25])
    """
    decay = number("ewma", "beta", beta, 0, 1)
    theta = _series(values)
    averages = np.empty_like(theta)
    v = np.zeros(theta.shape[1:])
    for t, value in enumerate(theta, start=1):
        v = decay * v + (1 - decay) * value
        averages[t - 1] = v / (1 - decay**t) if bias_correction else v
    return averages


def _series(values: Sequence[float] | np.ndarray) -> np.ndarray:
    given = np.asarray(values)
    if given.ndim == 0 or given.dtype.kind not in "buif":
        got = f"{given.dtype} of shape {given.shape}"
        raise ValueError(expected("ewma", "a series of real numbers", got))
    theta = given.astype(np.float64)
    broken = ~np.isfinite(theta).all(axis=tuple(range(1, theta.ndim)))
    if broken.any():
        place = int(np.argmax(broken))
        hint = "all averages after it would be NaN or infinite"
        raise ValueError(expected("ewma", "finite values", f"{given[place]} at place {place}", hint))
    return theta


def ewma_weights(beta: float, n: int) -> np.ndarray:
    """What the last n values weigh in v, the latest first: (1 - β) βⁱ, i = 0, ..., n - 1.

    Args:
        beta: β, 0 <= β < 1.
        n: >= 0.

    Returns:
        (n,) f64; all of them, without end, sum to 1.

    Raises:
        ValueError: an argument is out of its range.

    Source: deck 001, "Why we call this algorithm exponentially weighted averages".

    >>> import fastdnn as fd
    >>> fd.averages.ewma_weights(0.9, 4).round(4)
    array([0.1   , 0.09  , 0.081 , 0.0729])
    """
    decay = number("ewma_weights", "beta", beta, 0, 1)
    return (1 - decay) * decay ** np.arange(whole("ewma_weights", "n", n), dtype=np.float64)


def ewma_window(beta: float) -> float:
    """Over about how many values v averages: 1/(1 - β). A value that long ago weighs about 1/e of the latest.

    Args:
        beta: β, 0 <= β < 1.

    Raises:
        ValueError: β is out of its range.

    Source: decks 001 and 002: 0.5 is 2 days, 0.9 10 days, 0.98 50 days.

    >>> import fastdnn as fd
    >>> [round(fd.averages.ewma_window(beta), 2) for beta in (0.5, 0.9, 0.9005, 0.98, 0.999, 0.9995)]
    [2.0, 10.0, 10.05, 50.0, 1000.0, 2000.0]
    """
    return 1 / (1 - number("ewma_window", "beta", beta, 0, 1))
