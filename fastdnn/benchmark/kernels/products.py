"""Products: C (M, N) = A (M, K) B (K, N), with the shares of the peak that they shall reach."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from fastdnn.benchmark.workloads import Arrays, Kernel, Operands
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


def _gemm_operands(kind: str, arrays: Arrays, m: int, n: int, k: int) -> Operands:
    a = arrays.integers(*((k, m) if kind[0] == "T" else (m, k)))
    b = arrays.integers(*((n, k) if kind[1] == "T" else (k, n)))
    return Operands([arrays.blank(m, n)], [a, b])


def _gemm(kind: str) -> Kernel:
    """C = A B, where T marks an operand that is stored transposed."""
    transposed = kind[0] == "T", kind[1] == "T"
    return Kernel(
        "gemm",
        list(_GEMM_TARGETS[kind]),
        partial(_gemm_operands, kind),
        reference=lambda a, b: [gemm.gemm(a, b, *transposed)],
        numpy=lambda c, a, b: np.matmul(a.T if transposed[0] else a, b.T if transposed[1] else b, out=c),
        variant=kind,
        options={"transpose_a": transposed[0], "transpose_b": transposed[1]},
        yardstick="fma",
        flops=lambda m, n, k: 2 * m * n * k,
        target=partial(_gemm_target, kind),
    )


KERNELS = [_gemm(kind) for kind in _GEMM_TARGETS]
