"""Rows, columns, losses, updates and norms of real numbers: within the bounds that their own tests derive.

Aim: 200,000 calls; 1 to 300 rows and columns, numbers from 1e-2 to 1e2 beside an offset of as much.
"""

import numpy as np
import test_batch_norm
import test_elementwise_loss
import test_layer_norm
import test_log_softmax
import test_logistic_normalize
import test_norm
import test_softmax
import test_update
from arrays_for_tests import DTYPES, blank, fresh_seed, integers, reals
from comparator import check
from update_rules import ALL_ON, KINDS

from fastdnn._core import kernels

from .sampling import Progress

AIM = 200_000
OF_ROWS = {
    "softmax": test_softmax,
    "log_softmax": test_log_softmax,
    "logistic_normalize": test_logistic_normalize,
}


def numbers(rng, shape, dtype):
    """Deviates of any scale, which lie around any number."""
    scale, offset = 10.0 ** rng.uniform(-2, 2, 2)
    return (scale * reals(rng, shape, np.float64) + offset).astype(dtype)


def try_rows(rng, shape, dtype):
    for name, test in OF_ROWS.items():
        x, dy, dx = numbers(rng, shape, dtype), reals(rng, shape, dtype), blank(shape, dtype)
        y, want = blank(shape, dtype), getattr(test.reference, name)(x)
        getattr(kernels, name)(y, x)
        check(y, want, test.forward_bound(x, want), name=name, shape=shape)
        inputs = (y, x, dy) if name == "logistic_normalize" else (y, dy)
        getattr(kernels, f"{name}_backward")(dx, *inputs)
        want = getattr(test.reference, f"{name}_backward")(*inputs)
        check(dx, want, test.backward_bound(y, dy), name=f"{name}_backward", shape=shape)


def try_layer_norm(rng, shape, dtype):
    test, x = test_layer_norm, numbers(rng, shape, dtype)
    gamma, beta = reals(rng, (2, shape[1]), dtype)
    y, *figures = test.outputs(x)
    kernels.layer_norm(y, *figures, x, gamma, beta)
    test.check_forward([y, *figures], x, gamma, beta)
    arguments, dx = test.saved(rng, shape, dtype), blank(shape, dtype)
    kernels.layer_norm_backward(dx, *arguments, gamma)
    want = test.reference.layer_norm_backward(*arguments, gamma)
    check(dx, want, test.backward_bound(*arguments, gamma), name="layer_norm_backward", shape=shape)


def try_batch_norm(rng, shape, dtype):
    test, x = test_batch_norm, numbers(rng, shape, dtype)
    gamma, beta = reals(rng, (2, shape[1]), dtype)
    outputs = test.outputs(x)
    kernels.batch_norm(*outputs, x, gamma, beta)
    test.check_forward(outputs[:4], x, gamma, beta)
    arguments = [integers(rng, shape, dtype, limit=1), *test.saved(rng, shape, dtype)]
    outputs = test.backward_outputs(x)
    kernels.batch_norm_backward(*outputs, *arguments, gamma)
    test.check_backward(outputs[:3], arguments, gamma)


def try_losses(rng, shape, dtype):
    test = test_elementwise_loss
    for name, (make, _, several) in test.CASES.items():
        y, target = make(rng, shape, dtype)
        options = {"scale": 0.125, **several[rng.integers(len(several))]}
        outputs = test.outputs_of(y)
        getattr(kernels, name)(*outputs, y, target, **options)
        test.check_results(outputs, name, y, target, **options)


def try_updates(rng, shape, dtype):
    for kind in KINDS.values():
        before, g = test_update.arrays_of(kind, rng, shape[1], dtype)
        after, options = [None if a is None else a.copy() for a in before], ALL_ON if shape[0] % 2 else {}
        kind.kernel(*after, g, **kind.call(3, options))
        test_update.check_update(kind, after, before, g, 3, options)


def try_norms(rng, shape, dtype):
    test_norm.check_norms(numbers(rng, (shape[0] * shape[1],), dtype))


FAMILIES = (try_rows, try_layer_norm, try_batch_norm, try_losses, try_updates, try_norms)


def main(seconds, aim=AIM):
    """All families in turn."""
    seed = fresh_seed()
    print(f"    FASTDNN_TEST_SEED={seed}")
    rng = np.random.default_rng(seed)
    progress = Progress(seconds, aim)
    while progress.goes_on():
        for family in FAMILIES:
            # Half of the shapes have a tail and little else.
            shape = tuple(rng.integers(1, 301 if rng.random() < 0.5 else 20, 2).tolist())
            try:
                family(rng, shape, DTYPES[rng.integers(2)])
            except AssertionError as error:
                raise AssertionError(f"{error}; seed={seed}") from error
            progress.calls += 1
    progress.report("bounded")
