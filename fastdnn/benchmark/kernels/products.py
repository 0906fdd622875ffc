"""Products: C (M, N) = A (M, K) B (K, N), with the shares of the peak that they shall reach."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from fastdnn.benchmark.arrays import Arrays, Operands
from fastdnn.benchmark.workloads import Kernel, no_target
from fastdnn.reference import gemm

# Shares of the peak to be reached in float32 on avx512, by (M, N, K) and kind, on one thread and on more.
_GEMM_TARGETS: dict[str, dict[tuple[int, int, int], tuple[float | None, float | None]]] = {
    "NN": {
        (512, 512, 512): (0.90, 0.88),
        (1024, 1024, 1024): (0.90, 0.88),
        (512, 4096, 1024): (0.90, 0.88),  # a wide hidden layer
        (128, 256, 784): (0.90, 0.90),  # a hidden layer of 28 x 28 pixels
        (128, 512, 512): (0.90, 0.90),
        (32, 64, 64): (0.88, None),  # a tiny one: a microsecond, of which a barrier would be a good part
        (32, 10, 64): (None, None),  # an output layer
        (1, 256, 784): (None, None),  # a prediction of one row
    },
    "NT": {
        (512, 512, 512): (0.90, 0.88),
        (1024, 1024, 1024): (0.90, 0.88),
        (512, 1024, 4096): (0.90, 0.88),
        (128, 784, 256): (0.84, 0.84),
        (128, 512, 512): (0.84, 0.84),
        (32, 64, 64): (0.75, None),
        (32, 64, 10): (None, None),
    },
    "TN": {
        (512, 512, 512): (0.90, 0.88),
        (1024, 1024, 1024): (0.90, 0.88),
        (1024, 4096, 512): (0.90, 0.88),
        (784, 256, 128): (0.90, 0.90),
        (512, 512, 128): (0.90, 0.90),
        (64, 64, 32): (None, None),
        (64, 10, 32): (None, None),
    },
}
# Other types and units have a target for large products only.
_LARGE = 512
_FLOAT64_TARGET = 0.82
_UNIT_TARGETS = {"avx512": 1.0, "avx2": 0.88, "portable": 0.65}


def _gemm_target(kind: str, unit: str, dtype: str, shape: Sequence[int], threads: int) -> float | None:
    m, n, k = shape
    own = _GEMM_TARGETS[kind][m, n, k][min(threads, 2) - 1]
    if own is None or unit not in _UNIT_TARGETS:
        return None
    if unit == "avx512" and dtype == "float32":
        return own
    if min(shape) < _LARGE:
        return None
    return min(own, _UNIT_TARGETS[unit], _FLOAT64_TARGET if dtype == "float64" else 1.0)


def _operands(kind: str, epilogue: str, arrays: Arrays, m: int, n: int, k: int) -> Operands:
    a = arrays.integers(*((k, m) if kind[0] == "T" else (m, k)))
    b = arrays.integers(*((n, k) if kind[1] == "T" else (k, n)))
    if epilogue == "accumulate":
        return Operands([], [a, b], [arrays.integers(m, n)])
    named = {"mask": arrays.integers(m, n)} if epilogue == "relu_mask" else {}
    named |= {"bias": arrays.integers(n)} if epilogue.startswith("bias") else {}
    return Operands([arrays.blank(m, n)], [a, b], named=named)


def _reference(options: dict[str, Any], *arrays: np.ndarray, **named: Any) -> list[np.ndarray]:
    *c, a, b = arrays
    return [gemm.gemm(a, b, **options, **named, c=c[0] if c else None)]


def _numpy(
    kind: str, epilogue: str, c: np.ndarray, a: np.ndarray, b: np.ndarray, **named: np.ndarray
) -> None:
    a, b = a.T if kind[0] == "T" else a, b.T if kind[1] == "T" else b
    if epilogue == "accumulate":
        c += a @ b
        return
    np.matmul(a, b, out=c)
    if "bias" in named:
        c += named["bias"]
    if epilogue == "bias_relu":
        np.maximum(c, 0, out=c)
    if "mask" in named:
        np.multiply(c, named["mask"] > 0, out=c)


def _gemm(kind: str, shapes: Sequence[tuple[int, int, int]], epilogue: str = "none") -> Kernel:
    """C = A B, where T marks an operand that is stored transposed, and what is done to C beside."""
    plain = epilogue == "none"
    options = {"transpose_a": kind[0] == "T", "transpose_b": kind[1] == "T", "epilogue": epilogue}
    return Kernel(
        "gemm",
        shapes,
        partial(_operands, kind, epilogue),
        reference=partial(_reference, options),
        numpy=partial(_numpy, kind, epilogue),
        variant=kind if plain else f"{kind} {epilogue}",
        options=options,
        yardstick="fma",
        flops=lambda m, n, k: 2 * m * n * k,
        target=partial(_gemm_target, kind) if plain else no_target,
    )


_BATCH = 128  # of the shapes whose epilogues are timed
_EPILOGUES = (
    ("NN", "bias"),
    ("NN", "bias_relu"),
    ("NT", "relu_mask"),
    ("TN", "accumulate"),
)  # as layers use them
KERNELS = [
    *(_gemm(kind, list(shapes)) for kind, shapes in _GEMM_TARGETS.items()),
    *(
        _gemm(kind, [shape for shape in _GEMM_TARGETS[kind] if _BATCH in shape], epilogue)
        for kind, epilogue in _EPILOGUES
    ),
]
