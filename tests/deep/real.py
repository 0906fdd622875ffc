"""Products and column sums of real numbers: error at most 8 √K 2⁻²⁴ |A||B| (float64: 2⁻⁵³).

Aim: 5,000,000 calls. K roundings, at random, grow as √K; no more than 8 standard deviations are allowed.
"""

import itertools

import numpy as np
from arrays_for_tests import DTYPES, fresh_seed, reals
from comparator import check, roundoff

from fastdnn._core import kernels

from .exact import Products
from .sampling import STRIDES, TRANSPOSES, Progress

AIM = 5_000_000


def is_bounded(product, m, n, k, transposes, draw, seed):
    """One product; returns its error in units of the bound."""
    got, (a, b, start), (epilogue, mask, stride) = product.call(m, n, k, transposes, draw)
    want = a @ b + start
    if epilogue == "bias_relu":
        want = np.maximum(want, 0)
    elif mask is not None:
        want = np.where(mask <= 0, 0, want)
    terms = k + (epilogue in ("bias", "bias_relu", "accumulate"))
    bound = 8 * terms**0.5 * roundoff(product.dtype) * (np.abs(a) @ np.abs(b) + np.abs(start))
    error = np.abs(got - want)
    if not (error <= bound).all():
        check(
            got,
            want,
            bound,
            m=m,
            n=n,
            k=k,
            transposes=transposes,
            epilogue=epilogue,
            stride=stride,
            seed=seed,
        )
    return float((error / np.maximum(bound, 1e-300)).max()) if error.size else 0.0


def is_bounded_sum(product, rows, cols, draw, seed):
    """One column sum; returns its error in units of the bound."""
    x, wide = product.pool.matrix(STRIDES[draw % 3], rows, cols, draw)
    sums = np.full(cols, np.nan, product.dtype)
    kernels.column_sum(sums, x)
    bound = 8 * max(rows, 1) ** 0.5 * roundoff(product.dtype) * np.abs(wide).sum(axis=0)
    error = np.abs(sums - wide.sum(axis=0))
    if not (error <= bound).all():
        check(sums, wide.sum(axis=0), bound, rows=rows, cols=cols, seed=seed)
    return float((error / np.maximum(bound, 1e-300)).max()) if error.size else 0.0


def main(seconds, aim=AIM):
    """Sizes around the tiles, depths from 0 to 600."""
    seed = fresh_seed()
    print(f"    FASTDNN_TEST_SEED={seed}")
    rng = np.random.default_rng(seed)
    progress = Progress(seconds, aim)
    products = [Products(rng, dtype, reals) for dtype in DTYPES]
    worst = 0.0
    while progress.goes_on():
        for product, transposes in itertools.product(products, TRANSPOSES):
            for m, n, k in product.small():
                if not progress.goes_on():
                    break
                draw, shape, tail = rng.integers(2**40, size=3).tolist()
                deep = k if shape % 8 else shape // 8 % 600
                worst = max(worst, is_bounded(product, m, n, deep, transposes, draw, seed))
                worst = max(
                    worst, is_bounded_sum(product, tail % 600 if tail % 8 == 0 else tail % 24, n, draw, seed)
                )
                progress.calls += 2
    progress.report("real")
    print(f"    the worst error was {worst:.3f} of its bound")
