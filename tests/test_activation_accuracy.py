"""The error of every activation, and of the functions that they are made of, against the contract.

Bit patterns with an odd stride, so that every exponent comes up, and numbers where the functions bend.
`python -m tests.deep activations` tries every float32.
"""

import numpy as np
import pytest
from activation_oracle import ORACLES, errors
from arrays_for_tests import DTYPES, fresh_seed
from comparator import check_bits

from fastdnn._core import build_info, kernels

FEATURES = (
    -1.0,
    0.0,
    0.25,
    0.625,
    0.8,
    1.0,
    2.0,
    2.125,
)  # where a formula changes, and where one is delicate


def evaluate(name, x):
    y = np.full_like(x, np.nan)
    getattr(kernels, name)(y.reshape(1, -1), x.reshape(1, -1))
    return y


def samples(rng, dtype, n):
    """Every exponent and sign, then the interesting range, then both sides of every feature."""
    bits = np.dtype(dtype).itemsize * 8
    unsigned = np.dtype(f"u{bits // 8}")
    stride = (2**bits // n) | 1
    start = int(rng.integers(stride))
    patterns = (np.arange(n, dtype=np.uint64) * np.uint64(stride) + np.uint64(start)).astype(unsigned)
    spread = np.concatenate([rng.uniform(-edge, edge, n // 8) for edge in (3, 6, 20, 110, 760)])
    steps = np.arange(-40, 41) * np.finfo(dtype).eps
    near = np.concatenate([sign * f + max(abs(f), 0.01) * steps for f in FEATURES for sign in (1, -1)])
    return np.concatenate([patterns.view(dtype), spread.astype(dtype), near.astype(dtype)])


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_error(name, dtype):
    seed = fresh_seed()
    x = samples(np.random.default_rng(seed), dtype, 100_000 if dtype == "float32" else 40_000)
    y = evaluate(name, x)
    ratio, ulps = errors(name, x, y)
    worst = int(ratio.argmax())
    context = f"isa={build_info()['isa']}, seed={seed}, worst ulp {ulps.max():.3f} at {x[ulps.argmax()]!r}"
    assert ratio[worst] <= 1, f"{ratio[worst]:.3g} x the bound: f({x[worst]!r}) = {y[worst]!r}; {context}"
    assert ulps.max() > 0.3, f"no error is seen at all; {context}"


# f(-infinity), f(-0.0), f(0.0), f(infinity)
LIMITS = {
    "exp": (0, 1, 1, np.inf),
    "expm1": (-1, -0.0, 0, np.inf),
    "log": (np.nan, -np.inf, -np.inf, np.inf),
    "log1p": (np.nan, -0.0, 0, np.inf),
    "erf": (-1, -0.0, 0, 1),
    "relu": (0, -0.0, 0, np.inf),
    "leaky_relu": (-np.inf, -0.0, 0, np.inf),
    "elu": (-1, -0.0, 0, np.inf),
    "selu": (-1.75809934084737686, -0.0, 0, np.inf),
    "sigmoid": (0, 0.5, 0.5, 1),
    "tanh": (-1, -0.0, 0, 1),
    "softplus": (0, np.log(2), np.log(2), np.inf),
    "silu": (-0.0, -0.0, 0, np.inf),
    "gelu": (-0.0, -0.0, 0, np.inf),
    "gelu_tanh": (-0.0, -0.0, 0, np.inf),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_limits(name, dtype):
    x = np.array([-np.inf, -0.0, 0.0, np.inf, np.nan], dtype)
    check_bits(evaluate(name, x), np.array([*LIMITS[name], np.nan], dtype), function=name)


@pytest.mark.parametrize("name", ["tanh", "erf"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_odd_in_bits(name, dtype):
    x = samples(np.random.default_rng(1), dtype, 10_000)
    check_bits(evaluate(name, -x), -evaluate(name, x))


@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "elu"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_denormals_pass_unchanged(name, dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    x = np.array([-7 * tiny, -tiny, tiny, 3 * tiny, np.finfo(dtype).tiny], dtype)
    check_bits(evaluate(name, x), x)


def test_the_oracle_sees_an_error():
    for name in ORACLES:
        x = np.array([0.7, 1.9], np.float32)
        y = evaluate(name, x)
        wrong = y + 4 * np.spacing(y)
        assert errors(name, x, y).ratio.max() <= 1 < errors(name, x, wrong).ratio.min(), name
        for broken in (np.nan, np.inf):
            assert errors(name, x, np.full_like(y, broken)).ratio.min() == np.inf
