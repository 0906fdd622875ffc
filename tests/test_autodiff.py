"""Gradients of whole programs: against finite differences, and the native engine against the reference."""

import numpy as np
import pytest
from graphs import random_graph


@pytest.mark.parametrize("seed", range(25))
def test_reference_gradient_against_finite_differences(seed):
    built = random_graph(seed)
    gradients = built.reference_gradients()
    h = 1e-3
    compared = kinks = 0
    rng = np.random.default_rng(seed)
    for name, gradient in gradients.items():
        original = built.parameters.get("theta", name)
        for flat in rng.choice(original.size, size=min(12, original.size), replace=False):
            losses, masks = [], set()
            for steps in (-2, -1, 0, 1, 2):
                moved = original.copy()
                moved.reshape(-1)[flat] += steps * h
                built.parameters.set("theta", name, moved)
                loss, mask = built.loss_and_mask()
                losses.append(loss)
                masks.add(mask)
            built.parameters.set("theta", name, original)
            if len(masks) > 1:  # across a kink of relu there is no derivative to compare with
                kinks += 1
                continue
            five_point = (losses[0] - 8 * losses[1] + 8 * losses[3] - losses[4]) / (12 * h)
            analytic = gradient.reshape(-1)[flat]
            compared += 1
            assert abs(five_point - analytic) <= 1e-9 * max(1.0, abs(analytic)), (
                name,
                flat,
                five_point,
                analytic,
            )
    assert compared > kinks


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("seed", range(100))
def test_native_gradient_against_reference(seed, threads):
    built = random_graph(seed, rows=29)
    want = built.reference_gradients()
    got = built.native_gradients(threads)
    for name, gradient in got.items():
        wanted = want.get(name, np.zeros_like(gradient)).reshape(
            gradient.shape
        )  # not every kernel is on the way
        # One subtraction from theta, of order one, and the sums.
        np.testing.assert_allclose(
            gradient, wanted, rtol=1e-11, atol=1e-13, equal_nan=False, err_msg=f"{name} of {seed}"
        )


def test_branches_do_occur():
    """The graphs above have what they are there for: accumulated gradients, values passed on, and several
    losses, also of one value.
    """
    graphs = [random_graph(seed) for seed in range(100)]
    kinds = [op for built in graphs for op in built.program.operations]
    predictions = [
        [built.program.producer(term.row_loss).inputs[0] for term in built.terms] for built in graphs
    ]
    assert sum(len(values) > 1 for values in predictions) > 10
    assert sum(len(set(values)) < len(values) for values in predictions) > 3
    assert sum(op.accumulate for op in kinds) > 20
    penalties = [op for op in kinds if op.kind == "penalty_backward"]
    assert sum(op.accumulate for op in penalties) > 10  # beside those that are done with their penalty
    assert {"pass_gradient", "softmax_backward", "matmul_dx", "relu_backward"} <= {op.kind for op in kinds}
