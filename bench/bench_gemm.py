"""C = A B at the shapes of training, against NumPy's: pytest bench/bench_gemm.py --benchmark-only

Each shape is checked before it is timed. The native loop repeats the product inside one call, so that what a
call costs does not count; NumPy's loop is Python's. With --benchmark-disable everything is run once, untimed.
"""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from fastdnn import _core
from fastdnn._core import kernels

# (name, M, N, K, kind): kind says which operands are stored transposed.
SHAPES = [
    ("square", 512, 512, 512, "NN"),
    ("square", 512, 512, 512, "NT"),
    ("square", 512, 512, 512, "TN"),
    ("hidden", 32, 64, 64, "NN"),
    ("input", 128, 256, 784, "NN"),
    ("input dx", 128, 784, 256, "NT"),
    ("input dw", 784, 256, 128, "TN"),
    ("output", 32, 10, 64, "NN"),
    ("output dx", 32, 64, 10, "NT"),
    ("output dw", 64, 10, 32, "TN"),
    ("one row", 1, 64, 64, "NN"),
]
FLOPS_A_CALL = 2e7  # repeats a small product until a call takes milliseconds
shapes = pytest.mark.parametrize(
    ("m", "n", "k", "kind"), [shape[1:] for shape in SHAPES], ids=[f"{s[0]} {s[4]}" for s in SHAPES]
)
dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


def operands(m, n, k, kind, dtype):
    """A and B as they are stored, and the right C."""
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-3, 4, shape).astype(dtype) for shape in ((m, k), (k, n)))
    stored = [x.T.copy() if transposed == "T" else x for x, transposed in zip((a, b), kind, strict=True)]
    return *stored, a.astype(np.float64) @ b.astype(np.float64)


def measure(benchmark, function, flops, **info):
    """Time `function`; flops are those of one call."""
    benchmark.extra_info |= info | {"isa": _core.build_info()["isa"], "cpu": _core.build_info()["cpu"]}
    benchmark.pedantic(function, rounds=20, iterations=1, warmup_rounds=2)
    if benchmark.stats is not None:  # None where timing is off
        figures = benchmark.stats.stats
        gflops = {"median": figures.median, "best": figures.min}
        benchmark.extra_info["GFLOP/s"] = {name: round(flops / s / 1e9, 2) for name, s in gflops.items()}


@shapes
@dtypes
@pytest.mark.parametrize("threads", [1, 2])
def test_fastdnn(benchmark, m, n, k, kind, dtype, threads):
    a, b, want = operands(m, n, k, kind, dtype)
    c = np.full((m, n), np.nan, dtype)
    options = {"transpose_a": kind[0] == "T", "transpose_b": kind[1] == "T", "threads": threads}
    kernels.gemm(c, a, b, **options)
    np.testing.assert_array_equal(c, want)

    repeat = max(1, round(FLOPS_A_CALL / (2 * m * n * k)))
    benchmark.group = f"gemm {m}x{n}x{k} {kind} {dtype}"
    measure(
        benchmark,
        lambda: kernels.gemm(c, a, b, repeat=repeat, **options),
        2 * m * n * k * repeat,
        threads=threads,
        repeat=repeat,
    )


@shapes
@dtypes
@pytest.mark.parametrize("threads", [1, 2])
def test_numpy(benchmark, m, n, k, kind, dtype, threads):
    a, b, want = operands(m, n, k, kind, dtype)
    left, right = (x.T if transposed == "T" else x for x, transposed in zip((a, b), kind, strict=True))
    c = np.matmul(left, right)
    np.testing.assert_array_equal(c, want)

    repeat = max(1, round(FLOPS_A_CALL / (2 * m * n * k)))

    def products():
        for _ in range(repeat):
            np.matmul(left, right, out=c)

    benchmark.group = f"gemm {m}x{n}x{k} {kind} {dtype}"
    with threadpool_limits(threads):
        measure(benchmark, products, 2 * m * n * k * repeat, threads=threads, repeat=repeat)
