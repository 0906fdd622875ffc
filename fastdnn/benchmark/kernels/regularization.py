"""Norms, penalties on weights, and the max-norm constraint."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdnn.benchmark.arrays import Operands
from fastdnn.benchmark.kernels.shapes import LAYERS, VECTORS
from fastdnn.benchmark.workloads import Kernel
from fastdnn.reference import max_norm, penalty

_LIMIT = 1.0


def _norm(name: str, reference: Callable[[np.ndarray], Any], numpy: Callable[[np.ndarray], Any]) -> Kernel:
    """Of whole numbers: their sum is exact in float64, in any order, so that NumPy's is the reference."""
    return Kernel(
        name,
        VECTORS,
        lambda arrays, n: Operands([], [arrays.integers(n)]),
        reference=lambda x: [reference(x)],
        numpy=numpy,
        yardstick="read",
        returns=True,
        ulps=1,
    )


def _value(size: np.ndarray, l1: float = 0, l2: float = 0, lq: float = 0, q: float = 1) -> Any:
    """The penalty of weights of this size."""
    total = l1 * size.sum() + l2 * np.vdot(size, size)
    return total + lq * (size**q).sum() if lq else total


def _penalty_numpy(
    gradient: np.ndarray, w: np.ndarray, l1: float = 0, l2: float = 0, lq: float = 0, q: float = 1
) -> Any:
    size = np.abs(w)
    if lq:
        gradient += np.sign(w) * (l1 + 2 * l2 * size + lq * q * size ** (q - 1))
    else:
        gradient += l1 * np.sign(w) + 2 * l2 * w
    return _value(size, l1, l2, lq, q)


def _penalty(variant: str, shapes: Any, **terms: float) -> Kernel:
    """Added to a gradient."""
    return Kernel(
        "penalty",
        shapes,
        lambda arrays, n: Operands([], [arrays.integers(n)], [arrays.integers(n)]),
        reference=lambda gradient, w: [
            gradient + penalty.penalty_backward(w, **terms),
            _value(np.abs(np.asarray(w, np.float64)), **terms),
        ],
        numpy=lambda gradient, w: _penalty_numpy(gradient, w, **terms),
        variant=variant,
        options=terms,
        returns=True,
        ulps=16,  # a lane adds 128 numbers, each time with half an ulp: √128 of these as a rule
    )


def _max_norm_numpy(w: np.ndarray, axis: int) -> None:
    norms = np.sqrt(np.einsum("ij,ij->j" if axis == 0 else "ij,ij->i", w, w))
    if (norms > _LIMIT).any():
        w *= np.expand_dims(_LIMIT / np.maximum(norms, _LIMIT), axis)


def _max_norm(variant: str, axis: int) -> Kernel:
    """The first call brings all norms to the limit; timed is what comes then: w is read, little written."""
    return Kernel(
        "max_norm",
        LAYERS,
        lambda arrays, n, m: Operands([], [], [arrays.reals(n, m)]),
        reference=lambda w: [max_norm.max_norm(w, _LIMIT, axis)],
        numpy=lambda w: _max_norm_numpy(w, axis),
        variant=variant,
        options={"limit": _LIMIT, "axis": axis},
        yardstick="read",
        moved=lambda operands: operands.footprint,
        ulps=256,
    )


KERNELS = [
    _norm("l1_norm", lambda x: np.abs(x).sum(dtype=np.float64), lambda x: np.abs(x).sum()),
    _norm("l2_norm", lambda x: np.sqrt(np.square(x).sum(dtype=np.float64)), lambda x: np.sqrt(np.vdot(x, x))),
    _norm("max_abs", lambda x: np.abs(x).max(), lambda x: max(x.max(), -x.min())),
    _penalty("l1 l2", VECTORS, l1=2**-10, l2=2**-7),  # exact for whole numbers
    _penalty("lq", VECTORS[:2], lq=1e-2, q=1.5),  # limited by exp and log
    _max_norm("columns", 0),
    _max_norm("rows", 1),
]
